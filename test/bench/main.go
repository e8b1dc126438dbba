// Command bench measures wplake's bronze and silver, with all their checks,
// against the tuned floor: plain DuckDB COPY of the same data to the same
// columns, without checks, one object after the other.
//
// Wall times come from alternating rounds in one process. Peak memory is the
// kernel's own account (VmHWM) of a process of its own for each way, since an
// allocator does not give back what another way took.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

func main() {
	var o options
	flag.IntVar(&o.posts, "posts", 0, "posts, of 2 to 6 kB each (default: 50,000, then few)")
	flag.IntVar(&o.statistics, "statistics", 0, "rows of statistics_pages (default: 1,000,000, then 10,000,000)")
	flag.StringVar(&o.dir, "dir", "", "folder for data (default: a temporary one, removed afterwards)")
	flag.IntVar(&o.rounds, "rounds", 5, "rounds of each way; the median counts")
	flag.Int64Var(&o.limit, "limit", 0, "memory_limit in MB (default: both 512 and 256)")
	flag.StringVar(&o.child, "child", "", "measure one way once and exit; used by the command itself")
	flag.Parse()
	if err := o.run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

type options struct {
	posts, statistics, rounds int
	dir, child                string
	limit                     int64
}

func (o options) run(ctx context.Context) error {
	if o.child != "" {
		if err := o.once(ctx, o.child, o.limit); err != nil {
			return err
		}
		kib, err := highWater()
		if err != nil {
			return err
		}
		fmt.Println(kib)
		return nil
	}
	sets := []options{o}
	if o.posts == 0 && o.statistics == 0 {
		large, extraLarge := o, o
		large.posts, large.statistics = 50_000, 1_000_000
		extraLarge.posts, extraLarge.statistics, extraLarge.rounds = 100, 10_000_000, min(o.rounds, 3)
		sets = []options{large, extraLarge}
	}
	for _, set := range sets {
		if err := set.measure(ctx); err != nil {
			return err
		}
	}
	return nil
}

// measure generates one set of data and compares both ways on it.
func (o options) measure(ctx context.Context) error {
	if o.dir == "" {
		dir, err := os.MkdirTemp("", "wplake-bench-")
		if err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(dir) }() // the system's folder for such files
		o.dir = dir
	}
	bytes, err := generate(ctx, o)
	if err != nil {
		return err
	}
	fmt.Printf("%d posts and %d statistics rows, %d MB of JSON; %d cores, %s\n\n", o.posts, o.statistics, bytes/1e6, runtime.NumCPU(), runtime.Version())
	limits := []int64{512, 256}
	if o.limit != 0 {
		limits = []int64{o.limit}
	}
	fmt.Printf("%-22s %-8s %12s %12s %8s %14s\n", "memory_limit", "", "wall median", "min…max", "ratio", "peak MiB")
	for _, limit := range limits {
		if err := o.compare(ctx, limit); err != nil {
			return err
		}
	}
	fmt.Println()
	return nil
}

// compare measures both ways at one memory limit.
func (o options) compare(ctx context.Context, limit int64) error {
	walls := map[string][]time.Duration{}
	for range o.rounds {
		for _, way := range []string{"floor", "wplake"} {
			began := time.Now()
			if err := o.once(ctx, way, limit); err != nil {
				return err
			}
			walls[way] = append(walls[way], time.Since(began))
		}
	}
	for _, way := range []string{"floor", "wplake"} {
		peak, err := o.peak(ctx, way, limit)
		if err != nil {
			return err
		}
		slices.Sort(walls[way])
		w := walls[way]
		ratio := float64(w[len(w)/2]) / float64(walls["floor"][len(w)/2])
		fmt.Printf("%-22s %-8s %10.2f s %5.2f…%5.2f %8.2f %14.0f\n", fmt.Sprintf("%d MB", limit), way,
			w[len(w)/2].Seconds(), w[0].Seconds(), w[len(w)-1].Seconds(), ratio, peak)
		slices.Sort(walls["floor"])
	}
	return nil
}

// peak runs one way in a process of its own and returns the most memory that
// was resident, in MiB. The process asks the kernel for its own high-water mark:
// ru_maxrss would count what this process held when it began the other.
func (o options) peak(ctx context.Context, way string, limit int64) (float64, error) {
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	cmd := exec.CommandContext(ctx, self, "-child", way, "-dir", o.dir, "-limit", fmt.Sprint(limit))
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return 0, fmt.Errorf("%s: %w", way, err)
	}
	kib, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
	return kib / 1024, err
}

// highWater is the most memory in KiB that was resident in this process.
func highWater() (string, error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			return strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), nil
		}
	}
	return "", errors.New("the kernel tells no VmHWM")
}

// once does the work one way, from raw to silver.
func (o options) once(ctx context.Context, way string, limit int64) error {
	if err := os.RemoveAll(filepath.Join(o.dir, "out")); err != nil {
		return err
	}
	if way == "floor" {
		return floor(ctx, o.dir, limit)
	}
	return wplake(ctx, o.dir, limit)
}
