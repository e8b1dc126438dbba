package duckdb

import (
	"context"
	"errors"

	bindings "github.com/duckdb/duckdb-go-bindings"

	"wplake/internal/engine"
	"wplake/internal/lake"
)

// rows streams a result, a chunk of up to 2,048 rows at a time. It owns the
// statement and the connection it came from.
type rows struct {
	ctx      context.Context
	conn     *conn
	prepared bindings.PreparedStatement
	result   *bindings.Result  // nil where there is none
	explain  func(error) error // turns DuckDB's message into an error for people; may be nil
	onClose  func()            // may be nil

	columns []lake.Column
	kinds   []*kind
	chunk   bindings.DataChunk
	vectors []vector
	size    int // rows in chunk
	at      int // the current row in chunk
	values  []any
	err     error
	done    bool
	closed  bool
}

var _ engine.Rows = (*rows)(nil)

// describe reads the result's columns.
func (r *rows) describe() error {
	n := int(bindings.ColumnCount(r.result))
	for i := range n {
		logical := bindings.ColumnLogicalType(r.result, bindings.IdxT(i))
		k, err := kindOf(logical)
		bindings.DestroyLogicalType(&logical)
		name := bindings.ColumnName(r.result, bindings.IdxT(i))
		if err != nil {
			return &lake.Error{Code: lake.QueryInvalid, Message: "column " + name + " has a type that cannot be shown", Hint: "cast it, for example to VARCHAR", Err: err}
		}
		r.kinds = append(r.kinds, k)
		r.columns = append(r.columns, lake.Column{Name: name, Type: k.lakeType()})
	}
	r.values = make([]any, n)
	return nil
}

func (r *rows) Columns() []lake.Column { return r.columns }

func (r *rows) Next() bool {
	if r.done {
		return false
	}
	r.at++
	for r.at >= r.size {
		if !r.fetch() {
			r.done = true
			return false
		}
	}
	for i := range r.vectors {
		v, err := r.vectors[i].value(r.at)
		if err != nil {
			r.err, r.done = &lake.Error{Code: lake.EngineFailed, Message: "column " + r.columns[i].Name + " could not be read", Err: err}, true
			return false
		}
		r.values[i] = v
	}
	return true
}

// fetch gets the next chunk; false at the end or on an error.
func (r *rows) fetch() bool {
	r.drop()
	result := r.result
	chunk, err := interruptible(r.ctx, r.conn, func() (bindings.DataChunk, error) {
		chunk := bindings.FetchChunk(*result)
		if chunk.Ptr == nil {
			if message := bindings.ResultError(result); message != "" {
				return chunk, errors.New(message)
			}
		}
		return chunk, nil
	})
	r.chunk = chunk
	if err != nil {
		r.err = err
		if r.explain != nil {
			r.err = r.explain(err)
		}
		return false
	}
	if r.chunk.Ptr == nil {
		return false
	}
	r.size, r.at = int(bindings.DataChunkGetSize(r.chunk)), 0
	r.vectors = r.vectors[:0]
	for i, k := range r.kinds {
		r.vectors = append(r.vectors, k.over(bindings.DataChunkGetVector(r.chunk, bindings.IdxT(i))))
	}
	return true
}

// drop releases the current chunk.
func (r *rows) drop() {
	if r.chunk.Ptr != nil {
		bindings.DestroyDataChunk(&r.chunk)
	}
	r.size, r.at = 0, 0
}

func (r *rows) Values() []any { return r.values }

func (r *rows) Err() error { return r.err }

func (r *rows) Close() error {
	if r.closed {
		return nil
	}
	r.closed, r.done = true, true
	if !r.conn.abandoned { // else a call still uses them
		r.drop()
		if r.result != nil {
			bindings.DestroyResult(r.result)
		}
		bindings.DestroyPrepare(&r.prepared)
		r.conn.close()
	}
	if r.onClose != nil {
		r.onClose()
	}
	return nil
}
