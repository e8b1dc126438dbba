package jsonata

import (
	"context"
	"errors"
	"runtime"
	"runtime/metrics"
	"time"
)

// Limits of one evaluation: steps, time and the memory that it may hold.
const (
	maxSteps  = 20_000_000
	maxTime   = 3 * time.Second
	maxMemory = 64 << 20
)

// The bounds that an evaluation can hit, in the words of Step Functions.
const (
	stackMessage  = "Stack overflow error: Check for non-terminating recursive function. Consider rewriting as tail-recursive."
	timeMessage   = "Expression evaluation timeout: Check for infinite loop"
	memoryMessage = "Expression evaluation memory limit exceeded: Check for excessive memory usage"
)

var (
	errTime   = errors.New(timeMessage)   //nolint:staticcheck // the words of Step Functions
	errMemory = errors.New(memoryMessage) //nolint:staticcheck // the words of Step Functions
)

// meter is the context of one evaluation. The engine asks for its Err before
// each step, which makes it the place to count steps and to look at memory.
type meter struct {
	context.Context
	steps    int
	interval int
	started  time.Time
	ceiling  uint64 // bytes of live heap at which to look closely
	sample   [1]metrics.Sample
	failed   error
}

func newMeter(interval int) *meter {
	return &meter{Context: context.Background(), interval: interval}
}

// freeSteps are not metered: within so few nothing large can come about.
const freeSteps = 24

// Err returns why the evaluation must end, or nil.
func (m *meter) Err() error {
	m.steps++
	if m.steps < freeSteps || m.steps%m.interval != 0 {
		return m.failed
	}
	if m.failed != nil {
		return m.failed
	}
	if m.started.IsZero() {
		m.started = time.Now()
		m.sample[0].Name = "/memory/classes/heap/objects:bytes"
		m.ceiling = m.heap() + maxMemory
	}
	if m.steps > maxSteps || time.Since(m.started) > maxTime {
		m.failed = errTime
		return m.failed
	}
	if heap := m.heap(); heap > m.ceiling {
		// The heap also holds garbage and what others use, so look again
		// without the garbage before blaming this evaluation.
		runtime.GC()
		if m.heap() > m.ceiling {
			m.failed = errMemory
			return m.failed
		}
		m.ceiling = heap + maxMemory
	}
	return nil
}

func (m *meter) heap() uint64 {
	metrics.Read(m.sample[:])
	return m.sample[0].Value.Uint64()
}
