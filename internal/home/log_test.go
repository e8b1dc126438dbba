package home

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestLogFilesOfManyProcesses writes with several handles, as processes do,
// while files are put aside all the time. Whatever is kept must be whole, and
// in the order in which each writer wrote it.
func TestLogFilesOfManyProcesses(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	var writers sync.WaitGroup
	for w := range 4 {
		l := NewLogFile(root, time.Now)
		l.max = 4000
		writers.Go(func() {
			for i := range 300 {
				if _, err := fmt.Fprintf(l, "time=2026-08-01T07:00:00Z level=INFO msg=\"%d %03d\" run=r%d\n", w, i, w); err != nil {
					t.Error(err)
				}
			}
			if err := l.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	writers.Wait()
	last := map[string]string{}
	lines := 0
	for l, err := range NewLogs(root).Lines() {
		if err != nil {
			t.Fatal(err)
		}
		lines++
		if before := last[l.Run()]; l.Message <= before || l.Run() == "" {
			t.Errorf("%q follows %q", l.Text, before)
		}
		last[l.Run()] = l.Message
	}
	for _, name := range []string{"", ".1"} {
		info, err := os.Stat(logPath(root) + name)
		if err != nil {
			t.Fatal(err)
		}
		if info.Size() > 4000+4*100 {
			t.Errorf("%s has %d bytes", info.Name(), info.Size())
		}
	}
	// The older file is full: what was kept is more than one file holds.
	if lines < 4000/60 {
		t.Errorf("only %d lines are left", lines)
	}
}

// TestFollow puts the log aside between any two looks, and must see every line.
func TestFollow(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	l := NewLogFile(root, time.Now)
	l.max = 500
	write := func(text string) {
		if _, err := fmt.Fprintf(l, "time=2026-08-01T07:00:00Z level=INFO msg=%s\n", text); err != nil {
			t.Error(err)
		}
	}
	var want, got []string
	round := 0
	caughtUp := func() bool {
		if round == 40 {
			return false
		}
		round++
		for i := range round % 9 {
			text := fmt.Sprintf("m%d-%d", round, i)
			want = append(want, text)
			write(text)
		}
		return true
	}
	for line, err := range NewLogs(root).Follow(t.Context(), time.Microsecond, caughtUp) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, line.Message)
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %d lines, want %d:\n%v\n%v", len(got), len(want), got, want)
	}
}

// TestFollowUnfinished takes a line that is written in two pieces for one, and
// ends with its context.
func TestFollowUnfinished(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	path := logPath(root)
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		t.Fatal(err)
	}
	add := func(text string) {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString(text); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	round := 0
	var got []string
	for line, err := range NewLogs(root).Follow(ctx, time.Microsecond, func() bool {
		switch round++; round {
		case 1:
			add("msg=one lev")
		case 2:
			add("el=WARN\nmsg=two\n")
		case 4:
			stop()
		}
		return true
	}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, line.Text)
	}
	if want := []string{"msg=one level=WARN", "msg=two"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestLinesOfRuns(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	holder := &atomic.Pointer[string]{}
	log := slog.New(runHandler{Handler: slog.NewTextHandler(&out, nil), holder: holder})
	ctx := t.Context()
	run := "r1"
	log.Info("before")
	holder.Store(&run)
	log.Info("in the run")
	log.With("stage", "raw").WithGroup("g").Info("of a part", "object", "posts")
	log.With("run", "r2").Info("of another")
	log.Warn("of an execution", "execution", "arn:aws:states:eu-west-1:000000000000:execution:machine:r3")
	log.InfoContext(withRun(ctx, "r4"), "by context")
	holder.Store(nil)
	log.Info("after")
	want := []string{"", "r1", "r1", "r2", "r3", "r4", ""}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	for i, text := range lines {
		l := ParseLogLine(text)
		if l.Run() != want[i] {
			t.Errorf("%s is of run %q, want %q", text, l.Run(), want[i])
		}
	}
	if len(lines) != len(want) {
		t.Errorf("%d lines", len(lines))
	}
}

// FuzzParseLogLine reads back what slog writes, and must not fail on the rest.
func FuzzParseLogLine(f *testing.F) {
	f.Add("run began", "run", "20260801")
	f.Add("a \"quoted\" = text\nof two lines", "cause", "\x00 é = \\")
	f.Add("", "", "")
	f.Fuzz(func(t *testing.T, message, key, value string) {
		ParseLogLine(message)
		var out bytes.Buffer
		slog.New(slog.NewTextHandler(&out, nil)).Warn(message, "field", value)
		l := ParseLogLine(strings.TrimSuffix(out.String(), "\n"))
		if l.Level != slog.LevelWarn || l.Time.IsZero() || len(l.Fields) != 1 {
			t.Fatalf("%q was read as %+v", out.String(), l)
		}
		if strings.ToValidUTF8(message, "\ufffd") == message && l.Message != message || strings.ToValidUTF8(value, "\ufffd") == value && l.Fields[0].Value != value {
			t.Errorf("%q was read as %+v", out.String(), l)
		}
	})
}
