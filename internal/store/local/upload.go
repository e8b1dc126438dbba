package local

import (
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sync"

	"wplake/internal/store"
)

// Create begins to write an object: it makes the object's folder and an empty
// temporary file in it.
func (b *Bucket) Create(ctx context.Context, key string) (store.Upload, error) {
	if err := ready(ctx, key); errors.Is(err, store.ErrNotFound) {
		return nil, store.Failure("write", b.place(key), errReserved)
	} else if err != nil {
		return nil, err
	}
	name := path.Join(path.Dir(key), temporaryPrefix+rand.Text()[:16]+temporarySuffix)
	// A Delete or an Abort beside this may take the folder away again between
	// the two steps, as it was empty.
	for attempt := 1; ; attempt++ {
		err := b.createFile(name)
		if err == nil {
			return &upload{bucket: b, key: key, name: name}, nil
		}
		if attempt == 10 || !errors.Is(err, fs.ErrNotExist) {
			return nil, store.Failure("write", b.place(key), err)
		}
	}
}

var errReserved = errors.New("the name is reserved for unfinished writes")

// createFile creates an empty file of that name, and its folder.
func (b *Bucket) createFile(name string) error {
	if err := makeDir(b.dir); err != nil {
		return err
	}
	root, err := os.OpenRoot(b.dir)
	if err != nil {
		return err
	}
	defer root.Close()
	if err := makeDirIn(root, path.Dir(name)); err != nil {
		return err
	}
	f, err := root.OpenFile(filepath.FromSlash(name), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	return f.Close()
}

// upload is an object being written.
type upload struct {
	bucket *Bucket
	key    string
	name   string // the temporary file's, as a key

	mu     sync.Mutex
	ended  bool
	expect *string // the version that Commit has to find; nil: any
}

// Path is the temporary file.
func (u *upload) Path() string { return u.bucket.place(u.name) }

// Expect says which version of the object Commit may replace.
func (u *upload) Expect(version string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.expect = &version
}

var errEnded = errors.New("the write has ended already")

// Commit makes the temporary file the object. Whatever comes of it, it ends
// the write.
func (u *upload) Commit(ctx context.Context, metadata map[string]string) (store.Info, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.ended {
		return store.Info{}, store.Failure("write", u.bucket.place(u.key), errEnded)
	}
	u.ended = true
	info, err := u.commit(ctx, metadata)
	if err != nil {
		if left := u.discard(); left != nil {
			u.bucket.log.Warn("an unfinished write was left behind until the next sweep", "path", u.Path(), "cause", left)
		}
		return store.Info{}, store.Failure("write", u.bucket.place(u.key), err)
	}
	return info, nil
}

func (u *upload) commit(ctx context.Context, metadata map[string]string) (store.Info, error) {
	if err := ctx.Err(); err != nil {
		return store.Info{}, err
	}
	root, err := os.OpenRoot(u.bucket.dir)
	if err != nil {
		return store.Info{}, err
	}
	defer root.Close()
	info, err := u.flush(root, metadata)
	if err != nil {
		return store.Info{}, err
	}
	if err := u.replace(root); err != nil {
		return store.Info{}, err
	}
	return info, syncDir(root, path.Dir(u.key))
}

// replace makes the temporary file the object, if the object is as expected.
func (u *upload) replace(root *os.Root) error {
	u.bucket.turn.Lock()
	defer u.bucket.turn.Unlock()
	if u.expect != nil {
		there := ""
		info, err := root.Stat(filepath.FromSlash(u.key))
		if err != nil && !errors.Is(absent(err), store.ErrNotFound) {
			return err
		}
		if err == nil && info.Mode().IsRegular() {
			there = version(info)
		}
		if there != *u.expect {
			return store.Changed(u.bucket.place(u.key))
		}
	}
	return root.Rename(filepath.FromSlash(u.name), filepath.FromSlash(u.key))
}

// flush attaches the metadata to the temporary file and brings both to the
// disk. The file is opened anew: who filled it may have replaced it.
func (u *upload) flush(root *os.Root, metadata map[string]string) (_ store.Info, err error) {
	f, err := root.OpenFile(filepath.FromSlash(u.name), os.O_RDWR, 0)
	if err != nil {
		return store.Info{}, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	stat, err := f.Stat()
	if err != nil {
		return store.Info{}, err
	}
	info := describe(u.key, stat)
	if metadata != nil {
		kept, err := u.bucket.writeMetadata(f, stat, metadata)
		if err != nil {
			return store.Info{}, err
		}
		info.Metadata = kept
	}
	return info, f.Sync()
}

// Abort removes the temporary file, and the folders that were made for it.
func (u *upload) Abort() error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.ended {
		return nil
	}
	u.ended = true
	return store.Failure("clean up", u.Path(), u.discard())
}

func (u *upload) discard() error {
	root, err := os.OpenRoot(u.bucket.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer root.Close()
	if err := root.Remove(filepath.FromSlash(u.name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return prune(root, path.Dir(u.name))
}
