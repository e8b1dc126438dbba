package duckdb

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/big"
	"strings"
	"time"

	bindings "github.com/duckdb/duckdb-go-bindings"

	"wplake/internal/engine"
	"wplake/internal/lake"
)

// conn is a connection. Not for concurrent use.
type conn struct {
	c  bindings.Connection
	db *database
	// patience is how long a cancelled call may go on before it is left to
	// itself; 0 for as long as it takes. DuckDB looks for an interruption
	// between two vectors of rows, and one vector can take minutes when each of
	// its values is huge.
	patience  time.Duration
	abandoned bool
}

func (d *database) connect() (*conn, error) {
	c := &conn{db: d}
	if bindings.Connect(d.db, &c.c) == bindings.StateError {
		return nil, &lake.Error{Code: lake.EngineFailed, Message: "DuckDB gave no connection"}
	}
	return c, nil
}

func (c *conn) close() {
	if !c.abandoned {
		bindings.Disconnect(&c.c)
	}
}

// interruptEvery is how often a cancelled call is told to stop: DuckDB forgets
// an interruption that comes before the call has properly begun.
const interruptEvery = 10 * time.Millisecond

// interruptible runs call, and stops it when ctx ends. What call makes it must
// return: where the connection was abandoned, call is still running.
func interruptible[T any](ctx context.Context, c *conn, call func() (T, error)) (T, error) {
	type outcome struct {
		value T
		err   error
	}
	var none T
	if err := ctx.Err(); err != nil {
		return none, interrupted(ctx)
	}
	if ctx.Done() == nil {
		return call()
	}
	result := make(chan outcome, 1)
	go func() {
		v, err := call()
		result <- outcome{v, err}
	}()
	select {
	case o := <-result:
		return o.value, o.err
	case <-ctx.Done():
	}
	tick := time.NewTicker(interruptEvery)
	defer tick.Stop()
	var enough <-chan time.Time
	if c.patience > 0 {
		enough = time.After(c.patience)
	}
	for {
		bindings.Interrupt(c.c)
		select {
		case o := <-result:
			if o.err != nil {
				o.err = interrupted(ctx)
			}
			return o.value, o.err
		case <-enough:
			c.abandoned = true
			c.db.abandoned.Store(true)
			return none, interrupted(ctx)
		case <-tick.C:
		}
	}
}

// interrupted says why ctx ended.
func interrupted(ctx context.Context) error {
	cause := context.Cause(ctx)
	if e, ok := errors.AsType[*lake.Error](cause); ok {
		return e
	}
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
	return interruptible(ctx, c, func() (int64, error) {
		var res bindings.Result
		defer bindings.DestroyResult(&res)
		if bindings.Query(c.c, sql, &res) == bindings.StateError {
			return 0, errors.New(bindings.ResultError(&res))
		}
		return int64(bindings.RowsChanged(&res)), nil
	})
}

func errNUL() error {
	return &lake.Error{Code: lake.QueryInvalid, Message: "the SQL holds a NUL byte"}
}

// extract parses sql into its statements, which the caller destroys. Nothing
// runs.
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
	return interruptible(ctx, c, func() (bindings.PreparedStatement, error) {
		var p bindings.PreparedStatement
		if bindings.PrepareExtractedStatement(c.c, statements, bindings.IdxT(i), &p) == bindings.StateError {
			err := errors.New(bindings.PrepareError(p))
			bindings.DestroyPrepare(&p)
			return p, err
		}
		return p, nil
	})
}

// stream runs a prepared and bound statement. The rows own the statement and
// the connection, also where an error is returned.
func (c *conn) stream(ctx context.Context, p bindings.PreparedStatement) (*rows, error) {
	r := &rows{ctx: ctx, conn: c, prepared: p}
	result, err := interruptible(ctx, c, func() (*bindings.Result, error) {
		var res bindings.Result
		var pending bindings.PendingResult
		defer bindings.DestroyPending(&pending)
		// Deprecated in name only: there is no other way to a result that is not held in memory.
		if bindings.PendingPreparedStreaming(p, &pending) == bindings.StateError {
			return &res, errors.New(bindings.PendingError(pending))
		}
		if bindings.ExecutePending(pending, &res) == bindings.StateError {
			return &res, errors.New(pendingCause(bindings.ResultError(&res)))
		}
		return &res, nil
	})
	r.result = result
	if err == nil {
		err = r.describe()
	}
	if err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// pendingCause is the failure that DuckDB's message wraps when a result failed
// before it was asked for.
func pendingCause(message string) string {
	if strings.Contains(message, unsuccessful) {
		if _, cause, ok := strings.Cut(message, "\nError: "); ok {
			return cause
		}
	}
	return message
}

const unsuccessful = "Attempting to execute an unsuccessful or closed pending query result"

// bind gives the parameter at index i (from 1) its value.
func bind(p bindings.PreparedStatement, i int, value any) error {
	at := bindings.IdxT(i)
	var state bindings.State
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
	case engine.Decimal:
		d, err := decimalOf(v)
		if err != nil {
			return err
		}
		state = bindings.BindDecimal(p, at, d)
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

// decimalOf reads a decimal's text.
func decimalOf(text engine.Decimal) (bindings.Decimal, error) {
	whole, fraction, _ := strings.Cut(string(text), ".")
	unscaled, ok := new(big.Int).SetString(whole+fraction, 10)
	width := len(strings.TrimPrefix(whole, "-")) + len(fraction)
	if !ok || width > 38 {
		return bindings.Decimal{}, &lake.Error{Code: lake.QueryInvalid, Message: fmt.Sprintf("%s is no decimal number of up to 38 digits", text)}
	}
	low := new(big.Int).And(unscaled, new(big.Int).SetUint64(math.MaxUint64)).Uint64()
	high := new(big.Int).Rsh(unscaled, 64).Int64()
	return bindings.NewDecimal(uint8(width), uint8(len(fraction)), bindings.NewHugeInt(low, high)), nil
}
