// Package duckdb drives the SQL port with DuckDB, linked into the process.
//
// It stands on DuckDB's C interface (duckdb-go-bindings) rather than on the
// database/sql driver above it, for three things that the driver does not
// give: results that stream instead of being held in memory, the number and
// kinds of a text's statements before any of them runs, and JSON columns as
// their exact text.
package duckdb

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"

	bindings "github.com/duckdb/duckdb-go-bindings"

	"wplake/internal/engine/duckdb/slim"
	"wplake/internal/lake"
)

// Version is the version of the DuckDB that is linked in, such as v1.5.6.
func Version() string {
	slim.Linked()
	return bindings.LibraryVersion()
}

// settings are DuckDB's options by name.
type settings [][2]string

// database is an in-memory DuckDB.
type database struct {
	db        bindings.Database
	tempDir   string
	ownTemp   bool        // tempDir was made for this database and goes with it
	abandoned atomic.Bool // a connection was left with a call that did not stop
}

// openDatabase opens an in-memory database that keeps what it spills in
// tempDir ("" for a folder of its own) and never looks at the user's home.
func openDatabase(memoryLimit int64, threads int, tempDir string, more settings) (*database, error) {
	d := &database{tempDir: tempDir}
	if tempDir == "" {
		dir, err := os.MkdirTemp("", "wplake-sql-")
		if err != nil {
			return nil, &lake.Error{Code: lake.StorageFailed, Message: "no folder for the SQL engine's temporary files could be made", Err: err}
		}
		d.tempDir, d.ownTemp = dir, true
	} else if err := os.MkdirAll(tempDir, 0o700); err != nil {
		return nil, &lake.Error{Code: lake.StorageFailed, Message: "the folder for the SQL engine's temporary files could not be made", Err: err}
	}
	options := append(settings{
		{"duckdb_api", "wplake"},
		{"threads", fmt.Sprint(threads)},
		{"memory_limit", fmt.Sprintf("%dKiB", memoryLimit>>10)},
		{"temp_directory", d.tempDir},
		{"home_directory", d.tempDir},
		{"extension_directory", d.tempDir},
		{"secret_directory", d.tempDir},
		{"allow_persistent_secrets", "false"},
		{"autoinstall_known_extensions", "false"},
		{"autoload_known_extensions", "false"},
		{"allow_community_extensions", "false"},
		{"preserve_insertion_order", "false"},
	}, more...)
	if err := d.open(options); err != nil {
		return nil, errors.Join(err, d.close())
	}
	return d, nil
}

func (d *database) open(options settings) error {
	var config bindings.Config
	if bindings.CreateConfig(&config) == bindings.StateError {
		return &lake.Error{Code: lake.EngineFailed, Message: "DuckDB could not be configured"}
	}
	defer bindings.DestroyConfig(&config)
	for _, o := range options {
		if bindings.SetConfig(config, o[0], o[1]) == bindings.StateError {
			return &lake.Error{Code: lake.EngineFailed, Message: fmt.Sprintf("DuckDB does not take the setting %s = %s", o[0], o[1])}
		}
	}
	var message string
	if bindings.OpenExt(":memory:", &d.db, config, &message) == bindings.StateError {
		return &lake.Error{Code: lake.EngineFailed, Message: "DuckDB could not be opened", Err: errors.New(firstLine(message))}
	}
	c, err := d.connect()
	if err != nil {
		return err
	}
	defer c.close()
	// Of an extension, so only known once DuckDB is open.
	return c.exec(context.Background(), "SET GLOBAL TimeZone = 'UTC'")
}

// close closes the database. No connection may be open. A database that a
// call still uses is left to the end of the process.
func (d *database) close() error {
	if !d.abandoned.Load() {
		bindings.Close(&d.db)
	}
	if !d.ownTemp {
		return nil
	}
	return os.RemoveAll(d.tempDir)
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}
