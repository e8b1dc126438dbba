// Package source reads JSON so that every value knows where it stands in the
// text, and members keep their order. What is wrong with a text is said in the
// words of Jackson, the reader that Step Functions uses, with its positions:
// lines and columns from 1, columns in UTF-16 units.
package source

import (
	"encoding/json"
	"strconv"
)

// Kind is the type of a JSON value.
type Kind string

// The kinds of JSON values, named as Step Functions' messages name them.
const (
	Null    Kind = "NULL"
	Boolean Kind = "BOOLEAN"
	Number  Kind = "NUMBER"
	String  Kind = "STRING"
	Array   Kind = "ARRAY"
	Object  Kind = "OBJECT"
)

// Position is a place in a text.
type Position struct {
	Offset int // in bytes, from 0
	Line   int // from 1
	Column int // from 1, in UTF-16 units
}

// String is line:column.
func (p Position) String() string { return strconv.Itoa(p.Line) + ":" + strconv.Itoa(p.Column) }

// Value is one JSON value in a text.
type Value struct {
	Kind     Kind
	Text     string // of a String its content, of a Number its digits
	Bool     bool   // of a Boolean
	Elements []*Value
	Members  []Member // in the order of the text; a name may come twice
	Position Position
}

// Member is one member of an Object.
type Member struct {
	Name     string
	Value    *Value
	Position Position // of the name
}

// Get is the member with a name, the last if there are several, and nil if v
// is no object or has none.
func (v *Value) Get(name string) *Value {
	if v == nil {
		return nil
	}
	for i := len(v.Members) - 1; i >= 0; i-- {
		if v.Members[i].Name == name {
			return v.Members[i].Value
		}
	}
	return nil
}

// Has tells whether v is an object with the member.
func (v *Value) Has(name string) bool { return v.Get(name) != nil }

// Is tells whether v is of a kind; nil is of none.
func (v *Value) Is(kind Kind) bool { return v != nil && v.Kind == kind }

// Str is the content of a string, "" for everything else.
func (v *Value) Str() string {
	if v.Is(String) {
		return v.Text
	}
	return ""
}

// At follows a JSON pointer (RFC 6901) as far as it goes, and returns the value
// it reached.
func (v *Value) At(steps ...string) *Value {
	for _, step := range steps {
		next := v.Get(step)
		if v.Is(Array) {
			if i, err := strconv.Atoi(step); err == nil && i >= 0 && i < len(v.Elements) {
				next = v.Elements[i]
			}
		}
		if next == nil {
			return v
		}
		v = next
	}
	return v
}

// Any is the value as encoding/json with UseNumber gives it.
func (v *Value) Any() any {
	switch v.Kind {
	case Boolean:
		return v.Bool
	case Number:
		return json.Number(v.Text)
	case String:
		return v.Text
	case Array:
		list := make([]any, len(v.Elements))
		for i, e := range v.Elements {
			list[i] = e.Any()
		}
		return list
	case Object:
		object := make(map[string]any, len(v.Members))
		for _, m := range v.Members {
			object[m.Name] = m.Value.Any()
		}
		return object
	}
	return nil
}
