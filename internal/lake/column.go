package lake

import "strings"

// Type is a column's type in the spelling of the Glue Data Catalog (Hive).
type Type string

// The scalar types that wplake writes. Decimal types are spelt decimal(p,s).
const (
	Bigint    Type = "bigint"    // 64-bit signed integer
	Int       Type = "int"       // 32-bit signed integer
	Double    Type = "double"    // 64-bit IEEE 754
	Boolean   Type = "boolean"   //
	String    Type = "string"    // UTF-8 text
	Timestamp Type = "timestamp" // without time zone, microseconds
	Date      Type = "date"      //
)

// Column is a column of a table.
type Column struct {
	Name string `json:"name"`
	Type Type   `json:"type"`
}

// FindColumn returns the position of the column whose name equals name without
// regard to case (as SQL engines and the Glue catalog compare), or -1.
func FindColumn(columns []Column, name string) int {
	for i, c := range columns {
		if strings.EqualFold(c.Name, name) {
			return i
		}
	}
	return -1
}
