package lint

import (
	"regexp"
	"strings"

	"wplake/internal/asl"
	"wplake/internal/asl/source"
)

// Where a plain string holds what looks like a path. A digit behind the dot is
// a price.
var pathInText = regexp.MustCompile(`\$\$?\.[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*|\[\d+\])*`)

// literals warns of paths and expressions in strings that are sent as they
// stand.
func (c *checker) literals(s *state) {
	if s.language == asl.JSONata {
		for _, m := range s.value.Members {
			if m.Name == "Arguments" || m.Name == "Output" || m.Name == "Assign" || m.Name == "Cause" || m.Name == "Error" {
				c.literalExpressions(s, m.Value, s.at.with(m.Name))
			}
		}
		return
	}
	for _, m := range s.value.Members {
		switch m.Name {
		case "Parameters", "ResultSelector", "ItemSelector", "Assign":
			c.literalPaths(s, m.Value, s.at.with(m.Name), "")
		case "Cause", "Error":
			if s.kind == asl.Fail {
				c.literalPaths(s, m.Value, s.at.with(m.Name), m.Name)
			}
		}
	}
}

// literalPaths looks for paths inside strings of a template. A string that is
// nothing but a path is asl's to warn of (NO_DOLLAR).
func (c *checker) literalPaths(s *state, v *source.Value, at path, name string) {
	for _, m := range v.Members {
		if !strings.HasSuffix(m.Name, ".$") && !isQuery(m.Name) {
			c.literalPaths(s, m.Value, at.with(m.Name), m.Name)
		}
	}
	for i, e := range v.Elements {
		c.literalPaths(s, e, at.with(itoa(i)), name)
	}
	if !v.Is(source.String) || strings.Contains(strings.ToLower(v.Text), "json_") {
		return
	}
	found := pathInText.FindString(v.Text)
	if found == "" || found == v.Text && s.kind != asl.Fail {
		return
	}
	remedy := `name the field '` + name + `.$' and build the text: "` + name + `.$": "States.Format('… {}', States.JsonToString(` + found + `))"`
	if s.kind == asl.Fail {
		remedy = `use '` + name + `Path' with a path or an intrinsic function`
	}
	c.warnOf(v, LiteralPath, s.name, at, "the text holds "+found+", which is sent as these very characters: a path inside a string is not evaluated", remedy)
}

// isQuery tells whether a field holds a language with paths of its own.
func isQuery(field string) bool {
	switch strings.ToLower(field) {
	case "querystring", "sql", "sqlstatement", "statement", "query", "expression", "filterexpression", "script":
		return true
	}
	return false
}

func (c *checker) literalExpressions(s *state, v *source.Value, at path) {
	for _, m := range v.Members {
		c.literalExpressions(s, m.Value, at.with(m.Name))
	}
	for i, e := range v.Elements {
		c.literalExpressions(s, e, at.with(itoa(i)))
	}
	if !v.Is(source.String) || strings.HasPrefix(v.Text, "{%") {
		return
	}
	if _, rest, found := strings.Cut(v.Text, "{%"); found && strings.Contains(rest, "%}") {
		c.warnOf(v, LiteralJSONata, s.name, at, "the text holds {% … %}, which is sent as these very characters: only a string that is an expression as a whole is evaluated",
			"make the whole string one expression: {% 'text ' & $states.input.name %}")
	}
}
