package workflow_test

import (
	"context"
	"errors"
	"testing"

	"wplake/internal/workflow"
)

// The task in flight ends, the one after it does not begin.
func TestDrain(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	arrived, release := make(chan struct{}, 9), make(chan struct{})
	b.tasks.do = func(_ context.Context, c workflow.Call) (any, error) {
		arrived <- struct{}{}
		<-release
		return c.State, nil
	}
	e := b.open(t)
	m := machine("m", `{"StartAt":"A","States":{"A":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Next":"B"},`+
		`"B":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","End":true}}}`)
	b.machines[m.ARN] = m
	x := start(t, e, m, "x", "{}")
	<-arrived
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := e.Drain(ended); !errors.Is(err, context.Canceled) {
		t.Fatalf("with a task in flight: %v", err)
	}
	close(release)
	if err := e.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if n := b.tasks.count(); n != 1 {
		t.Errorf("%d tasks were called, want the first alone", n)
	}
	next := b.open(t)
	if err := next.Resume(t.Context()); err != nil {
		t.Fatal(err)
	}
	got, err := next.Wait(t.Context(), x.ARN)
	if err != nil || string(got.Output) != `"B"` || b.tasks.count() != 2 {
		t.Errorf("after the restart: %s, %v, %d calls", got.Output, err, b.tasks.count())
	}
}
