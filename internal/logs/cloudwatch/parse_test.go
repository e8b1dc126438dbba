package cloudwatch

import (
	"log/slog"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"wplake/internal/logs"
)

func TestParse(t *testing.T) {
	t.Parallel()
	at := time.Unix(100, 0).UTC()
	const id = "8f5c6f4e-1111-2222-3333-0123456789ab"
	for _, tc := range []struct {
		text string
		want logs.Line
		run  string
	}{
		{
			`{"timestamp":"2026-01-02T03:04:05.678Z","level":"WARN","message":"slow","requestId":"` + id + `","run":"run-1","n":1.50,"a":[1],"g":{"b":true,"x":null}}`,
			logs.Line{Time: time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC), Level: slog.LevelWarn, Message: "slow", Fields: []logs.Field{
				{Key: "a", Value: "[1]"}, {Key: "g.b", Value: "true"}, {Key: "g.x"}, {Key: "n", Value: "1.50"}, {Key: "requestId", Value: id}, {Key: "run", Value: "run-1"},
			}}, "run-1",
		},
		{
			`{"_aws":{"Timestamp":1},"run":"run-1","rows":7}`,
			logs.Line{Time: at, Level: slog.LevelDebug, Message: "metrics", Fields: []logs.Field{{Key: "rows", Value: "7"}, {Key: "run", Value: "run-1"}}}, "run-1",
		},
		{
			`{"time":"2026-01-02T03:04:05.678Z","type":"platform.report","record":{"requestId":"` + id + `","status":"timeout","metrics":{"durationMs":3000.5,"billedDurationMs":3001,"memorySizeMB":128,"maxMemoryUsedMB":40,"initDurationMs":90}}}`,
			logs.Line{Time: time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC), Level: slog.LevelError, Message: "REPORT", Fields: []logs.Field{
				{Key: "requestId", Value: id}, {Key: "duration_ms", Value: "3000.5"}, {Key: "billed_ms", Value: "3001"}, {Key: "memory_mb", Value: "128"},
				{Key: "used_mb", Value: "40"}, {Key: "init_ms", Value: "90"}, {Key: "status", Value: "timeout"},
			}}, "",
		},
		{
			`{"time":"2026-01-02T03:04:05.678Z","type":"platform.start","record":{"requestId":"` + id + `","version":"$LATEST"}}`,
			logs.Line{Time: time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC), Message: "START", Fields: []logs.Field{{Key: "requestId", Value: id}, {Key: "version", Value: "$LATEST"}}}, "",
		},
		{
			"REPORT RequestId: " + id + "\tDuration: 3.21 ms\tBilled Duration: 4 ms\tMemory Size: 128 MB\tMax Memory Used: 40 MB\tInit Duration: 99.5 ms\t\n",
			logs.Line{Time: at, Message: "REPORT", Fields: []logs.Field{
				{Key: "requestId", Value: id}, {Key: "duration_ms", Value: "3.21"}, {Key: "billed_ms", Value: "4"}, {Key: "memory_mb", Value: "128"}, {Key: "used_mb", Value: "40"}, {Key: "init_ms", Value: "99.5"},
			}}, "",
		},
		{
			"2026-01-02T03:04:05.678Z " + id + " Task timed out after 3.00 seconds",
			logs.Line{Time: at, Level: slog.LevelError, Message: "2026-01-02T03:04:05.678Z " + id + " Task timed out after 3.00 seconds", Fields: []logs.Field{{Key: "requestId", Value: id}}}, "",
		},
		{
			`{"id":"9","type":"ExecutionFailed","details":{"error":"E","cause":"c"},"previous_event_id":"8","event_timestamp":"5000","execution_arn":"arn:aws:states:r:a:execution:wordpress:run-1"}`,
			logs.Line{Time: time.Unix(5, 0).UTC(), Level: slog.LevelError, Message: "ExecutionFailed", Fields: []logs.Field{
				{Key: "execution", Value: "arn:aws:states:r:a:execution:wordpress:run-1"}, {Key: "cause", Value: "c"}, {Key: "error", Value: "E"},
			}}, "run-1",
		},
		{"{not json", logs.Line{Time: at, Message: "{not json"}, ""},
	} {
		tc.want.Text = tc.text
		tc.want.Fields = append(tc.want.Fields, logs.Field{Key: "source", Value: "raw"})
		got := parse(tc.text, at, "raw")
		got.Text = tc.text // without the end of the line
		if d := cmp.Diff(tc.want, got); d != "" || got.Run() != tc.run {
			t.Errorf("%s: run %q (-want +got):\n%s", tc.text, got.Run(), d)
		}
	}
}

// FuzzParse must take any text, and keep it.
func FuzzParse(f *testing.F) {
	for _, text := range []string{`{"type":"platform.report","record":1}`, `{"execution_arn":1,"type":2}`, "REPORT RequestId: ", `{"message":{}}`, "{}", ""} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		l := parse(text, time.Unix(1, 0), "s")
		if l.Field("source") == "" || len(l.Text) > len(text) {
			t.Fatalf("%q became %+v", text, l)
		}
		if utf8.ValidString(text) && !utf8.ValidString(l.Message) {
			t.Fatalf("%q became %q", text, l.Message)
		}
	})
}
