package deflate_test

import (
	"bytes"
	"compress/flate"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"wplake/internal/deploy/deflate"
)

// inflated compresses and inflates again, with the standard library.
func inflated(t testing.TB, data []byte) (compressed int) {
	t.Helper()
	var out bytes.Buffer
	if err := deflate.Compress(t.Context(), &out, data); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(flate.NewReader(bytes.NewReader(out.Bytes())))
	if err != nil {
		t.Fatalf("%d bytes: %v", len(data), err)
	}
	if !bytes.Equal(got, data) {
		t.Fatalf("%d bytes came back as %d others", len(data), len(got))
	}
	return out.Len()
}

func TestCompress(t *testing.T) {
	t.Parallel()
	noise := make([]byte, 3<<20+17)
	r := rand.NewChaCha8([32]byte{1})
	_, _ = r.Read(noise)
	for name, data := range map[string][]byte{
		"nothing": {}, "one byte": {7}, "two": {7, 7}, "three": {1, 2, 3}, "zeros": make([]byte, 2<<20), "noise": noise[:100_000],
		"much noise": noise, "a segment": noise[:1<<20], "text": []byte(strings.Repeat("the lake and the lark; ", 50_000)),
		"every byte once": func() []byte {
			b := make([]byte, 256)
			for i := range b {
				b[i] = byte(i)
			}
			return b
		}(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if n := inflated(t, data); n > len(data)+len(data)/1000+200 {
				t.Errorf("%d bytes became %d", len(data), n)
			}
		})
	}
}

// It is worth its time: a program gets smaller than the standard library makes it.
func TestSmaller(t *testing.T) {
	t.Parallel()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	data = data[:min(len(data), 3<<20)]
	var std bytes.Buffer
	w, err := flate.NewWriter(&std, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	n := inflated(t, data)
	t.Logf("%d bytes, %d by the standard library (%.3f)", n, std.Len(), float64(n)/float64(std.Len()))
	if n*100 > std.Len()*97 {
		t.Errorf("%d bytes are not 3 %% less than %d", n, std.Len())
	}
}

func TestInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := deflate.Compress(ctx, io.Discard, make([]byte, 5<<20)); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func FuzzCompress(f *testing.F) {
	for _, seed := range []string{"", "a", "aaaa", "abcabcabcabc", strings.Repeat("x", 600), "\x00\xff\x00\xff"} {
		f.Add([]byte(seed), uint16(3))
	}
	f.Fuzz(func(t *testing.T, data []byte, times uint16) {
		// Repeated, so that long matches come.
		inflated(t, bytes.Repeat(data, int(times%64)+1))
	})
}
