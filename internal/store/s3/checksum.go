package s3

import (
	"crypto/sha256"
	"encoding/base64"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"io"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// nvme is the polynomial of CRC-64/NVME, bits reversed.
const nvme = 0x9a6c9329ac4bc9b5

// checksum is a running checksum and what it has to be in the end.
type checksum struct {
	hash.Hash
	name string
	want string // base64
}

// checksumOf is the checksum of the whole object that came with it; nil where
// there is none that could be verified. That of parts ("…-3") is of no use
// without the parts' borders.
func checksumOf(out *s3.GetObjectOutput) *checksum {
	for _, c := range []struct {
		name  string
		value *string
		hash  func() hash.Hash
	}{
		{"CRC32", out.ChecksumCRC32, newCRC32},
		{"CRC64NVME", out.ChecksumCRC64NVME, func() hash.Hash { return crc64.New(crc64.MakeTable(nvme)) }},
		{"CRC32C", out.ChecksumCRC32C, func() hash.Hash { return crc32.New(crc32.MakeTable(crc32.Castagnoli)) }},
		{"SHA256", out.ChecksumSHA256, sha256.New},
	} {
		if want := aws.ToString(c.value); want != "" && !strings.Contains(want, "-") {
			return &checksum{Hash: c.hash(), name: c.name, want: want}
		}
	}
	return nil
}

func newCRC32() hash.Hash { return crc32.NewIEEE() }

// text is a sum as S3 writes it.
func text(h hash.Hash) string { return base64.StdEncoding.EncodeToString(h.Sum(nil)) }

// right reports whether the bytes so far have the checksum.
func (c *checksum) right() bool { return c == nil || text(c) == c.want }

// sums reads the next size bytes of a file in parts and returns the CRC-32 of
// each and of all.
func sums(r io.Reader, size, partSize int64) (parts []string, all string, err error) {
	whole := newCRC32()
	for at := int64(0); at < size || at == 0; at += partSize {
		part := newCRC32()
		n := min(partSize, size-at)
		if _, err := io.CopyN(io.MultiWriter(whole, part), r, n); err != nil {
			return nil, "", err
		}
		parts = append(parts, text(part))
	}
	return parts, text(whole), nil
}
