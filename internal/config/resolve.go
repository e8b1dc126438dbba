package config

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"wplake/internal/lake"
	"wplake/internal/params"
)

// What a reference begins with.
const (
	paramPrefix = "param:"
	filePrefix  = "file:"
)

// maxFileValue bounds a value that stands in a file, in bytes.
const maxFileValue = 1 << 20

// Resolver finds the values that references stand for. It holds no value
// itself, and may be used concurrently if its fields may.
type Resolver struct {
	Getenv func(string) (string, bool) // the environment, as os.LookupEnv
	Params params.Store                // may be nil: then param: cannot be resolved
	Dir    string                      // the folder that file: is relative to
}

// Resolve returns the value of r. What ${NAME}, param: or file: brings in is
// taken as it is: a value is never searched for references again. Errors are
// *lake.Error with the code ConfigInvalid or ParameterMissing, and never hold
// the value.
func (v Resolver) Resolve(ctx context.Context, r Ref) (string, error) {
	s := string(r)
	if name, ok := strings.CutPrefix(s, paramPrefix); ok {
		return v.parameter(ctx, name)
	}
	if path, ok := strings.CutPrefix(s, filePrefix); ok {
		return v.file(path)
	}
	return v.expand(s)
}

func (v Resolver) parameter(ctx context.Context, name string) (string, error) {
	missing := &lake.Error{
		Code:    lake.ParameterMissing,
		Message: fmt.Sprintf("there is no parameter %q", name),
		Hint:    fmt.Sprintf("set it: wplake param set %s VALUE", name),
	}
	if v.Params == nil {
		return "", missing
	}
	p, err := v.Params.Get(ctx, name)
	if errors.Is(err, params.ErrNotFound) {
		return "", missing
	}
	if err != nil {
		return "", err
	}
	return p.Value, nil
}

func (v Resolver) file(path string) (string, error) {
	if !filepath.IsAbs(path) {
		path = filepath.Join(v.Dir, filepath.FromSlash(path))
	}
	text, err := readBounded(path, maxFileValue)
	if err != nil {
		return "", &lake.Error{
			Code:    lake.ConfigInvalid,
			Message: fmt.Sprintf("the value in the file %s cannot be read", path),
			Hint:    "file: names a file relative to the definition's folder",
			Err:     err,
		}
	}
	return strings.TrimRight(string(text), "\r\n"), nil
}

// expand puts environment variables into the text; $${ is a literal ${.
func (v Resolver) expand(s string) (string, error) {
	var b strings.Builder
	for part := range references(s) {
		if part.name == "" {
			b.WriteString(part.text)
			continue
		}
		value, ok := v.Getenv(part.name)
		if !ok {
			return "", &lake.Error{
				Code:    lake.ConfigInvalid,
				Message: fmt.Sprintf("the environment variable %s is not set", part.name),
				Hint:    fmt.Sprintf("export %s=…, or change the definition's ${%s}", part.name, part.name),
			}
		}
		b.WriteString(value)
	}
	return b.String(), nil
}

// refPart is a stretch of a value: text, or the name of a variable.
type refPart struct{ text, name string }

// references splits a value into text and the names of its variables.
func references(s string) func(yield func(refPart) bool) {
	return func(yield func(refPart) bool) {
		for s != "" {
			at := strings.Index(s, "${")
			if at < 0 {
				yield(refPart{text: s})
				return
			}
			if at > 0 && s[at-1] == '$' { // $${ is an escaped ${
				if !yield(refPart{text: s[:at-1] + "${"}) {
					return
				}
				s = s[at+2:]
				continue
			}
			name, rest, closed := strings.Cut(s[at+2:], "}")
			if !closed || !environmentName(name) {
				// Load refuses this; elsewhere it is plain text.
				if !yield(refPart{text: s[:at+2]}) {
					return
				}
				s = s[at+2:]
				continue
			}
			if at > 0 && !yield(refPart{text: s[:at]}) {
				return
			}
			if !yield(refPart{name: name}) {
				return
			}
			s = rest
		}
	}
}

// badReference returns what is wrong with the value's ${…}, or "".
func badReference(s string) string {
	for at := strings.Index(s, "${"); at >= 0; at = strings.Index(s, "${") {
		escaped := at > 0 && s[at-1] == '$'
		s = s[at+2:]
		if escaped {
			continue
		}
		if name, _, closed := strings.Cut(s, "}"); !closed || !environmentName(name) {
			return "${ is not followed by a variable's name and } (a literal ${ is written $${)"
		}
	}
	return ""
}

// environmentNames returns the variables that a value refers to.
func environmentNames(s string) []string {
	var names []string
	for part := range references(s) {
		if part.name != "" {
			names = append(names, part.name)
		}
	}
	return names
}

func environmentName(s string) bool {
	for i, r := range s {
		letter := r == '_' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return s != ""
}

// readBounded reads a file of at most limit bytes.
func readBounded(path string, limit int64) (data []byte, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	data, err = io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("%s is larger than %s", path, ByteSize(limit))
	}
	return data, nil
}
