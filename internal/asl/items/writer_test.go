package items_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"wplake/internal/asl"
	"wplake/internal/asl/items"
)

const run = "arn:aws:states:eu-west-1:1:mapRun:m/Label:0f"

func output(t *testing.T, arguments, config string) items.Output {
	t.Helper()
	e := effect("putObject", arguments, config)
	e.MapRun = run
	o, err := items.NewOutput(e)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func results() []asl.Result {
	at := time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.UTC)
	name, cause := "E", "c"
	r := asl.Result{Execution: "arn:x", Name: "x", Machine: "arn:m", Input: "in", Started: at, Stopped: at.Add(time.Second), Items: 1}
	ok, flat, bad, pending := r, r, r, asl.Result{Machine: "arn:m", Status: asl.Pending, Input: 7, Items: 1}
	ok.Status, ok.Output = asl.Succeeded, map[string]any{"a": "<b>"}
	flat.Status, flat.Output = asl.Succeeded, []any{true, nil}
	bad.Status, bad.Error, bad.Cause, bad.Redrives = asl.Failed, &name, &cause, 2
	return []asl.Result{ok, bad, flat, pending}
}

// file writes the lines of a kind to files of at most so many bytes.
func file(t *testing.T, o items.Output, lines []byte, most int64) []string {
	t.Helper()
	var out []string
	l := items.NewLines(bytes.NewReader(lines))
	for {
		var b strings.Builder
		n, err := o.File(&b, l, most)
		if err != nil || n != int64(b.Len()) {
			t.Fatalf("%d bytes told of %d, %v", n, b.Len(), err)
		}
		out = append(out, b.String())
		if more, err := l.More(); err != nil || !more {
			return out
		}
	}
}

func TestFilesOfResults(t *testing.T) {
	t.Parallel()
	const meta = `"ExecutionArn":"arn:x","Input":"\"in\"","InputDetails":{"Included":true},"Name":"x",`
	const dates = `"StartDate":"2026-01-02T03:04:05.006Z","StateMachineArn":"arn:m",`
	const failed = `{"Cause":"c","Error":"E",` + meta + `"RedriveCount":2,"RedriveStatus":"REDRIVABLE",` + dates + `"Status":"FAILED","StopDate":"2026-01-02T03:04:06.006Z"}`
	done := func(out string) string {
		return `{` + meta + `"Output":` + out + `,"OutputDetails":{"Included":true},"RedriveCount":0,"RedriveStatus":"NOT_REDRIVABLE",` +
			`"RedriveStatusReason":"Execution is SUCCEEDED and cannot be redriven",` + dates + `"Status":"SUCCEEDED","StopDate":"2026-01-02T03:04:06.006Z"}`
	}
	tests := []struct{ name, config, want string }{
		{"as they are", `null`, `[` + done(`"{\"a\":\"<b>\"}"`) + `,` + done(`"[true,null]"`) + `]`},
		{"compact", `{"Transformation":"COMPACT","OutputType":"JSON"}`, `[{"a":"<b>"},[true,null]]`},
		{"flat", `{"Transformation":"FLATTEN"}`, `[{"a":"<b>"},true,null]`},
		{"lines", `{"Transformation":"FLATTEN","OutputType":"JSONL"}`, "{\"a\":\"<b>\"}\ntrue\nnull\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := output(t, `{"Bucket":"b","Prefix":"p"}`, tt.config)
			lines := o.Encode(results())
			if got := file(t, o, lines[items.Succeeded], items.MaxFile); len(got) != 1 || got[0] != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			if got := string(lines[items.Failed]); got != failed+"\n" {
				t.Errorf("failed: got  %s\nwant %s", got, failed)
			}
			if got := string(lines[items.Pending]); !strings.Contains(got, `"Status":"PENDING"`) {
				t.Errorf("pending: %s", got)
			}
		})
	}
}

func TestFullFiles(t *testing.T) {
	t.Parallel()
	lines := []byte("1\n22\n\"" + strings.Repeat("x", 20) + "\"\n4\n")
	for _, tt := range []struct{ config, want string }{
		{`null`, `[1,22]|["xxxxxxxxxxxxxxxxxxxx"]|[4]`},
		{`{"OutputType":"JSONL"}`, "1\n22\n|\"xxxxxxxxxxxxxxxxxxxx\"\n|4\n"},
	} {
		o := output(t, `{"Bucket":"b"}`, tt.config)
		if got := strings.Join(file(t, o, lines, 10), "|"); got != tt.want {
			t.Errorf("got %s, want %s", got, tt.want)
		}
	}
}

func TestManifest(t *testing.T) {
	t.Parallel()
	o := output(t, `{"Bucket":"b","Prefix":"p/q"}`, `null`)
	if o.Key(items.Failed, 1) != "p/q/0f/FAILED_1.json" || o.ManifestKey() != "p/q/0f/manifest.json" {
		t.Errorf("keys %s and %s", o.Key(items.Failed, 1), o.ManifestKey())
	}
	first := items.Files{items.Succeeded: {{Key: "s0", Size: 1 << 40}}, items.Failed: {{Key: "f0", Size: 3}}}
	// What an answer has gone through on its way to the next redrive.
	value, err := asl.Decode([]byte(asl.Text(first.Value())))
	if err != nil {
		t.Fatal(err)
	}
	f := items.Earlier(value)
	f[items.Succeeded] = append(f[items.Succeeded], items.File{Key: "s1", Size: 2})
	want := `{"DestinationBucket":"b","MapRunArn":"` + run + `","ResultFiles":{"FAILED":[],"PENDING":[],"SUCCEEDED":[{"Key":"s0","Size":1099511627776},{"Key":"s1","Size":2}]}}`
	if got := string(o.Manifest(f)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if len(items.Earlier(nil)) != 0 {
		t.Error("files out of nothing")
	}
}

func TestOutputsRefused(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ action, arguments, config, want string }{
		{"putObject", `{}`, `null`, "the ResultWriter names no Bucket"},
		{"getObject", `{"Bucket":"b"}`, `null`, "a ResultWriter cannot write with arn:aws:states:::s3:getObject"},
		{"putObject", `{"Bucket":"b"}`, `{"Transformation":"X"}`, `unknown Transformation "X"`},
	} {
		if _, err := items.NewOutput(effect(tt.action, tt.arguments, tt.config)); err == nil || err.Error() != tt.want {
			t.Errorf("got %v, want %s", err, tt.want)
		}
	}
}
