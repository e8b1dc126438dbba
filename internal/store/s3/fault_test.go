package s3_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"wplake/internal/lake"
	"wplake/internal/store"
	"wplake/internal/store/s3"
	"wplake/internal/store/storetest"
)

const key = "wordpress_api/terms/terms.json"

// meeting is what deals with a request in a fake's place.
type meeting = func(w http.ResponseWriter, r *http.Request, serve http.HandlerFunc) bool

// first lets do deal with the first n requests that are called so by name.
func (f *fake) first(n int32, name string, do http.HandlerFunc) {
	var left atomic.Int32
	left.Store(n)
	f.meet = func(w http.ResponseWriter, r *http.Request, _ http.HandlerFunc) bool {
		if f.name(r) != name || left.Add(-1) < 0 {
			return false
		}
		do(w, r)
		return true
	}
}

func failing(status int, code string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { fail(w, r, status, code) }
}

// after serves a request and answers otherwise.
func (f *fake) after(answer http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		f.serve(httptest.NewRecorder(), r)
		answer(w, r)
	}
}

// hangUp ends the connection without an answer.
func hangUp(w http.ResponseWriter, _ *http.Request) {
	panic(http.ErrAbortHandler)
}

func write(t *testing.T, b store.Bucket, content string, version *string) (store.Info, error) {
	t.Helper()
	u, err := b.Create(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	if version != nil {
		u.Expect(*version)
	}
	if err := os.WriteFile(u.Path(), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return u.Commit(t.Context(), map[string]string{"run": "1"})
}

func (f *fake) want(key, content string) {
	f.t.Helper()
	if got, ok := f.holds(key); !ok || got != content {
		f.t.Errorf("%s holds %d bytes (%t), want %d", key, len(got), ok, len(content))
	}
}

func wantCode(t *testing.T, err error, code lake.Code, texts ...string) {
	t.Helper()
	e, ok := errors.AsType[*lake.Error](err)
	if !ok || e.Code != code {
		t.Fatalf("got %#v, want the code %s", err, code)
	}
	for _, text := range texts {
		if !strings.Contains(e.Error()+" "+e.Hint, text) {
			t.Errorf("%q (%q) does not say %q", e.Error(), e.Hint, text)
		}
	}
}

// TestBusy: what is told to slow down, or fails within the service, is tried again.
func TestBusy(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]http.HandlerFunc{
		"SlowDown": failing(503, "SlowDown"), "InternalError": failing(500, "InternalError"), "hang up": hangUp,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			b := f.open(s3.Options{})
			f.first(3, "PUT "+key, answer)
			if _, err := write(t, b, "content", nil); err != nil {
				t.Fatal(err)
			}
			f.first(3, "HEAD "+key, answer)
			if info, err := b.Stat(t.Context(), key); err != nil || info.Size != 7 {
				t.Errorf("Stat: %+v, %v", info, err)
			}
			f.first(3, "GET "+key, answer)
			if _, info, err := b.Download(t.Context(), key, t.TempDir()); err != nil || info.Metadata["run"] != "1" {
				t.Errorf("Download: %+v, %v", info, err)
			}
			f.first(3, "GET  list-type", answer)
			if infos, err := b.List(t.Context(), ""); err != nil || len(infos) != 1 {
				t.Errorf("List: %+v, %v", infos, err)
			}
			if got := f.count("PUT " + key); got != 4 {
				t.Errorf("%d PUTs, want 4", got)
			}
		})
	}
}

// TestLostAnswer: a write that took place, of which no answer came, is known
// by its mark, whether or not it is bound to a version; the object of somebody
// else is not taken for it.
func TestLostAnswer(t *testing.T) {
	t.Parallel()
	none := ""
	for name, answer := range map[string]http.HandlerFunc{"500": failing(500, "InternalError"), "503": failing(503, "SlowDown"), "reset": hangUp} {
		for _, c := range []struct {
			name    string
			version *string
			times   int32
		}{{"once, bound", &none, 1}, {"always, bound", &none, 99}, {"always, unbound", nil, 99}} {
			t.Run(name+" "+c.name, func(t *testing.T) {
				t.Parallel()
				f := newFake(t)
				b := f.open(s3.Options{})
				f.first(c.times, "PUT "+key, f.after(answer))
				info, err := write(t, b, "content", c.version)
				if err != nil {
					t.Fatal(err)
				}
				stat, err := b.Stat(t.Context(), key)
				if err != nil || stat.Version != info.Version || info.Size != 7 || info.Metadata["run"] != "1" {
					t.Errorf("Commit gave %+v, Stat %+v, %v", info, stat, err)
				}
			})
		}
		t.Run(name+" of a rival's", func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			b := f.open(s3.Options{})
			f.first(1, "PUT "+key, func(w http.ResponseWriter, r *http.Request) {
				f.replace(key, "theirs!")
				answer(w, r)
			})
			_, err := write(t, b, "content", &none)
			wantCode(t, err, lake.ObjectChanged, "s3://"+bucketName+"/"+key, "run again")
			f.want(key, "theirs!")
		})
		t.Run(name+", never written", func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			b := f.open(s3.Options{})
			f.first(99, "PUT "+key, answer)
			_, err := write(t, b, "content", &none)
			wantCode(t, err, lake.ServiceFailed, "could not write s3://"+bucketName+"/"+key)
		})
	}
}

// TestConflict: a write that meets another one is tried again.
func TestConflict(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	b := f.open(s3.Options{})
	none := ""
	f.first(2, "PUT "+key, failing(409, "ConditionalRequestConflict"))
	if _, err := write(t, b, "content", &none); err != nil {
		t.Error(err)
	}
	f.first(99, "PUT "+key, failing(409, "ConditionalRequestConflict"))
	version := "of another time"
	_, err := write(t, b, "new", &version)
	wantCode(t, err, lake.ObjectChanged)
	f.want(key, "content")
}

// cut answers with a part of the object and ends the connection.
func (f *fake) cut(part int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		whole := httptest.NewRecorder()
		f.serve(whole, r)
		for name, values := range whole.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(whole.Code)
		body := whole.Body.Bytes()
		_, _ = w.Write(body[:min(part, len(body))]) // the client may have gone away
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
}

// TestResume: a body that breaks off is resumed where it did, and is the
// object in the end.
func TestResume(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	b := f.open(s3.Options{})
	content := strings.Repeat("0123456789", 20_000)
	storetest.Put(t, b, key, content, nil)
	f.first(4, "GET "+key, f.cut(30_000))
	dir := t.TempDir()
	path, info, err := b.Download(t.Context(), key, dir)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != content || info.Size != 200_000 {
		t.Errorf("the file has %d bytes, %v", len(got), err)
	}
	if got := f.count("GET " + key); got != 5 {
		t.Errorf("%d GETs, want 5", got)
	}
	f.first(4, "GET "+key, f.cut(10))
	r, err := b.Open(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(r); err != nil || string(got) != content {
		t.Errorf("Open gave %d bytes, %v", len(got), err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	f.first(99, "GET "+key, f.cut(10))
	_, _, err = b.Download(t.Context(), key, dir)
	wantCode(t, err, lake.ServiceFailed, "broke off", "of 200000 bytes")
	wantFiles(t, dir, 1)
}

func wantFiles(t *testing.T, dir string, want int) {
	t.Helper()
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != want {
		t.Errorf("the folder has %v, %v, want %d files", entries, err, want)
	}
}

// TestReplacedWhileRead: what is read is never a mix of two versions.
func TestReplacedWhileRead(t *testing.T) {
	t.Parallel()
	for name, read := range map[string]func(t *testing.T, b store.Bucket) (string, error){
		"Download": func(t *testing.T, b store.Bucket) (string, error) {
			path, info, err := b.Download(t.Context(), key, t.TempDir())
			if err != nil {
				return "", err
			}
			stat, err := b.Stat(t.Context(), key)
			if err != nil || stat.Version != info.Version {
				t.Errorf("Download says the version %q, Stat %q, %v", info.Version, stat.Version, err)
			}
			content, err := os.ReadFile(path)
			return string(content), err
		},
		"Open": func(t *testing.T, b store.Bucket) (string, error) {
			r, err := b.Open(t.Context(), key)
			if err != nil {
				return "", err
			}
			content, err := io.ReadAll(r)
			return string(content), errors.Join(err, r.Close())
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			b := f.open(s3.Options{})
			storetest.Put(t, b, key, strings.Repeat("old", 1000), nil)
			content := strings.Repeat("new", 1000)
			cut := f.cut(100)
			f.first(1, "GET "+key, func(w http.ResponseWriter, r *http.Request) {
				defer f.replace(key, content)
				cut(w, r)
			})
			got, err := read(t, b)
			if name == "Open" { // what was read cannot be taken back
				wantCode(t, err, lake.ObjectChanged, "replaced while it was read")
				return
			}
			if err != nil || got != content {
				t.Errorf("got %d bytes, %v", len(got), err)
			}
		})
	}
}

// TestDamaged: bytes that do not have the object's checksum are not taken.
func TestDamaged(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	b := f.open(s3.Options{})
	storetest.Put(t, b, key, "content", nil)
	flip := func(w http.ResponseWriter, r *http.Request) {
		whole := httptest.NewRecorder()
		f.serve(whole, r)
		for name, values := range whole.Header() {
			w.Header()[name] = values
		}
		_, _ = w.Write(bytes.ReplaceAll(whole.Body.Bytes(), []byte("t"), []byte("T"))) // the client may have gone away
	}
	dir := t.TempDir()
	f.first(2, "GET "+key, flip)
	path, _, err := b.Download(t.Context(), key, dir)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "content" {
		t.Errorf("the file holds %q, %v", got, err)
	}
	f.first(99, "GET "+key, flip)
	_, _, err = b.Download(t.Context(), key, dir)
	wantCode(t, err, lake.StorageFailed, "came damaged", "CRC32")
	wantFiles(t, dir, 1)

	// On the way there it is S3 that finds out.
	f.meet = func(w http.ResponseWriter, r *http.Request, serve http.HandlerFunc) bool {
		if r.Method == http.MethodPut {
			r.Body = io.NopCloser(strings.NewReader("damaged"))
		}
		serve(w, r)
		return true
	}
	_, err = write(t, b, "content", nil)
	wantCode(t, err, lake.ServiceFailed, "BadDigest")
}

// TestNoRoom: an object that does not fit is refused before it is read.
func TestNoRoom(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	b := f.open(s3.Options{})
	storetest.Put(t, b, key, "content", nil)
	f.first(1, "GET "+key, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"x"`)
		w.Header().Set("Content-Length", strconv.FormatInt(1<<60, 10))
		hangUp(w, r)
	})
	f.meet = func(next meeting) meeting {
		return func(w http.ResponseWriter, r *http.Request, serve http.HandlerFunc) bool {
			if r.Method != http.MethodGet {
				return next(w, r, serve)
			}
			w.Header().Set("ETag", `"x"`)
			w.Header().Set("Content-Length", strconv.FormatInt(1<<60, 10))
			w.WriteHeader(http.StatusOK)
			return true
		}
	}(f.meet)
	dir := t.TempDir()
	_, _, err := b.Download(t.Context(), key, dir)
	wantCode(t, err, lake.StorageFull, "1152921504606.8 MB", "are free in "+dir, "aws.functions.storage_mb")
	wantFiles(t, dir, 0)
	if got := f.count("GET " + key); got != 1 {
		t.Errorf("%d GETs, want 1", got)
	}
}

// TestRefusals: each refusal says what was tried, why it was refused and what
// would help.
func TestRefusals(t *testing.T) {
	t.Parallel()
	region := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Amz-Bucket-Region", "us-west-2")
		fail(w, r, 301, "PermanentRedirect")
	}
	for _, c := range []struct {
		name   string
		answer http.HandlerFunc
		code   lake.Code
		put    []string // texts by operation; nil: not asked
		get    []string
		list   []string
		stat   []string
	}{
		{
			"AccessDenied", failing(403, "AccessDenied"), lake.AccessDenied,
			[]string{"could not write s3://data-lakehouse-raw/wordpress_api/", "s3:PutObject"},
			[]string{"could not read s3://", "s3:GetObject", "s3:ListBucket"},
			[]string{"could not list s3://", "s3:ListBucket"},
			[]string{"could not look at s3://", "s3:GetObject"},
		},
		{
			"ExpiredToken", failing(400, "ExpiredToken"), lake.CredentialsBad,
			[]string{"refuses the credentials", "sign in again"},
			[]string{"refuses the credentials"},
			[]string{"refuses the credentials"}, nil,
		},
		{
			"NoSuchBucket", failing(404, "NoSuchBucket"), lake.StorageFailed,
			[]string{"there is no bucket data-lakehouse-raw", "wplake deploy apply"},
			[]string{"there is no bucket data-lakehouse-raw"},
			[]string{"there is no bucket data-lakehouse-raw"}, nil,
		},
		{
			"another region", region, lake.ConfigInvalid,
			[]string{"in the region us-west-2, not in eu-west-1", "aws.region"},
			[]string{"us-west-2"},
			[]string{"us-west-2"},
			[]string{"us-west-2"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			b := f.open(s3.Options{})
			f.meet = func(w http.ResponseWriter, r *http.Request, _ http.HandlerFunc) bool {
				c.answer(w, r)
				return true
			}
			_, err := write(t, b, "content", nil)
			wantCode(t, err, c.code, c.put...)
			_, _, err = b.Download(t.Context(), key, t.TempDir())
			wantCode(t, err, c.code, c.get...)
			_, err = b.List(t.Context(), "wordpress_api/")
			wantCode(t, err, c.code, c.list...)
			if c.stat != nil {
				_, err = b.Stat(t.Context(), key)
				wantCode(t, err, c.code, c.stat...)
				wantCode(t, b.Check(t.Context()), c.code)
			}
			if got := len(f.requests); got > 6 {
				t.Errorf("%d requests: what is refused was tried again: %q", got, f.requests)
			}
		})
	}
}

// TestCheck: the bucket is tried without anything being written.
func TestCheck(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	b := f.open(s3.Options{Prefix: "wordpress_api/"})
	if err := b.Check(t.Context()); err != nil {
		t.Error(err)
	}
	if f.count("PUT wordpress_api/.wplake-check") != 1 || len(f.objects) != 0 {
		t.Errorf("requests %q, objects %v", f.requests, f.objects)
	}
	f.first(1, "PUT wordpress_api/.wplake-check", failing(403, "AccessDenied"))
	wantCode(t, b.Check(t.Context()), lake.AccessDenied, "s3:PutObject")
	f.first(1, "HEAD ", failing(404, "NotFound"))
	wantCode(t, b.Check(t.Context()), lake.StorageFailed, "there is no bucket")
	f.first(1, "PUT wordpress_api/.wplake-check", func(http.ResponseWriter, *http.Request) {})
	wantCode(t, b.Check(t.Context()), lake.ServiceFailed, "does not keep to conditions")
}

// TestTooMuchMetadata: past S3's limit there is none, and the log says so.
func TestTooMuchMetadata(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	b := f.open(s3.Options{})
	info := storetest.Put(t, b, key, "content", map[string]string{"long": strings.Repeat("x", 2048), "short": "x"})
	if info.Metadata != nil {
		t.Errorf("Commit says that it kept %d entries", len(info.Metadata))
	}
	if stat, err := b.Stat(t.Context(), key); err != nil || stat.Metadata != nil {
		t.Errorf("Stat gave %+v, %v", stat, err)
	}
}

// TestForeignObjects: what others put into the bucket has no metadata of
// wplake's, and what cannot be a key is no object.
func TestForeignObjects(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	b := f.open(s3.Options{})
	f.replace("wordpress_api/", "")
	f.replace("wordpress_api//x", "1")
	f.replace("wordpress_api/a\x01b", "2")
	f.replace(key, "3")
	infos, err := b.List(t.Context(), "wordpress_api/")
	if err != nil || len(infos) != 1 || infos[0].Key != key {
		t.Errorf("List gave %+v, %v", infos, err)
	}
	if _, info, err := b.Download(t.Context(), key, t.TempDir()); err != nil || info.Metadata != nil {
		t.Errorf("Download gave %+v, %v", info, err)
	}
}

// TestCancelled: a write that is cancelled in the middle ends at once, and
// leaves no file.
func TestCancelled(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	scratch := t.TempDir()
	b := f.open(s3.Options{Scratch: scratch})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	f.first(99, "PUT "+key, func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	})
	u, err := b.Create(ctx, key)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := u.Commit(ctx, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("Commit: %v", err)
	}
	wantFiles(t, scratch, 0)
}
