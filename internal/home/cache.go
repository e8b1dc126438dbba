package home

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"time"

	"wplake/internal/store"
)

// cache keeps copies of objects in a folder, so that a table that has not
// changed is fetched once, however often it is queried. A copy is of one version
// of an object. It may be used by several processes at once.
type cache struct {
	dir string
	max int64 // bytes; what was not used for longest goes first
	now func() time.Time
}

// download makes an object a file within dir: a link to the copy, which is
// fetched where there is none. What the listing said of the object decides.
func (c cache) download(ctx context.Context, b store.Bucket, info store.Info, dir string) (string, error) {
	sum := sha256.Sum256([]byte(b.URI(info.Key) + "\x00" + info.Version))
	copied := filepath.Join(c.dir, hex.EncodeToString(sum[:16])+filepath.Ext(info.Key))
	made := filepath.Join(dir, filepath.Base(copied))
	if err := os.Link(copied, made); err == nil {
		now := c.now()
		_ = os.Chtimes(copied, now, now) // it was used just now; if that is not noted it goes earlier
		return made, nil
	}
	path, now, err := b.Download(ctx, info.Key, dir)
	if err != nil || now.Version != info.Version {
		return path, err // another version than the listing's: a copy of it would have the wrong name
	}
	if os.MkdirAll(c.dir, 0o750) == nil && os.Link(path, copied) == nil {
		c.shrink()
	}
	return path, nil
}

// shrink removes copies until they have no more than max bytes together.
func (c cache) shrink() {
	entries, err := os.ReadDir(c.dir)
	if err != nil {
		return
	}
	var files []os.FileInfo
	var total int64
	for _, e := range entries {
		if info, err := e.Info(); err == nil {
			files = append(files, info)
			total += info.Size()
		}
	}
	slices.SortFunc(files, func(a, b os.FileInfo) int { return cmp.Compare(a.ModTime().UnixNano(), b.ModTime().UnixNano()) })
	for _, f := range files {
		if total <= c.max {
			return
		}
		if os.Remove(filepath.Join(c.dir, f.Name())) == nil {
			total -= f.Size()
		}
	}
}
