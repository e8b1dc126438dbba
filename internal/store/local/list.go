package local

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"wplake/internal/store"
)

// List returns the bucket's files whose keys begin with prefix.
func (b *Bucket) List(ctx context.Context, prefix string) ([]store.Info, error) {
	var found []store.Info
	err := b.walk(ctx, prefixDir(prefix), func(root *os.Root, key string, entry fs.DirEntry) error {
		if !strings.HasPrefix(key, prefix) || temporary(entry.Name()) {
			return nil
		}
		// Stat and not entry.Info, since a link within the bucket is an object too.
		info, err := root.Stat(filepath.FromSlash(key))
		if leadsAway(entry, err) {
			b.log.Warn("a link that leads nowhere or out of the bucket is not an object", "path", b.place(key), "cause", err)
			return nil
		}
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil // removed meanwhile
		case err != nil:
			return err
		case !info.Mode().IsRegular():
			b.log.Warn("something that is no file is not an object", "path", b.place(key))
			return nil
		case !validKey(key):
			b.log.Warn("a file whose name cannot be a key is not an object", "path", b.place(key))
			return nil
		}
		found = append(found, describe(key, info))
		return nil
	})
	if err != nil {
		return nil, store.Failure("list", b.dir, err)
	}
	slices.SortFunc(found, func(x, y store.Info) int { return cmp.Compare(x.Key, y.Key) })
	return found, nil
}

func validKey(key string) bool { return store.CheckKey(key) == nil }

// leadsAway reports whether err is that of a link which cannot be followed
// within the bucket.
func leadsAway(entry fs.DirEntry, err error) bool {
	return err != nil && entry.Type()&fs.ModeSymlink != 0
}

// prefixDir is the folder that holds all keys which begin with prefix.
func prefixDir(prefix string) string {
	dir, _, _ := cutLast(prefix, '/')
	if dir == "" || store.CheckKey(dir) != nil {
		return "."
	}
	return dir
}

func cutLast(s string, sep byte) (before, after string, found bool) {
	if i := strings.LastIndexByte(s, sep); i >= 0 {
		return s[:i], s[i+1:], true
	}
	return "", s, false
}

// Sweep removes the temporary files of writes that never ended.
func (b *Bucket) Sweep(ctx context.Context) (int, error) {
	swept := 0
	err := b.walk(ctx, ".", func(root *os.Root, key string, entry fs.DirEntry) error {
		if !temporary(entry.Name()) || !entry.Type().IsRegular() {
			return nil
		}
		if err := root.Remove(filepath.FromSlash(key)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		swept++
		return prune(root, path.Dir(key))
	})
	return swept, store.Failure("sweep", b.dir, err)
}

// walk calls visit with all that is not a folder below the folder of that key.
// What vanishes while it walks is passed over.
func (b *Bucket) walk(ctx context.Context, from string, visit func(*os.Root, string, fs.DirEntry) error) error {
	root, err := os.OpenRoot(b.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return ctx.Err()
	}
	if err != nil {
		return err
	}
	defer root.Close()
	return fs.WalkDir(root.FS(), from, func(key string, entry fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(absent(err), store.ErrNotFound):
			return nil
		case err != nil:
			return err
		case entry.IsDir():
			return nil
		}
		return visit(root, key, entry)
	})
}
