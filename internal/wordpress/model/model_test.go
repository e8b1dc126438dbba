package model_test

import (
	"strings"
	"testing"

	"wplake/internal/lake"
	"wplake/internal/wordpress/model"
)

func TestLookup(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"posts":                    "posts",
		"POSTS":                    "posts",
		"wp_posts":                 "posts",
		"wp_2_posts":               "posts",
		"WP_12_TermMeta":           "termmeta",
		"term_relationship":        "term_relationship",
		"term_relationships":       "term_relationship",
		"wp_term_relationships":    "term_relationship",
		"term_taxonomy":            "term_taxonomy",
		"wp_statistics_pages":      "statistics_pages",
		"post":                     "",
		"wp__posts":                "",
		"wp_wp_posts":              "",
		"wp_two_posts":             "",
		"rank_math_links":          "",
		"statistics_historical":    "",
		"wp_2_term_relationships":  "term_relationship",
		"":                         "",
		"wp_":                      "",
		"wp_7_":                    "",
		"woocommerce_order_itemme": "",
	} {
		table, ok := model.Lookup(name)
		if ok != (want != "") || table.Object != want {
			t.Errorf("Lookup(%q) = %q, %v; want %q", name, table.Object, ok, want)
		}
	}
}

func TestTablesAreSound(t *testing.T) {
	t.Parallel()
	tables := model.Tables()
	if len(tables) != 13 {
		t.Errorf("%d tables, want WordPress's 12 and statistics_pages", len(tables))
	}
	for _, table := range tables {
		if !lake.ValidObjectName(table.Object) {
			t.Errorf("%s is no valid name", table.Object)
		}
		seen := map[string]bool{}
		for _, c := range table.Columns {
			lower := strings.ToLower(c.Name)
			if seen[lower] {
				t.Errorf("%s has %s twice", table.Object, c.Name)
			}
			seen[lower] = true
		}
		if len(table.Key) == 0 {
			t.Errorf("%s has no key", table.Object)
		}
		for _, k := range table.Key {
			i := lake.FindColumn(table.Columns, k)
			if i < 0 || table.Columns[i].Name != k || table.Columns[i].Type != lake.Bigint {
				t.Errorf("%s: the key column %s is not among the columns as a bigint", table.Object, k)
			}
		}
		facts := strings.HasPrefix(table.Object, "statistics_")
		if (table.Kind == model.Facts) != facts {
			t.Errorf("%s has the kind %s", table.Object, table.Kind)
		}
	}
}

func TestColumnsAreThoseOfTheDatabase(t *testing.T) {
	t.Parallel()
	for object, want := range map[string]string{
		"posts": "ID post_author post_date post_date_gmt post_content post_title post_excerpt post_status comment_status " +
			"ping_status post_password post_name to_ping pinged post_modified post_modified_gmt post_content_filtered " +
			"post_parent guid menu_order post_type post_mime_type comment_count",
		"statistics_pages":  "page_id uri type date count id",
		"term_relationship": "object_id term_taxonomy_id term_order",
		"term_taxonomy":     "term_taxonomy_id term_id taxonomy description parent count",
		"terms":             "term_id name slug term_group",
		"usermeta":          "umeta_id user_id meta_key meta_value",
	} {
		table, _ := model.Lookup(object)
		var names []string
		for _, c := range table.Columns {
			names = append(names, c.Name)
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%s:\n got %s\nwant %s", object, got, want)
		}
	}
}

// Nobody can change what the next caller is told.
func TestTablesAreNotShared(t *testing.T) {
	t.Parallel()
	first, _ := model.Lookup("posts")
	first.Columns[0].Name = "spoilt"
	first.Key[0] = "spoilt"
	second, _ := model.Lookup("posts")
	if second.Columns[0].Name != "ID" || second.Key[0] != "ID" {
		t.Error("a change of one result shows in the next")
	}
}
