package graph

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// advances are the widths of the printable ASCII characters in a sans-serif
// face such as Helvetica or Arial, in thousandths of its size, from the space
// on.
const advances = "" +
	"278278355556556889667191333333389584278333278278" + // space to /
	"556556556556556556556556556556278278584584584556" + // 0 to ?
	"999667667722722667611778722278500667556833722778" + // @ to O
	"667778722667611722667944667667611278278278469556" + // P to _
	"333556556500556556278556556222222500222833556556" + // ` to o
	"556556333500278556500722500500500334260334584" // p to ~

// advance is the width of a character in thousandths of the size.
func advance(r rune) int {
	switch {
	case r >= ' ' && r <= '~':
		i := int(r-' ') * 3
		return int(advances[i]-'0')*100 + int(advances[i+1]-'0')*10 + int(advances[i+2]-'0')
	case unicode.Is(unicode.Mn, r), unicode.Is(unicode.Cf, r):
		return 0
	case r >= 0x1100 && (r <= 0x115f || r >= 0x2e80 && r <= 0xd7a3 || r >= 0xf900 && r <= 0xfaff || r >= 0xfe30 && r <= 0xfe6f || r >= 0xff00 && r <= 0xff60 || r >= 0x1f300):
		return 1000
	}
	return 600
}

// font is a size and a weight of text.
type font struct {
	size float64
	bold bool
	mono bool
}

// slack allows for faces that are wider than the one that was measured.
const slack = 1.05

// width estimates how wide a text is.
func (f font) width(s string) float64 {
	if f.mono {
		return float64(utf8.RuneCountInString(s)) * f.size * 0.62
	}
	sum := 0
	for _, r := range s {
		sum += advance(r)
	}
	w := float64(sum) * f.size / 1000 * slack
	if f.bold {
		w *= 1.06
	}
	return w
}

// wrap breaks a text into at most n lines of a width: at spaces, behind signs
// that join words, before capitals, and within words where nothing else
// helps. What does not fit ends with an ellipsis.
func (f font) wrap(s string, width float64, n int) []string {
	s = strings.Join(strings.Fields(s), " ")
	var lines []string
	for s != "" {
		if f.width(s) <= width {
			return append(lines, s)
		}
		if len(lines) == n-1 {
			return append(lines, f.cut(s, width))
		}
		end := f.breakAt(s, width)
		lines = append(lines, strings.TrimRight(s[:end], " "))
		s = strings.TrimLeft(s[end:], " ")
	}
	return lines
}

// breakAt finds the last good place to break a text that is too wide.
func (f font) breakAt(s string, width float64) int {
	fits, good, space := 0, 0, 0
	var before rune
	for i, r := range s {
		if i > 0 && f.width(s[:i]) > width {
			break
		}
		fits = i
		if i > 0 && (r == ' ' || strings.ContainsRune(" _-./:,", before) && r != before || unicode.IsLower(before) && unicode.IsUpper(r)) {
			good = i
			if r == ' ' {
				space = i
			}
		}
		before = r
	}
	if space > 0 && f.width(s[:space]) > width*0.4 {
		return space
	}
	if good > 0 && f.width(s[:good]) > width/3 {
		return good
	}
	if fits == 0 {
		_, fits = utf8.DecodeRuneInString(s)
	}
	return fits
}

// cut shortens a text to a width, with an ellipsis.
func (f font) cut(s string, width float64) string {
	if f.width(s) <= width {
		return s
	}
	for s != "" && f.width(s+"…") > width {
		_, n := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-n]
	}
	return strings.TrimRight(s, " ") + "…"
}

// widest is the width of the widest line.
func (f font) widest(lines []string) float64 {
	w := 0.0
	for _, l := range lines {
		w = max(w, f.width(l))
	}
	return w
}
