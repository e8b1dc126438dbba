package metrics_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"slices"
	"testing"
	"time"

	"wplake/internal/lake"
	"wplake/internal/metrics"
)

var update = flag.Bool("update", false, "write the golden files")

func reports() []lake.StageReport {
	return []lake.StageReport{
		{Stage: "raw", Objects: []lake.ObjectReport{
			{Object: "posts", Status: lake.StatusSucceeded, Rows: 12, Bytes: 3456, DurationMS: 78, Columns: 4},
			{Object: "terms", Status: lake.StatusSkipped, Unchanged: true, Rows: 5, Bytes: 50},
			{Object: "users", Status: lake.StatusFailed, DurationMS: 9, Error: &lake.Problem{Code: lake.SourceTruncated, Message: "ends early"}},
		}},
		{Stage: "bronze", Objects: []lake.ObjectReport{
			{Object: "posts", Status: lake.StatusSucceeded, Rows: 10, Rejected: 2, Bytes: 999, DurationMS: 20, Columns: 5},
		}},
		{Stage: "crawl-bronze", Objects: []lake.ObjectReport{
			{Object: "posts", Status: lake.StatusSucceeded, Rows: 10, DurationMS: 1},
			{Object: "terms", Status: lake.StatusFailed, DurationMS: 1, Error: &lake.Problem{Code: lake.CatalogFailed}},
		}},
		{Stage: "silver", Objects: []lake.ObjectReport{}, Error: &lake.Problem{Code: lake.ParameterMissing, Message: "no bucket"}},
	}
}

func lines() [][]byte {
	at := time.Date(2026, 3, 1, 7, 0, 0, 5e6, time.UTC)
	var all [][]byte
	for _, r := range reports() {
		all = append(all, metrics.Lines(metrics.Source{Lake: "wplake-site", Run: "run-1", Request: "req-1"}, at, r)...)
	}
	return all
}

func TestLinesGolden(t *testing.T) {
	t.Parallel()
	got := append(bytes.Join(lines(), []byte("\n")), '\n')
	const golden = "testdata/lines.jsonl"
	if *update {
		if err := os.WriteFile(golden, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// What CloudWatch wants of a line: every dimension has a text and every metric
// a number at the root.
func TestLinesKeepToTheFormat(t *testing.T) {
	t.Parallel()
	for _, line := range lines() {
		var root map[string]any
		if err := json.Unmarshal(line, &root); err != nil {
			t.Fatal(err)
		}
		var meta struct {
			AWS struct {
				Timestamp         int64
				CloudWatchMetrics []struct {
					Namespace  string
					Dimensions [][]string
					Metrics    []struct{ Name, Unit string }
				}
			} `json:"_aws"`
		}
		if err := json.Unmarshal(line, &meta); err != nil || len(meta.AWS.CloudWatchMetrics) == 0 || meta.AWS.Timestamp == 0 {
			t.Fatalf("%s: %v", line, err)
		}
		for _, d := range meta.AWS.CloudWatchMetrics {
			if d.Namespace != "wplake" || len(d.Metrics) == 0 {
				t.Errorf("%s", line)
			}
			for _, name := range slices.Concat(d.Dimensions...) {
				if s, ok := root[name].(string); !ok || s == "" {
					t.Errorf("the dimension %s: %s", name, line)
				}
			}
			for _, m := range d.Metrics {
				if _, ok := root[m.Name].(float64); !ok {
					t.Errorf("the metric %s: %s", m.Name, line)
				}
			}
		}
	}
}
