// Package serve is the process that answers requests and keeps schedules: it
// listens, tells the service manager how it stands, and stops with grace. What
// it serves is handed in.
package serve

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"

	"wplake/internal/lake"
)

// Options says what a process serves.
type Options struct {
	// Listen is host:port; port 0 takes a free one.
	Listen string
	// Signed tells that requests must be signed. Without it only addresses of
	// this machine are listened on.
	Signed bool
	// Server makes the HTTP server; ctx ends when the process stops.
	Server func(ctx context.Context) *http.Server
	// Begin goes on with what was left undone, once the address is held.
	Begin func(ctx context.Context) error
	// Keep keeps the schedules until ctx ends. When it returns an error before
	// that, the process stops; nil where there is nothing to keep.
	Keep func(ctx context.Context) error
	// Drain waits until the tasks in flight have ended, or until ctx ends.
	Drain func(ctx context.Context) error
	// Grace is how long requests and tasks in flight may take to end.
	Grace time.Duration
	// Ready is called once with the address, when requests are answered.
	Ready func(address string)
	// Getenv is the environment, as os.LookupEnv.
	Getenv func(string) (string, bool)
	Log    *slog.Logger
}

// Run serves until ctx ends, and then stops: it takes no more requests, lets
// those and the tasks in flight end for the grace, and returns nil. The error
// is a *lake.Error when it could not listen.
func Run(ctx context.Context, o Options) (err error) {
	manager := newManager(o.Getenv)
	defer manager.close()
	listener, err := listen(ctx, o.Listen, o.Signed)
	if err != nil {
		return err
	}
	// What waits for something is told at once that the process stops; what
	// works has the grace to end.
	serving, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	server := o.Server(serving)
	ended := make(chan error, 2)
	running := 1
	go func() { ended <- server.Serve(listener) }()
	if o.Keep != nil {
		running++
		go func() { ended <- o.Keep(serving) }()
	}
	if o.Begin != nil {
		err = o.Begin(ctx)
	}
	if err == nil {
		o.Ready(listener.Addr().String())
		manager.tell("READY=1\nSTATUS=answering at " + listener.Addr().String())
		go manager.watch(serving)
		select {
		case <-ctx.Done():
		case err = <-ended:
			running--
		}
	}
	manager.tell("STOPPING=1\nSTATUS=stopping")
	stop(errStopping)
	return errors.Join(err, finish(ctx, o, server, ended, running))
}

var errStopping = errors.New("the server is being stopped")

// finish ends what still runs, within the grace.
func finish(ctx context.Context, o Options, server *http.Server, ended <-chan error, running int) error {
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), o.Grace)
	defer cancel()
	errs := []error{server.Shutdown(grace)}
	if o.Drain != nil {
		errs = append(errs, o.Drain(grace))
	}
	if grace.Err() != nil {
		// Whatever has not ended goes on from the journal next time.
		o.Log.Warn("not all that was in flight ended in time", "grace", o.Grace)
		errs = []error{server.Close()}
	}
	for range running {
		if err := <-ended; err != nil && !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, context.Canceled) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// listen opens the address; without signatures only one of this machine.
func listen(ctx context.Context, address string, signed bool) (net.Listener, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, &lake.Error{
			Code: lake.ConfigInvalid, Err: err, Message: fmt.Sprintf("%q is not an address to listen on", address),
			Hint: "give host:port, as in 127.0.0.1:8083; port 0 takes a free one",
		}
	}
	foreign := &lake.Error{
		Code: lake.ConfigInvalid, Message: fmt.Sprintf("%s can be reached from other machines, and requests there must be signed", address),
		Hint: "set serve.access_key and serve.secret_key in the definition, or listen on 127.0.0.1",
	}
	if parsed, err := netip.ParseAddr(host); !signed && (host == "" || err == nil && !parsed.IsLoopback()) {
		return nil, foreign
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", address)
	if err != nil {
		failed := &lake.Error{
			Code: lake.ServeFailed, Err: err, Message: "cannot listen on " + address,
			Hint: "give another address in serve.listen or with --listen, as 127.0.0.1:8083",
		}
		if errors.Is(err, syscall.EADDRINUSE) {
			failed.Hint = "another process listens there: give another address with --listen, or port 0 to take a free one"
		}
		if _, ok := errors.AsType[*net.AddrError](err); ok {
			failed.Code = lake.ConfigInvalid // no port, whatever the machine
		}
		return nil, failed
	}
	// A name may mean anything: what counts is what it has become.
	if tcp, ok := listener.Addr().(*net.TCPAddr); !signed && (!ok || !tcp.IP.IsLoopback()) {
		return nil, errors.Join(foreign, listener.Close())
	}
	return listener, nil
}
