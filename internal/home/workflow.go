package home

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"wplake/internal/asl"
	"wplake/internal/lake"
	"wplake/internal/lock"
	"wplake/internal/lock/filelock"
	"wplake/internal/store"
	"wplake/internal/workflow"
	"wplake/internal/workflow/sqlite"
	"wplake/internal/workflow/tasks"
)

// Workflow is what runs state machines in this home. Its methods may be called
// concurrently.
type Workflow struct {
	Engine   *workflow.Engine
	Registry *workflow.Registry

	home   *Home
	store  *sqlite.Store
	tasks  *tasks.Tasks
	frames *frames
}

// Workflow opens what runs state machines. Executions of dead processes stay
// where they are until Resume.
func (h *Home) Workflow(ctx context.Context) (*Workflow, error) {
	if h.workflow != nil {
		return h.workflow, nil
	}
	if err := h.checkCommands(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(h.State, 0o750); err != nil {
		return nil, store.Failure("create", h.State, err)
	}
	kept, err := sqlite.Open(ctx, filepath.Join(h.State, "workflow.db"), h.Now,
		func(path string) lock.Locker { return filelock.New(path, h.Now) })
	if err != nil {
		return nil, err
	}
	h.onClose(kept.Close)
	w := &Workflow{home: h, store: kept, frames: newFrames(h)}
	w.tasks = w.newTasks()
	c := h.Config.Workflow
	w.Registry = workflow.NewRegistry(kept, h.Now, c.Account, c.Region)
	w.Engine, err = workflow.Open(ctx, workflow.Options{
		Store: kept, Tasks: w.tasks, Objects: w.tasks, Machines: runnable{w}, Parquet: h.parquetRows, Log: h.Log, Now: h.Now,
		Account: c.Account, Region: c.Region, Interrupted: workflow.Interrupted(c.Interrupted), Parallel: c.Parallel,
	})
	if err != nil {
		return nil, err
	}
	h.onClose(w.Engine.Close)
	h.workflow = w
	return w, nil
}

// runnable are the machines of the registry that this home can run, for
// executions that start others.
type runnable struct{ w *Workflow }

// Machine returns a machine to start; see workflow.Machines.
func (r runnable) Machine(ctx context.Context, arn string) (workflow.StateMachine, error) {
	m, err := r.w.Registry.Machine(ctx, arn)
	if err != nil {
		return m, err
	}
	if err := r.w.Check([]byte(m.Definition)); err != nil {
		return m, workflow.Errorf(workflow.ValidationException, "%s", err)
	}
	return m, nil
}

// Forsaken reports whether an execution has not ended and its process has died:
// it goes on where it was when somebody resumes it.
func (w *Workflow) Forsaken(ctx context.Context, x workflow.Execution) (bool, error) {
	if x.Status != asl.Running {
		return false, nil
	}
	alive, err := w.store.Alive(ctx, x.Owner)
	return !alive, err
}

// Tasks are what tasks of state machines reach in this home.
func (w *Workflow) Tasks() workflow.Tasks { return w.tasks }

// Definition is the lake's state machine: the file that the definition names,
// or the built-in one.
func (h *Home) Definition() ([]byte, error) { return lakeMachine(h.Config, h.dir) }

// Machine is the lake's state machine.
func (w *Workflow) Machine() (workflow.StateMachine, error) {
	text, err := w.home.Definition()
	if err != nil {
		return workflow.StateMachine{}, err
	}
	return w.NewMachine(w.home.Config.Workflow.Name, text, workflow.Standard)
}

// NewMachine makes a state machine of a definition, and tells whatever this
// home could not run: a *lake.Error with the code WorkflowInvalid.
func (w *Workflow) NewMachine(name string, definition []byte, t workflow.MachineType) (workflow.StateMachine, error) {
	if err := w.Check(definition); err != nil {
		return workflow.StateMachine{}, err
	}
	c, now := w.home.Config.Workflow, w.home.Now()
	return workflow.StateMachine{
		ARN:  fmt.Sprintf("arn:aws:states:%s:%s:stateMachine:%s", c.Region, c.Account, name),
		Name: name, Type: t, Definition: string(definition), Created: now, Updated: now,
	}, nil
}

// Check tells what keeps this home from running a definition: Step Functions
// would refuse it, or a task calls what the home does not know.
func (w *Workflow) Check(definition []byte) error {
	m, err := asl.Parse(definition)
	// The parser takes some of what is refused on AWS, in words of its own.
	if refusal := asl.RefusalMessage(asl.Validate(definition, false)); refusal != "" {
		err = errors.New(refusal)
	}
	if err != nil {
		return &lake.Error{
			Code: lake.WorkflowInvalid, Err: err, Message: "the state machine is not valid",
			Hint: "see all of it: wplake workflow validate FILE",
		}
	}
	var errs []error
	for s := range m.All() {
		if s.Type != asl.Task {
			continue
		}
		if err := w.tasks.Check(s.Resource, s.Template()); err != nil {
			errs = append(errs, fmt.Errorf("state %q: %w", s.Name, err))
		}
	}
	if len(errs) == 0 {
		return nil
	}
	return &lake.Error{
		Code: lake.WorkflowInvalid, Err: errors.Join(errs...), Message: "this home cannot run the state machine",
		Hint: "a function or job that is a program on this machine can be named in workflow.commands",
	}
}

// StartRequest says what to run.
type StartRequest struct {
	Definition  []byte // nil: the lake's own
	MachineName string
	Name        string // of the execution, "" for any
	Input       []byte
	Express     bool
}

// Run runs an execution in this process and waits for its end. When ctx ends
// first, the execution is stopped.
func (w *Workflow) Run(ctx context.Context, r StartRequest) (workflow.Execution, error) {
	m, err := w.Machine()
	if r.Definition != nil {
		m, err = w.NewMachine(r.MachineName, r.Definition, workflow.Standard)
	}
	if err != nil {
		return workflow.Execution{}, err
	}
	if r.Name == "" {
		r.Name = NewRunID(w.home.Now())
	}
	in := workflow.StartInput{Machine: m, Name: r.Name, Input: r.Input}
	if r.Express {
		in.Machine.Type = workflow.Express
		return w.Engine.StartSync(ctx, in)
	}
	x, err := w.Engine.Start(ctx, in)
	if err != nil {
		return workflow.Execution{}, err
	}
	return w.finish(ctx, x.ARN)
}

// Resume goes on with the executions whose process died, waits until all of
// them have ended, and returns them.
func (w *Workflow) Resume(ctx context.Context) ([]workflow.Execution, error) {
	if err := w.Engine.Resume(ctx); err != nil {
		return nil, err
	}
	running, _, err := w.Engine.List(ctx, workflow.Filter{Status: asl.Running, Limit: 1000, Oldest: true})
	if err != nil {
		return nil, err
	}
	var ended []workflow.Execution
	for _, x := range running {
		if x.Owner != w.Engine.Owner() {
			continue
		}
		x, err := w.Engine.Wait(ctx, x.ARN)
		if err != nil {
			return ended, err
		}
		ended = append(ended, x)
	}
	return ended, nil
}
