package duckdb

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	bindings "github.com/duckdb/duckdb-go-bindings"

	"wplake/internal/lake"
)

// conn is a connection. Not for concurrent use.
type conn struct {
	c bindings.Connection
}

func (d *database) connect() (*conn, error) {
	c := &conn{}
	if bindings.Connect(d.db, &c.c) == bindings.StateError {
		return nil, &lake.Error{Code: lake.EngineFailed, Message: "DuckDB gave no connection"}
	}
	return c, nil
}

func (c *conn) close() { bindings.Disconnect(&c.c) }

// interruptEvery is how often a cancelled call is told to stop: DuckDB forgets
// an interruption that comes before the call has properly begun.
const interruptEvery = 10 * time.Millisecond

// interruptible runs call, and stops it when ctx ends.
func (c *conn) interruptible(ctx context.Context, call func() error) error {
	if err := ctx.Err(); err != nil {
		return interrupted(err)
	}
	done, finished := make(chan struct{}), make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(finished)
		tick := time.NewTicker(interruptEvery)
		defer tick.Stop()
		for {
			bindings.Interrupt(c.c)
			select {
			case <-done:
				return
			case <-tick.C:
			}
		}
	})
	err := call()
	close(done)
	if !stop() {
		<-finished
		if err != nil {
			return interrupted(ctx.Err())
		}
	}
	return err
}

func interrupted(cause error) error {
	return &lake.Error{Code: lake.Interrupted, Message: "the query was cancelled", Err: cause}
}

// exec runs one trusted statement and drops its result.
func (c *conn) exec(ctx context.Context, sql string) error {
	_, err := c.change(ctx, sql)
	return err
}

// change runs one trusted statement and returns how many rows it wrote.
func (c *conn) change(ctx context.Context, sql string) (int64, error) {
	if strings.ContainsRune(sql, 0) {
		return 0, errNUL()
	}
	var rows int64
	err := c.interruptible(ctx, func() error {
		var res bindings.Result
		defer bindings.DestroyResult(&res)
		if bindings.Query(c.c, sql, &res) == bindings.StateError {
			return errors.New(bindings.ResultError(&res))
		}
		rows = int64(bindings.RowsChanged(&res))
		return nil
	})
	return rows, err
}

func errNUL() error {
	return &lake.Error{Code: lake.QueryInvalid, Message: "the SQL holds a NUL byte"}
}

// extract parses sql and calls visit for each of its statements, prepared but
// not run, while the last one's preparation holds. visit owns the statement.
func (c *conn) extract(sql string) (statements bindings.ExtractedStatements, count int, err error) {
	if strings.ContainsRune(sql, 0) {
		return statements, 0, errNUL()
	}
	n := bindings.ExtractStatements(c.c, sql, &statements)
	if n == 0 {
		message := bindings.ExtractStatementsError(statements)
		bindings.DestroyExtracted(&statements)
		if message == "" {
			return statements, 0, &lake.Error{Code: lake.QueryInvalid, Message: "there is no SQL statement"}
		}
		return statements, 0, errors.New(message)
	}
	return statements, int(n), nil
}

// prepare prepares the statement at index i.
func (c *conn) prepare(ctx context.Context, statements bindings.ExtractedStatements, i int) (bindings.PreparedStatement, error) {
	var p bindings.PreparedStatement
	err := c.interruptible(ctx, func() error {
		if bindings.PrepareExtractedStatement(c.c, statements, bindings.IdxT(i), &p) == bindings.StateError {
			err := errors.New(bindings.PrepareError(p))
			bindings.DestroyPrepare(&p)
			return err
		}
		return nil
	})
	return p, err
}

// stream runs a prepared and bound statement. The rows own the statement and
// the connection, also where an error is returned.
func (c *conn) stream(ctx context.Context, p bindings.PreparedStatement) (*rows, error) {
	r := &rows{ctx: ctx, conn: c, prepared: p}
	err := c.interruptible(ctx, func() error {
		var pending bindings.PendingResult
		defer bindings.DestroyPending(&pending)
		if bindings.PendingPreparedStreaming(p, &pending) == bindings.StateError {
			return errors.New(bindings.PendingError(pending))
		}
		if bindings.ExecutePending(pending, &r.result) == bindings.StateError {
			return errors.New(bindings.ResultError(&r.result))
		}
		return nil
	})
	if err == nil {
		err = r.describe()
	}
	if err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// bind gives the parameter at index i (from 1) its value.
func bind(p bindings.PreparedStatement, i int, value any) error {
	at := bindings.IdxT(i)
	state := bindings.StateError
	switch v := value.(type) {
	case nil:
		state = bindings.BindNull(p, at)
	case bool:
		state = bindings.BindBoolean(p, at, v)
	case int:
		state = bindings.BindInt64(p, at, int64(v))
	case int64:
		state = bindings.BindInt64(p, at, v)
	case float64:
		state = bindings.BindDouble(p, at, v)
	case string:
		state = bindings.BindVarcharLength(p, at, v, bindings.IdxT(len(v)))
	case time.Time:
		state = bindings.BindTimestamp(p, at, bindings.NewTimestamp(v.UnixMicro()))
	default:
		return &lake.Error{Code: lake.QueryInvalid, Message: fmt.Sprintf("a parameter cannot be a %T", value)}
	}
	if state == bindings.StateError {
		return &lake.Error{Code: lake.QueryInvalid, Message: "a parameter could not be bound", Err: errors.New(bindings.PrepareError(p))}
	}
	return nil
}
