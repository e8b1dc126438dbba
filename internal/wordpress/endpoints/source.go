// Package endpoints takes a WordPress site's tables from HTTP endpoints, each
// of which answers with one table as a JSON array of objects.
//
// The endpoints come as a comma-separated list of URLs; an object's name is in
// its URL. An answer is streamed to the sink, which judges it, so memory does
// not depend on its size. What may pass by itself (a busy server, a cut
// connection, a time-out, a truncated body) is tried again, politely; whatever
// remains is a *lake.Error that names the endpoint, the cause and a remedy.
//
// Credentials go to an endpoint's own host alone, never to where it redirects.
package endpoints

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"

	"wplake/internal/lake"
	"wplake/internal/wordpress"
)

// Source is a wordpress.Source. It may be used concurrently.
type Source struct {
	o         Options
	transport http.RoundTripper
}

// New returns a source of the endpoints that the options name. It does nothing
// on the network yet.
func New(o Options) *Source {
	o = o.withDefaults()
	s := &Source{o: o, transport: o.Transport}
	if s.transport == nil {
		s.transport = newTransport(o)
	}
	return s
}

func newTransport(o Options) *http.Transport {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: o.ConnectTimeout}).DialContext,
		TLSHandshakeTimeout:    o.ConnectTimeout,
		ForceAttemptHTTP2:      true,
		DisableCompression:     true, // decompressed here, where its faults are named
		MaxIdleConnsPerHost:    o.Parallel,
		MaxResponseHeaderBytes: 1 << 20,
		IdleConnTimeout:        o.IdleTimeout,
	}
}

// Close closes connections that are kept for the next request.
func (s *Source) Close() error {
	if t, ok := s.transport.(*http.Transport); ok {
		t.CloseIdleConnections()
	}
	return nil
}

// Parallel is how many objects may be fetched at once.
func (s *Source) Parallel() int { return max(s.o.Parallel, 1) }

// Objects lists the endpoints' objects in the order of the list. It asks no
// endpoint. It fails when the list cannot be had or is empty.
func (s *Source) Objects(ctx context.Context) ([]wordpress.Object, error) {
	targets, err := s.targets(ctx)
	if err != nil {
		return nil, err
	}
	objects := make([]wordpress.Object, len(targets))
	for i, t := range targets {
		objects[i] = wordpress.Object{Name: t.name, From: t.from}
	}
	return objects, nil
}

// Fetch writes the object that an endpoint gives to the sink.
func (s *Source) Fetch(ctx context.Context, object wordpress.Object, sink wordpress.Sink) error {
	targets, err := s.targets(ctx)
	if err != nil {
		return err
	}
	for _, t := range targets {
		if t.name != object.Name {
			continue
		}
		if t.err != nil {
			return t.err
		}
		creds, err := s.o.Credentials(ctx)
		if err != nil {
			return stopped(ctx, lake.AsError(err, lake.ConfigInvalid))
		}
		creds, err = checkCredentials(creds)
		if err != nil {
			return err
		}
		if t.url.Scheme == "http" && (creds.Password != "" || t.url.User != nil) && !isLoopback(t.url.Hostname()) {
			s.o.Log.Warn("the password goes over the network unencrypted: use https", "object", t.name, "endpoint", t.from)
		}
		return s.fetch(ctx, t, creds, sink)
	}
	return &lake.Error{
		Code:    lake.ObjectMissing,
		Message: fmt.Sprintf("no endpoint gives the object %s", object.Name),
		Hint:    "the endpoints give: " + names(targets),
	}
}

func (s *Source) targets(ctx context.Context) ([]target, error) {
	if ctx.Err() != nil {
		return nil, stopped(ctx, nil)
	}
	lists, err := s.o.URLs(ctx)
	if err != nil {
		return nil, stopped(ctx, lake.AsError(err, lake.ParameterMissing))
	}
	targets := parseList(lists)
	if len(targets) == 0 {
		return nil, &lake.Error{
			Code:    lake.ConfigInvalid,
			Message: "the list of endpoints is empty",
			Hint:    "give source.endpoints.urls, or put a comma-separated list into the parameter that source.endpoints.parameter names",
		}
	}
	return targets, nil
}

// stopped returns the error of an interruption when ctx is done, else err.
func stopped(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return err
	}
	return &lake.Error{Code: lake.Interrupted, Message: "interrupted", Err: ctx.Err()}
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func names(targets []target) string {
	all := make([]string, len(targets))
	for i, t := range targets {
		all[i] = t.name
	}
	return strings.Join(all, ", ")
}
