package s3

import (
	"maps"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzMetadata: what goes into headers comes out of them, and the headers hold
// nothing that a header cannot.
func FuzzMetadata(f *testing.F) {
	for _, seed := range [][4]string{
		{"wplake.run_id", "r1", "empty", ""},
		{"text", "quotes \" and\nlines, ü 🎉", "Upper", " spaces "},
		{markKey, "x", encodedKey, "{}"},
		{"", "=?utf-8?q?x?=", "a  b", "%41"},
		{"long", strings.Repeat("é", 900), "a", "b"},
	} {
		f.Add(seed[0], seed[1], seed[2], seed[3])
	}
	f.Fuzz(func(t *testing.T, k1, v1, k2, v2 string) {
		for _, s := range []string{k1, v1, k2, v2} {
			if !utf8.ValidString(s) {
				return
			}
		}
		metadata := map[string]string{k1: v1, k2: v2}
		headers, ok := encodeMetadata(metadata, "mark")
		size := 0
		for name, value := range headers {
			size += len(name) + len(value)
			for _, r := range name + value {
				if r < ' ' || r > '~' {
					t.Fatalf("a header holds %q", r)
				}
			}
		}
		if size > metadataLimit {
			t.Fatalf("%d bytes of headers", size)
		}
		got, mark := decodeMetadata(headers)
		if mark != "mark" {
			t.Fatalf("the mark is %q", mark)
		}
		if !ok {
			if got != nil {
				t.Fatalf("past the limit there is %v", got)
			}
			return
		}
		if !maps.Equal(got, metadata) {
			t.Fatalf("%v became %v by %v", metadata, got, headers)
		}
	})
}

// FuzzDecodeMetadata: headers of others cannot break the reader.
func FuzzDecodeMetadata(f *testing.F) {
	f.Add("mark", encodedKey, `%7B%22a%22%3A%22b%22%7D`)
	f.Add("mark", encodedKey, `%`)
	f.Add("mark", encodedKey, `null`)
	f.Add("", "a", "b")
	f.Fuzz(func(t *testing.T, mark, name, value string) {
		metadata, got := decodeMetadata(map[string]string{markKey: mark, name: value})
		if got == "" && metadata != nil {
			t.Fatalf("metadata without a mark: %v", metadata)
		}
	})
}

func TestEmptyMetadataIsNotNone(t *testing.T) {
	t.Parallel()
	for _, metadata := range []map[string]string{nil, {}, {"a": ""}} {
		headers, ok := encodeMetadata(metadata, "mark")
		got, _ := decodeMetadata(headers)
		if !ok || !maps.Equal(got, metadata) || (got == nil) != (metadata == nil) {
			t.Errorf("%v became %v", metadata, got)
		}
	}
}

// TestPartSize: no object has too many parts, and none is larger than it has to be.
func TestPartSize(t *testing.T) {
	t.Parallel()
	const mib, tib = 1 << 20, 1 << 40
	for _, size := range []int64{0, 1, 16 * mib, 16*mib + 1, 156 * 1024 * mib, 160_000 * mib, 160_000*mib + 1, 5 * tib, 50*tib + 12345} {
		part := partSize(size, 16*mib)
		if n := (size + part - 1) / part; n > maxParts || part%mib != 0 || part < 16*mib {
			t.Errorf("%d bytes in %d parts of %d", size, n, part)
		}
		if part > 16*mib && (size+part-mib-1)/(part-mib) <= maxParts {
			t.Errorf("%d bytes: parts of %d are larger than need be", size, part)
		}
	}
}
