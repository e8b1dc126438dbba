package s3

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	smithy "github.com/aws/smithy-go/middleware"

	"wplake/internal/awsapi"
	"wplake/internal/lake"
	"wplake/internal/store"
)

// putAction is the IAM action of a write. A conditional one asks for the
// second as well.
const putAction = "s3:PutObject (and s3:GetObject, to replace a known version)"

// Create begins to write an object: it makes an empty file in the scratch
// folder. No request is made before Commit.
func (b *Bucket) Create(ctx context.Context, key string) (store.Upload, error) {
	if err := ready(ctx, key); err != nil {
		return nil, err
	}
	name := filepath.Join(b.scratch, b.filePrefix()+rand.Text()[:16]+fileSuffix)
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		return nil, store.Failure("write", name, err)
	}
	return &upload{b: b, key: key, name: name, mark: rand.Text()}, nil
}

const fileSuffix = ".tmp"

// filePrefix begins the names of the bucket's files in the scratch folder.
func (b *Bucket) filePrefix() string { return ".wplake-" + b.name + "-" }

// upload is an object being written.
type upload struct {
	b    *Bucket
	key  string
	name string // of the local file
	mark string // tells this write from all others

	mu     sync.Mutex
	ended  bool
	expect *string // the version that Commit has to find; nil: any
}

// Path is the local file.
func (u *upload) Path() string { return u.name }

// Expect says which version of the object Commit may replace.
func (u *upload) Expect(version string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.expect = &version
}

var errEnded = errors.New("the write has ended already")

// Commit puts the file. Metadata that is more than S3's 2 KB is left out, and
// that is logged: the object is then as one that somebody else wrote. A write
// of which no answer came is looked up: it counts as done if the object is
// this write's.
func (u *upload) Commit(ctx context.Context, metadata map[string]string) (store.Info, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.ended {
		return store.Info{}, store.Failure("write", u.b.URI(u.key), errEnded)
	}
	u.ended = true
	info, err := u.commit(ctx, metadata)
	if left := u.discard(); left != nil {
		u.b.log.Warn("a temporary file was left behind until the next sweep", "path", u.name, "cause", left)
	}
	if err != nil {
		return store.Info{}, err
	}
	return info, nil
}

// Abort removes the local file.
func (u *upload) Abort() error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.ended {
		return nil
	}
	u.ended = true
	return store.Failure("clean up", u.name, u.discard())
}

func (u *upload) discard() error {
	if err := os.Remove(u.name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// content is what is put.
type content struct {
	file     *os.File
	size     int64
	partSize int64
	sums     []string // CRC-32 of the parts
	sum      string   // and of all
	headers  map[string]string
}

func (u *upload) commit(ctx context.Context, metadata map[string]string) (info store.Info, err error) {
	if err := ctx.Err(); err != nil {
		return store.Info{}, err
	}
	f, err := os.Open(u.name)
	if err != nil {
		return store.Info{}, store.Failure("read", u.name, err)
	}
	defer func() { _ = f.Close() }() // read only
	stat, err := f.Stat()
	if err != nil {
		return store.Info{}, store.Failure("read", u.name, err)
	}
	c := content{file: f, size: stat.Size(), partSize: partSize(stat.Size(), u.b.partSize)}
	if c.sums, c.sum, err = sums(f, c.size, c.partSize); err != nil {
		return store.Info{}, store.Failure("read", u.name, err)
	}
	headers, ok := encodeMetadata(metadata, u.mark)
	if c.headers = headers; !ok {
		u.b.log.Warn("S3 keeps no more than 2 KB of metadata: the object has none, and is treated as written by somebody else", "uri", u.b.URI(u.key))
		metadata = nil
	}
	if len(c.sums) == 1 {
		info, err = u.put(ctx, c)
	} else {
		info, err = u.putParts(ctx, c)
	}
	info.Metadata = maps.Clone(metadata)
	return info, err
}

// put writes the object with one request.
func (u *upload) put(ctx context.Context, c content) (store.Info, error) {
	match, none := u.condition()
	out, err := u.b.client.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &u.b.name, Key: &u.key, Body: io.NewSectionReader(c.file, 0, c.size), ContentLength: &c.size,
		ContentType: contentType(u.key), ChecksumCRC32: &c.sum, Metadata: c.headers, IfMatch: match, IfNoneMatch: none,
	}, unsigned, func(o *s3.Options) { o.Retryer = retry.AddWithErrorCodes(o.Retryer, conflicts()...) })
	if err != nil {
		return u.settle(ctx, c, err)
	}
	return u.written(c, out.ETag, out.ResultMetadata), nil
}

// condition is the expectation as headers.
func (u *upload) condition() (match, none *string) {
	switch {
	case u.expect == nil:
		return nil, nil
	case *u.expect == "":
		return nil, aws.String("*")
	}
	return quoted(*u.expect), nil
}

// settle decides what became of a write that failed with err: a refusal may be
// of the second try of what the first has done, and a write without an answer
// may have taken place. The object tells by its mark.
func (u *upload) settle(ctx context.Context, c content, err error) (store.Info, error) {
	failed := u.b.failure(err, "write "+u.b.URI(u.key), putAction)
	changed := u.expect != nil && (refused(err) || conflicted(err))
	if ctx.Err() != nil || lake.HasCode(failed, lake.CredentialsBad) || !changed && !uncertain(err) {
		return store.Info{}, failed
	}
	info, mark, look := u.b.head(ctx, u.key)
	switch {
	case look == nil && mark == u.mark && info.Size == c.size:
		u.b.log.Debug("a write whose answer was lost took place", "uri", u.b.URI(u.key), "cause", err)
		return info, nil
	case look != nil && !errors.Is(look, store.ErrNotFound):
		u.b.log.Warn("it could not be looked up whether a write took place", "uri", u.b.URI(u.key), "cause", look)
		return store.Info{}, failed
	case changed:
		return store.Info{}, store.Changed(u.b.URI(u.key))
	}
	return store.Info{}, failed
}

// written describes the object after a write that was answered.
func (u *upload) written(c content, tag *string, answer smithy.Metadata) store.Info {
	at, ok := middleware.GetServerTime(answer)
	if !ok {
		at = u.b.now()
	}
	return store.Info{Key: u.key, Size: c.size, Modified: at, Version: version(tag)}
}

// unsigned leaves the hash of the body out of the signature: the checksum,
// which is signed, stands for it, and is a tenth of the work.
func unsigned(o *s3.Options) {
	o.APIOptions = append(o.APIOptions, v4.SwapComputePayloadSHA256ForUnsignedPayloadMiddleware)
}

// contentType tells tools what an object is; nil where its name does not say.
func contentType(key string) *string {
	switch path.Ext(key) {
	case ".json":
		return aws.String("application/json")
	case ".parquet":
		return aws.String("application/vnd.apache.parquet")
	}
	return nil
}

// cleanUp is how long an operation that ended badly may take to clean up.
const cleanUp = 20 * time.Second

// forget gives up a multipart upload. What cannot be given up now is left to
// Sweep and to the bucket's lifecycle rule.
func (u *upload) forget(ctx context.Context, id string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanUp)
	defer cancel()
	err := u.b.abort(ctx, u.key, id)
	if err == nil {
		return
	}
	u.b.mu.Lock()
	u.b.left[id] = u.key
	u.b.mu.Unlock()
	u.b.log.Warn("the parts of an unfinished write are left in the bucket until the next sweep, or its lifecycle rule", "uri", u.b.URI(u.key), "cause", err)
}

// abort ends a multipart upload; it is no error when there is none.
func (b *Bucket) abort(ctx context.Context, key, id string) error {
	_, err := b.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &b.name, Key: &key, UploadId: &id})
	if awsapi.Code(err) == "NoSuchUpload" {
		return nil
	}
	return b.failure(err, fmt.Sprintf("give up the unfinished write of %s", b.URI(key)), "s3:AbortMultipartUpload")
}
