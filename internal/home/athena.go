package home

import (
	"bufio"
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"wplake/internal/engine"
	"wplake/internal/engine/athena"
	"wplake/internal/store"
)

// AthenaStats are what Athena tells about a query.
type AthenaStats struct{ athena.Stats }

// usdPerTB is what Athena charges for a terabyte read, in most regions.
const usdPerTB = 5.0

// USD is what the query cost, by the price of most regions.
func (s AthenaStats) USD() float64 { return float64(s.Billed) / 1e12 * usdPerTB }

// AthenaReader opens Athena for a person's SQL over the deployed tables. told
// hears of each query that has ended.
func (h *Home) AthenaReader(told func(AthenaStats)) engine.Reader {
	c := h.Config.AWS
	return athena.New(h.Cloud.Config, athena.Options{
		Workgroup: cmp.Or(c.Athena.Workgroup, c.Stack), Results: c.Athena.Results, Database: h.Config.Dataset,
		ScanLimit: int64(c.Athena.ScanLimit), Log: h.Log,
		Stats: func(s athena.Stats) { told(AthenaStats{s}) }, Export: h.exportRows,
	})
}

// exportRows writes rows to a new Parquet file, with the types that they came with.
func (h *Home) exportRows(ctx context.Context, rows engine.Rows, path string) (n int64, err error) {
	e, err := h.Engine(ctx)
	if err != nil {
		return 0, err
	}
	dir, err := h.scratch("export")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, h.discard(dir)) }()
	file := filepath.Join(dir, "rows.jsonl")
	if err := writeRows(file, rows); err != nil {
		return 0, err
	}
	var read, typed []string
	for i, c := range rows.Columns() {
		name := fmt.Sprintf("c%d", i)
		read = append(read, name+": 'VARCHAR'")
		value := "CAST(" + name + " AS " + engine.SQLType(c.Type) + ")"
		if engine.SQLType(c.Type) == "BLOB" {
			value = "from_base64(" + name + ")"
		}
		typed = append(typed, value+" AS "+engine.Ident(c.Name))
	}
	if len(typed) == 0 {
		return 0, nil
	}
	return e.Copy(ctx, engine.Copy{
		SQL: "SELECT " + strings.Join(typed, ", ") + " FROM read_json(" + engine.Literal(file) +
			", format = 'newline_delimited', columns = {" + strings.Join(read, ", ") + "}, hive_partitioning = false)",
		Path: path,
	})
}

// writeRows writes rows as one JSON object a line, all values as text.
func writeRows(path string, rows engine.Rows) error {
	f, err := os.Create(path)
	if err != nil {
		return store.Failure("create", path, err)
	}
	w := bufio.NewWriter(f)
	encoder := json.NewEncoder(w)
	for rows.Next() {
		line := map[string]*string{}
		for i, v := range rows.Values() {
			line[fmt.Sprintf("c%d", i)] = textOf(v)
		}
		if err := encoder.Encode(line); err != nil {
			return errors.Join(store.Failure("write", path, err), f.Close())
		}
	}
	return errors.Join(rows.Err(), w.Flush(), f.Close())
}

// textOf is a value as DuckDB casts it back; nil is NULL.
func textOf(v any) *string {
	var text string
	switch v := v.(type) {
	case nil:
		return nil
	case []byte:
		text = base64.StdEncoding.EncodeToString(v)
	case time.Time:
		text = v.UTC().Format("2006-01-02 15:04:05.999999")
	case []any, map[string]any:
		raw, err := json.Marshal(v)
		if err != nil {
			return nil
		}
		text = string(raw)
	default:
		text = fmt.Sprint(v)
	}
	return &text
}
