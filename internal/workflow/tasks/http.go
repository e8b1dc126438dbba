package tasks

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"wplake/internal/asl"
	"wplake/internal/workflow"
)

// The bounds of http:invoke.
const (
	httpTimeout   = 60 * time.Second // what Step Functions waits
	httpRedirects = 10
)

func (t *Tasks) http() map[string]integration {
	return map[string]integration{"http:invoke": {
		optimised: true, do: t.request,
		fields: []field{
			{"ApiEndpoint", text, true}, {"Method", text, true}, {"Authentication", object, true},
			{"Headers", object, false}, {"QueryParameters", object, false}, {"RequestBody", anything, false}, {"Transform", object, false},
		},
		check: t.checkRequest,
	}}
}

func httpMethods() []string {
	return []string{"GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE", "PATCH"}
}

// checkRequest holds a request's literal arguments to what http:invoke takes.
func (t *Tasks) checkRequest(args map[string]any) error {
	if t.o.HTTP == nil {
		return invalid("http:invoke is not to be had at this home", "this home makes no requests to the web")
	}
	if endpoint, ok := textOf(args, "ApiEndpoint"); ok {
		if _, err := endpointOf(endpoint); err != nil {
			return invalid(fmt.Sprintf("ApiEndpoint of http:invoke: %s", err), "e.g. https://example.org/api/posts")
		}
	}
	if method, ok := textOf(args, "Method"); ok && !slices.Contains(httpMethods(), method) {
		return unknown(fmt.Sprintf("Method %q of http:invoke is not known", method), method, httpMethods())
	}
	if a, ok := args["Authentication"].(map[string]any); ok {
		if arn, ok := textOf(a, "ConnectionArn"); ok && connectionOf(arn) == "" {
			return invalid(fmt.Sprintf("%q is not the ARN of a connection", arn), "e.g. arn:aws:events:eu-west-1:000000000000:connection/newsletter/1")
		}
	}
	headers, _ := args["Headers"].(map[string]any)
	for name := range headers {
		if forbiddenHeader(strings.TrimSuffix(name, ".$")) {
			return invalid(fmt.Sprintf("the header %q cannot be set by http:invoke", name), "the request itself decides about it")
		}
	}
	return nil
}

// endpointOf reads an endpoint; the error does not repeat what may be secret.
func endpointOf(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return nil, errors.New("it is not a URL")
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return nil, errors.New("it is no http or https address")
	case u.User != nil:
		return nil, errors.New("it holds a user: a connection holds what is secret")
	}
	return u, nil
}

// forbiddenHeader reports whether a header belongs to the transport, and not to
// the machine.
func forbiddenHeader(name string) bool {
	lower := strings.ToLower(name)
	return slices.Contains([]string{
		"accept-encoding", "connection", "content-encoding", "content-length", "content-md5", "date", "expect", "forwarded", "host",
		"http2-settings", "max-forwards", "origin", "referer", "server", "te", "trailer", "transfer-encoding", "upgrade", "via", "www-authenticate",
	}, lower) || strings.HasPrefix(lower, "proxy-") || strings.HasPrefix(lower, "x-forwarded-") || strings.HasPrefix(lower, "x-amz")
}

// request performs http:invoke.
func (t *Tasks) request(ctx context.Context, r request) (any, error) {
	if err := t.checkRequest(r.args); err != nil {
		return nil, notStarted(nil, err.Error())
	}
	a, _ := r.args["Authentication"].(map[string]any)
	arn, _ := a["ConnectionArn"].(string)
	connection, err := t.connection(ctx, arn)
	if err != nil {
		return nil, ended(ctx, err)
	}
	// The query of an endpoint and of a connection may be secret, so it is in
	// no error.
	limited, cancel := context.WithTimeout(ctx, httpTimeout)
	defer cancel()
	req, err := r.httpRequest(limited, connection)
	if err != nil {
		return nil, err
	}
	client := &http.Client{Transport: t.o.HTTP, CheckRedirect: connection.redirect}
	answer, err := client.Do(req) //nolint:bodyclose // httpAnswer closes it
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, &workflow.TaskError{Name: "States.Http.Socket", Cause: connection.scrub(fmt.Sprintf("%s %s: %s", req.Method, req.URL.Host, httpCause(limited, err)))}
	}
	return httpAnswer(answer, connection)
}

// httpCause is what went wrong, without the address.
func httpCause(ctx context.Context, err error) string {
	if ctx.Err() != nil {
		return fmt.Sprintf("no answer within %s", httpTimeout)
	}
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err
	}
	return err.Error()
}

// httpRequest puts a request together.
func (r request) httpRequest(ctx context.Context, c connection) (*http.Request, error) {
	u, err := endpointOf(r.text("ApiEndpoint"))
	if err != nil {
		return nil, notStarted(nil, "ApiEndpoint: "+err.Error())
	}
	query := u.Query()
	given, _ := r.args["QueryParameters"].(map[string]any)
	for name, v := range given {
		query.Del(name)
		for _, one := range listOf(v) {
			query.Add(name, scalar(one))
		}
	}
	for name, v := range c.query {
		query.Set(name, v)
	}
	u.RawQuery = query.Encode()
	body, kind, err := r.httpBody()
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, r.text("Method"), u.String(), bytes.NewReader(body))
	if err != nil {
		return nil, notStarted(nil, "ApiEndpoint: it is not a URL")
	}
	req.Header.Set("User-Agent", "wplake")
	if len(body) > 0 {
		req.Header.Set("Content-Type", kind)
	}
	headers, _ := r.args["Headers"].(map[string]any)
	for name, v := range headers {
		req.Header.Del(name)
		for _, one := range listOf(v) {
			req.Header.Add(name, scalar(one))
		}
	}
	for name, v := range c.headers {
		req.Header.Set(name, v)
	}
	return req, nil
}

// httpBody is the body of a request and its media type: JSON, or a form where
// the machine says so.
func (r request) httpBody() (body []byte, kind string, err error) {
	v, given := r.args["RequestBody"]
	if !given {
		return nil, "", nil
	}
	transform, _ := r.args["Transform"].(map[string]any)
	if transform["RequestBodyEncoding"] == "URL_ENCODED" || formHeader(r.args["Headers"]) {
		fields, ok := v.(map[string]any)
		if !ok {
			return nil, "", notStarted(nil, "RequestBody: a form is an object")
		}
		options, _ := transform["RequestEncodingOptions"].(map[string]any)
		format, _ := options["ArrayFormat"].(string)
		return []byte(form(fields, format).Encode()), "application/x-www-form-urlencoded", nil
	}
	if s, ok := v.(string); ok {
		return []byte(s), "text/plain;charset=utf-8", nil
	}
	return []byte(asl.Text(v)), "application/json", nil
}

// formHeader reports whether the machine's own header asks for a form.
func formHeader(headers any) bool {
	m, _ := headers.(map[string]any)
	for name, v := range m {
		if strings.EqualFold(name, "Content-Type") && strings.HasPrefix(strings.ToLower(scalar(v)), "application/x-www-form-urlencoded") {
			return true
		}
	}
	return false
}

// form encodes an object's fields, and those of objects in it as a[b].
func form(fields map[string]any, format string) url.Values {
	values := url.Values{}
	var add func(name string, v any)
	add = func(name string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for key, e := range v {
				add(name+"["+key+"]", e)
			}
		case []any:
			if format == "COMMAS" {
				parts := make([]string, len(v))
				for i, e := range v {
					parts[i] = scalar(e)
				}
				values.Add(name, strings.Join(parts, ","))
				return
			}
			for i, e := range v {
				switch format {
				case "BRACKETS":
					add(name+"[]", e)
				case "REPEAT":
					add(name, e)
				default: // INDICES
					add(fmt.Sprintf("%s[%d]", name, i), e)
				}
			}
		default:
			values.Add(name, scalar(v))
		}
	}
	for name, v := range fields {
		add(name, v)
	}
	return values
}

func listOf(v any) []any {
	if l, ok := v.([]any); ok {
		return l
	}
	return []any{v}
}

// scalar is a value as text: a text as it is, anything else its JSON.
func scalar(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	return asl.Text(v)
}

// httpAnswer reads an answer, whose body has to fit into a state's data.
func httpAnswer(a *http.Response, c connection) (result any, err error) {
	defer func() {
		if e := a.Body.Close(); err == nil && e != nil {
			err = &workflow.TaskError{Name: "States.Http.Socket", Cause: c.scrub(e.Error())}
		}
	}()
	text := strings.TrimSpace(strings.TrimPrefix(a.Status, fmt.Sprint(a.StatusCode)))
	if a.StatusCode < 200 || a.StatusCode > 299 {
		return nil, &workflow.TaskError{Name: fmt.Sprintf("States.Http.StatusCode.%d", a.StatusCode), Cause: c.scrub(text)}
	}
	body, err := io.ReadAll(io.LimitReader(a.Body, asl.MaxPayload+1))
	if err != nil {
		return nil, &workflow.TaskError{Name: "States.Http.Socket", Cause: c.scrub("the answer ended early: " + err.Error())}
	}
	if len(body) > asl.MaxPayload {
		return nil, tooLarge("http")
	}
	headers := map[string]any{}
	for name, values := range a.Header {
		list := make([]any, len(values))
		for i, v := range values {
			list[i] = c.scrub(v)
		}
		headers[strings.ToLower(name)] = list
	}
	decoded, err := responseBody(a.Header.Get("Content-Type"), body)
	if err != nil {
		return nil, err
	}
	return map[string]any{
		"Headers": headers, "ResponseBody": ScrubValue(decoded, c.secrets), "StatusCode": number(int64(a.StatusCode)), "StatusText": text,
	}, nil
}

var jsonMedia = regexp.MustCompile(`^application/([a-z0-9.!#$&^_+-]*\+)?json$`)

// responseBody is JSON where the answer says that it is, else text.
func responseBody(contentType string, body []byte) (any, error) {
	media, _, _ := mime.ParseMediaType(contentType)
	if jsonMedia.MatchString(media) && len(bytes.TrimSpace(body)) > 0 {
		if v, err := asl.Decode(body); err == nil {
			return v, nil
		}
	}
	if !utf8.Valid(body) {
		return nil, &workflow.TaskError{Name: "States.Runtime", Cause: "the answer is neither JSON nor UTF-8 text, and a state's data is"}
	}
	return string(body), nil
}
