package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"wplake/internal/workflow"
)

// scanner is a row.
type scanner interface{ Scan(into ...any) error }

// query returns all rows of a SELECT.
func query[T any](ctx context.Context, db *sql.DB, scan func(scanner) (T, error), text string, args ...any) (found []T, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	rows, err := db.QueryContext(context.WithoutCancel(ctx), text, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		row, err := scan(rows)
		if err != nil {
			return nil, err
		}
		found = append(found, row)
	}
	return found, rows.Err()
}

// one returns the only row of a SELECT, or ErrNotFound.
func one[T any](ctx context.Context, db *sql.DB, scan func(scanner) (T, error), text string, args ...any) (T, error) {
	v, err := scan(db.QueryRowContext(context.WithoutCancel(ctx), text, args...))
	if errors.Is(err, sql.ErrNoRows) {
		err = workflow.ErrNotFound
	}
	return v, err
}

const selectExecution = `SELECT id, arn, name, machine, version, alias, definition, about, map_run, status, started, stopped,
	redrives, redriven, owner, wake, attention, parent, effect, notify, trace, input, output, error, cause FROM executions `

// described is an execution whose definition is to be filled in.
type described struct {
	workflow.Kept
	definition int64
}

func scanDescribed(r scanner) (d described, err error) {
	var started, stopped, redriven, wake int64
	var rest, input, output []byte
	var arn, version, alias string
	k := &d.Kept
	err = r.Scan(&k.Key, &k.ARN, &k.Name, &arn, &version, &alias, &d.definition, &rest, &k.MapRun, &k.Status,
		&started, &stopped, &k.Redrives, &redriven, &k.Owner, &wake, &k.Attention, &k.Parent, &k.ParentEffect, &k.Notify,
		&k.TraceHeader, &input, &output, &k.Error, &k.Cause)
	if err != nil {
		return d, err
	}
	var a about
	if err := json.Unmarshal(rest, &a); err != nil {
		return d, fmt.Errorf("%w: %w", errDamaged, err)
	}
	k.Machine = a.machine()
	k.Machine.ARN, k.Machine.Version, k.Machine.Alias = arn, version, alias
	k.Started, k.Stopped, k.Redriven, k.Wake = moment(started), moment(stopped), moment(redriven), moment(wake)
	k.Input, k.Output = input, output
	return d, nil
}

// describe fills in the definition.
func (s *Store) describe(ctx context.Context, d described) (workflow.Kept, error) {
	text, ok := s.cache.Load(d.definition)
	if !ok {
		body, err := one(ctx, s.db, func(r scanner) (body []byte, err error) {
			err = r.Scan(&body)
			return body, err
		}, "SELECT body FROM definitions WHERE id = ?", d.definition)
		if err != nil {
			return workflow.Kept{}, err
		}
		text = string(body)
		n := 0
		s.cache.Range(func(any, any) bool { n++; return n < cachedDefinitions })
		if n >= cachedDefinitions {
			s.cache.Clear()
		}
		s.cache.Store(d.definition, text)
	}
	d.Machine.Definition, _ = text.(string)
	return d.Kept, nil
}

// cachedDefinitions is how many texts of machines are held in memory.
const cachedDefinitions = 32

// Find returns an execution by ARN.
func (s *Store) Find(ctx context.Context, arn string) (workflow.Kept, error) {
	return s.get(ctx, "WHERE arn = ?", arn)
}

// Get returns an execution by key.
func (s *Store) Get(ctx context.Context, key int64) (workflow.Kept, error) {
	return s.get(ctx, "WHERE id = ?", key)
}

func (s *Store) get(ctx context.Context, where string, arg any) (workflow.Kept, error) {
	d, err := one(ctx, s.db, scanDescribed, selectExecution+where, arg)
	if err != nil {
		return workflow.Kept{}, s.failure(err)
	}
	k, err := s.describe(ctx, d)
	if err != nil {
		return k, s.failure(err)
	}
	last, err := one(ctx, s.db, func(r scanner) (v [2]int64, err error) {
		err = r.Scan(&v[0], &v[1])
		return v, err
	}, "SELECT id, last FROM log WHERE id BETWEEN ? AND ? ORDER BY id DESC LIMIT 1", k.Key<<seqBits, (k.Key+1)<<seqBits-1)
	if errors.Is(err, workflow.ErrNotFound) {
		err = nil
	}
	k.Seq, k.Events = last[0]&(1<<seqBits-1), last[1]
	return k, s.failure(err)
}

// List returns executions.
func (s *Store) List(ctx context.Context, f workflow.Filter) ([]workflow.Execution, string, error) {
	where, args := []string{"map_run = ?"}, []any{f.MapRun}
	add := func(condition string, values ...any) { where, args = append(where, condition), append(args, values...) }
	if f.MachineARN != "" {
		machine, qualified := machineOf(f.MachineARN)
		add("machine = ?", machine)
		if qualified {
			add("(version = ? OR alias = ?)", f.MachineARN, f.MachineARN)
		}
	}
	if f.Status != "" {
		add("status = ?", string(f.Status))
	}
	if f.Redriven != nil {
		add("(redrives > 0) = ?", *f.Redriven)
	}
	order, follow := "DESC", "id < ?"
	if f.Oldest {
		order, follow = "ASC", "id > ?"
	}
	if f.Next != "" {
		id, err := strconv.ParseInt(f.Next, 36, 64)
		if err != nil {
			return nil, "", workflow.Errorf(workflow.InvalidToken, "Invalid Token: 'Invalid token'")
		}
		add(follow, id)
	}
	limit := f.Limit
	if limit <= 0 {
		limit = 100
	}
	args = append(args, limit+1)
	rows, err := query(ctx, s.db, scanDescribed,
		selectExecution+"WHERE "+strings.Join(where, " AND ")+" ORDER BY id "+order+" LIMIT ?", args...)
	if err != nil {
		return nil, "", s.failure(err)
	}
	next := ""
	if len(rows) > limit {
		rows = rows[:limit]
		next = strconv.FormatInt(rows[limit-1].Key, 36)
	}
	out := make([]workflow.Execution, len(rows))
	for i, d := range rows {
		k, err := s.describe(ctx, d)
		if err != nil {
			return nil, "", s.failure(err)
		}
		out[i] = k.Execution
	}
	return out, next, nil
}

// machineOf cuts a version or an alias off the ARN of a machine.
func machineOf(arn string) (machine string, qualified bool) {
	parts := strings.Split(arn, ":")
	if len(parts) <= 7 {
		return arn, false
	}
	return strings.Join(parts[:7], ":"), true
}

// Journal calls yield for the last snapshot and the blocks that follow it.
func (s *Store) Journal(ctx context.Context, key int64, yield func(seq int64, body []byte) error) error {
	type snapshot struct {
		seq  int64
		body []byte
	}
	snap, err := one(ctx, s.db, func(r scanner) (v snapshot, err error) {
		err = r.Scan(&v.seq, &v.body)
		return v, err
	}, "SELECT seq, body FROM snapshots WHERE execution = ?", key)
	if err != nil && !errors.Is(err, workflow.ErrNotFound) {
		return s.failure(err)
	}
	if err := yield(0, snap.body); err != nil {
		return err
	}
	return s.walk(ctx, func(id int64, body []byte) (bool, error) {
		return true, yield(id&(1<<seqBits-1), body)
	}, "SELECT id, body FROM log WHERE id BETWEEN ? AND ? ORDER BY id", key<<seqBits+snap.seq+1, (key+1)<<seqBits-1)
}

// Blocks calls yield for the blocks that hold events in a range of IDs.
func (s *Store) Blocks(ctx context.Context, key, after, before int64, newestFirst bool, yield func(body []byte) (bool, error)) error {
	from, to := key<<seqBits, (key+1)<<seqBits-1
	each := func(_ int64, body []byte) (bool, error) { return yield(body) }
	if !newestFirst {
		return s.walk(ctx, each, "SELECT id, body FROM log WHERE id BETWEEN ? AND ? AND last > ? ORDER BY id", from, to, after)
	}
	if before > 0 {
		// The block that holds the event before, and all older ones.
		top, err := one(ctx, s.db, func(r scanner) (id int64, err error) {
			err = r.Scan(&id)
			return id, err
		}, "SELECT id FROM log WHERE id BETWEEN ? AND ? AND last >= ? ORDER BY id LIMIT 1", from, to, before-1)
		switch {
		case err == nil:
			to = top
		case !errors.Is(err, workflow.ErrNotFound):
			return s.failure(err)
		}
	}
	return s.walk(ctx, each, "SELECT id, body FROM log WHERE id BETWEEN ? AND ? ORDER BY id DESC", from, to)
}

// walk calls yield for rows of an id and a body until it returns false.
func (s *Store) walk(ctx context.Context, yield func(int64, []byte) (bool, error), text string, args ...any) (err error) {
	rows, err := s.db.QueryContext(context.WithoutCancel(ctx), text, args...)
	if err != nil {
		return s.failure(err)
	}
	defer func() { err = errors.Join(err, s.failure(rows.Close())) }()
	for rows.Next() {
		if err := ctx.Err(); err != nil {
			return err
		}
		var id int64
		var body []byte
		if err := rows.Scan(&id, &body); err != nil {
			return s.failure(err)
		}
		if more, err := yield(id, body); err != nil || !more {
			return err
		}
	}
	return s.failure(rows.Err())
}

// MapRun returns the run of a distributed Map.
func (s *Store) MapRun(ctx context.Context, arn string) (workflow.MapRun, error) {
	r, err := one(ctx, s.db, scanMapRun, "SELECT body FROM map_runs WHERE arn = ?", arn)
	return r, s.failure(err)
}

// MapRuns returns those of an execution.
func (s *Store) MapRuns(ctx context.Context, executionARN string) ([]workflow.MapRun, error) {
	found, err := query(ctx, s.db, scanMapRun, `SELECT body FROM map_runs
		WHERE execution = (SELECT id FROM executions WHERE arn = ?) ORDER BY started DESC, arn`, executionARN)
	return found, s.failure(err)
}

func scanMapRun(r scanner) (m workflow.MapRun, err error) {
	var body []byte
	if err := r.Scan(&body); err != nil {
		return m, err
	}
	if err := json.Unmarshal(body, &m); err != nil {
		return m, fmt.Errorf("%w: %w", errDamaged, err)
	}
	return m, nil
}
