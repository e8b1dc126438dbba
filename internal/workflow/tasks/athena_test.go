package tasks_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"wplake/internal/asl"
	"wplake/internal/engine"
	"wplake/internal/lake"
	"wplake/internal/workflow"
	"wplake/internal/workflow/tasks"
)

func queryHome(t *testing.T, r *table) *home {
	t.Helper()
	return newHome(t, func(o *tasks.Options) { o.Reader = r.reader })
}

// values are of every kind that a reader gives, with what Athena writes.
func values() (*table, []string) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 678_900_000, time.UTC)
	columns, row, want := []lake.Column{}, []any{}, []string{}
	for i, v := range []struct {
		value any
		kind  lake.Type
		text  string
	}{
		{int64(-7), lake.Bigint, "-7"}, {nil, lake.String, ""}, {"a \"b\", ä\n", lake.String, "a \"b\", ä\n"}, {true, lake.Boolean, "true"},
		{1.5, lake.Double, "1.5"}, {2.0, lake.Double, "2.0"}, {1.5e10, lake.Double, "1.5E10"}, {1e-5, lake.Double, "1.0E-5"}, {0.0, lake.Double, "0.0"},
		{math.NaN(), lake.Double, "NaN"}, {math.Inf(-1), lake.Double, "-Infinity"}, {math.Inf(1), lake.Double, "Infinity"},
		{at, lake.Timestamp, "2026-01-02 03:04:05.678"}, {at, lake.Date, "2026-01-02"}, {"12.50", "decimal(10,2)", "12.50"},
		{big.NewInt(12), "decimal(38,0)", "12"}, {[]byte{1, 255}, "binary", "01 ff"},
		{[]any{int64(1), nil, "x"}, "array<string>", "[1, null, x]"}, {map[string]any{"b": int64(1), "a": nil}, "struct<b:int,a:int>", `{"a":null,"b":"1"}`},
	} {
		columns = append(columns, lake.Column{Name: fmt.Sprint("c", i), Type: v.kind})
		row, want = append(row, v.value), append(want, v.text)
	}
	return &table{columns: columns, rows: [][]any{row}}, want
}

func TestQuery(t *testing.T) {
	t.Parallel()
	r, want := values()
	h := queryHome(t, r)
	var submitted any
	out, err := h.doCtx(t.Context(), "athena:startQueryExecution.sync",
		`{"QueryString":" SELECT * FROM \"silver-posts\" ; ","WorkGroup":"primary","QueryExecutionContext":{"Database":"wordpress_api","Catalog":"AwsDataCatalog"}}`, func(a any) { submitted = a })
	if err != nil {
		t.Fatal(err)
	}
	if r.asked[0] != `SELECT * FROM "silver-posts"` && r.asked[0] != `SELECT * FROM "silver-posts" ` {
		t.Errorf("the reader was asked %q", r.asked[0])
	}
	id := asl.Text(at(out, "QueryExecution", "QueryExecutionId"))
	is(t, id, submitted, "QueryExecutionId")
	is(t, `"SUCCEEDED"`, out, "QueryExecution", "Status", "State")
	if _, ok := at(out, "QueryExecution", "Status", "SubmissionDateTime").(interface{ Int64() (int64, error) }); !ok {
		t.Error("the optimised integration tells times in milliseconds")
	}
	same := h.must("aws-sdk:athena:getQueryExecution", `{"QueryExecutionId":`+id+`}`)
	if _, err := time.Parse(time.RFC3339, fmt.Sprint(at(same, "QueryExecution", "Status", "CompletionDateTime"))); err != nil {
		t.Error(err)
	}
	result := h.must("athena:getQueryResults", `{"QueryExecutionId":`+id+`}`)
	is(t, `"c0"`, result, "ResultSet", "Rows", 0, "Data", 0, "VarCharValue")
	for i, text := range want {
		v, given := at(result, "ResultSet", "Rows", 1, "Data", i).(map[string]any)["VarCharValue"]
		if given && v != text || !given && text != "" {
			t.Errorf("column %d is %v, want %q", i, v, text)
		}
	}
	is(t, `null`, result, "NextToken")
	info := func(i int) any { return at(result, "ResultSet", "ResultSetMetadata", "ColumnInfo", i) }
	is(t, `"bigint"`, info(0), "Type")
	is(t, `"varchar"`, info(1), "Type")
	is(t, `true`, info(1), "CaseSensitive")
	is(t, `"decimal"`, info(14), "Type")
	is(t, `2`, info(14), "Scale")
	is(t, `"array"`, info(17), "Type")
	is(t, `"row"`, info(18), "Type")
}

func TestQueryPages(t *testing.T) {
	t.Parallel()
	r := &table{columns: []lake.Column{{Name: "n", Type: lake.Bigint}}}
	for i := range 2500 {
		r.rows = append(r.rows, []any{int64(i)})
	}
	h := queryHome(t, r)
	id := asl.Text(at(h.must("athena:startQueryExecution.sync", `{"QueryString":"SELECT 1"}`), "QueryExecution", "QueryExecutionId"))
	for _, size := range []string{"", `,"MaxResults":7`, `,"MaxResults":1`} {
		seen, token := 0, ""
		for {
			page := h.must("athena:getQueryResults", `{"QueryExecutionId":`+id+size+token+`}`)
			rows, _ := at(page, "ResultSet", "Rows").([]any)
			for i := range rows {
				want := fmt.Sprintf(`"%d"`, seen-1)
				if seen == 0 {
					want = `"n"`
				}
				is(t, want, rows, i, "Data", 0, "VarCharValue")
				seen++
			}
			next, more := page["NextToken"]
			if !more {
				break
			}
			token = `,"NextToken":` + asl.Text(next)
		}
		if seen != 2501 {
			t.Errorf("%s: %d rows", size, seen)
		}
	}
	h.refused("Athena.InvalidRequestException", "athena:getQueryResults", `{"QueryExecutionId":`+id+`,"MaxResults":1001}`)
	for _, token := range []string{"x", "-1", "3"} {
		h.refused("Athena.InvalidRequestException", "athena:getQueryResults", `{"QueryExecutionId":`+id+`,"NextToken":"`+token+`"}`)
	}
}

func TestQueryWithoutRows(t *testing.T) {
	t.Parallel()
	h := queryHome(t, &table{columns: []lake.Column{{Name: "n", Type: lake.Bigint}}})
	id := asl.Text(at(h.must("athena:startQueryExecution.sync", `{"QueryString":"SELECT 1"}`), "QueryExecution", "QueryExecutionId"))
	is(t, `[{"Data":[{"VarCharValue":"n"}]}]`, h.must("athena:getQueryResults", `{"QueryExecutionId":`+id+`}`), "ResultSet", "Rows")
}

// A page that a state's data has no room for is refused; a smaller one is not.
func TestQueryLargeRows(t *testing.T) {
	t.Parallel()
	r := &table{columns: []lake.Column{{Name: "s", Type: lake.String}}}
	for range 4 {
		r.rows = append(r.rows, []any{strings.Repeat("x", 100_000)})
	}
	h := queryHome(t, r)
	id := asl.Text(at(h.must("athena:startQueryExecution.sync", `{"QueryString":"SELECT 1"}`), "QueryExecution", "QueryExecutionId"))
	h.refused("States.DataLimitExceeded", "athena:getQueryResults", `{"QueryExecutionId":`+id+`}`)
	h.must("athena:getQueryResults", `{"QueryExecutionId":`+id+`,"MaxResults":2}`)
}

func TestQueryFails(t *testing.T) {
	t.Parallel()
	invalid := &lake.Error{Code: lake.QueryInvalid, Message: `Binder Error: column "x" is not there`, Hint: "look"}
	for name, test := range map[string]struct {
		r         *table
		arguments string
		says      []string
	}{
		"refused":          {&table{err: invalid}, `"QueryString":"SELECT x"`, []string{"Binder Error", "; look", `"ErrorCategory":2`}},
		"late":             {&table{late: errors.New("the disk is gone")}, `"QueryString":"SELECT x"`, []string{"the disk is gone", `"ErrorCategory":1`}},
		"another database": {&table{}, `"QueryString":"SELECT 1","QueryExecutionContext":{"Database":"other"}`, []string{"SCHEMA_NOT_FOUND: Schema 'other' does not exist"}},
	} {
		h := queryHome(t, test.r)
		cause := h.refused("States.TaskFailed", "athena:startQueryExecution.sync", "{"+test.arguments+"}")
		mustSay(t, cause, append(test.says, `"State":"FAILED"`, `"StateChangeReason":"`)...)
		id := asl.Text(h.must("athena:startQueryExecution", "{"+test.arguments+"}")["QueryExecutionId"])
		is(t, `"FAILED"`, h.must("athena:getQueryExecution", `{"QueryExecutionId":`+id+`}`), "QueryExecution", "Status", "State")
		mustSay(t, h.refused("Athena.InvalidRequestException", "athena:getQueryResults", `{"QueryExecutionId":`+id+`}`), "Query has not yet finished. Current state: FAILED")
		if err := h.tasks.Wait(t.Context()); err != nil {
			t.Errorf("%s: the states were told, and Wait tells again: %v", name, err)
		}
	}
	h := queryHome(t, &table{})
	h.refused("Athena.InvalidRequestException", "athena:startQueryExecution", `{"QueryString":" "}`)
	for _, call := range []string{"getQueryExecution", "getQueryResults", "stopQueryExecution"} {
		mustSay(t, h.refused("Athena.InvalidRequestException", "aws-sdk:athena:"+call, `{"QueryExecutionId":"none"}`), "QueryExecution none was not found (Service: Athena, Status Code: 400,")
	}
}

func TestQueryStopped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := queryHome(t, &table{wait: make(chan struct{})})
		id := asl.Text(h.must("athena:startQueryExecution", `{"QueryString":"SELECT 1"}`)["QueryExecutionId"])
		is(t, `"RUNNING"`, h.must("athena:getQueryExecution", `{"QueryExecutionId":`+id+`}`), "QueryExecution", "Status", "State")
		h.must("athena:stopQueryExecution", `{"QueryExecutionId":`+id+`}`)
		is(t, `"CANCELLED"`, h.must("athena:getQueryExecution", `{"QueryExecutionId":`+id+`}`), "QueryExecution", "Status", "State")

		ctx, cancel := context.WithCancel(t.Context())
		_, err := h.doCtx(ctx, "athena:startQueryExecution.sync", `{"QueryString":"SELECT 1"}`, func(any) { cancel() })
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
	})
}

func TestQueryTokenIsIdempotent(t *testing.T) {
	t.Parallel()
	r := &table{}
	h := queryHome(t, r)
	one := h.must("athena:startQueryExecution", `{"QueryString":"SELECT 1","ClientRequestToken":"t"}`)["QueryExecutionId"]
	two := h.must("athena:startQueryExecution", `{"QueryString":"SELECT 1","ClientRequestToken":"t"}`)["QueryExecutionId"]
	if err := h.tasks.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	if one != two || len(r.asked) != 1 {
		t.Errorf("%v and %v, run %d times", one, two, len(r.asked))
	}
}

// Results go where the query says, when that is in the lake.
func TestQueryOutput(t *testing.T) {
	t.Parallel()
	r := &table{
		columns: []lake.Column{{Name: "a", Type: lake.String}, {Name: "b", Type: lake.String}},
		rows:    [][]any{{"x", nil}, {`say "hi"`, "two\nlines"}},
	}
	h := queryHome(t, r)
	for _, location := range []string{"s3://lake-raw/results/", "s3://lake-raw/results", "s3://elsewhere/results/"} {
		out := h.must("athena:startQueryExecution.sync", `{"QueryString":"SELECT 1","ResultConfiguration":{"OutputLocation":"`+location+`"}}`)
		id := fmt.Sprint(at(out, "QueryExecution", "QueryExecutionId"))
		is(t, `"`+strings.TrimSuffix(location, "/")+"/"+id+`.csv"`, out, "QueryExecution", "ResultConfiguration", "OutputLocation")
		if strings.Contains(location, "elsewhere") {
			continue
		}
		f, err := h.o.Buckets["lake-raw"].Open(t.Context(), "results/"+id+".csv")
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(f)
		if err := errors.Join(err, f.Close()); err != nil || string(text) != "\"a\",\"b\"\n\"x\",\n\"say \"\"hi\"\"\",\"two\nlines\"\n" {
			t.Errorf("%s, %v", text, err)
		}
	}
}

// The results of old queries are removed.
func TestQueriesAreForgotten(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	h := newHome(t, func(o *tasks.Options) {
		o.Reader = (func(context.Context) (engine.Reader, error) { return &table{}, nil })
		o.Scratch = func() (string, error) { return dir, nil }
	})
	for range 120 {
		if _, err := h.do("athena:startQueryExecution.sync", `{"QueryString":"SELECT 1"}`); err != nil {
			t.Fatal(err)
		}
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) > 101 || len(left) < 90 {
		t.Errorf("%d results are left, %v", len(left), err)
	}
}

func TestNoQueries(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	var e *workflow.TaskError
	if _, err := h.do("athena:startQueryExecution", `{"QueryString":"SELECT 1"}`); !errors.As(err, &e) || e.Name != "Athena.InternalServerException" {
		t.Errorf("%v", err)
	}
}
