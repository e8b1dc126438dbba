package tasks

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	"wplake/internal/store"
	"wplake/internal/workflow"
)

// objectError is a refusal of S3 as distributed Maps name it.
func objectError(bucket, key string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, store.ErrNotFound):
		return &workflow.TaskError{Name: "S3.NoSuchKey", Cause: fmt.Sprintf("The specified key does not exist: %s in %s", key, bucket)}
	}
	return &workflow.TaskError{Name: "S3.S3Exception", Cause: failureText(err)}
}

func (t *Tasks) objects(name string) (store.Bucket, error) {
	b, ok := t.o.Buckets[name]
	if !ok {
		return nil, &workflow.TaskError{Name: "S3.NoSuchBucket", Cause: fmt.Sprintf("The specified bucket does not exist: %s is not of this lake", name)}
	}
	return b, nil
}

// Open reads an object of the lake; see workflow.Objects. A home keeps no
// versions of objects.
func (t *Tasks) Open(ctx context.Context, bucket, key, version string) (io.ReadCloser, int64, error) {
	b, err := t.objects(bucket)
	if err != nil {
		return nil, 0, err
	}
	if version != "" && version != "null" {
		return nil, 0, &workflow.TaskError{Name: "S3.NoSuchVersion", Cause: fmt.Sprintf("The specified version does not exist: %s has no versions", bucket)}
	}
	info, err := b.Stat(ctx, key)
	if err != nil {
		return nil, 0, objectError(bucket, key, err)
	}
	f, err := b.Open(ctx, key)
	if err != nil {
		return nil, 0, objectError(bucket, key, err)
	}
	return f, info.Size, nil
}

// List lists objects of the lake; see workflow.Objects.
func (t *Tasks) List(ctx context.Context, bucket, prefix string) iter.Seq2[workflow.ObjectInfo, error] {
	return func(yield func(workflow.ObjectInfo, error) bool) {
		b, err := t.objects(bucket)
		if err != nil {
			yield(workflow.ObjectInfo{}, err)
			return
		}
		infos, err := b.List(ctx, prefix)
		if err != nil {
			yield(workflow.ObjectInfo{}, objectError(bucket, prefix, err))
			return
		}
		for _, info := range infos {
			o := workflow.ObjectInfo{Key: info.Key, Size: info.Size, ETag: etag(bucket, info), LastModified: info.Modified, StorageClass: "STANDARD"}
			if !yield(o, nil) {
				return
			}
		}
	}
}

// Put writes an object of the lake; see workflow.Objects.
func (t *Tasks) Put(ctx context.Context, bucket, key string, body io.Reader) error {
	b, err := t.objects(bucket)
	if err != nil {
		return err
	}
	_, err = write(ctx, b, key, body)
	return objectError(bucket, key, err)
}
