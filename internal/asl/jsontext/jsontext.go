// Package jsontext writes JSON as Step Functions does: compact, with the letters
// of other scripts and the signs of HTML as they are, and with capital letters in
// the escapes of control characters.
package jsontext

import (
	"bytes"
	"encoding/json"
)

// Compact returns v as JSON text. The error is that of encoding/json, for what is
// no JSON value.
func Compact(v any) (string, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return "", err
	}
	text := bytes.TrimSuffix(b.Bytes(), []byte("\n"))
	if !bytes.Contains(text, []byte(`\u`)) {
		return string(text), nil
	}
	return string(escapes(text)), nil
}

// escapes rewrites the escapes that encoding/json writes in another way: the line
// and paragraph separators, which need none, and the digits of the others.
func escapes(text []byte) []byte {
	out := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' || i+1 >= len(text) {
			out = append(out, text[i])
			continue
		}
		if text[i+1] != 'u' || i+6 > len(text) {
			out = append(out, text[i], text[i+1])
			i++
			continue
		}
		switch digits := text[i+2 : i+6]; string(digits) {
		case "2028":
			out = append(out, "\u2028"...)
		case "2029":
			out = append(out, "\u2029"...)
		default:
			out = append(append(out, `\u`...), bytes.ToUpper(digits)...)
		}
		i += 5
	}
	return out
}
