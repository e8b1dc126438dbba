package s3_test

import (
	"encoding/binary"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"wplake/internal/lake"
	"wplake/internal/store/s3"
)

// parquet is something like a Parquet file with so long a footer.
func parquet(rows byte, footer int) string {
	length := string(binary.LittleEndian.AppendUint32(nil, uint32(footer)))
	return "PAR1" + strings.Repeat(string(rows), 300_000) + strings.Repeat("f", footer) + length + "PAR1"
}

// TestFooterRequests: of an object whose footer is all that is wanted no more
// is read than that, and mostly with one request.
func TestFooterRequests(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ footer, requests int }{{1_000, 1}, {100_000, 2}} {
		f := newFake(t)
		b := f.open(s3.Options{})
		f.replace(key, parquet('r', c.footer))
		var sent atomic.Int64
		f.meet = func(w http.ResponseWriter, r *http.Request, serve http.HandlerFunc) bool {
			serve(&counting{ResponseWriter: w, sent: &sent}, r)
			return true
		}
		if _, _, err := b.DownloadFooter(t.Context(), key, t.TempDir()); err != nil {
			t.Fatal(err)
		}
		if n := f.count("GET " + key); n != c.requests {
			t.Errorf("a footer of %d bytes took %d requests, want %d", c.footer, n, c.requests)
		}
		if n := sent.Load(); n > int64(c.footer)+100_000 {
			t.Errorf("a footer of %d bytes took %d bytes", c.footer, n)
		}
	}
}

// counting counts the bytes of an answer.
type counting struct {
	http.ResponseWriter
	sent *atomic.Int64
}

func (c *counting) Write(p []byte) (int, error) {
	n, err := c.ResponseWriter.Write(p)
	c.sent.Add(int64(n))
	return n, err
}

// TestFooterReplaced: an object that is replaced between the two requests for
// its footer is read anew, and one that always is, is an error.
func TestFooterReplaced(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		times int32
		ok    bool
	}{{1, true}, {99, false}} {
		f := newFake(t)
		b := f.open(s3.Options{})
		f.replace(key, parquet('r', 100_000))
		var left atomic.Int32
		left.Store(c.times)
		f.meet = func(_ http.ResponseWriter, r *http.Request, _ http.HandlerFunc) bool {
			if r.Method == http.MethodGet && r.Header.Get("If-Match") != "" && left.Add(-1) >= 0 {
				f.replace(key, parquet(byte('0'+left.Load()%10), 100_001))
			}
			return false
		}
		dir := t.TempDir()
		path, _, err := b.DownloadFooter(t.Context(), key, dir)
		if !c.ok {
			wantCode(t, err, lake.ObjectChanged, "s3://"+bucketName+"/"+key, "run again")
			if entries, err := os.ReadDir(dir); len(entries) > 0 || err != nil {
				t.Errorf("left behind: %v, %v", entries, err)
			}
			continue
		}
		got, failed := os.ReadFile(path)
		want, _ := f.holds(key)
		if err != nil || failed != nil || len(got) != len(want) || string(got[300_004:]) != want[300_004:] {
			t.Errorf("the footer is not that of the object there is: %v, %v", err, failed)
		}
	}
}

// TestFooterBreaksOff: an answer that ends early is resumed where it ended.
func TestFooterBreaksOff(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	b := f.open(s3.Options{})
	content := parquet('r', 60_000)
	f.replace(key, content)
	var left atomic.Int32
	left.Store(2)
	f.meet = func(w http.ResponseWriter, r *http.Request, serve http.HandlerFunc) bool {
		if r.Method != http.MethodGet || left.Add(-1) < 0 {
			return false
		}
		serve(&breaking{ResponseWriter: w, after: 1000}, r)
		return true
	}
	path, _, err := b.DownloadFooter(t.Context(), key, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	if err != nil || string(got[300_004:]) != content[300_004:] {
		t.Errorf("the footer came wrong: %v", err)
	}
}

// breaking sends the first bytes of an answer and hangs up.
type breaking struct {
	http.ResponseWriter
	after int
}

func (b *breaking) Write(p []byte) (int, error) {
	_, _ = b.ResponseWriter.Write(p[:b.after]) // the client may have gone away
	_ = http.NewResponseController(b.ResponseWriter).Flush()
	panic(http.ErrAbortHandler)
}
