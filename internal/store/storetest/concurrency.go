package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"testing"

	"wplake/internal/store"
)

// blob is content that tells whether it is whole: its length follows from its
// only byte.
func blob(n int) []byte { return bytes.Repeat([]byte{byte('a' + n%26)}, 40_000+n%26) }

func whole(content []byte) error {
	if len(content) == 0 {
		return errors.New("empty")
	}
	n := int(content[0] - 'a')
	if !bytes.Equal(content, blob(n)) {
		return fmt.Errorf("%d bytes that begin with %c are not one write's", len(content), content[0])
	}
	return nil
}

// testReplacement reads an object in every way while it is replaced.
func testReplacement(t *testing.T, b store.Bucket) {
	const key, writes = "a/b.bin", 60
	Put(t, b, key, string(blob(0)), nil)
	written := make(chan struct{})
	var readers sync.WaitGroup
	read := func(name string, once func(context.Context, string) error) {
		dir := t.TempDir()
		readers.Go(func() {
			for n := 0; ; n++ {
				if err := once(t.Context(), dir); err != nil {
					t.Errorf("%s, reading number %d: %v", name, n, err)
					return
				}
				select {
				case <-written:
					return
				default:
				}
			}
		})
	}
	read("Open", func(ctx context.Context, _ string) error {
		r, err := b.Open(ctx, key)
		if err != nil {
			return err
		}
		content, err := io.ReadAll(r)
		return errors.Join(err, r.Close(), whole(content))
	})
	read("Download", func(ctx context.Context, dir string) error {
		path, _, err := b.Download(ctx, key, dir)
		if err != nil {
			return err
		}
		content, err := os.ReadFile(path)
		return errors.Join(err, whole(content), os.Remove(path))
	})
	read("Stat and List", func(ctx context.Context, _ string) error {
		info, err := b.Stat(ctx, key)
		if err != nil {
			return err
		}
		infos, err := b.List(ctx, "")
		if err != nil || len(infos) != 1 {
			return fmt.Errorf("List gave %v, %w", infos, err)
		}
		for _, size := range []int64{info.Size, infos[0].Size} {
			if size < 40_000 || size >= 40_026 {
				return fmt.Errorf("a size of %d bytes", size)
			}
		}
		return nil
	})
	for n := range writes {
		Put(t, b, key, string(blob(n)), map[string]string{"n": fmt.Sprint(n)})
	}
	close(written)
	readers.Wait()
}

// testRivals has several writers commit to one key at once.
func testRivals(t *testing.T, b store.Bucket) {
	var writers sync.WaitGroup
	for n := range 8 {
		writers.Go(func() {
			for range 5 {
				if err := tryPut(t.Context(), b, "a/b.bin", blob(n)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	writers.Wait()
	r, err := b.Open(t.Context(), "a/b.bin")
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(r)
	if err := errors.Join(err, r.Close(), whole(content)); err != nil {
		t.Error(err)
	}
	wantKeys(t, b, "", "a/b.bin")
}

// testFolderRace makes and removes objects of one folder at once: a driver
// that removes empty folders must not remove one that somebody writes to.
func testFolderRace(t *testing.T, b store.Bucket) {
	var workers sync.WaitGroup
	for n := range 4 {
		workers.Go(func() {
			key := fmt.Sprintf("x/y/%d.bin", n)
			for range 25 {
				err := tryPut(t.Context(), b, key, blob(n))
				if err := errors.Join(err, b.Delete(t.Context(), key)); err != nil {
					t.Errorf("%s: %v", key, err)
				}
			}
		})
	}
	workers.Wait()
	wantKeys(t, b, "")
}

// tryPut is Put for goroutines, which must not end the test.
func tryPut(ctx context.Context, b store.Bucket, key string, content []byte) error {
	u, err := b.Create(ctx, key)
	if err != nil {
		return err
	}
	if err := os.WriteFile(u.Path(), content, 0o600); err != nil {
		return errors.Join(err, u.Abort())
	}
	_, err = u.Commit(ctx, nil)
	return err
}
