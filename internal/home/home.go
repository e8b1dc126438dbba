// Package home puts the drivers of a home together. It is the only package
// that knows them all.
package home

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"wplake/internal/catalog"
	"wplake/internal/config"
	"wplake/internal/engine"
	"wplake/internal/lake"
	"wplake/internal/lock"
	"wplake/internal/notify"
	"wplake/internal/params"
	"wplake/internal/store"
	"wplake/internal/wordpress"
)

// Home is where a lake runs. What opens files or takes memory is opened when
// it is first asked for, and closed by Close.
type Home struct {
	Config   config.Config
	Root     string // absolute path of the lake's folder
	State    string // absolute path of wplake's own folder within it: <root>/.wplake
	Buckets  map[lake.Layer]store.Bucket
	Params   params.Store
	Notifier notify.Notifier
	Catalog  catalog.Catalog
	Lock     lock.Locker
	Log      *slog.Logger
	Now      func() time.Time

	closers []func() error
}

// Source opens the lake's source.
func (h *Home) Source(ctx context.Context) (wordpress.Source, error) {
	panic("to be written")
}

// Engine opens the engine that runs the stages' SQL.
func (h *Home) Engine(ctx context.Context) (engine.Engine, error) {
	panic("to be written")
}

// Reader opens a reader of all the lake's tables for a person's SQL: by their
// catalog names in the dataset's schema, and as <layer>.<object> and
// <layer>_rejects.<object>.
func (h *Home) Reader(ctx context.Context) (engine.Reader, error) {
	panic("to be written")
}

// Close closes all that was opened.
func (h *Home) Close() error {
	var errs []error
	for _, c := range h.closers {
		errs = append(errs, c())
	}
	return errors.Join(errs...)
}
