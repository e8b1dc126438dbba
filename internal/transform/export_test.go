package transform

import "strings"

// EntityNames lists all named references, with the semicolon where they need one.
func EntityNames() []string {
	names := strings.Fields(legacyNames)
	for _, e := range entities() {
		names = append(names, e.name+";")
	}
	return names
}

// EntityLiteral is the text of all entities as SQL.
func EntityLiteral() string { return literal(entityText(entities())) }
