package config

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"wplake/internal/lake"
)

// Bounds on a definition.
const (
	maxFileSize = 1 << 20 // bytes
	maxNesting  = 32      // collections within collections
	maxNodes    = 200_000 // values, aliases expanded
)

// File is where a definition was read from.
type File struct {
	Name     string    // as errors call it
	Dir      string    // its folder, absolute; file: references and root are relative to it
	Warnings []Warning // what is allowed but probably not meant

	lines   []string
	secrets map[int]int         // line → column from which on it holds a secret
	origins map[string]Position // where each value stands, by its path
	others  map[string]string   // origins of values that are not the file's, by path
	keys    map[string]Position // where the names that the owner chose stand, by path
}

// Warning is something in a definition that is allowed but probably not meant.
type Warning struct {
	File string `json:"file"`
	Position
	Text string `json:"text"`
}

// String is file:line:column: text.
func (w Warning) String() string {
	return fmt.Sprintf("%s:%d:%d: %s", w.File, w.Line, w.Column, w.Text)
}

// Abs returns a path of the definition as an absolute one.
func (f *File) Abs(path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(f.Dir, filepath.FromSlash(path))
}

// Override says that the value at a path, e.g. root, was set elsewhere than in
// the file, e.g. by --root. It is for what shows the origin of values.
func (f *File) Override(path, origin string) { f.others[path] = origin }

// Find returns the path of the definition in dir or in the nearest folder
// above it. Without one it returns a *lake.Error with the code ConfigInvalid.
func Find(dir string) (string, error) {
	start, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	for folder := start; ; folder = filepath.Dir(folder) {
		path := filepath.Join(folder, FileName)
		if info, err := os.Stat(path); err == nil && !info.IsDir() {
			if rel, err := filepath.Rel(start, path); err == nil && dir == "." {
				return rel, nil
			}
			return path, nil
		}
		if folder == filepath.Dir(folder) {
			return "", &lake.Error{
				Code:    lake.ConfigInvalid,
				Message: fmt.Sprintf("there is no %s in %s or in a folder above it", FileName, start),
				Hint:    "make one: wplake init",
			}
		}
	}
}

// Load reads the definition at path and fills in the defaults. Errors are
// *lake.Error with the code ConfigInvalid; their message names every problem
// with file, line and column. The *File is not nil when the file could be read.
func Load(path string) (Config, *File, error) {
	dir, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return Config{}, nil, err
	}
	data, err := readBounded(path, maxFileSize)
	if err != nil {
		invalid := &lake.Error{Code: lake.ConfigInvalid, Message: "the definition cannot be read", Err: err}
		if errors.Is(err, fs.ErrNotExist) {
			invalid.Hint = "make one: wplake init"
		}
		return Config{}, nil, invalid
	}
	return Parse(path, dir, data)
}

// Parse reads a definition from its text. name is what errors call it, dir the
// folder that its paths are relative to. Errors are as Load's.
func Parse(name, dir string, data []byte) (Config, *File, error) {
	f := &File{Name: name, Dir: dir, origins: map[string]Position{}, others: map[string]string{}, keys: map[string]Position{}, secrets: map[int]int{}}
	if len(data) > maxFileSize {
		return Config{}, f, f.problemError([]problem{{text: fmt.Sprintf("is larger than %s", ByteSize(maxFileSize))}})
	}
	data = bytes.TrimPrefix(data, []byte("\uFEFF"))
	data = bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))
	f.lines = strings.Split(string(data), "\n")
	if at, ok := f.notText(); !ok {
		return Config{}, f, f.problemError([]problem{{at: at, text: "this is not UTF-8 text"}})
	}
	body, problems := parse(data)
	if len(problems) > 0 {
		return Config{}, f, f.problemError(problems)
	}
	c := Default()
	d := newDecoder(f)
	d.document(body, &c)
	// Values that could not be read would only give problems that follow from the first.
	if len(d.problems) == 0 {
		if c.Source.Endpoints.Parameter == "" {
			c.Source.Endpoints.Parameter = endpointsParameter(c.Site)
		}
		if c.AWS.Stack == "" {
			c.AWS.Stack = defaultStack(c.Site)
		}
		f.fillSchedules(&c)
		v := &validator{file: f, config: &c}
		v.validate()
		d.problems = v.problems
		c.Source.Endpoints.Retries = orNone(c.Source.Endpoints.Retries)
		c.Source.Endpoints.MaxRedirects = orNone(c.Source.Endpoints.MaxRedirects)
		noneIsLess(c.Schedules)
	}
	if err := f.problemError(d.problems); err != nil {
		return Config{}, f, err
	}
	return c, f, nil
}

// orNone makes a 0 that the owner wrote what Config has for none.
func orNone(n int) int {
	if n == 0 {
		return -1
	}
	return n
}

// notText finds the first place that is not UTF-8 or is a NUL.
func (f *File) notText() (Position, bool) {
	for i, line := range f.lines {
		column := 1
		for j, r := range line {
			if r == 0 || r == utf8.RuneError && !strings.HasPrefix(line[j:], "\uFFFD") {
				return Position{Line: i + 1, Column: column}, false
			}
			column++
		}
	}
	return Position{}, true
}

// parse makes the syntax tree of the text: nil for a file that holds nothing.
func parse(data []byte) (body ast.Node, problems []problem) {
	// The parser is another's; a defect in it is the file's problem, not a crash.
	defer func() {
		if r := recover(); r != nil {
			body, problems = nil, []problem{{text: "this YAML cannot be parsed"}}
		}
	}()
	tokens := lexer.Tokenize(string(data))
	if at, deep := tooDeep(tokens); deep {
		return nil, []problem{{at: at, text: fmt.Sprintf("nested more than %d deep", maxNesting)}}
	}
	tree, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		var syntax yaml.Error
		if errors.As(err, &syntax) && syntax.GetToken() != nil {
			return nil, []problem{{at: positionOf(syntax.GetToken()), text: "this is not YAML: " + syntax.GetMessage()}}
		}
		return nil, []problem{{text: "this is not YAML"}}
	}
	var docs []ast.Node
	for _, doc := range tree.Docs {
		if doc.Body != nil && doc.Body.Type() != ast.CommentType && doc.Body.Type() != ast.DirectiveType {
			docs = append(docs, doc.Body)
		}
	}
	switch len(docs) {
	case 0:
		return nil, nil
	case 1:
		return docs[0], nil
	}
	return nil, []problem{{at: startOf(docs[1]), text: "a second document: a definition is one"}}
}

// tooDeep finds nesting that the recursive parser must not be given. Within a
// line, markers such as "- - -" nest as brackets do.
func tooDeep(tokens token.Tokens) (Position, bool) {
	depth, markers, line := 0, 0, 0
	for _, t := range tokens {
		if t.Position == nil {
			continue
		}
		if t.Position.Line != line {
			line, markers = t.Position.Line, 0
		}
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			depth++
		case token.SequenceEndType, token.MappingEndType:
			depth--
		case token.SequenceEntryType, token.MappingKeyType, token.AnchorType, token.TagType:
			if depth == 0 {
				markers++
			}
		}
		if depth > maxNesting || markers > maxNesting {
			return positionOf(t), true
		}
	}
	return Position{}, false
}

// positionOf is where a token begins.
func positionOf(t *token.Token) Position {
	if t == nil || t.Position == nil {
		return Position{}
	}
	return Position{Line: max(t.Position.Line, 1), Column: max(t.Position.Column, 1)}
}
