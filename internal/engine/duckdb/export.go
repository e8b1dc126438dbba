package duckdb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	bindings "github.com/duckdb/duckdb-go-bindings"

	"wplake/internal/engine"
	"wplake/internal/lake"
)

// Export implements engine.Reader. DuckDB writes to the reader's own folder,
// the only place where its sandbox lets it, and the file is copied from there.
func (r *Reader) Export(ctx context.Context, sql string, params map[string]any, path string) (int64, error) {
	ctx, stop := r.watch(ctx)
	defer stop()
	rows, err := r.export(ctx, sql, params, path)
	if err != nil {
		return 0, r.explain(ctx, sql, err)
	}
	return rows, nil
}

func (r *Reader) export(ctx context.Context, sql string, params map[string]any, path string) (int64, error) {
	s, err := guardText(sql)
	if err != nil {
		return 0, err
	}
	if s.inner != s.text {
		return 0, refuse("the result of an EXPLAIN cannot be exported")
	}
	columns, err := r.columns(ctx, s, params)
	if err != nil {
		return 0, err
	}
	dir, err := os.MkdirTemp(r.db.tempDir, "export-")
	if err != nil {
		return 0, &lake.Error{Code: lake.StorageFailed, Message: "no folder for the export could be made", Err: err}
	}
	defer func() { _ = os.RemoveAll(dir) }() // goes with the reader's folder at the latest
	file := filepath.Join(dir, "export.parquet")
	rows, err := r.copyTo(ctx, exportSQL(s.text, columns, file), params)
	if err != nil {
		return 0, err
	}
	return rows, copyFile(file, path)
}

// columns runs the guard and tells a statement's columns.
func (r *Reader) columns(ctx context.Context, s statement, params map[string]any) ([]lake.Column, error) {
	// No rows are asked for; the types of parameters are only known once they
	// have their values, so the statement has to be run.
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
	bindings.DestroyPrepare(&p)
	p, err = c.prepareOne(ctx, "SELECT * FROM ("+s.text+"\n) LIMIT 0")
	if err != nil {
		c.close()
		return nil, err
	}
	if err := bindNamed(p, params); err != nil {
		bindings.DestroyPrepare(&p)
		c.close()
		return nil, err
	}
	rows, err := c.stream(ctx, p)
	if err != nil {
		return nil, err
	}
	return rows.Columns(), rows.Close()
}

// exportSQL writes a COPY whose columns have types that the Glue Data Catalog
// knows and names that differ.
func exportSQL(sql string, columns []lake.Column, file string) string {
	taken := map[string]bool{}
	list := make([]string, len(columns))
	for i, c := range columns {
		name := c.Name
		for n := 1; taken[strings.ToLower(name)]; n++ {
			name = fmt.Sprintf("%s_%d", c.Name, n)
		}
		taken[strings.ToLower(name)] = true
		list[i] = fmt.Sprintf("CAST(#%d AS %s) AS %s", i+1, engine.SQLType(c.Type), engine.Ident(name))
	}
	// Groups of few rows keep wide rows in bounds; by bytes would give up their order.
	return fmt.Sprintf("COPY (SELECT %s FROM (%s\n)) TO %s (FORMAT parquet, COMPRESSION snappy, ROW_GROUP_SIZE 16384, USE_TMP_FILE false)",
		strings.Join(list, ", "), sql, engine.Literal(file))
}

func (r *Reader) copyTo(ctx context.Context, sql string, params map[string]any) (int64, error) {
	c, err := r.db.connect()
	if err != nil {
		return 0, err
	}
	c.patience = r.patience
	p, err := c.prepareOne(ctx, sql)
	if err != nil {
		c.close()
		return 0, err
	}
	if err := bindNamed(p, params); err != nil {
		bindings.DestroyPrepare(&p)
		c.close()
		return 0, err
	}
	rows, err := c.stream(ctx, p)
	if err != nil {
		return 0, err
	}
	var n int64
	if rows.Next() {
		n, _ = rows.Values()[0].(int64)
	}
	return n, errors.Join(rows.Err(), rows.Close())
}

func copyFile(from, to string) (err error) {
	source, err := os.Open(from)
	if err != nil {
		return &lake.Error{Code: lake.StorageFailed, Message: "the exported file is gone", Err: err}
	}
	defer source.Close()
	target, err := os.Create(to)
	if err != nil {
		return &lake.Error{Code: lake.StorageFailed, Message: to + " could not be written", Err: err}
	}
	_, err = io.Copy(target, source)
	if err = errors.Join(err, target.Close()); err != nil {
		return explainWrite(to, err)
	}
	return nil
}

func explainWrite(path string, err error) error {
	if errors.Is(err, syscall.ENOSPC) {
		return &lake.Error{Code: lake.StorageFull, Message: "no space is left for " + path, Hint: "free some space, or write elsewhere", Err: err}
	}
	return &lake.Error{Code: lake.StorageFailed, Message: path + " could not be written", Err: err}
}
