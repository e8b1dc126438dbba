package cli_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wplake/internal/lake"
	"wplake/internal/wordpress/faultsite"
)

// folderSite is a site whose endpoints give what is in a folder at the moment:
// NAME.json as JSON, NAME.html as a page. What is in neither is not found.
func folderSite(dir string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimSuffix(strings.TrimPrefix(r.URL.Path, faultsite.Path), "_endpoint/")
		for extension, kind := range map[string]string{".json": "application/json; charset=UTF-8", ".html": "text/html; charset=UTF-8"} {
			body, err := os.ReadFile(filepath.Join(dir, filepath.Base(name)+extension))
			if err == nil {
				w.Header().Set("Content-Type", kind)
				_, _ = w.Write(body) // a client that has left is no fault of the site
				return
			}
		}
		http.NotFound(w, r)
	}
}

// place is a folder with a lake's definition, in which wplake is started.
type place struct {
	dir string
	env []string
}

// newPlace makes a folder with a definition.
func newPlace(t *testing.T, definition string) place {
	t.Helper()
	p := place{dir: t.TempDir()}
	p.env = append(os.Environ(), "HOME="+p.dir, "NO_COLOR=1", "TZ=UTC")
	p.write(t, "wplake.yaml", definition)
	return p
}

// write writes a file below the folder.
func (p place) write(t *testing.T, name, content string) {
	t.Helper()
	path := filepath.Join(p.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// result is what a command came to.
type result struct {
	exit           int
	stdout, stderr string
}

func (r result) String() string {
	return fmt.Sprintf("exit status %d\nstdout: %s\nstderr: %s", r.exit, r.stdout, r.stderr)
}

// started is a command under way.
type started struct {
	cmd            *exec.Cmd
	stdout, stderr bytes.Buffer
	ended          chan error
}

// start starts wplake. It ends with the test at the latest.
func (p place) start(t *testing.T, args ...string) *started {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	s := &started{cmd: exec.CommandContext(ctx, "wplake", args...), ended: make(chan error, 1)}
	s.cmd.Dir, s.cmd.Env = p.dir, p.env
	s.cmd.Stdout, s.cmd.Stderr = &s.stdout, &s.stderr
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { s.ended <- s.cmd.Wait() }()
	return s
}

// wait waits for the command's end.
func (s *started) wait(t *testing.T) result {
	t.Helper()
	r := result{}
	if err := <-s.ended; err != nil {
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			t.Fatal(err)
		}
		r.exit = exit.ExitCode()
	}
	r.stdout, r.stderr = s.stdout.String(), s.stderr.String()
	return r
}

// run runs wplake, which must end with that exit status.
func (p place) run(t *testing.T, exit int, args ...string) result {
	t.Helper()
	r := p.start(t, args...).wait(t)
	if r.exit != exit {
		t.Fatalf("wplake %s: want exit status %d: %s", strings.Join(args, " "), exit, r)
	}
	return r
}

// report runs wplake with --json and returns the report that it printed.
func (p place) report(t *testing.T, exit int, args ...string) lake.RunReport {
	t.Helper()
	r := p.run(t, exit, append(args, "--json")...)
	var report lake.RunReport
	decoder := json.NewDecoder(strings.NewReader(r.stdout))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&report); err != nil {
		t.Fatalf("stdout is no report: %v: %s", err, r)
	}
	if decoder.More() {
		t.Fatalf("stdout holds more than the report: %s", r)
	}
	return report
}

// stageOf returns a report's stage.
func stageOf(t *testing.T, r lake.RunReport, name string) lake.StageReport {
	t.Helper()
	for _, s := range r.Stages {
		if s.Stage == name {
			return s
		}
	}
	t.Fatalf("there is no stage %s in %+v", name, r)
	return lake.StageReport{}
}

// files lists the files below the buckets with hash and time of change.
// Temporary ones are among them, should there be any.
func (p place) files(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(filepath.Join(p.dir, "lake"), func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.Name() == ".wplake" {
			return fs.SkipDir
		}
		if d.IsDir() {
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(content)
		name, err := filepath.Rel(p.dir, path)
		found[filepath.ToSlash(name)] = hex.EncodeToString(sum[:]) + " " + info.ModTime().UTC().Format(time.RFC3339Nano)
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return found
}

// temporary lists what runs are to leave nothing of: temporary files of
// objects, and wplake's folder for such.
func (p place) temporary(t *testing.T) []string {
	t.Helper()
	var found []string
	for name := range p.files(t) {
		if strings.Contains(name, ".tmp") {
			found = append(found, name)
		}
	}
	left, err := filepath.Glob(filepath.Join(p.dir, "lake", ".wplake", "tmp", "*"))
	if err != nil {
		t.Fatal(err)
	}
	return append(found, left...)
}
