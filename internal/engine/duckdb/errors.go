package duckdb

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"wplake/internal/lake"
)

// explain turns what DuckDB said while it ran wplake's own SQL into an error
// that a person can act on.
func explain(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*lake.Error](err); ok {
		return err
	}
	message := err.Error()
	switch {
	case ctx.Err() != nil || strings.HasPrefix(message, "INTERRUPT Error"):
		return interrupted(ctx)
	case isOutOfMemory(message):
		return outOfMemory(message)
	case isDiskFull(message):
		return &lake.Error{
			Code:    lake.StorageFull,
			Message: "no space is left for the SQL engine's files",
			Hint:    "free some space, or move the lake (root) to a larger disk",
			Err:     errors.New(firstLine(message)),
		}
	}
	return &lake.Error{Code: lake.EngineFailed, Message: "DuckDB: " + essence(message)}
}

func isOutOfMemory(message string) bool {
	return strings.HasPrefix(message, "Out of Memory Error") || strings.Contains(message, "std::bad_alloc")
}

func isDiskFull(message string) bool {
	return strings.Contains(message, "No space left on device") ||
		strings.Contains(message, "Disk quota exceeded") ||
		strings.Contains(message, "max_temp_directory_size")
}

func outOfMemory(message string) error {
	if isDiskFull(message) {
		return &lake.Error{
			Code:    lake.StorageFull,
			Message: "the work does not fit in memory, and the disk has no room for the rest of it",
			Hint:    "free some space, or raise engine.memory_limit",
			Err:     errors.New(firstLine(message)),
		}
	}
	return &lake.Error{
		Code:    lake.OutOfMemory,
		Message: "the work does not fit in engine.memory_limit",
		Hint:    "raise engine.memory_limit in wplake.yaml",
		Err:     fmt.Errorf("DuckDB: %s", essence(message)),
	}
}

// essence is DuckDB's message without the name of its kind, the echo of the
// SQL and the links to its documentation.
func essence(message string) string {
	message = firstLine(message)
	if kind, rest, ok := strings.Cut(message, ": "); ok && strings.HasSuffix(kind, "Error") {
		message = rest
	}
	return strings.TrimRight(strings.TrimSpace(message), ".!")
}
