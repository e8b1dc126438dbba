package catalog

import (
	"maps"
	"strconv"
	"strings"

	"wplake/internal/engine"
	"wplake/internal/lake"
)

// ProvenancePrefix begins the keys of an object's provenance, in the Parquet
// footer and in Table.Parameters alike.
const ProvenancePrefix = "wplake."

// rejectedKey is the provenance of the rows that are in the rejects object.
const rejectedKey = ProvenancePrefix + "rows_rejected"

// Rejected returns how many rows the object's maker put aside in the rejects
// object; 0 where the object does not say.
func (t Table) Rejected() int64 {
	n, err := strconv.ParseInt(t.Parameters[rejectedKey], 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// Provenance returns the parameters that say where the object came from.
func (t Table) Provenance() map[string]string {
	found := maps.Clone(t.Parameters)
	maps.DeleteFunc(found, func(key, _ string) bool { return !strings.HasPrefix(key, ProvenancePrefix) })
	return found
}

// parameters are a table's parameters as a Glue crawler writes them, and the
// provenance of its object.
func parameters(l lake.Layer, p engine.Parquet) map[string]string {
	m := map[string]string{
		"classification":                   "parquet",
		"typeOfData":                       "file",
		"compressionType":                  "none",
		"recordCount":                      strconv.FormatInt(p.Rows, 10),
		"averageRecordSize":                strconv.FormatInt(p.Bytes/max(p.Rows, 1), 10),
		"objectCount":                      "1",
		"sizeKey":                          strconv.FormatInt(p.Bytes, 10),
		"CrawlerSchemaSerializerVersion":   "1.0",
		"CrawlerSchemaDeserializerVersion": "1.0",
		"UPDATED_BY_CRAWLER":               "wordpress_" + string(l),
	}
	for key, value := range p.Metadata {
		if strings.HasPrefix(key, ProvenancePrefix) {
			m[key] = value
		}
	}
	return m
}

// lowered are the columns with the names that a crawler gives them.
func lowered(columns []lake.Column) []lake.Column {
	found := make([]lake.Column, len(columns))
	for i, c := range columns {
		found[i] = lake.Column{Name: lower(c.Name), Type: c.Type}
	}
	return found
}

// lower lowers A to Z only, as SQL engines do when they compare names: two
// columns that an engine tells apart stay apart.
func lower(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, name)
}
