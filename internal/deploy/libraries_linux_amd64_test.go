package deploy_test

import (
	"archive/zip"
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"wplake/internal/config"
	"wplake/internal/deploy"
	"wplake/internal/lake"
)

// dynamic builds a tiny program in C and Go that says that it is wplake, and
// greets.
func dynamic(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod": "module wplake\n\ngo 1.24\n",
		"cmd/wplake/main.go": "package main\n\n// #cgo LDFLAGS: -lm\n// #include <math.h>\n// #include <stdio.h>\n" +
			"// static void greet(double x) { printf(\"%.0f greetings\\n\", cbrt(x)); fflush(stdout); }\nimport \"C\"\n\n" +
			"import \"os\"\n\nfunc main() { C.greet(C.double(len(os.Args) * 27)) }\n",
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", dir+"/", "./cmd/wplake")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=1", "GOFLAGS=", "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return filepath.Join(dir, "wplake")
}

// unpack unpacks a package into the folder task of a new one.
func unpack(t *testing.T, f deploy.File) (root string) {
	t.Helper()
	root = t.TempDir()
	z, err := zip.NewReader(bytes.NewReader(f.Zip), int64(len(f.Zip)))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range z.File {
		r, err := file.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(root, "task", filepath.FromSlash(file.Name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, file.Mode()); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func names(f deploy.File) []string {
	var all []string
	for _, file := range f.Files {
		all = append(all, file.Name)
	}
	return all
}

// The job's binary is started with nothing of the machine that it runs on.
func TestTheJobsPackageBringsItsLibraries(t *testing.T) {
	t.Parallel()
	_, in := definition(t, "site: blog\nsilver: {runtime: glue-pythonshell}\n", nil)
	in.Program = dynamic(t)
	f, err := deploy.Package(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"glue/ld-linux-x86-64.so.2", "glue/libc.so.6", "glue/libm.so.6"} {
		if !slices.Contains(names(f), name) {
			t.Errorf("the package lacks %s: %v", name, names(f))
		}
	}
	root := unpack(t, f)
	within := func(root string) []string {
		return []string{root + "/task/glue/ld-linux-x86-64.so.2", "--inhibit-cache", "--library-path", root + "/task/glue", root + "/task/bootstrap"}
	}
	line := within(root)
	listed, err := exec.CommandContext(t.Context(), line[0], append([]string{"--list"}, line[1:]...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, listed)
	}
	for l := range strings.Lines(string(listed)) {
		if name, from, ok := strings.Cut(l, "=>"); ok && !strings.Contains(from, root) {
			t.Errorf("%s is the machine's: %s", strings.TrimSpace(name), l)
		}
	}
	cmd := exec.CommandContext(t.Context(), line[0], line[1:]...)
	if os.Getuid() == 0 { // who may, sees nothing else
		line = within("")
		cmd = exec.CommandContext(t.Context(), line[0], line[1:]...)
		cmd.Dir, cmd.SysProcAttr = "/", &syscall.SysProcAttr{Chroot: root}
	}
	if out, err := cmd.CombinedOutput(); err != nil || string(out) != "3 greetings\n" {
		t.Errorf("%v: %s", err, out)
	}
	// As a function it runs with Lambda's libraries, and takes none along.
	in.Config.Silver.Runtime = config.RuntimeLambda
	if f, err = deploy.Package(t.Context(), in); err != nil || len(f.Files) != 2 {
		t.Errorf("without the job: %v, %v", names(f), err)
	}
}

func TestAStaticBinaryNeedsNoLibraries(t *testing.T) {
	t.Parallel()
	_, in := definition(t, "site: blog\nsilver: {runtime: glue-pythonshell}\n", nil)
	f, err := deploy.Package(t.Context(), in)
	if err != nil || len(f.Files) != 2 {
		t.Errorf("%v, %v", names(f), err)
	}
}

// Libraries beside the binary are from where it was built; they are all there,
// or the job cannot be packed.
func TestLibrariesBesideTheBinary(t *testing.T) {
	t.Parallel()
	_, in := definition(t, "site: blog\nsilver: {runtime: glue-pythonshell}\n", nil)
	in.Program = dynamic(t)
	whole, err := deploy.Package(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(unpack(t, whole), "task", "glue"), filepath.Join(filepath.Dir(in.Program), "lib")); err != nil {
		t.Fatal(err)
	}
	again, err := deploy.Package(t.Context(), in)
	if err != nil || again.SHA256 != whole.SHA256 {
		t.Errorf("the same libraries give another package: %v", err)
	}
	refused := func(why string) {
		t.Helper()
		_, err := deploy.Package(t.Context(), in)
		e := lake.AsError(err, lake.Internal)
		if err == nil || e.Code != lake.ConfigInvalid || !strings.Contains(e.Message, why) || !strings.Contains(e.Hint, "folder lib beside the binary") {
			t.Errorf("%v; %q", err, e.Hint)
		}
	}
	libm := filepath.Join(filepath.Dir(in.Program), "lib", "libm.so.6")
	if err := os.Remove(libm); err != nil {
		t.Fatal(err)
	}
	refused("libm.so.6 is not in")
	// One that is too old, or another's, has none of the versions.
	libgcc, err := os.ReadFile("/lib/x86_64-linux-gnu/libgcc_s.so.1")
	if os.IsNotExist(err) {
		libgcc, err = os.ReadFile("/lib64/libgcc_s.so.1")
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(libm, libgcc, 0o600); err != nil {
		t.Fatal(err)
	}
	refused("which " + libm + " does not have")
}

func TestTheFolderOfLibrariesIsThePackagesOwn(t *testing.T) {
	t.Parallel()
	_, in := definition(t, "site: blog\nworkflow: {definition: glue/run.json}\n", map[string]string{"glue/run.json": "{}"})
	if _, err := deploy.Package(t.Context(), in); err == nil || !strings.Contains(err.Error(), "a name of the package's own") {
		t.Error(err)
	}
}
