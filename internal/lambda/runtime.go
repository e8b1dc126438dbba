package lambda

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"wplake/internal/config"
	"wplake/internal/lake"
	"wplake/internal/tracing"
	"wplake/internal/workflow/tasks"
)

// Options are what the runtime gets from outside.
type Options struct {
	Open    Opener
	Getenv  func(string) (string, bool)
	Setenv  func(key, value string) error
	Stdout  io.Writer
	Now     func() time.Time
	Version string
	// Temp is the folder in which the process makes its own for temporary
	// files, absolute: the system's.
	Temp string
}

// Main serves events until the process is told to stop (SIGTERM, SIGINT), and
// returns the exit status: 0 when it was, else 1, upon which Lambda begins with a
// new process. It returns at once when the lake cannot be opened, having told so.
func Main(ctx context.Context, o Options) int {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM, os.Interrupt)
	defer stop()
	began := o.Now()
	out := &lines{out: o.Stdout}
	log, at := newLog(out, logLevel(o.Getenv))
	address, _ := o.Getenv(envRuntimeAPI)
	if address == "" {
		log.Error("this process is called bootstrap, and is not within AWS Lambda", "hint", "call the program wplake to use its commands")
		return 1
	}
	api := newRuntimeAPI(address)
	h, err := start(ctx, o, log)
	if err != nil {
		e := tasks.AsFunctionError(err)
		log.Error("the function cannot begin", "errorType", e.Type, "error", e.Message)
		if err := api.failInit(ctx, e); err != nil {
			log.Error("nor can that be told", "error", err)
		}
		return 1
	}
	h.at, h.out, h.began = at, out, began
	status := serve(ctx, api, h, o.Setenv)
	if err := errors.Join(h.lake.Close(), os.RemoveAll(h.scratch)); err != nil {
		log.Warn("the lake could not be closed", "error", err)
	}
	return status
}

// start reads the definition and opens the lake.
func start(ctx context.Context, o Options, log *slog.Logger) (*handler, error) {
	function, err := FunctionOf(o.Getenv)
	if err != nil {
		return nil, err
	}
	root, _ := o.Getenv(envTaskRoot)
	c, file, err := config.Load(filepath.Join(root, config.FileName))
	if err != nil {
		return nil, err
	}
	for _, w := range file.Warnings {
		log.Warn(w.String())
	}
	h := &handler{config: c, function: function, log: log, now: o.Now, version: o.Version}
	if h.name, _ = o.Getenv(envName); h.name == "" {
		h.name = lake.FunctionName(function)
	}
	h.scratch = filepath.Join(o.Temp, scratchName(os.Getpid()))
	if err := h.confine(o); err != nil {
		return nil, err
	}
	size, _ := o.Getenv(envMemory)
	h.config.Engine.MemoryLimit = config.ByteSize(memoryLimit(int64(c.Engine.MemoryLimit), size))
	log.Debug("memory", "limit", int64(h.config.Engine.MemoryLimit), "function_mb", size, "scratch", h.scratch)
	h.lake, err = o.Open(ctx, OpenOptions{
		Config: h.config, Dir: file.Dir, Function: function, Scratch: h.scratch, Room: h.room(),
		Log: log, Now: o.Now, Getenv: o.Getenv,
	})
	if err != nil {
		return nil, err
	}
	if endpoint := c.AWS.Tracing.Endpoint; endpoint != "" {
		h.tracer = tracing.NewExporter(tracing.Options{
			Endpoint: endpoint, Service: h.name, Version: o.Version, Headers: headers(c.AWS.Tracing.Headers, h.lake),
		})
	}
	return h, nil
}

// confine keeps temporary files to the scratch folder, whoever makes them: no
// other folder can be written to, and there may be no home directory.
func (h *handler) confine(o Options) error {
	if err := sweep(o.Temp); err != nil {
		return err
	}
	if err := emptied(h.scratch); err != nil {
		return err
	}
	if err := o.Setenv("TMPDIR", h.scratch); err != nil {
		return err
	}
	if home, _ := o.Getenv("HOME"); home == "" {
		return o.Setenv("HOME", h.scratch)
	}
	return nil
}

// headers resolves the headers of traces when they are sent.
func headers(refs map[string]config.Ref, l Lake) func(context.Context) (map[string]string, error) {
	return func(ctx context.Context) (map[string]string, error) {
		values := map[string]string{}
		for name, ref := range refs {
			value, err := l.Resolve(ctx, ref)
			if err != nil {
				return nil, err
			}
			values[name] = value
		}
		return values, nil
	}
}

// serve deals with events until ctx ends, and returns the exit status.
func serve(ctx context.Context, api runtimeAPI, h *handler, setenv func(key, value string) error) int {
	for {
		inv, err := api.next(ctx)
		if ctx.Err() != nil {
			return 0
		}
		if err != nil {
			h.log.Error("no event can be had", "error", err)
			return 1
		}
		if err := setenv(envTraceID, inv.trace); err != nil { // the SDK hands it on
			h.log.Warn("the trace is not handed on", "error", err)
		}
		answer, failure, broken := deal(ctx, h, inv)
		if failure != nil {
			err = api.fail(ctx, inv.id, failure)
		} else {
			err = api.respond(ctx, inv.id, answer)
		}
		if err != nil {
			// Who invoked the function hears of it when the process ends.
			h.log.Error("the answer cannot be given", "requestId", inv.id, "error", err)
			return 1
		}
		if broken {
			return 1
		}
	}
}

// deal calls the handler. broken says that it panicked: who knows what it left.
func deal(ctx context.Context, h *handler, inv invocation) (answer []byte, failure *tasks.FunctionError, broken bool) {
	defer func() {
		if p := recover(); p != nil {
			broken = true
			failure = &tasks.FunctionError{
				Type: string(lake.Internal), Message: fmt.Sprintf("a defect of wplake: %v", p), Trace: frames(debug.Stack()),
			}
			h.log.Error("a defect of wplake", "requestId", inv.id, "panic", fmt.Sprint(p), "stack", failure.Trace)
		}
	}()
	result, err := h.handle(ctx, inv)
	if err != nil {
		return nil, tasks.AsFunctionError(err), false
	}
	answer, err = json.Marshal(result)
	if err != nil {
		return nil, tasks.AsFunctionError(err), false
	}
	return answer, nil, false
}

// frames are the first lines of a stack's text.
func frames(stack []byte) []string {
	const most = 40
	lines := strings.Split(strings.TrimSpace(string(stack)), "\n")
	return lines[:min(len(lines), most)]
}
