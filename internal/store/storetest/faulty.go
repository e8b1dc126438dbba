package storetest

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"wplake/internal/store"
)

// Op names an operation of a bucket.
type Op string

// The operations that can be made to fail. Read is a read from what Open
// gave, Any is each of them.
const (
	Any      Op = ""
	Stat     Op = "Stat"
	List     Op = "List"
	Open     Op = "Open"
	Read     Op = "Read"
	Download Op = "Download"
	Create   Op = "Create"
	Commit   Op = "Commit"
	Delete   Op = "Delete"
	Sweep    Op = "Sweep"
	Check    Op = "Check"
)

// Fault makes operations fail.
type Fault struct {
	Op    Op     // which operation
	Key   string // only where the key (of List: the prefix) contains this; empty: everywhere
	Nth   int    // the how manieth of those fails, from 1; 0: every one
	Err   error  // what it fails with
	After bool   // the operation is done first, and fails all the same, as when a connection breaks before the answer
}

// FaultyBucket is a bucket that fails as planned. What fails has no effect,
// unless the fault says After.
type FaultyBucket struct {
	bucket store.Bucket

	mu    sync.Mutex
	plan  []Fault
	seen  []int // by fault: how many operations it was about
	calls []string
}

var _ store.Bucket = (*FaultyBucket)(nil)

// Faulty returns a bucket that does what b does, except for what the plan says.
func Faulty(b store.Bucket, plan ...Fault) *FaultyBucket {
	return &FaultyBucket{bucket: b, plan: plan, seen: make([]int, len(plan))}
}

// Unwrap returns the bucket that Faulty was given.
func (f *FaultyBucket) Unwrap() store.Bucket { return f.bucket }

// Calls returns the operations so far, each as "Op key". With it a test can
// find out how many there are and then make each of them fail in turn.
func (f *FaultyBucket) Calls() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.calls)
}

// due counts an operation and returns the fault that it meets, if any.
func (f *FaultyBucket) due(op Op, key string) (fault Fault, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, fmt.Sprintf("%s %s", op, key))
	for i, candidate := range f.plan {
		if candidate.Op != Any && candidate.Op != op || !strings.Contains(key, candidate.Key) {
			continue
		}
		f.seen[i]++
		if !ok && (candidate.Nth == 0 || candidate.Nth == f.seen[i]) {
			fault, ok = candidate, true
		}
	}
	return fault, ok
}

// meet does an operation unless a fault comes before it.
func meet[T any](f *FaultyBucket, op Op, key string, do func() (T, error)) (T, error) {
	fault, ok := f.due(op, key)
	if !ok {
		return do()
	}
	var none T
	if fault.After {
		if _, err := do(); err != nil {
			return none, err
		}
	}
	return none, fault.Err
}

// Name implements store.Bucket.
func (f *FaultyBucket) Name() string { return f.bucket.Name() }

// URI implements store.Bucket.
func (f *FaultyBucket) URI(key string) string { return f.bucket.URI(key) }

// Stat implements store.Bucket.
func (f *FaultyBucket) Stat(ctx context.Context, key string) (store.Info, error) {
	return meet(f, Stat, key, func() (store.Info, error) { return f.bucket.Stat(ctx, key) })
}

// List implements store.Bucket.
func (f *FaultyBucket) List(ctx context.Context, prefix string) ([]store.Info, error) {
	return meet(f, List, prefix, func() ([]store.Info, error) { return f.bucket.List(ctx, prefix) })
}

// Open implements store.Bucket.
func (f *FaultyBucket) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	fault, ok := f.due(Open, key)
	if ok {
		return nil, fault.Err
	}
	r, err := f.bucket.Open(ctx, key)
	if err != nil {
		return nil, err
	}
	return &faultyReader{ReadCloser: r, bucket: f, key: key}, nil
}

// Download implements store.Bucket.
func (f *FaultyBucket) Download(ctx context.Context, key, dir string) (path string, info store.Info, err error) {
	return f.download(ctx, key, dir, f.bucket.Download)
}

// DownloadFooter implements store.Bucket. It is a Download to faults.
func (f *FaultyBucket) DownloadFooter(ctx context.Context, key, dir string) (path string, info store.Info, err error) {
	return f.download(ctx, key, dir, f.bucket.DownloadFooter)
}

func (f *FaultyBucket) download(ctx context.Context, key, dir string,
	do func(context.Context, string, string) (string, store.Info, error),
) (path string, info store.Info, err error) {
	path, err = meet(f, Download, key, func() (string, error) {
		var err error
		path, info, err = do(ctx, key, dir)
		return path, err
	})
	if err != nil {
		return "", store.Info{}, err
	}
	return path, info, nil
}

// Create implements store.Bucket.
func (f *FaultyBucket) Create(ctx context.Context, key string) (store.Upload, error) {
	fault, ok := f.due(Create, key)
	if ok && !fault.After {
		return nil, fault.Err
	}
	u, err := f.bucket.Create(ctx, key)
	if err != nil {
		return nil, err
	}
	if ok {
		return nil, fault.Err // the temporary file stays behind, for Sweep
	}
	return &faultyUpload{Upload: u, bucket: f, key: key}, nil
}

// Delete implements store.Bucket.
func (f *FaultyBucket) Delete(ctx context.Context, key string) error {
	_, err := meet(f, Delete, key, func() (struct{}, error) { return struct{}{}, f.bucket.Delete(ctx, key) })
	return err
}

// Sweep implements store.Bucket.
func (f *FaultyBucket) Sweep(ctx context.Context) (int, error) {
	return meet(f, Sweep, "", func() (int, error) { return f.bucket.Sweep(ctx) })
}

// Check implements store.Bucket.
func (f *FaultyBucket) Check(ctx context.Context) error {
	_, err := meet(f, Check, "", func() (struct{}, error) { return struct{}{}, f.bucket.Check(ctx) })
	return err
}

type faultyReader struct {
	io.ReadCloser
	bucket *FaultyBucket
	key    string
}

func (r *faultyReader) Read(p []byte) (int, error) {
	return meet(r.bucket, Read, r.key, func() (int, error) { return r.ReadCloser.Read(p) })
}

type faultyUpload struct {
	store.Upload
	bucket *FaultyBucket
	key    string
}

// Expect, which the embedded upload has, is remembered by it until then.
//
// Commit ends the write also where it fails, as every driver's does.
func (u *faultyUpload) Commit(ctx context.Context, metadata map[string]string) (store.Info, error) {
	info, err := meet(u.bucket, Commit, u.key, func() (store.Info, error) { return u.Upload.Commit(ctx, metadata) })
	if err != nil {
		if left := u.Abort(); left != nil {
			return store.Info{}, fmt.Errorf("%w (and cleaning up: %w)", err, left)
		}
	}
	return info, err
}
