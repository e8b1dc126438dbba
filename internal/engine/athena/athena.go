// Package athena runs a person's SQL on Amazon Athena: the driver of the port
// engine.Reader for the home aws.
//
// What a query may do is decided at AWS, by the caller's role; this package
// refuses statements that do more than read before they are sent. The dialect
// is Athena's (Trino; Hive for SHOW and DESCRIBE), not DuckDB's.
package athena

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"

	"wplake/internal/awsapi"
	"wplake/internal/engine"
	"wplake/internal/lake"
)

// Options configure a Reader.
type Options struct {
	Workgroup string // "" for Athena's primary
	Results   string // s3://bucket/prefix/ of results; "" for the workgroup's
	Database  string // of tables that are named without one
	// ScanLimit is how many bytes a query may read, 0 for any number: one that
	// has read more is stopped when that is seen. Athena tells about once a
	// second, so a quick query ends before; the workgroup's own limit is exact.
	ScanLimit int64
	Log       *slog.Logger // nil for none
	// Stats is told of each query that has ended, also of one that failed; may
	// be nil. It may be called concurrently.
	Stats func(Stats)
	// Export writes rows to a new Parquet file at path and returns how many
	// there were; nil where the home has no engine for it.
	Export func(ctx context.Context, rows engine.Rows, path string) (int64, error)
	// Wait waits between two looks at a query; nil for the clock.
	Wait func(ctx context.Context, d time.Duration) error
}

// Stats are what Athena tells about a query that has ended.
type Stats struct {
	Execution string // its ID
	State     string // SUCCEEDED, FAILED or CANCELLED
	Engine    string // e.g. Athena engine version 3
	Workgroup string
	Output    string // where the results lie, s3://…
	// BytesScanned is what it read; Billed what Athena charges for: at least
	// 10 MB, and nothing for a query that failed or only told of tables.
	BytesScanned, Billed int64
	Queued, Planned, Ran time.Duration
	Total                time.Duration // from the submission to the end
}

// Reader runs queries. Its methods may be called concurrently.
type Reader struct {
	client *athena.Client
	o      Options
}

var _ engine.Reader = (*Reader)(nil)

// New makes a reader. No request is made.
func New(cfg aws.Config, o Options) *Reader {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Wait == nil {
		o.Wait = awsapi.Wait
	}
	return &Reader{client: athena.NewFromConfig(cfg), o: o}
}

// Close releases the reader: there is nothing to release.
func (r *Reader) Close() error { return nil }

// Query implements engine.Reader. It returns when Athena has ended the query;
// the rows are then fetched in pages. When ctx ends sooner, the query is
// stopped.
//
// The values are those of the port, with these kinds: decimal as its exact
// text; timestamps to the millisecond, those with a zone in UTC; arrays, maps,
// rows and all other types as the text that Athena shows, for that text does
// not tell where their parts end. CAST(x AS JSON) gives them a text that does.
//
// Errors have the codes of the port, and AccessDenied, CredentialsBad and
// ServiceFailed.
func (r *Reader) Query(ctx context.Context, sql string, params map[string]any) (engine.Rows, error) {
	statement, err := check(sql)
	if err != nil {
		return nil, err
	}
	text, values, err := bind(statement, params)
	if err != nil {
		return nil, err
	}
	id, err := r.start(ctx, text, values)
	if err != nil {
		return nil, err
	}
	x, err := r.finish(ctx, id)
	if err != nil {
		return nil, err
	}
	out := &rows{
		ctx: ctx, client: r.client, id: id,
		header: x.StatementType != types.StatementTypeDdl && !tellsTables(statement),
	}
	if err := out.first(); err != nil {
		return nil, err
	}
	return out, nil
}

// tellsTables tells the statements whose results have no line of names.
func tellsTables(statement string) bool {
	first := begin(words(statement))
	for _, t := range tells() {
		if first == t {
			return true
		}
	}
	return false
}

// Export implements engine.Reader.
func (r *Reader) Export(ctx context.Context, sql string, params map[string]any, path string) (n int64, err error) {
	if r.o.Export == nil {
		return 0, &lake.Error{
			Code: lake.QueryRefused, Message: "there is nothing here that writes Athena's rows to a Parquet file",
			Hint: "let DuckDB run the query: --engine duckdb",
		}
	}
	statement, err := check(sql)
	if err != nil {
		return 0, err
	}
	if first := begin(words(statement)); first == "EXPLAIN" {
		return 0, refuse("EXPLAIN is refused: it has no rows to keep")
	}
	out, err := r.Query(ctx, sql, params)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	return r.o.Export(ctx, out, path)
}

// startGrace is how long the answer to a start is waited for when nobody waits
// for the query any more: without its ID it could not be stopped.
const startGrace = 5 * time.Second

func (r *Reader) start(ctx context.Context, sql string, values []string) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", awsapi.Failure(err, "start the query", "athena:StartQueryExecution", lake.EngineFailed)
	}
	in := &athena.StartQueryExecutionInput{
		QueryString: &sql, ExecutionParameters: values,
		// A second try of a start whose answer was lost finds the first one.
		ClientRequestToken: aws.String(rand.Text() + rand.Text()),
	}
	if r.o.Workgroup != "" {
		in.WorkGroup = &r.o.Workgroup
	}
	if r.o.Database != "" {
		in.QueryExecutionContext = &types.QueryExecutionContext{Database: &r.o.Database}
	}
	if r.o.Results != "" {
		in.ResultConfiguration = &types.ResultConfiguration{OutputLocation: &r.o.Results}
	}
	starting, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(ctx, func() {
		defer cancel()
		_ = awsapi.Wait(starting, startGrace) // the start itself tells
	})()
	out, err := r.client.StartQueryExecution(starting, in)
	switch {
	case err == nil:
		r.o.Log.DebugContext(ctx, "Athena runs a query", "query", aws.ToString(out.QueryExecutionId), "parameters", len(values))
		return aws.ToString(out.QueryExecutionId), nil
	case awsapi.Code(err) == "InvalidRequestException":
		return "", r.refused(err)
	}
	return "", awsapi.Failure(err, "start the query", "athena:StartQueryExecution", lake.ServiceFailed)
}

// refused words what Athena says to a statement or to its surroundings without
// running it.
func (r *Reader) refused(err error) error {
	var e *types.InvalidRequestException
	message := err.Error()
	if errors.As(err, &e) {
		message = e.ErrorMessage()
	}
	switch {
	case strings.Contains(message, "output location"), strings.Contains(message, "outputLocation"):
		return &lake.Error{
			Code: lake.ConfigInvalid, Message: "Athena has no place for results: " + message, Err: err,
			Hint: "set aws.athena.results in wplake.yaml, or a result location of the workgroup",
		}
	case strings.Contains(message, "WorkGroup") || strings.Contains(message, "Workgroup"):
		return &lake.Error{
			Code: lake.ConfigInvalid, Message: "Athena refuses the workgroup: " + message, Err: err,
			Hint: "look at aws.athena.workgroup in wplake.yaml; `wplake deploy apply` makes the stack's own",
		}
	}
	return failure(message, nil)
}
