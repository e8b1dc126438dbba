package pipeline

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"

	"wplake/internal/jsonarray"
	"wplake/internal/lake"
	"wplake/internal/store"
	"wplake/internal/wordpress"
)

// Raw takes the objects out of the source and keeps them as they came. What is
// not one complete JSON array of objects is refused; the last good object stays.
func Raw(ctx context.Context, d Deps, req Request) lake.StageReport {
	began := d.Now()
	offered, err := d.Source.Objects(ctx)
	if err != nil {
		return d.failed("raw", err)
	}
	var tasks []task
	byName := map[string]wordpress.Object{}
	for _, o := range offered {
		if req.wants(o.Name) {
			byName[o.Name] = o
			tasks = append(tasks, task{object: o.Name})
		}
	}
	if err := weigh(ctx, d, req, tasks); err != nil {
		return d.failed("raw", err)
	}
	s := lake.StageReport{Stage: "raw"}
	s.Objects = forEach(ctx, d, "raw", d.Source.Parallel(), tasks, func(ctx context.Context, object string, r *lake.ObjectReport) error {
		d.Log.Info(fmt.Sprintf("Processing %s", object), "stage", "raw", "from", byName[object].From)
		return takeRaw(ctx, d, req, byName[object], r)
	})
	for _, name := range req.Objects {
		if _, ok := byName[name]; !ok {
			s.Objects = append(s.Objects, lake.ObjectReport{
				Object: name, Status: lake.StatusFailed, Warnings: []string{},
				Error: &lake.Problem{
					Code: lake.ObjectMissing, Message: fmt.Sprintf("the source does not offer an object %q", name),
					Hint: "without --object all that it offers are taken",
				},
			})
		}
	}
	s.DurationMS = d.Now().Sub(began).Milliseconds()
	d.finish(&s)
	return s
}

// weigh gives the tasks of a run that may be cut off the sizes that the objects
// had, so that the smallest are begun first and those that are new last.
func weigh(ctx context.Context, d Deps, req Request, tasks []task) error {
	if !req.Resume {
		return nil
	}
	there, err := d.Buckets[lake.Raw].List(ctx, d.Config.Dataset+"/")
	if err != nil {
		return err
	}
	sizes := map[string]int64{}
	for _, info := range there {
		if object, ok := lake.ObjectOfKey(lake.Raw, d.Config.Dataset, info.Key); ok {
			sizes[object] = info.Size
		}
	}
	for i, t := range tasks {
		size, known := sizes[t.object]
		if !known {
			size = math.MaxInt64
		}
		tasks[i].weight = req.weight(size)
	}
	return nil
}

func takeRaw(ctx context.Context, d Deps, req Request, object wordpress.Object, r *lake.ObjectReport) error {
	if !lake.ValidObjectName(object.Name) {
		return &lake.Error{
			Code: lake.ObjectMissing, Message: fmt.Sprintf("%q cannot name an object", object.Name),
			Hint: "names have letters, digits, '_', '-' and '.'; the name is the last but one segment of the endpoint's path, up to its last '_'",
		}
	}
	bucket := d.Buckets[lake.Raw]
	key := lake.ObjectKey(lake.Raw, d.Config.Dataset, object.Name)
	// Looked at before the source is asked: what another run writes from then on
	// is as new as what this one fetches, and is not replaced.
	before, err := bucket.Stat(ctx, key)
	there := err == nil
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if there && fetched(before, req, r) {
		r.URI = bucket.URI(key)
		return nil
	}
	upload, err := bucket.Create(ctx, key)
	if err != nil {
		return err
	}
	defer func() { _ = upload.Abort() }() // after Commit it does nothing
	upload.Expect(before.Version)
	sink := &rawSink{object: object.Name, path: upload.Path(), room: d.Room, progress: func(n int64) {
		d.progress(Event{Stage: "raw", Object: object.Name, Bytes: n})
	}}
	err = d.Source.Fetch(ctx, object, sink)
	if closing := sink.close(); err == nil {
		err = closing
	}
	if err != nil {
		return wrapObject(object.Name, err)
	}
	content := hex.EncodeToString(sink.hash.Sum(nil))
	r.Rows, r.Bytes, r.Columns, r.URI = sink.rows, sink.bytes, sink.columns, bucket.URI(key)

	if there && !req.Full && !req.Resume {
		same := before.Metadata[keyContent] == content
		if before.Metadata == nil && before.Size == sink.bytes {
			// The file system keeps no metadata, or somebody else wrote the object.
			if same, err = holds(ctx, bucket, key, content); err != nil && !errors.Is(err, store.ErrNotFound) {
				return err
			}
		}
		if same {
			r.Status, r.Unchanged = lake.StatusSkipped, true
			return nil
		}
	}
	p := provenance{RunID: req.RunID, Created: d.Now(), Input: object.From, Rules: "verbatim", RowsIn: sink.rows}.metadata()
	p[keyContent] = content
	if _, err = upload.Commit(ctx, p); err != nil {
		return err
	}
	d.Log.Debug("raw object written", "object", object.Name, "rows", strconv.FormatInt(sink.rows, 10))
	return nil
}

// fetched reports whether this run has fetched the object that is there already.
func fetched(there store.Info, req Request, r *lake.ObjectReport) bool {
	if !req.finished(there.Metadata) {
		return false
	}
	rows, err := strconv.ParseInt(there.Metadata[keyRowsIn], 10, 64)
	if err != nil {
		return false // its metadata is not as this run wrote it: it is fetched again
	}
	r.Status, r.Unchanged = lake.StatusSkipped, true
	r.Rows, r.Bytes = rows, there.Size
	return true
}

// holds reports whether an object's bytes have the given SHA-256.
func holds(ctx context.Context, bucket store.Bucket, key, content string) (same bool, err error) {
	in, err := bucket.Open(ctx, key)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	h := sha256.New()
	if _, err := io.Copy(h, in); err != nil {
		return false, store.Failure("read", bucket.URI(key), err)
	}
	return hex.EncodeToString(h.Sum(nil)) == content, nil
}

// rawSink keeps an object's bytes in a file while it checks them. It
// implements wordpress.Sink.
type rawSink struct {
	object   string
	path     string
	room     *Room
	progress func(bytes int64)

	file    *os.File
	hash    hash.Hash
	bytes   int64
	rows    int64
	columns int
	check   *checker
}

// checker reads along with what is written.
type checker struct {
	pipe    *io.PipeWriter
	verdict chan error
	rows    int64
	columns int
}

func newChecker() *checker {
	out, in := io.Pipe()
	c := &checker{pipe: in, verdict: make(chan error, 1)}
	go func() {
		err := c.read(out)
		_ = out.CloseWithError(errChecked) // never fails
		c.verdict <- err
	}()
	return c
}

// errChecked ends the writing of bytes after the verdict is known.
var errChecked = errors.New("the check has ended")

func (c *checker) read(in io.Reader) error {
	r := jsonarray.NewReader(in)
	for {
		row, err := r.Next()
		if errors.Is(err, io.EOF) {
			c.rows, c.columns = r.Rows(), len(r.Names())
			return nil
		}
		if err != nil {
			return err
		}
		switch row.Fault {
		case lake.RowDuplicateKey:
			return &lake.Error{
				Code: lake.SourceDuplicateKey, Message: fmt.Sprintf("row %d: %s", row.Number, row.Detail),
				Hint: "the endpoint's query selects two columns of one name: give one of them an alias",
			}
		case lake.RowInvalidText:
			return &lake.Error{
				Code: lake.SourceInvalidJSON, Message: fmt.Sprintf("row %d holds %s", row.Number, row.Detail),
				Hint: "JSON is UTF-8: is the database connection's character set utf8mb4?",
			}
		}
	}
}

// judge ends the input and returns the verdict on it, again if asked again.
func (c *checker) judge() error {
	_ = c.pipe.Close() // never fails
	err := <-c.verdict
	c.verdict <- err
	return err
}

// Reset begins a new attempt.
func (s *rawSink) Reset() error {
	if err := s.close(); err != nil {
		return err
	}
	f, err := os.Create(s.path)
	if err != nil {
		return store.Failure("write", s.path, err)
	}
	s.file, s.hash, s.bytes, s.check = f, sha256.New(), 0, newChecker()
	return nil
}

// Write takes the next bytes.
func (s *rawSink) Write(p []byte) (int, error) {
	if s.file == nil {
		if err := s.Reset(); err != nil {
			return 0, err
		}
	}
	if _, err := s.check.pipe.Write(p); err != nil {
		return 0, s.judge()
	}
	n, err := s.file.Write(p)
	s.bytes += int64(n)
	if err != nil {
		return n, s.room.full(s.object, filepath.Dir(s.path), s.bytes, err)
	}
	_, _ = s.hash.Write(p) // never fails
	s.progress(s.bytes)
	return n, nil
}

// Announce refuses an object that there is no room for. It implements
// wordpress.Announced.
func (s *rawSink) Announce(size int64) error {
	return s.room.fits(s.object, filepath.Dir(s.path), size)
}

// Complete returns the verdict on all bytes.
func (s *rawSink) Complete() error {
	if s.file == nil {
		if err := s.Reset(); err != nil {
			return err
		}
	}
	return s.judge()
}

// judge ends the check and returns its verdict.
func (s *rawSink) judge() error {
	err := s.check.judge()
	s.rows, s.columns = s.check.rows, s.check.columns
	return err
}

// close ends the attempt.
func (s *rawSink) close() error {
	if s.file == nil {
		return nil
	}
	_ = s.judge() // ends the reader; the verdict was given, or is of no interest any more
	err := store.Failure("write", s.path, s.file.Close())
	s.file = nil
	return err
}
