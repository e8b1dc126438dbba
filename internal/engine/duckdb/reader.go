package duckdb

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	bindings "github.com/duckdb/duckdb-go-bindings"

	"wplake/internal/engine"
	"wplake/internal/lake"
)

// ReaderOptions configure a Reader.
type ReaderOptions struct {
	Tables        []engine.Table
	MemoryLimit   int64        // what DuckDB may allocate, in bytes; 0 for 512 MiB
	Threads       int          // 0 for one a core
	TempDir       string       // where a folder for what does not fit in memory is made; "" for the system's
	DefaultSchema string       // tables of this schema are seen without it as well
	Log           *slog.Logger // queries, at the level debug; nil for none
	Release       func() error // called by Close when the files are no longer read; may be nil
}

// Reader runs a person's SQL over tables.
type Reader struct {
	db       *database
	limit    int64
	names    []string         // how each table can be written
	damaged  map[string]error // by lower-case name without a schema: why a table cannot be read
	log      *slog.Logger
	release  func() error
	patience time.Duration
}

var _ engine.Reader = (*Reader)(nil)

// patience is how long a cancelled query may go on before it is left to itself.
const patience = 2 * time.Second

// OpenReader opens a reader of tables. A table whose file is not Parquet does
// not keep it from the others: queries of that table fail with
// lake.ObjectDamaged.
func OpenReader(ctx context.Context, o ReaderOptions) (*Reader, error) {
	if o.MemoryLimit <= 0 {
		o.MemoryLimit = defaultMemoryLimit
	}
	if o.Threads <= 0 {
		o.Threads = runtime.NumCPU()
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	dir, err := tempDir(o.TempDir)
	if err != nil {
		return nil, err
	}
	// A person expects rows in their order, LIMIT without ORDER BY included.
	db, err := openDatabase(o.MemoryLimit, o.Threads, dir, settings{{"preserve_insertion_order", "true"}})
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	db.ownTemp = true
	r := &Reader{db: db, limit: o.MemoryLimit, damaged: map[string]error{}, log: o.Log, patience: patience}
	if err := r.define(ctx, o.Tables, o.DefaultSchema); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	r.release = o.Release
	return r, nil
}

// tempDir makes a folder of the reader's own: DuckDB lets SQL read the files
// there, so no other file may lie in it.
func tempDir(parent string) (string, error) {
	if parent != "" {
		if err := os.MkdirAll(parent, 0o700); err != nil {
			return "", &lake.Error{Code: lake.StorageFailed, Message: "the folder for the query's temporary files could not be made", Err: err}
		}
	}
	dir, err := os.MkdirTemp(parent, "sql-")
	if err != nil {
		return "", &lake.Error{Code: lake.StorageFailed, Message: "no folder for the query's temporary files could be made", Err: err}
	}
	return dir, nil
}

// define makes the views and then locks the database.
func (r *Reader) define(ctx context.Context, tables []engine.Table, defaultSchema string) error {
	c, err := r.db.connect()
	if err != nil {
		return err
	}
	defer c.close()
	var paths []string
	for _, t := range tables {
		if err := c.exec(ctx, "CREATE SCHEMA IF NOT EXISTS "+engine.Ident(t.Schema)); err != nil {
			return explain(ctx, err)
		}
		names := []string{engine.Ident(t.Schema) + "." + engine.Ident(t.Name)}
		r.names = append(r.names, plain(t.Schema)+"."+plain(t.Name))
		if t.Schema == defaultSchema {
			// In the schema main, where DuckDB looks first. A search path would be
			// each connection's own, and none may set anything any more.
			names = append(names, engine.Ident(t.Name))
			r.names = append(r.names, plain(t.Name))
		}
		for _, name := range names {
			err := c.exec(ctx, "CREATE OR REPLACE VIEW "+name+" AS FROM read_parquet("+engine.Literal(t.Path)+", hive_partitioning = false)")
			if err = explain(ctx, err); lake.HasCode(err, lake.EngineFailed) {
				r.damaged[strings.ToLower(t.Name)] = &lake.Error{
					Code:    lake.ObjectDamaged,
					Message: fmt.Sprintf("table %s cannot be read: %s is not a whole Parquet file", t.Schema+"."+t.Name, filepath.Base(t.Path)),
					Hint:    "the next run writes it anew",
					Err:     err,
				}
				r.log.WarnContext(ctx, "a table cannot be read", "table", t.Schema+"."+t.Name, "error", err)
			} else if err != nil {
				return err
			}
		}
		if !slices.Contains(paths, t.Path) {
			paths = append(paths, t.Path)
		}
	}
	for i, p := range paths {
		paths[i] = engine.Literal(p)
	}
	for _, sql := range []string{
		"SET GLOBAL allowed_paths = [" + strings.Join(paths, ", ") + "]",
		"SET GLOBAL enable_external_access = false",
		"SET GLOBAL lock_configuration = true",
	} {
		if err := c.exec(ctx, sql); err != nil {
			return explain(ctx, err)
		}
	}
	return nil
}

// Close releases the reader.
func (r *Reader) Close() error {
	err := r.db.close()
	if r.release != nil {
		err = errors.Join(err, r.release())
		r.release = nil
	}
	return err
}

// Query implements engine.Reader. The result streams.
func (r *Reader) Query(ctx context.Context, sql string, params map[string]any) (engine.Rows, error) {
	ctx, stop := r.watch(ctx)
	out, err := r.query(ctx, sql, params)
	if err != nil {
		err = r.explain(ctx, sql, err)
		stop()
		return nil, err
	}
	out.explain = func(err error) error { return r.explain(ctx, sql, err) }
	out.onClose = stop
	return out, nil
}

func (r *Reader) query(ctx context.Context, sql string, params map[string]any) (*rows, error) {
	s, err := guardText(sql)
	if err != nil {
		return nil, err
	}
	c, err := r.db.connect()
	if err != nil {
		return nil, err
	}
	c.patience = r.patience
	p, err := r.prepare(ctx, c, s)
	if err != nil {
		c.close()
		return nil, err
	}
	if err := bindNamed(p, params); err != nil {
		bindings.DestroyPrepare(&p)
		c.close()
		return nil, err
	}
	return c.stream(ctx, p)
}

// prepare takes a statement through the rest of the guard.
func (r *Reader) prepare(ctx context.Context, c *conn, s statement) (bindings.PreparedStatement, error) {
	var none bindings.PreparedStatement
	statements, n, err := c.extract(s.text)
	if err != nil {
		return none, err
	}
	defer func() {
		if !c.abandoned {
			bindings.DestroyExtracted(&statements)
		}
	}()
	if !slices.Contains(allowedFirst(), firstWord(s.text)) {
		return none, refuse("the statement is refused: a query can only read the lake's tables")
	}
	if n != 1 {
		// DuckDB makes two of a PIVOT whose columns are to be found first.
		return none, &lake.Error{
			Code: lake.QueryRefused, Message: "a PIVOT without its values is refused",
			Hint: "name the values that become columns: PIVOT … ON column IN ('a', 'b') USING …",
		}
	}
	serialized, err := r.serialize(ctx, s.inner)
	if err != nil {
		return none, err
	}
	if err := guardTree(serialized, r.knows); err != nil && !errors.Is(err, errUnparsed) {
		return none, err
	} else if err != nil {
		return none, refuse("the statement is refused: it could not be checked")
	}
	p, err := c.prepare(ctx, statements, 0)
	if err != nil {
		return none, err
	}
	switch bindings.PreparedStatementType(p) {
	case bindings.StatementTypeSelect, bindings.StatementTypeExplain:
		return p, nil
	}
	bindings.DestroyPrepare(&p)
	return none, refuse("the statement is refused: a query can only read the lake's tables")
}

// serialize gives the syntax tree of a statement.
func (r *Reader) serialize(ctx context.Context, sql string) (string, error) {
	c, err := r.db.connect()
	if err != nil {
		return "", err
	}
	c.patience = r.patience
	p, err := c.prepareOne(ctx, "SELECT json_serialize_sql(?::VARCHAR)::VARCHAR")
	if err != nil {
		c.close()
		return "", err
	}
	if err := bind(p, 1, sql); err != nil {
		bindings.DestroyPrepare(&p)
		c.close()
		return "", err
	}
	rows, err := c.stream(ctx, p)
	if err != nil {
		return "", err
	}
	text := ""
	if rows.Next() {
		text, _ = rows.Values()[0].(string)
	}
	return text, errors.Join(rows.Err(), rows.Close())
}

// knows reports whether a table has the name, without its schema.
func (r *Reader) knows(name string) bool {
	return slices.ContainsFunc(r.names, func(n string) bool {
		return strings.EqualFold(n, plain(name)) || strings.HasSuffix(strings.ToLower(n), "."+strings.ToLower(plain(name)))
	})
}

// bindNamed gives each parameter of a statement its value.
func bindNamed(p bindings.PreparedStatement, params map[string]any) error {
	used := map[string]bool{}
	var missing []string
	for i := range int(bindings.NParams(p)) {
		name := bindings.ParameterName(p, bindings.IdxT(i+1))
		value, ok := params[name]
		if !ok {
			missing = append(missing, "$"+name)
			continue
		}
		used[name] = true
		if err := bind(p, i+1, value); err != nil {
			return err
		}
	}
	if len(missing) > 0 {
		return &lake.Error{
			Code: lake.QueryInvalid, Message: "no value is given for " + strings.Join(missing, ", "),
			Hint: "give it: --param name=value for each $name in the query",
		}
	}
	var unused []string
	for name := range params {
		if !used[name] {
			unused = append(unused, "$"+name)
		}
	}
	if len(unused) > 0 {
		slices.Sort(unused)
		return &lake.Error{Code: lake.QueryInvalid, Message: "the query has no parameter " + strings.Join(unused, ", ")}
	}
	return nil
}

// slack is how much more than twice its limit the process may grow while a
// query runs.
const slack = 256 << 20

// watch ends a query that takes far more memory than DuckDB accounts for:
// values that are still being computed are not in its books, and a single list
// of large texts could take all that the machine has.
func (r *Reader) watch(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	start := residentBytes()
	done := make(chan struct{})
	go func() {
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-done:
				return
			case <-tick.C:
			}
			if now := residentBytes(); start > 0 && now-start > 2*r.limit+slack {
				cancel(queryOutOfMemory(fmt.Errorf("the process has grown by %d MiB", (now-start)>>20)))
			}
		}
	}()
	return ctx, func() {
		close(done)
		cancel(nil)
	}
}

// plain writes a name as a person would: quoted only where it has to be.
func plain(name string) string {
	for i, c := range name {
		if c != '_' && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (i == 0 || c < '0' || c > '9') {
			return engine.Ident(name)
		}
	}
	return name
}
