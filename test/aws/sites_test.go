//go:build aws

package aws

import (
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

func keysOf(key, secret string) sdk.CredentialsProvider {
	return credentials.NewStaticCredentialsProvider(key, secret, "")
}

// fetched is what a site gives at an endpoint.
func fetched(t *testing.T, endpoint string) []byte {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, endpoint, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// slowSite is the sample site, one of whose endpoints stops in the middle of its
// body until it may go on.
type slowSite struct {
	endpoints []string
	resume    func()
	mu        sync.Mutex
	requests  map[string]int
}

func newSlowSite(t *testing.T, slow string) *slowSite {
	t.Helper()
	fast := site(t)
	s := &slowSite{requests: map[string]int{}}
	resumed := make(chan struct{})
	s.resume = sync.OnceFunc(func() { close(resumed) })
	t.Cleanup(s.resume)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := objectOf(r.URL.Path)
		s.mu.Lock()
		s.requests[name]++
		s.mu.Unlock()
		for _, endpoint := range fast {
			if objectOf(endpoint) != name {
				continue
			}
			body := fetched(t, endpoint)
			half := len(body) / 2
			_, _ = w.Write(body[:half]) // a client that left needs nothing
			if name == slow {
				_ = http.NewResponseController(w).Flush() // likewise
				select {
				case <-resumed:
				case <-r.Context().Done():
					return
				}
			}
			_, _ = w.Write(body[half:])
		}
	}))
	t.Cleanup(server.Close)
	for _, endpoint := range fast {
		u, err := url.Parse(endpoint)
		if err != nil {
			t.Fatal(err)
		}
		s.endpoints = append(s.endpoints, server.URL+u.Path)
	}
	return s
}

// asked is how often each endpoint was asked.
func (s *slowSite) asked() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.requests)
}

// behindAccount is the lake's emulator for clients with other credentials: their
// requests come as if the account's owner had made them. The emulator looks at
// no signature.
func behindAccount(t *testing.T, l *lakeByHand) string {
	t.Helper()
	to, err := url.Parse(l.url)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.Out.URL.Scheme, r.Out.URL.Host = to.Scheme, to.Host
		authorization := r.In.Header.Get("Authorization")
		if begin, rest, ok := strings.Cut(authorization, "Credential="); ok {
			if _, scope, ok := strings.Cut(rest, "/"); ok {
				r.Out.Header.Set("Authorization", begin+"Credential="+l.account+"/"+scope)
			}
		}
	}}
	server := httptest.NewServer(proxy)
	t.Cleanup(server.Close)
	return server.URL
}
