package s3_test

import (
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"hash/crc32"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"wplake/internal/store/s3"
)

// object is an object of the fake.
type object struct {
	body     []byte
	headers  map[string]string // what is answered with it
	modified time.Time
}

// pending is a multipart upload of the fake.
type pending struct {
	key     string
	headers map[string]string
	parts   map[int][]byte
}

// fake plays the part of S3 that the driver uses, and the faults that a test
// puts in its way.
type fake struct {
	t   *testing.T
	url string
	// meet, if set, sees a request before the fake and returns true when it has
	// dealt with it. serve deals with it as if nothing were wrong.
	meet func(w http.ResponseWriter, r *http.Request, serve http.HandlerFunc) bool

	mu       sync.Mutex
	objects  map[string]object
	uploads  map[string]*pending
	requests []string
	serial   int
}

const bucketName = "data-lakehouse-raw"

func newFake(t *testing.T) *fake {
	t.Helper()
	f := &fake{t: t, objects: map[string]object{}, uploads: map[string]*pending{}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		f.requests = append(f.requests, f.name(r))
		meet := f.meet
		f.mu.Unlock()
		if meet != nil && meet(w, r, f.serve) {
			return
		}
		f.serve(w, r)
	}))
	t.Cleanup(server.Close)
	f.url = server.URL
	return f
}

// open opens the driver for the fake. Calls are tried six times, at once.
func (f *fake) open(o s3.Options) *s3.Bucket {
	if o.Scratch == "" {
		o.Scratch = f.t.TempDir()
	}
	if o.Log == nil {
		o.Log = slog.New(slog.NewTextHandler(f.t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	return s3.New(aws.Config{
		Region: "eu-west-1", BaseEndpoint: &f.url, Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
		Retryer: func() aws.Retryer {
			return retry.NewStandard(func(s *retry.StandardOptions) {
				s.MaxAttempts, s.MaxBackoff, s.RateLimiter = 6, time.Nanosecond, unlimited{}
				s.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
			})
		},
	}, bucketName, o)
}

// name is a request in short, as "PUT key" or "POST key uploads".
func (*fake) name(r *http.Request) string {
	_, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	text := r.Method + " " + key
	for _, q := range []string{"uploads", "uploadId", "list-type"} {
		if r.URL.Query().Has(q) {
			text += " " + q
		}
	}
	return text
}

// count is how many requests of that name there were.
func (f *fake) count(name string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, r := range f.requests {
		if r == name {
			n++
		}
	}
	return n
}

// holds is the content of an object; ok is false where there is none.
func (f *fake) holds(key string) (content string, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	o, ok := f.objects[key]
	return string(o.body), ok
}

// replace writes an object as somebody else would.
func (f *fake) replace(key, content string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.put(key, []byte(content), map[string]string{})
}

func (f *fake) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client went away
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	q := r.URL.Query()
	w.Header().Set("Date", time.Now().UTC().Format(http.TimeFormat))
	switch {
	case bucket != bucketName:
		fail(w, r, 404, "NoSuchBucket")
	case key == "" && r.Method == http.MethodHead:
	case q.Has("list-type"):
		f.list(w, q.Get("prefix"))
	case key == "" && q.Has("uploads"):
		f.listUploads(w)
	case r.Method == http.MethodPost && q.Has("uploads"):
		f.serial++
		id := strconv.Itoa(f.serial)
		f.uploads[id] = &pending{key: key, headers: kept(r), parts: map[int][]byte{}}
		answer(w, "InitiateMultipartUploadResult", "<UploadId>%s</UploadId>", id)
	case q.Has("uploadId"):
		f.multipart(w, r, key, q, body)
	case r.Method == http.MethodPut:
		if f.violated(w, r, key) {
			return
		}
		if wrong(r, body) {
			fail(w, r, 400, "BadDigest")
			return
		}
		w.Header().Set("ETag", f.put(key, body, kept(r)))
	case r.Method == http.MethodDelete:
		delete(f.objects, key)
		w.WriteHeader(http.StatusNoContent)
	default:
		f.get(w, r, key)
	}
}

func (f *fake) get(w http.ResponseWriter, r *http.Request, key string) {
	o, ok := f.objects[key]
	if !ok {
		fail(w, r, 404, "NoSuchKey")
		return
	}
	if match := r.Header.Get("If-Match"); match != "" && match != o.headers["ETag"] {
		fail(w, r, 412, "PreconditionFailed")
		return
	}
	from := 0
	if text, ok := strings.CutPrefix(r.Header.Get("Range"), "bytes="); ok {
		if last, ok := strings.CutPrefix(text, "-"); ok {
			n, _ := strconv.Atoi(last) // the driver's own
			from = max(len(o.body)-n, 0)
		} else {
			from, _ = strconv.Atoi(strings.TrimSuffix(text, "-"))
		}
		if len(o.body) == 0 {
			fail(w, r, 416, "InvalidRange")
			return
		}
	}
	for name, value := range o.headers {
		w.Header().Set(name, value)
	}
	w.Header().Set("Last-Modified", o.modified.UTC().Format(http.TimeFormat))
	w.Header().Set("Content-Length", strconv.Itoa(len(o.body)-from))
	if r.Header.Get("Range") != "" {
		w.Header().Del("x-amz-checksum-crc32")
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(o.body)-1, len(o.body)))
		w.WriteHeader(http.StatusPartialContent)
	}
	if r.Method != http.MethodHead {
		_, _ = w.Write(o.body[from:]) // the client may have gone away
	}
}

func (f *fake) multipart(w http.ResponseWriter, r *http.Request, key string, q url.Values, body []byte) {
	id := q.Get("uploadId")
	u := f.uploads[id]
	if u == nil || u.key != key {
		fail(w, r, 404, "NoSuchUpload")
		return
	}
	switch r.Method {
	case http.MethodDelete:
		delete(f.uploads, id)
		w.WriteHeader(http.StatusNoContent)
	case http.MethodPut:
		n, _ := strconv.Atoi(q.Get("partNumber")) // the driver's own
		if wrong(r, body) {
			fail(w, r, 400, "BadDigest")
			return
		}
		u.parts[n] = body
		w.Header().Set("ETag", tag(body))
	case http.MethodPost:
		if f.violated(w, r, key) {
			return
		}
		var whole []byte
		for n := 1; n <= len(u.parts); n++ {
			whole = append(whole, u.parts[n]...)
		}
		if r.Header.Get("x-amz-mp-object-size") != strconv.Itoa(len(whole)) {
			fail(w, r, 400, "InvalidRequest")
			return
		}
		delete(f.uploads, id)
		u.headers["x-amz-checksum-crc32"] = crc(whole)
		answer(w, "CompleteMultipartUploadResult", "<ETag>%s</ETag><ChecksumCRC32>%s</ChecksumCRC32><ChecksumType>FULL_OBJECT</ChecksumType>",
			f.put(key, whole, u.headers), crc(whole))
	}
}

// put writes an object and returns its entity tag. The lock is held.
func (f *fake) put(key string, body []byte, headers map[string]string) string {
	headers["ETag"] = tag(body)
	f.objects[key] = object{body: body, headers: headers, modified: time.Now()}
	return headers["ETag"]
}

// violated refuses a write whose condition does not hold.
func (f *fake) violated(w http.ResponseWriter, r *http.Request, key string) bool {
	o, there := f.objects[key]
	match := r.Header.Get("If-Match")
	switch {
	case match != "" && !there:
		fail(w, r, 404, "NoSuchKey")
	case match != "" && match != o.headers["ETag"], there && r.Header.Get("If-None-Match") == "*":
		fail(w, r, 412, "PreconditionFailed")
	default:
		return false
	}
	return true
}

func (f *fake) list(w http.ResponseWriter, prefix string) {
	var found strings.Builder
	for key, o := range f.objects {
		if strings.HasPrefix(key, prefix) {
			fmt.Fprintf(&found, "<Contents><Key>%s</Key><Size>%d</Size><ETag>%s</ETag><LastModified>%s</LastModified></Contents>",
				url.QueryEscape(key), len(o.body), o.headers["ETag"], o.modified.UTC().Truncate(time.Second).Format(time.RFC3339))
		}
	}
	answer(w, "ListBucketResult", "<EncodingType>url</EncodingType>%s", found.String())
}

func (f *fake) listUploads(w http.ResponseWriter) {
	var found strings.Builder
	for id, u := range f.uploads {
		fmt.Fprintf(&found, "<Upload><Key>%s</Key><UploadId>%s</UploadId><ChecksumAlgorithm>CRC32</ChecksumAlgorithm>"+
			"<ChecksumType>FULL_OBJECT</ChecksumType><Initiated>%s</Initiated></Upload>", u.key, id, time.Now().UTC().Format(time.RFC3339))
	}
	answer(w, "ListMultipartUploadsResult", "%s", found.String())
}

// kept are the headers of a request that come back with the object.
func kept(r *http.Request) map[string]string {
	headers := map[string]string{}
	for name := range r.Header {
		if lower := strings.ToLower(name); strings.HasPrefix(lower, "x-amz-meta-") || lower == "x-amz-checksum-crc32" {
			headers[lower] = r.Header.Get(name)
		}
	}
	return headers
}

func wrong(r *http.Request, body []byte) bool {
	sum := r.Header.Get("x-amz-checksum-crc32")
	return sum != "" && sum != crc(body)
}

func crc(body []byte) string {
	sum := crc32.NewIEEE()
	_, _ = sum.Write(body)
	return base64.StdEncoding.EncodeToString(sum.Sum(nil))
}

func tag(body []byte) string {
	sum := md5.Sum(body) // as S3 does
	return `"` + hex.EncodeToString(sum[:]) + `"`
}

func answer(w http.ResponseWriter, name, format string, args ...any) {
	w.Header().Set("Content-Type", "application/xml")
	for i, a := range args {
		if s, ok := a.(string); ok && !strings.HasPrefix(s, "<") {
			var escaped strings.Builder
			_ = xml.EscapeText(&escaped, []byte(s)) // a Builder takes all
			args[i] = escaped.String()
		}
	}
	_, _ = fmt.Fprintf(w, "<%s>"+format+"</%s>", slices.Concat([]any{name}, args, []any{name})...)
}

// fail answers with an error, as S3 words it.
func fail(w http.ResponseWriter, r *http.Request, status int, code string) {
	_, _ = io.Copy(io.Discard, r.Body) // an answer that comes before the end of the body resets the connection
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = fmt.Fprintf(w, "<Error><Code>%s</Code><Message>as a test wants it</Message></Error>", code)
	}
}
