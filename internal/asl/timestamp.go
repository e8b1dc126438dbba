package asl

import (
	"strings"
	"time"
)

// parseTimestamp reads an ISO-8601 date and time with T and an offset, as Wait
// and the comparisons of Choice take it.
func parseTimestamp(s string) (time.Time, bool) {
	if len(s) < len("2006-01-02T15:04Z") || s[10] != 'T' || strings.Contains(s, ",") {
		return time.Time{}, false
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04Z07:00"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// formatTime writes a time as the context object has it: with milliseconds, and
// without any fraction when they are zero.
func formatTime(t time.Time) string {
	t = t.UTC().Truncate(time.Millisecond)
	if t.Nanosecond() == 0 {
		return t.Format("2006-01-02T15:04:05Z")
	}
	return t.Format("2006-01-02T15:04:05.000Z")
}
