// Package wordpress is the port to a WordPress site as a source of data.
//
// Every driver passes the suite in sourcetest.
package wordpress

import (
	"context"
	"io"
)

// Object is something that a source offers.
type Object struct {
	Name string // e.g. posts
	From string // where it comes from, without credentials: a URL, a table
}

// Source gives a site's objects. Its methods may be called concurrently.
type Source interface {
	// Objects lists what the source offers, in the order in which it is to be
	// taken. Errors in single objects are left to Fetch.
	Objects(ctx context.Context) ([]Object, error)
	// Fetch writes an object to the sink, verbatim. It tries again by itself
	// where that may help, and returns a *lake.Error when it gives up. The
	// sink holds the object if and only if the error is nil.
	Fetch(ctx context.Context, object Object, sink Sink) error
	// Parallel is how many objects may be fetched at once, at least 1.
	Parallel() int
}

// Sink takes an object's bytes, one attempt after the other, and judges them
// while they stream.
type Sink interface {
	// Write takes the next bytes. It fails as soon as they cannot be part of
	// one JSON array of objects, or when they cannot be kept.
	io.Writer
	// Reset forgets all bytes and begins a new attempt.
	Reset() error
	// Complete says that all bytes were written, and returns the verdict:
	// nil, or a *lake.Error that names what came instead of one whole JSON
	// array of objects.
	Complete() error
}

// Announced is a Sink that wants to know how much is coming.
type Announced interface {
	Sink
	// Announce says, before the first byte of an attempt, that at least size
	// bytes are coming. An error, a *lake.Error, says that they cannot be
	// kept; then Fetch ends with it, and does not try again.
	Announce(size int64) error
}
