package catalog_test

import (
	"strings"
	"testing"

	"wplake/internal/catalog"
	"wplake/internal/lake"
)

func TestFind(t *testing.T) {
	t.Parallel()
	var tables []catalog.Table
	for _, object := range []string{"posts", "term-relationship", "Terms"} {
		for _, l := range lake.TableLayers() {
			tables = append(tables, catalog.Table{Name: lake.TableName(l, object), Layer: l, Object: object})
		}
	}
	tables = append(tables, catalog.Table{Name: "silver-users", Layer: lake.Silver, Object: "users"})
	for name, want := range map[string]string{
		"silver-posts": "silver-posts", "SILVER-Posts": "silver-posts", `"silver-posts"`: "silver-posts",
		"bronze.posts": "bronze-posts", "silver.term-relationship": "silver-term_relationship",
		"silver-term_relationship": "silver-term_relationship", "silver.terms": "silver-terms", "users": "silver-users",
		// What is not found, by the hint.
		"posts": "?say which: bronze-posts, silver-posts", "term_relationship": "?say which: bronze-term_relationship, silver-term_relationship",
		"silver-post": "?did you mean silver-posts?", "silver_posts": "?did you mean silver-posts?", "usres": "?did you mean silver-users?",
		"something else": "?`wplake tables` lists them all", "": "?`wplake tables` lists them all",
	} {
		table, err := catalog.Find(tables, name)
		hint, fails := strings.CutPrefix(want, "?")
		if !fails && (err != nil || table.Name != want) || fails && (!lake.HasCode(err, lake.ObjectMissing) || lake.AsError(err, "").Hint != hint) {
			t.Errorf("%q gave %q, %#v, want %q", name, table.Name, err, want)
		}
	}
	if _, err := catalog.Find(nil, "posts"); !strings.Contains(lake.AsError(err, "").Hint, "wplake run") {
		t.Errorf("without tables: %v", err)
	}
}
