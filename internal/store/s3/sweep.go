package s3

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"wplake/internal/awsapi"
	"wplake/internal/lake"
	"wplake/internal/store"
)

// staleAfter is the age after which a multipart upload is nobody's any more: no
// function, job or run writes for so long.
const staleAfter = 24 * time.Hour

// Delete removes an object. In a bucket with versions it stays as an older one.
// It needs s3:DeleteObject.
func (b *Bucket) Delete(ctx context.Context, key string) error {
	if err := ready(ctx, key); err != nil {
		return err
	}
	_, err := b.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &b.name, Key: &key})
	if absent(err) {
		return nil
	}
	return b.failure(err, "delete "+b.URI(key), "s3:DeleteObject")
}

// Sweep removes the files of writes that never ended from the scratch folder,
// and gives up multipart uploads: those that this process could not give up
// itself, and those older than a day that look like wplake's, by prefix and
// checksum. Who may not list or give up uploads need not: the buckets that
// `wplake deploy` makes have a lifecycle rule that does it.
func (b *Bucket) Sweep(ctx context.Context) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	swept, err := b.sweepFiles()
	if err != nil {
		return swept, err
	}
	n, err := b.sweepUploads(ctx)
	return swept + n, err
}

func (b *Bucket) sweepFiles() (int, error) {
	entries, err := os.ReadDir(b.scratch)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, store.Failure("sweep", b.scratch, err)
	}
	swept := 0
	for _, e := range entries {
		// An engine may write beside the file first, under the name with tmp_ before it.
		name := strings.TrimPrefix(e.Name(), "tmp_")
		if !e.Type().IsRegular() || !strings.HasPrefix(name, b.filePrefix()) || !strings.HasSuffix(name, fileSuffix) {
			continue
		}
		if err := os.Remove(filepath.Join(b.scratch, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return swept, store.Failure("sweep", b.scratch, err)
		}
		swept++
	}
	return swept, nil
}

func (b *Bucket) sweepUploads(ctx context.Context) (swept int, err error) {
	defer func() {
		if lake.HasCode(err, lake.AccessDenied) {
			b.log.Debug("unfinished writes are left to the bucket's lifecycle rule", "bucket", b.name, "cause", err)
			err = nil
		}
	}()
	if swept, err = b.sweepLeft(ctx); err != nil {
		return swept, err
	}
	pages := s3.NewListMultipartUploadsPaginator(b.client, &s3.ListMultipartUploadsInput{Bucket: &b.name, Prefix: &b.prefix})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return swept, b.failure(err, "list unfinished writes in "+b.URI(b.prefix), "s3:ListBucketMultipartUploads")
		}
		for _, m := range page.Uploads {
			if !b.stale(m) {
				continue
			}
			if err := b.abort(ctx, aws.ToString(m.Key), aws.ToString(m.UploadId)); err != nil {
				return swept, err
			}
			swept++
		}
	}
	return swept, nil
}

// sweepLeft gives up the uploads that this process could not give up before.
func (b *Bucket) sweepLeft(ctx context.Context) (swept int, err error) {
	b.mu.Lock()
	left := maps.Clone(b.left)
	b.mu.Unlock()
	for id, key := range left {
		if err := b.abort(ctx, key, id); err != nil {
			return swept, err
		}
		b.mu.Lock()
		delete(b.left, id)
		b.mu.Unlock()
		swept++
	}
	return swept, nil
}

// stale reports whether an unfinished upload of nobody knows whom is one to
// give up.
func (b *Bucket) stale(m types.MultipartUpload) bool {
	return m.ChecksumType == types.ChecksumTypeFullObject && m.ChecksumAlgorithm == types.ChecksumAlgorithmCrc32 &&
		strings.HasPrefix(aws.ToString(m.Key), b.prefix) && m.Initiated != nil && b.now().Sub(*m.Initiated) > staleAfter
}

// Check tells by two requests whether the bucket can be read and written to,
// and writes nothing: one looks at the bucket, the other is a write under a
// condition that cannot hold, which S3 refuses as forbidden or as failed.
func (b *Bucket) Check(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if _, err := b.client.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &b.name}); err != nil {
		if absent(err) {
			err = &types.NoSuchBucket{}
		}
		return b.failure(err, "look at the bucket "+b.name, "s3:ListBucket")
	}
	key := b.prefix + ".wplake-check"
	_, err := b.client.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &b.name, Key: &key, Body: strings.NewReader(""), IfMatch: quoted("00000000000000000000000000000000"),
	})
	if err == nil {
		return &lake.Error{
			Code:    lake.ServiceFailed,
			Message: "the store behind the bucket " + b.name + " does not keep to conditions of writes: two runs at once could lose an update",
			Hint:    "use a store that has conditional writes (If-Match), and remove " + b.URI(key),
		}
	}
	if refused(err) && awsapi.Code(err) != "NoSuchBucket" {
		return nil
	}
	return b.failure(err, "write to "+b.URI(b.prefix), putAction)
}
