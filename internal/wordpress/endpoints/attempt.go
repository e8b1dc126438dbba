package endpoints

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"wplake/internal/lake"
	"wplake/internal/wordpress"
)

// attempt asks an endpoint once and writes its answer to the sink. It returns
// nil when the sink took a whole object.
func (s *Source) attempt(parent context.Context, t target, creds Credentials, sink wordpress.Sink) *failure {
	ctx, cancel := context.WithCancelCause(parent)
	defer cancel(nil)
	dog := &watchdog{o: s.o, cancel: cancel}
	defer dog.pause()

	if err := sink.Reset(); err != nil {
		return &failure{err: lake.AsError(err, lake.StorageFailed)}
	}
	resp, f := s.get(ctx, dog, t, creds)
	if f != nil {
		return f
	}
	defer func() { _ = resp.Body.Close() }() // only read, and judged by then
	body := watched{body: resp.Body, dog: dog}
	if resp.StatusCode != http.StatusOK {
		return s.refused(t, creds, resp, body)
	}
	return s.receive(ctx, t, creds, resp, body, sink)
}

// get requests the endpoint and follows its redirects.
func (s *Source) get(ctx context.Context, dog *watchdog, t target, creds Credentials) (*http.Response, *failure) {
	at := *t.url
	for hop := 0; ; hop++ {
		req, err := s.request(dog.trace(ctx), &at, t.url, creds)
		if err != nil {
			return nil, final(lake.ConfigInvalid, t.from+": cannot be requested", "mend the endpoint's URL", nil)
		}
		dog.connecting()
		resp, err := s.transport.RoundTrip(req)
		dog.pause()
		if err != nil {
			return nil, s.unreachable(ctx, t, &at, err)
		}
		resp.Request = req
		s.o.Log.Debug("answer", "object", t.name, "endpoint", printable(&at), "status", resp.StatusCode)
		if !isRedirect(resp.StatusCode) {
			return resp, nil
		}
		location := resp.Header.Get("Location")
		if err := resp.Body.Close(); err != nil {
			s.o.Log.Debug("close", "endpoint", printable(&at), "error", err)
		}
		next, f := s.follow(t, &at, location, hop)
		if f != nil {
			return nil, f
		}
		at = *next
	}
}

func (s *Source) request(ctx context.Context, at, endpoint *url.URL, creds Credentials) (*http.Request, error) {
	bare := *at
	bare.User, bare.Fragment, bare.RawFragment = nil, "", ""
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, bare.String(), nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Accept-Encoding", "gzip")
	req.Header.Set("User-Agent", "wplake/"+s.o.Version)
	if ownHost(endpoint, at) {
		creds.authorize(req, endpoint)
	}
	return req, nil
}

func isRedirect(status int) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

// follow returns where a redirect leads, the hop-th of the attempt from 0.
func (s *Source) follow(t target, at *url.URL, location string, hop int) (*url.URL, *failure) {
	refuse := func(message, hint string) (*url.URL, *failure) {
		return nil, final(lake.SourceRedirect, t.from+": "+message, hint, nil)
	}
	next, err := at.Parse(location)
	if err != nil || location == "" {
		return refuse("redirects to an address that is no URL", "open the endpoint in a browser and see where it leads")
	}
	to := printable(next)
	switch {
	case (next.Scheme != "http" && next.Scheme != "https") || next.Hostname() == "":
		return refuse("redirects to something else than http or https", "open the endpoint in a browser and see where it leads")
	case s.o.MaxRedirects < 0:
		return refuse("redirects to "+to+", and source.endpoints.max_redirects allows none", "put that address into the list of endpoints")
	case hop >= s.o.MaxRedirects:
		return refuse(fmt.Sprintf("more than %d redirects, the last one to %s", s.o.MaxRedirects, to),
			"a redirect that leads back to itself: compare the site's address in Settings, General with the endpoint's (http or https, www or not)")
	}
	s.o.Log.Debug("redirect", "object", t.name, "from", printable(at), "to", to, "credentials", ownHost(t.url, next))
	return next, nil
}

// receive writes the body of a good answer to the sink.
func (s *Source) receive(ctx context.Context, t target, creds Credentials, resp *http.Response, body io.Reader, sink wordpress.Sink) *failure {
	if resp.ContentLength > s.o.MaxBytes {
		return s.tooLarge(t)
	}
	if wants, ok := sink.(wordpress.Announced); ok && resp.ContentLength > 0 {
		if err := wants.Announce(resp.ContentLength); err != nil {
			return judged(t, creds, resp.Request.URL, err)
		}
	}
	decoded, f := decode(t, resp.Header, body)
	if f != nil {
		return f
	}
	buf := make([]byte, 64<<10)
	var total int64
	for {
		n, err := decoded.Read(buf)
		total += int64(n)
		if total > s.o.MaxBytes {
			return s.tooLarge(t)
		}
		if n > 0 {
			if _, err := sink.Write(buf[:n]); err != nil {
				return judged(t, creds, resp.Request.URL, err)
			}
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return s.cut(ctx, t, err, total)
		}
	}
	if err := sink.Complete(); err != nil {
		return judged(t, creds, resp.Request.URL, err)
	}
	return nil
}

func (s *Source) tooLarge(t target) *failure {
	return final(lake.SourceTooLarge, fmt.Sprintf("%s: the answer is larger than %d bytes", t.from, s.o.MaxBytes),
		"raise source.endpoints.max_bytes, or let the endpoint give less", nil)
}

// decode undoes the body's Content-Encoding.
func decode(t target, h http.Header, body io.Reader) (io.Reader, *failure) {
	switch encoding := strings.ToLower(strings.TrimSpace(h.Get("Content-Encoding"))); encoding {
	case "", "identity":
		return body, nil
	case "gzip", "x-gzip":
		return &lazyGzip{body: body}, nil
	default:
		return nil, final(lake.SourceInvalidJSON,
			fmt.Sprintf("%s: the answer is encoded as %q, which was not asked for", t.from, printableText(encoding, 40)),
			"let the server, its cache or its CDN honour the header Accept-Encoding", nil)
	}
}

// lazyGzip decompresses; it reads gzip's header with the first Read, so that an
// empty or cut body is judged like any other read. An empty body stays empty.
type lazyGzip struct {
	body io.Reader
	zip  *gzip.Reader
}

func (g *lazyGzip) Read(p []byte) (int, error) {
	if g.zip == nil {
		zip, err := gzip.NewReader(g.body)
		if err != nil {
			return 0, err
		}
		g.zip = zip
	}
	return g.zip.Read(p)
}

// judged turns the sink's verdict into a failure. Only a body that lacks its
// end may be whole the next time.
func judged(t target, creds Credentials, at *url.URL, err error) *failure {
	verdict, ok := errors.AsType[*lake.Error](err)
	if !ok {
		return &failure{err: lake.AsError(err, lake.StorageFailed)}
	}
	if !strings.HasPrefix(string(verdict.Code), "Source") {
		return &failure{err: verdict}
	}
	message := t.from + ": " + creds.hide(verdict.Message, t.url)
	if to := printable(at); to != t.from {
		message += " (redirected to " + to + ")"
	}
	f := final(verdict.Code, message, verdict.Hint, verdict.Err)
	f.retry = verdict.Code == lake.SourceTruncated || verdict.Code == lake.SourceEmpty
	return f
}
