// Package yamlfile is the parameter driver for a lake on a local disk: one
// YAML file, which a person may edit too.
//
//	/wordpress/site/api/mysqlendpoints:
//	  type: StringList
//	  value: "https://example.org/wp-json/mo/v1/posts_endpoint/"
//	/short/form: a String
//
// The file is readable by its owner alone, since it may hold secrets; it is
// replaced whole, so a reader sees it as it was before or after a change.
package yamlfile

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/rogpeppe/go-internal/lockedfile"

	"wplake/internal/lake"
	"wplake/internal/params"
)

// maxFile bounds the file, in bytes.
const maxFile = 8 << 20

const header = `# Parameters of a lake, kept by "wplake param set". A value may be edited here;
# comments are not kept when wplake writes the file again.
`

// Store keeps parameters in one file. Its methods may be called concurrently,
// also by several processes.
type Store struct{ path string }

// New returns the store that keeps its parameters in the file at path. The
// file and its folder are made when the first parameter is put.
func New(path string) *Store { return &Store{path: path} }

var _ params.Store = (*Store)(nil)

// Get returns the parameter; see params.Store.
func (s *Store) Get(ctx context.Context, name string) (params.Parameter, error) {
	if err := ctx.Err(); err != nil {
		return params.Parameter{}, err
	}
	all, err := s.read()
	if err != nil {
		return params.Parameter{}, err
	}
	p, ok := all[name]
	if !ok {
		return params.Parameter{}, fmt.Errorf("%w: %s", params.ErrNotFound, name)
	}
	return p, nil
}

// List returns the parameters whose names begin with prefix; see params.Store.
func (s *Store) List(ctx context.Context, prefix string) ([]params.Parameter, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	all, err := s.read()
	if err != nil {
		return nil, err
	}
	list := []params.Parameter{}
	for _, p := range sorted(all) {
		if strings.HasPrefix(p.Name, prefix) {
			list = append(list, p)
		}
	}
	return list, nil
}

// Put creates or replaces the parameter; see params.Store. A parameter that no
// store could keep gives a *lake.Error with the code ConfigInvalid.
func (s *Store) Put(ctx context.Context, p params.Parameter) (err error) {
	if err := params.Check(p); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(s.path), 0o750); err != nil {
		return s.failed(err)
	}
	// Writers queue here; each holds the lock for one small write.
	unlock, err := lockedfile.MutexAt(s.path + ".lock").Lock()
	if err != nil {
		return s.failed(err)
	}
	defer unlock()
	all, err := s.read()
	if err != nil {
		return err
	}
	all[p.Name] = p
	if err := s.write(encode(sorted(all))); err != nil {
		return s.failed(err)
	}
	return nil
}

func sorted(all map[string]params.Parameter) []params.Parameter {
	list := make([]params.Parameter, 0, len(all))
	for _, p := range all {
		list = append(list, p)
	}
	slices.SortFunc(list, func(a, b params.Parameter) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// encode writes the file. Strings are written as JSON, which YAML reads alike
// whatever is in them.
func encode(list []params.Parameter) []byte {
	var b bytes.Buffer
	b.WriteString(header)
	for _, p := range list {
		fmt.Fprintf(&b, "%s:\n  type: %s\n  value: %s\n", quote(p.Name), p.Type, quote(p.Value))
	}
	return b.Bytes()
}

func quote(s string) string {
	if strings.HasPrefix(s, "/") && params.ValidName(s) {
		return s // a path is plain YAML
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		panic(err) // a string always encodes
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// entry is a parameter in the file: a mapping, or the value alone.
type entry struct {
	Type  params.Type `yaml:"type"`
	Value string      `yaml:"value"`
}

// UnmarshalYAML takes both forms.
func (e *entry) UnmarshalYAML(decode func(any) error) error {
	var value string
	if decode(&value) == nil {
		*e = entry{Type: params.String, Value: value}
		return nil
	}
	type plain entry // without this method
	full := plain{Type: params.String}
	if err := decode(&full); err != nil {
		return err
	}
	*e = entry(full)
	return nil
}

// read reads the file; one that is not there holds nothing.
func (s *Store) read() (all map[string]params.Parameter, err error) {
	f, err := os.Open(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return map[string]params.Parameter{}, nil
	}
	if err != nil {
		return nil, s.failed(err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, s.failed(err)
	}
	if len(text) > maxFile {
		return nil, s.damaged("is larger than %d bytes", maxFile)
	}
	return s.decode(text)
}

func (s *Store) decode(text []byte) (map[string]params.Parameter, error) {
	entries := map[string]entry{}
	if err := yaml.UnmarshalWithOptions(text, &entries, yaml.Strict()); err != nil && !errors.Is(err, io.EOF) {
		// The library's own text quotes the lines, and with them secrets.
		var at yaml.Error
		if errors.As(err, &at) && at.GetToken() != nil && at.GetToken().Position != nil {
			return nil, s.damaged("line %d cannot be read as parameters", at.GetToken().Position.Line)
		}
		return nil, s.damaged("cannot be read as parameters")
	}
	all := make(map[string]params.Parameter, len(entries))
	for name, e := range entries {
		p := params.Parameter{Name: name, Type: e.Type, Value: e.Value}
		if err := params.Check(p); err != nil {
			return nil, s.damaged("%s", err)
		}
		all[name] = p
	}
	return all, nil
}

// write replaces the file whole and durably. The caller holds the lock, so one
// name for the temporary file is enough, and one that a killed process left
// behind is overwritten.
func (s *Store) write(text []byte) error {
	temporary := s.path + ".tmp"
	if err := writeSynced(temporary, text); err != nil {
		return errors.Join(err, removeIfThere(temporary))
	}
	if err := os.Rename(temporary, s.path); err != nil {
		return errors.Join(err, removeIfThere(temporary))
	}
	return syncFolder(filepath.Dir(s.path))
}

func writeSynced(path string, text []byte) error {
	if err := removeIfThere(path); err != nil { // it may have another mode
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if _, err := f.Write(text); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := f.Sync(); err != nil {
		return errors.Join(err, f.Close())
	}
	return f.Close()
}

func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// syncFolder makes a rename durable.
func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	if err := d.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return errors.Join(err, d.Close())
	}
	return d.Close()
}

func (s *Store) failed(err error) error {
	code := lake.StorageFailed
	if isFull(err) {
		code = lake.StorageFull
	}
	return &lake.Error{
		Code:    code,
		Message: fmt.Sprintf("the parameters in %s cannot be read or written", s.path),
		Hint:    "check that the lake's folder is yours and that the disk has space",
		Err:     err,
	}
}

func (s *Store) damaged(format string, args ...any) error {
	return &lake.Error{
		Code:    lake.StateDamaged,
		Message: fmt.Sprintf("the parameters in %s are damaged: %s", s.path, fmt.Sprintf(format, args...)),
		Hint:    "mend the file in an editor, or move it away and set the parameters again",
	}
}
