package local

import (
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"wplake/internal/store"
)

// Delete removes an object and the folders that became empty.
func (b *Bucket) Delete(ctx context.Context, key string) error {
	if err := ready(ctx, key); errors.Is(err, store.ErrNotFound) {
		return nil
	} else if err != nil {
		return err
	}
	if err := b.remove(key); !errors.Is(absent(err), store.ErrNotFound) {
		return store.Failure("delete", b.place(key), err)
	}
	return nil
}

func (b *Bucket) remove(key string) error {
	root, err := os.OpenRoot(b.dir)
	if err != nil {
		return err
	}
	defer root.Close()
	info, err := root.Lstat(filepath.FromSlash(key))
	if err != nil {
		return err
	}
	if info.IsDir() {
		return store.ErrNotFound // a folder of objects is not an object
	}
	if err := b.removeFile(root, key); err != nil {
		return err
	}
	if err := syncDir(root, path.Dir(key)); err != nil {
		return err
	}
	return prune(root, path.Dir(key))
}

func (b *Bucket) removeFile(root *os.Root, key string) error {
	b.turn.Lock()
	defer b.turn.Unlock()
	return root.Remove(filepath.FromSlash(key))
}

// Check writes a file, flushes it and removes it again: in the bucket or,
// while there is no bucket yet, in the nearest folder above it that there is.
func (b *Bucket) Check(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	dir := b.dir
	for {
		info, err := os.Stat(dir)
		if err == nil && info.IsDir() {
			break
		}
		if err == nil || !errors.Is(err, fs.ErrNotExist) || filepath.Dir(dir) == dir {
			if err == nil {
				err = errNoFolder
			}
			return store.Failure("write to", dir, err)
		}
		dir = filepath.Dir(dir)
	}
	return store.Failure("write to", b.dir, tryWrite(dir))
}

var errNoFolder = errors.New("it is no folder")

// tryWrite writes a file into dir and removes it.
func tryWrite(dir string) error {
	name := filepath.Join(dir, temporaryPrefix+rand.Text()[:16]+temporarySuffix)
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString("can this be written to?\n")
	if err == nil {
		err = f.Sync()
	}
	left := os.Remove(name)
	if errors.Is(left, fs.ErrNotExist) {
		left = nil // a run that began meanwhile swept it
	}
	return errors.Join(err, f.Close(), left)
}
