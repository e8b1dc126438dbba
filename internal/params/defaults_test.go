package params_test

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"wplake/internal/params"
	"wplake/internal/params/yamlfile"
)

func TestWithDefaults(t *testing.T) {
	t.Parallel()
	defaults := []params.Parameter{
		{Name: "/s3/lakehouse/name/raw", Type: params.String, Value: "data-lakehouse-raw"},
		{Name: "/s3/lakehouse/name/silver", Type: params.String, Value: "data-lakehouse-silver"},
	}
	below := yamlfile.New(filepath.Join(t.TempDir(), "params.yaml"))
	s := params.WithDefaults(below, defaults)
	mine := params.Parameter{Name: "/s3/lakehouse/name/raw", Type: params.String, Value: "mine"}
	other := params.Parameter{Name: "/s3/lakehouse/name/other", Type: params.String, Value: "other"}
	for _, p := range []params.Parameter{mine, other} {
		if err := s.Put(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]string{mine.Name: "mine", defaults[1].Name: "data-lakehouse-silver"} {
		if got, err := s.Get(t.Context(), name); err != nil || got.Value != want {
			t.Errorf("Get(%s) = %+v, %v; want %s", name, got, err, want)
		}
	}
	if _, err := s.Get(t.Context(), "/s3/none"); !errors.Is(err, params.ErrNotFound) {
		t.Errorf("Get of neither: %v; want ErrNotFound", err)
	}
	got, err := s.List(t.Context(), "/s3/")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]params.Parameter{other, mine, defaults[1]}, got); diff != "" {
		t.Errorf("List (-want +got):\n%s", diff)
	}
	if got, err := below.List(t.Context(), ""); err != nil || len(got) != 2 {
		t.Errorf("defaults were written: %v, %v", got, err)
	}
}
