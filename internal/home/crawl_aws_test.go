package home

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"wplake/internal/catalog"
	"wplake/internal/lake"
)

func TestWhatACrawlerDid(t *testing.T) {
	t.Parallel()
	table := func(l lake.Layer, object string, rows int64, columns ...string) catalog.Table {
		made := catalog.Table{Name: lake.TableName(l, object), Layer: l, Object: object, Rows: rows, Bytes: 10 * rows, Location: "s3://" + string(l) + "/" + object + "/"}
		for _, c := range columns {
			made.Columns = append(made.Columns, lake.Column{Name: c, Type: lake.Bigint})
		}
		return made
	}
	gone := table(lake.Bronze, "terms", 3, "id")
	marked := gone
	marked.Parameters = map[string]string{"DEPRECATED_BY_CRAWLER": "1795000000000"}
	before := []catalog.Table{
		table(lake.Bronze, "comments", 5, "id"), table(lake.Bronze, "old", 1, "id"), table(lake.Bronze, "posts", 7, "id"), gone, table(lake.Silver, "posts", 7, "id"),
	}
	after := []catalog.Table{
		table(lake.Bronze, "comments", 5, "id"), table(lake.Bronze, "pages", 2, "id"), table(lake.Bronze, "posts", 8, "id", "title"), marked, table(lake.Silver, "posts", 9, "id"),
	}
	report := func(object string, rows int64, columns int, warnings ...string) lake.ObjectReport {
		return lake.ObjectReport{
			Object: object, Status: lake.StatusSucceeded, Rows: rows, Columns: columns, Bytes: 10 * rows, URI: "s3://bronze/" + object + "/",
			Warnings: append([]string{}, warnings...),
		}
	}
	same := report("comments", 5, 1)
	same.Status, same.Unchanged = lake.StatusSkipped, true
	left := report("terms", 3, 1, "its object is gone: the crawler calls the table deprecated and leaves it")
	left.Status, left.Unchanged = lake.StatusSkipped, true
	want := []lake.ObjectReport{
		same, report("old", 0, 0, "its object is gone: the crawler removed the table"), report("pages", 2, 1),
		report("posts", 8, 2, catalog.Diff(before[2].Columns, after[2].Columns)[0].String()), left,
	}
	if diff := cmp.Diff(want, crawled(lake.Bronze, before, after)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
