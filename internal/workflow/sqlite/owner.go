package sqlite

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"wplake/internal/lock"
	"wplake/internal/workflow"
)

func (s *Store) ownerFile(owner string) string { return filepath.Join(s.path+".owners", owner) }

// Enlist makes an owner known as alive.
func (s *Store) Enlist(ctx context.Context, owner string) (func() error, error) {
	path := s.ownerFile(owner)
	release, err := s.locks(path).Acquire(ctx, lock.Holder{RunID: owner, PID: os.Getpid(), Since: s.now(), Command: "wplake"}, 0)
	if err != nil {
		return nil, err
	}
	return func() error {
		// Nobody else ever has this name, so the file can go with the lock.
		return errors.Join(release(), os.Remove(path))
	}, nil
}

// Alive reports whether the engine that an execution belongs to is one that lives.
func (s *Store) Alive(ctx context.Context, owner string) (bool, error) {
	if owner == "" {
		return false, nil
	}
	_, alive, err := s.locks(s.ownerFile(owner)).Holder(ctx)
	return alive, err
}

// Adopt gives the executions of dead owners to owner.
func (s *Store) Adopt(ctx context.Context, owner string, key int64) ([]workflow.Due, error) {
	const which = " AND (?2 = 0 OR id = ?2)"
	owners, err := query(ctx, s.db, func(r scanner) (name string, err error) {
		err = r.Scan(&name)
		return name, err
	}, "SELECT DISTINCT owner FROM executions WHERE owner != '' AND owner != ?1"+which, owner, key)
	if err != nil {
		return nil, s.failure(err)
	}
	for _, other := range owners {
		_, alive, err := s.locks(s.ownerFile(other)).Holder(ctx)
		if err != nil {
			return nil, err
		}
		if alive {
			continue
		}
		if err := s.transact(ctx, func(t *tx) error {
			return t.exec("UPDATE executions SET owner = ?3 WHERE owner = ?1"+which, other, key, owner)
		}); err != nil {
			return nil, err
		}
		if key != 0 {
			continue // it may own others
		}
		if err := os.Remove(s.ownerFile(other)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, s.failure(err)
		}
	}
	due, err := query(ctx, s.db, func(r scanner) (d workflow.Due, err error) {
		var wake int64
		err = r.Scan(&d.Key, &wake, &d.Attention)
		d.Wake = moment(wake)
		return d, err
	}, "SELECT id, wake, attention FROM executions WHERE owner = ?1"+which+" ORDER BY id", owner, key)
	return due, s.failure(err)
}
