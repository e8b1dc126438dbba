package endpoints

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"time"
)

// The limits of an Options that says nothing.
const (
	DefaultParallel         = 2
	DefaultRetries          = 4
	DefaultMaxBytes         = 2_000_000_000
	DefaultMaxRedirects     = 5
	DefaultConnectTimeout   = 10 * time.Second
	DefaultFirstByteTimeout = 30 * time.Second
	DefaultIdleTimeout      = 30 * time.Second
	DefaultTotalTimeout     = 15 * time.Minute
)

// Credentials is what is sent to an endpoint's own host, and to no other.
type Credentials struct {
	User     string            // of HTTP Basic; empty: none
	Password string            //
	Headers  map[string]string // further headers; they win over all others
}

// String hides the credentials from logs.
func (Credentials) String() string { return "***" }

// GoString hides the credentials from logs.
func (Credentials) GoString() string { return "***" }

// Options says where the endpoints are and how to treat them. A number or a
// time span that is zero has the default of the constant of its name.
type Options struct {
	// URLs gives the endpoints; each string may be a list, separated by commas
	// or white space. It is called whenever they are needed, so that a secret
	// in a URL is kept nowhere.
	URLs func(context.Context) ([]string, error)
	// Credentials may be nil. It is called for every object.
	Credentials func(context.Context) (Credentials, error)

	Parallel         int           // objects at once
	Retries          int           // attempts after the first; negative: none
	MaxBytes         int64         // of one object, decompressed
	MaxRedirects     int           // negative: none is followed
	ConnectTimeout   time.Duration // until there is a connection: DNS, TCP, TLS
	FirstByteTimeout time.Duration // from then until the answer's headers
	IdleTimeout      time.Duration // that one read of the body may take
	TotalTimeout     time.Duration // of one object, all attempts and pauses together

	Version   string            // of wplake, for the header User-Agent
	Transport http.RoundTripper // nil: one made for these options
	Now       func() time.Time  // nil: the system's clock
	Rand      func() float64    // in [0,1), for the pauses between attempts; nil: a generator
	Log       *slog.Logger      // nil: nothing is logged
}

func (o Options) withDefaults() Options {
	o.Parallel = orInt(o.Parallel, DefaultParallel)
	o.Retries = orInt(o.Retries, DefaultRetries)
	o.MaxBytes = orInt(o.MaxBytes, DefaultMaxBytes)
	o.MaxRedirects = orInt(o.MaxRedirects, DefaultMaxRedirects)
	o.ConnectTimeout = orInt(o.ConnectTimeout, DefaultConnectTimeout)
	o.FirstByteTimeout = orInt(o.FirstByteTimeout, DefaultFirstByteTimeout)
	o.IdleTimeout = orInt(o.IdleTimeout, DefaultIdleTimeout)
	o.TotalTimeout = orInt(o.TotalTimeout, DefaultTotalTimeout)
	if o.Credentials == nil {
		o.Credentials = func(context.Context) (Credentials, error) { return Credentials{}, nil }
	}
	if o.Version == "" {
		o.Version = "dev"
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Rand == nil {
		o.Rand = rand.Float64
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// orInt returns value, or otherwise where value is zero.
func orInt[T ~int | ~int64](value, otherwise T) T {
	if value == 0 {
		return otherwise
	}
	return value
}
