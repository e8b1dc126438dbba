package pipeline

import (
	"context"
	"errors"

	"wplake/internal/lake"
	"wplake/internal/store"
)

// standing are the rejects objects of a layer as they stood when a stage
// began, their versions by key. One listing tells of all of them, so that a
// stage which has nothing to reject asks for nothing else below their prefix.
type standing map[string]string

// standingRejects begins to list them, and returns what waits for them: the
// stage's input is listed meanwhile.
func standingRejects(ctx context.Context, d Deps, l lake.Layer) (wait func() (standing, error)) {
	found := standing{}
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		var infos []store.Info
		infos, err = d.Buckets[l].List(ctx, lake.RejectsPrefix(d.Config.Dataset))
		for _, info := range infos {
			found[info.Key] = info.Version
		}
	}()
	return func() (standing, error) {
		<-done
		return found, err
	}
}

// dropStaleRejects removes the rejects object of an older state when the
// present one has no rejected rows.
func dropStaleRejects(ctx context.Context, bucket store.Bucket, there standing, key string, rejected int64) error {
	if rejected > 0 || there[key] == "" {
		return nil
	}
	return bucket.Delete(ctx, key)
}

// ownRejects reports whether an object that says it has rejected rows stands
// beside the rejects object of its own run. Rejects are written before the
// object they belong to; a run that was overtaken between the two leaves its
// own beside the object of the other run.
func ownRejects(ctx context.Context, bucket store.Bucket, key string, of map[string]string) (bool, error) {
	if rejectedRows(of) == 0 {
		return true, nil
	}
	info, err := bucket.Stat(ctx, key)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return false, nil
	case err != nil:
		return false, err
	case info.Metadata == nil:
		return true, nil // the bucket keeps no metadata, or an older wplake wrote it
	}
	return info.Metadata[keyRun] == of[keyRun], nil
}
