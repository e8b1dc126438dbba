package athena_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"wplake/internal/engine"
	"wplake/internal/engine/athena"
	"wplake/internal/lake"
)

// open makes a reader that waits for nothing.
func open(cfg aws.Config, o athena.Options) *athena.Reader {
	o.Wait = func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
	return athena.New(cfg, o)
}

func read(ctx context.Context, r engine.Reader, sql string, params map[string]any) ([]lake.Column, [][]any, error) {
	rows, err := r.Query(ctx, sql, params)
	if err != nil {
		return nil, nil, err
	}
	var out [][]any
	for rows.Next() {
		out = append(out, slices.Clone(rows.Values()))
	}
	return rows.Columns(), out, errors.Join(rows.Err(), rows.Close())
}

func TestQuery(t *testing.T) {
	t.Parallel()
	meta := columns("id", "bigint", "d", "double", "f", "float", "dec", "decimal", "b", "boolean", "day", "date", "at", "timestamp",
		"z", "timestamp with time zone", "bin", "varbinary", "a", "array", "m", "map", "t", "varchar")
	looks := 0
	s, cfg := start(t, func(op string, in map[string]any) (int, any) {
		switch op {
		case "StartQueryExecution":
			return 200, object{"QueryExecutionId": "q1"}
		case "GetQueryExecution":
			looks++
			return 200, execution([]string{"QUEUED", "RUNNING", "SUCCEEDED"}[min(looks, 3)-1], "DML", nil)
		case "GetQueryResults":
			if in["NextToken"] == nil {
				return 200, results(meta, "p2",
					row("id", "d", "f", "dec", "b", "day", "at", "z", "bin", "a", "m", "t"),
					row("9223372036854775807", "1.5E10", "0.1", "-12.50", "true", "2026-01-02", "2026-01-02 03:04:05.678",
						"2026-01-02 03:04:05.000 Europe/Berlin", "62 00 ff", "[1, 2]", "{a=1}", "it's\n\ttwo"))
			}
			if in["NextToken"] == "p2" {
				return 200, results(meta, "p3")
			}
			return 200, results(meta, "",
				row("id", "NaN", "-Infinity", "0.00", "false", "1970-01-01", "1970-01-01 00:00:00", "2026-01-02 03:04:05.000 +01:30", "", "[]", "{}", ""),
				row(nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil))
		}
		return 400, fault("InvalidRequestException", op)
	})
	var told []athena.Stats
	r := open(cfg, athena.Options{Workgroup: "lake", Results: "s3://r/p/", Database: "site", Stats: func(x athena.Stats) { told = append(told, x) }})
	rows, err := r.Query(t.Context(), "SELECT * FROM \"silver-posts\" -- all\n;", nil)
	if err != nil {
		t.Fatal(err)
	}
	wantColumns := []lake.Column{
		{Name: "id", Type: "bigint"}, {Name: "d", Type: "double"}, {Name: "f", Type: "float"}, {Name: "dec", Type: "decimal(10,2)"},
		{Name: "b", Type: "boolean"}, {Name: "day", Type: "date"}, {Name: "at", Type: "timestamp"}, {Name: "z", Type: "timestamp"},
		{Name: "bin", Type: "binary"}, {Name: "a", Type: "string"}, {Name: "m", Type: "string"}, {Name: "t", Type: "string"},
	}
	if d := cmp.Diff(wantColumns, rows.Columns()); d != "" {
		t.Errorf("columns (-want +got):\n%s", d)
	}
	if !rows.Next() {
		t.Fatal(rows.Err())
	}
	want := []any{
		int64(9223372036854775807), 1.5e10, float64(float32(0.1)), "-12.50", true, time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC),
		time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC), time.Date(2026, 1, 2, 2, 4, 5, 0, time.UTC), []byte{0x62, 0, 0xff}, "[1, 2]", "{a=1}", "it's\n\ttwo",
	}
	if d := cmp.Diff(want, rows.Values()); d != "" {
		t.Errorf("values (-want +got):\n%s", d)
	}
	// The second page is empty and no end; what looks like a header on the third
	// is none, and does not fit its column.
	if rows.Next() || !lake.HasCode(rows.Err(), lake.EngineFailed) || !strings.Contains(rows.Err().Error(), "column id") {
		t.Errorf("a value that does not fit: %v", rows.Err())
	}
	if rows.Next() {
		t.Error("there is a row behind the error")
	}
	in := s.of("StartQueryExecution")[0]
	token, _ := in["ClientRequestToken"].(string)
	if len(token) < 32 || in["QueryString"] != `SELECT * FROM "silver-posts"` || in["WorkGroup"] != "lake" ||
		in["ResultConfiguration"].(object)["OutputLocation"] != "s3://r/p/" || in["QueryExecutionContext"].(object)["Database"] != "site" {
		t.Errorf("started with %v", in)
	}
	wantStats := []athena.Stats{{
		Execution: "q1", State: "SUCCEEDED", Engine: "Athena engine version 3", Workgroup: "lake",
		BytesScanned: 11_000_001, Billed: 11 << 20, Queued: 200 * time.Millisecond, Total: 1500 * time.Millisecond,
	}}
	if d := cmp.Diff(wantStats, told); d != "" {
		t.Errorf("stats (-want +got):\n%s", d)
	}
	if looks != 3 {
		t.Errorf("%d looks", looks)
	}
}

// TestNames tells results with a line of names from those without.
func TestNames(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		sql, kind string
		rows      []object
		want      [][]any
	}{
		{"WITH a AS (SELECT 1 AS x) SELECT x, x AS y FROM a", "DML", []object{row("col_name", "data_type"), row("col_name", "data_type")}, [][]any{{"col_name", "data_type"}}},
		{"DESCRIBE `silver-posts`", "UTILITY", []object{row("id                  \tbigint              "), row("# Partition")}, [][]any{{"id", "bigint"}, {"# Partition", nil}}},
		{"SHOW COLUMNS IN a", "DDL", []object{row("col_name", "data_type")}, [][]any{{"col_name", "data_type"}}},
	} {
		_, cfg := start(t, func(op string, _ map[string]any) (int, any) {
			switch op {
			case "StartQueryExecution":
				return 200, object{"QueryExecutionId": "q1"}
			case "GetQueryExecution":
				return 200, execution("SUCCEEDED", tc.kind, nil)
			}
			return 200, results(columns("col_name", "string", "data_type", "string"), "", tc.rows...)
		})
		_, got, err := read(t.Context(), open(cfg, athena.Options{}), tc.sql, nil)
		if d := cmp.Diff(tc.want, got); err != nil || d != "" {
			t.Errorf("%s: %v (-want +got):\n%s", tc.sql, err, d)
		}
	}
}

func TestFailures(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name    string
		reason  string
		e       object
		code    lake.Code
		message string
		hint    string
	}{
		{"syntax", "SYNTAX_ERROR: line 1:8: Column 'titel' cannot be resolved", object{"ErrorCategory": 2, "ErrorType": 1006}, lake.QueryInvalid, "titel", "DESCRIBE"},
		{"hyphen", "line 1:21: mismatched input '-'. Expecting: ','", nil, lake.QueryInvalid, "mismatched", `"silver-posts"`},
		{"table", "TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.site.x' does not exist", nil, lake.QueryInvalid, "site.x", "SHOW TABLES"},
		{"division", "DIVISION_BY_ZERO: / by zero", nil, lake.QueryInvalid, "by zero", ""},
		{"resources", "Query exhausted resources at this scale factor", object{"ErrorCategory": 1, "ErrorType": 4}, lake.OutOfMemory, "exhausted", "ask for less"},
		{"memory", "EXCEEDED_LOCAL_MEMORY_LIMIT: Query exceeded per-node memory limit", nil, lake.OutOfMemory, "per-node", "ask for less"},
		{"access", "PERMISSION_DENIED: Access Denied (Service: Amazon S3; Status Code: 403)", nil, lake.AccessDenied, "403", "s3:GetObject"},
		{"file", "HIVE_CANNOT_OPEN_SPLIT: Error opening Hive split s3://b/k", object{"ErrorCategory": 3}, lake.EngineFailed, "s3://b/k", ""},
		{"internal", "Internal error", object{"ErrorCategory": 1, "ErrorType": 100, "Retryable": true}, lake.EngineFailed, "Internal", "run it again"},
		{"nothing", "", nil, lake.QueryInvalid, "does not say why", ""},
		{"terminal", "SYNTAX_ERROR: \x1b[31mred", nil, lake.QueryInvalid, "red", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, cfg := start(t, func(op string, _ map[string]any) (int, any) {
				if op == "StartQueryExecution" {
					return 200, object{"QueryExecutionId": "q1"}
				}
				status := object{"State": "FAILED", "StateChangeReason": tc.reason}
				if tc.e != nil {
					status["AthenaError"] = tc.e
				}
				return 200, execution("FAILED", "DML", object{"Status": status})
			})
			billed := int64(-1)
			r := open(cfg, athena.Options{Stats: func(s athena.Stats) { billed = s.Billed }})
			_, _, err := read(t.Context(), r, "SELECT 1", nil)
			e := lake.AsError(err, lake.Internal)
			if e.Code != tc.code || !strings.Contains(e.Error(), tc.message) || !strings.Contains(e.Hint, tc.hint) || strings.Contains(e.Error(), "\x1b") {
				t.Errorf("%s %q, hint %q", e.Code, e.Error(), e.Hint)
			}
			if billed != 0 {
				t.Errorf("a failed query is billed %d bytes", billed)
			}
		})
	}
}

func TestStartRefused(t *testing.T) {
	t.Parallel()
	for message, code := range map[string]lake.Code{
		"line 1:1: mismatched input 'SELEC'":                                  lake.QueryInvalid,
		"No output location provided. An output location is required":         lake.ConfigInvalid,
		"WorkGroup lake is not found.":                                        lake.ConfigInvalid,
		"Queries of this type are not supported":                              lake.QueryInvalid,
		"You are not authorized to perform: glue:GetTable on the resource: x": lake.AccessDenied,
	} {
		_, cfg := start(t, func(string, map[string]any) (int, any) { return 400, fault("InvalidRequestException", message) })
		if _, _, err := read(t.Context(), open(cfg, athena.Options{}), "SELECT 1", nil); !lake.HasCode(err, code) || !strings.Contains(err.Error(), message) {
			t.Errorf("%s: %v, want %s", message, err, code)
		}
	}
	_, cfg := start(t, func(string, map[string]any) (int, any) {
		return 400, fault("AccessDeniedException", "User: x is not authorized to perform: athena:StartQueryExecution")
	})
	if _, _, err := read(t.Context(), open(cfg, athena.Options{}), "SELECT 1", nil); !lake.HasCode(err, lake.AccessDenied) {
		t.Error(err)
	}
}

// TestLostAnswer asks again with the same token.
func TestLostAnswer(t *testing.T) {
	t.Parallel()
	tries := 0
	s, cfg := start(t, func(op string, _ map[string]any) (int, any) {
		switch op {
		case "StartQueryExecution":
			if tries++; tries == 1 {
				return http.StatusInternalServerError, fault("InternalServerException", "lost")
			}
			if tries == 2 {
				return 400, fault("TooManyRequestsException", "Rate exceeded")
			}
			return 200, object{"QueryExecutionId": "q1"}
		case "GetQueryExecution":
			return 200, execution("SUCCEEDED", "DML", nil)
		}
		return 200, results(columns("a", "integer"), "", row("a"), row("1"))
	})
	_, got, err := read(t.Context(), open(cfg, athena.Options{}), "SELECT 1 AS a", nil)
	if d := cmp.Diff([][]any{{int64(1)}}, got); err != nil || d != "" {
		t.Fatalf("%v (-want +got):\n%s", err, d)
	}
	in := s.of("StartQueryExecution")
	if len(in) != 3 || in[0]["ClientRequestToken"] != in[2]["ClientRequestToken"] {
		t.Errorf("the tries had other tokens: %v", in)
	}
}

func TestCancel(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	s, cfg := start(t, func(op string, _ map[string]any) (int, any) {
		switch op {
		case "StartQueryExecution":
			return 200, object{"QueryExecutionId": "q1"}
		case "GetQueryExecution":
			return 200, execution("RUNNING", "DML", nil)
		}
		return 200, object{}
	})
	r := athena.New(cfg, athena.Options{Wait: func(ctx context.Context, _ time.Duration) error {
		cancel()
		return ctx.Err()
	}})
	_, err := r.Query(ctx, "SELECT 1", nil)
	if !lake.HasCode(err, lake.Interrupted) || !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if stopped := s.of("StopQueryExecution"); len(stopped) != 1 || stopped[0]["QueryExecutionId"] != "q1" {
		t.Errorf("stopped: %v", stopped)
	}
	if _, err := r.Query(ctx, "SELECT 1", nil); !lake.HasCode(err, lake.Interrupted) || len(s.of("StartQueryExecution")) != 1 {
		t.Errorf("with a context that has ended: %v", err)
	}
}

// TestCancelStart cancels while the start is under way: what it started is
// stopped.
func TestCancelStart(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	s, cfg := start(t, func(op string, _ map[string]any) (int, any) {
		if op == "StartQueryExecution" {
			cancel()
			return 200, object{"QueryExecutionId": "q1"}
		}
		return 200, object{}
	})
	if _, err := open(cfg, athena.Options{}).Query(ctx, "SELECT 1", nil); !lake.HasCode(err, lake.Interrupted) {
		t.Errorf("%v", err)
	}
	if len(s.of("StopQueryExecution")) != 1 {
		t.Error("the query was not stopped")
	}
}

func TestScanLimit(t *testing.T) {
	t.Parallel()
	s, cfg := start(t, func(op string, _ map[string]any) (int, any) {
		switch op {
		case "StartQueryExecution":
			return 200, object{"QueryExecutionId": "q1"}
		case "GetQueryExecution":
			return 200, execution("RUNNING", "DML", nil)
		}
		return 200, object{}
	})
	_, _, err := read(t.Context(), open(cfg, athena.Options{ScanLimit: 11_000_000}), "SELECT 1", nil)
	if e := lake.AsError(err, lake.Internal); e.Code != lake.QueryRefused || !strings.Contains(e.Hint, "aws.athena.scan_limit") {
		t.Errorf("%v", err)
	}
	if len(s.of("StopQueryExecution")) != 1 {
		t.Error("the query was not stopped")
	}
	_, cfg = start(t, func(op string, _ map[string]any) (int, any) {
		if op == "StartQueryExecution" {
			return 200, object{"QueryExecutionId": "q1"}
		}
		return 200, execution("CANCELLED", "DML", object{"Status": object{"State": "CANCELLED", "StateChangeReason": "Bytes scanned limit was exceeded"}})
	})
	if _, _, err := read(t.Context(), open(cfg, athena.Options{}), "SELECT 1", nil); !lake.HasCode(err, lake.QueryRefused) {
		t.Errorf("the workgroup's limit: %v", err)
	}
}

func TestExport(t *testing.T) {
	t.Parallel()
	_, cfg := start(t, func(op string, _ map[string]any) (int, any) {
		switch op {
		case "StartQueryExecution":
			return 200, object{"QueryExecutionId": "q1"}
		case "GetQueryExecution":
			return 200, execution("SUCCEEDED", "DML", nil)
		}
		return 200, results(columns("a", "integer"), "", row("a"), row("1"), row("2"))
	})
	if _, err := open(cfg, athena.Options{}).Export(t.Context(), "SELECT 1", nil, "x"); !lake.HasCode(err, lake.QueryRefused) {
		t.Errorf("without a writer: %v", err)
	}
	r := open(cfg, athena.Options{Export: func(_ context.Context, rows engine.Rows, path string) (n int64, err error) {
		for rows.Next() {
			n++
		}
		if path != "p.parquet" || rows.Columns()[0].Type != lake.Int {
			t.Errorf("%s, %v", path, rows.Columns())
		}
		return n, rows.Err()
	}})
	if n, err := r.Export(t.Context(), "SELECT a FROM t", nil, "p.parquet"); n != 2 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if _, err := r.Export(t.Context(), "EXPLAIN SELECT 1", nil, "x"); !lake.HasCode(err, lake.QueryRefused) {
		t.Errorf("EXPLAIN: %v", err)
	}
}

func TestParameters(t *testing.T) {
	t.Parallel()
	s, cfg := start(t, func(op string, _ map[string]any) (int, any) {
		switch op {
		case "StartQueryExecution":
			return 200, object{"QueryExecutionId": "q1"}
		case "GetQueryExecution":
			return 200, execution("SUCCEEDED", "DML", nil)
		}
		return 200, results(columns("a", "integer"), "", row("a"))
	})
	r := open(cfg, athena.Options{})
	_, _, err := read(t.Context(), r, `SELECT '$s', "$n", 1 /* $s */ FROM t WHERE a = $s AND b = $N AND c = $d AND e = $z AND f = $b AND g = $x AND h = $s`, map[string]any{
		"s": "it's; DROP TABLE x --", "n": int64(-5), "d": engine.Decimal("-12.50"), "z": nil, "b": true, "x": 1.5,
	})
	if err != nil {
		t.Fatal(err)
	}
	in := s.of("StartQueryExecution")[0]
	if want := `SELECT '$s', "$n", 1 /* $s */ FROM t WHERE a = ? AND b = ? AND c = ? AND e = ? AND f = ? AND g = ? AND h = ?`; in["QueryString"] != want {
		t.Errorf("%s", in["QueryString"])
	}
	want := []any{"'it''s; DROP TABLE x --'", "-5", "DECIMAL '-12.50'", "NULL", "TRUE", "1.5E+00", "'it''s; DROP TABLE x --'"}
	if d := cmp.Diff(want, in["ExecutionParameters"]); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	for sql, params := range map[string]map[string]any{
		"SELECT $a, $b": {"a": "x"},
		"SELECT ?":      nil,
		"SELECT 1":      {"a": "x"},
		"SELECT $a":     {"a": struct{}{}},
		"SELECT $b":     {"b": strings.Repeat("x", 1023)},
		"SELECT $c":     {"c": "a\x00b"},
	} {
		if _, _, err := read(t.Context(), r, sql, params); !lake.HasCode(err, lake.QueryInvalid) {
			t.Errorf("%s with %v: %v", sql, params, err)
		}
	}
	if n := len(s.of("StartQueryExecution")); n != 1 {
		t.Errorf("%d queries were started", n)
	}
}
