// Package paramstest is the suite that every driver of the parameter port passes.
package paramstest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"wplake/internal/lake"
	"wplake/internal/params"
)

// Run runs the suite. open gives a store of its own, without parameters.
func Run(t *testing.T, open func(t *testing.T) params.Store) {
	t.Helper()
	tests := map[string]func(t *testing.T, s params.Store){
		"a missing parameter is ErrNotFound":   missing,
		"what is put is got":                   roundTrip,
		"put replaces":                         replace,
		"list is sorted and by prefix":         list,
		"what no store could keep is refused":  refused,
		"concurrent writers lose nothing":      concurrent,
		"a cancelled context changes nothing":  cancelled,
		"an error never shows the value":       noValueInErrors,
		"a list of nothing is empty, not null": emptyList,
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

func put(t *testing.T, s params.Store, p params.Parameter) {
	t.Helper()
	if err := s.Put(t.Context(), p); err != nil {
		t.Fatalf("Put(%s): %v", p.Name, err)
	}
}

func wantParameter(t *testing.T, s params.Store, want params.Parameter) {
	t.Helper()
	got, err := s.Get(t.Context(), want.Name)
	if err != nil {
		t.Fatalf("Get(%s): %v", want.Name, err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Get(%s) (-want +got):\n%s", want.Name, diff)
	}
}

func missing(t *testing.T, s params.Store) {
	if _, err := s.Get(t.Context(), "/nothing/here"); !errors.Is(err, params.ErrNotFound) {
		t.Errorf("Get: %v; want ErrNotFound", err)
	}
	put(t, s, params.Parameter{Name: "/nothing/here/below", Type: params.String, Value: "x"})
	if _, err := s.Get(t.Context(), "/nothing/here"); !errors.Is(err, params.ErrNotFound) {
		t.Errorf("Get of a prefix: %v; want ErrNotFound", err)
	}
}

func roundTrip(t *testing.T, s params.Store) {
	values := []string{
		"plain", "https://a.example/x,https://b.example/y", " spaces around ", "true", "null", "~", "007", "1e3", "2026-01-02",
		"a: b", "# no comment", "- item", "[list", "{map", "*alias", "&anchor", "!tag", "%directive", "@at", "`tick`",
		"'single' \"double\" \\back", "two\nlines\n", "\ttab\r\n", "💶 żółć עברית", "\u0001\u007f\u0085\u2028\ufeff", "<&>",
		strings.Repeat("x", 8192),
	}
	types := []params.Type{params.String, params.StringList, params.SecureString}
	for i, v := range values {
		put(t, s, params.Parameter{Name: fmt.Sprintf("/round/trip/%d", i), Type: types[i%3], Value: v})
	}
	for i, v := range values {
		wantParameter(t, s, params.Parameter{Name: fmt.Sprintf("/round/trip/%d", i), Type: types[i%3], Value: v})
	}
	for _, name := range []string{"word", "true", "null", "12", "1.5", "a.b-c_d", "/a"} {
		p := params.Parameter{Name: name, Type: params.String, Value: "v"}
		put(t, s, p)
		wantParameter(t, s, p)
	}
}

func replace(t *testing.T, s params.Store) {
	put(t, s, params.Parameter{Name: "/a/b", Type: params.String, Value: "one"})
	put(t, s, params.Parameter{Name: "/a/c", Type: params.String, Value: "kept"})
	put(t, s, params.Parameter{Name: "/a/b", Type: params.SecureString, Value: "two"})
	wantParameter(t, s, params.Parameter{Name: "/a/b", Type: params.SecureString, Value: "two"})
	wantParameter(t, s, params.Parameter{Name: "/a/c", Type: params.String, Value: "kept"})
}

func list(t *testing.T, s params.Store) {
	for _, name := range []string{"/b/2", "/a/1", "/b/10", "/c", "/b/1"} {
		put(t, s, params.Parameter{Name: name, Type: params.String, Value: name})
	}
	for prefix, want := range map[string][]string{
		"":     {"/a/1", "/b/1", "/b/10", "/b/2", "/c"},
		"/b/":  {"/b/1", "/b/10", "/b/2"},
		"/b/1": {"/b/1", "/b/10"},
		"/d":   nil,
	} {
		got, err := s.List(t.Context(), prefix)
		if err != nil {
			t.Fatalf("List(%q): %v", prefix, err)
		}
		var names []string
		for _, p := range got {
			names = append(names, p.Name)
			if p.Value != p.Name || p.Type != params.String {
				t.Errorf("List(%q) has %+v", prefix, p)
			}
		}
		if diff := cmp.Diff(want, names); diff != "" {
			t.Errorf("List(%q) (-want +got):\n%s", prefix, diff)
		}
	}
}

func refused(t *testing.T, s params.Store) {
	good := params.Parameter{Name: "/good/name", Type: params.String, Value: "v"}
	bad := map[string]func(p *params.Parameter){
		"no name":              func(p *params.Parameter) { p.Name = "" },
		"a space":              func(p *params.Parameter) { p.Name = "/a b" },
		"no leading slash":     func(p *params.Parameter) { p.Name = "a/b" },
		"an empty segment":     func(p *params.Parameter) { p.Name = "/a//b" },
		"a trailing slash":     func(p *params.Parameter) { p.Name = "/a/" },
		"a reserved word":      func(p *params.Parameter) { p.Name = "/aws/x" },
		"another reserved one": func(p *params.Parameter) { p.Name = "SSMthing" },
		"16 segments":          func(p *params.Parameter) { p.Name = strings.Repeat("/a", 16) },
		"2049 characters":      func(p *params.Parameter) { p.Name = "/" + strings.Repeat("a", 2048) },
		"a letter of another":  func(p *params.Parameter) { p.Name = "/é" },
		"no type":              func(p *params.Parameter) { p.Type = "" },
		"an unknown type":      func(p *params.Parameter) { p.Type = "Text" },
		"no value":             func(p *params.Parameter) { p.Value = "" },
		"a value too long":     func(p *params.Parameter) { p.Value = strings.Repeat("x", 8193) },
		"a value not UTF-8":    func(p *params.Parameter) { p.Value = "a\xff" },
		"a NUL":                func(p *params.Parameter) { p.Value = "a\x00b" },
	}
	for name, change := range bad {
		p := good
		change(&p)
		if err := s.Put(t.Context(), p); !lake.HasCode(err, lake.ConfigInvalid) {
			t.Errorf("%s: Put: %v; want the code ConfigInvalid", name, err)
		}
	}
	if got, err := s.List(t.Context(), ""); err != nil || len(got) != 0 {
		t.Errorf("after refusals, List = %v, %v; want nothing", got, err)
	}
	for _, name := range []string{strings.Repeat("/a", 15), "/" + strings.Repeat("a", 2047)} {
		put(t, s, params.Parameter{Name: name, Type: params.String, Value: "v"})
	}
}

func concurrent(t *testing.T, s params.Store) {
	const writers = 8
	var all sync.WaitGroup
	for i := range writers {
		all.Go(func() {
			p := params.Parameter{Name: fmt.Sprintf("/w/%d", i), Type: params.String, Value: "v"}
			if err := s.Put(t.Context(), p); err != nil {
				t.Errorf("Put: %v", err)
			}
			if _, err := s.Get(t.Context(), p.Name); err != nil {
				t.Errorf("Get: %v", err)
			}
		})
	}
	all.Wait()
	if got, err := s.List(t.Context(), "/w/"); err != nil || len(got) != writers {
		t.Errorf("List has %d of %d parameters, %v", len(got), writers, err)
	}
}

func cancelled(t *testing.T, s params.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	p := params.Parameter{Name: "/a", Type: params.String, Value: "v"}
	if err := s.Put(ctx, p); !errors.Is(err, context.Canceled) {
		t.Errorf("Put: %v; want Canceled", err)
	}
	if _, err := s.Get(ctx, "/a"); !errors.Is(err, context.Canceled) {
		t.Errorf("Get: %v; want Canceled", err)
	}
	if _, err := s.List(ctx, ""); !errors.Is(err, context.Canceled) {
		t.Errorf("List: %v; want Canceled", err)
	}
	if _, err := s.Get(t.Context(), "/a"); !errors.Is(err, params.ErrNotFound) {
		t.Errorf("the cancelled Put left %v", err)
	}
}

func noValueInErrors(t *testing.T, s params.Store) {
	for _, p := range []params.Parameter{
		{Name: "not a name", Type: params.SecureString, Value: "hunter2"},
		{Name: "/a", Type: "nothing", Value: "hunter2"},
		{Name: "/a", Type: params.SecureString, Value: "hunter2\xff"},
	} {
		if err := s.Put(t.Context(), p); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("Put(%q): %v", p.Name, err)
		}
	}
}

func emptyList(t *testing.T, s params.Store) {
	if got, err := s.List(t.Context(), ""); err != nil || got == nil || len(got) != 0 {
		t.Errorf("List = %#v, %v; want an empty list", got, err)
	}
}
