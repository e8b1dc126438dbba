// Package deflate compresses by RFC 1951 as far as it goes, for packages that
// are made once, uploaded, and unpacked at every cold start. The standard library
// decides from one byte to the next; here the shortest way through a segment is
// looked for, by the costs that the codes of the last attempt had, which leaves
// some five per cent less and takes some ten times as long.
package deflate

import (
	"context"
	"io"
	"runtime"
	"sync"
)

// segment is how many bytes are compressed by themselves, with the window before
// them to refer to: enough for the codes to pay, and small enough to be compressed
// side by side.
const segment = 1 << 20

// Compress writes data as one stream. It takes about 60 MB of memory for each
// core. When ctx ends it ends within a segment for each core, with ctx's error.
func Compress(ctx context.Context, w io.Writer, data []byte) error {
	count := max(1, (len(data)+segment-1)/segment)
	parts := make([][]byte, count)
	ready := make([]chan struct{}, count)
	for i := range ready {
		ready[i] = make(chan struct{})
	}
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	var all sync.WaitGroup
	defer all.Wait()
	all.Go(func() {
		for i := range parts {
			slots <- struct{}{}
			all.Go(func() {
				defer func() { <-slots }()
				defer close(ready[i])
				if ctx.Err() != nil {
					return
				}
				from, to := i*segment, min((i+1)*segment, len(data))
				parts[i] = compressSegment(data[max(0, from-window):to], min(from, window), i == count-1)
			})
		}
	})
	var err error
	for i := range parts {
		<-ready[i]
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err == nil {
			_, err = w.Write(parts[i])
		}
		parts[i] = nil
	}
	return err
}

// attempts is how often the way through a segment is looked for. The first
// knows nothing of the codes, each other takes those of the one before.
const attempts = 4

// compressSegment compresses data[from:]; what is before may be referred to.
// All but the last segment end with an empty stored block, so that they end with
// a byte.
func compressSegment(data []byte, from int, last bool) []byte {
	f := findMatches(data, from)
	costs := guessed()
	blocks := []block{{costs: &costs, to: len(data)}}
	var tokens []token
	for range attempts {
		tokens = shortest(data, from, f, blocks)
		blocks = split(tokens, from)
	}
	var b bits
	for i := range blocks {
		b.block(tokens[blocks[i].first:blocks[i].end], last && i == len(blocks)-1)
	}
	if len(blocks) == 0 { // nothing but the end
		b.block(nil, last)
	}
	if !last {
		b.write(0, 3)
		b.align()
		b.out = append(b.out, 0, 0, 0xff, 0xff)
	}
	b.align()
	return b.out
}
