package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"wplake/internal/catalog"
	"wplake/internal/config"
	"wplake/internal/engine"
	"wplake/internal/lake"
	"wplake/internal/store"
)

// defaultObjectSize is the largest row in bytes that the SQL engine reads
// without being told.
const defaultObjectSize = 16 << 20

// Bronze types the raw objects: JSON becomes Parquet. Rows that do not fit go
// to the rejects object with the reason and the original text.
func Bronze(ctx context.Context, d Deps, req Request) lake.StageReport {
	began := d.Now()
	standing := standingRejects(ctx, d, lake.Bronze)
	tasks, keys, missing, err := inputs(ctx, d, lake.Raw, req)
	rejects, failed := standing()
	if err = cmp.Or(err, failed); err != nil {
		return d.failed("bronze", err)
	}
	s := lake.StageReport{Stage: "bronze"}
	s.Objects = append(forEach(ctx, d, "bronze", d.Parallel, tasks, func(ctx context.Context, object string, r *lake.ObjectReport) error {
		dir, remove, err := d.scratch(object)
		if err != nil {
			return err
		}
		defer remove()
		b := &bronze{d: d, req: req, settings: settingsOf(d.Config, object), raw: keys[object], rejects: rejects, dir: dir, report: r}
		return b.make(ctx)
	}), missing...)
	s.DurationMS = d.Now().Sub(began).Milliseconds()
	d.finish(&s)
	return s
}

// bronze makes one bronze object.
type bronze struct {
	d        Deps
	req      Request
	settings settings
	raw      store.Info
	rejects  standing
	dir      string // scratch
	report   *lake.ObjectReport

	path string // the raw object as a local file
	hash string // its SHA-256
	rows int64  // its rows as its metadata says; -1 when nobody counted them
	prev previous
}

// snapshot is the new state of the table, before it meets the previous one.
type snapshot struct {
	upload   store.Upload
	plan     plan
	rowsIn   int64
	rows     int64
	rejects  string // a local JSON array of rejected rows; empty when there are none
	rejected int64
	largest  int // bytes of its largest row
	reasons  map[lake.Code]int64
	keyless  int64 // rejected rows of which nobody can tell the key
}

func (b *bronze) bucket() store.Bucket { return b.d.Buckets[lake.Bronze] }

func (b *bronze) key() string {
	return lake.ObjectKey(lake.Bronze, b.d.Config.Dataset, b.settings.Object)
}

func (b *bronze) rejectsKey() string {
	return lake.RejectsKey(b.d.Config.Dataset, b.settings.Object)
}

func (b *bronze) make(ctx context.Context) error {
	unchanged, err := b.prepare(ctx)
	if err != nil || unchanged {
		return err
	}
	snap, err := b.take(ctx)
	if err != nil {
		return err
	}
	if snap.upload == nil {
		return nil // nothing to write, and the report says why
	}
	defer func() { _ = snap.upload.Abort() }() // after Commit it does nothing
	merged, err := b.merge(ctx, snap)
	if err != nil {
		return err
	}
	if merged.upload != snap.upload {
		defer func() { _ = merged.upload.Abort() }()
	}
	return b.commit(ctx, merged)
}

// prepare reads what is there: the previous bronze object, the raw object and
// its identity.
func (b *bronze) prepare(ctx context.Context) (unchanged bool, err error) {
	if err := b.before(ctx); err != nil {
		return false, err
	}
	raw := b.d.Buckets[lake.Raw]
	if b.prev.exists() && !b.req.anew(b.prev.Metadata) {
		// What raw says of itself may do, without its bytes.
		info, err := raw.Stat(ctx, b.raw.Key)
		if err != nil {
			return false, err
		}
		if unchanged, err := b.unchanged(ctx, info.Metadata[keyContent]); unchanged || err != nil {
			return unchanged, err
		}
	}
	// The description that comes with the bytes is that of their state.
	var info store.Info
	if b.path, info, err = raw.Download(ctx, b.raw.Key, b.dir); err != nil {
		return false, err
	}
	b.rows = -1
	if b.hash = info.Metadata[keyContent]; b.hash != "" {
		if b.rows, err = strconv.ParseInt(info.Metadata[keyRowsIn], 10, 64); err != nil {
			b.rows = -1
		}
	} else if b.hash, err = hashFile(b.path); err != nil {
		return false, store.Failure("read", b.path, err)
	}
	return b.unchanged(ctx, b.hash)
}

// before reads the previous bronze object.
func (b *bronze) before(ctx context.Context) (err error) {
	object := b.settings.Object
	if b.prev, err = loadPrevious(ctx, b.d, b.bucket(), b.key(), b.dir); err != nil {
		if !lake.HasCode(err, lake.ObjectDamaged) {
			return err
		}
		if b.settings.OnDelete != config.Drop && !b.req.AcceptLoss {
			return &lake.Error{
				Code:    lake.ObjectDamaged,
				Message: fmt.Sprintf("%s: the bronze object is damaged, and rows that the source no longer has are in it alone (on_delete: %s): %s", object, b.settings.OnDelete, b.bucket().URI(b.key())),
				Hint:    "restore the file from a backup; or run with --accept-loss to make it from what the source has now",
			}
		}
		b.warn("the previous bronze object is damaged and is made anew: %s", err.Error())
		b.prev = previous{version: b.prev.version}
	}
	return nil
}

// unchanged reports whether the previous object is what raw of that content
// gives; it is left alone then.
func (b *bronze) unchanged(ctx context.Context, content string) (bool, error) {
	if content == "" || b.req.anew(b.prev.Metadata) || !b.prev.exists() || !madeFrom(b.prev.Parquet, content, b.settings.rules()) {
		return false, nil
	}
	if own, err := ownRejects(ctx, b.bucket(), b.rejectsKey(), b.prev.Metadata); !own || err != nil {
		return false, err
	}
	r := b.report
	r.Status, r.Unchanged = lake.StatusSkipped, true
	r.Rows, r.Columns, r.Bytes = b.prev.Rows, len(b.prev.Columns), b.prev.Bytes
	r.Rejected = rejectedRows(b.prev.Metadata)
	r.URI = b.bucket().URI(b.key())
	b.d.Log.Debug("unchanged", "stage", "bronze", "object", b.settings.Object)
	return true, dropStaleRejects(ctx, b.bucket(), b.rejects, b.rejectsKey(), r.Rejected)
}

// loadPrevious describes the object as it is now, if there is one. The version
// is told also of one that is damaged. No rows are read: see bronze.whole.
func loadPrevious(ctx context.Context, d Deps, bucket store.Bucket, key, dir string) (previous, error) {
	path, info, err := bucket.DownloadFooter(ctx, key, dir)
	if errors.Is(err, store.ErrNotFound) {
		return previous{}, nil
	}
	if err != nil {
		return previous{}, err
	}
	p, err := d.Engine.Describe(ctx, path)
	if err != nil {
		return previous{version: info.Version}, err
	}
	return previous{Parquet: p, path: path, version: info.Version}, nil
}

// whole makes the rows of the previous object a local file. It is the very
// object that was described before, or the write would be refused anyway.
func (b *bronze) whole(ctx context.Context) error {
	path, info, err := b.bucket().Download(ctx, b.key(), b.dir)
	if errors.Is(err, store.ErrNotFound) || err == nil && info.Version != b.prev.version {
		return store.Changed(b.bucket().URI(b.key()))
	}
	if err == nil {
		b.prev.path = path
	}
	return err
}

// take turns the raw object into a Parquet file.
//
// The check of the raw bytes is a pass of its own, as long as the SQL engine's
// work. Where a look at the first rows tells what the columns are going to be,
// the engine begins at once, beside the check; should the check then find that
// anything is otherwise, the engine's work is thrown away.
func (b *bronze) take(ctx context.Context) (snapshot, error) {
	guess, ok := b.guess(ctx)
	if !ok {
		f, err := b.scan(ctx)
		if err != nil {
			return snapshot{}, err
		}
		return b.takeKnown(ctx, f)
	}
	copyCtx, cancel := context.WithCancel(ctx)
	defer cancel()
	early := make(chan earlyCopy, 1)
	metadata := b.provenance(guess, b.rows, 0).metadata()
	go func() { early <- b.copyRaw(copyCtx, guess, metadata) }()
	f, err := b.scan(ctx)
	if err != nil {
		cancel()
		b.discard(<-early)
		return snapshot{}, err
	}
	p, err := makePlan(b.settings, f.names, f.evidence, b.prev)
	if err != nil || f.rows != b.rows || !f.readable(p) || !slices.Equal(p.columns, guess.columns) {
		cancel()
		b.discard(<-early)
		return b.takeKnown(ctx, f)
	}
	done := <-early
	if done.err != nil {
		b.discard(done)
		if ctx.Err() != nil || lake.HasCode(done.err, lake.StorageFull) || lake.HasCode(done.err, lake.OutOfMemory) {
			return snapshot{}, done.err
		}
		// The check found nothing wrong, so it is a limit of the engine's
		// reader, such as a large row: the careful way has none.
		b.d.Log.Debug("the engine could not read raw as it is", "object", b.settings.Object, "error", done.err)
		return b.takeSorted(ctx, f, p)
	}
	return b.accept(done, f, p)
}

// takeKnown makes the snapshot when all about the raw object is known.
func (b *bronze) takeKnown(ctx context.Context, f facts) (snapshot, error) {
	p, err := makePlan(b.settings, f.names, f.evidence, b.prev)
	if err != nil {
		return snapshot{}, errors.Join(err, b.recordDrift(ctx, p, "the schema is frozen: the object was refused"))
	}
	if len(p.columns) == 0 {
		b.report.Status = lake.StatusSkipped
		b.warn("raw holds no value, and nothing tells the table's columns: nothing was written")
		return snapshot{}, nil
	}
	if !f.readable(p) {
		return b.takeSorted(ctx, f, p)
	}
	done := b.copyRaw(ctx, p, b.provenance(p, f.rows, 0).metadata())
	if done.err != nil {
		b.discard(done)
		if ctx.Err() != nil || lake.HasCode(done.err, lake.StorageFull) || lake.HasCode(done.err, lake.OutOfMemory) {
			return snapshot{}, done.err
		}
		return b.takeSorted(ctx, f, p)
	}
	return b.accept(done, f, p)
}

// accept checks that the engine wrote every row.
func (b *bronze) accept(done earlyCopy, f facts, p plan) (snapshot, error) {
	if done.rows != f.rows {
		b.discard(done)
		return snapshot{}, &lake.Error{
			Code:    lake.EngineFailed,
			Message: fmt.Sprintf("%s: raw has %d rows, but the engine wrote %d; nothing was replaced", b.settings.Object, f.rows, done.rows),
			Hint:    "please report it, with the raw object if you may",
		}
	}
	return snapshot{upload: done.upload, plan: p, rowsIn: f.rows, rows: done.rows}, nil
}

// takeSorted makes the snapshot the careful way: the rows are written anew,
// those that do not fit apart.
func (b *bronze) takeSorted(ctx context.Context, f facts, p plan) (snapshot, error) {
	out, err := sortRows(ctx, b.path, b.dir, b.settings, p)
	if err != nil {
		return snapshot{}, err
	}
	if f.rows > 0 && out.rows == 0 {
		// The rejects object belongs to the bronze object that stays: it stays too.
		if err := b.recordDrift(ctx, p, "no row fits: the object was refused"); err != nil {
			return snapshot{}, err
		}
		return snapshot{}, &lake.Error{
			Code: lake.ObjectDamaged,
			Message: fmt.Sprintf("%s: none of the %d rows fits the table (%s; %s); the bronze object stays as it is",
				b.settings.Object, f.rows, describeReasons(out.reasons), strings.Join(out.examples, "; ")),
			Hint: fmt.Sprintf("the rows are in %s; is this another table than its name says? Else declare its types under objects.%s.columns",
				b.d.Buckets[lake.Raw].URI(b.raw.Key), b.settings.Object),
		}
	}
	upload, err := b.bucket().Create(ctx, b.key())
	if err != nil {
		return snapshot{}, err
	}
	rows, err := b.d.Engine.Copy(ctx, engine.Copy{
		SQL:      b.selectJSON(out.fit, p, true, out.largest),
		Path:     upload.Path(),
		Metadata: b.provenance(p, f.rows, out.rejected).metadata(),
	})
	if err == nil && rows != out.rows {
		err = &lake.Error{Code: lake.EngineFailed, Message: fmt.Sprintf("%s: %d rows fit, but the engine wrote %d", b.settings.Object, out.rows, rows)}
	}
	if err != nil {
		return snapshot{}, errors.Join(err, upload.Abort())
	}
	snap := snapshot{upload: upload, plan: p, rowsIn: f.rows, rows: rows, rejected: out.rejected, largest: out.largest, reasons: out.reasons, keyless: out.keyless}
	if out.rejected > 0 {
		snap.rejects = out.rejects
	}
	return snap, nil
}

// guess looks at the first rows and says what the plan is going to be if all
// others are like them; ok is false where it is no use to begin by it.
func (b *bronze) guess(ctx context.Context) (plan, bool) {
	if b.rows < 0 {
		return plan{}, false // the footer could not say how many rows there were
	}
	f, err := scan(ctx, b.path, b.settings, b.prev, true, nil)
	if err != nil {
		return plan{}, false
	}
	p, err := makePlan(b.settings, f.names, f.evidence, b.prev)
	return p, err == nil && f.readable(p) && len(p.columns) > 0
}

func (b *bronze) scan(ctx context.Context) (facts, error) {
	f, err := scan(ctx, b.path, b.settings, b.prev, false, func(n int64) {
		b.d.progress(Event{Stage: "bronze", Object: b.settings.Object, Bytes: n, Total: b.raw.Size})
	})
	if err == nil && f.hash != b.hash {
		// Replaced between Stat and Download: what was read is what counts.
		b.hash, b.rows = f.hash, -1
	}
	return f, err
}

// earlyCopy is the engine's work on the raw object.
type earlyCopy struct {
	upload store.Upload
	rows   int64
	err    error
}

func (b *bronze) copyRaw(ctx context.Context, p plan, metadata map[string]string) earlyCopy {
	upload, err := b.bucket().Create(ctx, b.key())
	if err != nil {
		return earlyCopy{err: err}
	}
	rows, err := b.d.Engine.Copy(ctx, engine.Copy{
		SQL:      b.selectJSON(b.path, p, false, 0),
		Path:     upload.Path(),
		Metadata: metadata,
	})
	return earlyCopy{upload: upload, rows: rows, err: err}
}

func (b *bronze) discard(c earlyCopy) {
	if c.upload == nil {
		return
	}
	if err := c.upload.Abort(); err != nil {
		b.d.Log.Warn("a temporary file is left; the next run removes it", "object", b.settings.Object, "error", err)
	}
}

func (b *bronze) provenance(p plan, rowsIn, rejected int64) provenance {
	return provenance{
		RunID: b.req.RunID, Created: b.d.Now(), Input: b.hash, Rules: b.settings.rules(),
		RowsIn: rowsIn, Rejected: rejected, Absent: p.absent(), Keys: p.keys(),
	}
}

// selectJSON is the SELECT that types an array of rows. byPosition says that
// the keys are c0, c1, … instead of the source's.
func (b *bronze) selectJSON(path string, p plan, byPosition bool, largest int) string {
	var out, in []string
	for i, c := range p.columns {
		sqlType, name := engine.SQLType(c.Type), engine.Ident(c.Name)
		if c.Absent {
			out = append(out, fmt.Sprintf("CAST(NULL AS %s) AS %s", sqlType, name))
			continue
		}
		key := c.Key
		if byPosition {
			key = fmt.Sprintf("c%d", i)
		}
		read, value := "VARCHAR", engine.Ident(key)
		switch c.Type {
		case lake.Bigint, lake.Int, lake.Double:
			read = sqlType
		case lake.String:
		case lake.Timestamp, lake.Date:
			// Every value was checked: only "no date" fails to be one.
			value = fmt.Sprintf("TRY_CAST(%s AS %s)", value, sqlType)
		default:
			value = fmt.Sprintf("CAST(%s AS %s)", value, sqlType)
		}
		in = append(in, engine.Literal(key)+": '"+read+"'")
		out = append(out, value+" AS "+name)
	}
	if len(in) == 0 { // every column is absent, the array is empty
		in = append(in, "'_': 'VARCHAR'")
	}
	if b.marks() {
		out = append(out, "CAST(NULL AS TIMESTAMP) AS "+engine.Ident(deletedAt))
	}
	return fmt.Sprintf("SELECT %s FROM read_json(%s, format = 'array', hive_partitioning = false, columns = {%s}, maximum_object_size = %d)",
		strings.Join(out, ", "), engine.Literal(path), strings.Join(in, ", "), b.objectSize(path, largest))
}

// objectSize is the largest row in bytes that the SQL engine is told to expect,
// of which it takes twice the memory: in a small file there is none larger than
// the file.
func (b *bronze) objectSize(path string, largest int) int64 {
	if info, err := os.Stat(path); err == nil && info.Size() < smallObject {
		return max(info.Size(), 64<<10)
	}
	return int64(max(defaultObjectSize, 2*largest))
}

// commit makes the snapshot visible: the rejects first, so that an object that
// counts rejected rows never stands without them.
func (b *bronze) commit(ctx context.Context, snap snapshot) error {
	bucket, object := b.bucket(), b.settings.Object
	// Told before it is done: told twice is better than not at all.
	if err := b.recordDrift(ctx, snap.plan, ""); err != nil {
		return err
	}
	if err := b.writeRejects(ctx, snap); err != nil {
		return err
	}
	snap.upload.Expect(b.prev.version)
	info, err := snap.upload.Commit(ctx, nil)
	if err != nil {
		return err
	}
	if err := dropStaleRejects(ctx, bucket, b.rejects, b.rejectsKey(), snap.rejected); err != nil {
		return err
	}
	r := b.report
	r.Rows, r.Rejected, r.Columns, r.Bytes = snap.rows, snap.rejected, len(snap.plan.columns), info.Size
	if b.marks() {
		r.Columns++
	}
	r.URI = bucket.URI(b.key())
	for _, c := range snap.plan.changes {
		b.warn("%s", describeChange(c))
	}
	for _, note := range snap.plan.notes {
		b.warn("%s", note)
	}
	if snap.rejected > 0 {
		b.warn("%d of %d rows were rejected (%s): see %s_rejects.%s", snap.rejected, snap.rowsIn, describeReasons(snap.reasons), lake.Bronze, object)
	}
	return nil
}

// recordDrift writes drift into the table's history that its schema does not
// show. With a refusal all of it is such.
func (b *bronze) recordDrift(ctx context.Context, p plan, refusal string) error {
	var hidden []catalog.Change
	for _, c := range p.changes {
		switch {
		case refusal != "":
			c.Note = refusal
			hidden = append(hidden, c)
		case c.Kind == catalog.Vanished:
			c.Note = "the column stays and holds NULL"
			hidden = append(hidden, c)
		case c.Kind == catalog.Added && slices.Contains(p.ignored, c.Column):
			c.Note = "rows that have it are rejected"
			hidden = append(hidden, c)
		}
	}
	if len(hidden) == 0 {
		return nil
	}
	err := b.d.Catalog.Record(ctx, b.d.Config.Dataset, lake.TableName(lake.Bronze, b.settings.Object), b.req.RunID, hidden)
	if err != nil && !errors.Is(err, catalog.ErrNotFound) {
		return err
	}
	return nil
}

// writeRejects writes the rejects object of a snapshot that has any.
func (b *bronze) writeRejects(ctx context.Context, snap snapshot) error {
	if snap.rejects == "" {
		return nil
	}
	upload, err := b.bucket().Create(ctx, b.rejectsKey())
	if err != nil {
		return err
	}
	defer func() { _ = upload.Abort() }() // after Commit it does nothing
	metadata := map[string]string{keyRun: b.req.RunID}
	_, err = b.d.Engine.Copy(ctx, engine.Copy{
		SQL: fmt.Sprintf(`SELECT "row" AS _row, reason AS _reason, "column" AS _column, detail AS _detail, %s AS _run_id, original FROM %s`,
			engine.Literal(b.req.RunID), readRejects(snap)),
		Path:     upload.Path(),
		Metadata: metadata,
	})
	if err != nil {
		return err
	}
	upload.Expect(b.rejects[b.rejectsKey()])
	_, err = upload.Commit(ctx, metadata)
	return err
}

// readRejects is the relation of a snapshot's rejected rows.
func readRejects(snap snapshot) string {
	return fmt.Sprintf("read_json(%s, format = 'array', hive_partitioning = false, columns = {'row': 'BIGINT', 'reason': 'VARCHAR', 'column': 'VARCHAR', 'detail': 'VARCHAR', 'original': 'VARCHAR', 'key': 'VARCHAR[]'}, maximum_object_size = %d)",
		engine.Literal(snap.rejects), max(defaultObjectSize, 2*snap.largest))
}

func (b *bronze) warn(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	b.report.Warnings = append(b.report.Warnings, text)
	b.d.Log.Warn(text, "stage", "bronze", "object", b.settings.Object)
}

func describeReasons(reasons map[lake.Code]int64) string {
	parts := make([]string, 0, len(reasons))
	for _, code := range slices.Sorted(maps.Keys(reasons)) {
		parts = append(parts, fmt.Sprintf("%s: %d", code, reasons[code]))
	}
	return strings.Join(parts, ", ")
}
