// Package local keeps buckets as directories of the local file system. An
// object is a file. It is written to a temporary file beside it, flushed to
// the disk and renamed, so that a reader, and a machine that loses power, has
// the old object or the new one.
package local

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"wplake/internal/store"
)

// Bucket is a directory of objects. It implements store.Bucket; its methods
// may be called concurrently, also by several processes; but what an Upload
// expects is kept to only among the users of one Bucket: the lake's lock keeps
// processes apart.
type Bucket struct {
	dir  string // absolute
	name string
	log  *slog.Logger

	// turn is held while the object of a key changes, so that nothing comes
	// between the look at its version and its replacement.
	turn sync.Mutex

	warnMetadata sync.Once
}

var _ store.Bucket = (*Bucket)(nil)

// New returns the bucket that is the directory name within root. Neither has
// to exist: they are made by the first write. The log may be nil.
func New(root, name string, log *slog.Logger) *Bucket {
	dir := filepath.Join(root, name)
	if abs, err := filepath.Abs(dir); err == nil {
		dir = abs
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Bucket{dir: dir, name: name, log: log}
}

// Name is the bucket's name.
func (b *Bucket) Name() string { return b.name }

// URI is the file URL of a key.
func (b *Bucket) URI(key string) string {
	p := filepath.ToSlash(b.place(key))
	if !strings.HasPrefix(p, "/") {
		p = "/" + p
	}
	return (&url.URL{Scheme: "file", Path: p}).String()
}

// Stat describes an object, with its metadata.
func (b *Bucket) Stat(ctx context.Context, key string) (store.Info, error) {
	if err := ready(ctx, key); err != nil {
		return store.Info{}, err
	}
	f, info, err := b.open(key)
	if err != nil {
		return store.Info{}, store.Failure("read", b.place(key), err)
	}
	defer f.Close()
	found := describe(key, info)
	found.Metadata = b.readMetadata(f, info)
	return found, nil
}

// Open reads an object.
func (b *Bucket) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	if err := ready(ctx, key); err != nil {
		return nil, err
	}
	f, _, err := b.open(key)
	if err != nil {
		return nil, store.Failure("read", b.place(key), err)
	}
	return f, nil
}

// open opens the regular file of a key. No link can lead it out of the bucket.
func (b *Bucket) open(key string) (*os.File, fs.FileInfo, error) {
	root, err := os.OpenRoot(b.dir)
	if err != nil {
		return nil, nil, absent(err)
	}
	defer root.Close()
	// Looked at before it is opened, since opening a named pipe would wait.
	info, err := root.Stat(filepath.FromSlash(key))
	if err != nil {
		return nil, nil, absent(err)
	}
	if !info.Mode().IsRegular() {
		return nil, nil, store.ErrNotFound
	}
	f, err := root.Open(filepath.FromSlash(key))
	if err != nil {
		return nil, nil, absent(err)
	}
	info, err = f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = store.ErrNotFound
	}
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	return f, info, nil
}

// place is the path of a key's file.
func (b *Bucket) place(key string) string { return filepath.Join(b.dir, filepath.FromSlash(key)) }

// ready returns the reason, if there is one, not to begin an operation.
func ready(ctx context.Context, key string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := store.CheckKey(key); err != nil {
		return err
	}
	if temporary(path.Base(key)) {
		return store.ErrNotFound
	}
	return nil
}

// absent turns the errors of a file that is not there into ErrNotFound.
func absent(err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return store.ErrNotFound
	}
	return err
}

// describe makes an Info, without metadata.
func describe(key string, info fs.FileInfo) store.Info {
	return store.Info{Key: key, Size: info.Size(), Modified: info.ModTime(), Version: version(info)}
}

const (
	temporaryPrefix = ".wplake-"
	temporarySuffix = ".tmp"
)

// temporary reports whether a file of that name is an unfinished write. An
// engine that fills the file of an Upload may write beside it first, under
// the same name with tmp_ before it.
func temporary(name string) bool {
	name = strings.TrimPrefix(name, "tmp_")
	return strings.HasPrefix(name, temporaryPrefix) && strings.HasSuffix(name, temporarySuffix)
}
