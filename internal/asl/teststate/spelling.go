package teststate

import (
	"bytes"
	"encoding/json"

	"wplake/internal/asl"
)

// maxSpelling is how deep into the given texts values keep their spelling.
const maxSpelling = 8

// text is the JSON of a value. What came as it is from a text of the request
// keeps that text's spaces, as AWS has it.
func (q *request) text(v any) *string {
	t := asl.Text(v)
	switch v.(type) {
	case map[string]any, []any:
		if q.spelling == nil {
			q.spell()
		}
		if raw, ok := q.spelling[t]; ok {
			t = raw
		}
	}
	return &t
}

// spell notes how the texts of the request spell the values in them.
func (q *request) spell() {
	q.spelling = map[string]string{}
	given := []*string{q.Input, q.Context, q.Variables}
	if q.Mock != nil {
		given = append(given, q.Mock.Result)
	}
	for _, text := range given {
		if text != nil {
			q.note([]byte(*text), 0)
		}
	}
}

func (q *request) note(raw []byte, depth int) {
	raw = bytes.TrimSpace(raw)
	if depth > maxSpelling || len(raw) == 0 || raw[0] != '{' && raw[0] != '[' {
		return
	}
	v, err := asl.Decode(raw)
	if err != nil {
		return
	}
	key := asl.Text(v)
	if _, known := q.spelling[key]; !known {
		q.spelling[key] = string(raw)
	}
	var inner []json.RawMessage
	if raw[0] == '{' {
		var fields map[string]json.RawMessage
		if json.Unmarshal(raw, &fields) != nil {
			return
		}
		for _, k := range sorted(fields) {
			inner = append(inner, fields[k])
		}
	} else if json.Unmarshal(raw, &inner) != nil {
		return
	}
	for _, r := range inner {
		q.note(r, depth+1)
	}
}
