// Command bench measures the functions beside what the reference's are made of,
// in the same run, on this machine, over the same S3 emulator:
//
//   - cold start: from the process's start to the first handled event, beside
//     the import of awswrangler
//   - bronze and silver of the reference's five objects: wall time and peak
//     memory, beside awswrangler
//
// Each round begins new processes and empty buckets. Peak memory is the
// kernel's own account (VmHWM). It is run by make bench-aws.
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
	var b bench
	flag.StringVar(&b.program, "wplake", "bin/wplake", "the built wplake")
	flag.StringVar(&b.python, "python", "", "a Python that has awswrangler")
	flag.StringVar(&b.script, "script", "test/aws/bench/pandas_lake.py", "the same work with awswrangler")
	flag.IntVar(&b.rounds, "rounds", 5, "rounds of each way; the median counts (large: at most 3)")
	flag.StringVar(&b.only, "only", "", "measure only cold, small or large")
	flag.Parse()
	if err := b.run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

type bench struct {
	program, python, script, only string
	rounds                        int
	dir                           string
	lake                          *lake
}

// goal is what is promised, and what came out.
type goal struct {
	name        string
	want, found float64
	atMost      bool
}

func (g goal) met() bool {
	if g.atMost {
		return g.found <= g.want
	}
	return g.found >= g.want
}

func (b bench) run(ctx context.Context) error {
	for _, path := range []*string{&b.program, &b.script} {
		absolute, err := filepath.Abs(*path)
		if err != nil {
			return err
		}
		*path = absolute
	}
	dir, err := os.MkdirTemp("", "wplake-bench-aws-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }() // the system's folder for such files
	b.dir = dir
	if b.lake, err = newLake(ctx, dir); err != nil {
		return err
	}
	fmt.Printf("%d cores, %s; %s\n", runtime.NumCPU(), runtime.Version(), b.pythonVersions(ctx))
	var goals []goal
	for _, part := range []struct {
		name string
		run  func(context.Context) ([]goal, error)
	}{
		{"cold", b.coldStart},
		{"small", func(ctx context.Context) ([]goal, error) { return b.layers(ctx, small) }},
		{"large", func(ctx context.Context) ([]goal, error) { return b.layers(ctx, large) }},
	} {
		if b.only != "" && b.only != part.name {
			continue
		}
		found, err := part.run(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
		goals = append(goals, found...)
	}
	return judge(goals)
}

func judge(goals []goal) error {
	fmt.Println("\ngoals")
	missed := 0
	for _, g := range goals {
		verdict, relation := "met", "at least"
		if g.atMost {
			relation = "at most"
		}
		if !g.met() {
			verdict = "MISSED"
			missed++
		}
		fmt.Printf("  %-34s %8.1f  (%s %.0f)  %s\n", g.name, g.found, relation, g.want, verdict)
	}
	if missed > 0 {
		return fmt.Errorf("%d goals are missed", missed)
	}
	return nil
}

// pythonVersions names what is measured beside.
func (b bench) pythonVersions(ctx context.Context) string {
	const program = `import sys, importlib.metadata as m
print("Python", sys.version.split()[0] + ",", ", ".join(n + " " + m.version(n) for n in ("awswrangler", "pandas", "pyarrow")))`
	out, err := exec.CommandContext(ctx, b.python, "-c", program).CombinedOutput()
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(out))
}

// coldStart starts processes of both kinds in turn.
func (b bench) coldStart(ctx context.Context) ([]goal, error) {
	var ours, theirs []time.Duration
	for range 2*b.rounds + 1 {
		if err := b.lake.empty(ctx); err != nil {
			return nil, err
		}
		began := time.Now()
		f, err := b.lake.function(ctx, b.program, "data_wordpressapi_bronze")
		if err != nil {
			return nil, err
		}
		if _, err := invoke(ctx, f, `{"run_id": "cold"}`); err != nil {
			return nil, errors.Join(err, f.Stop())
		}
		ours = append(ours, time.Since(began))
		if err := f.Stop(); err != nil {
			return nil, err
		}
		began = time.Now()
		if out, err := exec.CommandContext(ctx, b.python, "-c", "import awswrangler").CombinedOutput(); err != nil {
			return nil, fmt.Errorf("%w\n%s", err, out)
		}
		theirs = append(theirs, time.Since(began))
	}
	fmt.Printf("\ncold start, %d rounds, median (min…max)\n", len(ours))
	fmt.Printf("  wplake, the first event handled %s\n  import awswrangler              %s\n", spread(ours), spread(theirs))
	return []goal{{name: "cold start, times faster", want: 20, found: ratio(theirs, ours)}}, nil
}

// cost is what one round of the work took.
type cost struct {
	wall, cpu time.Duration
	peak      int // KiB
}

// layers measures bronze and silver of one size of site.
func (b bench) layers(ctx context.Context, s size) ([]goal, error) {
	bytes, err := b.lake.fill(ctx, s)
	if err != nil {
		return nil, err
	}
	rounds := min(b.rounds, s.rounds)
	var ours, theirs []cost
	var alone []time.Duration
	for range rounds {
		c, err := b.ours(ctx)
		if err != nil {
			return nil, fmt.Errorf("wplake: %w", err)
		}
		ours = append(ours, c)
		moved, err := b.lake.transfers(ctx)
		if err != nil {
			return nil, fmt.Errorf("the transfers alone: %w", err)
		}
		alone = append(alone, moved)
		if c, err = b.theirs(ctx); err != nil {
			return nil, fmt.Errorf("awswrangler: %w", err)
		}
		theirs = append(theirs, c)
	}
	fmt.Printf("\n%s: five objects, %.1f MB of JSON; bronze and silver, %d rounds, median (min…max)\n", s.name, float64(bytes)/1e6, rounds)
	show("wplake", ours)
	show("awswrangler", theirs)
	fmt.Printf("  the transfers alone  %s\n", spread(alone))
	return []goal{
		{name: s.name + ", times faster", want: s.faster, found: ratio(walls(theirs), walls(ours))},
		{name: s.name + ", peak MiB", want: 256, found: float64(peak(ours)) / 1024, atMost: true},
	}, nil
}

func show(name string, costs []cost) {
	var cpu []time.Duration
	for _, c := range costs {
		cpu = append(cpu, c.cpu)
	}
	fmt.Printf("  %-12s  %s  cpu %7.3f s  peak %5d MiB\n", name, spread(walls(costs)), median(cpu).Seconds(), peak(costs)/1024)
}

func walls(costs []cost) []time.Duration {
	var d []time.Duration
	for _, c := range costs {
		d = append(d, c.wall)
	}
	return d
}

func peak(costs []cost) int {
	highest := 0
	for _, c := range costs {
		highest = max(highest, c.peak)
	}
	return highest
}

// ours does both in one process, as theirs: a function without a stage of its
// own gets an event for each. The wall time is from the start to the last answer.
func (b bench) ours(ctx context.Context) (cost, error) {
	if err := b.lake.empty(ctx); err != nil {
		return cost{}, err
	}
	began := time.Now()
	f, err := b.lake.function(ctx, b.program, "bench")
	if err != nil {
		return cost{}, err
	}
	for _, layer := range []string{"bronze", "silver"} {
		answer, err := invoke(ctx, f, `{"run_id": "bench", "stage": "`+layer+`"}`)
		if err == nil {
			err = complete(answer)
		}
		if err != nil {
			return cost{}, errors.Join(err, f.Stop())
		}
	}
	c := cost{wall: time.Since(began)}
	c.peak, err = f.HighWater()
	if err = errors.Join(err, f.Stop()); err != nil {
		return cost{}, err
	}
	c.cpu = f.CPU()
	return c, nil
}

// theirs does both in one process, which imports once.
func (b bench) theirs(ctx context.Context) (cost, error) {
	if err := b.lake.empty(ctx); err != nil {
		return cost{}, err
	}
	began := time.Now()
	cmd := exec.CommandContext(ctx, b.python, "-W", "ignore", b.script, rawBucket, bronzeBucket, silverBucket)
	cmd.Env = append(os.Environ(), b.lake.environment()...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return cost{}, err
	}
	c := cost{wall: time.Since(began), cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}
	c.peak, err = strconv.Atoi(strings.TrimSpace(string(out)))
	return c, err
}

func median(d []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(d))
	return sorted[len(sorted)/2]
}

func ratio(theirs, ours []time.Duration) float64 {
	return float64(median(theirs)) / float64(median(ours))
}

func spread(d []time.Duration) string {
	return fmt.Sprintf("%8.3f s  (%.3f…%.3f)", median(d).Seconds(), slices.Min(d).Seconds(), slices.Max(d).Seconds())
}
