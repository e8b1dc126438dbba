package pipeline

import (
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
	tasks, keys, missing, err := inputs(ctx, d, lake.Bronze, req)
	if err != nil {
		return d.failed("silver", err)
	}
	s := lake.StageReport{Stage: "silver"}
	s.Objects = append(forEach(ctx, d, "silver", d.Parallel, tasks, func(ctx context.Context, object string, r *lake.ObjectReport) error {
		dir, remove, err := d.scratch(object)
		if err != nil {
			return err
		}
		defer remove()
		return makeSilver(ctx, d, req, object, keys[object], dir, r)
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

func makeSilver(ctx context.Context, d Deps, req Request, object string, bronze store.Info, dir string, r *lake.ObjectReport) error {
	steps, ok := SilverSteps(d.Config, object)
	if !ok {
		return unmapped(object)
	}
	bucket, key := d.Buckets[lake.Silver], lake.ObjectKey(lake.Silver, d.Config.Dataset, object)
	path, _, err := d.Buckets[lake.Bronze].Download(ctx, bronze.Key, dir)
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
	before, err := loadPrevious(ctx, d, bucket, key, dir)
	if err != nil && !lake.HasCode(err, lake.ObjectDamaged) {
		return err
	}
	if err == nil && before.exists() && !req.anew(before.Metadata) && madeFrom(before.Parquet, input.id, rules) {
		r.Status, r.Unchanged = lake.StatusSkipped, true
		r.Rows, r.Columns, r.Bytes, r.Rejected = before.Rows, len(before.Columns), before.Bytes, rejectedRows(before.Metadata)
		r.URI = bucket.URI(key)
		return dropStaleRejects(ctx, bucket, d.Config.Dataset, object, r.Rejected)
	}
	plan, err := transform.Compile(steps, readParquet(path), in.Columns, transform.DuckDB, transform.Options{
		Describe: func(setup []string, sql string) ([]lake.Column, error) { return d.Engine.Columns(ctx, setup, sql) },
		Secret:   func(ref string) (string, error) { return d.Resolve(ctx, config.Ref(ref)) },
	})
	if err != nil {
		return wrapObject(object, err)
	}
	return writeSilver(ctx, d, req, object, key, plan, in.Rows, provenance{
		RunID: req.RunID, Created: d.Now(), Input: input.id, Rules: rules, RowsIn: in.Rows,
	}, r)
}

func writeSilver(ctx context.Context, d Deps, req Request, object, key string, plan transform.Plan, rowsIn int64, p provenance, r *lake.ObjectReport) (err error) {
	bucket, rejectsKey := d.Buckets[lake.Silver], lake.RejectsKey(d.Config.Dataset, object)
	var rejects store.Upload
	if plan.Rejects != "" {
		if rejects, err = bucket.Create(ctx, rejectsKey); err != nil {
			return err
		}
		defer func() { _ = rejects.Abort() }() // after Commit it does nothing
		p.Rejected, err = d.Engine.Copy(ctx, engine.Copy{
			Setup: plan.Setup, Path: rejects.Path(), Metadata: map[string]string{keyRun: req.RunID},
			SQL: fmt.Sprintf("SELECT *, %s AS _run_id FROM (%s)", engine.Literal(req.RunID), plan.Rejects),
		})
		if err != nil {
			return wrapObject(object, err)
		}
	}
	upload, err := bucket.Create(ctx, key)
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
		if _, err := rejects.Commit(ctx, nil); err != nil {
			return err
		}
	}
	info, err := upload.Commit(ctx, nil)
	if err != nil {
		return err
	}
	if err := dropStaleRejects(ctx, bucket, d.Config.Dataset, object, p.Rejected); err != nil {
		return err
	}
	r.Rows, r.Rejected, r.Columns, r.Bytes, r.URI = rows, p.Rejected, len(plan.Columns), info.Size, bucket.URI(key)
	for _, note := range plan.Notes {
		r.Warnings = append(r.Warnings, note)
		d.Log.Info(note, "stage", "silver", "object", object)
	}
	if left := rowsIn - rows - p.Rejected; left > 0 {
		text := fmt.Sprintf("%d of %d rows are left out by the steps", left, rowsIn)
		r.Warnings = append(r.Warnings, text)
		d.Log.Info(text, "stage", "silver", "object", object)
	}
	if p.Rejected > 0 {
		text := fmt.Sprintf("%d of %d rows were rejected: see silver_rejects.%s", p.Rejected, rowsIn, object)
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
