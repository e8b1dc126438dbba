package endpoints

import (
	"compress/flate"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"syscall"

	"wplake/internal/lake"
)

// stalled returns the failure of a context that a watchdog or the total
// time-out ended, or nil.
func (s *Source) stalled(ctx context.Context, t target) *failure {
	cause := context.Cause(ctx)
	if stall, ok := errors.AsType[stallError](cause); ok {
		return passing(lake.SourceTimeout, t.from+": "+stall.Error(),
			"is the server overloaded? If it only needs longer, raise source.endpoints."+stall.key)
	}
	if errors.Is(cause, errTotal) {
		return final(lake.SourceTimeout, fmt.Sprintf("%s: not done within the total time-out of %s", t.from, s.o.TotalTimeout),
			"if the table is that large, raise source.endpoints.total_timeout", nil)
	}
	if ctx.Err() != nil {
		return final(lake.Interrupted, t.from+": interrupted", "", ctx.Err())
	}
	return nil
}

// unreachable explains a request that got no answer. at is where the redirects
// had led by then.
func (s *Source) unreachable(ctx context.Context, t target, at *url.URL, err error) *failure {
	if f := s.stalled(ctx, t); f != nil {
		return f
	}
	where := t.from
	if !strings.EqualFold(at.Host, t.url.Host) {
		where += ": redirected to " + printable(at)
	}
	err = bare(err)
	if f := certificate(where, at, err); f != nil {
		return f
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		if dns.IsNotFound {
			return final(lake.SourceUnreachable, where+": there is no host of the name "+at.Hostname(),
				"is the name spelt right, and does this machine's DNS know it?", nil)
		}
		return passing(lake.SourceUnreachable, where+": the name "+at.Hostname()+" could not be looked up",
			"is this machine connected to the network?")
	}
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return passing(lake.SourceUnreachable, where+": nothing listens there (connection refused)",
			"is the web server running, and is the port right?")
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return passing(lake.SourceUnreachable, where+": the connection was cut before an answer came",
			"a firewall or a crashed PHP process does that: look into the server's error log")
	}
	if network, ok := errors.AsType[net.Error](err); ok && network.Timeout() {
		return passing(lake.SourceTimeout, where+": time-out: "+printableText(err.Error(), 200), "is the server overloaded?")
	}
	return passing(lake.SourceUnreachable, where+": no answer: "+printableText(err.Error(), 200),
		"is this machine connected to the network, and does the site open in a browser?")
}

// certificate explains an error of TLS. Another attempt would fail as well.
func certificate(where string, at *url.URL, err error) *failure {
	if e, ok := errors.AsType[x509.HostnameError](err); ok {
		return final(lake.SourceUnreachable, where+": the server's certificate is for other names than "+e.Host,
			"use the name that the certificate is for (www or not?), or renew the certificate for this one", nil)
	}
	if e, ok := errors.AsType[x509.CertificateInvalidError](err); ok {
		if e.Reason == x509.Expired {
			return final(lake.SourceUnreachable, where+": the server's certificate has expired or is not valid yet",
				"renew the certificate, and check this machine's clock", nil)
		}
		return final(lake.SourceUnreachable, where+": the server's certificate is not valid: "+e.Error(), "renew the certificate", nil)
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return final(lake.SourceUnreachable, where+": nobody whom this machine trusts has signed the server's certificate",
			"is it self-signed, or does the server leave out the intermediate certificate? Mend it there, or add the authority to this machine's trusted ones (SSL_CERT_FILE names another file)", nil)
	}
	_, record := errors.AsType[tls.RecordHeaderError](err)
	if record || strings.Contains(err.Error(), "HTTP response to HTTPS client") {
		return final(lake.SourceUnreachable, where+": "+at.Host+" does not speak TLS there",
			"does the URL have to begin with http://, or is the port wrong?", nil)
	}
	if remote, ok := errors.AsType[*net.OpError](err); ok && remote.Op == "remote error" { // an alert of TLS
		return final(lake.SourceUnreachable, where+": the server refused the TLS handshake: "+remote.Err.Error(),
			"does the server know this host name, and does it speak TLS 1.2 or later?", nil)
	}
	return nil
}

// cut explains a body that could not be read to its end.
func (s *Source) cut(ctx context.Context, t target, err error, received int64) *failure {
	if f := s.stalled(ctx, t); f != nil {
		return f
	}
	_, corrupt := errors.AsType[flate.CorruptInputError](err)
	if corrupt || errors.Is(err, gzip.ErrHeader) || errors.Is(err, gzip.ErrChecksum) {
		return passing(lake.SourceInvalidJSON,
			fmt.Sprintf("%s: the compressed answer is damaged after %d bytes of content", t.from, received),
			"is it compressed twice, or not at all? Look at the server's or the CDN's compression")
	}
	return passing(lake.SourceTruncated,
		fmt.Sprintf("%s: the connection was cut after %d bytes of content", t.from, received),
		"a limit on time or memory of PHP, or a proxy's, ends the answer: look into the server's error log")
}

// bare takes off the wrapper that would print the URL, secrets included.
func bare(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return err
}
