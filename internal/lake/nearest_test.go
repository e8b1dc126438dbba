package lake_test

import (
	"testing"

	"wplake/internal/lake"
)

func TestNearest(t *testing.T) {
	t.Parallel()
	known := []string{"post_title", "post_date", "ID", "Größe", "silver-posts"}
	for name, want := range map[string]string{
		"post_titel":   "post_title",
		"posttitle":    "post_title",
		"POST_DATE":    "post_date",
		"id":           "ID",
		"di":           "ID",
		"grosse":       "Größe",
		"silver_posts": "silver-posts",
		"comments":     "",
		"":             "",
		"x":            "",
	} {
		if got := lake.Nearest(name, known); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", name, got, want)
		}
	}
}
