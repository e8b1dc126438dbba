package s3

import (
	"encoding/json"
	"net/url"
	"strings"
)

const (
	// markKey names the write that made an object: with it a write whose answer
	// was lost is known again.
	markKey = "wplake-write"
	// encodedKey holds, as percent-encoded JSON, what a header cannot hold as it is.
	encodedKey = "wplake-encoded"
	// metadataLimit is S3's, in bytes of names and values.
	metadataLimit = 2048
	headerPrefix  = "x-amz-meta-"
)

// encodeMetadata turns metadata into headers. Names and values of plain ASCII
// stay as they are, so that a person can read them; everything else travels
// together as JSON. ok is false where that is more than S3 keeps: then the
// headers hold the mark alone.
func encodeMetadata(metadata map[string]string, mark string) (headers map[string]string, ok bool) {
	headers = map[string]string{markKey: mark}
	rest := map[string]string{}
	for name, value := range metadata {
		if plainName(name) && plainValue(value) {
			headers[name] = value
			continue
		}
		rest[name] = value
	}
	if len(rest) > 0 || metadata != nil && len(metadata) == 0 {
		text, err := json.Marshal(rest)
		if err != nil {
			return map[string]string{markKey: mark}, false
		}
		headers[encodedKey] = url.PathEscape(string(text))
	}
	size := 0
	for name, value := range headers {
		size += len(headerPrefix) + len(name) + len(value)
	}
	if size > metadataLimit {
		return map[string]string{markKey: mark}, false
	}
	return headers, true
}

// decodeMetadata is the inverse of encodeMetadata. An object without a mark is
// not wplake's: its metadata is nil.
func decodeMetadata(headers map[string]string) (metadata map[string]string, mark string) {
	if mark = headers[markKey]; mark == "" {
		return nil, ""
	}
	for name, value := range headers {
		if name == markKey {
			continue
		}
		if metadata == nil {
			metadata = map[string]string{}
		}
		if name != encodedKey {
			metadata[name] = value
			continue
		}
		text, err := url.PathUnescape(value)
		rest := map[string]string{}
		if err != nil || json.Unmarshal([]byte(text), &rest) != nil {
			return nil, mark // somebody changed it
		}
		for name, value := range rest {
			metadata[name] = value
		}
	}
	return metadata, mark
}

// plainName reports whether a name goes through a header unchanged. Headers
// are read without regard to case.
func plainName(name string) bool {
	if name == "" || name == markKey || name == encodedKey {
		return false
	}
	return strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789._-") == ""
}

// plainValue reports whether a value goes through a header unchanged.
func plainValue(value string) bool {
	for i := range len(value) {
		if value[i] < ' ' || value[i] > '~' {
			return false
		}
	}
	return value != "" && value == strings.TrimSpace(value) && !strings.Contains(value, "  ") &&
		!strings.Contains(value, "=?") // else taken for an encoded word of mail
}
