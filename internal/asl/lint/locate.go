package lint

import (
	"strconv"
	"strings"

	"wplake/internal/asl"
	"wplake/internal/asl/source"
)

// FromDiagnostics gives diagnostics of a definition their places in its text.
func FromDiagnostics(definition []byte, list []asl.Diagnostic) []Finding {
	root, err := source.Read(definition)
	found := make([]Finding, 0, len(list))
	for _, d := range list {
		f := Finding{Severity: d.Severity, Code: d.Code, Message: d.Message}
		switch wrong, isSyntax := err.(*source.SyntaxError); { //nolint:errorlint // Read gives it as it is
		case isSyntax:
			f.Position = wrong.Position
			f.Message, _, _ = strings.Cut(d.Message, "\n at [Source")
		case err == nil && root != nil:
			at := locate(root, d.Location)
			f.Pointer, f.Position, f.State = at.Pointer(), root.At(at...).Position, at.state()
		}
		found = append(found, f)
	}
	return found
}

// state is the name of the innermost state on the way.
func (p path) state() string {
	for i := len(p) - 1; i > 0; i-- {
		if p[i-1] == "States" {
			return p[i]
		}
	}
	return ""
}

// locate finds the way to a location of Step Functions, whose names are not
// escaped: /States/a/b may be a state "a/b". What does not exist ends the way.
func locate(v *source.Value, location string) path {
	var at path
	rest := strings.TrimPrefix(location, "/")
	for rest != "" {
		if v.Is(source.Array) || strings.HasPrefix(rest, "[") {
			index, tail, ok := strings.Cut(strings.TrimPrefix(rest, "["), "]")
			i, err := strconv.Atoi(index)
			if !ok || err != nil || !v.Is(source.Array) || i < 0 || i >= len(v.Elements) {
				return at
			}
			at, v, rest = append(at, index), v.Elements[i], strings.TrimPrefix(tail, "/")
			continue
		}
		name := longestMember(v, rest)
		if name == "" {
			return at
		}
		at, v = append(at, name), v.Get(name)
		rest = strings.TrimPrefix(rest[len(name):], "/")
	}
	return at
}

// longestMember is the longest name of a member that the text begins with.
func longestMember(v *source.Value, text string) string {
	best := ""
	for _, m := range v.Members {
		rest, ok := strings.CutPrefix(text, m.Name)
		if ok && len(m.Name) > len(best) && (rest == "" || rest[0] == '/' || rest[0] == '[') {
			best = m.Name
		}
	}
	return best
}
