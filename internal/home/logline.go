package home

import "wplake/internal/logs"

// LogLine is one line of the lake's log.
type LogLine = logs.Line

// LogField is a value that a line has under a name.
type LogField = logs.Field

// ParseLogLine reads a line of the log's file.
func ParseLogLine(text string) LogLine { return logs.Parse(text) }
