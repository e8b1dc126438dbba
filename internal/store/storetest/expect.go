package storetest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"wplake/internal/lake"
	"wplake/internal/store"
)

// testVersions: each way to describe an object tells the same version of it,
// and another one after it changed.
func testVersions(t *testing.T, b store.Bucket) {
	ctx, before := t.Context(), ""
	for n, content := range []string{"one", "two", "longer than before", ""} {
		info := Put(t, b, "a/b.json", content, nil)
		if info.Version == "" || info.Version == before {
			t.Errorf("state %d has the version %q, the one before %q", n, info.Version, before)
		}
		before = info.Version
		stat, err := b.Stat(ctx, "a/b.json")
		if err != nil || stat.Version != info.Version {
			t.Errorf("Stat gave the version %q, %v, want %q", stat.Version, err, info.Version)
		}
		infos, err := b.List(ctx, "a/")
		if err != nil || len(infos) != 1 || infos[0].Version != info.Version {
			t.Errorf("List gave %+v, %v, want the version %q", infos, err, info.Version)
		}
		_, got, err := b.Download(ctx, "a/b.json", t.TempDir())
		if err != nil || got.Version != info.Version || got.Key != "a/b.json" || got.Size != int64(len(content)) || !got.Modified.Equal(stat.Modified) {
			t.Errorf("Download gave %+v, %v, want what Stat gave: %+v", got, err, stat)
		}
	}
}

// testExpected: a write whose expectation holds replaces the object.
func testExpected(t *testing.T, b store.Bucket) {
	version := ""
	for n := range 3 {
		u := create(t, b, "a/b.json", fmt.Sprint("state ", n))
		u.Expect(version)
		version = commit(t, u, nil).Version
		wantContent(t, b, "a/b.json", fmt.Sprint("state ", n))
	}
	if err := b.Delete(t.Context(), "a/b.json"); err != nil {
		t.Fatal(err)
	}
	u := create(t, b, "a/b.json", "again")
	u.Expect("")
	commit(t, u, nil)
	wantContent(t, b, "a/b.json", "again")
}

// testUnexpected: a write whose expectation is violated leaves all as it is.
func testUnexpected(t *testing.T, b store.Bucket) {
	old := Put(t, b, "a/b.json", "old", nil)
	late := create(t, b, "a/b.json", "late")
	late.Expect(old.Version)
	first := create(t, b, "a/b.json", "too late to be the first")
	first.Expect("")
	Put(t, b, "a/b.json", "new", nil)
	for name, u := range map[string]store.Upload{"the version before": late, "none": first} {
		if _, err := u.Commit(t.Context(), nil); !lake.HasCode(err, lake.ObjectChanged) {
			t.Errorf("Commit that expects %s: %v, want ObjectChanged", name, err)
		}
		if _, err := u.Commit(t.Context(), nil); err == nil {
			t.Errorf("a second Commit that expects %s succeeded", name)
		}
	}
	wantContent(t, b, "a/b.json", "new")

	gone := create(t, b, "a/b.json", "of something that is gone")
	info, err := b.Stat(t.Context(), "a/b.json")
	if err != nil {
		t.Fatal(err)
	}
	gone.Expect(info.Version)
	if err := b.Delete(t.Context(), "a/b.json"); err != nil {
		t.Fatal(err)
	}
	if _, err := gone.Commit(t.Context(), nil); !lake.HasCode(err, lake.ObjectChanged) {
		t.Errorf("Commit over a deleted object: %v, want ObjectChanged", err)
	}
	wantKeys(t, b, "")
	if n, err := b.Sweep(t.Context()); n != 0 || err != nil {
		t.Errorf("Sweep: %d, %v; a Commit that was refused left something behind", n, err)
	}
}

// testExpectRace: of writers that expect the same version exactly one wins,
// and the object is what the winner wrote.
func testExpectRace(t *testing.T, b store.Bucket) {
	version := ""
	for round := range 6 {
		var writers sync.WaitGroup
		var won atomic.Int32
		var winner atomic.Pointer[store.Info]
		var content atomic.Pointer[[]byte]
		for n := range 8 {
			writers.Go(func() {
				mine := blob(8*round + n)
				info, err := tryPutExpecting(t.Context(), b, "a/b.bin", mine, version)
				switch {
				case err == nil:
					won.Add(1)
					winner.Store(&info)
					content.Store(&mine)
				case !lake.HasCode(err, lake.ObjectChanged):
					t.Errorf("a loser was told: %v, want ObjectChanged", err)
				}
			})
		}
		writers.Wait()
		if won.Load() != 1 {
			t.Fatalf("round %d: %d of 8 writers won", round, won.Load())
		}
		wantContent(t, b, "a/b.bin", string(*content.Load()))
		stat, err := b.Stat(t.Context(), "a/b.bin")
		if err != nil || stat.Version != winner.Load().Version {
			t.Fatalf("the object has the version %q, %v, the winner was told %q", stat.Version, err, winner.Load().Version)
		}
		version = stat.Version
	}
}

// near reports whether two times of one object may be the store's clock and
// another one.
func near(x, y time.Time) bool { return x.Sub(y).Abs() < 10*time.Second }

// tryPutExpecting is tryPut with an expectation.
func tryPutExpecting(ctx context.Context, b store.Bucket, key string, content []byte, version string) (store.Info, error) {
	u, err := b.Create(ctx, key)
	if err != nil {
		return store.Info{}, err
	}
	u.Expect(version)
	if err := os.WriteFile(u.Path(), content, 0o600); err != nil {
		return store.Info{}, errors.Join(err, u.Abort())
	}
	return u.Commit(ctx, nil)
}
