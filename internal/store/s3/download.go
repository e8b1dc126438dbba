package s3

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"

	"wplake/internal/lake"
	"wplake/internal/store"
)

// rounds is how often a download begins anew because the object was replaced
// meanwhile or came damaged, and a multipart write because of another write.
const rounds = 3

// Download copies an object to a file, which has its name only when it is
// whole and has the object's checksum. An object that does not fit into the
// folder's free space is refused before it is read.
func (b *Bucket) Download(ctx context.Context, key, dir string) (string, store.Info, error) {
	return b.file(ctx, key, dir, b.download)
}

// file makes a file of the object's name in dir by fetch, which begins anew
// where the object was replaced meanwhile or came damaged.
func (b *Bucket) file(ctx context.Context, key, dir string,
	fetch func(ctx context.Context, key, target string) (store.Info, error),
) (string, store.Info, error) {
	if err := ready(ctx, key); err != nil {
		return "", store.Info{}, err
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", store.Info{}, store.Failure("copy "+b.URI(key)+" to", dir, err)
	}
	base, ext := path.Base(key), path.Ext(key)
	target := filepath.Join(dir, strings.TrimSuffix(base, ext)+"-"+rand.Text()[:16]+ext)
	for round := 1; ; round++ {
		info, err := fetch(ctx, key, target)
		if err == nil {
			return target, info, nil
		}
		if round == rounds || !lake.HasCode(err, lake.ObjectChanged) && !errors.Is(err, errDamaged) {
			return "", store.Info{}, err
		}
		b.log.Warn("an object is read anew", "uri", b.URI(key), "cause", err)
	}
}

func (b *Bucket) download(ctx context.Context, key, target string) (info store.Info, err error) {
	r, err := b.open(ctx, key)
	if err != nil {
		return store.Info{}, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	if err := b.fits(r.info, filepath.Dir(target)); err != nil {
		return store.Info{}, err
	}
	part := target + ".part"
	if err := writeFile(part, r); err != nil {
		return store.Info{}, store.Failure("copy "+b.URI(key)+" to", target, err)
	}
	if err := os.Rename(part, target); err != nil {
		return store.Info{}, store.Failure("copy "+b.URI(key)+" to", target, errors.Join(err, os.Remove(part)))
	}
	return r.info, nil
}

// fits refuses an object that is larger than the free space of dir.
func (b *Bucket) fits(info store.Info, dir string) error {
	free, ok := freeSpace(dir)
	if !ok || info.Size <= free {
		return nil
	}
	return &lake.Error{
		Code:    lake.StorageFull,
		Message: fmt.Sprintf("%s has %s, but only %s are free in %s", b.URI(info.Key), bytesText(info.Size), bytesText(free), dir),
		Hint:    "a function has more with a larger aws.functions.storage_mb (at most 10240) and `wplake deploy apply`; elsewhere, free some space",
	}
}

// writeFile writes what r gives to a new file; where that fails there is none.
func writeFile(name string, r io.Reader) error {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.CopyBuffer(struct{ io.Writer }{f}, r, make([]byte, 256<<10))
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, os.Remove(name))
	}
	return nil
}
