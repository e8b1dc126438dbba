package cli_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"wplake/internal/cli"
)

// TestMain makes the test binary wplake itself when a script calls it.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"wplake": func() { os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) },
	})
}

// TestScripts runs testdata/script/*.txtar: a command line's input and output.
// Beyond testscript's own commands a script has
//
//	exitcode N command…    the command must end with that status
//	json PATH VALUE        stdout is one JSON document; the value at the path,
//	                       as in stages.0.succeeded, must be VALUE; a path that
//	                       ends with .len counts a list
//	$SITE                  the address of a web server whose endpoints give what
//	                       the folder site has at the moment: site/posts.json
//	$WEBHOOK               the address of a web server that adds what is posted
//	                       to alerts.txt; below $WEBHOOK/broken it answers 500
//	$CLOUD                 the address of an AWS that answers with the files of the
//	                       folder cloud: cloud/ListExecutions.json; see cloud
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup:               setUp,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exitcode": exitCode,
			"json":     jsonValue,
		},
	})
}

func setUp(env *testscript.Env) error {
	home := filepath.Join(env.WorkDir, "home")
	if err := os.Mkdir(home, 0o750); err != nil {
		return err
	}
	env.Setenv("HOME", home)
	env.Setenv("NO_COLOR", "1")
	env.Setenv("TZ", "UTC")
	env.Setenv("PLATFORM", runtime.GOOS+"/"+runtime.GOARCH)
	server := httptest.NewServer(webhook(filepath.Join(env.WorkDir, "alerts.txt")))
	env.Defer(server.Close)
	env.Setenv("WEBHOOK", server.URL)
	site := httptest.NewServer(folderSite(filepath.Join(env.WorkDir, "site")))
	env.Defer(site.Close)
	env.Setenv("SITE", site.URL)
	aws := httptest.NewServer(cloud(filepath.Join(env.WorkDir, "cloud"), filepath.Join(env.WorkDir, "calls.txt")))
	env.Defer(aws.Close)
	env.Setenv("CLOUD", aws.URL)
	return nil
}

// webhook adds what is posted to a file.
func webhook(path string) http.HandlerFunc {
	var mu sync.Mutex
	return func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if strings.HasPrefix(r.URL.Path, "/broken") {
			http.Error(w, "broken", http.StatusInternalServerError)
			return
		}
		f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		_, err = io.Copy(f, io.MultiReader(r.Body, strings.NewReader("\n")))
		if err := errors.Join(err, f.Close()); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	}
}

// exitCode runs a command that must end with a status.
func exitCode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exitcode N command…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			ts.Fatalf("%s: %v", args[1], err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}

// jsonValue compares a value in the one JSON document on stdout.
func jsonValue(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: json PATH VALUE")
	}
	decoder := json.NewDecoder(strings.NewReader(ts.ReadFile("stdout")))
	decoder.UseNumber()
	var document any
	if err := decoder.Decode(&document); err != nil {
		ts.Fatalf("stdout is not JSON: %v", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		ts.Fatalf("stdout has something after the JSON document")
	}
	got, err := valueAt(document, args[0])
	ts.Check(err)
	if (got == args[1]) == neg {
		ts.Fatalf("%s is %s, want %s (not: %v)", args[0], got, args[1], neg)
	}
}

// valueAt finds the value at a path and gives strings bare, all else as JSON.
func valueAt(document any, path string) (string, error) {
	for key := range strings.SplitSeq(path, ".") {
		switch v := document.(type) {
		case map[string]any:
			inner, ok := v[key]
			if !ok {
				return "absent", nil
			}
			document = inner
		case []any:
			if key == "len" {
				document = len(v)
				continue
			}
			i, err := strconv.Atoi(key)
			if err != nil || i < 0 || i >= len(v) {
				return "absent", nil
			}
			document = v[i]
		default:
			return "", fmt.Errorf("nothing is below a single value: %s of %s", key, path)
		}
	}
	if s, ok := document.(string); ok {
		return s, nil
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(document)
	return strings.TrimSpace(b.String()), err
}
