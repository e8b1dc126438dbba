package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"wplake/internal/lake"
	"wplake/internal/store"
)

// sideBySide is how many parts of one object are under way at once.
const sideBySide = 2

// partSize is the size in bytes of an object's parts: the preferred one, or
// the smallest whole MiB of which the object has no more than 10,000.
func partSize(size, preferred int64) int64 {
	least := (size + maxParts - 1) / maxParts
	const mib = 1 << 20
	return max(preferred, (least+mib-1)/mib*mib)
}

// putParts writes the object in parts. It becomes visible with the last
// request; a write that comes in between makes it begin anew, and fail if it
// violates the expectation.
func (u *upload) putParts(ctx context.Context, c content) (store.Info, error) {
	for round := 1; ; round++ {
		info, err := u.tryParts(ctx, c)
		if err == nil {
			return info, nil
		}
		if round < rounds && conflicted(err) && u.stands(ctx) {
			u.b.log.Debug("another write came in between: begun anew", "uri", u.b.URI(u.key))
			continue
		}
		if errors.Is(err, errDamaged) {
			return store.Info{}, err
		}
		return u.settle(ctx, c, err)
	}
}

// stands reports whether the expectation still holds as far as can be seen, so
// that it is worth sending all parts again.
func (u *upload) stands(ctx context.Context) bool {
	if u.expect == nil {
		return true
	}
	info, _, err := u.b.head(ctx, u.key)
	return (err == nil || errors.Is(err, store.ErrNotFound)) && info.Version == *u.expect
}

func (u *upload) tryParts(ctx context.Context, c content) (info store.Info, err error) {
	begun, err := u.b.client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{
		Bucket: &u.b.name, Key: &u.key, ContentType: contentType(u.key), Metadata: c.headers,
		ChecksumAlgorithm: types.ChecksumAlgorithmCrc32, ChecksumType: types.ChecksumTypeFullObject,
	})
	if err != nil {
		return store.Info{}, err
	}
	id := aws.ToString(begun.UploadId)
	defer func() {
		if err != nil {
			u.forget(ctx, id)
		}
	}()
	parts, err := u.sendParts(ctx, c, id)
	if err != nil {
		return store.Info{}, err
	}
	match, none := u.condition()
	out, err := u.b.client.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
		Bucket: &u.b.name, Key: &u.key, UploadId: &id, MultipartUpload: &types.CompletedMultipartUpload{Parts: parts},
		ChecksumType: types.ChecksumTypeFullObject, MpuObjectSize: &c.size, IfMatch: match, IfNoneMatch: none,
	})
	if err != nil {
		return store.Info{}, err
	}
	// Each part was verified before, and their number and order are part of the
	// request; that the whole is right as well costs no more than a look.
	if got := aws.ToString(out.ChecksumCRC32); out.ChecksumType == types.ChecksumTypeFullObject && got != "" && got != c.sum {
		return store.Info{}, &lake.Error{
			Code: lake.StorageFailed, Err: errDamaged, Hint: "run again",
			Message: fmt.Sprintf("%s was written damaged: its CRC32 is %s, and should be %s", u.b.URI(u.key), got, c.sum),
		}
	}
	return u.written(c, out.ETag, out.ResultMetadata), nil
}

// sendParts sends all parts, some side by side, straight from the file. The
// first failure stops the others.
func (u *upload) sendParts(ctx context.Context, c content, id string) ([]types.CompletedPart, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	parts := make([]types.CompletedPart, len(c.sums))
	slots := make(chan struct{}, sideBySide)
	var senders sync.WaitGroup
	for i := range parts {
		slots <- struct{}{}
		if ctx.Err() != nil {
			break
		}
		senders.Go(func() {
			defer func() { <-slots }()
			part, err := u.sendPart(ctx, c, id, i)
			if err != nil {
				cancel(err) // only the first one counts
				return
			}
			parts[i] = part
		})
	}
	senders.Wait()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return parts, nil
}

func (u *upload) sendPart(ctx context.Context, c content, id string, i int) (types.CompletedPart, error) {
	at := int64(i) * c.partSize
	n := min(c.partSize, c.size-at)
	number := aws.Int32(int32(i + 1)) //nolint:gosec // at most 10,000
	out, err := u.b.client.UploadPart(ctx, &s3.UploadPartInput{
		Bucket: &u.b.name, Key: &u.key, UploadId: &id, PartNumber: number,
		Body: io.NewSectionReader(c.file, at, n), ContentLength: &n, ChecksumCRC32: &c.sums[i],
	}, unsigned)
	if err != nil {
		return types.CompletedPart{}, err
	}
	return types.CompletedPart{ETag: out.ETag, PartNumber: number, ChecksumCRC32: &c.sums[i]}, nil
}
