package teststate_test

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"testing"
	"time"

	"wplake/internal/asl"
	"wplake/internal/asl/teststate"
)

// conformanceCases lies beside the repository, for those who have it.
const conformanceCases = "../../../../shared/conformance/asl/cases.jsonl.gz"

// clientOnly are refusals of the client that recorded them: no request was
// sent. Ours need only be refusals.
var clientOnly = regexp.MustCompile(`^Parameter validation failed:`)

type conformanceCase struct {
	ID, Kind   string
	Needs      string
	Definition json.RawMessage
	Request    json.RawMessage
	Expected   json.RawMessage
}

func readCases(t *testing.T) []conformanceCase {
	t.Helper()
	f, err := os.Open(filepath.FromSlash(conformanceCases))
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("no recorded cases beside the repository")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var cases []conformanceCase
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var c conformanceCase
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(c.Kind, "test_state") {
			cases = append(cases, c)
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return cases
}

// options are those of a home that answers as AWS, with a Lambda function that
// answers {}.
func options() teststate.Options {
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	return teststate.Options{
		Strict: true, Account: "111111111111", Region: "us-east-1",
		Now: func() time.Time { return start }, Random: func() float64 { return 0.5 },
		UUID: func() string { return "00000000-0000-4000-8000-000000000000" },
		Perform: func(_ context.Context, e asl.Effect) (asl.Answer, error) {
			if e.Resource.Service != "lambda" {
				return asl.Answer{}, fmt.Errorf("no stand-in for %s", e.Resource.ARN)
			}
			out, err := asl.Decode([]byte(`{"ExecutedVersion":"$LATEST","Payload":{},"SdkHttpMetadata":{
				"AllHttpHeaders":{"Connection":["keep-alive"],"Content-Length":["2"],"Content-Type":["application/json"],"Date":["x"],
					"X-Amz-Executed-Version":["$LATEST"],"X-Amzn-Trace-Id":["x"],"x-amzn-Remapped-Content-Length":["0"],"x-amzn-RequestId":["x"]},
				"HttpHeaders":{"Connection":"keep-alive","Content-Length":"2","Content-Type":"application/json","Date":"x",
					"X-Amz-Executed-Version":"$LATEST","X-Amzn-Trace-Id":"x","x-amzn-Remapped-Content-Length":"0","x-amzn-RequestId":"x"},
				"HttpStatusCode":200},"SdkResponseMetadata":{"RequestId":"x"},"StatusCode":200}`))
			return asl.Answer{Kind: asl.Done, Output: out}, err
		},
	}
}

// TestRecordedTests compares with what the TestState API answered.
func TestRecordedTests(t *testing.T) {
	t.Parallel()
	type score struct{ right, all int }
	groups := map[string]*score{}
	for _, c := range readCases(t) {
		group := c.ID
		if i := strings.Index(group, "::"); i >= 0 {
			group = strings.TrimPrefix(group[:i], "test_state/")
		}
		group = c.Kind + " " + group
		if groups[group] == nil {
			groups[group] = &score{}
		}
		groups[group].all++
		if why := check(c); why != "" {
			t.Errorf("%s: %s", c.ID, why)
			continue
		}
		groups[group].right++
	}
	names := make([]string, 0, len(groups))
	for g := range groups {
		names = append(names, g)
	}
	sort.Strings(names)
	for _, g := range names {
		t.Logf("%-60s %3d of %3d", g, groups[g].right, groups[g].all)
	}
}

func check(c conformanceCase) string {
	var r teststate.Request
	if err := json.Unmarshal(c.Request, &r); err != nil {
		return err.Error()
	}
	var text string
	if json.Unmarshal(c.Definition, &text) != nil {
		text = string(c.Definition)
	}
	r.Definition = text
	// The recorder left the role out of the requests that had one.
	if c.Needs == "needs:lambda" || strings.Contains(string(c.Expected), ":role/<resource") {
		r.RoleARN = "arn:aws:iam::111111111111:role/machine"
	}
	a, err := teststate.Run(context.Background(), r, options())
	if c.Kind == "test_state_error" {
		return checkError(c, err)
	}
	if err != nil {
		return "refused: " + err.Error()
	}
	got, err := json.Marshal(a)
	if err != nil {
		return err.Error()
	}
	want, err := asl.Decode(c.Expected)
	if err != nil {
		return err.Error()
	}
	have, err := asl.Decode(got)
	if err != nil {
		return err.Error()
	}
	return differ("", want, have)
}

func checkError(c conformanceCase, err error) string {
	var refused *teststate.Error
	if !errors.As(err, &refused) {
		return fmt.Sprintf("want %s, got %v", c.Expected, err)
	}
	var text string
	if json.Unmarshal(c.Expected, &text) == nil {
		if clientOnly.MatchString(text) {
			return ""
		}
		got := fmt.Sprintf("An error occurred (%s) when calling the TestState operation: %s", refused.Code, refused.Message)
		if got != text {
			return fmt.Sprintf("want %s\n got %s", text, got)
		}
		return ""
	}
	var want struct {
		Error struct{ Code, Message string }
	}
	if err := json.Unmarshal(c.Expected, &want); err != nil {
		return err.Error()
	}
	if want.Error.Code != refused.Code || want.Error.Message != refused.Message {
		return fmt.Sprintf("want %s: %s\n got %s: %s", want.Error.Code, want.Error.Message, refused.Code, refused.Message)
	}
	return ""
}

var (
	isoTime     = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$`)
	placeholder = regexp.MustCompile(`<[^<>]*>`)
)

// masked are fields that the recorder overwrote.
func masked(key string) bool {
	switch strings.ToLower(key) {
	case "date", "requestid", "x-amzn-trace-id", "x-amzn-requestid", "x-amz-crc32":
		return true
	}
	return false
}

// differ compares what was recorded with what came out; "" is equality. Texts
// of JSON were recorded as values where they are objects.
func differ(at string, want, got any) string {
	if s, ok := got.(string); ok {
		if w, isText := want.(string); isText {
			if same(w, s) {
				return ""
			}
			return fmt.Sprintf("%s: want %q, got %q", at, w, s)
		}
		v, err := asl.Decode([]byte(s))
		if err != nil {
			return fmt.Sprintf("%s: want %s, got %q", at, asl.Text(want), s)
		}
		got = v
	}
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok {
			break
		}
		for k, v := range w {
			gv, has := g[k]
			if !has {
				return at + "." + k + " is missing"
			}
			if masked(k) {
				continue
			}
			if why := differ(at+"."+k, v, gv); why != "" {
				return why
			}
		}
		for k := range g {
			if _, has := w[k]; !has {
				return at + "." + k + " is too much"
			}
		}
		return ""
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(w) {
			break
		}
		for i := range w {
			if why := differ(fmt.Sprintf("%s[%d]", at, i), w[i], g[i]); why != "" {
				return why
			}
		}
		return ""
	default:
		if want == got {
			return ""
		}
	}
	return fmt.Sprintf("%s: want %s, got %s", at, asl.Text(want), asl.Text(got))
}

func same(want, got string) bool {
	if want == got || want == "date" && isoTime.MatchString(got) {
		return true
	}
	pattern, last := "(?s)^", 0
	for _, m := range placeholder.FindAllStringIndex(want, -1) {
		pattern += regexp.QuoteMeta(want[last:m[0]]) + ".*"
		last = m[1]
	}
	if last == 0 {
		return false
	}
	re, err := regexp.Compile(pattern + regexp.QuoteMeta(want[last:]) + "$")
	return err == nil && re.MatchString(got)
}
