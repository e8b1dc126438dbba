// Package transform turns declared steps into SQL. A step is data, not code;
// a list of steps over a table's columns compiles to one SELECT in a dialect.
// The package is pure: it runs nothing.
package transform

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"wplake/internal/lake"
)

// Step is one step. Exactly one of its fields is set.
//
// Steps find columns without regard to case; results keep the table's
// spelling. A step on a column that is not there is a note of the Plan, never
// an error; only filter and sql, which are SQL themselves, need their columns.
type Step struct {
	Drop           []string             `yaml:"drop,omitempty"`            // columns to leave out
	Select         []string             `yaml:"select,omitempty"`          // columns to keep, in this order
	Rename         map[string]string    `yaml:"rename,omitempty"`          // old name → new name
	Cast           map[string]lake.Type `yaml:"cast,omitempty"`            // column → type; rows that do not fit are rejected
	SplitDate      []string             `yaml:"split_date,omitempty"`      // adds <column>_todate (timestamp), _year, _month, _day (int)
	DecodeEntities []string             `yaml:"decode_entities,omitempty"` // HTML entities, named and numeric, once
	Trim           []string             `yaml:"trim,omitempty"`            // white space around text
	NullIf         map[string][]string  `yaml:"null_if,omitempty"`         // column → values that mean NULL
	Replace        *Replace             `yaml:"replace,omitempty"`
	Filter         string               `yaml:"filter,omitempty"` // SQL condition of the rows to keep
	Deduplicate    *Deduplicate         `yaml:"deduplicate,omitempty"`
	Mask           *Mask                `yaml:"mask,omitempty"`
	SQL            string               `yaml:"sql,omitempty"` // a SELECT over the table input
}

// Replace replaces text in columns.
type Replace struct {
	Columns []string `yaml:"columns"`
	Find    string   `yaml:"find"`            // literal text, or a regular expression
	With    string   `yaml:"with"`            // \1 to \9 are the groups of a regular expression
	Regex   bool     `yaml:"regex,omitempty"` //
}

// Deduplicate keeps one row of those that agree in the columns By.
type Deduplicate struct {
	By      []string `yaml:"by"`
	OrderBy []string `yaml:"order_by,omitempty"` // "column", "column desc"; the first row is kept
}

// MaskMethod says how values are hidden.
type MaskMethod string

// The methods of masking. NULL stays NULL.
const (
	MaskHash   MaskMethod = "hash"   // SHA-256 of the salted text, in hexadecimal: equal values stay equal
	MaskRedact MaskMethod = "redact" // the text ***
	MaskNull   MaskMethod = "null"   // NULL
	MaskEmail  MaskMethod = "email"  // the first letter and the domain: j***@example.org
)

// Mask hides personal data.
type Mask struct {
	Columns []string   `yaml:"columns"`
	Method  MaskMethod `yaml:"method"`
	Salt    string     `yaml:"salt,omitempty"` // for hash; may be a reference
}

// compilerVersion is part of every Hash. It changes whenever the same steps
// compile to SQL that gives other rows than before.
const compilerVersion = "1"

// Hash identifies what steps do: equal hashes give equal tables from equal
// input. It is stable across runs and machines, 64 hexadecimal digits. A salt
// takes part in the form that it has in the step, so a reference stays one.
func Hash(steps []Step) string {
	canonical, err := json.Marshal(struct {
		Compiler string
		Steps    []Step
	}{compilerVersion, steps})
	if err != nil {
		panic("transform: steps are plain data: " + err.Error())
	}
	sum := sha256.Sum256(canonical)
	return hex.EncodeToString(sum[:])
}

// Kind is the name of the step as wplake.yaml spells it, or "" when none or
// more than one of its fields are set.
func (s Step) Kind() string {
	if kinds := s.kinds(); len(kinds) == 1 {
		return kinds[0]
	}
	return ""
}

// kinds names the fields that are set.
func (s Step) kinds() []string {
	var kinds []string
	for _, k := range []struct {
		name string
		set  bool
	}{
		{"drop", s.Drop != nil},
		{"select", s.Select != nil},
		{"rename", s.Rename != nil},
		{"cast", s.Cast != nil},
		{"split_date", s.SplitDate != nil},
		{"decode_entities", s.DecodeEntities != nil},
		{"trim", s.Trim != nil},
		{"null_if", s.NullIf != nil},
		{"replace", s.Replace != nil},
		{"filter", s.Filter != ""},
		{"deduplicate", s.Deduplicate != nil},
		{"mask", s.Mask != nil},
		{"sql", s.SQL != ""},
	} {
		if k.set {
			kinds = append(kinds, k.name)
		}
	}
	return kinds
}
