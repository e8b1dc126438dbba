//go:build faults

package faults

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"strings"
	"testing"

	"wplake/internal/engine"
	"wplake/internal/engine/duckdb"
)

// reader tells what objects hold. Two Parquet files of the same rows differ in
// their footers (the run that made them), so they are compared by their rows.
type reader struct {
	sql   engine.Engine
	known map[string]string // SHA-256 of a file → its content
}

func newReader(t *testing.T) *reader {
	t.Helper()
	sql, err := duckdb.Open(t.Context(), duckdb.Options{MemoryLimit: 256e6, TempDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := sql.Close(); err != nil {
			t.Error(err)
		}
	})
	return &reader{sql: sql, known: map[string]string{}}
}

// content returns a text that is equal for files of equal content: the bytes
// of raw objects, the columns and rows of Parquet files.
func (r *reader) content(t *testing.T, path string) string {
	t.Helper()
	bytes, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(bytes)
	hash := hex.EncodeToString(sum[:])
	if !strings.HasSuffix(path, ".parquet") {
		return fmt.Sprintf("%d bytes, SHA-256 %s", len(bytes), hash)
	}
	if content, ok := r.known[hash]; ok {
		return content
	}
	content, err := r.table(t, path)
	if err != nil {
		return fmt.Sprintf("no Parquet file of %d bytes: %v", len(bytes), err)
	}
	r.known[hash] = content
	return content
}

// table reads every value of a Parquet file.
func (r *reader) table(t *testing.T, path string) (string, error) {
	parquet, err := r.sql.Describe(t.Context(), path)
	if err != nil {
		return "", err
	}
	rows, err := r.sql.Query(t.Context(),
		"SELECT CAST(count(*) AS VARCHAR), CAST(sum(hash(t)) AS VARCHAR) FROM read_parquet("+engine.Literal(path)+") AS t")
	if err != nil {
		return "", err
	}
	defer rows.Close()
	if !rows.Next() {
		return "", rows.Err()
	}
	values := rows.Values()
	content := fmt.Sprintf("%v rows of %v, hash %v", values[0], parquet.Columns, values[1])
	return content, rows.Err()
}
