package tasks_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"

	"wplake/internal/asl"
	"wplake/internal/params"
	"wplake/internal/workflow/tasks"
)

const auth = `"Authentication":{"ConnectionArn":"arn:aws:events:eu-west-1:[REDACTED]:connection/news/5d1e"}`

// site is a web site that says what it was asked.
func site(t *testing.T) (*httptest.Server, *http.Request) {
	t.Helper()
	var last http.Request
	mux := http.NewServeMux()
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		last = *r
		w.Header().Set("Content-Type", "application/vnd.x+json; charset=utf-8")
		w.Header().Add("X-Two", "1")
		w.Header().Add("X-Two", "2")
		_, _ = io.WriteString(w, asl.Text(map[string]any{
			"method": r.Method, "query": r.URL.RawQuery, "body": string(body), "type": r.Header.Get("Content-Type"),
			"auth": r.Header.Get("Authorization"), "key": r.Header.Get("X-Key"), "x": r.Header.Get("X-Own"),
		}))
	})
	mux.HandleFunc("/text", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, "<p>{</p>")
	})
	mux.HandleFunc("/status/{code}", func(w http.ResponseWriter, r *http.Request) {
		code := 0
		_, _ = fmt.Sscan(r.PathValue("code"), &code)
		w.WriteHeader(code)
		_, _ = io.WriteString(w, "the body is not told")
	})
	mux.HandleFunc("/large", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, strings.Repeat("x", asl.MaxPayload+1))
	})
	mux.HandleFunc("/binary", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "\xff\xfe") })
	mux.HandleFunc("/short", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, "x")
	})
	mux.HandleFunc("/to", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, r.URL.Query().Get("u"), http.StatusTemporaryRedirect)
	})
	mux.HandleFunc("/loop", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/loop", http.StatusFound) })
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s, &last
}

func webHome(t *testing.T, connection string) *home {
	t.Helper()
	h := newHome(t, func(o *tasks.Options) { o.HTTP = http.DefaultTransport })
	h.put("/connections/news", params.SecureString, connection)
	return h
}

const (
	basic  = `{"AuthorizationType":"BASIC","AuthParameters":{"BasicAuthParameters":{"Username":"me","Password":"hunter2!"}}}`
	apiKey = `{"AuthorizationType":"API_KEY","AuthParameters":{"ApiKeyAuthParameters":{"ApiKeyName":"X-Key","ApiKeyValue":"hunter2!"},
		"InvocationHttpParameters":{"QueryStringParameters":[{"Key":"token","Value":"hun ter&3"}],"HeaderParameters":[{"Key":"X-Own","Value":"from the connection"}]}}}`
)

func TestHTTP(t *testing.T) {
	t.Parallel()
	s, last := site(t)
	for name, test := range map[string]struct {
		arguments, connection string
		want                  string
	}{
		"get": {
			`"Method":"GET","QueryParameters":{"a":["1","2"],"b":3,"c":"x y"}`, basic,
			`{"auth":"Basic ***","body":"","key":"","method":"GET","query":"a=1&a=2&b=3&c=x+y","type":"","x":""}`,
		},
		"json": {
			`"Method":"POST","RequestBody":{"b":1.50,"a":"<"},"Headers":{"X-Own":"mine"}`, basic,
			`{"auth":"Basic ***","body":"{\"a\":\"<\",\"b\":1.50}","key":"","method":"POST","query":"","type":"application/json","x":"mine"}`,
		},
		"text": {
			`"Method":"PUT","RequestBody":"plain"`, basic,
			`{"auth":"Basic ***","body":"plain","key":"","method":"PUT","query":"","type":"text/plain;charset=utf-8","x":""}`,
		},
		"form": {
			`"Method":"POST","RequestBody":{"a":{"b":"1 2"},"l":[1,2]},"Transform":{"RequestBodyEncoding":"URL_ENCODED"}`, basic,
			`{"auth":"Basic ***","body":"a%5Bb%5D=1+2&l%5B0%5D=1&l%5B1%5D=2","key":"","method":"POST","query":"","type":"application/x-www-form-urlencoded","x":""}`,
		},
		"form by its header, lists repeated": {
			`"Method":"POST","RequestBody":{"l":[1,2]},"Headers":{"content-type":"application/x-www-form-urlencoded"},"Transform":{"RequestEncodingOptions":{"ArrayFormat":"REPEAT"}}`, basic,
			`{"auth":"Basic ***","body":"l=1&l=2","key":"","method":"POST","query":"","type":"application/x-www-form-urlencoded","x":""}`,
		},
		"lists with commas": {
			`"Method":"POST","RequestBody":{"l":[1,2]},"Transform":{"RequestBodyEncoding":"URL_ENCODED","RequestEncodingOptions":{"ArrayFormat":"COMMAS"}}`, basic,
			`{"auth":"Basic ***","body":"l=1%2C2","key":"","method":"POST","query":"","type":"application/x-www-form-urlencoded","x":""}`,
		},
		"lists with brackets": {
			`"Method":"POST","RequestBody":{"l":[1,2]},"Transform":{"RequestBodyEncoding":"URL_ENCODED","RequestEncodingOptions":{"ArrayFormat":"BRACKETS"}}`, basic,
			`{"auth":"Basic ***","body":"l%5B%5D=1&l%5B%5D=2","key":"","method":"POST","query":"","type":"application/x-www-form-urlencoded","x":""}`,
		},
		"a key, and more of the connection": {
			`"Method":"GET","Headers":{"X-Own":"mine"},"QueryParameters":{"token":"mine"}`, apiKey,
			`{"auth":"","body":"","key":"***","method":"GET","query":"token=***","type":"","x":"***"}`,
		},
	} {
		h := webHome(t, test.connection)
		out := h.must("http:invoke", fmt.Sprintf(`{"ApiEndpoint":"%s/echo",%s,%s}`, s.URL, auth, test.arguments))
		is(t, test.want, out, "ResponseBody")
		is(t, `200`, out, "StatusCode")
		is(t, `"OK"`, out, "StatusText")
		is(t, `["1","2"]`, out, "Headers", "x-two")
		if user, password, _ := last.BasicAuth(); test.connection == basic && (user != "me" || password != "hunter2!") {
			t.Errorf("%s: sent as %s", name, user)
		}
		if got := last.URL.Query().Get("token"); test.connection == apiKey && got != "hun ter&3" {
			t.Errorf("%s: the connection's query parameter is %q", name, got)
		}
	}
	h := webHome(t, basic)
	is(t, `"<p>{</p>"`, h.must("http:invoke", fmt.Sprintf(`{"ApiEndpoint":"%s/text","Method":"GET",%s}`, s.URL, auth)), "ResponseBody")
}

func TestHTTPErrors(t *testing.T) {
	t.Parallel()
	s, _ := site(t)
	h := webHome(t, basic)
	call := func(path string) string {
		return fmt.Sprintf(`{"ApiEndpoint":"%s%s","Method":"GET",%s}`, s.URL, path, auth)
	}
	for code, text := range map[int]string{404: "Not Found", 400: "Bad Request", 503: "Service Unavailable", 304: "Not Modified", 429: "Too Many Requests"} {
		if cause := h.refused(fmt.Sprintf("States.Http.StatusCode.%d", code), "http:invoke", call(fmt.Sprintf("/status/%d", code))); cause != text {
			t.Errorf("the cause of %d is %q", code, cause)
		}
	}
	h.refused("States.DataLimitExceeded", "http:invoke", call("/large"))
	h.refused("States.Runtime", "http:invoke", call("/binary"))
	h.refused("States.Http.Socket", "http:invoke", call("/short"))
	mustSay(t, h.refused("States.Http.Socket", "http:invoke", call("/loop")), "too many redirects")
	s.Close()
	cause := h.refused("States.Http.Socket", "http:invoke", call("/echo?key=hidden"))
	if strings.Contains(cause, "hidden") {
		t.Errorf("the query is in %s", cause)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := h.doCtx(ctx, "http:invoke", call("/echo"), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled call: %v", err)
	}
}

func TestHTTPTimesOut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHome(t, func(o *tasks.Options) {
			o.HTTP = transport(func(r *http.Request) (*http.Response, error) { <-r.Context().Done(); return nil, r.Context().Err() })
		})
		h.put("/connections/news", params.SecureString, basic)
		mustSay(t, h.refused("States.Http.Socket", "http:invoke", `{"ApiEndpoint":"https://example.org/","Method":"GET",`+auth+`}`), "no answer within 1m0s")
	})
}

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// What a connection holds goes to the address that the machine names alone.
func TestRedirects(t *testing.T) {
	t.Parallel()
	var leaked []string
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		for name, values := range r.Header {
			leaked = append(leaked, name+": "+strings.Join(values, ","))
		}
		leaked = append(leaked, r.Method+" "+r.URL.String()+" "+string(body))
	}))
	t.Cleanup(other.Close)
	s, last := site(t)
	h := webHome(t, apiKey)
	to := func(target, method string) string {
		return fmt.Sprintf(`{"ApiEndpoint":"%s/to?u=%s","Method":%q,"Headers":{"X-Mine":"mymine"},%s}`, s.URL, target, method, auth)
	}
	// To the same host all goes along.
	h.must("http:invoke", to("/echo", "POST"))
	if last.Header.Get("X-Key") != "hunter2!" || last.Method != http.MethodPost {
		t.Errorf("within the site: %s with the headers %v", last.Method, last.Header)
	}
	// To another, nothing.
	h.must("http:invoke", to(other.URL, "GET"))
	all := strings.Join(leaked, "\n")
	for _, secret := range []string{"hunter2", "hun", "from the connection", "mymine", "Referer"} {
		if strings.Contains(all, secret) {
			t.Errorf("%q went to another host:\n%s", secret, all)
		}
	}
	if len(leaked) == 0 {
		t.Error("the redirect was not followed")
	}
	// A body stays here: the redirect is the answer.
	leaked = nil
	withBody := fmt.Sprintf(`{"ApiEndpoint":"%s/to?u=%s","Method":"POST","RequestBody":{"a":1},%s}`, s.URL, other.URL, auth)
	h.refused("States.Http.StatusCode.307", "http:invoke", withBody)
	if leaked != nil {
		t.Errorf("the body went to another host: %v", leaked)
	}
}

func TestConnections(t *testing.T) {
	t.Parallel()
	s, _ := site(t)
	call := func(h *home) string {
		return h.refused("Events.ConnectionResource.InvalidConnectionState", "http:invoke", fmt.Sprintf(`{"ApiEndpoint":"%s/echo","Method":"GET",%s}`, s.URL, auth))
	}
	for _, wrong := range []string{
		"hunter2!", `{}`, `{"AuthorizationType":"BASIC"}`, `{"AuthorizationType":"API_KEY","AuthParameters":{"ApiKeyAuthParameters":{"ApiKeyValue":"hunter2!"}}}`,
		`{"AuthorizationType":"OAUTH_CLIENT_CREDENTIALS","AuthParameters":{}}`,
	} {
		if cause := call(webHome(t, wrong)); strings.Contains(cause, "hunter") || !strings.Contains(cause, "/connections/news") {
			t.Errorf("%s", cause)
		}
	}
	h := webHome(t, basic)
	mustSay(t, h.refused("Events.ConnectionResource.NotFound", "http:invoke",
		`{"ApiEndpoint":"https://example.org","Method":"GET","Authentication":{"ConnectionArn":"arn:aws:events:eu-west-1:1:connection/none/1"}}`), "/connections/none")
	// A secret that comes back in an answer is not told.
	pair := base64.StdEncoding.EncodeToString([]byte("me:hunter2!"))
	out := asl.Text(h.must("http:invoke", fmt.Sprintf(`{"ApiEndpoint":"%s/echo","Method":"GET",%s}`, s.URL, auth)))
	if strings.Contains(out, pair) || strings.Contains(out, "hunter2") {
		t.Errorf("a secret is in %s", out)
	}
}
