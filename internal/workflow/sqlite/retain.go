package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"wplake/internal/workflow"
)

// removeAtOnce is how many executions one transaction removes, so that others
// can write in between.
const removeAtOnce = 100

// Remove removes executions that have ended.
func (s *Store) Remove(ctx context.Context, before time.Time, size int64) (int, error) {
	removed := 0
	for {
		n, err := s.removeSome(ctx, before, size)
		removed += n
		if err != nil || n == 0 {
			return removed, err
		}
	}
}

func (s *Store) removeSome(ctx context.Context, before time.Time, size int64) (int, error) {
	removed := 0
	err := s.transact(ctx, func(t *tx) error {
		removed = 0
		var used int64
		if size > 0 {
			if err := t.row(`SELECT (SELECT page_count FROM pragma_page_count) * (SELECT page_size FROM pragma_page_size)
				- (SELECT freelist_count FROM pragma_freelist_count) * (SELECT page_size FROM pragma_page_size)`, nil, &used); err != nil {
				return err
			}
		}
		for removed < removeAtOnce {
			var key, stopped, bytes int64
			err := t.row(`SELECT id, stopped, bytes + coalesce((SELECT sum(c.bytes) FROM map_runs r
					JOIN executions c ON c.map_run = r.arn AND c.map_run != '' WHERE r.execution = executions.id), 0)
				FROM executions WHERE stopped != 0 AND map_run = '' ORDER BY stopped LIMIT 1`, nil, &key, &stopped, &bytes)
			if errors.Is(err, workflow.ErrNotFound) {
				return nil
			}
			if err != nil {
				return err
			}
			if stopped >= nanos(before) && (size <= 0 || used <= size) {
				return nil
			}
			if err := t.forget(key, stopped); err != nil {
				return err
			}
			used -= bytes
			removed++
		}
		return nil
	})
	if err != nil || removed == 0 {
		return 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return removed, s.failure(giveBack(context.WithoutCancel(ctx), s.conn))
}

// giveBack returns free pages to the file system: the pragma does so while its
// rows are read.
func giveBack(ctx context.Context, conn *sql.Conn) (err error) {
	rows, err := conn.QueryContext(ctx, "PRAGMA incremental_vacuum")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		continue
	}
	return rows.Err()
}

// nameFor is how long the name of an execution that has ended stays taken.
const nameFor = 90 * 24 * time.Hour

// forget removes an execution and remembers its name for as long as it is taken.
func (t *tx) forget(key, stopped int64) error {
	if err := t.exec(`INSERT INTO names (arn, until) SELECT arn, ? FROM executions WHERE id = ? AND ? > ?
		ON CONFLICT (arn) DO UPDATE SET until = excluded.until`,
		stopped+int64(nameFor), key, stopped+int64(nameFor), nanos(t.s.now())); err != nil {
		return err
	}
	if err := t.exec("DELETE FROM names WHERE until <= ?", nanos(t.s.now())); err != nil {
		return err
	}
	return t.remove(key)
}

// remove removes an execution with all that belongs to it.
func (t *tx) remove(key int64) error {
	children, err := t.keys("SELECT c.id FROM map_runs r JOIN executions c ON c.map_run = r.arn AND c.map_run != '' WHERE r.execution = ?", key)
	if err != nil {
		return err
	}
	for _, k := range append(children, key) {
		if err := t.exec("DELETE FROM log WHERE id BETWEEN ? AND ?", k<<seqBits, (k+1)<<seqBits-1); err != nil {
			return err
		}
		if err := t.exec("DELETE FROM executions WHERE id = ?", k); err != nil {
			return err
		}
	}
	runs, err := t.texts("SELECT arn FROM map_runs WHERE execution = ?", key)
	if err != nil {
		return err
	}
	for _, run := range runs {
		if err := t.exec("DELETE FROM documents WHERE kind = ?", workflow.ResultsKind(run)); err != nil {
			return err
		}
	}
	for _, text := range []string{
		"DELETE FROM map_runs WHERE execution = ?",
		"DELETE FROM snapshots WHERE execution = ?",
		"DELETE FROM tokens WHERE execution = ?",
		"DELETE FROM work WHERE execution = ?",
		"DELETE FROM signals WHERE execution = ?",
	} {
		if err := t.exec(text, key); err != nil {
			return err
		}
	}
	return nil
}

// keys returns a column of keys.
func (t *tx) keys(text string, args ...any) ([]int64, error) { return column[int64](t, text, args...) }

// texts returns a column of texts.
func (t *tx) texts(text string, args ...any) ([]string, error) {
	return column[string](t, text, args...)
}

func column[T any](t *tx, text string, args ...any) (found []T, err error) {
	rows, err := t.s.conn.QueryContext(t.ctx, text, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var v T
		if err := rows.Scan(&v); err != nil {
			return nil, err
		}
		found = append(found, v)
	}
	return found, rows.Err()
}
