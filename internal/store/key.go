package store

import (
	"errors"
	"fmt"
	"strings"

	"wplake/internal/lake"
)

// ErrBadKey says that a string cannot be an object's key.
var ErrBadKey = errors.New("not an object's key")

// CheckKey returns an error that is ErrBadKey unless key can be the key of an
// object in every driver: slash-separated and relative, with no empty, "." or
// ".." segment, no backslash and no control character, at most 1024 bytes in
// all and 240 in each segment.
func CheckKey(key string) error {
	switch {
	case key == "":
		return badKey(key, "it is empty")
	case len(key) > 1024:
		return badKey(key[:64]+"…", "it is longer than 1024 bytes")
	case strings.ContainsRune(key, '\\'):
		return badKey(key, "it has a backslash")
	case strings.ContainsFunc(key, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return badKey(key, "it has a control character")
	}
	for segment := range strings.SplitSeq(key, "/") {
		switch {
		case segment == "" || segment == "." || segment == "..":
			return badKey(key, fmt.Sprintf("it has the segment %q", segment))
		case len(segment) > 240:
			return badKey(key, "a segment is longer than 240 bytes")
		}
	}
	return nil
}

func badKey(key, why string) error {
	return &lake.Error{
		Code:    lake.StorageFailed,
		Message: fmt.Sprintf("%q is not an object's key: %s", key, why),
		Err:     ErrBadKey,
	}
}
