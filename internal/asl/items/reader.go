package items

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"

	"wplake/internal/asl"
)

// source gives the items of one object. next returns io.EOF after the last.
type source interface {
	next() (asl.Item, error)
	Close() error
}

// ref names an object to read.
type ref struct {
	bucket, key, version string
}

// Reader reads the items that a ReadEffect asks for. It is not safe for
// concurrent use.
type Reader struct {
	// ctx is that of the whole reading, which outlives the calls of Page.
	ctx    context.Context
	ports  Ports
	config Config
	pull   func() (ref, error, bool)
	stop   func()
	// list walks over the metadata, where these are the items.
	list func() (Object, error, bool)
	// open is the object that is being read, at its key; done items of it have
	// been given.
	open source
	at   place
	// behind is an item that was read and did not fit into its page.
	behind *asl.Item
}

// place is where a reading goes on: in the object Key, behind Done items.
type place struct {
	Key  string `json:"k,omitempty"`
	Done int64  `json:"n,omitempty"`
}

func (p place) cursor() string {
	text, _ := json.Marshal(p) // a text and a number
	return string(text)
}

// Open begins to read at the cursor of a ReadEffect. ctx is that of the whole
// reading. Close the Reader in the end.
func Open(ctx context.Context, ports Ports, e asl.Effect) (*Reader, error) {
	c, err := Configure(e.Resource, e.Arguments, e.Config)
	if err != nil {
		return nil, err
	}
	r := &Reader{ctx: ctx, ports: ports, config: c}
	if e.Cursor != "" {
		if err := json.Unmarshal([]byte(e.Cursor), &r.at); err != nil {
			return nil, fmt.Errorf("the cursor %q is none of this reader: %w", e.Cursor, err)
		}
	}
	if c.metadata() {
		list, stop := iter.Pull2(ports.List(ctx, c.Bucket, c.Prefix, r.at.Key))
		r.list, r.stop = list, stop
		return r, nil
	}
	objects, err := r.objects(r.at.Key)
	if err != nil {
		return nil, err
	}
	r.pull, r.stop = iter.Pull2(objects)
	if err := r.skip(); err != nil {
		_ = r.Close()
		return nil, err
	}
	return r, nil
}

// objects are those to read, from a key on.
func (r *Reader) objects(from string) (iter.Seq2[ref, error], error) {
	c := &r.config
	switch {
	case c.List:
		return func(yield func(ref, error) bool) {
			for o, err := range r.ports.List(r.ctx, c.Bucket, c.Prefix, from) {
				// A console makes folders out of empty objects.
				if err == nil && o.Size == 0 && strings.HasSuffix(o.Key, "/") {
					continue
				}
				if !yield(ref{bucket: c.Bucket, key: o.Key}, err) {
					return
				}
			}
		}, nil
	case c.Manifest == inventory:
		files, err := r.inventory()
		return startAt(files, from), err
	case c.Manifest == athena:
		return startAt(r.athena(), from), nil
	}
	return single(ref{bucket: c.Bucket, key: c.Key, version: c.Version}), nil
}

func single(r ref) iter.Seq2[ref, error] {
	return func(yield func(ref, error) bool) { yield(r, nil) }
}

// startAt leaves out what comes before the object with a key.
func startAt(all iter.Seq2[ref, error], key string) iter.Seq2[ref, error] {
	if key == "" {
		return all
	}
	return func(yield func(ref, error) bool) {
		found := false
		for r, err := range all {
			if err == nil && !found {
				if found = r.key == key; !found {
					continue
				}
			}
			if !yield(r, err) {
				return
			}
		}
	}
}

// skip passes over what was given before.
func (r *Reader) skip() error {
	if r.at.Done == 0 {
		return nil
	}
	at := r.at
	if err := r.enter(); err != nil {
		return noEOF(err)
	}
	if r.at.Key != at.Key {
		return fmt.Errorf("the object %s is no longer there", at.Key)
	}
	for r.at.Done < at.Done {
		if _, err := r.open.next(); err != nil {
			return noEOF(err)
		}
		r.at.Done++
	}
	return nil
}

func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return errors.New("the data has become shorter while it was read")
	}
	return err
}

// enter opens the next object, io.EOF when there is none.
func (r *Reader) enter() error {
	o, err, ok := r.pull()
	if err != nil {
		return err
	}
	if !ok {
		return io.EOF
	}
	r.at = place{Key: o.key}
	r.open, err = r.parse(o)
	return err
}

// parse opens an object in its format.
func (r *Reader) parse(o ref) (source, error) {
	c := &r.config
	if c.Type == parquet {
		if c.Version != "" {
			return nil, errors.New("VersionId is not supported for Parquet files")
		}
		rows, err := r.ports.Rows(r.ctx, o.bucket, o.key)
		if err != nil {
			return nil, err
		}
		return &rowSource{rows: rows, uri: uri(o.bucket, o.key)}, nil
	}
	body, err := r.ports.unpacked(r.ctx, o.bucket, o.key, o.version)
	if err != nil {
		return nil, err
	}
	s, err := parse(c, body, uri(o.bucket, o.key))
	if err != nil {
		_ = body.Close()
		return nil, err
	}
	return s, nil
}

// parse reads the items of a body.
func parse(c *Config, body io.ReadCloser, uri string) (source, error) {
	switch c.Type {
	case jsonLines:
		return newLines(body, uri), nil
	case csvFile:
		return newCSV(c, body, uri)
	}
	return newJSON(c, body, uri)
}

// next returns the next item, io.EOF after the last one.
func (r *Reader) next() (asl.Item, error) {
	if r.behind != nil {
		item := *r.behind
		r.behind = nil
		return item, nil
	}
	if r.list != nil {
		return r.entry()
	}
	for {
		if r.open == nil {
			if err := r.enter(); err != nil {
				return asl.Item{}, err
			}
		}
		item, err := r.open.next()
		if errors.Is(err, io.EOF) {
			err = r.open.Close()
			r.open = nil
			if err == nil {
				continue
			}
		}
		if err != nil {
			return asl.Item{}, err
		}
		r.at.Done++
		return item, nil
	}
}

// entry is the next item of a listing: what S3 tells of an object.
func (r *Reader) entry() (asl.Item, error) {
	o, err, ok := r.list()
	if err != nil {
		return asl.Item{}, err
	}
	if !ok {
		return asl.Item{}, io.EOF
	}
	// The least key behind this one.
	r.at.Key = o.Key + "\x00"
	if !strings.HasPrefix(o.ETag, `"`) {
		o.ETag = `"` + o.ETag + `"`
	}
	if o.StorageClass == "" {
		o.StorageClass = "STANDARD"
	}
	return asl.Item{Source: uri(r.config.Bucket, ""), Value: map[string]any{
		"Etag": o.ETag, "Key": o.Key, "Size": json.Number(strconv.FormatInt(o.Size, 10)), "StorageClass": o.StorageClass,
		"LastModified": json.Number(strconv.FormatInt(o.LastModified.Unix(), 10)),
	}}, nil
}

// Page returns at most limit items, and about asl.PageBytes of them, at least
// one unless there is none left.
func (r *Reader) Page(limit int) (asl.Page, error) {
	page, bytes := asl.Page{}, 0
	for len(page.Items) < limit {
		before := r.at
		item, err := r.next()
		if errors.Is(err, io.EOF) {
			return page, nil
		}
		if err != nil {
			return asl.Page{}, err
		}
		bytes += len(asl.Text(item.Value))
		if bytes > asl.PageBytes && len(page.Items) > 0 {
			r.behind, page.Next = &item, before.cursor()
			return page, nil
		}
		page.Items = append(page.Items, item)
	}
	page.Next = r.at.cursor()
	return page, nil
}

// Close lets go of what is open.
func (r *Reader) Close() error {
	if r.stop != nil {
		r.stop()
	}
	if r.open == nil {
		return nil
	}
	err := r.open.Close()
	r.open = nil
	return err
}

type rowSource struct {
	rows Rows
	uri  string
}

func (s *rowSource) next() (asl.Item, error) {
	row, err := s.rows.Next()
	if err != nil {
		return asl.Item{}, err
	}
	return asl.Item{Value: row, Source: s.uri}, nil
}

func (s *rowSource) Close() error { return s.rows.Close() }
