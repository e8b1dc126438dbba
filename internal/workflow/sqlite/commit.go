package sqlite

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"time"

	"wplake/internal/asl"
	"wplake/internal/workflow"
)

// seqBits is how many bits of a block's id number it within its execution.
const seqBits = 26

// Commit writes changes in one transaction. When that fails and there are
// several, each is tried alone, so that one does not spoil the others.
func (s *Store) Commit(ctx context.Context, changes []*workflow.Change) error {
	err := s.transact(ctx, func(t *tx) error {
		for _, c := range changes {
			if err := t.apply(c); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil || len(changes) == 1 {
		return err
	}
	for _, c := range changes {
		c.Err = nil
		if err := s.transact(ctx, func(t *tx) error { return t.apply(c) }); err != nil {
			c.Err = err
		}
	}
	return nil
}

// apply writes one change. Its Err is set where the execution is not as it
// should be, before anything is written.
func (t *tx) apply(c *workflow.Change) error {
	key, err := t.open(c)
	if err != nil || c.Err != nil {
		return err
	}
	if err := t.blocks(key, c.Blocks); err != nil {
		return err
	}
	if c.Snapshot != nil {
		seq := c.Blocks[len(c.Blocks)-1].Seq
		if err := t.exec("INSERT OR REPLACE INTO snapshots (execution, seq, body) VALUES (?, ?, ?)", key, seq, c.Snapshot); err != nil {
			return err
		}
	}
	for i := range c.Children {
		if err := t.child(&c.Children[i]); err != nil {
			return err
		}
	}
	for _, r := range c.MapRuns {
		if err := t.mapRun(key, r); err != nil {
			return err
		}
	}
	if err := t.outside(key, c); err != nil {
		return err
	}
	switch {
	case c.Update != nil:
		return t.update(key, c.Update)
	case c.Create != nil && c.Create.Status != asl.Running:
		return t.update(key, c.Create)
	}
	return nil
}

// open finds or creates the execution that a change is about.
func (t *tx) open(c *workflow.Change) (int64, error) {
	if c.Create == nil {
		if !c.Reopen {
			return c.Key, nil
		}
		var n int
		err := t.row("SELECT 1 FROM executions WHERE id = ? AND owner = '' AND status != ?", []any{c.Key, string(asl.Running)}, &n)
		if errors.Is(err, workflow.ErrNotFound) {
			c.Err, err = workflow.ErrConflict, nil
		}
		return c.Key, err
	}
	if c.Replaces != 0 {
		if err := t.remove(c.Replaces); err != nil {
			return 0, err
		}
	}
	key, err := t.create(c.Create)
	if errors.Is(err, workflow.ErrExists) {
		c.Err, err = err, nil
	}
	c.Create.Key, c.Key = key, key
	return key, err
}

const insertExecution = `INSERT INTO executions
	(arn, name, machine, version, alias, definition, about, map_run, status, started, stopped, redrives, redriven,
	 owner, wake, attention, bytes, parent, effect, notify, trace, input, output, error, cause)
	SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, 0, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24
	WHERE NOT EXISTS (SELECT 1 FROM names WHERE arn = ?1 AND until > ?10)
	ON CONFLICT DO NOTHING`

func (t *tx) create(k *workflow.Kept) (int64, error) {
	m := k.Machine
	definition, err := t.definition(m.Definition)
	if err != nil {
		return 0, err
	}
	rest, err := json.Marshal(aboutOf(m))
	if err != nil {
		return 0, err
	}
	r, err := t.result(insertExecution, k.ARN, k.Name, m.ARN, m.Version, m.Alias, definition, rest, k.MapRun, string(k.Status),
		nanos(k.Started), nanos(k.Stopped), k.Redrives, nanos(k.Redriven), k.Owner, nanos(k.Wake), k.Attention,
		k.Parent, k.ParentEffect, k.Notify, k.TraceHeader, []byte(k.Input), blob(k.Output), k.Error, k.Cause)
	if err != nil {
		return 0, err
	}
	if n, err := r.RowsAffected(); err != nil || n == 0 {
		return 0, errors.Join(err, workflow.ErrExists)
	}
	return r.LastInsertId()
}

// about is what is kept of a machine with each of its executions, besides its
// ARNs and its definition.
type about struct {
	Name                         string
	Type                         workflow.MachineType
	RoleARN, RevisionID, Comment string          `json:",omitempty"`
	Created, Updated             time.Time       `json:",omitzero"`
	Logging, Tracing, Encryption json.RawMessage `json:",omitempty"`
}

func aboutOf(m workflow.StateMachine) about {
	return about{m.Name, m.Type, m.RoleARN, m.RevisionID, m.Comment, m.Created, m.Updated, m.Logging, m.Tracing, m.Encryption}
}

func (a about) machine() workflow.StateMachine {
	return workflow.StateMachine{Name: a.Name, Type: a.Type, RoleARN: a.RoleARN, RevisionID: a.RevisionID, Comment: a.Comment,
		Created: a.Created, Updated: a.Updated, Logging: a.Logging, Tracing: a.Tracing, Encryption: a.Encryption}
}

func blob(b []byte) any {
	if b == nil {
		return nil
	}
	return b
}

// definition keeps the text of a machine once for all executions that run it.
func (t *tx) definition(text string) (int64, error) {
	hash := sha256.Sum256([]byte(text))
	if id, ok := t.s.known[hash]; ok {
		return id, nil
	}
	if err := t.exec("INSERT INTO definitions (hash, body) VALUES (?, ?) ON CONFLICT DO NOTHING", hash[:], []byte(text)); err != nil {
		return 0, err
	}
	var id int64
	if err := t.row("SELECT id FROM definitions WHERE hash = ?", []any{hash[:]}, &id); err != nil {
		return 0, err
	}
	if len(t.s.known) >= 1000 {
		clear(t.s.known)
	}
	t.s.known[hash] = id
	return id, nil
}

func (t *tx) blocks(key int64, blocks []workflow.Block) error {
	for _, b := range blocks {
		if b.Seq >= 1<<seqBits {
			return errors.New("the execution has more steps than its journal can number")
		}
		if err := t.exec("INSERT INTO log (id, last, body) VALUES (?, ?, ?)", key<<seqBits|b.Seq, b.Last, b.Body); err != nil {
			return err
		}
	}
	return nil
}

// update writes how the execution stands; what belongs to one that runs goes
// when it has ended.
func (t *tx) update(key int64, k *workflow.Kept) error {
	if k.Status == asl.Running {
		return t.exec(`UPDATE executions SET status = ?, stopped = 0, output = NULL, error = NULL, cause = NULL,
			redrives = ?, redriven = ?, owner = ?, wake = ?, attention = ? WHERE id = ?`,
			string(k.Status), k.Redrives, nanos(k.Redriven), k.Owner, nanos(k.Wake), k.Attention, key)
	}
	for _, text := range []string{
		"DELETE FROM tokens WHERE execution = ?", "DELETE FROM work WHERE execution = ?", "DELETE FROM signals WHERE execution = ?",
	} {
		if err := t.exec(text, key); err != nil {
			return err
		}
	}
	if k.Status == asl.Succeeded {
		// Nothing goes on from here any more.
		if err := t.exec("DELETE FROM snapshots WHERE execution = ?", key); err != nil {
			return err
		}
	}
	return t.exec(`UPDATE executions SET status = ?, stopped = ?, output = ?, error = ?, cause = ?, redrives = ?, redriven = ?,
			owner = '', wake = 0, attention = 0, bytes = 300 + length(input) + ?
				+ (SELECT coalesce(sum(length(body) + 20), 0) FROM log WHERE log.id BETWEEN ? AND ?)
				+ (SELECT coalesce(sum(length(body)), 0) FROM snapshots WHERE execution = executions.id)
		WHERE id = ?`,
		string(k.Status), nanos(k.Stopped), blob(k.Output), k.Error, k.Cause, k.Redrives, nanos(k.Redriven),
		len(k.Output), key<<seqBits, (key+1)<<seqBits-1, key)
}

// child writes what happened to an item of a distributed Map.
func (t *tx) child(c *workflow.Child) error {
	var key int64
	var err error
	if c.Create != nil {
		key, err = t.create(c.Create)
	} else {
		err = t.row("SELECT id FROM executions WHERE arn = ?", []any{c.ARN}, &key)
	}
	if err != nil {
		return err
	}
	if err := t.blocks(key, c.Blocks); err != nil {
		return err
	}
	if c.End == nil {
		return nil
	}
	return t.exec(`UPDATE executions SET status = ?, stopped = ?, output = ?, error = ?, cause = ?,
			redrives = max(redrives, ?), redriven = max(redriven, ?), bytes = 300 + length(input) + ?
				+ (SELECT coalesce(sum(length(body) + 20), 0) FROM log WHERE log.id BETWEEN ? AND ?)
		WHERE id = ?`,
		string(c.End.Status), nanos(c.End.Stopped), blob(c.End.Output), c.End.Error, c.End.Cause, c.End.Redrives, nanos(c.End.Redriven),
		len(c.End.Output), key<<seqBits, (key+1)<<seqBits-1, key)
}

func (t *tx) mapRun(key int64, r workflow.MapRun) error {
	body, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return t.exec(`INSERT INTO map_runs (arn, execution, started, body) VALUES (?, ?, ?, ?)
		ON CONFLICT (arn) DO UPDATE SET body = excluded.body`, r.ARN, key, nanos(r.Started), body)
}

// outside writes what the execution has to do with others.
func (t *tx) outside(key int64, c *workflow.Change) error {
	for _, k := range c.Tokens {
		if err := t.exec("INSERT INTO tokens (token, execution, effect, heartbeat, beat) VALUES (?, ?, ?, ?, ?)",
			k.Token, key, k.Effect, int64(k.Heartbeat), nanos(k.Beat)); err != nil {
			return err
		}
	}
	for _, token := range c.DropTokens {
		if err := t.exec("DELETE FROM tokens WHERE token = ?", token); err != nil {
			return err
		}
		if err := t.exec("DELETE FROM work WHERE execution = ? AND token = ?", key, token); err != nil {
			return err
		}
	}
	for _, w := range c.Work {
		if err := t.exec("INSERT INTO work (activity, execution, effect, token, heartbeat, input) VALUES (?, ?, ?, ?, ?, ?)",
			w.Activity, key, w.Effect, w.Token, int64(w.Heartbeat), w.Input); err != nil {
			return err
		}
	}
	for _, g := range c.Signals {
		if err := t.signal(g); err != nil {
			return err
		}
	}
	for _, id := range c.Handled {
		if err := t.exec("DELETE FROM signals WHERE id = ?", id); err != nil {
			return err
		}
	}
	return nil
}
