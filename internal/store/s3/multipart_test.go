package s3_test

import (
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"wplake/internal/lake"
	"wplake/internal/store/s3"
)

// large is content of three parts.
func large(letter string) string { return strings.Repeat(letter, 11<<20) }

func small() s3.Options { return s3.Options{PartSize: 5 << 20, Prefix: "wordpress_api/"} }

func (f *fake) unfinished() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.uploads)
}

func TestMultipart(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	b := f.open(small())
	none := ""
	info, err := write(t, b, large("a"), &none)
	if err != nil || info.Size != 11<<20 || info.Metadata["run"] != "1" {
		t.Fatalf("Commit gave %+v, %v", info, err)
	}
	f.want(key, large("a"))
	if got := f.count("PUT " + key + " uploadId"); got != 3 {
		t.Errorf("%d parts, want 3", got)
	}
	path, got, err := b.Download(t.Context(), key, t.TempDir())
	if err != nil || got.Version != info.Version || got.Metadata["run"] != "1" {
		t.Fatalf("Download gave %+v, %v", got, err)
	}
	if content, err := os.ReadFile(path); err != nil || string(content) != large("a") {
		t.Errorf("the file has %d bytes, %v", len(content), err)
	}
	if _, err := write(t, b, large("b"), &info.Version); err != nil {
		t.Error(err)
	}
	_, err = write(t, b, large("c"), &info.Version)
	wantCode(t, err, lake.ObjectChanged)
	f.want(key, large("b"))
	if n := f.unfinished(); n != 0 {
		t.Errorf("%d uploads are left", n)
	}
}

// TestMultipartFaults: whatever fails, the object is the old or the new one,
// and no parts stay in the bucket.
func TestMultipartFaults(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		times  int32
		on     string
		answer func(f *fake) http.HandlerFunc
		code   lake.Code // empty: the write succeeds
		texts  []string
	}{
		{"busy with a part", 2, "PUT " + key + " uploadId", func(*fake) http.HandlerFunc { return failing(503, "SlowDown") }, "", nil},
		{"a part's answer is lost", 2, "PUT " + key + " uploadId", func(f *fake) http.HandlerFunc { return f.after(hangUp) }, "", nil},
		{"a part is refused", 1, "PUT " + key + " uploadId", func(*fake) http.HandlerFunc { return failing(403, "AccessDenied") }, lake.AccessDenied, []string{"s3:PutObject"}},
		{"a part fails for good", 99, "PUT " + key + " uploadId", func(*fake) http.HandlerFunc { return failing(500, "InternalError") }, lake.ServiceFailed, nil},
		{"it may not begin", 1, "POST " + key + " uploads", func(*fake) http.HandlerFunc { return failing(403, "AccessDenied") }, lake.AccessDenied, nil},
		{"busy at the end", 2, "POST " + key + " uploadId", func(*fake) http.HandlerFunc { return failing(503, "SlowDown") }, "", nil},
		{"the last answer is lost", 1, "POST " + key + " uploadId", func(f *fake) http.HandlerFunc { return f.after(hangUp) }, "", nil},
		{"the last answer is always lost", 99, "POST " + key + " uploadId", func(f *fake) http.HandlerFunc { return f.after(failing(500, "InternalError")) }, "", nil},
		{"an error with the status 200", 1, "POST " + key + " uploadId", func(*fake) http.HandlerFunc { return failing(200, "InternalError") }, "", nil},
		{"the whole is damaged", 1, "POST " + key + " uploadId", func(*fake) http.HandlerFunc {
			return func(w http.ResponseWriter, _ *http.Request) {
				answer(w, "CompleteMultipartUploadResult", "<ETag>x</ETag><ChecksumCRC32>AAAAAA==</ChecksumCRC32><ChecksumType>FULL_OBJECT</ChecksumType>")
			}
		}, lake.StorageFailed, []string{"damaged", "AAAAAA=="}},
		{"it never ends", 99, "POST " + key + " uploadId", func(*fake) http.HandlerFunc { return failing(500, "InternalError") }, lake.ServiceFailed, nil},
		{"another write comes in between", 1, "POST " + key + " uploadId", func(*fake) http.HandlerFunc { return failing(409, "ConditionalRequestConflict") }, "", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			scratch := t.TempDir()
			o := small()
			o.Scratch = scratch
			b := f.open(o)
			f.replace(key, "old")
			stat, err := b.Stat(t.Context(), key)
			if err != nil {
				t.Fatal(err)
			}
			f.first(c.times, c.on, c.answer(f))
			_, err = write(t, b, large("n"), &stat.Version)
			if c.code == "" {
				if err != nil {
					t.Fatal(err)
				}
				f.want(key, large("n"))
			} else {
				wantCode(t, err, c.code, c.texts...)
				f.want(key, "old")
			}
			if n := f.unfinished(); n != 0 {
				t.Errorf("%d uploads are left", n)
			}
			wantFiles(t, scratch, 0)
		})
	}
}

// TestMultipartOvertaken: what another write has replaced is not sent again.
func TestMultipartOvertaken(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	b := f.open(small())
	none := ""
	f.first(1, "POST "+key+" uploadId", func(w http.ResponseWriter, r *http.Request) {
		f.replace(key, "theirs")
		fail(w, r, 409, "ConditionalRequestConflict")
	})
	_, err := write(t, b, large("n"), &none)
	wantCode(t, err, lake.ObjectChanged)
	f.want(key, "theirs")
	if got := f.count("PUT " + key + " uploadId"); got != 3 || f.unfinished() != 0 {
		t.Errorf("%d parts were sent, want 3; %d uploads are left", got, f.unfinished())
	}
}

// TestSweep: parts that could not be removed are, as soon as they can be; those
// of others are not, unless they are old and look like wplake's.
func TestSweep(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	now := time.Now()
	o := small()
	o.Now = func() time.Time { return now }
	b := f.open(o)
	sweep := func(want int) {
		t.Helper()
		if n, err := b.Sweep(t.Context()); n != want || err != nil {
			t.Errorf("Sweep: %d, %v, want %d", n, err, want)
		}
	}
	f.meet = func(w http.ResponseWriter, r *http.Request, _ http.HandlerFunc) bool {
		if r.Method == http.MethodDelete || r.Method == http.MethodPut || f.name(r) == "GET  uploads" {
			fail(w, r, 403, "AccessDenied")
			return true
		}
		return false
	}
	_, err := write(t, b, large("n"), nil)
	wantCode(t, err, lake.AccessDenied)
	if f.unfinished() != 1 {
		t.Fatal("the upload was given up, though that was refused")
	}
	sweep(0)
	f.meet = nil
	f.mu.Lock()
	f.uploads["theirs"] = &pending{key: key}
	f.uploads["elsewhere"] = &pending{key: "other/x"}
	f.mu.Unlock()
	sweep(1)
	sweep(0)
	now = now.Add(25 * time.Hour)
	sweep(1)
	if f.unfinished() != 1 {
		t.Error("an upload outside of the prefix was given up")
	}
}
