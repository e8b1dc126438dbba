// Package store is the port to object storage: buckets of objects, each of
// which is written whole or not at all.
//
// Every driver passes the suite in storetest.
package store

import (
	"context"
	"errors"
	"io"
	"time"
)

// ErrNotFound says that there is no object of that key.
var ErrNotFound = errors.New("no such object")

// Info describes an object.
type Info struct {
	Key      string
	Size     int64     // bytes
	Modified time.Time // when it was committed; what Commit gives may be some seconds off the store's own clock
	// Version changes when the object does. What is in it is the driver's
	// affair; it is never empty, and serves Upload.Expect.
	Version string
	// Metadata is what was given to Commit. It is nil for an object that
	// wplake did not write, or that somebody changed afterwards.
	Metadata map[string]string
}

// Bucket is a bucket of objects. Keys are slash-separated, relative and have
// no empty, "." or ".." segments. All methods may be called concurrently.
// Readers see an object as it was before or after a write, never between.
type Bucket interface {
	// Name is the bucket's name.
	Name() string
	// URI is the address of a key as a person or a catalog uses it.
	URI(key string) string
	// Stat describes the object, or returns an error that is ErrNotFound.
	Stat(ctx context.Context, key string) (Info, error)
	// List returns the objects whose keys begin with prefix, sorted by key.
	// Metadata is not filled in. A bucket that the driver makes with the first
	// write is empty before it; that another does not exist is an error.
	List(ctx context.Context, prefix string) ([]Info, error)
	// Open reads the object, or returns an error that is ErrNotFound.
	Open(ctx context.Context, key string) (io.ReadCloser, error)
	// Download makes the object, as it is now, a file within the directory dir
	// and returns the file's path and the description, metadata included, of
	// the very state of the object that is in the file. Later writes to the
	// object do not change the file. The file must not be written to.
	Download(ctx context.Context, key, dir string) (path string, info Info, err error)
	// DownloadFooter is Download for whoever needs of a Parquet object no more
	// than its footer: the file has the object's size, and the object's bytes
	// from the footer on; those before them may be missing (a hole). What is no
	// Parquet object gives a file that is none either.
	DownloadFooter(ctx context.Context, key, dir string) (path string, info Info, err error)
	// Create begins to write an object. Nothing is visible before Commit.
	Create(ctx context.Context, key string) (Upload, error)
	// Delete removes the object. It is no error when there is none.
	Delete(ctx context.Context, key string) error
	// Sweep removes what interrupted writes left behind, and returns how many
	// there were. No write may be under way in the bucket.
	Sweep(ctx context.Context) (int, error)
	// Check tells whether the bucket can be written to; it leaves nothing behind.
	Check(ctx context.Context) error
}

// Upload is an object being written. It ends with Commit or Abort; Abort
// after Commit does nothing, so it can be deferred.
type Upload interface {
	// Path is a local file, empty at first, to be filled with the object's bytes.
	Path() string
	// Expect makes Commit fail with a *lake.Error of the code ObjectChanged,
	// and leave the object as it is, unless the object is of that version then;
	// "" says that there must be none. Of several writers that expect the same
	// version one succeeds. Without Expect Commit replaces whatever is there.
	Expect(version string)
	// Commit makes the file's content the object, in one atomic and durable
	// step, together with its metadata (which may be nil).
	Commit(ctx context.Context, metadata map[string]string) (Info, error)
	// Abort forgets the write. The object stays as it was.
	Abort() error
}
