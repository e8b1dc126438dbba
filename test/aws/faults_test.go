//go:build aws

package aws

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// request is what a fault is chosen by.
type request struct {
	service string // s3, ssm, sns, glue, …, by the signature's scope
	action  string // of services that name it: GetParameter, Publish; "" for S3
	method  string
	path    string
	query   url.Values
}

// write tells whether the request would make or replace an object.
func (r request) write() bool {
	return r.service == "s3" && (r.method == http.MethodPut || r.method == http.MethodPost && (r.query.Has("uploadId") || r.query.Has("uploads")))
}

func (r request) key(object string) bool { return strings.Contains(r.path, "/"+object+"/") }

// fault deals with a request instead of the emulator, by forwarding it or not;
// it returns false to leave the request alone.
type fault func(w http.ResponseWriter, r *http.Request, q request, forward func(http.ResponseWriter)) bool

// faulty is a proxy before an emulator.
type faulty struct {
	url  string
	mu   sync.Mutex
	seen []request
}

// behindFaults starts a proxy before the emulator at target. The Host that was
// signed is kept, so that signatures stay good.
func behindFaults(t *testing.T, target string, f fault) *faulty {
	t.Helper()
	to, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.Out.URL.Scheme, r.Out.URL.Host, r.Out.Host = to.Scheme, to.Host, r.In.Host
	}, ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) }}
	p := &faulty{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := read(r)
		p.mu.Lock()
		p.seen = append(p.seen, q)
		p.mu.Unlock()
		forward := func(w http.ResponseWriter) { proxy.ServeHTTP(w, r) }
		if f == nil || !f(w, r, q, forward) {
			forward(w)
		}
	}))
	t.Cleanup(server.Close)
	p.url = server.URL
	return p
}

// read finds out what a request wants: the service from the scope of its
// signature, the action from where its protocol has it.
func read(r *http.Request) request {
	q := request{method: r.Method, path: r.URL.Path, query: r.URL.Query()}
	if _, scope, ok := strings.Cut(r.Header.Get("Authorization"), "Credential="); ok {
		if parts := strings.Split(scope, "/"); len(parts) > 3 {
			q.service = parts[3]
		}
	}
	if _, action, ok := strings.Cut(r.Header.Get("X-Amz-Target"), "."); ok {
		q.action = action
	}
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			r.Body = io.NopCloser(bytes.NewReader(body))
			if form, err := url.ParseQuery(string(body)); err == nil {
				q.action = form.Get("Action")
			}
		}
	}
	return q
}

// count is how many requests were seen that match.
func (p *faulty) count(match func(request) bool) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for _, q := range p.seen {
		if match(q) {
			n++
		}
	}
	return n
}

// refuse answers with an error in the service's own protocol.
func refuse(w http.ResponseWriter, q request, status int, code, message string) {
	kind, body := "application/x-amz-json-1.1", fmt.Sprintf(`{"__type":%q,"message":%q}`, code, message)
	switch q.service {
	case "s3":
		kind, body = "application/xml", fmt.Sprintf("<Error><Code>%s</Code><Message>%s</Message><RequestId>T</RequestId></Error>", code, message)
	case "sns", "sts", "iam":
		kind = "text/xml"
		body = fmt.Sprintf("<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error><RequestId>T</RequestId></ErrorResponse>", code, message)
	default:
		w.Header().Set("X-Amzn-Errortype", code)
	}
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body) // a client that left needs nothing
}

// throttled refuses the first attempts of every request of a service, as the
// service itself words it.
func throttled(service string) fault {
	if service == "s3" {
		return firstAttempts(service, http.StatusServiceUnavailable, "SlowDown", "Please reduce your request rate.")
	}
	return firstAttempts(service, http.StatusBadRequest, "ThrottlingException", "Rate exceeded")
}

// broken answers the first attempts of every request of a service with a 500.
func broken(service string) fault {
	return firstAttempts(service, http.StatusInternalServerError, "InternalError", "We encountered an internal error. Please try again.")
}

func firstAttempts(service string, status int, code, message string) fault {
	var mu sync.Mutex
	refused := map[string]bool{}
	return func(w http.ResponseWriter, r *http.Request, q request, _ func(http.ResponseWriter)) bool {
		if q.service != service {
			return false
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return false
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		query := q.query
		query.Del("x-id")
		this := fmt.Sprintf("%s %s?%s %s %x", q.method, q.path, query.Encode(), q.action, sha256.Sum256(body))
		mu.Lock()
		first := !refused[this]
		refused[this] = true
		mu.Unlock()
		if first {
			refuse(w, q, status, code, message)
		}
		return first
	}
}

// expired refuses everything as credentials that were good once.
func expired() fault {
	return func(w http.ResponseWriter, r *http.Request, q request, _ func(http.ResponseWriter)) bool {
		drain(r)
		if q.service == "s3" {
			refuse(w, q, http.StatusBadRequest, "ExpiredToken", "The provided token has expired.")
		} else {
			refuse(w, q, http.StatusBadRequest, "ExpiredTokenException", "The security token included in the request is expired")
		}
		return true
	}
}

// lost forwards the requests that match, and breaks the connection instead of
// answering: once for each path.
func lost(match func(request) bool) fault {
	var mu sync.Mutex
	done := map[string]bool{}
	return func(w http.ResponseWriter, _ *http.Request, q request, forward func(http.ResponseWriter)) bool {
		mu.Lock()
		first := match(q) && !done[q.path+q.query.Encode()]
		if first {
			done[q.path+q.query.Encode()] = true
		}
		mu.Unlock()
		if !first {
			return false
		}
		forward(httptest.NewRecorder())
		hangUp(w)
		return true
	}
}

// before calls what has to happen once, before the first request that matches
// is forwarded.
func before(match func(request) bool, happen func()) fault {
	var once sync.Once
	return func(_ http.ResponseWriter, _ *http.Request, q request, _ func(http.ResponseWriter)) bool {
		if match(q) {
			once.Do(happen)
		}
		return false
	}
}

// drain reads what was sent, as a server does that answers an error.
func drain(r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) } // the client may have gone

// hangUp breaks the connection without an answer.
func hangUp(w http.ResponseWriter) {
	connection, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		_ = connection.Close()
	}
}
