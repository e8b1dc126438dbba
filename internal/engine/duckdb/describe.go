package duckdb

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"wplake/internal/engine"
	"wplake/internal/lake"
)

// Describe implements engine.Engine. It reads the footer and no data. What is
// not a Parquet file is lake.ObjectDamaged, what is not there
// lake.ObjectMissing.
func (e *Engine) Describe(ctx context.Context, path string) (engine.Parquet, error) {
	info, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) {
		return engine.Parquet{}, &lake.Error{Code: lake.ObjectMissing, Message: fmt.Sprintf("there is no file %s", path), Err: err}
	}
	if err != nil {
		return engine.Parquet{}, &lake.Error{Code: lake.StorageFailed, Message: fmt.Sprintf("%s could not be read", path), Err: err}
	}
	p, err := e.describe(ctx, path)
	if err != nil {
		err = explain(ctx, err)
		if lake.HasCode(err, lake.EngineFailed) {
			err = &lake.Error{
				Code:    lake.ObjectDamaged,
				Message: fmt.Sprintf("%s is not a whole Parquet file", filepath.Base(path)),
				Hint:    "the next run writes it anew; delete it if it should not be there",
				Err:     err,
			}
		}
		return engine.Parquet{}, err
	}
	p.Bytes = info.Size()
	return p, nil
}

func (e *Engine) describe(ctx context.Context, path string) (engine.Parquet, error) {
	file := engine.Literal(path)
	p := engine.Parquet{Metadata: map[string]string{}}
	err := e.all(ctx, "SELECT num_rows FROM parquet_file_metadata("+file+")", func(row []any) {
		p.Rows, _ = row[0].(int64)
	})
	if err != nil {
		return p, err
	}
	err = e.all(ctx, "SELECT key, value FROM parquet_kv_metadata("+file+")", func(row []any) {
		key, _ := row[0].([]byte)
		value, _ := row[1].([]byte)
		p.Metadata[string(key)] = string(value)
	})
	if err != nil {
		return p, err
	}
	r, err := e.query(ctx, "SELECT * FROM read_parquet("+file+", hive_partitioning = false) LIMIT 0", nil)
	if err != nil {
		return p, err
	}
	p.Columns = r.Columns()
	return p, r.Close()
}
