package typing

import (
	"bytes"

	"wplake/internal/lake"
)

// kinds of values that a column was seen to hold, as bits.
const (
	seenNull     = 1 << iota
	seenWhole    // canonical 64-bit whole numbers, as numbers or as strings
	seenWide     // among them some of more than 15 digits, which a double may round
	seenFraction // decimal fractions of at most 15 digits, which a double gives back
	seenBoolean
	seenTime
	seenDate
	seenNoDate // zero dates: they decide nothing, but only dates may have them
	seenText   // anything else
)

// Evidence is what was seen of a column whose type nobody declared. The zero
// value has seen nothing.
type Evidence struct {
	seen uint16
}

// Add looks at one more value of the column. Order does not matter.
func (e *Evidence) Add(token []byte) {
	if e.seen&seenText == 0 { // text stays text whatever comes
		e.seen |= kindOf(token)
	}
}

// Type returns the narrowest type that holds every value seen without loss:
// "007", "+1" and numbers that would be rounded make a column text. A column of
// nothing but NULL is text.
func (e Evidence) Type() lake.Type {
	switch e.seen &^ seenNull {
	case seenWhole, seenWhole | seenWide:
		return lake.Bigint
	case seenFraction, seenFraction | seenWhole:
		return lake.Double
	case seenBoolean:
		return lake.Boolean
	case seenDate, seenDate | seenNoDate:
		return lake.Date
	case seenTime, seenTime | seenDate, seenTime | seenNoDate, seenTime | seenDate | seenNoDate:
		return lake.Timestamp
	}
	return lake.String
}

// Known reports whether any value but NULL was seen.
func (e Evidence) Known() bool { return e.seen&^seenNull != 0 }

func kindOf(token []byte) uint16 {
	switch token[0] {
	case 'n':
		return seenNull
	case 't', 'f':
		return seenBoolean
	case '{', '[':
		return seenText
	}
	text := scalar(token)
	if len(text) == 0 {
		return seenText
	}
	if kind := kindOfNumber(text); kind != 0 {
		return kind
	}
	if token[0] == '"' {
		switch {
		case validTime(text, false):
			return seenDate
		case validTime(text, true) && text[len(text)-1] != 'Z':
			return seenTime
		case bytes.Equal(text, []byte("0000-00-00")), bytes.Equal(text, []byte("0000-00-00 00:00:00")):
			return seenNoDate
		}
	}
	return seenText
}

// kindOfNumber returns the bit of a number in canonical spelling, or 0.
func kindOfNumber(text []byte) uint16 {
	unsigned := bytes.TrimPrefix(text, []byte("-"))
	integer, fraction, hasPoint := bytes.Cut(unsigned, []byte("."))
	if _, _, _, ok := whole(integer); !ok || integer[0] == '-' || (integer[0] == '0' && len(integer) > 1) {
		return 0
	}
	if !hasPoint {
		if len(integer) > 19 || string(text) == "-0" {
			return 0
		}
		if v, _ := fitWhole(text, 64); v != Fits {
			return 0
		}
		if len(integer) > 15 {
			return seenWhole | seenWide
		}
		return seenWhole
	}
	if _, _, _, ok := whole(fraction); !ok || fraction[0] == '-' || len(integer)+len(fraction) > 15 {
		return 0
	}
	return seenFraction
}

// WidenFrom returns the type for a column that had the type before, so that it
// holds the values seen now as well. It never narrows.
func (e Evidence) WidenFrom(before lake.Type) lake.Type {
	now := e.Type()
	isTime := before == lake.Date || before == lake.Timestamp
	switch {
	case !e.Known(), now == before:
		return before
	case isTime && e.seen&^seenNull == seenNoDate:
		return before // alone they decide nothing
	case before == lake.Int && (now == lake.Bigint || now == lake.Double):
		return now
	case before == lake.Bigint && now == lake.Double:
		return lake.Double
	case before == lake.Double && now == lake.Bigint && e.seen&seenWide == 0:
		return lake.Double
	case isTime && (now == lake.Date || now == lake.Timestamp):
		return lake.Timestamp
	}
	return lake.String
}
