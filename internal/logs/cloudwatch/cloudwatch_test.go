package cloudwatch_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/google/go-cmp/cmp"

	"wplake/internal/lake"
	"wplake/internal/logs/cloudwatch"
)

type object = map[string]any

// groups plays CloudWatch Logs, two events a page.
type groups struct {
	mu       sync.Mutex
	events   map[string][]object
	throttle int // so many calls are refused first
	calls    []object
}

func (g *groups) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	in := object{}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.calls = append(g.calls, in)
	name, _ := in["logGroupName"].(string)
	status, out := 200, object{}
	all, ok := g.events[name]
	switch {
	case g.throttle > 0:
		g.throttle--
		status, out = 400, object{"__type": "ThrottlingException", "message": "Rate exceeded"}
	case name == "/secret":
		status, out = 400, object{"__type": "AccessDeniedException", "message": "no"}
	case !ok:
		status, out = 400, object{"__type": "ResourceNotFoundException", "message": "The specified log group does not exist."}
	default:
		from := 0
		if token, ok := in["nextToken"].(string); ok {
			_, _ = fmt.Sscan(token, &from)
		}
		var chosen []object
		for _, e := range all {
			if since, ok := in["startTime"].(float64); !ok || e["timestamp"].(float64) >= since {
				chosen = append(chosen, e)
			}
		}
		out["events"] = chosen[from:min(from+2, len(chosen))]
		if from+2 < len(chosen) {
			out["nextToken"] = fmt.Sprint(from + 2)
		}
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(out) // the client tells
}

func (g *groups) add(group string, at float64, message string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.events[group] = append(g.events[group], object{
		"eventId": fmt.Sprint(group, len(g.events[group])), "logStreamName": "s", "timestamp": at * 1000, "message": message,
	})
}

func open(t *testing.T, g *groups, o cloudwatch.Options) *cloudwatch.Reader {
	t.Helper()
	server := httptest.NewServer(g)
	t.Cleanup(server.Close)
	return cloudwatch.New(aws.Config{
		Region: "eu-west-1", BaseEndpoint: &server.URL,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		}),
		Retryer: func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) {
				o.MaxAttempts = 4
				o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
			})
		},
	}, o)
}

const (
	raw    = "/aws/lambda/data_wordpressapi_raw"
	states = "/aws/vendedlogs/states/wordpress"
)

func line(request, run, level, message string) string {
	text, _ := json.Marshal(object{"level": level, "message": message, "requestId": request, "run": run})
	return string(text)
}

func begin(kind, request string) string {
	text, _ := json.Marshal(object{"time": "1970-01-01T00:00:01Z", "type": "platform." + kind, "record": object{"requestId": request}})
	return string(text)
}

func fill(g *groups) {
	g.add(raw, 1, begin("start", "q1"))
	g.add(raw, 2, line("q1", "run-1", "INFO", "one"))
	g.add(raw, 3, line("q1", "run-1", "DEBUG", "two"))
	g.add(raw, 4, begin("report", "q1"))
	g.add(raw, 6, begin("start", "q2"))
	g.add(raw, 7, line("q2", "run-2", "ERROR", "Three"))
	g.add(raw, 8, begin("report", "q2"))
	g.add(states, 5, `{"type":"TaskFailed","execution_arn":"arn:aws:states:r:a:execution:wordpress:run-1","event_timestamp":"5000"}`)
}

func messages(t *testing.T, r *cloudwatch.Reader, q cloudwatch.Query) []string {
	t.Helper()
	var out []string
	for l, err := range r.Lines(t.Context(), q) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, l.Message)
	}
	return out
}

func TestLines(t *testing.T) {
	t.Parallel()
	g := &groups{events: map[string][]object{}, throttle: 2}
	fill(g)
	r := open(t, g, cloudwatch.Options{Groups: []string{states, "/not/there", raw}})
	for _, tc := range []struct {
		q    cloudwatch.Query
		want []string
	}{
		{cloudwatch.Query{Level: slog.LevelDebug}, []string{"START", "one", "two", "REPORT", "TaskFailed", "START", "Three", "REPORT"}},
		{cloudwatch.Query{Run: "run-1", Level: slog.LevelDebug}, []string{"START", "one", "two", "REPORT", "TaskFailed"}},
		{cloudwatch.Query{Run: "run-2"}, []string{"START", "Three", "REPORT"}},
		{cloudwatch.Query{Level: slog.LevelError}, []string{"TaskFailed", "Three"}},
		{cloudwatch.Query{Text: "three"}, []string{"Three"}},
		{cloudwatch.Query{Since: time.Unix(5, 0), Level: slog.LevelError}, []string{"TaskFailed", "Three"}},
		{cloudwatch.Query{Run: "run-3"}, nil},
	} {
		if d := cmp.Diff(tc.want, messages(t, r, tc.q)); d != "" {
			t.Errorf("%+v (-want +got):\n%s", tc.q, d)
		}
	}
	for l, err := range r.Lines(t.Context(), cloudwatch.Query{}) {
		if err != nil || l.Field("source") != "data_wordpressapi_raw" {
			t.Errorf("%+v", l)
		}
		break // a reader that has enough asks for no further page
	}
	_ = messages(t, r, cloudwatch.Query{Since: time.Unix(1, 0), Until: time.Unix(9, 0)})
	if last := g.calls[len(g.calls)-1]; last["startTime"] != 1000.0 || last["endTime"] != 9000.0 {
		t.Errorf("asked for %v", last)
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	g := &groups{events: map[string][]object{}}
	r := open(t, g, cloudwatch.Options{Groups: []string{"/secret"}})
	for _, err := range r.Lines(t.Context(), cloudwatch.Query{}) {
		if !lake.HasCode(err, lake.AccessDenied) {
			t.Errorf("%v", err)
		}
	}
}

// TestFollow: lines that are written while it waits come once each, also when
// they are shown late.
func TestFollow(t *testing.T) {
	t.Parallel()
	g := &groups{events: map[string][]object{}}
	fill(g)
	waits := 0
	r := open(t, g, cloudwatch.Options{Groups: []string{raw, states}, Wait: func(context.Context, time.Duration) error {
		switch waits++; waits {
		case 1:
			g.add(raw, 100, line("q3", "run-1", "INFO", "four"))
		case 2:
			g.add(raw, 90, line("q3", "run-1", "INFO", "late"))
		case 3:
			g.add(raw, 200, begin("report", "q3"))
		}
		return nil
	}})
	looks := 0
	var got []string
	for l, err := range r.Follow(t.Context(), cloudwatch.Query{Run: "run-1"}, time.Second, func() bool { looks++; return looks < 5 }) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, l.Message)
	}
	if want := []string{"START", "one", "REPORT", "TaskFailed", "four", "late", "REPORT"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestFollowEnds(t *testing.T) {
	t.Parallel()
	g := &groups{events: map[string][]object{}}
	fill(g)
	ctx, cancel := context.WithCancel(t.Context())
	r := open(t, g, cloudwatch.Options{Groups: []string{raw}, Wait: func(ctx context.Context, _ time.Duration) error {
		cancel()
		return ctx.Err()
	}})
	n := 0
	for _, err := range r.Follow(ctx, cloudwatch.Query{}, time.Second, func() bool { return true }) {
		if err != nil {
			t.Errorf("Ctrl-C is an error: %v", err)
		}
		n++
	}
	if n != 6 {
		t.Errorf("%d lines", n)
	}
}
