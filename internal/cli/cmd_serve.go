package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"wplake/internal/home"
	"wplake/internal/lake"
	"wplake/internal/schedule/scheduler"
	"wplake/internal/serve"
	"wplake/internal/workflow/api"
)

// serveFlags are the flags of serve.
type serveFlags struct {
	listen string
	grace  time.Duration
	unit   bool
}

func (a *app) serveCommand() *cobra.Command {
	var f serveFlags
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Keep the schedules and answer Step Functions' API",
		Long: `Runs until it is stopped: starts what the schedules say, goes on with executions
whose process died, and answers Step Functions' API, so that the AWS CLI and the SDKs
work against the lake. The lake's workflow is there as the state machine with the name
workflow.name. GET /healthz tells how it stands, with the status 200 or 503.

It listens on this machine alone (serve.listen, default 127.0.0.1:8083). Beyond it
requests must be signed, with serve.access_key and serve.secret_key.

On SIGTERM or Ctrl-C no more requests are taken and no more tasks begun; what is in
flight has --grace to end. What has not ended then goes on with the next start, as
all executions do.`,
		Example: `  wplake serve
  wplake serve --listen 127.0.0.1:0 --json
  wplake serve --print-unit | sudo tee /etc/systemd/system/wplake.service
  aws stepfunctions list-state-machines --endpoint-url http://127.0.0.1:8083`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := a.localOnly("serve", "on AWS nothing has to stay: wplake deploy apply"); err != nil {
				return err
			}
			if f.grace < 0 {
				return usageError{fmt.Errorf("--grace %s is below zero", f.grace)}
			}
			if f.unit {
				return a.printUnit(f)
			}
			return a.withHome(cmd.Context(), func(h *home.Home) error { return a.serve(cmd.Context(), h, f) })
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.listen, "listen", "", "host:port instead of the definition's serve.listen; port 0 takes a free one")
	flags.DurationVar(&f.grace, "grace", 30*time.Second, "how long requests and tasks in flight may take to end")
	flags.BoolVar(&f.unit, "print-unit", false, "print a systemd unit that runs this lake's server, and end")
	return cmd
}

// printUnit prints a systemd unit for the lake.
func (a *app) printUnit(f serveFlags) error {
	if f.listen != "" {
		return usageError{errors.New("the unit listens as the definition says: set serve.listen there instead of --listen")}
	}
	c, file, err := a.loadConfig()
	if err != nil {
		return err
	}
	u := serve.Unit{Config: filepath.Join(file.Dir, filepath.Base(file.Name)), Root: file.Abs(c.Root), Grace: f.grace}
	if a.root != "" {
		if u.Root, err = filepath.Abs(a.root); err != nil {
			return usageError{err}
		}
	}
	if u.Binary, err = os.Executable(); err != nil {
		return err
	}
	if who, err := user.Current(); err == nil {
		u.User = who.Username
	}
	if a.json {
		return a.printJSON(struct {
			Unit string `json:"unit"`
		}{u.String()})
	}
	_, err = fmt.Fprint(a.stdout, u)
	return err
}

// serve serves a lake until ctx ends.
func (a *app) serve(ctx context.Context, h *home.Home, f serveFlags) error {
	listen := f.listen
	if listen == "" {
		listen = h.Config.Serve.Listen
	}
	keys, err := serveKeys(ctx, h)
	if err != nil {
		return err
	}
	release, err := h.Serving(ctx, "wplake serve")
	if err != nil {
		return err
	}
	s := &server{app: a, home: h, keys: keys, log: h.Log}
	s.host, _, _ = net.SplitHostPort(listen) // what it is no address for, Run refuses
	if s.workflow, err = h.Workflow(ctx); err == nil {
		s.scheduler, err = h.Scheduler(ctx, "wplake serve")
	}
	if err == nil {
		err = serve.Run(ctx, serve.Options{
			Listen: listen, Signed: keys != nil, Grace: f.grace, Getenv: os.LookupEnv, Log: h.Log,
			Server: s.http, Begin: s.begin, Keep: s.keep, Drain: s.workflow.Drain, Ready: s.ready,
		})
	}
	if err != nil {
		h.Log.Error("the server ended", "error", err)
	} else {
		h.Log.Info("the server was told to stop, and has ended")
	}
	return errors.Join(err, release())
}

// serveKeys are the keys that requests must be signed with, nil for none.
func serveKeys(ctx context.Context, h *home.Home) (*api.Keys, error) {
	c := h.Config.Serve
	if c.AccessKey == "" && c.SecretKey == "" {
		return nil, nil
	}
	var k api.Keys
	var err error
	if k.Access, err = h.Resolve(ctx, c.AccessKey); err != nil {
		return nil, err
	}
	if k.Secret, err = h.Resolve(ctx, c.SecretKey); err != nil {
		return nil, err
	}
	if k.Access == "" || k.Secret == "" {
		return nil, &lake.Error{
			Code: lake.ConfigInvalid, Message: "serve.access_key and serve.secret_key go together, and one of them is empty",
			Hint: "set both in the definition, or neither and listen on 127.0.0.1",
		}
	}
	return &k, nil
}

// schedulerOf is what serve needs of the scheduler.
type schedulerOf interface {
	Run(ctx context.Context) error
	Health() error
	List(ctx context.Context) ([]scheduler.Status, error)
}
