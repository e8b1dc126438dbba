// Package transform turns declared steps into SQL. A step is data, not code;
// a list of steps over a table's columns compiles to one SELECT in a dialect.
// The package is pure: it runs nothing.
package transform

import "wplake/internal/lake"

// Profile names a built-in set of rules for the known objects.
type Profile string

// The built-in profiles.
const (
	Reference Profile = "reference" // the reference pipeline's columns exactly
	Full      Profile = "full"      // what people's questions need: slug, excerpt, MIME type, UTC times, …
)

// Step is one step. Exactly one of its fields is set.
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

// The methods of masking.
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
