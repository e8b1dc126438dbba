package glue

import (
	"strings"

	"wplake/internal/lake"
)

// maxNesting bounds how deep a type is read.
const maxNesting = 100

// typeOf brings a column's type, whoever wrote it, into the spelling of
// lake.Type: lower case, no spaces but between words, and one name where there
// are several. The names of a struct's fields stay as they are. A text that is
// no type stays as it is.
func typeOf(text string) lake.Type {
	r := typeReader{rest: text}
	spelt, ok := r.read(0)
	if r.space(); !ok || r.rest != "" {
		return lake.Type(strings.TrimSpace(text))
	}
	return lake.Type(spelt)
}

// typeReader reads a type from its text (Hive's language of types).
type typeReader struct{ rest string }

func (r *typeReader) space() { r.rest = strings.TrimLeft(r.rest, " \t\r\n") }

// take takes a character if it is next.
func (r *typeReader) take(c string) (taken bool) {
	r.space()
	r.rest, taken = strings.CutPrefix(r.rest, c)
	return taken
}

// until takes what is before any of the characters.
func (r *typeReader) until(stops string) string {
	end := strings.IndexAny(r.rest, stops)
	if end < 0 {
		end = len(r.rest)
	}
	taken := r.rest[:end]
	r.rest = r.rest[end:]
	return strings.TrimSpace(taken)
}

func (r *typeReader) read(depth int) (spelt string, ok bool) {
	word := strings.ToLower(strings.Join(strings.Fields(r.until("<>(),:")), " "))
	if word == "" || depth > maxNesting {
		return "", false
	}
	if r.take("<") {
		return r.parts(word, depth)
	}
	if !r.take("(") {
		return scalar(word), true
	}
	arguments := strings.Join(strings.Fields(r.until("()<>")), "")
	if arguments == "" || !r.take(")") {
		return "", false
	}
	if word == "numeric" || word == "dec" {
		word = "decimal"
	}
	if word == "decimal" && !strings.Contains(arguments, ",") {
		arguments += ",0"
	}
	return word + "(" + arguments + ")", true
}

// parts reads what is between a nested type's angle brackets.
func (r *typeReader) parts(word string, depth int) (spelt string, ok bool) {
	var parts []string
	for {
		var name string
		if word == "struct" {
			if name, ok = r.field(); !ok {
				return "", false
			}
		}
		part, ok := r.read(depth + 1)
		if !ok {
			return "", false
		}
		parts = append(parts, name+part)
		if r.take(">") {
			break
		}
		if !r.take(",") {
			return "", false
		}
	}
	return word + "<" + strings.Join(parts, ",") + ">", true
}

// field reads a field's name with its colon.
func (r *typeReader) field() (name string, ok bool) {
	r.space()
	if strings.HasPrefix(r.rest, "`") {
		end := strings.IndexByte(r.rest[1:], '`')
		if end < 0 {
			return "", false
		}
		name, r.rest = r.rest[:end+2], r.rest[end+2:]
	} else {
		name = r.until("<>(),:")
	}
	return name + ":", name != "" && r.take(":")
}

// scalar is the name that lake.Type has for a type.
func scalar(word string) string {
	switch word {
	case "integer":
		return "int"
	case "long":
		return "bigint"
	case "short":
		return "smallint"
	case "byte":
		return "tinyint"
	case "bool":
		return "boolean"
	case "real":
		return "float"
	case "double precision":
		return "double"
	case "decimal", "numeric", "dec":
		return "decimal(10,0)"
	}
	return word
}
