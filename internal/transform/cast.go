package transform

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"wplake/internal/lake"
)

// kind groups the types that are treated alike.
type kind int

const (
	nestedKind kind = iota // arrays, maps, structs, binary and what is unknown
	wholeKind
	floatKind
	decimalKind
	booleanKind
	textKind
	timestampKind
	dateKind
)

func kindOf(t lake.Type) kind {
	switch t {
	case lake.Bigint, lake.Int, "smallint", "tinyint":
		return wholeKind
	case lake.Double, "float":
		return floatKind
	case lake.Boolean:
		return booleanKind
	case lake.String:
		return textKind
	case lake.Timestamp:
		return timestampKind
	case lake.Date:
		return dateKind
	}
	switch {
	case strings.HasPrefix(string(t), "decimal("):
		return decimalKind
	case strings.HasPrefix(string(t), "varchar("), strings.HasPrefix(string(t), "char("):
		return textKind
	}
	return nestedKind
}

var decimalType = regexp.MustCompile(`^decimal\(([0-9]{1,2}),([0-9]{1,2})\)$`)

// decimalScale gives the digits behind the point; ok is false when the engines
// have no such type.
func decimalScale(t lake.Type) (scale int, ok bool) {
	m := decimalType.FindStringSubmatch(string(t))
	if m == nil {
		return 0, false
	}
	precision, _ := strconv.Atoi(m[1]) // the expression lets digits through only
	scale, _ = strconv.Atoi(m[2])
	return scale, precision >= 1 && precision <= 38 && scale <= precision
}

// castTarget reports whether a step can cast to the type.
func castTarget(t lake.Type) bool {
	switch kindOf(t) {
	case nestedKind:
		return false
	case decimalKind:
		_, ok := decimalScale(t)
		return ok
	case floatKind:
		return t == lake.Double // float would round
	case textKind:
		return t == lake.String
	}
	return true
}

// Forms of texts that a cast takes. They are narrower than what engines take,
// because engines differ and some of them guess.
const (
	wholeForm  = `^[+-]?[0-9]+$`
	doubleForm = `^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?$`
	dateForm   = `^[0-9]{4}-[0-9]{2}-[0-9]{2}$`
	timeForm   = `^[0-9]{4}-[0-9]{2}-[0-9]{2}([ T]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?)?$`
)

// strictCast gives an expression for x as another type. Where the value does
// not fit exactly, it gives NULL; always says that every value fits.
func (d Dialect) strictCast(x string, from, to lake.Type) (value string, always bool, err error) {
	f, t := kindOf(from), kindOf(to)
	plain := d.cast(x, to)
	switch {
	case from == to:
		return x, true, nil
	case t == textKind:
		return d.toText(x, from), true, nil
	case f == textKind:
		return d.castText(x, to), false, nil
	case f == wholeKind && t == wholeKind:
		return d.tryCast(x, to), wholeBits(from) <= wholeBits(to), nil
	case f == wholeKind && t == floatKind:
		// Doubles hold whole numbers up to 2^53 without gaps.
		return when(x+" BETWEEN -9007199254740992 AND 9007199254740992", plain), wholeBits(from) <= 32, nil
	case f == wholeKind && t == decimalKind:
		return d.tryCast(x, to), false, nil
	case f == wholeKind && t == booleanKind:
		return "CASE " + x + " WHEN 0 THEN FALSE WHEN 1 THEN TRUE END", false, nil
	case f == booleanKind && t == wholeKind:
		return "CASE " + x + " WHEN FALSE THEN " + d.cast("0", to) + " WHEN TRUE THEN " + d.cast("1", to) + " END", true, nil
	case f == floatKind && t == wholeKind:
		// The bounds are powers of two, so doubles hold them exactly.
		limit := map[int]string{8: "128", 16: "32768", 32: "2147483648", 64: "9223372036854775808"}[wholeBits(to)]
		bounds := fmt.Sprintf("%s >= -%se0 AND %s < %se0 AND %s = floor(%s)", x, limit, x, limit, x, x)
		return when(bounds, plain), false, nil
	case f == floatKind && t == floatKind:
		return plain, true, nil
	case f == floatKind && t == decimalKind:
		// What comes back as it was is what the shorter form stands for.
		try := d.tryCast(x, to)
		return when("CAST("+try+" AS DOUBLE) = "+x, try), false, nil
	case f == decimalKind && t == wholeKind: // spelt 12.00 where it is whole
		spelt := d.toText(x, from)
		return when(d.matches(spelt, `^-?[0-9]+(\.0+)?$`), d.tryCast(d.replaceAll(spelt, `\.0+$`, nil), to)), false, nil
	case f == decimalKind && (t == decimalKind || t == floatKind):
		return d.castText(d.toText(x, from), to), false, nil
	case f == dateKind && t == timestampKind:
		return plain, true, nil
	case f == timestampKind && t == dateKind:
		return when("CAST("+plain+" AS "+d.typeName(lake.Timestamp)+") = "+x, plain), false, nil
	}
	return "", false, fmt.Errorf("%s cannot become %s", from, to)
}

// castText gives an expression for a text as another type than text.
func (d Dialect) castText(x string, to lake.Type) string {
	try := d.tryCast(x, to)
	switch kindOf(to) {
	case wholeKind:
		return when(d.matches(x, wholeForm), try)
	case floatKind:
		return when(d.matches(x, doubleForm)+" AND "+d.finite(try), try)
	case decimalKind:
		scale, _ := decimalScale(to)
		form := fmt.Sprintf(`^[+-]?[0-9]+(\.[0-9]{0,%d}0*)?$`, scale)
		return when(d.matches(x, form), try)
	case booleanKind:
		return "CASE lower(" + x + ") WHEN 'true' THEN TRUE WHEN '1' THEN TRUE WHEN 'yes' THEN TRUE" +
			" WHEN 'false' THEN FALSE WHEN '0' THEN FALSE WHEN 'no' THEN FALSE END"
	case dateKind:
		return when(d.matches(x, dateForm), try)
	}
	return when(d.matches(x, timeForm), d.tryCast("replace("+x+", 'T', ' ')", to))
}

func when(condition, value string) string {
	return "CASE WHEN " + condition + " THEN " + value + " END"
}

func wholeBits(t lake.Type) int {
	switch t {
	case "tinyint":
		return 8
	case "smallint":
		return 16
	case lake.Int:
		return 32
	}
	return 64
}
