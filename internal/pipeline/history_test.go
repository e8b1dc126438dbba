package pipeline_test

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"wplake/internal/config"
	"wplake/internal/lake"
)

// TestNamesStay: columns that are not called as their keys are found again by
// every later run, under every policy.
func TestNamesStay(t *testing.T) {
	t.Parallel()
	for _, drift := range []config.Drift{config.Evolve, config.Freeze, config.Reject} {
		l := newLake(t)
		l.object("x", config.Object{Drift: drift, OnDelete: config.Mark, Key: []string{"a"}})
		body := `[{"a":1,"Name":"x","name":"y","":"z","b\u0000c":"n","Deleted_At":"d","p,q":"r"}]`
		l.give("x", body)
		l.mustRun("raw", "bronze")
		before := l.describe(lake.Bronze, "x").Columns
		for _, change := range []string{"2", "3"} {
			l.give("x", strings.ReplaceAll(body, `"x"`, `"`+change+`"`))
			o := objectOf(t, l.mustRun("raw", "bronze"), "bronze", "x")
			if diff := cmp.Diff(before, l.describe(lake.Bronze, "x").Columns); diff != "" {
				t.Errorf("%s: %s", drift, diff)
			}
			if len(o.Warnings) != 0 || o.Rejected != 0 {
				t.Errorf("%s: news where there is none: %+v", drift, o)
			}
		}
		if got := l.query(`SELECT "Name", name_2, _, "b_c", "Deleted_At_2", "p,q", deleted_at FROM ` + l.table(lake.Bronze, "x")); !cmp.Equal(got, []string{"3 y z n d r <nil>"}) {
			t.Errorf("%s: %v", drift, got)
		}
	}
}

// TestAbsentColumnWithComma: a column that stays away is news once.
func TestAbsentColumnWithComma(t *testing.T) {
	t.Parallel()
	l := newLake(t)
	l.give("x", `[{"a":1,"p,q":"r"}]`)
	l.mustRun("raw", "bronze")
	for i, body := range []string{`[{"a":2}]`, `[]`, `[{"a":3}]`} {
		l.give("x", body)
		o := objectOf(t, l.runWith(acceptLoss(), "raw", "bronze"), "bronze", "x")
		if told := strings.Contains(strings.Join(o.Warnings, "\n"), "no longer sent"); told != (i == 0) {
			t.Errorf("%s: %q", body, o.Warnings)
		}
	}
}

// TestRetypedKeptRows: a kept row's value is converted exactly or not at all.
func TestRetypedKeptRows(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		first     string // of column v
		from, to  lake.Type
		second    string // of another row
		want      string // of the kept row; empty: refused
		otherwise lake.Code
	}{
		"fraction to whole":          {`"1.6"`, lake.Double, lake.Bigint, `"2"`, "", lake.ValueMisfit},
		"whole double to whole":      {`"2"`, lake.Double, lake.Bigint, `"2"`, "2", ""},
		"time to date":               {`"2026-01-01 10:00:00"`, lake.Timestamp, lake.Date, `"2026-01-01"`, "", lake.ValueMisfit},
		"midnight to date":           {`"2026-01-01 00:00:00"`, lake.Timestamp, lake.Date, `"2026-01-01"`, "2026-01-01", ""},
		"decimals":                   {`"1.666"`, "decimal(10,3)", "decimal(10,2)", `"1"`, "", lake.ValueMisfit},
		"text to double":             {`"9007199254740993"`, lake.String, lake.Double, `"1"`, "", lake.ValueMisfit},
		"text to time":               {`"2026-01-01T10:00:00"`, lake.String, lake.Timestamp, `"2026-01-02"`, "2026-01-01 10:00:00", ""},
		"zero date to time":          {`"0000-00-00 00:00:00"`, lake.String, lake.Timestamp, `"2026-01-02"`, "<nil>", ""},
		"garbage to time":            {`"0000-00-00 garbage"`, lake.String, lake.Timestamp, `"2026-01-02"`, "", lake.ValueMisfit},
		"letter to boolean":          {`"t"`, lake.String, lake.Boolean, `"1"`, "", lake.ValueMisfit},
		"anything to text":           {`"1.5"`, lake.Double, lake.String, `"x"`, "1.5", ""},
		"large whole to double":      {`"9007199254740993"`, lake.Bigint, lake.Double, `"1"`, "", lake.ValueMisfit},
		"whole to double":            {`"3"`, lake.Bigint, lake.Double, `"1"`, "3.0", ""},
		"text of a number to number": {`"007"`, lake.String, lake.Bigint, `"1"`, "", lake.ValueMisfit},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLake(t)
			declare := func(to lake.Type) {
				l.object("x", config.Object{OnDelete: config.Keep, Key: []string{"a"}, Columns: map[string]lake.Type{"v": to}})
			}
			declare(tt.from)
			l.give("x", `[{"a":1,"v":`+tt.first+`}]`)
			l.mustRun("raw", "bronze")
			declare(tt.to)
			l.give("x", `[{"a":2,"v":`+tt.second+`}]`)
			o := objectOf(t, l.run("raw", "bronze"), "bronze", "x")
			if tt.want == "" {
				if o.Error == nil || o.Error.Code != tt.otherwise {
					t.Errorf("got %+v", o)
				}
				if got := l.query("SELECT count(*) FROM " + l.table(lake.Bronze, "x")); got[0] != "1" {
					t.Errorf("the refused object was replaced: %v rows", got)
				}
				return
			}
			if got := l.query("SELECT CAST(v AS VARCHAR) FROM " + l.table(lake.Bronze, "x") + " WHERE a = 1"); o.Error != nil || got[0] != tt.want {
				t.Errorf("got %v, %+v", got, o.Error)
			}
		})
	}
}

// TestMarkSparesWhateverCame: also rows whose key is spelt in another way, or
// cannot be read at all, have not vanished.
func TestMarkSparesWhateverCame(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"another spelling": `[{"term_id":1,"term_group":0},{"term_id":"007","term_group":"broken"}]`,
		"not Unicode":      "[{\"term_id\":1,\"term_group\":0},{\"term_id\":7,\"term_group\":0,\"name\":\"\xff\"}]",
	} {
		l := newLake(t)
		l.object("terms", config.Object{OnDelete: config.Mark})
		l.put(lake.Raw, "terms", `[{"term_id":1,"term_group":0},{"term_id":7,"term_group":0}]`)
		l.mustRun("bronze")
		l.put(lake.Raw, "terms", body)
		l.mustRun("bronze")
		got := l.query("SELECT term_id, deleted_at FROM " + l.table(lake.Bronze, "terms") + " ORDER BY 1")
		if diff := cmp.Diff([]string{"1 <nil>", "7 <nil>"}, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestFreezeIsInTheHistory: drift is told whatever the policy.
func TestFreezeIsInTheHistory(t *testing.T) {
	t.Parallel()
	l := newLake(t)
	l.object("x", config.Object{Drift: config.Freeze})
	l.give("x", `[{"a":1}]`)
	l.mustRun("raw", "bronze", "crawl-bronze")
	l.give("x", `[{"a":1,"b":2}]`)
	l.run("raw", "bronze")
	versions, err := l.deps.Catalog.Versions(t.Context(), "wordpress_api", "bronze-x")
	if err != nil || len(versions) != 2 || versions[0].Changes[0].Column != "b" || !strings.Contains(versions[0].Changes[0].Note, "refused") {
		t.Errorf("got %+v %v", versions, err)
	}
}

// TestStaleRejectsGo: rejects that a run left behind because it was killed
// between two writes are removed by the next, also when nothing changed.
func TestStaleRejectsGo(t *testing.T) {
	t.Parallel()
	l := newLake(t)
	l.give("terms", `[{"term_id":1},{"term_id":"x"}]`)
	l.mustRun()
	stale, err := os.ReadFile(l.rejectsPath(lake.Bronze, "terms"))
	if err != nil {
		t.Fatal(err)
	}
	l.give("terms", `[{"term_id":1}]`)
	l.mustRun()
	if err := os.MkdirAll(strings.TrimSuffix(l.rejectsPath(lake.Bronze, "terms"), "/terms.parquet"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(l.rejectsPath(lake.Bronze, "terms"), stale, 0o644); err != nil {
		t.Fatal(err)
	}
	if o := objectOf(t, l.run("bronze"), "bronze", "terms"); !o.Unchanged || l.rejects(lake.Bronze, "terms") != nil {
		t.Errorf("stale rejects are left: %+v", o)
	}
}
