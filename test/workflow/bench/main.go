// Command bench measures the engine of executions beside floors that are
// measured in the same run, and says whether each goal is met:
//
//	make bench-workflow
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
)

// childVariable makes the command one of its own measurements, in a process of
// its own, whose memory is measured and which can be killed.
const childVariable = "WPLAKE_BENCH_CHILD"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run measures all, or the one that the arguments name.
func run(ctx context.Context, out io.Writer) error {
	if child := os.Getenv(childVariable); child != "" {
		return asChild(ctx, child)
	}
	folder, err := os.MkdirTemp("bin", "bench-workflow-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	all := []struct {
		name    string
		measure func(context.Context, io.Writer, string) error
	}{
		{"pass", passChain}, {"jsonata", besideLibrary}, {"durable", durable}, {"map", largeMap}, {"sleep", sleepers},
	}
	for _, m := range all {
		if len(os.Args) > 1 && os.Args[1] != m.name {
			continue
		}
		if err := m.measure(ctx, out, folder); err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
	}
	return nil
}

// verdict says how a number stands to its goal.
func verdict(met bool) string {
	if met {
		return "met"
	}
	return "MISSED"
}
