package athena

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"

	"wplake/internal/awsapi"
	"wplake/internal/engine"
	"wplake/internal/lake"
)

// pageRows is how many rows are fetched at once: the most that Athena gives.
const pageRows = 1000

// rows is the result of a query, a page of it in memory.
type rows struct {
	ctx     context.Context //nolint:containedctx // it is the life of the iteration
	client  *athena.Client
	id      string
	header  bool // the first row may be that of the names
	columns []lake.Column
	page    []types.Row
	next    *string // of the page that follows, nil for none
	values  []any
	err     error
}

var _ engine.Rows = (*rows)(nil)

// first fetches the first page.
func (r *rows) first() error {
	if r.err = r.fetch(); r.err != nil {
		return r.err
	}
	if r.header && len(r.page) > 0 && r.isHeader(r.page[0]) {
		r.page = r.page[1:]
	}
	return nil
}

func (r *rows) fetch() error {
	out, err := r.client.GetQueryResults(r.ctx, &athena.GetQueryResultsInput{
		QueryExecutionId: &r.id, NextToken: r.next, MaxResults: aws.Int32(pageRows),
	})
	if err != nil {
		return awsapi.Failure(err, "read the results of query "+r.id, "athena:GetQueryResults and s3:GetObject on the results", lake.ServiceFailed)
	}
	r.page, r.next = nil, out.NextToken
	if out.ResultSet == nil {
		return nil
	}
	r.page = out.ResultSet.Rows
	if r.columns == nil && out.ResultSet.ResultSetMetadata != nil {
		for _, c := range out.ResultSet.ResultSetMetadata.ColumnInfo {
			r.columns = append(r.columns, columnOf(c))
		}
	}
	return nil
}

// isHeader tells whether a row holds the columns' names.
func (r *rows) isHeader(row types.Row) bool {
	if len(row.Data) != len(r.columns) {
		return false
	}
	for i, d := range row.Data {
		if aws.ToString(d.VarCharValue) != r.columns[i].Name {
			return false
		}
	}
	return true
}

// Columns implements engine.Rows.
func (r *rows) Columns() []lake.Column { return r.columns }

// Next implements engine.Rows.
func (r *rows) Next() bool {
	for len(r.page) == 0 && r.err == nil {
		if r.next == nil {
			return false
		}
		r.err = r.fetch()
	}
	if r.err != nil {
		return false
	}
	row := r.page[0]
	r.page = r.page[1:]
	r.values, r.err = r.read(row)
	return r.err == nil
}

func (r *rows) read(row types.Row) ([]any, error) {
	data := row.Data
	if len(data) == 1 && len(r.columns) > 1 {
		data = fields(aws.ToString(data[0].VarCharValue), len(r.columns))
	}
	out := make([]any, len(r.columns))
	for i, c := range r.columns {
		if i >= len(data) {
			break
		}
		v, err := value(data[i].VarCharValue, c)
		if err != nil {
			return nil, err
		}
		out[i] = v
	}
	return out, nil
}

// fields cuts a line of Hive's, as SHOW and DESCRIBE answer it: all columns in
// one text, with tabs between them.
func fields(text string, n int) []types.Datum {
	var out []types.Datum
	for _, field := range strings.SplitN(text, "\t", n) {
		out = append(out, types.Datum{VarCharValue: aws.String(strings.TrimSpace(field))})
	}
	return out
}

// Values implements engine.Rows.
func (r *rows) Values() []any { return r.values }

// Err implements engine.Rows.
func (r *rows) Err() error { return r.err }

// Close implements engine.Rows. The query has ended; nothing of it is open.
func (r *rows) Close() error {
	r.page, r.next = nil, nil
	return nil
}
