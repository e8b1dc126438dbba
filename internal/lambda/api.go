package lambda

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"wplake/internal/workflow/tasks"
)

// maxEvent bounds an event, in bytes: more than Lambda lets through (6 MiB).
const maxEvent = 8 << 20

// postTimeout bounds the sending of an answer.
const postTimeout = 10 * time.Second

// runtimeAPI is Lambda's interface for runtimes, as documented at
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html.
type runtimeAPI struct {
	base   string // e.g. http://127.0.0.1:9001/2018-06-01/runtime
	client *http.Client
}

// newRuntimeAPI reaches the interface at host:port, never through a proxy.
func newRuntimeAPI(address string) runtimeAPI {
	return runtimeAPI{
		base:   "http://" + address + "/2018-06-01/runtime",
		client: &http.Client{Transport: &http.Transport{Proxy: nil, DisableCompression: true}}, // an event may be hours away: no time-out
	}
}

// invocation is one event to be dealt with.
type invocation struct {
	id       string    // of the request
	deadline time.Time // zero: none
	trace    string    // X-Ray's header, "" for none
	payload  []byte
}

// next waits for the next event.
func (a runtimeAPI) next(ctx context.Context) (invocation, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.base+"/invocation/next", nil)
	if err != nil {
		return invocation{}, err
	}
	resp, err := a.client.Do(req)
	if err != nil {
		return invocation{}, err
	}
	defer func() { _ = resp.Body.Close() }() // it was read, or is of no use
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxEvent))
	if err != nil {
		return invocation{}, err
	}
	if resp.StatusCode != http.StatusOK {
		return invocation{}, fmt.Errorf("Lambda's runtime interface answered %s: %.200s", resp.Status, body) //nolint:staticcheck // a name
	}
	i := invocation{
		id: resp.Header.Get("Lambda-Runtime-Aws-Request-Id"), trace: resp.Header.Get("Lambda-Runtime-Trace-Id"), payload: body,
	}
	if ms, err := strconv.ParseInt(resp.Header.Get("Lambda-Runtime-Deadline-Ms"), 10, 64); err == nil {
		i.deadline = time.UnixMilli(ms)
	}
	return i, nil
}

// respond sends the answer to an event.
func (a runtimeAPI) respond(ctx context.Context, id string, answer []byte) error {
	return a.post(ctx, "/invocation/"+id+"/response", "", answer)
}

// fail tells that an event could not be dealt with.
func (a runtimeAPI) fail(ctx context.Context, id string, e *tasks.FunctionError) error {
	return a.post(ctx, "/invocation/"+id+"/error", e.Type, errorBody(e))
}

// failInit tells that the process cannot take events.
func (a runtimeAPI) failInit(ctx context.Context, e *tasks.FunctionError) error {
	return a.post(ctx, "/init/error", e.Type, errorBody(e))
}

// errorBody is an error as Lambda's callers see it.
func errorBody(e *tasks.FunctionError) []byte {
	trace := e.Trace
	if trace == nil {
		trace = []string{}
	}
	body, err := json.Marshal(map[string]any{"errorMessage": e.Message, "errorType": e.Type, "stackTrace": trace})
	if err != nil {
		panic(err) // texts have no such error
	}
	return body
}

// post sends a document, whatever becomes of the invocation meanwhile.
func (a runtimeAPI) post(ctx context.Context, path, errorType string, body []byte) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), postTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.base+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	if errorType != "" {
		req.Header.Set("Lambda-Runtime-Function-Error-Type", errorType)
	}
	resp, err := a.client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }() // it was read
	text, err := io.ReadAll(io.LimitReader(resp.Body, 4<<10))
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("Lambda's runtime interface answered %s to %s: %.200s", resp.Status, path, text) //nolint:staticcheck // a name
	}
	return err
}
