package local

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"

	"wplake/internal/store"
)

// Download makes a hard link to the object, which costs nothing and which a
// later rename over the object does not touch. Where there can be no link (another
// file system, a file of somebody else) it copies.
func (b *Bucket) Download(ctx context.Context, key, dir string) (string, store.Info, error) {
	if err := ready(ctx, key); err != nil {
		return "", store.Info{}, err
	}
	f, info, err := b.open(key)
	if err != nil {
		return "", store.Info{}, store.Failure("read", b.place(key), err)
	}
	defer f.Close()
	dir, err = filepath.Abs(dir)
	if err != nil {
		return "", store.Info{}, store.Failure("read", b.place(key), err)
	}
	found := describe(key, info)
	found.Metadata = b.readMetadata(f, info)
	base, ext := path.Base(key), path.Ext(key)
	target := filepath.Join(dir, strings.TrimSuffix(base, ext)+"-"+rand.Text()[:16]+ext)
	if linked(b.place(key), target, info) {
		return target, found, nil
	}
	if err := copyFile(ctx, target, f); err != nil {
		return "", store.Info{}, store.Failure("copy "+b.place(key)+" to", target, err)
	}
	return target, found, nil
}

// DownloadFooter is Download, which costs nothing here.
func (b *Bucket) DownloadFooter(ctx context.Context, key, dir string) (string, store.Info, error) {
	return b.Download(ctx, key, dir)
}

// linked links target to the file at place, provided that it is the file
// which was opened: a link by path might have led elsewhere since.
func linked(place, target string, opened os.FileInfo) bool {
	if os.Link(place, target) != nil {
		return false
	}
	info, err := os.Lstat(target)
	if err == nil && os.SameFile(info, opened) {
		return true
	}
	// What remains if this fails is in the way of the copy, which reports it.
	_ = os.Remove(target)
	return false
}

// copyFile writes what r gives to a new file; a copy that fails leaves none.
func copyFile(ctx context.Context, target string, r io.Reader) error {
	f, err := os.OpenFile(target, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, &cancellable{ctx: ctx, r: r})
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, os.Remove(target))
	}
	return nil
}

// cancellable ends the reading when the context ends.
type cancellable struct {
	ctx context.Context
	r   io.Reader
}

func (c *cancellable) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
