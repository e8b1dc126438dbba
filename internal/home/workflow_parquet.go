package home

import (
	"context"
	"errors"
	"fmt"
	"io"

	"wplake/internal/asl"
	"wplake/internal/asl/items"
	"wplake/internal/engine"
	"wplake/internal/engine/duckdb"
	"wplake/internal/store"
	"wplake/internal/workflow"
)

// parquetRows opens the rows of a Parquet object, for the ItemReader of a
// distributed Map.
func (h *Home) parquetRows(ctx context.Context, bucket, key string) (items.Rows, error) {
	var from store.Bucket
	for _, b := range h.Buckets {
		if b.Name() == bucket {
			from = b
		}
	}
	if from == nil {
		return nil, &workflow.TaskError{Name: "S3.NoSuchBucketException", Cause: fmt.Sprintf("The bucket %q is none of this lake's", bucket)}
	}
	dir, err := h.scratch("items")
	if err != nil {
		return nil, err
	}
	path, _, err := from.Download(ctx, key, dir)
	if errors.Is(err, store.ErrNotFound) {
		return nil, &workflow.TaskError{Name: "S3.NoSuchKeyException", Cause: "The specified key does not exist."}
	}
	if err != nil {
		return nil, err
	}
	r, err := duckdb.OpenReader(ctx, duckdb.ReaderOptions{
		Tables:      []engine.Table{{Schema: "items", Name: "rows", Path: path}},
		MemoryLimit: int64(h.Config.Engine.MemoryLimit), TempDir: dir, Log: h.Log,
		Release: func() error { return h.discard(dir) },
	})
	if err != nil {
		return nil, err
	}
	rows, err := r.Query(ctx, "SELECT to_json(r)::VARCHAR FROM items.rows AS r", nil)
	if err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return &parquetItems{reader: r, rows: rows}, nil
}

// parquetItems are rows as JSON objects.
type parquetItems struct {
	reader engine.Reader
	rows   engine.Rows
}

func (p *parquetItems) Next() (map[string]any, error) {
	if !p.rows.Next() {
		if err := p.rows.Err(); err != nil {
			return nil, err
		}
		return nil, io.EOF
	}
	text, _ := p.rows.Values()[0].(string)
	v, err := asl.Decode([]byte(text))
	if err != nil {
		return nil, err
	}
	row, ok := v.(map[string]any)
	if !ok {
		return nil, errors.New("a row of the Parquet file is no object")
	}
	return row, nil
}

func (p *parquetItems) Close() error { return errors.Join(p.rows.Close(), p.reader.Close()) }
