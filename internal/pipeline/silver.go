package pipeline

import (
	"cmp"
	"context"
	"fmt"

	"wplake/internal/config"
	"wplake/internal/engine"
	"wplake/internal/lake"
	"wplake/internal/store"
	"wplake/internal/transform"
)

// Silver cleans and conforms the bronze objects by their declared steps. Rows
// that do not fit a cast go to the rejects object.
func Silver(ctx context.Context, d Deps, req Request) lake.StageReport {
	began := d.Now()
	standing := standingRejects(ctx, d, lake.Silver)
	tasks, keys, missing, err := inputs(ctx, d, lake.Bronze, req)
	rejects, failed := standing()
	if err = cmp.Or(err, failed); err != nil {
		return d.failed("silver", err)
	}
	s := lake.StageReport{Stage: "silver"}
	s.Objects = append(forEach(ctx, d, "silver", d.Parallel, tasks, func(ctx context.Context, object string, r *lake.ObjectReport) error {
		dir, remove, err := d.scratch(object)
		if err != nil {
			return err
		}
		defer remove()
		s := &silver{
			d: d, req: req, object: object, bronze: keys[object], rejects: rejects, dir: dir, report: r,
			key: lake.ObjectKey(lake.Silver, d.Config.Dataset, object), rejectsKey: lake.RejectsKey(d.Config.Dataset, object),
		}
		return s.make(ctx)
	}), missing...)
	s.DurationMS = d.Now().Sub(began).Milliseconds()
	d.finish(&s)
	return s
}

// SilverSteps returns the steps that an object goes through on its way to
// silver: its own, else the profile's. ok is false for an object that has
// none and must not pass without.
func SilverSteps(c config.Config, object string) (steps []transform.Step, ok bool) {
	if o, set := c.Objects[object]; set && o.Steps != nil {
		return o.Steps, true
	}
	if steps, ok := transform.Rules(c.Silver.Profile, object); ok {
		return steps, true
	}
	return nil, c.Silver.Unmapped == config.UnmappedPass
}

// unmapped is the error of an object without rules.
func unmapped(object string) error {
	return &lake.Error{
		Code:    lake.ObjectUnmapped,
		Message: fmt.Sprintf("%s: there are no rules for this object; it was skipped", object),
		Hint:    fmt.Sprintf("give it steps under objects.%s.steps (an empty list copies it as it is), or set silver.unmapped: pass", object),
	}
}

// silver makes one silver object.
type silver struct {
	d          Deps
	req        Request
	object     string
	bronze     store.Info
	key        string
	rejectsKey string
	rejects    standing
	dir        string // scratch
	report     *lake.ObjectReport
}

func (s *silver) make(ctx context.Context) error {
	d, object, r := s.d, s.object, s.report
	steps, ok := SilverSteps(d.Config, object)
	if !ok {
		return unmapped(object)
	}
	bucket := d.Buckets[lake.Silver]
	path, _, err := d.Buckets[lake.Bronze].Download(ctx, s.bronze.Key, s.dir)
	if err != nil {
		return err
	}
	in, err := d.Engine.Describe(ctx, path)
	if err != nil {
		return wrapObject(object, err)
	}
	input, rules := identity(in, path), transform.Hash(steps)
	if input.err != nil {
		return input.err
	}
	before, err := loadPrevious(ctx, d, bucket, s.key, s.dir)
	if err != nil && !lake.HasCode(err, lake.ObjectDamaged) {
		return err
	}
	unchanged := err == nil && before.exists() && !s.req.anew(before.Metadata) && madeFrom(before.Parquet, input.id, rules)
	if unchanged {
		if unchanged, err = ownRejects(ctx, bucket, s.rejectsKey, before.Metadata); err != nil {
			return err
		}
	}
	if unchanged {
		r.Status, r.Unchanged = lake.StatusSkipped, true
		r.Rows, r.Columns, r.Bytes, r.Rejected = before.Rows, len(before.Columns), before.Bytes, rejectedRows(before.Metadata)
		r.URI = bucket.URI(s.key)
		return dropStaleRejects(ctx, bucket, s.rejects, s.rejectsKey, r.Rejected)
	}
	plan, err := transform.Compile(steps, readParquet(path), in.Columns, transform.DuckDB, transform.Options{
		Describe: func(setup []string, sql string) ([]lake.Column, error) { return d.Engine.Columns(ctx, setup, sql) },
		Secret:   func(ref string) (string, error) { return d.Resolve(ctx, config.Ref(ref)) },
	})
	if err != nil {
		return wrapObject(object, err)
	}
	return s.write(ctx, plan, before.version, provenance{
		RunID: s.req.RunID, Created: d.Now(), Input: input.id, Rules: rules, RowsIn: in.Rows,
	})
}

// write makes the object by the plan, in the place of the version before.
func (s *silver) write(ctx context.Context, plan transform.Plan, before string, p provenance) (err error) {
	d, object, r := s.d, s.object, s.report
	bucket, ofRejects := d.Buckets[lake.Silver], map[string]string{keyRun: s.req.RunID}
	var rejects store.Upload
	if plan.Rejects != "" {
		if rejects, err = bucket.Create(ctx, s.rejectsKey); err != nil {
			return err
		}
		defer func() { _ = rejects.Abort() }() // after Commit it does nothing
		p.Rejected, err = d.Engine.Copy(ctx, engine.Copy{
			Setup: plan.Setup, Path: rejects.Path(), Metadata: ofRejects,
			SQL: fmt.Sprintf("SELECT *, %s AS _run_id FROM (%s)", engine.Literal(s.req.RunID), plan.Rejects),
		})
		if err != nil {
			return wrapObject(object, err)
		}
	}
	upload, err := bucket.Create(ctx, s.key)
	if err != nil {
		return err
	}
	defer func() { _ = upload.Abort() }() // after Commit it does nothing
	rows, err := d.Engine.Copy(ctx, engine.Copy{Setup: plan.Setup, SQL: plan.SQL, Path: upload.Path(), Metadata: p.metadata()})
	if err != nil {
		return wrapObject(object, err)
	}
	// The rejects first, so that an object that counts rejected rows never
	// stands without them.
	if p.Rejected > 0 {
		rejects.Expect(s.rejects[s.rejectsKey])
		if _, err := rejects.Commit(ctx, ofRejects); err != nil {
			return err
		}
	}
	upload.Expect(before)
	info, err := upload.Commit(ctx, nil)
	if err != nil {
		return err
	}
	if err := dropStaleRejects(ctx, bucket, s.rejects, s.rejectsKey, p.Rejected); err != nil {
		return err
	}
	r.Rows, r.Rejected, r.Columns, r.Bytes, r.URI = rows, p.Rejected, len(plan.Columns), info.Size, bucket.URI(s.key)
	for _, note := range plan.Notes {
		r.Warnings = append(r.Warnings, note)
		d.Log.Info(note, "stage", "silver", "object", object)
	}
	if left := p.RowsIn - rows - p.Rejected; left > 0 {
		text := fmt.Sprintf("%d of %d rows are left out by the steps", left, p.RowsIn)
		r.Warnings = append(r.Warnings, text)
		d.Log.Info(text, "stage", "silver", "object", object)
	}
	if p.Rejected > 0 {
		text := fmt.Sprintf("%d of %d rows were rejected: see silver_rejects.%s", p.Rejected, p.RowsIn, object)
		r.Warnings = append(r.Warnings, text)
		d.Log.Warn(text, "stage", "silver", "object", object)
	}
	return nil
}

// inputID names the state of a Parquet object.
type inputID struct {
	id  string
	err error
}

// identity names the state of a Parquet object: what made it, where wplake
// did; else the hash of its bytes.
func identity(p engine.Parquet, path string) inputID {
	if p.Metadata[keyRules] != "" {
		return inputID{id: hashOf([]string{p.Metadata[keyRun], p.Metadata[keyInput], p.Metadata[keyRules]})}
	}
	sum, err := hashFile(path)
	return inputID{id: sum, err: store.Failure("read", path, err)}
}
