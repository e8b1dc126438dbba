package tasks

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"wplake/internal/asl"
	"wplake/internal/store"
	"wplake/internal/workflow"
)

func (t *Tasks) s3() map[string]integration {
	check := func(args map[string]any) error {
		if name, ok := textOf(args, "Bucket"); ok {
			if _, ok := t.o.Buckets[name]; !ok {
				return unknown(fmt.Sprintf("there is no bucket %q in this lake", name), name, slices.Sorted(maps.Keys(t.o.Buckets)))
			}
		}
		if key, ok := textOf(args, "Key"); ok {
			if err := store.CheckKey(key); err != nil {
				return invalid(err.Error(), "keys are like wordpress_api/posts/posts.parquet")
			}
		}
		return nil
	}
	return map[string]integration{
		"s3:getObject": {optimised: true, sdk: true, check: check, do: t.getObject, fields: []field{{"Bucket", text, true}, {"Key", text, true}}},
		"s3:putObject": {
			optimised: true, sdk: true, check: check, do: t.putObject,
			fields: []field{{"Bucket", text, true}, {"Key", text, true}, {"Body", anything, false}},
		},
		"s3:listObjectsV2": {
			optimised: true, sdk: true, check: check, do: t.listObjects,
			fields: []field{
				{"Bucket", text, true}, {"Prefix", text, false}, {"Delimiter", text, false}, {"MaxKeys", integer, false},
				{"StartAfter", text, false}, {"ContinuationToken", text, false},
			},
		},
	}
}

// bucket finds the bucket of a request.
func (t *Tasks) bucket(r request) (store.Bucket, error) {
	b, ok := t.o.Buckets[r.text("Bucket")]
	if !ok {
		return nil, r.refuse(s3Service(), "NoSuchBucketException", 404, "The specified bucket does not exist: %s is not of this lake", r.text("Bucket"))
	}
	return b, nil
}

// failure is a failed operation on an object, as S3 tells it.
func (r request) objectFailure(err error) error {
	switch {
	case errors.Is(err, store.ErrNotFound):
		return r.refuse(s3Service(), "NoSuchKeyException", 404, "The specified key does not exist.")
	case errors.Is(err, store.ErrBadKey):
		return r.refuse(s3Service(), "S3Exception", 400, "%s", err)
	}
	return r.broken(s3Service(), "S3Exception", err)
}

// getObject answers an object's text. It has to fit into a state's data.
func (t *Tasks) getObject(ctx context.Context, r request) (any, error) {
	b, err := t.bucket(r)
	if err != nil {
		return nil, err
	}
	key := r.text("Key")
	info, err := b.Stat(ctx, key)
	if err != nil {
		return nil, ended(ctx, r.objectFailure(err))
	}
	if info.Size > asl.MaxPayload {
		return nil, tooLarge(r.call.Resource.Service)
	}
	body, err := readAll(ctx, b, key)
	if err != nil {
		return nil, ended(ctx, r.objectFailure(err))
	}
	if len(body) > asl.MaxPayload {
		return nil, tooLarge(r.call.Resource.Service)
	}
	if !utf8.Valid(body) {
		return nil, r.refuse(s3Service(), "S3Exception", 415, "%s is not UTF-8 text, and a state's data is", key)
	}
	metadata := map[string]any{}
	for k, v := range info.Metadata {
		metadata[k] = v
	}
	info.Size = int64(len(body))
	return map[string]any{
		"AcceptRanges": "bytes", "Body": string(body), "ContentLength": number(info.Size), "ContentType": "binary/octet-stream",
		"ETag": etag(b.Name(), info), "LastModified": request{sdk: true}.time(info.Modified), "Metadata": metadata,
	}, nil
}

// tooLarge is the error for a result that a state's data has no room for.
func tooLarge(what string) error {
	return &workflow.TaskError{
		Name:  "States.DataLimitExceeded",
		Cause: fmt.Sprintf("The state/task '%s' returned a result with a size exceeding the maximum number of bytes service limit.", what),
	}
}

// readAll reads an object, but no more than one byte beyond a state's data.
func readAll(ctx context.Context, b store.Bucket, key string) (data []byte, err error) {
	f, err := b.Open(ctx, key)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	data, err = io.ReadAll(io.LimitReader(f, asl.MaxPayload+1))
	return data, store.Failure("read", b.URI(key), err)
}

// etag names a state of an object: it changes when the object does.
func etag(bucket string, info store.Info) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\n%s\n%d\n%d", bucket, info.Key, info.Size, info.Modified.UnixNano()))
	return `"` + hex.EncodeToString(sum[:16]) + `"`
}

// putObject writes an object: a text as it is, any other value as its JSON.
func (t *Tasks) putObject(ctx context.Context, r request) (any, error) {
	b, err := t.bucket(r)
	if err != nil {
		return nil, err
	}
	body, isText := r.args["Body"].(string)
	if v, given := r.args["Body"]; given && !isText {
		body = asl.Text(v)
	}
	info, err := write(ctx, b, r.text("Key"), strings.NewReader(body))
	if err != nil {
		return nil, ended(ctx, r.objectFailure(err))
	}
	return map[string]any{"ETag": etag(b.Name(), info)}, nil
}

// write writes an object whole.
func write(ctx context.Context, b store.Bucket, key string, body io.Reader) (info store.Info, err error) {
	if err := store.CheckKey(key); err != nil {
		return info, err
	}
	up, err := b.Create(ctx, key)
	if err != nil {
		return info, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, up.Abort())
		}
	}()
	if err := fill(up.Path(), body); err != nil {
		return info, store.Failure("write", b.URI(key), err)
	}
	return up.Commit(ctx, nil)
}

func fill(path string, body io.Reader) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	_, err = io.Copy(f, body)
	return err
}

// listObjects lists a bucket in pages of at most 1000 keys.
func (t *Tasks) listObjects(ctx context.Context, r request) (any, error) {
	b, err := t.bucket(r)
	if err != nil {
		return nil, err
	}
	prefix, delimiter := r.text("Prefix"), r.text("Delimiter")
	most := int(min(max(r.integer("MaxKeys", 1000), 0), 1000))
	after := max(r.text("StartAfter"), r.text("ContinuationToken"))
	infos, err := b.List(ctx, prefix)
	if err != nil {
		return nil, ended(ctx, r.objectFailure(err))
	}
	p := page{after: after, prefix: prefix, delimiter: delimiter, most: most}
	for _, info := range infos {
		if !p.add(b.Name(), info) {
			break
		}
	}
	answer := map[string]any{
		"Name": b.Name(), "Prefix": prefix, "MaxKeys": number(int64(most)), "KeyCount": number(int64(len(p.contents) + len(p.common))),
		"IsTruncated": p.more, "Contents": p.contents, "CommonPrefixes": p.common,
	}
	if p.contents == nil {
		answer["Contents"] = []any{}
	}
	if p.common == nil {
		answer["CommonPrefixes"] = []any{}
	}
	if p.more {
		answer["NextContinuationToken"] = p.last
	}
	for _, name := range []string{"Delimiter", "StartAfter", "ContinuationToken"} {
		if v, ok := r.args[name]; ok {
			answer[name] = v
		}
	}
	return answer, nil
}

// page gathers one page of a listing.
type page struct {
	after, prefix, delimiter string
	most                     int
	contents, common         []any
	last                     string // the last key or prefix of the page
	more                     bool
}

// add takes one object, in order; false when the page is full.
func (p *page) add(bucket string, info store.Info) bool {
	name, isPrefix := info.Key, false
	if p.delimiter != "" {
		if before, _, found := strings.Cut(strings.TrimPrefix(info.Key, p.prefix), p.delimiter); found {
			name, isPrefix = p.prefix+before+p.delimiter, true
		}
	}
	if info.Key <= p.after || name == p.last || isPrefix && name <= p.after {
		return true
	}
	if len(p.contents)+len(p.common) == p.most {
		p.more = p.most > 0
		return false
	}
	p.last = name
	if isPrefix {
		p.common = append(p.common, map[string]any{"Prefix": name})
		return true
	}
	p.contents = append(p.contents, map[string]any{
		"Key": info.Key, "Size": number(info.Size), "ETag": etag(bucket, info),
		"LastModified": request{sdk: true}.time(info.Modified), "StorageClass": "STANDARD",
	})
	return true
}
