package lint

import (
	"regexp"
	"strings"

	"wplake/internal/asl"
	"wplake/internal/asl/intrinsic"
	"wplake/internal/asl/source"
)

// reads is what a state takes out of its input.
type reads struct {
	paths     []string // $.a.b as written; $ is the input as a whole
	variables bool     // it reads variables or the context
}

// readsOf looks through a state, without its result, its catchers and what it
// has inside.
func readsOf(s *state) reads {
	var r reads
	if s.language == asl.JSONata {
		for _, m := range s.value.Members {
			if m.Name != "Comment" && m.Name != "Catch" && m.Name != "ItemProcessor" && m.Name != "Branches" {
				r.expressions(m.Value)
			}
		}
		return r
	}
	for _, m := range s.value.Members {
		switch m.Name {
		case "InputPath":
			if m.Value.Str() != "$" {
				r.add(m.Value.Str())
			}
		case "ItemsPath", "SecondsPath", "TimestampPath", "TimeoutSecondsPath", "HeartbeatSecondsPath", "MaxConcurrencyPath", "ToleratedFailureCountPath",
			"ToleratedFailurePercentagePath", "ErrorPath", "CausePath":
			r.add(m.Value.Str())
		case "Parameters", "ItemSelector", "ItemReader", "ItemBatcher", "ResultWriter", "Credentials":
			r.template(m.Value)
		case "Choices":
			r.choices(m.Value)
		}
	}
	return r
}

func (r *reads) add(text string) {
	switch {
	case text == "$" || strings.HasPrefix(text, "$.") || strings.HasPrefix(text, "$["):
		r.paths = append(r.paths, text)
	case strings.HasPrefix(text, "$"):
		r.variables = true
	case strings.HasPrefix(text, "States."):
		if call, err := intrinsic.Parse(text); err == nil {
			for _, p := range call.Paths() {
				r.add(p)
			}
		}
	}
}

func (r *reads) template(v *source.Value) {
	for _, m := range v.Members {
		if strings.HasSuffix(m.Name, ".$") || strings.HasSuffix(m.Name, "Path") && m.Value.Is(source.String) {
			r.add(m.Value.Str())
			continue
		}
		r.template(m.Value)
	}
	for _, e := range v.Elements {
		r.template(e)
	}
}

func (r *reads) choices(v *source.Value) {
	for _, m := range v.Members {
		if m.Name == "Variable" || strings.HasSuffix(m.Name, "Path") {
			r.add(m.Value.Str())
		}
		r.choices(m.Value)
	}
	for _, e := range v.Elements {
		r.choices(e)
	}
}

// What an expression takes out of the input.
var inputInText = regexp.MustCompile(`\$states\.input((?:\.[A-Za-z_]\w*)*)`)

func (r *reads) expressions(v *source.Value) {
	for _, m := range v.Members {
		r.expressions(m.Value)
	}
	for _, e := range v.Elements {
		r.expressions(e)
	}
	if !v.Is(source.String) || !strings.HasPrefix(v.Text, "{%") {
		return
	}
	r.variables = true
	for _, found := range inputInText.FindAllStringSubmatch(v.Text, -1) {
		r.paths = append(r.paths, "$"+found[1])
	}
}

// replaces tells whether what a state gives on no longer holds its input.
func replaces(s *state) bool {
	if s.language == asl.JSONata {
		return s.value.Has("Output") || s.kind == asl.Task || s.kind == asl.Map || s.kind == asl.Parallel
	}
	if p := s.value.Get("OutputPath"); p != nil && p.Str() != "$" {
		return true
	}
	switch s.kind {
	case asl.Task, asl.Map, asl.Parallel:
		return whole(s.value.Get("ResultPath"))
	case asl.Pass:
		return (s.value.Has("Result") || s.value.Has("Parameters")) && whole(s.value.Get("ResultPath"))
	}
	return false
}

// whole tells whether a ResultPath, or none, puts the result in the place of
// the input.
func whole(resultPath *source.Value) bool { return resultPath == nil || resultPath.Str() == "$" }
