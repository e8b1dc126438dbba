package cli

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"wplake/internal/asl"
	"wplake/internal/home"
	"wplake/internal/workflow"
	"wplake/internal/workflow/api"
)

// server is what "wplake serve" serves.
type server struct {
	app       *app
	home      *home.Home
	workflow  *home.Workflow
	scheduler schedulerOf
	keys      *api.Keys
	host      string
	log       *slog.Logger
	answering atomic.Bool
}

func (s *server) http(ctx context.Context) *http.Server {
	c := s.home.Config.Workflow
	return api.New(api.Options{
		Engine: s.workflow.Engine, Registry: s.workflow.Registry, Keys: s.keys, Host: s.host, Now: s.home.Now, Log: s.log,
		TestState: api.TestState(s.workflow.Tasks(), c.Account, c.Region, s.home.Now),
		Check:     s.workflow.Check,
		Health:    s.health,
	}).HTTP(ctx)
}

// begin registers the lake's workflow and goes on with what was left undone.
func (s *server) begin(ctx context.Context) error {
	if err := s.workflow.Register(ctx); err != nil {
		return err
	}
	return s.workflow.Engine.Resume(ctx)
}

// What keep does beside the schedules, and how often.
const (
	adoptEvery  = time.Minute // takes over executions whose process died
	retainEvery = time.Hour   // removes old executions
)

// keep keeps the schedules, and the executions tidy.
func (s *server) keep(ctx context.Context) error {
	tidied := make(chan struct{})
	go func() {
		defer close(tidied)
		s.tidy(ctx)
	}()
	err := s.scheduler.Run(ctx)
	if err == nil {
		<-tidied
	}
	return err
}

// tidy adopts and removes executions until ctx ends. What goes wrong is logged
// and tried again.
func (s *server) tidy(ctx context.Context) {
	for n := 0; ctx.Err() == nil; n++ {
		if n%int(retainEvery/adoptEvery) == 0 {
			removed, err := s.workflow.Retain(ctx)
			if err != nil && ctx.Err() == nil {
				s.log.Error("old executions could not be removed", "error", err)
			} else if removed > 0 {
				s.log.Info("removed old executions", "count", removed)
			}
		}
		timer := time.NewTimer(adoptEvery)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		if err := s.workflow.Engine.Resume(ctx); err != nil && ctx.Err() == nil {
			s.log.Error("executions of dead processes could not be taken over", "error", err)
		}
	}
}

// ready tells that requests are answered.
func (s *server) ready(address string) {
	s.answering.Store(true)
	s.log.Info("serving", "address", address)
	if s.app.json {
		// Standard output may be closed; serving goes on.
		_ = s.app.printJSON(struct {
			Address string `json:"address"`
			URL     string `json:"url"`
		}{address, "http://" + address})
	}
	if !s.app.quiet {
		fmt.Fprintf(s.app.stderr, "wplake: serving the lake in %s at http://%s (Ctrl-C stops it)\n", s.home.Root, address)
	}
}

// healthDocument is what /healthz tells.
type healthDocument struct {
	Ready      bool              `json:"ready"`
	Executions *executionHealth  `json:"executions,omitempty"`
	Schedules  []scheduleHealth  `json:"schedules,omitempty"`
	Troubles   map[string]string `json:"troubles,omitempty"`
}

type executionHealth struct {
	Running int `json:"running"`
	// More tells that there are more than were counted.
	More bool `json:"more,omitempty"`
}

type scheduleHealth struct {
	Name        string    `json:"name"`
	State       string    `json:"state"`
	Next        time.Time `json:"next,omitzero"`
	LastSuccess time.Time `json:"last_success,omitzero"`
	LastStatus  string    `json:"last_status,omitempty"`
	Running     int       `json:"running"`
	Overdue     bool      `json:"overdue,omitempty"`
}

// mostRunning is how many running executions are counted at most.
const mostRunning = 1000

// health tells how the process stands. Beyond this machine, where whoever asks
// has not signed, it tells no more than that.
func (s *server) health(ctx context.Context) (any, bool) {
	d := healthDocument{Ready: s.answering.Load(), Troubles: map[string]string{}}
	trouble := func(what string, err error) {
		if err != nil {
			d.Ready, d.Troubles[what] = false, err.Error()
		}
	}
	running, next, err := s.workflow.Engine.List(ctx, workflow.Filter{Status: asl.Running, Limit: mostRunning})
	trouble("executions", err)
	d.Executions = &executionHealth{Running: len(running), More: next != ""}
	trouble("schedules", s.scheduler.Health())
	list, err := s.scheduler.List(ctx)
	trouble("schedules", err)
	for _, st := range list {
		h := scheduleHealth{
			Name: st.Name, State: st.State, Next: st.Next, LastSuccess: st.LastSuccess,
			Running: len(st.Running), Overdue: !st.AlertedAt.IsZero(),
		}
		if st.Last != nil {
			h.LastStatus = st.Last.Status
		}
		d.Schedules = append(d.Schedules, h)
	}
	if s.keys != nil {
		return healthDocument{Ready: d.Ready}, d.Ready
	}
	return d, d.Ready
}
