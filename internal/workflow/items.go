package workflow

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"sync"

	"wplake/internal/asl"
	"wplake/internal/asl/items"
)

// itemStreams reads the items of distributed Maps, and collects and writes
// their results. Its methods may be called concurrently.
//
// A reading stays open from page to page. Results are collected as documents
// of the store, one a part, so that they outlive the process and a part that
// is asked for again is there already.
type itemStreams struct {
	//nolint:containedctx // readings live as long as the engine does, not as long as a page
	ctx   context.Context
	o     Options
	ports items.Ports

	mu   sync.Mutex
	open map[string]*itemStream // by run; one that is in use is taken out
}

type itemStream struct {
	reader *items.Reader
	next   string // cursor
}

func newItemStreams(ctx context.Context, o Options) *itemStreams {
	s := &itemStreams{ctx: ctx, o: o, open: map[string]*itemStream{}}
	s.ports = items.Ports{
		Open: func(ctx context.Context, bucket, key, version string) (io.ReadCloser, error) {
			body, _, err := o.Objects.Open(ctx, bucket, key, version)
			return body, err
		},
		List: func(ctx context.Context, bucket, prefix, from string) iter.Seq2[items.Object, error] {
			return listFrom(o.Objects.List(ctx, bucket, prefix), from)
		},
		Rows: o.Parquet,
	}
	if o.Parquet == nil {
		s.ports.Rows = func(context.Context, string, string) (items.Rows, error) {
			return nil, errors.New("no Parquet file can be read here")
		}
	}
	return s
}

// listFrom leaves out the objects before a key.
func listFrom(all iter.Seq2[ObjectInfo, error], from string) iter.Seq2[items.Object, error] {
	return func(yield func(items.Object, error) bool) {
		for o, err := range all {
			if err == nil && o.Key < from {
				continue
			}
			if !yield(items.Object{Key: o.Key, ETag: o.ETag, LastModified: o.LastModified, Size: o.Size, StorageClass: o.StorageClass}, err) {
				return
			}
		}
	}
}

// transfer answers an effect that reads items or writes results.
func (e *Engine) transfer(ctx context.Context, o *openEffect) asl.Answer {
	if e.o.Objects == nil {
		return items.Answer(asl.Page{}, errors.New("objects cannot be reached here"))
	}
	if o.Kind == asl.ReadEffect {
		return items.Answer(e.streams.page(o.Effect))
	}
	out, err := e.streams.write(ctx, o.Effect)
	if err != nil {
		cause := err.Error()
		return asl.Answer{Kind: asl.Failure, Cause: &cause}
	}
	return asl.Answer{Kind: asl.Done, Output: out}
}

// page reads one page; the reading that stands at its cursor goes on, otherwise
// another is begun there.
func (s *itemStreams) page(f asl.Effect) (asl.Page, error) {
	s.mu.Lock()
	stream := s.open[f.MapRun]
	delete(s.open, f.MapRun)
	s.mu.Unlock()
	if stream != nil && (f.Cursor == "" || stream.next != f.Cursor) {
		_ = stream.reader.Close() // it was only read
		stream = nil
	}
	if stream == nil {
		r, err := items.Open(s.ctx, s.ports, f)
		if err != nil {
			return asl.Page{}, err
		}
		stream = &itemStream{reader: r}
	}
	page, err := stream.reader.Page(f.Limit)
	if err != nil || page.Next == "" {
		_ = stream.reader.Close()
		return page, err
	}
	stream.next = page.Next
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open[f.MapRun] = stream
	return page, nil
}

// ResultsKind is the kind of the documents that hold the results of a run of a
// distributed Map until they are written.
func ResultsKind(mapRun string) string { return "results of " + mapRun }

// write collects results, and writes their files when all are there.
func (s *itemStreams) write(ctx context.Context, f asl.Effect) (any, error) {
	out, err := items.NewOutput(f)
	if err != nil {
		return nil, err
	}
	kind := ResultsKind(f.MapRun)
	if f.Write.Open {
		first := 0
		if f.Write.Kept {
			first = f.Write.Part
		}
		if err := s.forget(ctx, kind, first); err != nil {
			return nil, err
		}
		// A manifest now shows early that the place cannot be written to.
		return nil, s.o.Objects.Put(ctx, out.Bucket, out.ManifestKey(), bytes.NewReader(out.Manifest(items.Earlier(f.Write.Earlier))))
	}
	for k, lines := range out.Encode(f.Write.Results) {
		body := (&packer{}).pack(lines)
		err := s.o.Store.PutDocument(ctx, Document{Kind: kind, Key: partKey(k, f.Write.Part), Revision: 1, Body: body}, 0)
		if err != nil && !errors.Is(err, ErrConflict) {
			return nil, err
		}
	}
	if !f.Write.Final {
		return nil, nil
	}
	files := items.Earlier(f.Write.Earlier)
	for _, k := range items.Kinds() {
		lines := items.NewLines(&collected{ctx: ctx, store: s.o.Store, kind: kind, prefix: string(k) + "/", after: string(k) + "/"})
		// Files of an earlier writing keep their names.
		for n := len(files[k]); ; n++ {
			more, err := lines.More()
			if err != nil {
				return nil, err
			}
			if !more {
				break
			}
			file, err := s.put(ctx, &out, out.Key(k, n), lines)
			if err != nil {
				return nil, err
			}
			files[k] = append(files[k], file)
		}
	}
	if err := s.o.Objects.Put(ctx, out.Bucket, out.ManifestKey(), bytes.NewReader(out.Manifest(files))); err != nil {
		return nil, err
	}
	return files.Value(), nil
}

// put writes one file while its lines are read.
func (s *itemStreams) put(ctx context.Context, out *items.Output, key string, lines *items.Lines) (items.File, error) {
	r, w := io.Pipe()
	done := make(chan int64, 1)
	go func() {
		n, err := out.File(w, lines, items.MaxFile)
		w.CloseWithError(err)
		done <- n
	}()
	err := s.o.Objects.Put(ctx, out.Bucket, key, r)
	_ = r.Close() // it makes the writer stop where Put has
	return items.File{Key: key, Size: <-done}, err
}

// collected reads the documents of one kind of results, one after the other.
type collected struct {
	//nolint:containedctx // a reader has no other way to be told
	ctx                 context.Context
	store               Store
	kind, prefix, after string
	rest                []byte
}

// Read gives the lines in the order of their parts.
func (c *collected) Read(p []byte) (int, error) {
	for len(c.rest) == 0 {
		found, err := c.store.Documents(c.ctx, c.kind, c.after, 1)
		if err != nil {
			return 0, err
		}
		if len(found) == 0 || len(found[0].Key) < len(c.prefix) || found[0].Key[:len(c.prefix)] != c.prefix {
			return 0, io.EOF
		}
		c.after = found[0].Key
		if c.rest, err = unpack(found[0].Body); err != nil {
			return 0, err
		}
	}
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

func partKey(k items.Kind, part int) string { return fmt.Sprintf("%s/%012d", k, part) }

// drop ends the reading of a run, and forgets its results when it succeeded:
// they are written. One that did not may be redriven, and go on with them.
func (s *itemStreams) drop(mapRun string, succeeded bool) {
	s.mu.Lock()
	stream := s.open[mapRun]
	delete(s.open, mapRun)
	s.mu.Unlock()
	if stream != nil {
		_ = stream.reader.Close()
	}
	if !succeeded {
		return
	}
	if err := s.forget(context.WithoutCancel(s.ctx), ResultsKind(mapRun), 0); err != nil {
		s.o.Log.Warn("results of a Map run that are written already could not be removed; they go with their execution", "run", mapRun, "error", err)
	}
}

// forget removes the results of a run, but for the successes of the parts before
// first.
func (s *itemStreams) forget(ctx context.Context, kind string, first int) error {
	after := ""
	for {
		found, err := s.o.Store.Documents(ctx, kind, after, 1)
		if err != nil || len(found) == 0 {
			return err
		}
		after = found[0].Key
		if strings.HasPrefix(after, string(items.Succeeded)+"/") && after < partKey(items.Succeeded, first) {
			continue
		}
		if err := s.o.Store.DeleteDocument(ctx, kind, after); err != nil {
			return err
		}
	}
}

func (s *itemStreams) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, stream := range s.open {
		_ = stream.reader.Close()
	}
	clear(s.open)
}
