package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"wplake/internal/asl"
	"wplake/internal/workflow"
	"wplake/internal/workflow/sqlite"
)

// Sizes of what is measured in processes of their own.
const (
	mapItems = 100_000
	asleep   = 10_000
	sleepFor = 20 * time.Second
)

// asChild is one measurement: WHAT FOLDER.
func asChild(ctx context.Context, what string) error {
	what, folder, _ := strings.Cut(what, " ")
	store, err := sqlite.Open(ctx, filepath.Join(folder, "workflow.db"), time.Now, locks)
	if err != nil {
		return err
	}
	o := workflow.Options{Store: store, Tasks: echo{}, Machines: echo{}, Now: time.Now, Parallel: 40, Objects: numbers{}}
	begun := time.Now()
	e, err := workflow.Open(ctx, o)
	if err != nil {
		return err
	}
	switch what {
	case "map":
		err = mapChild(ctx, e)
	case "sleep":
		err = sleepChild(ctx, e)
	case "wake":
		err = wakeChild(ctx, e, store, begun)
	}
	return errors.Join(err, e.Close(), store.Close())
}

// numbers is a file of many small items.
type numbers struct{}

func (numbers) Open(context.Context, string, string, string) (io.ReadCloser, int64, error) {
	var b bytes.Buffer
	b.WriteByte('[')
	for i := range mapItems {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"id": %d, "name": "item %d", "price": 12.5}`, i, i)
	}
	b.WriteByte(']')
	return io.NopCloser(&b), int64(b.Len()), nil
}

func (numbers) List(context.Context, string, string) iter.Seq2[workflow.ObjectInfo, error] {
	return func(func(workflow.ObjectInfo, error) bool) {}
}

func (numbers) Put(_ context.Context, _, _ string, body io.Reader) error {
	_, err := io.Copy(io.Discard, body)
	return err
}

func mapChild(ctx context.Context, e *workflow.Engine) error {
	x, err := e.Start(ctx, workflow.StartInput{Name: "one", Machine: machine("m", `{"StartAt": "M", "States": {"M": {
		"Type": "Map", "MaxConcurrency": 40, "End": true,
		"ItemReader": {"Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": {"InputType": "JSON"}, "Parameters": {"Bucket": "b", "Key": "k"}},
		"ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "T", "States": {
			"T": {"Type": "Task", "Resource": "arn:aws:states:::test:do", "End": true}}},
		"ResultWriter": {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "b", "Prefix": "out"}}}}}`)})
	if err == nil {
		x, err = e.Wait(ctx, x.ARN)
	}
	if err == nil && x.Status != asl.Succeeded {
		err = fmt.Errorf("%s: %v %v", x.Status, *x.Error, *x.Cause)
	}
	return err
}

func sleepChild(ctx context.Context, e *workflow.Engine) error {
	m := machine("m", fmt.Sprintf(`{"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": %d, "Next": "P"}, "P": {"Type": "Pass", "End": true}}}`, int(sleepFor.Seconds())))
	err := together(asleep, 64, func(i int) error {
		_, err := e.Start(ctx, workflow.StartInput{Machine: m, Name: fmt.Sprint("e", i), Input: json.RawMessage(`{"customer": "c-1029"}`)})
		return err
	})
	if err != nil {
		return err
	}
	settle := time.NewTimer(2 * time.Second)
	defer settle.Stop()
	<-settle.C
	if err := os.WriteFile("/dev/stdout", []byte("asleep\n"), 0o600); err != nil {
		return err
	}
	<-ctx.Done()
	return ctx.Err()
}

// wakeChild goes on with executions that are all due.
func wakeChild(ctx context.Context, e *workflow.Engine, store workflow.Store, begun time.Time) error {
	if err := e.Resume(ctx); err != nil {
		return err
	}
	resumed := time.Since(begun)
	for {
		running, _, err := store.List(ctx, workflow.Filter{Status: asl.Running, Limit: 1})
		if err != nil {
			return err
		}
		if len(running) == 0 {
			break
		}
		pause := time.NewTimer(20 * time.Millisecond)
		<-pause.C
	}
	return os.WriteFile("/dev/stdout", fmt.Appendf(nil, "%d %d\n", resumed.Milliseconds(), time.Since(begun).Milliseconds()), 0o600)
}

// child begins a measurement in a process of its own.
func child(ctx context.Context, what, folder string) (*exec.Cmd, *bufio.Reader, error) {
	path, err := os.Executable()
	if err != nil {
		return nil, nil, err
	}
	c := exec.CommandContext(ctx, path)
	c.Env = append(os.Environ(), childVariable+"="+what+" "+folder)
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	return c, bufio.NewReader(out), c.Start()
}

// memory is a figure of a process from /proc, in MiB.
func memory(pid int, figure string) (float64, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(raw)) {
		if rest, ok := strings.CutPrefix(line, figure+":"); ok {
			n, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			return n / 1024, err
		}
	}
	return 0, fmt.Errorf("no %s of process %d", figure, pid)
}

// largeMap measures the memory of a distributed Map over many items.
func largeMap(ctx context.Context, out io.Writer, folder string) error {
	folder = filepath.Join(folder, "map")
	begun := time.Now()
	c, _, err := child(ctx, "map", folder)
	if err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() { done <- c.Wait() }()
	peak := 0.0
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case err := <-done:
			if err != nil {
				return err
			}
			took := time.Since(begun)
			fmt.Fprintf(out, "Map over %d items, 40 at once, durable: peak %.0f MiB, goal 300: %s; %.1f s, %.0f items/s\n",
				mapItems, peak, verdict(peak <= 300), took.Seconds(), mapItems/took.Seconds())
			return nil
		case <-tick.C:
			if m, err := memory(c.Process.Pid, "VmHWM"); err == nil {
				peak = max(peak, m)
			}
		}
	}
}

// sleepers measures executions that only wait, and how soon they go on after a
// kill.
func sleepers(ctx context.Context, out io.Writer, folder string) error {
	folder = filepath.Join(folder, "sleep")
	c, lines, err := child(ctx, "sleep", folder)
	if err != nil {
		return err
	}
	begun := time.Now()
	if _, err := lines.ReadString('\n'); err != nil {
		return errors.Join(err, c.Wait())
	}
	peak, err := memory(c.Process.Pid, "VmHWM")
	if err != nil {
		return err
	}
	now, err := memory(c.Process.Pid, "VmRSS")
	if err != nil {
		return err
	}
	if err := c.Process.Kill(); err != nil {
		return err
	}
	_ = c.Wait() // it was killed
	rest := time.NewTimer(max(0, sleepFor-time.Since(begun)+time.Second))
	<-rest.C
	c, lines, err = child(ctx, "wake", folder)
	if err != nil {
		return err
	}
	line, err := lines.ReadString('\n')
	if err = errors.Join(err, c.Wait()); err != nil {
		return err
	}
	var resumed, all float64
	if _, err := fmt.Sscan(line, &resumed, &all); err != nil {
		return err
	}
	fmt.Fprintf(out, "%d sleeping executions: %.0f MiB (peak while they were started: %.0f), goal 200: %s\n", asleep, now, peak, verdict(peak <= 200))
	fmt.Fprintf(out, "after a kill they are watched again after %.2f s, and all %d, which were due by then, have ended after %.2f s; goal 5: %s\n",
		resumed/1000, asleep, all/1000, verdict(all < 5000))
	return nil
}
