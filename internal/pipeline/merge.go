package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"wplake/internal/config"
	"wplake/internal/engine"
	"wplake/internal/lake"
)

// marks reports whether the table has the column deleted_at.
func (b *bronze) marks() bool {
	return b.settings.OnDelete == config.Mark
}

// wasRejected is the column of a vanished row that tells whether its key came,
// in a row that was rejected.
const wasRejected = "_wplake_rejected"

// vanished is what the previous object has and the snapshot has not.
type vanished struct {
	path string // a Parquet file of those rows, as they were, with wasRejected
	all  int64  // how many there are
	live int64  // those of them that are newly gone: not marked before, not rejected now
	of   int64  // rows of the previous object that were not marked as deleted
}

// merge decides what becomes of rows that were in the previous object and are
// not in the snapshot. It returns the snapshot itself, or a new one that holds
// those rows as well.
func (b *bronze) merge(ctx context.Context, snap snapshot) (snapshot, error) {
	if !b.prev.exists() {
		return snap, nil
	}
	keyed, err := b.checkKey(snap.plan)
	if err != nil {
		return snap, err
	}
	fewer := max(b.prev.Rows-snap.rows-snap.rejected, 0) // what was rejected has come
	lost := vanished{all: fewer, live: fewer, of: b.prev.Rows}
	if keyed {
		if err := b.whole(ctx); err != nil {
			return snap, err
		}
		if lost, err = b.findVanished(ctx, snap); err != nil {
			return snap, err
		}
	}
	if b.settings.OnDelete != config.Keep || !keyed {
		if err := b.guard(lost); err != nil {
			return snap, err
		}
	}
	switch {
	case b.settings.OnDelete == config.Drop || !keyed:
		if lost.all > 0 {
			b.warn("%d rows vanished at the source and are dropped (on_delete: drop)", lost.all)
		}
		return snap, nil
	case lost.all == 0:
		return snap, nil
	}
	return b.union(ctx, snap, lost)
}

// checkKey reports whether both objects have the key's columns.
func (b *bronze) checkKey(p plan) (bool, error) {
	var without []string
	for _, name := range b.settings.Key {
		i := slices.IndexFunc(p.columns, func(c column) bool { return strings.EqualFold(c.Name, name) })
		if i < 0 || (p.columns[i].Absent && !p.silent) || lake.FindColumn(b.prev.Columns, name) < 0 {
			without = append(without, name)
		}
	}
	if len(b.settings.Key) > 0 && len(without) == 0 {
		return true, nil
	}
	if b.settings.OnDelete == config.Drop {
		return false, nil
	}
	what := "it has no key"
	if len(without) > 0 {
		what = "the key's column " + strings.Join(without, ", ") + " is not sent"
	}
	object := b.settings.Object
	if b.d.Config.Objects[object].OnDelete != "" {
		return false, &lake.Error{
			Code:    lake.KeyMissing,
			Message: fmt.Sprintf("%s: on_delete: %s compares rows by their key, but %s", object, b.settings.OnDelete, what),
			Hint:    fmt.Sprintf("name the columns that identify a row under objects.%s.key, or set on_delete: drop", object),
		}
	}
	b.warn("rows that vanish at the source are dropped: %s (set objects.%s.key)", what, object)
	return false, nil
}

// guard refuses a snapshot that would lose more than the allowed share.
func (b *bronze) guard(lost vanished) error {
	if b.req.AcceptLoss || lost.live == 0 || float64(lost.live) <= b.settings.MaxLoss*float64(lost.of) {
		return nil
	}
	return &lake.Error{
		Code: lake.SnapshotShrank,
		Message: fmt.Sprintf("%s: %d of %d rows are gone from the source, more than the allowed %.0f %%; the bronze object stays as it is",
			b.settings.Object, lost.live, lost.of, 100*b.settings.MaxLoss),
		Hint: "if they are really gone, run with --accept-loss; else look what the source left out",
	}
}

// findVanished writes the rows of the previous object whose key is not in the
// snapshot to a file of their own, and counts them. The join spills to disk
// where the keys do not fit in memory.
func (b *bronze) findVanished(ctx context.Context, snap snapshot) (vanished, error) {
	var same, key []string
	for _, name := range b.settings.Key {
		i := slices.IndexFunc(snap.plan.columns, func(c column) bool { return strings.EqualFold(c.Name, name) })
		c := snap.plan.columns[i]
		same = append(same, fmt.Sprintf("n.%s IS NOT DISTINCT FROM %s", engine.Ident(c.Name), b.fromPrevious(c.Column)))
		key = append(key, fmt.Sprintf("CAST(p.%s AS VARCHAR)", engine.Ident(name)))
	}
	flag := "false"
	switch {
	case snap.keyless > 0:
		flag = "true" // any of them may have come
	case snap.rejects != "":
		flag = fmt.Sprintf("EXISTS (SELECT 1 FROM %s r WHERE r.key = [%s])", readRejects(snap), strings.Join(key, ", "))
	}
	lost := vanished{path: b.dir + "/vanished.parquet", of: b.prev.Rows}
	var err error
	lost.all, err = b.d.Engine.Copy(ctx, engine.Copy{
		SQL: fmt.Sprintf("SELECT p.*, %s AS %s FROM %s p WHERE NOT EXISTS (SELECT 1 FROM %s n WHERE %s)",
			flag, wasRejected, readParquet(b.prev.path), readParquet(snap.upload.Path()), strings.Join(same, " AND ")),
		Path: lost.path,
	})
	if err != nil {
		return lost, b.explainMisfit(err)
	}
	if lost.live, err = b.count(ctx, fmt.Sprintf("%s p WHERE NOT p.%s AND %s", readParquet(lost.path), wasRejected, b.live())); err != nil {
		return lost, err
	}
	if b.live() != "true" {
		lost.of, err = b.count(ctx, fmt.Sprintf("%s p WHERE %s", readParquet(b.prev.path), b.live()))
	}
	return lost, err
}

// count counts the rows of a relation.
func (b *bronze) count(ctx context.Context, from string) (n int64, err error) {
	rows, err := b.d.Engine.Query(ctx, "SELECT count(*) FROM "+from)
	if err != nil {
		return 0, wrapObject(b.settings.Object, err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	if rows.Next() {
		n, _ = rows.Values()[0].(int64)
	}
	return n, rows.Err()
}

// fromPrevious is the value of a column of the previous object in the type
// that the column has now. A value that the new type does not hold exactly is
// an error: nothing is rounded.
func (b *bronze) fromPrevious(c lake.Column) string {
	i := lake.FindColumn(b.prev.Columns, c.Name)
	if i < 0 {
		return fmt.Sprintf("CAST(NULL AS %s)", engine.SQLType(c.Type))
	}
	old := b.prev.Columns[i]
	value := "p." + engine.Ident(old.Name)
	if old.Type == c.Type {
		return value
	}
	cast := fmt.Sprintf("TRY_CAST(%s AS %s)", value, engine.SQLType(c.Type))
	exact := fmt.Sprintf("CAST(%s AS %s) = %s", cast, engine.SQLType(old.Type), value)
	none := value + " IS NULL"
	if old.Type == lake.String && (c.Type == lake.Timestamp || c.Type == lake.Date) {
		none += fmt.Sprintf(" OR %s IN ('', '0000-00-00', '0000-00-00 00:00:00')", value)
		// The same moment may be written in several ways.
		exact = fmt.Sprintf("starts_with(replace(%s, 'T', ' '), CAST(CAST(%s AS DATE) AS VARCHAR)) AND (%t OR length(%s) = 10)", value, cast, c.Type == lake.Timestamp, value)
	}
	if c.Type == lake.String {
		exact = "true"
	}
	return fmt.Sprintf("CASE WHEN %s THEN NULL WHEN %s THEN %s ELSE error(concat(%s, CAST(%s AS VARCHAR), %s)) END",
		none, exact, cast, engine.Literal(misfit+c.Name+" holds "), value, engine.Literal(", which is not exactly "+string(c.Type)))
}

// misfit begins the message about a value that a column's new type cannot hold.
const misfit = "a row that vanished at the source is kept, but its column "

// explainMisfit gives an error of fromPrevious its code and its remedy.
func (b *bronze) explainMisfit(err error) error {
	at := strings.Index(err.Error(), misfit)
	if at < 0 {
		return wrapObject(b.settings.Object, err)
	}
	return &lake.Error{
		Code:    lake.ValueMisfit,
		Message: b.settings.Object + ": " + strings.SplitN(err.Error()[at:], "\n", 2)[0] + "; the bronze object stays as it is",
		Hint:    fmt.Sprintf("declare the column's type as string under objects.%s.columns, or let such rows go with on_delete: drop", b.settings.Object),
	}
}

// live is the condition that a previous row was not marked as deleted.
func (b *bronze) live() string {
	if lake.FindColumn(b.prev.Columns, deletedAt) < 0 {
		return "true"
	}
	return "p." + engine.Ident(deletedAt) + " IS NULL"
}

// union writes the snapshot's rows and, after them, the vanished ones.
func (b *bronze) union(ctx context.Context, snap snapshot, lost vanished) (snapshot, error) {
	var old []string
	for _, c := range snap.plan.columns {
		old = append(old, b.fromPrevious(c.Column)+" AS "+engine.Ident(c.Name))
	}
	if b.marks() {
		before := "CAST(NULL AS TIMESTAMP)"
		if lake.FindColumn(b.prev.Columns, deletedAt) >= 0 {
			before = "p." + engine.Ident(deletedAt)
		}
		// A row that came and was rejected has not vanished.
		old = append(old, fmt.Sprintf("CASE WHEN p.%s THEN %s ELSE coalesce(%s, TIMESTAMP %s) END AS %s", wasRejected, before, before,
			engine.Literal(b.d.Now().UTC().Format("2006-01-02 15:04:05")), engine.Ident(deletedAt)))
	}
	upload, err := b.bucket().Create(ctx, b.key())
	if err != nil {
		return snap, err
	}
	merged := snap
	merged.upload = upload
	merged.rows, err = b.d.Engine.Copy(ctx, engine.Copy{
		SQL: fmt.Sprintf("SELECT * FROM %s UNION ALL SELECT %s FROM %s p",
			readParquet(snap.upload.Path()), strings.Join(old, ", "), readParquet(lost.path)),
		Path:     upload.Path(),
		Metadata: b.provenance(snap.plan, snap.rowsIn, snap.rejected).metadata(),
	})
	if err == nil && merged.rows != snap.rows+lost.all {
		err = &lake.Error{
			Code:    lake.EngineFailed,
			Message: fmt.Sprintf("%d new and %d old rows gave %d", snap.rows, lost.all, merged.rows),
		}
	}
	if err != nil {
		return snap, errors.Join(b.explainMisfit(err), upload.Abort())
	}
	verb := "kept"
	if b.marks() {
		verb = "kept and marked in deleted_at"
	}
	b.d.Log.Info(fmt.Sprintf("%d rows that vanished at the source are %s", lost.all, verb), "stage", "bronze", "object", b.settings.Object)
	return merged, nil
}

// readParquet is the relation of a Parquet file. A folder named like k=v is no
// column: an object's columns are those in its footer.
func readParquet(path string) string {
	return fmt.Sprintf("read_parquet(%s, hive_partitioning = false)", engine.Literal(path))
}
