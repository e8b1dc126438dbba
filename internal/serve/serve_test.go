package serve_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wplake/internal/lake"
	"wplake/internal/serve"
)

// process is a server under test.
type process struct {
	address string
	stop    context.CancelFunc
	ended   chan error
}

// begin runs a server until the test ends or stops it.
func begin(t *testing.T, change func(*serve.Options)) *process {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	p := &process{stop: stop, ended: make(chan error, 1)}
	ready := make(chan string, 1)
	o := serve.Options{
		Listen: "127.0.0.1:0", Grace: time.Minute, Log: slog.New(slog.DiscardHandler),
		Getenv: func(string) (string, bool) { return "", false },
		Ready:  func(address string) { ready <- address },
		Server: func(ctx context.Context) *http.Server {
			return &http.Server{
				BaseContext: func(net.Listener) context.Context { return ctx }, ReadHeaderTimeout: time.Minute,
				Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") }),
			}
		},
	}
	if change != nil {
		change(&o)
	}
	go func() { p.ended <- serve.Run(ctx, o) }()
	select {
	case p.address = <-ready:
	case err := <-p.ended:
		p.ended <- err
	}
	return p
}

func get(t *testing.T, address string) (string, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	return string(body), err
}

func TestServesAndStops(t *testing.T) {
	t.Parallel()
	var order []string
	p := begin(t, func(o *serve.Options) {
		o.Begin = func(context.Context) error { order = append(order, "begin"); return nil }
		o.Keep = func(ctx context.Context) error { <-ctx.Done(); return nil }
		o.Drain = func(ctx context.Context) error { order = append(order, "drain"); return ctx.Err() }
	})
	if body, err := get(t, p.address); body != "hello" || err != nil {
		t.Fatal(body, err)
	}
	p.stop()
	if err := <-p.ended; err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(order, " "); got != "begin drain" {
		t.Error(got)
	}
	if _, err := get(t, p.address); err == nil {
		t.Error("it still answers")
	}
}

// What is being answered ends; what waits is told that the server stops.
func TestGrace(t *testing.T) {
	t.Parallel()
	arrived, release := make(chan struct{}), make(chan struct{})
	p := begin(t, func(o *serve.Options) {
		server := o.Server
		o.Server = func(ctx context.Context) *http.Server {
			s := server(ctx)
			s.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				arrived <- struct{}{}
				<-r.Context().Done()
				<-release
				_, _ = io.WriteString(w, "done")
			})
			return s
		}
	})
	answer := make(chan string, 1)
	go func() {
		body, err := get(t, p.address)
		answer <- fmt.Sprint(body, err)
	}()
	<-arrived
	p.stop()
	close(release)
	if got := <-answer; got != "done<nil>" {
		t.Error(got)
	}
	if err := <-p.ended; err != nil {
		t.Error(err)
	}
}

func TestGraceEnds(t *testing.T) {
	t.Parallel()
	p := begin(t, func(o *serve.Options) {
		o.Grace = time.Millisecond
		o.Drain = func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
	})
	p.stop()
	if err := <-p.ended; err != nil {
		t.Errorf("tasks that are left to the journal are no failure: %v", err)
	}
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	taken := begin(t, nil)
	for _, tt := range []struct {
		listen string
		signed bool
		code   lake.Code
	}{
		{"nonsense", false, lake.ConfigInvalid},
		{"0.0.0.0:0", false, lake.ConfigInvalid},
		{":0", false, lake.ConfigInvalid},
		{"[::]:0", false, lake.ConfigInvalid},
		{"192.0.2.1:0", false, lake.ConfigInvalid},
		{"192.0.2.1:0", true, lake.ServeFailed}, // no address of this machine
		{taken.address, false, lake.ServeFailed},
		{"localhost:0", false, ""},
		{"0.0.0.0:0", true, ""},
	} {
		p := begin(t, func(o *serve.Options) { o.Listen, o.Signed = tt.listen, tt.signed })
		p.stop()
		err := <-p.ended
		if tt.code == "" && err != nil || tt.code != "" && !lake.HasCode(err, tt.code) {
			t.Errorf("%s (signed: %v): %v, want %s", tt.listen, tt.signed, err, tt.code)
		}
	}
}

func TestWhatCannotBegin(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	for name, change := range map[string]func(o *serve.Options){
		"begin": func(o *serve.Options) { o.Begin = func(context.Context) error { return broken } },
		"keep":  func(o *serve.Options) { o.Keep = func(context.Context) error { return broken } },
	} {
		if err := <-begin(t, change).ended; !errors.Is(err, broken) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestServiceManager(t *testing.T) {
	t.Parallel()
	// A socket's path must be short: that of a test's folder may not be.
	folder, err := os.MkdirTemp("", "wplake") //nolint:usetesting // see above
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	socket := filepath.Join(folder, "n")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	told := func() string {
		buffer := make([]byte, 4096)
		n, err := conn.Read(buffer)
		if err != nil {
			t.Fatal(err)
		}
		state, _, _ := strings.Cut(string(buffer[:n]), "\n")
		return state
	}
	p := begin(t, func(o *serve.Options) {
		o.Getenv = func(name string) (string, bool) {
			value, ok := map[string]string{"NOTIFY_SOCKET": socket, "WATCHDOG_USEC": "2000"}[name]
			return value, ok
		}
	})
	if got := told() + " " + told() + " " + told(); got != "READY=1 WATCHDOG=1 WATCHDOG=1" {
		t.Error(got)
	}
	p.stop()
	for state := told(); state != "STOPPING=1"; state = told() {
		if state != "WATCHDOG=1" {
			t.Fatal(state)
		}
	}
	if err := <-p.ended; err != nil {
		t.Error(err)
	}
}

func TestUnit(t *testing.T) {
	t.Parallel()
	text := serve.Unit{Binary: "/usr/bin/wplake", Config: "/srv/my lake/100%.yaml", Root: "/srv/my lake", User: "lake", Grace: 30 * time.Second}.String()
	for _, want := range []string{
		"Type=notify\n", "Restart=on-failure\n", "NoNewPrivileges=yes\n", "ProtectSystem=strict\n", "User=lake\n", "TimeoutStopSec=60\n",
		"ExecStart=/usr/bin/wplake --config \"/srv/my lake/100%%.yaml\" --root \"/srv/my lake\" serve --grace 30s\n",
		"ReadWritePaths=\"/srv/my lake\"\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if text := (serve.Unit{Binary: "/usr/bin/wplake", Config: "/etc/wplake.yaml", Root: "/var/lib/wplake"}).String(); !strings.Contains(text, "\nStateDirectory=wplake\n") {
		t.Errorf("no StateDirectory in\n%s", text)
	}
}
