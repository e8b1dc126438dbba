package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"wplake/internal/lake"
	"wplake/internal/store"
)

const (
	resumes  = 5       // of a body that breaks off again and again
	progress = 1 << 20 // bytes after which they are counted anew
)

// Open reads an object. What is read is one version of it, of the length and
// with the checksum that S3 says; a body that breaks off is resumed. Where
// that version is gone by then, the error has the code ObjectChanged.
func (b *Bucket) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	if err := ready(ctx, key); err != nil {
		return nil, err
	}
	return b.open(ctx, key)
}

func (b *Bucket) open(ctx context.Context, key string) (*reader, error) {
	out, err := b.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &b.name, Key: &key, ChecksumMode: types.ChecksumModeEnabled})
	if err != nil {
		if absent(err) {
			return nil, store.ErrNotFound
		}
		return nil, b.readFailure(err, key)
	}
	r := &reader{b: b, ctx: ctx, body: out.Body, sum: checksumOf(out)}
	r.info = store.Info{Key: key, Size: aws.ToInt64(out.ContentLength), Modified: aws.ToTime(out.LastModified), Version: version(out.ETag)}
	r.info.Metadata, _ = decodeMetadata(out.Metadata)
	if out.ContentLength == nil {
		return nil, errors.Join(&lake.Error{Code: lake.ServiceFailed, Message: "the answer about " + b.URI(key) + " has no length"}, out.Body.Close())
	}
	return r, nil
}

func (b *Bucket) readFailure(err error, key string) error {
	return b.failure(err, "read "+b.URI(key), "s3:GetObject (and s3:ListBucket, without which a missing object looks forbidden)")
}

// replaced says that the version that was being read is gone.
func (b *Bucket) replaced(key string, err error) error {
	return &lake.Error{
		Code: lake.ObjectChanged, Err: err, Message: b.URI(key) + " was replaced while it was read",
		Hint: "run again: the next run reads what is there now",
	}
}

// reader reads one version of an object.
type reader struct {
	b    *Bucket
	ctx  context.Context // of Open: a body that breaks off is asked for again
	info store.Info
	body io.ReadCloser
	sum  *checksum // nil: nothing to verify

	at    int64 // bytes read
	tries int   // resumes since then
	mark  int64 // where they were counted from
}

// errDamaged says that the bytes are not those that were written.
var errDamaged = errors.New("the bytes do not have the checksum of the object")

// Read implements io.Reader.
func (r *reader) Read(p []byte) (int, error) {
	if r.at == r.info.Size {
		if !r.sum.right() {
			return 0, &lake.Error{
				Code: lake.StorageFailed, Err: errDamaged,
				Message: fmt.Sprintf("%s came damaged: its %s is not the one that S3 has", r.b.URI(r.info.Key), r.sum.name),
				Hint:    "run again; if it stays so, restore an older version of the object, or delete it so that it is made anew",
			}
		}
		return 0, io.EOF
	}
	if len(p) == 0 {
		return 0, nil
	}
	for {
		n, err := r.body.Read(p[:min(int64(len(p)), r.info.Size-r.at)])
		if n > 0 {
			if r.sum != nil {
				_, _ = r.sum.Write(p[:n]) // never fails
			}
			r.at += int64(n)
			return n, nil
		}
		if err == nil {
			return 0, nil
		}
		if err := r.resume(err); err != nil {
			return 0, err
		}
	}
}

// resume asks for the rest of a body that broke off.
func (r *reader) resume(broken error) error {
	if r.ctx.Err() != nil {
		return r.b.readFailure(r.ctx.Err(), r.info.Key)
	}
	if errors.Is(broken, io.EOF) {
		broken = io.ErrUnexpectedEOF
	}
	if r.at-r.mark >= progress {
		r.tries, r.mark = 0, r.at
	}
	if r.tries++; r.tries > resumes {
		return r.b.readFailure(fmt.Errorf("the answer broke off %d times, at last after %d of %d bytes: %w", r.tries, r.at, r.info.Size, broken), r.info.Key)
	}
	r.b.log.Debug("an answer broke off and is resumed", "uri", r.b.URI(r.info.Key), "at", r.at, "of", r.info.Size, "cause", broken)
	out, err := r.b.client.GetObject(r.ctx, &s3.GetObjectInput{
		Bucket: &r.b.name, Key: &r.info.Key, IfMatch: quoted(r.info.Version), Range: aws.String(fmt.Sprintf("bytes=%d-", r.at)),
	})
	if err != nil {
		if refused(err) {
			return r.b.replaced(r.info.Key, err)
		}
		return r.b.readFailure(err, r.info.Key)
	}
	// The rest is read either way; the old body has nothing more to say.
	_ = r.body.Close()
	r.body = out.Body
	if want := fmt.Sprintf("bytes %d-", r.at); r.at > 0 && !strings.HasPrefix(aws.ToString(out.ContentRange), want) {
		return &lake.Error{
			Code: lake.ServiceFailed, Hint: "run again: what was done is kept",
			Message: fmt.Sprintf("the rest of %s was asked for from byte %d, and the answer is %q", r.b.URI(r.info.Key), r.at, aws.ToString(out.ContentRange)),
		}
	}
	return nil
}

// Close ends the reading.
func (r *reader) Close() error {
	// A body that is not read to its end may fail to close; nothing is lost by it.
	_ = r.body.Close()
	return nil
}
