package home

import (
	"log/slog"
	"strconv"
	"strings"
	"time"
)

// LogLine is one line of the lake's log.
type LogLine struct {
	Time    time.Time
	Level   slog.Level
	Message string
	Fields  []LogField
	// Text is the line as it stands in the file.
	Text string
}

// LogField is a value that a line has under a name.
type LogField struct{ Key, Value string }

// ParseLogLine reads a line as slog's text handler writes it: key=value pairs,
// quoted where they need it. What is none of these is left out of Fields, and
// a line without time and message is one of somebody else.
func ParseLogLine(text string) LogLine {
	l := LogLine{Text: text}
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

func (l *LogLine) put(key, value string) {
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
	l.Fields = append(l.Fields, LogField{key, value})
}

// Run is the run that a line belongs to, "" for none.
func (l LogLine) Run() string {
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
func (l LogLine) Ends() bool { return l.Message == runEnded }
