package main

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// transfers moves what both layers move, and does nothing else: raw and bronze
// are read, bronze and silver are written, one object after the other. It is
// what the emulator takes of either way's time. It needs what a round has left.
func (l *lake) transfers(ctx context.Context) (time.Duration, error) {
	began := time.Now()
	for _, bucket := range []string{rawBucket, bronzeBucket, silverBucket} {
		found, err := l.objects.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &bucket})
		if err != nil {
			return 0, err
		}
		for _, o := range found.Contents {
			if bucket != silverBucket {
				if err := l.read(ctx, bucket, *o.Key); err != nil {
					return 0, err
				}
			}
			if bucket != rawBucket {
				if err := l.write(ctx, bucket, *o.Key, *o.Size); err != nil {
					return 0, err
				}
			}
		}
	}
	return time.Since(began), nil
}

func (l *lake) read(ctx context.Context, bucket, key string) error {
	out, err := l.objects.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, out.Body)
	return errors.Join(err, out.Body.Close())
}

// write puts a file of so many bytes in the place of an object.
func (l *lake) write(ctx context.Context, bucket, key string, size int64) error {
	file, err := os.Create(filepath.Join(l.dir, "transfer"))
	if err != nil {
		return err
	}
	defer func() {
		_ = file.Close()
		_ = os.Remove(file.Name()) // with the folder at the latest
	}()
	if err := file.Truncate(size); err != nil {
		return err
	}
	_, err = l.objects.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String(bucket), Key: &key, Body: file})
	return err
}
