package transform

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

//go:generate go run ./internal/genentities

// decodeMacro is the name of DuckDB's macro that decodes entities.
const decodeMacro = "decode_entities"

// Entities are decoded as html.UnescapeString does, with three differences
// where browsers know better than it: a number past the last character is
// U+FFFD however long it is, &#x; without a digit stays, and two names that
// Go's table lacks are known.
const (
	// tokenForm cuts a text into references, single &s and what is between.
	tokenForm = `&#[0-9]+;|&#[0-9]{2,}|&#[xX][0-9a-fA-F]+;?|&[A-Za-z0-9]+;?|&|[^&]+`
	decimals  = `^&#0*([0-9]*)`
	hexes     = `^&#[xX]0*([0-9a-fA-F]*)`
)

// entityMark stands before each entity in entityText; no entity stands for it.
const entityMark = "\u241f"

// frequent names are found without a search.
const frequent = "amp lt gt quot nbsp apos hellip rsquo lsquo rdquo ldquo ndash mdash"

// windows1252 are the characters that &#128; to &#159; really mean.
const windows1252 = "€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ"

// entity is a named reference of HTML 5, without & and ;.
type entity struct{ name, value string }

// entities parses the generated table.
func entities() []entity {
	lines := strings.Split(strings.TrimSpace(entityTable), "\n")
	out := make([]entity, len(lines))
	for i, line := range lines {
		name, codes, _ := strings.Cut(line, " ")
		var value strings.Builder
		for code := range strings.FieldsSeq(codes) {
			var r rune
			if _, err := fmt.Sscanf(code, "%x", &r); err != nil {
				panic("transform: generated table of entities: " + line)
			}
			value.WriteRune(r)
		}
		out[i] = entity{name, value.String()}
	}
	return out
}

// entityText is entities in one text, each as ␟name;value. Engines search in a
// text much faster than they look into a map within a lambda.
func entityText(list []entity) string {
	var b strings.Builder
	for _, e := range list {
		b.WriteString(entityMark + e.name + ";" + e.value)
	}
	return b.String() + entityMark
}

// entityTexts is a CASE of the letter c that gives the text of the entities
// whose names begin with it: a short text is searched sooner than a long one.
func entityTexts() string {
	byLetter := map[string][]entity{}
	for _, e := range entities() {
		byLetter[e.name[:1]] = append(byLetter[e.name[:1]], e)
	}
	var b strings.Builder
	b.WriteString("CASE c")
	for _, letter := range slices.Sorted(maps.Keys(byLetter)) {
		fmt.Fprintf(&b, " WHEN %s THEN %s", literal(letter), literal(entityText(byLetter[letter])))
	}
	return b.String() + " ELSE '' END"
}

// legacyForm matches the names that HTML knows without a semicolon, the
// longest first.
func legacyForm() string {
	names := strings.Fields(legacyNames)
	slices.SortFunc(names, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	return "^&(" + strings.Join(names, "|") + ")"
}

// entityMacros are DuckDB's macros.
func entityMacros() []string {
	return []string{
		"CREATE OR REPLACE TEMP MACRO entity_names(c) AS " + entityTexts(),
		"CREATE OR REPLACE TEMP MACRO decode_entity(t) AS " + decodeToken(DuckDB, "entity_names(substr(t, 2, 1))"),
		"CREATE OR REPLACE TEMP MACRO " + decodeMacro + "(x) AS " + decodeText(DuckDB, "x", "decode_entity(t)"),
	}
}

// entityColumn is the column of the table entities. No table of a site has it.
const entityColumn = "_wplake_entities"

// decodeExpression is the whole expression, for engines without macros. It
// reads entityText from the column entityColumn of the table entities.
func decodeExpression(d Dialect, x string) string {
	return decodeText(d, x, decodeToken(d, entityColumn))
}

// decodeText decodes a text, given an expression that decodes the token t.
func decodeText(d Dialect, x, token string) string {
	tokens := "regexp_extract_all(" + x + ", " + literal(tokenForm) + ")"
	return "CASE WHEN " + x + " LIKE '%&%' THEN " + d.mapText(tokens, token) + " ELSE " + x + " END"
}

// decodeToken decodes the token t: a reference or any other piece of text.
func decodeToken(d Dialect, names string) string {
	var b strings.Builder
	b.WriteString("CASE WHEN t NOT LIKE '&_%' THEN t")
	byName := map[string]string{}
	for _, e := range entities() {
		byName[e.name] = e.value
	}
	for name := range strings.FieldsSeq(frequent) {
		fmt.Fprintf(&b, " WHEN t = %s THEN %s", literal("&"+name+";"), literal(byName[name]))
	}
	code := fmt.Sprintf("CASE WHEN t LIKE '&#x%%' OR t LIKE '&#X%%'"+
		" THEN CASE WHEN length(%[1]s) > 6 THEN 1114112 ELSE %[2]s END"+
		" WHEN length(%[3]s) > 7 THEN 1114112 ELSE CAST('0' || %[3]s AS BIGINT) END",
		"regexp_extract(t, "+literal(hexes)+", 1)", d.fromHex("'0' || regexp_extract(t, "+literal(hexes)+", 1)"),
		"regexp_extract(t, "+literal(decimals)+", 1)")
	fmt.Fprintf(&b, " WHEN t LIKE '&#%%' THEN %s", d.let("n", code, decodeCode(d)))
	mark := literal(entityMark)
	key := fmt.Sprintf("CASE WHEN t LIKE '%%;' AND strpos(%s, %s || substr(t, 2)) > 0 THEN substr(t, 2, length(t) - 2)"+
		" ELSE coalesce(regexp_extract(t, %s, 1), '') END", names, mark, literal(legacyForm()))
	value := fmt.Sprintf("CASE WHEN k = '' THEN t ELSE split_part(substr(%[1]s, strpos(%[1]s, %[2]s || k || ';') + length(k) + 2, 8), %[2]s, 1)"+
		" || CASE WHEN t = '&' || k || ';' THEN '' ELSE substr(t, length(k) + 2) END END", names, mark)
	fmt.Fprintf(&b, " ELSE %s END", d.let("k", key, value))
	return b.String()
}

// decodeCode is the character of the code n.
func decodeCode(d Dialect) string {
	var remapped []string
	for _, r := range windows1252 {
		remapped = append(remapped, string(r))
	}
	return "CASE WHEN n = 0 OR n BETWEEN 55296 AND 57343 OR n > 1114111 THEN chr(65533)" +
		" WHEN n BETWEEN 128 AND 159 THEN " + d.element(remapped, "n - 127") +
		" ELSE chr(" + d.charCode("n") + ") END"
}
