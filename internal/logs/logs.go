// Package logs knows lines of the lake's log, wherever they were written: in
// the file at home, or in CloudWatch Logs. The package is pure.
package logs

import (
	"log/slog"
	"strconv"
	"strings"
	"time"
)

// RunEnded is what the log at home says when a run has ended; whoever follows
// one looks for it.
const RunEnded = "run ended"

// Line is one line of the lake's log.
type Line struct {
	Time    time.Time
	Level   slog.Level
	Message string
	Fields  []Field
	// Text is the line as it was written.
	Text string
}

// Field is a value that a line has under a name.
type Field struct{ Key, Value string }

// Parse reads a line as slog's text handler writes it: key=value pairs,
// quoted where they need it. What is none of these is left out of Fields, and
// a line without time and message is one of somebody else.
func Parse(text string) Line {
	l := Line{Text: text}
	rest := text
	for rest != "" {
		rest = strings.TrimLeft(rest, " ")
		key, after, ok := strings.Cut(rest, "=")
		if !ok || strings.ContainsAny(key, " \"") {
			break
		}
		var value string
		if quoted, err := strconv.QuotedPrefix(after); err == nil && strings.HasPrefix(after, `"`) {
			value, _ = strconv.Unquote(quoted) // QuotedPrefix has checked it
			rest = after[len(quoted):]
		} else {
			value, rest, _ = strings.Cut(after, " ")
		}
		l.put(key, value)
	}
	return l
}

func (l *Line) put(key, value string) {
	switch {
	case key == slog.TimeKey && l.Time.IsZero():
		if t, err := time.Parse(time.RFC3339Nano, value); err == nil {
			l.Time = t
			return
		}
	case key == slog.LevelKey:
		if l.Level.UnmarshalText([]byte(value)) == nil {
			return
		}
	case key == slog.MessageKey && l.Message == "":
		l.Message = value
		return
	}
	l.Fields = append(l.Fields, Field{key, value})
}

// Field is the value of the first field of a name, "" for none.
func (l Line) Field(key string) string {
	for _, f := range l.Fields {
		if f.Key == key {
			return f.Value
		}
	}
	return ""
}

// Run is the run that a line belongs to, "" for none.
func (l Line) Run() string {
	for _, f := range l.Fields {
		key := f.Key[strings.LastIndexByte(f.Key, '.')+1:] // within groups
		if key != "run" && key != "execution" {
			continue
		}
		if !strings.HasPrefix(f.Value, "arn:") {
			return f.Value
		}
		if parts := strings.Split(f.Value, ":"); len(parts) > 7 && (parts[5] == "execution" || parts[5] == "express") {
			return parts[7]
		}
	}
	return ""
}

// Ends tells whether a line is the last one of its run.
func (l Line) Ends() bool { return l.Message == RunEnded }
