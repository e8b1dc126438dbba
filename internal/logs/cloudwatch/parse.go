package cloudwatch

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"wplake/internal/logs"
)

// requestKey is the field with the ID of a function's invocation.
const requestKey = "requestId"

// parse reads an event of a log group: a line of our functions, one of
// Lambda's own in either of its formats, one of a state machine, or any other
// text. at is the event's time, source the name at the end of its group's.
func parse(text string, at time.Time, source string) logs.Line {
	text = strings.TrimRight(text, "\r\n")
	l := logs.Line{Time: at, Text: text, Message: text}
	var object map[string]any
	if strings.HasPrefix(text, "{") {
		d := json.NewDecoder(strings.NewReader(text))
		d.UseNumber()
		if d.Decode(&object) != nil {
			object = nil
		}
	}
	switch {
	case object == nil:
		parseText(&l)
	case object["execution_arn"] != nil && object["type"] != nil:
		parseState(&l, object)
	case strings.HasPrefix(asText(object["type"]), "platform."):
		parsePlatform(&l, object)
	default:
		parseOwn(&l, object)
	}
	if source != "" {
		l.Fields = append(l.Fields, logs.Field{Key: "source", Value: source})
	}
	return l
}

// parseOwn reads a line as our functions write them. One that holds metrics
// for CloudWatch is for debugging.
func parseOwn(l *logs.Line, object map[string]any) {
	for _, key := range []string{"timestamp", "time"} {
		if t, err := time.Parse(time.RFC3339Nano, asText(object[key])); err == nil {
			l.Time = t
			delete(object, key)
			break
		}
	}
	if level := asText(object["level"]); level != "" {
		l.Level = levelOf(level)
		delete(object, "level")
	}
	if _, metrics := object["_aws"]; metrics {
		l.Level, l.Message = slog.LevelDebug, "metrics"
		delete(object, "_aws")
	}
	for _, key := range []string{"message", "msg"} {
		if message, ok := object[key].(string); ok {
			l.Message = message
			delete(object, key)
			break
		}
	}
	l.Fields = append(l.Fields, flatten("", object)...)
}

// levelOf reads a level of ours or of Lambda's.
func levelOf(name string) slog.Level {
	var level slog.Level
	switch upper := strings.ToUpper(name); {
	case upper == "TRACE":
		return slog.LevelDebug
	case upper == "FATAL":
		return slog.LevelError
	case level.UnmarshalText([]byte(upper)) != nil:
		return slog.LevelInfo
	}
	return level
}

// parsePlatform reads what Lambda itself tells in its JSON format ("Lambda
// Telemetry API event schema").
func parsePlatform(l *logs.Line, object map[string]any) {
	if t, err := time.Parse(time.RFC3339Nano, asText(object["time"])); err == nil {
		l.Time = t
	}
	kind := strings.TrimPrefix(asText(object["type"]), "platform.")
	record, _ := object["record"].(map[string]any)
	switch kind {
	case "start", "report":
		l.Message = strings.ToUpper(kind)
	default:
		l.Message, l.Level = kind, slog.LevelDebug
	}
	add := func(key string, v any) {
		if text := asText(v); text != "" {
			l.Fields = append(l.Fields, logs.Field{Key: key, Value: text})
		}
	}
	add(requestKey, record["requestId"])
	add("version", record["version"])
	if metrics, ok := record["metrics"].(map[string]any); ok {
		add("duration_ms", metrics["durationMs"])
		add("billed_ms", metrics["billedDurationMs"])
		add("memory_mb", metrics["memorySizeMB"])
		add("used_mb", metrics["maxMemoryUsedMB"])
		add("init_ms", metrics["initDurationMs"])
	}
	status := asText(record["status"])
	if status != "" && status != "success" {
		l.Level = slog.LevelError
	}
	add("status", status)
	add("error", record["errorType"])
}

// parseState reads what a state machine logs.
func parseState(l *logs.Line, object map[string]any) {
	if n, err := strconv.ParseInt(asText(object["event_timestamp"]), 10, 64); err == nil {
		l.Time = time.UnixMilli(n).UTC()
	}
	l.Message = asText(object["type"])
	for _, end := range []string{"Failed", "TimedOut", "Aborted"} {
		if strings.HasSuffix(l.Message, end) {
			l.Level = slog.LevelError
		}
	}
	l.Fields = append(l.Fields, logs.Field{Key: "execution", Value: asText(object["execution_arn"])})
	if details, ok := object["details"].(map[string]any); ok {
		l.Fields = append(l.Fields, flatten("", details)...)
	}
}

var (
	starts   = regexp.MustCompile(`^(START|END|REPORT) RequestId: ([0-9a-fA-F-]{36})\s*`)
	metric   = regexp.MustCompile(`(Billed Duration|Init Duration|Duration|Memory Size|Max Memory Used): ([0-9.]+) (?:ms|MB)`)
	trouble  = regexp.MustCompile(`Task timed out after|Runtime exited|Runtime\.[A-Z]\w+|Status: (?:timeout|error)|^panic: |signal: killed`)
	byNumber = regexp.MustCompile(`\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b`)
)

// parseText reads a line in Lambda's text format, or somebody else's text.
func parseText(l *logs.Line) {
	names := map[string]string{
		"Duration": "duration_ms", "Billed Duration": "billed_ms", "Memory Size": "memory_mb", "Max Memory Used": "used_mb", "Init Duration": "init_ms",
	}
	if trouble.MatchString(l.Text) {
		l.Level = slog.LevelError
	}
	m := starts.FindStringSubmatch(l.Text)
	if m == nil {
		if id := byNumber.FindString(l.Text); id != "" {
			l.Fields = append(l.Fields, logs.Field{Key: requestKey, Value: id})
		}
		return
	}
	l.Message = m[1]
	l.Fields = append(l.Fields, logs.Field{Key: requestKey, Value: m[2]})
	for _, v := range metric.FindAllStringSubmatch(l.Text, -1) {
		l.Fields = append(l.Fields, logs.Field{Key: names[v[1]], Value: v[2]})
	}
}

// flatten adds an object's values as fields, by name; those within have the
// names of what is around them before their own.
func flatten(prefix string, object map[string]any) []logs.Field {
	var out []logs.Field
	for _, key := range slices.Sorted(maps.Keys(object)) {
		if within, ok := object[key].(map[string]any); ok {
			out = append(out, flatten(prefix+key+".", within)...)
			continue
		}
		out = append(out, logs.Field{Key: prefix + key, Value: asText(object[key])})
	}
	return out
}

// asText is a JSON value as a field shows it.
func asText(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	}
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(text)
}
