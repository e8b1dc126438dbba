package config_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"wplake/internal/config"
	"wplake/internal/lake"
	"wplake/internal/params"
)

// fixed is a store of one parameter.
type fixed struct{ params.Parameter }

func (f fixed) Get(_ context.Context, name string) (params.Parameter, error) {
	if name == "/broken" {
		return params.Parameter{}, &lake.Error{Code: lake.StateDamaged, Message: "damaged"}
	}
	if name != f.Name {
		return params.Parameter{}, params.ErrNotFound
	}
	return f.Parameter, nil
}

func (f fixed) Put(context.Context, params.Parameter) error { return errors.ErrUnsupported }

func (f fixed) List(context.Context, string) ([]params.Parameter, error) {
	return nil, errors.ErrUnsupported
}

func newResolver(t *testing.T) config.Resolver {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"secret.txt": "from file\r\n\n", "deep/er.txt": "two\nlines", "big.txt": strings.Repeat("x", 1<<20+1)} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return config.Resolver{
		Getenv: func(name string) (string, bool) {
			v, ok := map[string]string{"A": "a-value", "B_2": "${A}", "EMPTY": ""}[name]
			return v, ok
		},
		Params: fixed{params.Parameter{Name: "/my/param", Type: params.SecureString, Value: "param:/other ${A}"}},
		Dir:    dir,
	}
}

func TestResolve(t *testing.T) {
	t.Parallel()
	v := newResolver(t)
	for ref, want := range map[config.Ref]string{
		"":                 "",
		"plain":            "plain",
		"${A}":             "a-value",
		"x${A}y${A}z":      "xa-valueya-valuez",
		"${B_2}":           "${A}", // a value is not searched again
		"${EMPTY}":         "",
		"$A":               "$A",
		"$${A}":            "${A}",
		"100$":             "100$",
		"param:/my/param":  "param:/other ${A}",
		"file:secret.txt":  "from file",
		"file:deep/er.txt": "two\nlines",
		config.Ref("file:" + v.Dir + "/secret.txt"): "from file",
	} {
		got, err := v.Resolve(t.Context(), ref)
		if err != nil || got != want {
			t.Errorf("Resolve(%q) = %q, %v; want %q", string(ref), got, err, want)
		}
	}
}

func TestResolveMissing(t *testing.T) {
	t.Parallel()
	v := newResolver(t)
	for ref, want := range map[config.Ref]struct {
		code  lake.Code
		texts []string
	}{
		"${NOT_SET}":       {lake.ConfigInvalid, []string{"NOT_SET"}},
		"x${A}${NOT_SET}":  {lake.ConfigInvalid, []string{"NOT_SET"}},
		"param:/not/there": {lake.ParameterMissing, []string{"/not/there", "wplake param set /not/there"}},
		"param:/broken":    {lake.StateDamaged, []string{"damaged"}},
		"file:nowhere.txt": {lake.ConfigInvalid, []string{"nowhere.txt"}},
		"file:big.txt":     {lake.ConfigInvalid, []string{"big.txt", "1MiB"}},
		"file:deep":        {lake.ConfigInvalid, []string{"deep"}},
	} {
		got, err := v.Resolve(t.Context(), ref)
		e, ok := errors.AsType[*lake.Error](err)
		if !ok || e.Code != want.code || got != "" {
			t.Errorf("Resolve(%q) = %q, %v; want the code %s", string(ref), got, err, want.code)
			continue
		}
		for _, text := range want.texts {
			if !strings.Contains(e.Error()+" "+e.Hint, text) {
				t.Errorf("Resolve(%q): %q is not in %q, %q", string(ref), text, e, e.Hint)
			}
		}
		if strings.Contains(e.Error()+e.Hint, "a-value") {
			t.Errorf("Resolve(%q): the error shows a value: %v", string(ref), e)
		}
	}
	v.Params = nil
	if _, err := v.Resolve(t.Context(), "param:/my/param"); !lake.HasCode(err, lake.ParameterMissing) {
		t.Errorf("without a store: %v", err)
	}
}
