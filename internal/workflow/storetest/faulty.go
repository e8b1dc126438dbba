package storetest

import (
	"context"
	"sync"

	"wplake/internal/workflow"
)

// Faulty is a store whose commits fail on demand.
type Faulty struct {
	workflow.Store

	mu   sync.Mutex
	fail func(changes []*workflow.Change) error
}

// Fail makes commits fail with what f returns, until Fail is called again; nil
// lets all pass.
func (s *Faulty) Fail(f func(changes []*workflow.Change) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = f
}

// Commit commits, or fails.
func (s *Faulty) Commit(ctx context.Context, changes []*workflow.Change) error {
	s.mu.Lock()
	f := s.fail
	s.mu.Unlock()
	if f != nil {
		if err := f(changes); err != nil {
			return err
		}
	}
	return s.Store.Commit(ctx, changes)
}
