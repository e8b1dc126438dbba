package teststate_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"sort"
	"strings"
	"testing"
	"time"

	"wplake/internal/asl"
	"wplake/internal/asl/asltest"
	"wplake/internal/asl/teststate"
)

// clientOnly are refusals of the client that recorded them: no request was
// sent. Ours need only be refusals.
var clientOnly = regexp.MustCompile(`^Parameter validation failed:`)

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
	for _, c := range asltest.Cases(t, asltest.TestState, asltest.TestStateError) {
		group := c.ID
		if i := strings.Index(group, "::"); i >= 0 {
			group = strings.TrimPrefix(group[:i], "test_state/")
		}
		group = c.Kind + " " + group
		if groups[group] == nil {
			groups[group] = &score{}
		}
		groups[group].all++
		if why := check(&c); why != "" {
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

func check(c *asltest.Case) string {
	var r teststate.Request
	if err := json.Unmarshal(c.Request, &r); err != nil {
		return err.Error()
	}
	r.Definition, _ = c.Text()
	// The recorder left the role out of the requests that had one.
	if c.Needs == "needs:lambda" || strings.Contains(string(c.Expected), ":role/<resource") {
		r.RoleARN = "arn:aws:iam::111111111111:role/machine"
	}
	a, err := teststate.Run(context.Background(), r, options())
	if c.Kind == asltest.TestStateError {
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
	n := asltest.Normaliser{Masked: masked}
	return n.Differ("", want, have)
}

func checkError(c *asltest.Case, err error) string {
	var refused *teststate.Error
	if !errors.As(err, &refused) {
		return fmt.Sprintf("want %s, got %v", c.Expected, err)
	}
	code, message := c.Refusal()
	if code == "" && clientOnly.MatchString(message) {
		return ""
	}
	if code != refused.Code || message != refused.Message {
		return fmt.Sprintf("want %s: %s\n got %s: %s", code, message, refused.Code, refused.Message)
	}
	return ""
}

// masked are fields that the recorder overwrote.
func masked(key string) bool {
	switch strings.ToLower(key) {
	case "date", "requestid", "x-amzn-trace-id", "x-amzn-requestid", "x-amz-crc32":
		return true
	}
	return false
}
