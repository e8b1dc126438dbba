//go:build faults

package faults

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	diskSize = 128 << 20 // bytes
	points   = 10
)

// The disk fills up at ten points of a run: every object is the old or the new
// one, whole, the run says that there is no space, and once there is the next
// run repairs the lake by itself.
func TestFullDisk(t *testing.T) {
	disk, tested := smallDisk(t)
	if tested {
		return
	}
	t.Setenv("TMPDIR", disk)
	l := newLake(t, filepath.Join(disk, "site"), size{posts: 300, statistics: 5000})
	before, after, _ := l.versions(t)
	need := l.needs(t, disk, after.site)
	before, after = after, before
	t.Logf("a run needs %d KiB more than the lake has", need>>10)

	for n := range points {
		// A run whose objects happen not to overlap needs less than the one that
		// was measured: stay well below it, so that every one runs out of space.
		room := need * int64(n) * 45 / (100 * points)
		ballast := fill(t, disk, room)
		r := l.begin(t, after.site).wait(t)
		if r.exit != 1 && r.exit != 4 {
			t.Fatalf("with %d of %d KiB left: %s", room>>10, need>>10, r)
		}
		if said := r.stdout + r.stderr; !strings.Contains(said, "StorageFull") && !strings.Contains(said, "no space") && !strings.Contains(said, "disk is full") {
			t.Fatalf("with %d of %d KiB left the run does not say that the storage is full: %s", room>>10, need>>10, r)
		}
		arrived := l.mustHold(t, false, before, after)
		t.Logf("with %4d KiB left: exit status %d, %d of %d objects new", room>>10, r.exit, arrived, len(after.content))
		if err := os.Remove(ballast); err != nil {
			t.Fatal(err)
		}
		l.mustRecover(t, after)
		before, after = after, before
	}
}

// needs measures how many bytes of the disk a run over a complete lake takes
// at its peak.
func (l *testLake) needs(t *testing.T, disk, site string) int64 {
	t.Helper()
	free := available(t, disk)
	least := free
	p := l.begin(t, site)
	look := time.NewTicker(200 * time.Microsecond)
	defer look.Stop()
	for {
		select {
		case err := <-p.done:
			if r := p.result(t, err); r.exit != 0 {
				t.Fatal(r)
			}
			return free - least
		case <-look.C:
			least = min(least, available(t, disk))
		}
	}
}

// fill leaves so many bytes of the disk free.
func fill(t *testing.T, disk string, room int64) (ballast string) {
	t.Helper()
	ballast = filepath.Join(disk, "ballast")
	f, err := os.Create(ballast)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if size := available(t, disk) - room; size > 0 {
		if err := syscall.Fallocate(int(f.Fd()), 0, 0, size); err != nil {
			t.Fatal(err)
		}
	}
	return ballast
}

// available returns the bytes that are free on the disk.
func available(t *testing.T, disk string) int64 {
	t.Helper()
	var stat syscall.Statfs_t
	if err := syscall.Statfs(disk, &stat); err != nil {
		t.Fatal(err)
	}
	return int64(stat.Bavail) * stat.Bsize
}

// smallDisk mounts a file system of diskSize. For a user who may not mount, the
// test runs in a copy of this process that may, and tested is true. Where that
// is forbidden as well the test is skipped, and says so.
func smallDisk(t *testing.T) (dir string, tested bool) {
	t.Helper()
	dir = t.TempDir()
	err := syscall.Mount("none", dir, "tmpfs", 0, fmt.Sprintf("size=%d", diskSize))
	if errors.Is(err, syscall.EPERM) && os.Getenv(binaryVariable) == "" {
		inNamespace(t)
		return "", true
	}
	if err != nil {
		t.Skipf("THE FULL DISK WAS NOT TESTED: no file system could be mounted (%v); run as root, or allow user namespaces", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir, false
}

// inNamespace runs the test in a copy of this process that is root within a
// namespace.
func inNamespace(t *testing.T) {
	t.Helper()
	if err := exec.CommandContext(t.Context(), "unshare", "--map-root-user", "--mount", "true").Run(); err != nil {
		t.Skipf("THE FULL DISK WAS NOT TESTED: neither root nor namespaces (%v)", err)
	}
	self := exec.CommandContext(t.Context(), "unshare", "--map-root-user", "--mount",
		os.Args[0], "-test.run", "^"+t.Name()+"$", "-test.v")
	self.Env = append(os.Environ(), binaryVariable+"="+binary)
	out, err := self.CombinedOutput()
	t.Logf("in a namespace:\n%s", out)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(out), "--- SKIP") {
		t.Skip("THE FULL DISK WAS NOT TESTED: see above")
	}
}
