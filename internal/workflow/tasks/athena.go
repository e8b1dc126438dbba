package tasks

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"wplake/internal/asl"
	"wplake/internal/lake"
	"wplake/internal/workflow"
)

// queries are those of this process, with the folder of their results.
type queries struct {
	known memory[*query]

	mu  sync.Mutex
	dir string
}

// query is one query, running or ended.
type query struct {
	id, sql, location, database string
	submitted                   time.Time
	work                        *piece
	rows                        *spool // nil until it has succeeded

	mu       sync.Mutex
	state    string // RUNNING, SUCCEEDED, FAILED, CANCELLED
	reason   string
	code     lake.Code
	finished time.Time
}

func (q *query) over() bool { return q.work.over() }

func (t *Tasks) athena() map[string]integration {
	id := field{"QueryExecutionId", text, true}
	return map[string]integration{
		"athena:startQueryExecution": {
			optimised: true, sdk: true, patterns: []asl.Pattern{asl.RunJob}, do: t.startQuery,
			fields: []field{
				{"QueryString", text, true}, {"QueryExecutionContext", object, false}, {"ResultConfiguration", object, false},
				{"WorkGroup", text, false}, {"ClientRequestToken", text, false},
			},
		},
		"athena:getQueryExecution":  {optimised: true, sdk: true, do: t.getQuery, fields: []field{id}},
		"athena:stopQueryExecution": {optimised: true, sdk: true, do: t.stopQuery, fields: []field{id}},
		"athena:getQueryResults": {
			optimised: true, sdk: true, do: t.queryResults,
			fields: []field{id, {"MaxResults", integer, false}, {"NextToken", text, false}},
		},
	}
}

// startQuery starts a query, and waits for its end under .sync.
func (t *Tasks) startQuery(ctx context.Context, r request) (any, error) {
	if t.o.Reader == nil || t.o.Scratch == nil {
		return nil, r.refuse(athenaService(), "InternalServerException", 500, "this home runs no queries")
	}
	q := &query{
		id: r.uuid("query"), sql: r.text("QueryString"), database: t.o.Database, submitted: t.o.Now(), state: "RUNNING",
	}
	if token := r.text("ClientRequestToken"); token != "" {
		q.id = request{call: workflow.Call{Execution: "token", Key: token}}.uuid("query") // the same request is the same query
	}
	within, _ := r.args["QueryExecutionContext"].(map[string]any)
	if name, ok := within["Database"].(string); ok {
		q.database = name
	}
	result, _ := r.args["ResultConfiguration"].(map[string]any)
	q.location, _ = result["OutputLocation"].(string)
	if strings.TrimSpace(q.sql) == "" {
		return nil, r.refuse(athenaService(), "InvalidRequestException", 400, "QueryString is empty")
	}
	q, err := t.beginQuery(ctx, r, q)
	if err != nil {
		return nil, ended(ctx, r.broken(athenaService(), "InternalServerException", err))
	}
	answer := r.answer(map[string]any{"QueryExecutionId": q.id}, 200, nil)
	if r.call.Resource.Pattern != asl.RunJob {
		return answer, nil
	}
	r.submitted(answer)
	q.work.told.Store(true)
	select {
	case <-q.work.done:
	case <-ctx.Done():
		q.work.cancel()
		<-q.work.done
		return nil, ctx.Err()
	}
	execution := q.describe(r)
	if q.status() != "SUCCEEDED" {
		return nil, &workflow.TaskError{Name: "States.TaskFailed", Cause: asl.Text(execution)}
	}
	return map[string]any{"QueryExecution": execution}, nil
}

// beginQuery begins a query, or returns the one that has its id already.
func (t *Tasks) beginQuery(ctx context.Context, r request, q *query) (*query, error) {
	dir, err := t.resultsFolder()
	if err != nil {
		return nil, err
	}
	t.queries.mu.Lock()
	defer t.queries.mu.Unlock()
	if known, ok := t.queries.known.get(q.id); ok {
		return known, nil
	}
	q.work = t.work.begin(ctx, r.call, "query", q.id, func(ctx context.Context) error {
		rows, err := t.runQuery(ctx, q, dir)
		q.end(ctx, t.o.Now(), rows, err)
		return err
	})
	t.queries.known.add(q.id, q)
	return q, nil
}

// resultsFolder is where results are kept while this process runs.
func (t *Tasks) resultsFolder() (string, error) {
	t.queries.mu.Lock()
	defer t.queries.mu.Unlock()
	if t.queries.dir != "" {
		return t.queries.dir, nil
	}
	dir, err := t.o.Scratch()
	if err != nil {
		return "", err
	}
	t.queries.dir = dir
	t.queries.known.dropped = func(q *query) {
		if q.rows == nil {
			return
		}
		if err := os.Remove(q.rows.path); err != nil {
			t.o.Log.Warn("the results of a query are left", "file", q.rows.path, "error", err)
		}
	}
	return dir, nil
}

// runQuery runs a query's SQL over the lake's tables as they are now.
func (t *Tasks) runQuery(ctx context.Context, q *query, dir string) (s *spool, err error) {
	if !strings.EqualFold(q.database, t.o.Database) {
		return nil, &lake.Error{
			Code: lake.QueryInvalid, Message: fmt.Sprintf("SCHEMA_NOT_FOUND: Schema '%s' does not exist", q.database),
			Hint: "the lake's database is " + t.o.Database,
		}
	}
	reader, err := t.o.Reader(ctx)
	if err != nil {
		return nil, err
	}
	defer func() {
		if e := reader.Close(); err == nil {
			err = e
		}
	}()
	rows, err := reader.Query(ctx, strings.TrimRight(strings.TrimSpace(q.sql), ";"), nil)
	if err != nil {
		return nil, err
	}
	defer func() {
		if e := rows.Close(); err == nil {
			err = e
		}
	}()
	if s, err = spoolRows(ctx, dir, q.id, rows); err != nil {
		return nil, err
	}
	return s, t.output(ctx, q, s)
}

func (q *query) end(ctx context.Context, now time.Time, rows *spool, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.finished = now
	switch {
	case ctx.Err() != nil:
		q.state, q.reason = "CANCELLED", "Query was cancelled"
	case err != nil:
		e := lake.AsError(err, lake.Internal)
		q.state, q.reason, q.code = "FAILED", shorten(e.Error(), maxMessage), e.Code
		if e.Hint != "" {
			q.reason += "; " + shorten(e.Hint, maxObjectError)
		}
	default:
		q.state, q.rows = "SUCCEEDED", rows
	}
}

func (q *query) status() string {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.state
}

// describe is the query in Athena's shape.
func (q *query) describe(r request) map[string]any {
	q.mu.Lock()
	defer q.mu.Unlock()
	status := map[string]any{"State": q.state, "SubmissionDateTime": r.time(q.submitted)}
	execution := map[string]any{
		"QueryExecutionId": q.id, "Query": q.sql, "StatementType": "DML", "Status": status, "WorkGroup": "primary",
		"QueryExecutionContext": map[string]any{"Database": q.database},
		"EngineVersion":         map[string]any{"SelectedEngineVersion": "AUTO", "EffectiveEngineVersion": "DuckDB"},
	}
	if q.location != "" {
		execution["ResultConfiguration"] = map[string]any{"OutputLocation": q.output()}
	}
	if q.finished.IsZero() {
		return execution
	}
	took := number(q.finished.Sub(q.submitted).Milliseconds())
	status["CompletionDateTime"] = r.time(q.finished)
	execution["Statistics"] = map[string]any{"EngineExecutionTimeInMillis": took, "TotalExecutionTimeInMillis": took}
	if q.reason != "" {
		status["StateChangeReason"] = q.reason
	}
	if q.state == "FAILED" {
		category := int64(1) // the system's
		if q.code == lake.QueryInvalid || q.code == lake.QueryRefused {
			category = 2 // the user's
		}
		status["AthenaError"] = map[string]any{"ErrorCategory": number(category), "ErrorMessage": q.reason, "Retryable": false}
	}
	return execution
}

// findQuery finds the query that a request names.
func (t *Tasks) findQuery(r request) (*query, error) {
	q, ok := t.queries.known.get(r.text("QueryExecutionId"))
	if !ok {
		return nil, r.refuse(athenaService(), "InvalidRequestException", 400, "QueryExecution %s was not found", r.text("QueryExecutionId"))
	}
	return q, nil
}

// getQuery tells how a query stands. While it runs the answer is held back for
// a while, see patience.
func (t *Tasks) getQuery(ctx context.Context, r request) (any, error) {
	q, err := t.findQuery(r)
	if err != nil {
		return nil, err
	}
	q.work.within(ctx, r.patience())
	q.work.tell()
	return r.answer(map[string]any{"QueryExecution": q.describe(r)}, 200, nil), nil
}

// stopQuery stops a query; one that has ended stays as it is.
func (t *Tasks) stopQuery(_ context.Context, r request) (any, error) {
	q, err := t.findQuery(r)
	if err != nil {
		return nil, err
	}
	q.work.told.Store(true)
	q.work.cancel()
	return r.answer(map[string]any{}, 200, nil), nil
}

// queryResults answers a page of a query's rows, at most 1000, on the first of
// which the names of the columns come first.
func (t *Tasks) queryResults(_ context.Context, r request) (any, error) {
	q, err := t.findQuery(r)
	if err != nil {
		return nil, err
	}
	q.mu.Lock()
	state, rows := q.state, q.rows
	q.mu.Unlock()
	if rows == nil {
		return nil, r.refuse(athenaService(), "InvalidRequestException", 400, "Query has not yet finished. Current state: %s", state)
	}
	most := r.integer("MaxResults", 1000)
	if most < 1 || most > 1000 {
		return nil, r.refuse(athenaService(), "InvalidRequestException", 400, "MaxResults is more than maximum allowed length 1000")
	}
	page, next, err := rows.page(r.text("NextToken"), int(most), r.call.Resource.Service)
	if err != nil {
		return nil, r.resultsFailure(err)
	}
	answer := map[string]any{"ResultSet": map[string]any{"Rows": page, "ResultSetMetadata": map[string]any{"ColumnInfo": rows.columns}}, "UpdateCount": number(0)}
	if next != "" {
		answer["NextToken"] = next
	}
	return r.answer(answer, 200, nil), nil
}
