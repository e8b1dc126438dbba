package model

import "strings"

// Lookup returns the known table that an object holds. It compares without
// regard to case and takes the database's names as well as the canonical ones:
// with the prefix wp_ or, on a multisite, wp_<number>_, and term_relationships
// for term_relationship.
func Lookup(object string) (Table, bool) {
	name := withoutPrefix(strings.ToLower(object))
	if name == "term_relationships" {
		name = "term_relationship"
	}
	for _, t := range Tables() {
		if t.Object == name {
			return t, true
		}
	}
	return Table{}, false
}

// withoutPrefix removes wp_ or wp_<number>_. Other prefixes stay: they cannot
// be told from a plugin's own table, such as rank_math_links.
func withoutPrefix(name string) string {
	rest, found := strings.CutPrefix(name, "wp_")
	if !found {
		return name
	}
	site, table, found := strings.Cut(rest, "_")
	if found && site != "" && strings.Trim(site, "0123456789") == "" {
		return table
	}
	return rest
}
