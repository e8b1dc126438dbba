package s3

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"wplake/internal/awsapi"
	"wplake/internal/lake"
	"wplake/internal/store"
)

// footerGuess is how many bytes of a Parquet object's end are asked for at
// first. Footers of objects with some tens of row groups are smaller.
const footerGuess = 64 << 10

// footerTail is what follows a footer: its length, and the format's mark.
//
// Source: https://parquet.apache.org/docs/file-format/
const footerTail = 8

// DownloadFooter reads the end of an object, with one request or two, and makes
// a sparse file of it. Both are of one version of the object.
func (b *Bucket) DownloadFooter(ctx context.Context, key, dir string) (string, store.Info, error) {
	return b.file(ctx, key, dir, b.downloadFooter)
}

func (b *Bucket) downloadFooter(ctx context.Context, key, target string) (info store.Info, err error) {
	r, err := b.openEnd(ctx, key, footerGuess, "")
	if awsapi.Code(err) == "InvalidRange" { // an empty object has no end
		return b.download(ctx, key, target)
	}
	if err != nil {
		return store.Info{}, err
	}
	info = r.info
	f, err := os.OpenFile(target, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return store.Info{}, errors.Join(store.Failure("write", target, err), r.Close())
	}
	defer func() {
		if err = errors.Join(err, store.Failure("write", target, f.Close())); err != nil {
			err = errors.Join(err, os.Remove(target))
		}
	}()
	from := r.at
	if err := b.place(f, r); err != nil {
		return store.Info{}, err
	}
	need, err := footerSize(f, info.Size)
	if err != nil {
		return store.Info{}, store.Failure("read", target, err)
	}
	if info.Size-need >= from {
		return info, nil
	}
	if r, err = b.openEnd(ctx, key, need, info.Version); err != nil {
		return store.Info{}, err
	}
	return info, b.place(f, r)
}

// place writes what r reads to where it belongs in f, which gets the object's size.
func (b *Bucket) place(f *os.File, r *reader) error {
	_, err := io.Copy(io.NewOffsetWriter(f, r.at), r)
	if err == nil {
		err = f.Truncate(r.info.Size)
	}
	if err = errors.Join(err, r.Close()); err != nil {
		return store.Failure("copy "+b.URI(r.info.Key)+" to", f.Name(), err)
	}
	return nil
}

// footerSize is how many bytes at the end of a file are the footer and what
// follows it; 0 for what is no Parquet file.
func footerSize(f io.ReaderAt, size int64) (int64, error) {
	if size < footerTail {
		return 0, nil
	}
	tail := make([]byte, footerTail)
	if _, err := f.ReadAt(tail, size-footerTail); err != nil {
		return 0, err
	}
	need := int64(binary.LittleEndian.Uint32(tail)) + footerTail
	if string(tail[4:]) != "PAR1" || need > size {
		return 0, nil
	}
	return need, nil
}

// openEnd reads the last n bytes of an object, of that version where one is
// given. A body that breaks off is resumed, as of any reader.
func (b *Bucket) openEnd(ctx context.Context, key string, n int64, of string) (*reader, error) {
	in := &s3.GetObjectInput{Bucket: &b.name, Key: &key, Range: aws.String(fmt.Sprintf("bytes=-%d", n))}
	if of != "" {
		in.IfMatch = quoted(of)
	}
	out, err := b.client.GetObject(ctx, in)
	switch {
	case err == nil:
	case of != "" && refused(err):
		return nil, b.replaced(key, err)
	case absent(err):
		return nil, store.ErrNotFound
	case awsapi.Code(err) == "InvalidRange":
		return nil, err
	default:
		return nil, b.readFailure(err, key)
	}
	r := &reader{b: b, ctx: ctx, body: out.Body}
	r.info = store.Info{Key: key, Size: aws.ToInt64(out.ContentLength), Modified: aws.ToTime(out.LastModified), Version: version(out.ETag)}
	r.info.Metadata, _ = decodeMetadata(out.Metadata)
	if text := aws.ToString(out.ContentRange); text != "" { // else the whole object was sent
		r.at, r.info.Size, err = contentRange(text)
	} else if out.ContentLength == nil {
		err = errors.New("it has no length")
	}
	if err != nil {
		return nil, errors.Join(&lake.Error{
			Code: lake.ServiceFailed, Message: fmt.Sprintf("the answer about the end of %s is of no use: %v", b.URI(key), err),
		}, out.Body.Close())
	}
	r.mark = r.at
	return r, nil
}

// contentRange reads a header such as "bytes 5-9/10", of which the last byte is
// the object's last.
func contentRange(text string) (from, size int64, err error) {
	var to int64
	if n, err := fmt.Sscanf(strings.TrimSpace(text), "bytes %d-%d/%d", &from, &to, &size); n != 3 || err != nil ||
		from < 0 || from > size || to != size-1 { // some stores say "bytes 0--1/0" of an empty object
		return 0, 0, fmt.Errorf("its range is %q", text)
	}
	return from, size, nil
}
