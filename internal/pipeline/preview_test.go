package pipeline_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"wplake/internal/config"
	"wplake/internal/lake"
	"wplake/internal/pipeline"
	"wplake/internal/transform"
)

func previewed(t *testing.T, l *testLake, req pipeline.PreviewRequest) pipeline.Preview {
	t.Helper()
	if req.Rows == 0 {
		req.Rows = 5
	}
	if req.Dialect == "" {
		req.Dialect = transform.DuckDB
	}
	p, err := pipeline.PreviewSilver(t.Context(), l.deps, req)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// texts shows a row's values, NULL as -.
func texts(values []*string) string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = "-"
		if v != nil {
			out[i] = *v
		}
	}
	return strings.Join(out, "|")
}

func TestPreview(t *testing.T) {
	t.Parallel()
	l := newLake(t)
	var rows []string
	for i := range 50 {
		name := fmt.Sprintf("name %d", i)
		if i == 40 {
			name = "R&amp;D"
		}
		rows = append(rows, fmt.Sprintf(`{"term_id":"%d","name":"%s","slug":"s%d","term_group":"0"}`, i, name, i))
	}
	l.give("terms", "["+strings.Join(rows, ",")+"]")
	l.object("terms", config.Object{Steps: []transform.Step{
		{DecodeEntities: []string{"NAME"}},
		{Filter: "term_id <> 45"},
		{Rename: map[string]string{"slug": "path"}},
		{Cast: map[string]lake.Type{"term_group": "string"}},
		{Deduplicate: &transform.Deduplicate{By: []string{"term_id"}}},
	}})
	l.mustRun("raw", "bronze")
	p := previewed(t, l, pipeline.PreviewRequest{Object: "terms", Rows: 3})
	if p.Rows != 50 || p.LookedAt != 50 || p.Origin != "objects.terms.steps" || len(p.Steps) != 5 {
		t.Errorf("preview %+v", p)
	}
	decode, filter, cast := p.Steps[0], p.Steps[1], p.Steps[3]
	if decode.Changed != 1 || decode.Gone != 0 || filter.Changed != 0 || filter.Gone != 1 || cast.Changed != 0 {
		t.Errorf("changed %d and %d, gone %d and %d", decode.Changed, filter.Changed, decode.Gone, filter.Gone)
	}
	if !slices.Equal(cast.Retyped, []transform.Retyped{{Name: "term_group", From: lake.Bigint, To: lake.String}}) {
		t.Errorf("retyped %v", cast.Retyped)
	}
	var shown []string
	for _, r := range decode.Shown {
		shown = append(shown, fmt.Sprintf("%d: %s > %s %q", r.Number, texts(r.Before), texts(r.After), r.Changed))
	}
	want := []string{
		`1: 0|name 0|s0|0 > 0|name 0|s0|0 []`,
		`41: 40|R&amp;D|s40|0 > 40|R&D|s40|0 ["name"]`,
		`46: 45|name 45|s45|0 > 45|name 45|s45|0 []`,
	}
	if !slices.Equal(shown, want) {
		t.Errorf("rows\n%q\nwant\n%q", shown, want)
	}
	if last := filter.Shown[2]; last.Number != 46 || last.After != nil || last.Changed == nil {
		t.Errorf("the row that is left out: %+v", last)
	}
	if n := len(p.Steps[2].Shown); n != 2 {
		t.Errorf("%d rows after the filter, want 2", n)
	}
	if !strings.Contains(p.SQL, `"wordpress_api"."bronze-terms"`) || strings.Contains(p.SQL, "_wplake_row") {
		t.Errorf("SQL %s", p.SQL)
	}

	only := previewed(t, l, pipeline.PreviewRequest{Object: "terms", Step: 2, Rows: 1})
	if len(only.Steps) != 1 || only.Steps[0].Number != 2 || only.Steps[0].Shown[0].Number != 46 || strings.Contains(only.SQL, "step_3") {
		t.Errorf("one step: %+v", only)
	}
	left, err := os.ReadDir(l.deps.Scratch)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

func TestPreviewOfNothing(t *testing.T) {
	t.Parallel()
	l := newLake(t)
	l.give("terms", "[]")
	l.give("something", `[{"a":"1"}]`)
	l.run("raw", "bronze")
	p := previewed(t, l, pipeline.PreviewRequest{Object: "terms", Dialect: transform.Trino})
	if p.Rows != 0 || len(p.Steps) != 2 || len(p.Steps[1].Shown) != 0 {
		t.Errorf("an empty table: %+v", p)
	}
	for object, code := range map[string]lake.Code{"something": lake.ObjectUnmapped, "term": lake.ObjectMissing} {
		_, err := pipeline.PreviewSilver(t.Context(), l.deps, pipeline.PreviewRequest{Object: object, Rows: 5, Dialect: transform.DuckDB})
		if !lake.HasCode(err, code) {
			t.Errorf("%s: %v, want %s", object, err, code)
		}
	}
	l.deps.Config.Silver.Unmapped = config.UnmappedPass
	if p := previewed(t, l, pipeline.PreviewRequest{Object: "something"}); len(p.Steps) != 0 || p.Origin != "silver.unmapped: pass" {
		t.Errorf("passed as it is: %+v", p)
	}
}
