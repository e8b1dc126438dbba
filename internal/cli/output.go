package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode"

	"golang.org/x/term"

	"wplake/internal/lake"
)

// Colours of a terminal, as the parameters of the escape sequence.
const (
	red    = "31"
	green  = "32"
	yellow = "33"
)

// color writes text in a colour where standard output is a terminal that may
// be coloured.
func (a *app) color(code, text string) string {
	f, ok := a.stdout.(*os.File)
	if !ok || a.noColor || os.Getenv("NO_COLOR") != "" || !term.IsTerminal(int(f.Fd())) {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// printError prints an error and its hint on standard error.
func (a *app) printError(err error) {
	fmt.Fprintln(a.stderr, "wplake:", clean(err.Error()))
	if e := lake.AsError(err, lake.Internal); e.Hint != "" {
		fmt.Fprintln(a.stderr, "  hint:", clean(e.Hint))
	}
}

// printJSON prints the one JSON document of --json.
func (a *app) printJSON(v any) error {
	enc := json.NewEncoder(a.stdout)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// clean takes control characters out of a text that may hold what a server
// sent, so that it cannot drive the terminal. Line breaks stay.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)) {
			return -1
		}
		return r
	}, text)
}

// rowsText is a number of rows.
func rowsText(n int64) string {
	if n == 1 {
		return "1 row"
	}
	return groupDigits(n) + " rows"
}

// groupDigits writes a number with commas between thousands.
func groupDigits(n int64) string {
	digits := strconv.FormatInt(n, 10)
	var b strings.Builder
	for i, c := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 && digits[i-1] != '-' {
			b.WriteByte(',')
		}
		b.WriteRune(c)
	}
	return b.String()
}

// bytesText is a number of bytes in powers of 1000.
func bytesText(n int64) string {
	size, unit := float64(n), 0
	for size >= 999.5 && unit < 4 {
		size /= 1000
		unit++
	}
	if unit == 0 {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.3g %cB", size, "kMGT"[unit-1])
}

// durationText is a time span given in milliseconds.
func durationText(ms int64) string {
	switch {
	case ms < 1000:
		return fmt.Sprintf("%d ms", ms)
	case ms < 60_000:
		return fmt.Sprintf("%.1f s", float64(ms)/1000)
	}
	return (time.Duration(ms) * time.Millisecond).Round(time.Second).String()
}
