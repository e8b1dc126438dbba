package duckdb

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	bindings "github.com/duckdb/duckdb-go-bindings"

	"wplake/internal/engine"
	"wplake/internal/lake"
)

// Options configure an Engine.
type Options struct {
	MemoryLimit   int64        // what DuckDB may allocate, in bytes; 0 for 512 MiB. The process takes some more
	RowGroupBytes int64        // the size of a Parquet row group in memory, in bytes; 0 for a size that suits MemoryLimit
	TempDir       string       // where what does not fit in memory goes; "" for a folder of its own
	Log           *slog.Logger // the SQL that runs, at the level debug; nil for none
}

const (
	defaultMemoryLimit = 512 << 20
	maxRowGroupBytes   = 16 << 20
	minRowGroupBytes   = 1 << 20
)

// Engine runs wplake's own SQL. It has one DuckDB with one thread: the thread
// that calls does the work, so that two calls at once use two cores, and one
// call never holds more than one thread's buffers.
type Engine struct {
	db       *database
	rowGroup int64
	log      *slog.Logger
}

var _ engine.Engine = (*Engine)(nil)

// Open opens an engine. The caller closes it.
func Open(_ context.Context, o Options) (*Engine, error) {
	if o.MemoryLimit <= 0 {
		o.MemoryLimit = defaultMemoryLimit
	}
	if o.RowGroupBytes <= 0 {
		// Two writers side by side hold a group each, and the compressed copy of it.
		o.RowGroupBytes = min(maxRowGroupBytes, max(minRowGroupBytes, o.MemoryLimit/32))
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	db, err := openDatabase(o.MemoryLimit, 1, o.TempDir, nil)
	if err != nil {
		return nil, err
	}
	return &Engine{db: db, rowGroup: o.RowGroupBytes, log: o.Log}, nil
}

// Close releases the engine.
func (e *Engine) Close() error { return e.db.close() }

// Copy implements engine.Engine. The same Copy of the same files gives the
// same bytes.
func (e *Engine) Copy(ctx context.Context, c engine.Copy) (int64, error) {
	conn, err := e.db.connect()
	if err != nil {
		return 0, err
	}
	defer conn.close()
	for _, sql := range c.Setup {
		if err := conn.exec(ctx, sql); err != nil {
			e.log.DebugContext(ctx, "a statement of the setup failed", "error", err) // its text may hold a salt
			return 0, explain(ctx, err)
		}
	}
	sql := copySQL(c.SQL, c.Path, c.Metadata, e.rowGroup)
	start := time.Now()
	rows, err := conn.change(ctx, sql)
	e.log.DebugContext(ctx, "SQL", "sql", sql, "rows", rows, "duration", time.Since(start), "error", err)
	return rows, explain(ctx, err)
}

// copySQL writes a COPY whose memory is bounded by bytes, whatever the width
// of the rows. It compresses with Snappy: zstd at its default level makes files
// of text a third of the size, but takes 1.7 times as long to write and to read
// again in the next stage, and not every reader of Parquet has it.
func copySQL(sql, path string, metadata map[string]string, rowGroupBytes int64) string {
	var b strings.Builder
	fmt.Fprintf(&b, "COPY (%s\n) TO %s (FORMAT parquet, COMPRESSION snappy, ROW_GROUP_SIZE_BYTES %d, USE_TMP_FILE false",
		strings.TrimRight(strings.TrimSpace(sql), ";"), engine.Literal(path), rowGroupBytes)
	if len(metadata) > 0 {
		b.WriteString(", KV_METADATA {")
		for i, key := range slices.Sorted(maps.Keys(metadata)) {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(engine.Ident(key) + ": " + engine.Literal(metadata[key]))
		}
		b.WriteString("}")
	}
	b.WriteString(")")
	return b.String()
}

// Query implements engine.Engine. The result streams: only a chunk of it is in
// memory at a time.
func (e *Engine) Query(ctx context.Context, sql string, args ...any) (engine.Rows, error) {
	e.log.DebugContext(ctx, "SQL", "sql", sql)
	r, err := e.query(ctx, sql, args)
	if err != nil {
		return nil, explain(ctx, err)
	}
	r.explain = func(err error) error { return explain(ctx, err) }
	return r, nil
}

func (e *Engine) query(ctx context.Context, sql string, args []any) (*rows, error) {
	c, err := e.db.connect()
	if err != nil {
		return nil, err
	}
	p, err := c.prepareOne(ctx, sql)
	if err != nil {
		c.close()
		return nil, err
	}
	if err := bindAll(p, args); err != nil {
		bindings.DestroyPrepare(&p)
		c.close()
		return nil, err
	}
	return c.stream(ctx, p)
}

// Columns implements engine.Engine.
func (e *Engine) Columns(ctx context.Context, setup []string, sql string) ([]lake.Column, error) {
	c, err := e.db.connect()
	if err != nil {
		return nil, err
	}
	for _, s := range setup {
		if err := c.exec(ctx, s); err != nil {
			c.close()
			return nil, explain(ctx, err)
		}
	}
	p, err := c.prepareOne(ctx, "SELECT * FROM ("+sql+"\n) LIMIT 0")
	if err != nil {
		c.close()
		return nil, explain(ctx, err)
	}
	r, err := c.stream(ctx, p)
	if err != nil {
		return nil, explain(ctx, err)
	}
	return r.Columns(), r.Close()
}

// prepareOne prepares a text of exactly one statement.
func (c *conn) prepareOne(ctx context.Context, sql string) (bindings.PreparedStatement, error) {
	statements, n, err := c.extract(sql)
	if err != nil {
		return bindings.PreparedStatement{}, err
	}
	defer func() {
		if !c.abandoned {
			bindings.DestroyExtracted(&statements)
		}
	}()
	if n != 1 {
		return bindings.PreparedStatement{}, &lake.Error{Code: lake.EngineFailed, Message: fmt.Sprintf("one SQL statement was expected, not %d", n)}
	}
	return c.prepare(ctx, statements, 0)
}

func bindAll(p bindings.PreparedStatement, args []any) error {
	if n := int(bindings.NParams(p)); n != len(args) {
		return fmt.Errorf("the SQL has %d parameters, not %d", n, len(args))
	}
	for i, value := range args {
		if err := bind(p, i+1, value); err != nil {
			return err
		}
	}
	return nil
}

// all runs a query and gives each row to visit, whose argument is valid until
// it returns.
func (e *Engine) all(ctx context.Context, sql string, visit func(row []any)) error {
	r, err := e.query(ctx, sql, nil)
	if err != nil {
		return err
	}
	for r.Next() {
		visit(r.Values())
	}
	return errors.Join(r.Err(), r.Close())
}
