package items

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
)

// inventory reads the manifest of an S3 inventory, and gives the files that it
// names. The header of these is the manifest's schema.
func (r *Reader) inventory() (iter.Seq2[ref, error], error) {
	c := &r.config
	body, err := r.ports.unpacked(r.ctx, c.Bucket, c.Key, c.Version)
	if err != nil {
		return nil, err
	}
	raw, err := io.ReadAll(io.LimitReader(body, MaxManifest+1))
	if err = errors.Join(err, body.Close()); err != nil {
		return nil, err
	}
	bucket, header, keys, err := readInventory(raw)
	if err != nil {
		return nil, fmt.Errorf("the manifest %s: %w", c.Key, err)
	}
	if bucket == "" {
		bucket = c.Bucket
	}
	c.Header = header
	return func(yield func(ref, error) bool) {
		for _, key := range keys {
			if !yield(ref{bucket: bucket, key: key}, nil) {
				return
			}
		}
	}, nil
}

// readInventory takes a manifest apart: where its files are, the names of their
// fields, and their keys.
func readInventory(raw []byte) (bucket string, header, keys []string, err error) {
	if len(raw) > MaxManifest {
		return "", nil, nil, fmt.Errorf("it has more than %d bytes", MaxManifest)
	}
	var m struct {
		DestinationBucket, FileFormat, FileSchema string
		Files                                     []struct{ Key string }
	}
	if err := json.Unmarshal(raw, &m); err != nil {
		return "", nil, nil, err
	}
	if m.FileFormat != "CSV" {
		return "", nil, nil, fmt.Errorf("the format of its files must be CSV and is %q", m.FileFormat)
	}
	for _, name := range strings.Split(m.FileSchema, ",") {
		header = append(header, strings.TrimSpace(name))
	}
	for _, f := range m.Files {
		keys = append(keys, f.Key)
	}
	_, bucket, _ = strings.Cut(m.DestinationBucket, ":::")
	return bucket, header, keys, checkHeader(header)
}

// athena gives the files that the manifest of an UNLOAD query lists: a URI a
// line.
func (r *Reader) athena() iter.Seq2[ref, error] {
	return func(yield func(ref, error) bool) {
		c := &r.config
		body, err := r.ports.unpacked(r.ctx, c.Bucket, c.Key, c.Version)
		if err != nil {
			yield(ref{}, err)
			return
		}
		defer func() { _ = body.Close() }()
		list := &Config{Type: csvFile, Delimiter: ',', Header: []string{"uri"}}
		s, err := newCSV(list, body, "")
		if err != nil {
			yield(ref{}, err)
			return
		}
		for {
			item, err := s.next()
			if errors.Is(err, io.EOF) {
				return
			}
			var o ref
			if err == nil {
				o, err = fromURI(item.Value)
			}
			if !yield(o, err) || err != nil {
				return
			}
		}
	}
}

func fromURI(row any) (ref, error) {
	m, _ := row.(map[string]any)
	text := strings.TrimSpace(text(m, "uri"))
	scheme, rest, ok := strings.Cut(text, "://")
	bucket, key, named := strings.Cut(rest, "/")
	if !ok || !named || !strings.EqualFold(scheme, "s3") || bucket == "" || key == "" {
		return ref{}, fmt.Errorf("the manifest names %q, which is no object", text)
	}
	return ref{bucket: bucket, key: key}, nil
}
