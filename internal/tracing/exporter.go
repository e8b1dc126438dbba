package tracing

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	timeout = 3 * time.Second // of all requests of one Send
	batch   = 256             // spans in a request
)

// Options say where spans go.
type Options struct {
	// Endpoint is the collector's URL; /v1/traces is added unless it ends so.
	Endpoint string
	// Headers are sent with each request; may be nil.
	Headers func(context.Context) (map[string]string, error)
	Service string // service.name, e.g. data_wordpressapi_raw
	Version string // service.version
	Client  *http.Client
}

// Exporter sends spans. It may be used concurrently.
type Exporter struct {
	o   Options
	url string
}

// NewExporter makes an exporter; it sends nothing yet.
func NewExporter(o Options) *Exporter {
	to := o.Endpoint
	if u, err := url.Parse(to); err == nil {
		u.Path = strings.TrimRight(u.Path, "/")
		if !strings.HasSuffix(u.Path, "/v1/traces") {
			u.Path += "/v1/traces"
		}
		to = u.String()
	}
	if o.Client == nil {
		// A redirect would hand the headers to somebody else.
		o.Client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	return &Exporter{o: o, url: to}
}

// Endpoint is where spans go, without what may be secret in it.
func (e *Exporter) Endpoint() string {
	u, err := url.Parse(e.url)
	if err != nil {
		return "the collector"
	}
	return u.Scheme + "://" + u.Host + u.Path
}

// Send sends spans, in as many requests as they need, within three seconds. It
// does not try again: who waits is a run that has ended.
func (e *Exporter) Send(ctx context.Context, spans []Span) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	headers := map[string]string{}
	if e.o.Headers != nil {
		var err error
		if headers, err = e.o.Headers(ctx); err != nil {
			return err
		}
	}
	for part := range slices.Chunk(spans, batch) {
		if err := e.post(ctx, headers, e.document(part)); err != nil {
			return err
		}
	}
	return nil
}

func (e *Exporter) post(ctx context.Context, headers map[string]string, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, e.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	for name, value := range headers {
		req.Header.Set(name, value)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "wplake/"+e.o.Version)
	resp, err := e.o.Client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }() // it was read
	text, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	if err != nil {
		return err
	}
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("the collector answered %s: %.200s", resp.Status, text)
	}
	var answer struct {
		PartialSuccess struct {
			RejectedSpans json.Number `json:"rejectedSpans"`
			ErrorMessage  string      `json:"errorMessage"`
		} `json:"partialSuccess"`
	}
	if json.Unmarshal(text, &answer) != nil {
		return nil // some collectors answer nothing, or in protobuf
	}
	if p := answer.PartialSuccess; p.ErrorMessage != "" || p.RejectedSpans != "" && p.RejectedSpans != "0" {
		return fmt.Errorf("the collector rejected %s spans: %s", p.RejectedSpans, p.ErrorMessage)
	}
	return nil
}

// document is the body of a request.
func (e *Exporter) document(spans []Span) []byte {
	told := make([]any, 0, len(spans))
	for _, s := range spans {
		told = append(told, encode(s))
	}
	body, err := json.Marshal(map[string]any{"resourceSpans": []any{map[string]any{
		"resource": map[string]any{"attributes": attributes(map[string]any{
			"service.name": e.o.Service, "service.version": e.o.Version,
		})},
		"scopeSpans": []any{map[string]any{
			"scope": map[string]any{"name": "wplake", "version": e.o.Version}, "spans": told,
		}},
	}}})
	if err != nil {
		panic(err) // plain data has no such error
	}
	return body
}

// encode is a span as OTLP's JSON has it: identifiers in hexadecimal, 64-bit
// numbers as texts, enumerations as numbers.
func encode(s Span) map[string]any {
	span := map[string]any{
		"traceId": s.Trace, "spanId": s.ID, "name": s.Name,
		"kind":              1, // internal
		"startTimeUnixNano": strconv.FormatInt(s.Start.UnixNano(), 10),
		"endTimeUnixNano":   strconv.FormatInt(s.End.UnixNano(), 10),
		"attributes":        attributes(s.Attributes),
		"status":            map[string]any{"code": 1}, // ok
	}
	if s.Parent != "" {
		span["parentSpanId"] = s.Parent
	}
	if s.Failure != "" {
		span["status"] = map[string]any{"code": 2, "message": s.Failure} // error
	}
	return span
}

func attributes(values map[string]any) []any {
	list := make([]any, 0, len(values))
	for _, key := range slices.Sorted(maps.Keys(values)) {
		var value map[string]any
		switch v := values[key].(type) {
		case int64:
			value = map[string]any{"intValue": strconv.FormatInt(v, 10)}
		case bool:
			value = map[string]any{"boolValue": v}
		default:
			value = map[string]any{"stringValue": v}
		}
		list = append(list, map[string]any{"key": key, "value": value})
	}
	return list
}
