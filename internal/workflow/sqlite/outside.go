package sqlite

import (
	"context"
	"errors"
	"time"

	"wplake/internal/asl"
	"wplake/internal/workflow"
)

// Signal lays down messages for executions.
func (s *Store) Signal(ctx context.Context, signals ...workflow.Signal) error {
	return s.transact(ctx, func(t *tx) error {
		for _, g := range signals {
			if err := t.signal(g); err != nil {
				return err
			}
		}
		return nil
	})
}

// signal lays down a message where its execution runs.
func (t *tx) signal(g workflow.Signal) error {
	if g.Execution != 0 {
		return t.exec(`INSERT INTO signals (execution, kind, effect, body)
			SELECT id, ?, ?, ? FROM executions WHERE id = ? AND status = ?`,
			string(g.Kind), g.Effect, blob(g.Body), g.Execution, string(asl.Running))
	}
	return t.exec(`INSERT INTO signals (execution, kind, effect, body)
		SELECT id, ?, ?, ? FROM executions WHERE arn = ? AND status = ?`,
		string(g.Kind), g.Effect, blob(g.Body), g.ARN, string(asl.Running))
}

// Signals returns the messages for the executions of an owner.
func (s *Store) Signals(ctx context.Context, owner string, after int64) ([]workflow.Signal, error) {
	found, err := query(ctx, s.db, func(r scanner) (g workflow.Signal, err error) {
		err = r.Scan(&g.ID, &g.Execution, &g.Kind, &g.Effect, &g.Body)
		return g, err
	}, `SELECT s.id, s.execution, s.kind, s.effect, s.body FROM signals s
		JOIN executions e ON e.id = s.execution WHERE e.owner = ? AND s.id > ? ORDER BY s.id LIMIT 1000`, owner, after)
	return found, s.failure(err)
}

// Token returns an open token.
func (s *Store) Token(ctx context.Context, token string) (workflow.Token, error) {
	k, err := one(ctx, s.db, func(r scanner) (k workflow.Token, err error) {
		var beat int64
		err = r.Scan(&k.Token, &k.Execution, &k.Effect, &k.Heartbeat, &beat)
		k.Beat = moment(beat)
		return k, err
	}, "SELECT token, execution, effect, heartbeat, beat FROM tokens WHERE token = ?", token)
	return k, s.failure(err)
}

// Answer closes an open token and lays down the signal.
func (s *Store) Answer(ctx context.Context, token string, now time.Time, g workflow.Signal) error {
	return s.transact(ctx, func(t *tx) error {
		err := t.row("SELECT execution, effect FROM tokens WHERE token = ? AND (beat = 0 OR beat > ?)",
			[]any{token, nanos(now)}, &g.Execution, &g.Effect)
		if err != nil {
			return err
		}
		if err := t.exec("DELETE FROM tokens WHERE token = ?", token); err != nil {
			return err
		}
		return t.signal(g)
	})
}

// Beat sets the time until which an open token lives.
func (s *Store) Beat(ctx context.Context, token string, now, until time.Time) error {
	return s.transact(ctx, func(t *tx) error {
		n, err := t.change(`UPDATE tokens SET beat = CASE WHEN heartbeat = 0 THEN 0 ELSE ? END
			WHERE token = ? AND (beat = 0 OR beat > ?)`, nanos(until), token, nanos(now))
		if err == nil && n == 0 {
			err = workflow.ErrNotFound
		}
		return err
	})
}

// Take takes the oldest piece of work for an activity.
func (s *Store) Take(ctx context.Context, activity string, start func(workflow.Work) workflow.Signal) (workflow.Work, error) {
	w := workflow.Work{Activity: activity}
	err := s.transact(ctx, func(t *tx) error {
		var id int64
		err := t.row("SELECT id, execution, effect, token, heartbeat, input FROM work WHERE activity = ? ORDER BY id LIMIT 1",
			[]any{activity}, &id, &w.Execution, &w.Effect, &w.Token, &w.Heartbeat, &w.Input)
		if err != nil {
			return err
		}
		if err := t.exec("DELETE FROM work WHERE id = ?", id); err != nil {
			return err
		}
		beat := time.Time{}
		if w.Heartbeat > 0 {
			beat = s.now().Add(w.Heartbeat)
		}
		if err := t.exec("UPDATE tokens SET beat = ? WHERE token = ?", nanos(beat), w.Token); err != nil {
			return err
		}
		return t.signal(start(w))
	})
	return w, err
}

// Document returns a document.
func (s *Store) Document(ctx context.Context, kind, key string) (workflow.Document, error) {
	d, err := one(ctx, s.db, scanDocument, "SELECT kind, key, revision, body FROM documents WHERE kind = ? AND key = ?", kind, key)
	return d, s.failure(err)
}

func scanDocument(r scanner) (d workflow.Document, err error) {
	err = r.Scan(&d.Kind, &d.Key, &d.Revision, &d.Body)
	return d, err
}

// PutDocument writes a document over the revision that it replaces.
func (s *Store) PutDocument(ctx context.Context, d workflow.Document, replaces int64) error {
	if d.Revision <= replaces {
		return s.failure(errors.New("a document's new revision must be above the one it replaces"))
	}
	body := d.Body
	if body == nil {
		body = []byte{}
	}
	return s.transact(ctx, func(t *tx) error {
		text := "UPDATE documents SET revision = ?3, body = ?4 WHERE kind = ?1 AND key = ?2 AND revision = ?5"
		if replaces == 0 {
			text = `INSERT INTO documents (kind, key, revision, body)
				SELECT ?1, ?2, ?3, ?4 WHERE ?5 = 0 ON CONFLICT DO NOTHING`
		}
		n, err := t.change(text, d.Kind, d.Key, d.Revision, body, replaces)
		if err == nil && n == 0 {
			err = workflow.ErrConflict
		}
		return err
	})
}

// DeleteDocument removes a document.
func (s *Store) DeleteDocument(ctx context.Context, kind, key string) error {
	return s.transact(ctx, func(t *tx) error {
		return t.exec("DELETE FROM documents WHERE kind = ? AND key = ?", kind, key)
	})
}

// Documents returns the documents of a kind.
func (s *Store) Documents(ctx context.Context, kind, after string, limit int) ([]workflow.Document, error) {
	if limit <= 0 {
		limit = -1
	}
	found, err := query(ctx, s.db, scanDocument,
		"SELECT kind, key, revision, body FROM documents WHERE kind = ? AND key > ? ORDER BY key LIMIT ?", kind, after, limit)
	return found, s.failure(err)
}
