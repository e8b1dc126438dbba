package jsonarray

import "bytes"

// The functions below find the ends of parts of a text that is known to be one
// JSON object. They do not check its grammar again.

// skipSpace returns the first position from i on that is not white space.
func skipSpace(text []byte, i int) int {
	for text[i] == ' ' || text[i] == '\n' || text[i] == '\t' || text[i] == '\r' {
		i++
	}
	return i
}

// stringEnd returns the position behind the string that begins at i.
func stringEnd(text []byte, i int) int {
	i++
	for {
		i += bytes.IndexByte(text[i:], '"')
		backslashes := 0
		for text[i-1-backslashes] == '\\' {
			backslashes++
		}
		i++
		if backslashes%2 == 0 {
			return i
		}
	}
}

// valueEnd returns the position behind the value that begins at i.
func valueEnd(text []byte, i int) int {
	switch text[i] {
	case '"':
		return stringEnd(text, i)
	case '{', '[':
		depth := 0
		for {
			switch text[i] {
			case '{', '[':
				depth++
			case '}', ']':
				depth--
				if depth == 0 {
					return i + 1
				}
			case '"':
				i = stringEnd(text, i) - 1
			}
			i++
		}
	}
	for {
		switch text[i] {
		case ',', '}', ']', ' ', '\n', '\t', '\r':
			return i
		}
		i++
	}
}

// loneSurrogate returns the position of an escape \uD800 to \uDFFF that is not
// part of a pair, or -1.
func loneSurrogate(text []byte) int {
	for i := 0; ; {
		next := bytes.IndexByte(text[i:], '\\')
		if next < 0 {
			return -1
		}
		i += next
		unit := escapedUnit(text, i)
		switch {
		case unit < 0xD800 || unit > 0xDFFF:
			i += 2
		case unit >= 0xDC00:
			return i
		default:
			low := escapedUnit(text, i+6)
			if low < 0xDC00 || low > 0xDFFF {
				return i
			}
			i += 12
		}
	}
}

// escapedUnit returns the UTF-16 code unit of the escape \uXXXX at i, or -1.
func escapedUnit(text []byte, i int) int {
	if len(text) < i+6 || text[i] != '\\' || text[i+1] != 'u' {
		return -1
	}
	unit := 0
	for _, c := range text[i+2 : i+6] {
		switch {
		case c >= '0' && c <= '9':
			unit = unit<<4 | int(c-'0')
		case c >= 'a' && c <= 'f':
			unit = unit<<4 | int(c-'a'+10)
		case c >= 'A' && c <= 'F':
			unit = unit<<4 | int(c-'A'+10)
		default:
			return -1
		}
	}
	return unit
}
