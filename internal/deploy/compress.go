package deploy

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"time"

	"wplake/internal/deploy/deflate"
)

// packSmall packs a file as small as it gets. That takes half a minute for a
// program, so what came out is kept in the folder in.Cache, by the content's hash.
func packSmall(ctx context.Context, w *zip.Writer, in PackageInput, name string, content []byte) error {
	small, err := compressed(ctx, in, content)
	if err != nil {
		return err
	}
	h := &zip.FileHeader{
		Name: name, Method: zip.Deflate, Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC),
		CRC32: crc32.ChecksumIEEE(content), CompressedSize64: uint64(len(small)), UncompressedSize64: uint64(len(content)),
	}
	h.SetMode(0o755)
	to, err := w.CreateRaw(h)
	if err != nil {
		return err
	}
	_, err = to.Write(small)
	return err
}

// compressed is content by RFC 1951, from the cache where it is there.
func compressed(ctx context.Context, in PackageInput, content []byte) ([]byte, error) {
	sum := sha256.Sum256(content)
	kept := filepath.Join(in.Cache, hex.EncodeToString(sum[:])+".deflate")
	if in.Cache != "" {
		if small, err := os.ReadFile(kept); err == nil && inflatesTo(small, sum) {
			return small, nil
		}
	}
	if in.Slow != nil && len(content) > slowFrom {
		in.Slow()
	}
	var out bytes.Buffer
	if err := deflate.Compress(ctx, &out, content); err != nil {
		return nil, err
	}
	if in.Cache != "" {
		keep(kept, out.Bytes())
	}
	return out.Bytes(), nil
}

// inflatesTo tells whether what was kept is whole.
func inflatesTo(small []byte, sum [sha256.Size]byte) bool {
	r := flate.NewReader(bytes.NewReader(small))
	hash := sha256.New()
	_, err := io.Copy(hash, io.LimitReader(r, maxUnzipped))
	return err == nil && bytes.Equal(hash.Sum(nil), sum[:])
}

// keep writes a file whole or not at all, and removes what was kept of other
// programs. That it cannot be kept costs the next time half a minute.
func keep(path string, content []byte) {
	dir := filepath.Dir(path)
	if os.MkdirAll(dir, 0o750) != nil {
		return
	}
	f, err := os.CreateTemp(dir, "new-")
	if err != nil {
		return
	}
	defer func() { _ = os.Remove(f.Name()) }() // gone already where it was renamed
	_, err = f.Write(content)
	if f.Close() != nil || err != nil {
		return
	}
	others, _ := filepath.Glob(filepath.Join(dir, "*.deflate"))
	if os.Rename(f.Name(), path) != nil || len(others) < maxKept {
		return
	}
	for _, other := range others {
		if other != path {
			_ = os.Remove(other)
		}
	}
}

// slowFrom is from how many bytes on compressing takes a person's patience.
const slowFrom = 10 << 20

// maxKept is how many programs are kept at most, before the others go.
const maxKept = 8
