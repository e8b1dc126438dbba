package endpoints_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"wplake/internal/lake"
	"wplake/internal/wordpress"
	"wplake/internal/wordpress/endpoints"
	"wplake/internal/wordpress/sourcetest"
)

// Credentials follow a redirect only to where they were meant for.
func TestCredentialsStayOnTheirHost(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		from, to string
		carried  bool
	}{
		{"https://site.example/a_endpoint/", "/b/", true},
		{"https://site.example/a_endpoint/", "https://SITE.example:443/b/", true},
		{"http://site.example/a_endpoint/", "https://site.example/a_endpoint/", true},
		{"http://site.example:8080/a_endpoint/", "https://site.example/a_endpoint/", false},
		{"https://site.example/a_endpoint/", "http://site.example/a_endpoint/", false},
		{"https://site.example/a_endpoint/", "https://www.site.example/a_endpoint/", false},
		{"https://site.example/a_endpoint/", "https://site.example:8443/a_endpoint/", false},
		{"https://site.example/a_endpoint/", "https://site.example.evil.example/", false},
		{"https://site.example/a_endpoint/", "//evil.example/", false},
		{"https://site.example/a_endpoint/", "https://site.example@evil.example/", false},
		{"https://in-url:pass-word@site.example/a_endpoint/", "https://evil.example/", false},
		{"https://in-url:pass-word@site.example/a_endpoint/", "/b/", true},
	} {
		for _, status := range []int{301, 302, 303, 307, 308} {
			var seen []*http.Request
			source := endpoints.New(endpoints.Options{
				URLs: urls(test.from),
				Credentials: func(context.Context) (endpoints.Credentials, error) {
					c := endpoints.Credentials{Headers: map[string]string{"X-Api-Key": "hush-hush", "Cookie": "a=b"}}
					if !strings.Contains(test.from, "in-url") {
						c.User, c.Password = "in-options", "pass-word"
					}
					return c, nil
				},
				Transport: transportFunc(func(r *http.Request) (*http.Response, error) {
					seen = append(seen, r)
					if len(seen) == 1 {
						return reply(status, "", "Location", test.to, "Set-Cookie", "session=1"), nil
					}
					return reply(200, "[]"), nil
				}),
			})
			if err := source.Fetch(t.Context(), wordpress.Object{Name: "a"}, &sourcetest.Sink{}); err != nil {
				t.Fatal(err)
			}
			for i, r := range seen {
				_, _, basic := r.BasicAuth()
				want := i == 0 || test.carried
				if basic != want || (r.Header.Get("X-Api-Key") != "") != want || (r.Header.Get("Cookie") != "") != want {
					t.Errorf("%s → %s (%d), request %d to %s: credentials sent: %v, want %v", test.from, test.to, status, i+1, r.URL, r.Header, want)
				}
				if r.URL.User != nil {
					t.Errorf("the request's URL has a user: a transport would send it")
				}
			}
		}
	}
}

func TestRedirects(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		location string
		limit    int
		hops     int // redirects before the good answer
		ok       bool
	}{
		{"/next/", 3, 3, true},
		{"/next/", 3, 4, false},
		{"/next/", -1, 1, false},
		{"", 3, 1, false},
		{"http://%zz", 3, 1, false},
		{"file:///etc/passwd", 3, 1, false},
		{"https:///no-host", 3, 1, false},
		{"javascript:alert(1)", 3, 1, false},
	} {
		requests := 0
		source := endpoints.New(endpoints.Options{URLs: urls(postsURL), MaxRedirects: test.limit, Transport: transportFunc(func(*http.Request) (*http.Response, error) {
			requests++
			if requests <= test.hops {
				return reply(302, "", "Location", test.location), nil
			}
			return reply(200, "[]"), nil
		})})
		err := source.Fetch(t.Context(), posts(), &sourcetest.Sink{})
		if test.ok && err != nil || !test.ok && !lake.HasCode(err, lake.SourceRedirect) {
			t.Errorf("%q, %d of at most %d: %v", test.location, test.hops, test.limit, err)
		}
	}
}

// Whatever goes wrong: no secret is in an error, a list of objects or a log.
func TestSecretsAreNotTold(t *testing.T) {
	t.Parallel()
	const endpoint = "https://admin:in-url-secret@site.example/wp-json/mo/v1/posts_endpoint/?consumer_secret=query-secret&lonely-secret#fragment-secret"
	echo := "you sent in-url-secret, query-secret, options-secret, header-secret and YWRtaW46b3B0aW9ucy1zZWNyZXQ="
	for name, transport := range map[string]transportFunc{
		"cut": func(r *http.Request) (*http.Response, error) { return nil, fmt.Errorf("cut: %w", io.EOF) },
		"refused": func(*http.Request) (*http.Response, error) {
			return nil, &net.OpError{Op: "dial", Err: errors.New("no route")}
		},
		"echo 401": func(*http.Request) (*http.Response, error) {
			return reply(401, `{"code":"x","message":"`+echo+`"}`), nil
		},
		"echo 404": func(*http.Request) (*http.Response, error) { return reply(404, "<title>"+echo+"</title>"), nil },
		"echo 200": func(*http.Request) (*http.Response, error) {
			return reply(200, `{"code":"x","message":"`+echo+`"}`), nil
		},
		"redirect": func(*http.Request) (*http.Response, error) {
			return reply(302, "", "Location", "https://u:in-url-secret@site.example/?token=query-secret"), nil
		},
		"503": func(*http.Request) (*http.Response, error) { return reply(503, echo), nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var logged bytes.Buffer
			creds := endpoints.Credentials{User: "admin", Password: "options-secret", Headers: map[string]string{"X-Key": "header-secret"}}
			source := endpoints.New(endpoints.Options{
				URLs:        urls(endpoint),
				Credentials: credentials(creds),
				Transport:   transport,
				Retries:     1,
				Rand:        func() float64 { return 0 },
				Log:         slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug})),
			})
			objects, err := source.Objects(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			err = source.Fetch(t.Context(), objects[0], &sourcetest.Sink{})
			if err == nil {
				t.Fatal("no error")
			}
			all := fmt.Sprint(objects, err, logged.String(), lake.AsError(err, lake.Internal).Hint) + fmt.Sprintf("%v %+v %#v", creds, creds, creds)
			for e := err; e != nil; e = errors.Unwrap(e) {
				all += e.Error()
			}
			if strings.Contains(all, "secret=") != strings.Contains(all, "consumer_secret=***") || strings.Contains(strings.ReplaceAll(all, "consumer_secret=***", ""), "secret") || strings.Contains(all, "YWRt") {
				t.Errorf("a secret is in: %s", all)
			}
		})
	}
}

func TestTLSIsExplained(t *testing.T) {
	t.Parallel()
	quiet := log.New(io.Discard, "", 0)
	unknown := httptest.NewUnstartedServer(http.NotFoundHandler())
	unknown.Config.ErrorLog = quiet
	unknown.StartTLS()
	t.Cleanup(unknown.Close)
	plain := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(plain.Close)
	picky := httptest.NewUnstartedServer(http.NotFoundHandler())
	picky.Config.ErrorLog = quiet
	picky.TLS = &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return nil, errors.New("no") }, MinVersion: tls.VersionTLS12}
	picky.StartTLS()
	t.Cleanup(picky.Close)
	trusting := unknown.Client().Transport

	for name, test := range map[string]struct {
		url       string
		transport http.RoundTripper
		says      string
	}{
		"unknown authority": {unknown.URL, nil, "trusts"},
		"another name":      {strings.Replace(unknown.URL, "127.0.0.1", "localhost", 1), trusting, "other names"},
		"not TLS":           {strings.Replace(plain.URL, "http:", "https:", 1), nil, "does not speak TLS"},
		"refused":           {picky.URL, nil, "refused the TLS handshake"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			source := endpoints.New(endpoints.Options{URLs: urls(test.url + "/posts_endpoint/"), Transport: test.transport})
			err := source.Fetch(t.Context(), posts(), &sourcetest.Sink{})
			e := lake.AsError(err, lake.Internal)
			if e.Code != lake.SourceUnreachable || !strings.Contains(e.Message, test.says) || e.Hint == "" || strings.Contains(e.Message, "attempt") {
				t.Errorf("got %s: %s (%s)", e.Code, e.Message, e.Hint)
			}
		})
	}
}

func TestHeadersThatHTTPDoesNotAllow(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]string{"": "v", "A B": "v", "A:": "v", "X-A": "v\r\nX-B: hush", "X-C": "\x00hush"} {
		source := endpoints.New(endpoints.Options{
			URLs:        urls(postsURL),
			Credentials: credentials(endpoints.Credentials{Headers: map[string]string{name: value}}),
			Transport: transportFunc(func(*http.Request) (*http.Response, error) {
				t.Error("a request was made")
				return reply(200, "[]"), nil
			}),
		})
		err := source.Fetch(t.Context(), posts(), &sourcetest.Sink{})
		if !lake.HasCode(err, lake.ConfigInvalid) || strings.Contains(err.Error(), "hush") {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestLimitOnSize(t *testing.T) {
	t.Parallel()
	body := "[" + strings.Repeat(" ", 998) + "]"
	for _, limit := range []int64{1000, 999} {
		source := endpoints.New(endpoints.Options{URLs: urls(postsURL), MaxBytes: limit, Transport: transportFunc(func(*http.Request) (*http.Response, error) {
			return reply(200, body), nil
		})})
		err := source.Fetch(t.Context(), posts(), &sourcetest.Sink{})
		if limit == 1000 && err != nil || limit == 999 && !lake.HasCode(err, lake.SourceTooLarge) {
			t.Errorf("%d bytes with a limit of %d: %v", len(body), limit, err)
		}
	}
	// Told by the header alone, nothing is read.
	source := endpoints.New(endpoints.Options{URLs: urls(postsURL), Transport: transportFunc(func(*http.Request) (*http.Response, error) {
		r := reply(200, "")
		r.ContentLength, r.Body = 3e9, io.NopCloser(unreadable{t})
		return r, nil
	})})
	if err := source.Fetch(t.Context(), posts(), &sourcetest.Sink{}); !lake.HasCode(err, lake.SourceTooLarge) {
		t.Errorf("got %v", err)
	}
}

type unreadable struct{ t *testing.T }

func (u unreadable) Read([]byte) (int, error) {
	u.t.Error("the body is read")
	return 0, io.EOF
}
