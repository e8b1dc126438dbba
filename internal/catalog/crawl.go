package catalog

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"time"

	"wplake/internal/engine"
	"wplake/internal/lake"
	"wplake/internal/store"
)

// Crawler brings the catalog's tables of one layer up to date with the layer's
// objects. It writes nothing but the catalog, so it needs no lock.
type Crawler struct {
	Catalog  Catalog
	Bucket   store.Bucket // the layer's
	Database string       // the dataset: prefix in the bucket and database in the catalog
	Layer    lake.Layer   // bronze or silver
	// Describe reads the footer of a Parquet file; engine.Engine has it.
	Describe func(ctx context.Context, path string) (engine.Parquet, error)
	Scratch  string // a folder that exists, for temporary files
	Log      *slog.Logger
	Now      func() time.Time
	Done     func(lake.ObjectReport) // told of each object; may be nil
}

// Crawl puts a table into the catalog for each of the layer's objects, or for
// those whose names are given. A table that is as it was is left alone and
// reported as skipped. When all objects are crawled, tables whose object is
// gone are removed. One object's failure does not touch the others.
func Crawl(ctx context.Context, c Crawler, runID string, objects []string) lake.StageReport {
	began := c.Now()
	report := lake.StageReport{Stage: "crawl-" + string(c.Layer), Objects: []lake.ObjectReport{}}
	if err := c.crawl(ctx, runID, objects, &report); err != nil {
		report.Error = lake.ProblemOf(interrupted(ctx, err), lake.CatalogFailed)
	}
	report.Count()
	report.DurationMS = c.Now().Sub(began).Milliseconds()
	return report
}

func (c Crawler) crawl(ctx context.Context, runID string, objects []string, report *lake.StageReport) error {
	infos, err := c.Bucket.List(ctx, c.Database+"/")
	if err != nil {
		return err
	}
	finds := c.finds(infos)
	names := make(map[string]find) // by table
	for _, f := range finds {
		if len(objects) > 0 && !slices.Contains(objects, f.object) {
			continue
		}
		c.each(ctx, f.object, report, func(r *lake.ObjectReport) error {
			table := lake.TableName(c.Layer, f.object)
			if first, taken := names[table]; taken {
				return c.clash(table, first, f)
			}
			names[table] = f
			return c.visit(ctx, f, table, runID, r)
		})
	}
	if len(objects) == 0 {
		return c.removeVanished(ctx, finds, report)
	}
	for _, object := range objects {
		if !slices.ContainsFunc(finds, func(f find) bool { return f.object == object }) {
			c.each(ctx, object, report, func(*lake.ObjectReport) error { return c.missing(object) })
		}
	}
	return nil
}

// find is an object of the layer.
type find struct {
	object string
	key    string
}

// finds are the layer's objects by name. Of several objects of one name the
// one at its proper place comes first.
func (c Crawler) finds(infos []store.Info) []find {
	var finds []find
	for _, info := range infos {
		if object, ok := lake.ObjectOfKey(c.Layer, c.Database, info.Key); ok {
			finds = append(finds, find{object: object, key: info.Key})
		}
	}
	misplaced := func(f find) int {
		if f.key == lake.ObjectKey(c.Layer, c.Database, f.object) {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(finds, func(x, y find) int {
		return cmp.Or(cmp.Compare(x.object, y.object), cmp.Compare(misplaced(x), misplaced(y)))
	})
	return finds
}

// each deals with one object and adds its report.
func (c Crawler) each(ctx context.Context, object string, report *lake.StageReport, deal func(*lake.ObjectReport) error) {
	began := c.Now()
	r := lake.ObjectReport{Object: object, Status: lake.StatusSucceeded, Warnings: []string{}}
	err := ctx.Err()
	if err == nil {
		err = deal(&r)
	}
	if err != nil {
		r.Status = lake.StatusFailed
		r.Error = lake.ProblemOf(interrupted(ctx, err), lake.CatalogFailed)
		c.Log.Error("object failed", "stage", report.Stage, "object", object, "code", r.Error.Code, "error", r.Error.Message)
	}
	r.DurationMS = c.Now().Sub(began).Milliseconds()
	report.Objects = append(report.Objects, r)
	if c.Done != nil {
		c.Done(r)
	}
}

// visit describes an object and puts its table.
func (c Crawler) visit(ctx context.Context, f find, table, runID string, r *lake.ObjectReport) error {
	r.URI = c.Bucket.URI(f.key)
	found, err := c.describe(ctx, f)
	if err != nil {
		return err
	}
	t := Table{
		Database: c.Database, Name: table, Layer: c.Layer, Object: f.object,
		Location: r.URI, Key: f.key,
		Columns: lowered(found.Columns), Rows: found.Rows, Bytes: found.Bytes,
		Parameters: parameters(c.Layer, found),
	}
	outcome, err := c.Catalog.Put(ctx, t, runID)
	if err != nil {
		return err
	}
	r.Rows, r.Columns, r.Bytes, r.Rejected = t.Rows, len(t.Columns), t.Bytes, t.Rejected()
	for _, change := range outcome.Changes {
		r.Warnings = append(r.Warnings, change.String())
	}
	if !outcome.Created && !outcome.Updated {
		r.Status, r.Unchanged = lake.StatusSkipped, true
	}
	return nil
}

// describe reads an object's footer.
func (c Crawler) describe(ctx context.Context, f find) (engine.Parquet, error) {
	path, _, err := c.Bucket.DownloadFooter(ctx, f.key, c.Scratch)
	if errors.Is(err, store.ErrNotFound) {
		return engine.Parquet{}, c.missing(f.object)
	}
	if err != nil {
		return engine.Parquet{}, err
	}
	found, err := c.Describe(ctx, path)
	if left := os.Remove(path); left != nil {
		c.Log.Warn("a temporary file is left", "path", path, "error", left)
	}
	if lake.HasCode(err, lake.ObjectDamaged) {
		return engine.Parquet{}, c.damaged(f, path, err)
	}
	return found, err
}

// damaged names the object, where err names the temporary file.
func (c Crawler) damaged(f find, path string, err error) error {
	e := &lake.Error{
		Code:    lake.ObjectDamaged,
		Message: fmt.Sprintf("%s is not a whole Parquet file", c.Bucket.URI(f.key)),
		Hint:    "`wplake run --full` writes it anew; delete it if it should not be there",
	}
	if inner := lake.AsError(err, lake.ObjectDamaged); inner.Err != nil {
		e.Err = errors.New(strings.ReplaceAll(inner.Err.Error(), path, f.key))
	}
	return e
}

func (c Crawler) missing(object string) error {
	return &lake.Error{
		Code:    lake.ObjectMissing,
		Message: fmt.Sprintf("there is no %s object %q in %s", c.Layer, object, c.Bucket.URI(c.Database)),
		Hint:    "`wplake run` makes it, if the source has it",
	}
}

func (c Crawler) clash(table string, first, second find) error {
	return &lake.Error{
		Code: lake.CatalogFailed,
		Message: fmt.Sprintf("%s and %s would both be the table %s; the first one is",
			c.Bucket.URI(first.key), c.Bucket.URI(second.key), table),
		Hint: "rename or remove one of the two",
	}
}

// interrupted gives the end of a context its code.
func interrupted(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return err
	}
	return &lake.Error{
		Code: lake.Interrupted, Message: "interrupted; the catalog is as it was", Hint: "run again", Err: ctx.Err(),
	}
}
