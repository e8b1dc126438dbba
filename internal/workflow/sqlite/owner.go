package sqlite

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"wplake/internal/lock"
	"wplake/internal/workflow"
)

func (s *Store) ownerFile(owner string) string { return filepath.Join(s.path+".owners", owner) }

// Enlist makes an owner known as alive.
func (s *Store) Enlist(ctx context.Context, owner string) (func() error, error) {
	path := s.ownerFile(owner)
	release, err := s.take(ctx, owner)
	if err != nil {
		return nil, err
	}
	if err := s.forget(ctx, owner); err != nil {
		return nil, errors.Join(err, release())
	}
	ctx = context.WithoutCancel(ctx)
	return func() error {
		// Nobody else ever has this name, so the file can go with the lock.
		return errors.Join(s.forget(ctx, owner), os.Remove(path), release())
	}, nil
}

// take locks an owner's file. Who clears away may have taken a file that was not
// locked yet for one of the dead, and removed it: then it is made once more.
func (s *Store) take(ctx context.Context, owner string) (func() error, error) {
	path := s.ownerFile(owner)
	for {
		release, err := s.locks(path).Acquire(ctx, lock.Holder{RunID: owner, PID: os.Getpid(), Since: s.now(), Command: "wplake"}, time.Second)
		if err != nil {
			return nil, err
		}
		_, err = os.Stat(path)
		if err == nil {
			return release, nil
		}
		if err := release(); err != nil || ctx.Err() != nil {
			return nil, errors.Join(err, ctx.Err())
		}
	}
}

// forget removes the files of dead owners that have no execution any more.
func (s *Store) forget(ctx context.Context, me string) error {
	entries, err := os.ReadDir(s.path + ".owners")
	if err != nil {
		return s.failure(err)
	}
	for _, e := range entries {
		other := e.Name()
		if other == me {
			continue
		}
		if alive, err := s.Alive(ctx, other); err != nil || alive {
			continue // an error is that of a file that has just gone
		}
		var owns bool
		err := s.db.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM executions WHERE owner = ?1)", other).Scan(&owns)
		if err != nil {
			return s.failure(err)
		}
		if owns {
			continue
		}
		release, err := s.locks(s.ownerFile(other)).Acquire(ctx, lock.Holder{RunID: me, PID: os.Getpid(), Since: s.now(), Command: "wplake"}, 0)
		if err != nil {
			continue // it lives
		}
		if err := errors.Join(os.Remove(s.ownerFile(other)), release()); err != nil {
			return s.failure(err)
		}
	}
	return nil
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
