package home

import (
	"context"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"wplake/internal/engine"
	"wplake/internal/engine/duckdb"
	"wplake/internal/lake"
	"wplake/internal/store"
)

// Reader opens a reader of all the lake's tables for a person's SQL: by their
// catalog names in the dataset's schema, and as <layer>.<object> and
// <layer>_rejects.<object>. It sees the tables as they are now, whatever a run
// does meanwhile: their files are linked into a folder of its own.
func (h *Home) Reader(ctx context.Context) (engine.Reader, error) {
	dir, err := h.scratch("reader")
	if err != nil {
		return nil, err
	}
	tables, err := h.Tables(ctx, dir)
	if err != nil {
		return nil, err
	}
	return duckdb.OpenReader(ctx, duckdb.ReaderOptions{
		Tables: tables, MemoryLimit: int64(h.Config.Engine.MemoryLimit), TempDir: dir, DefaultSchema: h.Config.Dataset, Log: h.Log,
		Release: func() error { return h.discard(dir) },
	})
}

// Tables lists all tables with their files: copies in the folder dir that
// later writes leave alone, or the objects themselves when dir is empty.
func (h *Home) Tables(ctx context.Context, dir string) ([]engine.Table, error) {
	var tables []engine.Table
	for _, l := range lake.TableLayers() {
		bucket := h.Buckets[l]
		for _, dataset := range []string{h.Config.Dataset, h.Config.Dataset + "_rejects"} {
			infos, err := bucket.List(ctx, dataset+"/")
			if err != nil {
				return nil, err
			}
			for _, info := range infos {
				object, ok := lake.ObjectOfKey(l, dataset, info.Key)
				if !ok {
					continue
				}
				path := localPath(bucket.URI(info.Key))
				if dir != "" {
					if path, err = h.fetch(ctx, bucket, info, dir); errors.Is(err, store.ErrNotFound) {
						continue // deleted since the listing
					}
					if err != nil {
						return nil, err
					}
				}
				if dataset != h.Config.Dataset {
					tables = append(tables, engine.Table{Schema: string(l) + "_rejects", Name: object, Path: path})
					continue
				}
				tables = append(tables,
					engine.Table{Schema: h.Config.Dataset, Name: lake.TableName(l, object), Path: path},
					engine.Table{Schema: string(l), Name: object, Path: path})
			}
		}
	}
	return tables, nil
}

// maxCopies is how much of the objects of the home aws is kept on this machine
// for queries, in bytes.
const maxCopies = 10 << 30

// fetch makes an object a file within dir. Objects that are far away are kept
// near for the next time.
func (h *Home) fetch(ctx context.Context, b store.Bucket, info store.Info, dir string) (string, error) {
	if h.Cloud != nil {
		return cache{dir: filepath.Join(h.State, "cache"), max: maxCopies, now: h.Now}.download(ctx, b, info, dir)
	}
	path, _, err := b.Download(ctx, info.Key, dir)
	return path, err
}

// localPath is the path that a file URI stands for.
func localPath(uri string) string {
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != "file" {
		return uri
	}
	return u.Path
}

// ownerLives reports whether the process that made a temporary folder runs.
func ownerLives(dir string) bool {
	parts := strings.Split(filepath.Base(dir), "-")
	if len(parts) != 3 {
		return false
	}
	pid, err := strconv.Atoi(parts[1])
	if err != nil {
		return false
	}
	p, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	err = p.Signal(syscall.Signal(0))
	return err == nil || errors.Is(err, os.ErrPermission)
}
