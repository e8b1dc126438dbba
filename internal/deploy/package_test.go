package deploy_test

import (
	"archive/zip"
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"wplake/internal/config"
	"wplake/internal/deploy"
	"wplake/internal/lake"
)

// program builds a tiny program that says that it is wplake, once.
var program = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "wplake-deploy-")
	if err != nil {
		return "", err
	}
	for name, text := range map[string]string{
		"go.mod": "module wplake\n\ngo 1.24\n", "cmd/wplake/main.go": "package main\n\nfunc main() {}\n", "cmd/other/main.go": "package main\n\nfunc main() {}\n",
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			return "", err
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			return "", err
		}
	}
	cmd := exec.Command("go", "build", "-ldflags", "-s -w", "-o", dir+"/", "./cmd/...")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOFLAGS=", "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", &lake.Error{Message: string(out), Err: err}
	}
	return filepath.Join(dir, "wplake"), nil
})

func TestMain(m *testing.M) {
	status := m.Run()
	if path, err := program(); err == nil {
		_ = os.RemoveAll(filepath.Dir(path)) // a left folder of the machine's temporary ones harms nobody
	}
	os.Exit(status)
}

// architecture is this machine's, as Lambda calls it.
func architecture() config.Architecture {
	if runtime.GOARCH == "arm64" {
		return config.ArchitectureARM
	}
	return config.ArchitectureX86
}

// definition writes a definition with the files given and loads it.
func definition(t *testing.T, text string, files map[string]string) (config.Config, deploy.PackageInput) {
	t.Helper()
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("wplake.yaml", text)
	for name, text := range files {
		write(name, text)
	}
	c, _, err := config.Load(filepath.Join(dir, "wplake.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	c.AWS.Functions.Architecture = architecture()
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	return c, deploy.PackageInput{Config: c, Dir: dir, Definition: filepath.Join(dir, "wplake.yaml"), Program: path}
}

func TestPackageHoldsTheBinaryTheDefinitionAndItsFiles(t *testing.T) {
	t.Parallel()
	text := "site: blog\nsource:\n  kind: endpoints\n  endpoints:\n    urls: [\"file:conf/url.txt\"]\nworkflow:\n  definition: machines/run.json\n"
	files := map[string]string{"conf/url.txt": "https://example.org/posts", "machines/run.json": "{}", "other.txt": "not named"}
	_, in := definition(t, text, files)
	f, err := deploy.Package(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(f.Zip), int64(len(f.Zip)))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, file := range z.File {
		names = append(names, file.Name)
		if executable := file.Mode()&0o111 != 0; executable != (file.Name == "bootstrap") {
			t.Errorf("mode of %s is %v", file.Name, file.Mode())
		}
	}
	if want := []string{"bootstrap", "wplake.yaml", "conf/url.txt", "machines/run.json"}; !slices.Equal(names, want) {
		t.Errorf("the package holds %v, want %v", names, want)
	}
	r, err := z.File[1].Open()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(r); err != nil || string(got) != text {
		t.Errorf("wplake.yaml is %q (%v)", got, err)
	}
	// The same lake in another folder, with other times, is the same package.
	_, again := definition(t, text, files)
	g, err := deploy.Package(t.Context(), again)
	if err != nil {
		t.Fatal(err)
	}
	if f.SHA256 != g.SHA256 || !bytes.Equal(f.Zip, g.Zip) {
		t.Error("the same files give another package")
	}
}

func TestPackageRefusesWhatCannotWork(t *testing.T) {
	t.Parallel()
	endpoints := "site: blog\nsource:\n  kind: endpoints\n  endpoints:\n    urls: [\"https://example.org/\"]\n"
	for name, c := range map[string]struct {
		text, want, hint string
		code             lake.Code
		change           func(*deploy.PackageInput)
	}{
		"environment":      {text: endpoints + "    user: me\n    password: ${WP_PASSWORD}\n", want: "source.endpoints.password is in the environment (${WP_PASSWORD})", hint: "param:/NAME", code: lake.ConfigInvalid},
		"secret in a file": {text: endpoints + "    user: me\n    password: file:secret.txt\n", want: "is a secret in the file secret.txt", hint: "param:/NAME", code: lake.ConfigInvalid},
		"outside":          {text: "site: blog\nworkflow:\n  definition: ../run.json\n", want: "outside of the definition's folder", hint: "beside wplake.yaml", code: lake.ConfigInvalid},
		"absent":           {text: "site: blog\nworkflow:\n  definition: run.json\n", want: "run.json cannot be packed", hint: "put the file there", code: lake.StorageFailed},
		"no program":       {text: "site: blog\n", want: "it is not a program for Linux", hint: "--bootstrap", code: lake.ConfigInvalid, change: func(in *deploy.PackageInput) { in.Program = in.Definition }},
		"another program": {text: "site: blog\n", want: "it is not wplake", hint: "--bootstrap", code: lake.ConfigInvalid, change: func(in *deploy.PackageInput) {
			in.Program = filepath.Join(filepath.Dir(in.Program), "other")
		}},
		"another architecture": {text: "site: blog\n", want: "aws.functions.architecture is", hint: "make build", code: lake.ConfigInvalid, change: func(in *deploy.PackageInput) {
			other := config.ArchitectureARM
			if architecture() == other {
				other = config.ArchitectureX86
			}
			in.Config.AWS.Functions.Architecture = other
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, in := definition(t, c.text, nil)
			if c.change != nil {
				c.change(&in)
			}
			_, err := deploy.Package(t.Context(), in)
			e := lake.AsError(err, lake.Internal)
			if err == nil || !lake.HasCode(err, c.code) || !strings.Contains(e.Message, c.want) || !strings.Contains(e.Hint, c.hint) {
				t.Errorf("%v\nhint: %s", err, e.Hint)
			}
		})
	}
}

func TestValuesForHomeAloneDoNotHinder(t *testing.T) {
	t.Parallel()
	_, in := definition(t, "site: blog\nalerts:\n  channels:\n    me: ${SMTP_URL}\nserve:\n  secret_key: ${SECRET}\n  access_key: ${KEY}\n", nil)
	if _, err := deploy.Package(t.Context(), in); err != nil {
		t.Error(err)
	}
}

func TestVersionsOfLibraries(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]bool{
		"GLIBC_2.34": false, "GLIBC_2.35": true, "GLIBC_2.4": false, "GLIBC_3": true, "GLIBC_2.34.1": true, "GLIBC_PRIVATE": false,
		"GLIBCXX_3.4.29": false, "GLIBCXX_3.4.30": true, "CXXABI_1.3.13": false, "CXXABI_1.3.14": true, "GCC_3.0": false, "CXXABI_FLOAT128": false,
	} {
		if got := deploy.TooNew(version); got != want {
			t.Errorf("%s is too new: %v, want %v", version, got, want)
		}
	}
}

// Whoever adds a value to the definition decides whether functions resolve it.
func TestEveryReferenceOfTheDefinitionIsKnown(t *testing.T) {
	t.Parallel()
	known := []string{
		"source.endpoints.urls", "source.endpoints.user", "source.endpoints.password", "source.endpoints.headers", "aws.tracing.headers", // packed
		"alerts.channels", "serve.access_key", "serve.secret_key", "workflow.commands.env", // at home alone
	}
	got := deploy.ReferencesOf(config.Config{})
	slices.Sort(known)
	slices.Sort(got)
	if !slices.Equal(got, known) {
		t.Errorf("references of a definition:\n%v\nknown:\n%v", got, known)
	}
}
