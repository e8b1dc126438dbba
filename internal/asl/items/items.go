// Package items knows the formats of what distributed Maps read and write: the
// data sets of an ItemReader, and the files of a ResultWriter.
//
// It does no I/O of its own: objects come through the ports that the caller
// hands in, and it writes to the writers that it is given. Items are read one
// after the other and in pages, so memory does not grow with the data; an item
// may have MaxItem bytes. Causes are those of Step Functions as far as they are
// known.
package items

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"iter"
	"path"
	"time"

	"wplake/internal/asl"
)

// Limits of Step Functions.
const (
	// MaxItem is the largest item that is read, in bytes.
	MaxItem = 8 << 20
	// MaxHeader is the longest header of a CSV file, in bytes.
	MaxHeader = 10 << 10
	// MaxManifest is the largest manifest of an inventory that is read, in bytes.
	MaxManifest = 8 << 20
)

// Object describes an object of a listing.
type Object struct {
	Key          string
	ETag         string // with its quotes or without
	LastModified time.Time
	Size         int64 // bytes
	StorageClass string
}

// Rows are the rows of a Parquet file, one after the other.
type Rows interface {
	// Next returns the next row, as values that asl knows, and io.EOF after the
	// last one.
	Next() (map[string]any, error)
	Close() error
}

// Ports are what items are read through.
type Ports struct {
	// Open reads an object; version is "" for the newest.
	Open func(ctx context.Context, bucket, key, version string) (io.ReadCloser, error)
	// List lists objects by prefix, sorted by key, from the key from on ("" for
	// all).
	List func(ctx context.Context, bucket, prefix, from string) iter.Seq2[Object, error]
	// Rows reads a Parquet file.
	Rows func(ctx context.Context, bucket, key string) (Rows, error)
	// Zstd unpacks Zstandard; nil where that cannot be done.
	Zstd func(io.Reader) (io.ReadCloser, error)
}

// Answer is the answer to a ReadEffect: the page, or the failure that err is.
func Answer(page asl.Page, err error) asl.Answer {
	if err == nil {
		return asl.Answer{Kind: asl.Done, Page: &page}
	}
	cause := err.Error()
	return asl.Answer{Kind: asl.Failure, Cause: &cause}
}

// unpacked reads an object through what its name says of its compression.
func (p *Ports) unpacked(ctx context.Context, bucket, key, version string) (io.ReadCloser, error) {
	raw, err := p.Open(ctx, bucket, key, version)
	if err != nil {
		return nil, err
	}
	var inner io.ReadCloser
	switch path.Ext(key) {
	case ".gz", ".gzip":
		inner, err = gzip.NewReader(raw)
	case ".zst", ".zstd":
		if p.Zstd == nil {
			err = errors.New("the object " + key + " is packed with Zstandard, which cannot be read here")
		} else {
			inner, err = p.Zstd(raw)
		}
	default:
		return raw, nil
	}
	if err != nil {
		_ = raw.Close()
		return nil, err
	}
	return &packed{Reader: inner, inner: inner, outer: raw}, nil
}

type packed struct {
	io.Reader
	inner, outer io.Closer
}

func (p *packed) Close() error { return errors.Join(p.inner.Close(), p.outer.Close()) }

// uri is how the context object calls an object, or a bucket.
func uri(bucket, key string) string {
	if key == "" {
		return "s3://" + bucket
	}
	return "s3://" + bucket + "/" + key
}
