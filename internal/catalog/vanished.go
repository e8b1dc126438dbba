package catalog

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"wplake/internal/lake"
)

// removeVanished removes the layer's tables whose objects are gone.
func (c Crawler) removeVanished(ctx context.Context, finds []find, report *lake.StageReport) error {
	tables, err := c.Catalog.List(ctx, c.Database)
	if err != nil {
		return err
	}
	vanished := slices.DeleteFunc(tables, func(t Table) bool {
		return t.Layer != c.Layer || slices.ContainsFunc(finds, func(f find) bool {
			return f.key == t.Key || lake.TableName(c.Layer, f.object) == t.Name
		})
	})
	if len(vanished) > 0 && len(finds) == 0 {
		// Far more often a disk that is not there, or another bucket, than a lake
		// without a single object; and the history of schemas could not be had back.
		return &lake.Error{
			Code: lake.ObjectMissing,
			Message: fmt.Sprintf("%s has no objects, while the catalog knows %d of its tables; none was removed",
				c.Bucket.URI(c.Database), len(vanished)),
			Hint: emptyHint(c.Bucket.URI(c.Database)),
		}
	}
	for _, t := range vanished {
		c.each(ctx, t.Object, report, func(r *lake.ObjectReport) error {
			r.URI = t.Location
			if err := c.Catalog.Delete(ctx, t.Database, t.Name); err != nil {
				return err
			}
			r.Warnings = append(r.Warnings, fmt.Sprintf("table %s removed: its object is gone", t.Name))
			return nil
		})
	}
	return nil
}

// emptyHint is the remedy for a layer that lies at an address and is empty.
func emptyHint(address string) string {
	scheme, _, _ := strings.Cut(address, "://")
	if scheme == "file" {
		return "see whether its disk is mounted and root is right; if the objects are gone for good, " +
			"`wplake run` makes new ones, or delete the catalog's file"
	}
	return "see whether this is the layer's bucket (its name is a parameter) and whether its objects were deleted: " +
		"a versioned bucket still has them; if they are gone for good, `wplake run` makes new ones, or delete the tables"
}
