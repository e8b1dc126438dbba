package scenario

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"unicode/utf8"

	"wplake/internal/asl"
)

// maxDiffs is how many differences of one value are told.
const maxDiffs = 20

// differences tells where got is not what is wanted, one line each; with subset
// objects may have further fields.
func differences(at string, want, got any, subset bool) []string {
	d := &differ{subset: subset}
	d.compare(at, want, got)
	if d.more > 0 {
		d.lines = append(d.lines, fmt.Sprintf("… and %d more", d.more))
	}
	return d.lines
}

type differ struct {
	subset bool
	lines  []string
	more   int
}

func (d *differ) add(format string, args ...any) {
	if len(d.lines) >= maxDiffs {
		d.more++
		return
	}
	d.lines = append(d.lines, fmt.Sprintf(format, args...))
}

func (d *differ) compare(at string, want, got any) {
	switch w := want.(type) {
	case map[string]any:
		if g, ok := got.(map[string]any); ok {
			d.objects(at, w, g)
			return
		}
	case []any:
		if g, ok := got.([]any); ok {
			d.lists(at, w, g)
			return
		}
	case json.Number:
		if g, ok := got.(json.Number); ok && sameNumber(w, g) {
			return
		}
	default:
		if want == got {
			return
		}
	}
	d.add("%s: want %s, got %s", at, brief(want), brief(got))
}

func (d *differ) objects(at string, want, got map[string]any) {
	for _, k := range slices.Sorted(maps.Keys(want)) {
		v, ok := got[k]
		if !ok {
			d.add("%s.%s: missing, want %s", at, k, brief(want[k]))
			continue
		}
		d.compare(at+"."+k, want[k], v)
	}
	if d.subset {
		return
	}
	for _, k := range slices.Sorted(maps.Keys(got)) {
		if _, ok := want[k]; !ok {
			d.add("%s.%s: not expected: %s", at, k, brief(got[k]))
		}
	}
}

func (d *differ) lists(at string, want, got []any) {
	for i := range min(len(want), len(got)) {
		d.compare(at+"["+strconv.Itoa(i)+"]", want[i], got[i])
	}
	for i := len(got); i < len(want); i++ {
		d.add("%s[%d]: missing, want %s", at, i, brief(want[i]))
	}
	for i := len(want); i < len(got); i++ {
		d.add("%s[%d]: not expected: %s", at, i, brief(got[i]))
	}
}

func sameNumber(a, b json.Number) bool {
	if a == b {
		return true
	}
	x, errX := a.Float64()
	y, errY := b.Float64()
	return errX == nil && errY == nil && x == y
}

// brief is a value in at most a line.
func brief(v any) string {
	text := asl.Text(v)
	if len(text) <= 200 {
		return text
	}
	cut := 200
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "…"
}
