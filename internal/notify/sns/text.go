package sns

import (
	"strings"
	"unicode/utf8"

	"wplake/internal/notify"
)

// What SNS takes (API reference, Publish).
const (
	maxSubject = 99         // characters, ASCII, one line, no control characters
	maxMessage = 256 * 1024 // bytes of a message with all that goes with it
	maxText    = maxMessage - 1024
)

// cutNote ends a body that was cut.
const cutNote = "\n\n[the rest does not fit into a message; see the run's report]\n"

// text is a message as SNS takes it.
type text struct{ subject, body string }

// textOf makes a message fit. Where the subject loses something, the body
// begins with the whole of it.
func textOf(m notify.Message) text {
	subject := strings.Join(strings.Fields(strings.ToValidUTF8(m.Subject, "?")), " ")
	body := strings.ToValidUTF8(m.Body, "?")
	short := shorten(ascii(subject))
	if short != subject {
		body = subject + "\n\n" + body
	}
	if strings.TrimSpace(body) == "" {
		body = "(" + m.Topic + ": a message without a text)"
		if subject != "" {
			body = subject
		}
	}
	return text{subject: short, body: cut(body)}
}

// ascii replaces what an ASCII text cannot hold.
func ascii(s string) string {
	s = strings.NewReplacer("…", "...", "–", "-", "—", "-", "‘", "'", "’", "'", "“", `"`, "”", `"`, "→", "->").Replace(s)
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, s)
}

// shorten cuts an ASCII text to a subject's length.
func shorten(s string) string {
	if len(s) <= maxSubject {
		return s
	}
	return strings.TrimRight(s[:maxSubject-3], " ") + "..."
}

// cut cuts a body to what fits, between characters, and says so at its end.
func cut(s string) string {
	if len(s) <= maxText {
		return s
	}
	end := maxText - len(cutNote)
	for !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + cutNote
}
