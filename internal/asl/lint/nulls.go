package lint

import (
	"fmt"
	"strings"

	"wplake/internal/asl"
	"wplake/internal/asl/source"
)

// nulls warns of states whose output is null when a function returns nothing,
// where a state that follows applies a path to it: Step Functions fails with
// "Unable to apply Path transformation to null or empty input".
func (c *checker) nulls(f *flow) {
	memo := map[string]string{}
	for _, name := range f.names {
		s := f.states[name]
		at, why := nullable(s)
		if why == "" {
			continue
		}
		for _, next := range s.next {
			reader := f.readerOfNull(next, memo)
			if reader == "" {
				continue
			}
			c.warn(NullInput, s.name, at,
				fmt.Sprintf("%s. When it returns nothing that is null, and '%s' fails: Unable to apply Path transformation to null or empty input", why, reader),
				"take the OutputPath away, or keep the result in a place of its own with \"ResultPath\": \"$.result\"")
			break
		}
	}
}

// nullable tells which field makes a state's output the bare result of a
// function, and says so.
func nullable(s *state) (at path, why string) {
	if s.kind != asl.Task || s.language != asl.JSONPath || s.value.Has("ResultSelector") {
		return nil, ""
	}
	output := s.value.Get("OutputPath").Str()
	result := s.value.Get("ResultPath").Str()
	invokes := s.resource.Kind == asl.ServiceResource && s.resource.Service == "lambda" && s.resource.Action == "invoke"
	switch {
	case invokes && whole(s.value.Get("ResultPath")) && bare(output) == ".Payload",
		invokes && result != "" && bare(output) == bare(result)+".Payload":
		return s.at.with("OutputPath"), "OutputPath " + output + " gives on nothing but what the function returns"
	case s.resource.Kind == asl.LambdaResource && whole(s.value.Get("ResultPath")) && (output == "" && !s.value.Has("OutputPath") || output == "$"):
		return s.at.with("Resource"), "the state gives on nothing but what the function returns"
	case s.resource.Kind == asl.LambdaResource && result != "" && result != "$" && output == result:
		return s.at.with("OutputPath"), "OutputPath " + output + " gives on nothing but what the function returns"
	}
	return nil, ""
}

// bare is a path without its $, with names in quotation marks as plain ones.
func bare(text string) string {
	return strings.NewReplacer("['", ".", "']", "").Replace(strings.TrimPrefix(text, "$"))
}

// readerOfNull is the state that applies a path to a null that goes into name,
// "" for none: some states give it on as it is.
func (f *flow) readerOfNull(name string, memo map[string]string) string {
	var chain []string
	found := ""
	for {
		s := f.states[name]
		if s == nil {
			break
		}
		if known, ok := memo[name]; ok {
			found = known
			break
		}
		memo[name] = ""
		chain = append(chain, name)
		if s.language == asl.JSONPath && (len(readsOf(s).paths) > 0 || s.value.Get("OutputPath").Is(source.String) && !replaces(s)) {
			found = name
			break
		}
		if replaces(s) || len(s.next) != 1 {
			break
		}
		name = s.next[0]
	}
	for _, n := range chain {
		memo[n] = found
	}
	return found
}
