// Package runtime is Lambda's side of the Runtime API, for tests and
// measurements on this machine: it starts a function's process and hands it
// events, one at a time.
//
// Source: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
package runtime

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Options say which function it is.
type Options struct {
	Program     string   // path of the binary that is bootstrap
	Name        string   // of the function
	TaskRoot    string   // the folder of the unpacked package
	Scratch     string   // TMPDIR of the process; Lambda's is /tmp
	Memory      int      // MiB
	Environment []string // NAME=value, beside what Lambda itself sets
}

// Answer is what became of an event.
type Answer struct {
	Payload []byte // the answer, or the error's document
	Failed  bool
}

// Function is a function's process. It handles one event at a time.
type Function struct {
	cmd     *exec.Cmd
	server  *http.Server
	events  chan event
	answers chan Answer
	exited  chan struct{} // closed when the process has ended
	failure error         // of the process; read after exited
	logs    *buffer
	count   int
}

type event struct {
	id       string
	payload  []byte
	deadline time.Time
}

// Start begins the process. It ends when ctx does, or by Stop.
func Start(ctx context.Context, o Options) (*Function, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	f := &Function{events: make(chan event), answers: make(chan Answer, 1), exited: make(chan struct{}), logs: &buffer{}}
	f.server = &http.Server{Handler: f.handler(), ReadHeaderTimeout: time.Minute}
	go func() { _ = f.server.Serve(listener) }() // ends with Close
	f.cmd = exec.CommandContext(ctx, o.Program)
	f.cmd.Args[0] = "bootstrap"
	f.cmd.Dir = o.TaskRoot
	f.cmd.Stdout, f.cmd.Stderr = f.logs, f.logs
	f.cmd.Env = append([]string{
		"PATH=/usr/local/bin:/usr/bin:/bin", "TZ=:UTC", "LANG=en_US.UTF-8",
		"AWS_LAMBDA_RUNTIME_API=" + listener.Addr().String(),
		"AWS_LAMBDA_FUNCTION_NAME=" + o.Name, "AWS_LAMBDA_FUNCTION_VERSION=$LATEST",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=" + strconv.Itoa(o.Memory),
		"AWS_LAMBDA_LOG_GROUP_NAME=/aws/lambda/" + o.Name, "AWS_LAMBDA_LOG_STREAM_NAME=test",
		"LAMBDA_TASK_ROOT=" + o.TaskRoot, "_HANDLER=bootstrap", "TMPDIR=" + o.Scratch,
	}, o.Environment...)
	if err := f.cmd.Start(); err != nil {
		return nil, errors.Join(err, f.server.Close())
	}
	go func() {
		f.failure = f.cmd.Wait()
		close(f.exited)
	}()
	return f, nil
}

// Invoke hands the process an event and waits for the answer. The error says
// that there is none: the process has ended, or ctx has.
func (f *Function) Invoke(ctx context.Context, payload []byte, deadline time.Time) (Answer, error) {
	f.count++
	e := event{id: fmt.Sprintf("00000000-0000-4000-8000-%012d", f.count), payload: payload, deadline: deadline}
	select {
	case f.events <- e:
	case a := <-f.answers: // the process failed before it took an event
		return a, nil
	case <-f.exited:
		return f.ended()
	case <-ctx.Done():
		return Answer{}, ctx.Err()
	}
	select {
	case a := <-f.answers:
		return a, nil
	case <-f.exited:
		return f.ended()
	case <-ctx.Done():
		return Answer{}, ctx.Err()
	}
}

func (f *Function) ended() (Answer, error) {
	select {
	case a := <-f.answers: // it had answered before it ended
		return a, nil
	default:
		return Answer{}, fmt.Errorf("the function's process ended: %w\n%s", f.failure, f.Logs())
	}
}

// Logs is all that the process has printed.
func (f *Function) Logs() string { return f.logs.String() }

// HighWater is the most memory in KiB that was resident in the process, by the
// kernel's account (Linux).
func (f *Function) HighWater() (int, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", f.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			return strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")))
		}
	}
	return 0, errors.New("the kernel tells no VmHWM")
}

// CPU is the time that the process has spent on processors. It is known after
// Stop.
func (f *Function) CPU() time.Duration {
	if f.cmd.ProcessState == nil {
		return 0
	}
	return f.cmd.ProcessState.UserTime() + f.cmd.ProcessState.SystemTime()
}

// Stop ends the process as Lambda does, and kills it when it does not end.
func (f *Function) Stop() error {
	err := f.cmd.Process.Signal(syscall.SIGTERM)
	late := time.NewTimer(5 * time.Second)
	defer late.Stop()
	select {
	case <-f.exited:
	case <-late.C:
		_ = f.cmd.Process.Kill() // ended in between
		<-f.exited
	}
	if errors.Is(err, os.ErrProcessDone) {
		err = nil
	}
	return errors.Join(err, f.server.Close())
}

func (f *Function) handler() http.Handler {
	const root = "/2018-06-01/runtime/"
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+root+"invocation/next", func(w http.ResponseWriter, r *http.Request) {
		select {
		case e := <-f.events:
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Lambda-Runtime-Aws-Request-Id", e.id)
			w.Header().Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(e.deadline.UnixMilli(), 10))
			w.Header().Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:000000000000:function:test")
			w.Header().Set("Lambda-Runtime-Trace-Id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0")
			_, _ = w.Write(e.payload) // a process that has gone needs nothing
		case <-r.Context().Done():
		}
	})
	answer := func(failed bool) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			w.WriteHeader(http.StatusAccepted)
			f.answers <- Answer{Payload: body, Failed: failed}
		}
	}
	mux.HandleFunc("POST "+root+"invocation/{id}/response", answer(false))
	mux.HandleFunc("POST "+root+"invocation/{id}/error", answer(true))
	mux.HandleFunc("POST "+root+"init/error", answer(true))
	return mux
}

// buffer is text that is written and read concurrently.
type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
