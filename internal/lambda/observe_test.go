package lambda_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestTraces(t *testing.T) {
	t.Parallel()
	var got []string
	collector := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = append(got, r.Header.Get("X-Key")+" "+string(body))
		if len(got) > 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer collector.Close()
	f := &fake{stage: always(objects("posts", "!terms"), nil)}
	p := start(t, f, nil, definition+"  tracing:\n    endpoint: "+collector.URL+"\n    headers:\n      X-Key: abc\n")
	const header = "Root=1-67891233-abcdef012345678912345678;Parent=53995c3f42cd8ad8;Sampled=1"
	answer := p.invoke(event{payload: `{"run_id":"run-7"}`, trace: header})
	if len(got) != 1 || !strings.HasPrefix(got[0], "abc ") {
		t.Fatalf("the collector got %q", got)
	}
	for _, want := range []string{`"traceId":"67891233abcdef012345678912345678"`, `"parentSpanId":"53995c3f42cd8ad8"`, `"raw posts"`, `"raw terms"`, "ends early", "run-7"} {
		if !strings.Contains(got[0], want) {
			t.Errorf("%s is not in %s", want, got[0])
		}
	}
	if again := p.invoke(event{payload: `{"run_id":"run-7"}`}); again.body != answer.body {
		t.Errorf("a collector that is down changes the answer: %s, before %s", again.body, answer.body)
	}
	p.end()
	if !strings.Contains(p.log.String(), "the trace was not taken") {
		t.Error("nor is it logged")
	}
}
