package intrinsic

import (
	"crypto/md5"  //nolint:gosec // the language has this function
	"crypto/sha1" //nolint:gosec // the language has this function
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"strings"
	"unicode/utf8"
)

func texts(function string, args []any) (any, error) {
	if function == "Hash" {
		return hashed(args)
	}
	text, ok := args[0].(string)
	if !ok {
		return nil, failure("The first argument must be a string")
	}
	if function == "StringSplit" {
		return split(text, args[1])
	}
	if utf8.RuneCountInString(text) > maxText {
		return nil, failure("The argument must have at most 10000 characters")
	}
	if function == "Base64Encode" {
		return base64.StdEncoding.EncodeToString([]byte(text)), nil
	}
	return strings.ToValidUTF8(string(decoded(text)), "\ufffd"), nil
}

// decoded reads Base64 as leniently as Step Functions: up to the first = or the
// end, both alphabets, leaving out every sign that is in neither, and a last
// sign that gives no whole byte.
func decoded(text string) []byte {
	kept := make([]byte, 0, len(text))
	for i := 0; i < len(text) && text[i] != '='; i++ {
		switch c := text[i]; {
		case c == '-':
			kept = append(kept, '+')
		case c == '_':
			kept = append(kept, '/')
		case c == '+' || c == '/' || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z':
			kept = append(kept, c)
		}
	}
	if len(kept)%4 == 1 {
		kept = kept[:len(kept)-1]
	}
	b, err := base64.RawStdEncoding.DecodeString(string(kept))
	if err != nil {
		return nil // only the alphabet is left, in a length that decodes
	}
	return b
}

// split cuts at each character of the separator and drops empty parts.
func split(text string, separator any) (any, error) {
	cut, ok := separator.(string)
	if !ok {
		return nil, failure("The second argument must be a string")
	}
	parts := []any{}
	if cut == "" {
		if text != "" {
			parts = append(parts, text)
		}
		return parts, nil
	}
	for _, part := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(cut, r) }) {
		parts = append(parts, part)
	}
	return parts, nil
}

func hashed(args []any) (any, error) {
	text, err := shown(args[0])
	if err != nil {
		return nil, err
	}
	if utf8.RuneCountInString(text) > maxText {
		return nil, failure("The argument must have at most 10000 characters")
	}
	name, ok := args[1].(string)
	if !ok {
		return nil, failure("The second argument must be a string")
	}
	sum, err := Digest(text, name)
	if err != nil {
		return nil, err
	}
	return sum, nil
}

// Digest returns the hash of text in hexadecimal. The algorithm is MD5, SHA-1,
// SHA-256, SHA-384 or SHA-512; another is an error.
func Digest(text, algorithm string) (string, error) {
	var h hash.Hash
	switch algorithm {
	case "MD5":
		h = md5.New() //nolint:gosec // no secret depends on it
	case "SHA-1":
		h = sha1.New() //nolint:gosec // no secret depends on it
	case "SHA-256":
		h = sha256.New()
	case "SHA-384":
		h = sha512.New384()
	case "SHA-512":
		h = sha512.New()
	default:
		return "", failure("The hash algorithm must be one of MD5, SHA-1, SHA-256, SHA-384, SHA-512")
	}
	h.Write([]byte(text)) // a hash never fails to write
	return hex.EncodeToString(h.Sum(nil)), nil
}
