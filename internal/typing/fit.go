// Package typing decides the types of bronze: whether a JSON value fits a
// column's type without losing anything, and which type a column has whose
// type nobody declared. It is pure.
//
// Values arrive as JSON tokens, verbatim. PHP's database driver gives numbers
// as strings, so "12" is as good as 12.
package typing

import (
	"bytes"
	"strconv"
	"strings"

	"wplake/internal/lake"
)

// Verdict says how a value fits a type.
type Verdict uint8

const (
	// Fits means that the SQL engine reads the token as it is.
	Fits Verdict = iota
	// FitsAsText means that the value fits once its token is made a JSON string: a
	// nested value or a number that an engine would spell in another way.
	FitsAsText
	// FitsRespelt means that the value fits once its token is what Respell makes
	// of it: a number in a spelling that an engine does not read, such as "007".
	FitsRespelt
	// Misfit means that the value does not fit.
	Misfit
)

// Fit tells whether a JSON token fits a column of type t. For a misfit, reason
// says why; it is one of the codes of rows.
func Fit(t lake.Type, token []byte) (v Verdict, reason lake.Code) {
	if token[0] == 'n' {
		return Fits, ""
	}
	switch t {
	case lake.String:
		return fitText(token)
	case lake.Bigint:
		return fitWhole(token, 64)
	case lake.Int:
		return fitWhole(token, 32)
	case lake.Double:
		return fitDouble(token)
	case lake.Boolean:
		switch string(scalar(token)) {
		case "true", "false", "1", "0":
			return Fits, ""
		}
		return Misfit, lake.RowNotBoolean
	case lake.Timestamp:
		return fitTime(token, true)
	case lake.Date:
		return fitTime(token, false)
	}
	if precision, scale, ok := Decimal(t); ok {
		return fitDecimal(token, precision, scale)
	}
	return Misfit, lake.Internal
}

// Supported reports whether bronze can have columns of type t.
func Supported(t lake.Type) bool {
	switch t {
	case lake.String, lake.Bigint, lake.Int, lake.Double, lake.Boolean, lake.Timestamp, lake.Date:
		return true
	}
	_, _, ok := Decimal(t)
	return ok
}

// Decimal takes decimal(p,s) apart; 1 <= p <= 38, 0 <= s <= p.
func Decimal(t lake.Type) (precision, scale int, ok bool) {
	rest, found := strings.CutPrefix(string(t), "decimal(")
	args, closed := strings.CutSuffix(rest, ")")
	before, after, both := strings.Cut(args, ",")
	if !found || !closed || !both || len(before) > 2 || len(after) > 2 || before == "" || after == "" {
		return 0, 0, false
	}
	precision, ok1 := number([]byte(before))
	scale, ok2 := number([]byte(after))
	if !ok1 || !ok2 || precision < 1 || precision > 38 || scale > precision {
		return 0, 0, false
	}
	return precision, scale, true
}

// scalar returns the text of a string token that has no escapes, or of another
// scalar token; nil for strings with escapes and for nested values.
func scalar(token []byte) []byte {
	switch token[0] {
	case '{', '[':
		return nil
	case '"':
		text := token[1 : len(token)-1]
		if bytes.IndexByte(text, '\\') >= 0 {
			return nil
		}
		return text
	}
	return token
}

func fitText(token []byte) (Verdict, lake.Code) {
	switch token[0] {
	case '"', 't', 'f':
		return Fits, ""
	case '{', '[':
		return FitsAsText, ""
	}
	if _, _, digits, ok := whole(token); ok && digits <= 18 && string(token) != "-0" {
		return Fits, "" // every engine spells it like this
	}
	return FitsAsText, ""
}

func fitWhole(token []byte, bits int) (Verdict, lake.Code) {
	text := scalar(token)
	text, fraction, hasPoint := bytes.Cut(text, []byte("."))
	if hasPoint && (len(fraction) == 0 || len(bytes.Trim(fraction, "0")) > 0) {
		return Misfit, lake.RowNotWhole // 12.0 is whole
	}
	negative, digits, count, ok := whole(text)
	if !ok {
		return Misfit, lake.RowNotWhole
	}
	if count >= 10 {
		n, err := strconv.ParseUint(string(digits), 10, 64)
		limit := uint64(1) << (bits - 1)
		if err != nil || n > limit || (n == limit && !negative) {
			return Misfit, lake.RowOutOfRange
		}
	}
	if hasPoint || (digits[0] == '0' && count > 1) {
		return FitsRespelt, ""
	}
	return Fits, ""
}

// whole takes -?[0-9]+ apart.
func whole(text []byte) (negative bool, digits []byte, count int, ok bool) {
	if len(text) > 0 && text[0] == '-' {
		negative, text = true, text[1:]
	}
	for _, c := range text {
		if c < '0' || c > '9' {
			return negative, nil, 0, false
		}
	}
	return negative, text, len(text), len(text) > 0
}

// isNumber recognises -?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?
func isNumber(text []byte) bool {
	rest, ok := cutDigits(bytes.TrimPrefix(text, []byte("-")))
	if ok && len(rest) > 0 && rest[0] == '.' {
		rest, ok = cutDigits(rest[1:])
	}
	if ok && len(rest) > 0 && (rest[0] == 'e' || rest[0] == 'E') {
		rest = rest[1:]
		if len(rest) > 0 && (rest[0] == '+' || rest[0] == '-') {
			rest = rest[1:]
		}
		rest, ok = cutDigits(rest)
	}
	return ok && len(rest) == 0
}

// cutDigits returns what follows the digits that text begins with; ok is false
// when it begins with none.
func cutDigits(text []byte) (rest []byte, ok bool) {
	n := 0
	for n < len(text) && text[n] >= '0' && text[n] <= '9' {
		n++
	}
	return text[n:], n > 0
}

// digitsOfDouble is how many decimal digits a double always gives back.
const digitsOfDouble = 15

// fitDouble takes a number when the double nearest to it gives back the digits
// that were written. A whole number past 2^53, or a fraction of very many
// digits, would be rounded.
func fitDouble(token []byte) (Verdict, lake.Code) {
	text := scalar(token)
	if !isNumber(text) {
		return Misfit, lake.RowNotNumber
	}
	if len(text) > digitsOfDouble || bytes.ContainsAny(text, "eE") {
		f, err := strconv.ParseFloat(string(text), 64)
		if err != nil || !givesBack(f, text) {
			return Misfit, lake.RowOutOfRange
		}
	}
	unsigned := bytes.TrimPrefix(text, []byte("-"))
	if len(unsigned) > 1 && unsigned[0] == '0' && unsigned[1] >= '0' && unsigned[1] <= '9' {
		return FitsRespelt, ""
	}
	return Fits, ""
}

// givesBack reports whether f, written with as many digits as text has, has
// the same digits.
func givesBack(f float64, text []byte) bool {
	const most = 800 // no double has more digits
	written := significant(text)
	if len(written) == 0 {
		return true
	}
	if len(written) > most {
		return false
	}
	exact := strconv.AppendFloat(nil, f, 'e', len(written)-1, 64)
	return bytes.Equal(significant(exact), written)
}

// significant returns the digits of a number without those zeros at its
// beginning and end that only tell its magnitude.
func significant(text []byte) []byte {
	digits := make([]byte, 0, len(text))
	for _, c := range text {
		if c == 'e' || c == 'E' {
			break
		}
		if c >= '0' && c <= '9' {
			digits = append(digits, c)
		}
	}
	return bytes.Trim(digits, "0")
}

// Respell appends the token of a value that is FitsRespelt for type t in the
// spelling that every engine reads: without zeros before it, and without a
// fraction where t has none.
func Respell(dst []byte, t lake.Type, token []byte) []byte {
	text := scalar(token)
	if text[0] == '-' {
		dst, text = append(dst, '-'), text[1:]
	}
	if t != lake.Double {
		text, _, _ = bytes.Cut(text, []byte("."))
	}
	for len(text) > 1 && text[0] == '0' && text[1] >= '0' && text[1] <= '9' {
		text = text[1:]
	}
	return append(dst, text...)
}

func fitDecimal(token []byte, precision, scale int) (Verdict, lake.Code) {
	text := scalar(token)
	if !isNumber(text) || bytes.ContainsAny(text, "eE") {
		return Misfit, lake.RowNotNumber
	}
	integer, fraction, _ := bytes.Cut(bytes.TrimPrefix(text, []byte("-")), []byte("."))
	integer = bytes.TrimLeft(integer, "0")
	fraction = bytes.TrimRight(fraction, "0")
	if len(integer) > precision-scale || len(fraction) > scale {
		return Misfit, lake.RowOutOfRange
	}
	if token[0] != '"' {
		return FitsAsText, "" // so that no engine reads it as a double first
	}
	return Fits, ""
}

// IsZeroDate recognises MySQL's "no date", 0000-00-00 with or without a time
// of day of zero, and the empty text.
func IsZeroDate(text []byte) bool {
	if len(text) == 0 {
		return true
	}
	clock, found := bytes.CutPrefix(text, []byte("0000-00-00"))
	if !found || len(clock) == 0 {
		return found
	}
	clock = bytes.TrimSuffix(clock, []byte("Z"))
	if len(clock) < 9 || (clock[0] != ' ' && clock[0] != 'T') || string(clock[1:9]) != "00:00:00" {
		return false
	}
	fraction := clock[9:]
	return len(fraction) == 0 || (fraction[0] == '.' && len(fraction) > 1 && len(bytes.Trim(fraction[1:], "0")) == 0)
}

func fitTime(token []byte, clock bool) (Verdict, lake.Code) {
	if token[0] != '"' {
		return Misfit, lake.RowNotTime
	}
	text := token[1 : len(token)-1]
	if IsZeroDate(text) || validTime(text, clock) {
		return Fits, ""
	}
	return Misfit, lake.RowNotTime
}

// validTime recognises YYYY-MM-DD and, with clock, YYYY-MM-DD[ T]HH:MM:SS
// with up to six decimals and an optional Z, of the years 1 to 9999.
func validTime(text []byte, clock bool) bool {
	if len(text) < 10 || text[4] != '-' || text[7] != '-' {
		return false
	}
	year, ok1 := number(text[:4])
	month, ok2 := number(text[5:7])
	day, ok3 := number(text[8:10])
	if !ok1 || !ok2 || !ok3 || year < 1 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month) {
		return false
	}
	if len(text) == 10 {
		return true
	}
	if !clock || len(text) < 19 || (text[10] != ' ' && text[10] != 'T') || text[13] != ':' || text[16] != ':' {
		return false
	}
	hour, ok1 := number(text[11:13])
	minute, ok2 := number(text[14:16])
	second, ok3 := number(text[17:19])
	if !ok1 || !ok2 || !ok3 || hour > 23 || minute > 59 || second > 59 {
		return false
	}
	rest := bytes.TrimSuffix(text[19:], []byte("Z"))
	if len(rest) == 0 {
		return true
	}
	after, ok := cutDigits(rest[1:])
	return rest[0] == '.' && ok && len(after) == 0 && len(rest) <= 7
}

// number reads an unsigned number of digits only.
func number(text []byte) (n int, ok bool) {
	for _, c := range text {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, true
}

func daysIn(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}
