package config_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"wplake/internal/config"
)

// readDocs returns the documentation's pages by name.
func readDocs(t *testing.T) map[string]string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("..", "..", "docs", "*.md"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("there is no documentation: %v", err)
	}
	pages := map[string]string{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		pages[filepath.Base(path)] = string(text)
	}
	return pages
}

var yamlBlock = regexp.MustCompile("(?s)```yaml\n(.*?)```")

// Whatever the documentation shows as YAML is a definition, or a list of steps.
func TestDocumentedExamplesLoad(t *testing.T) {
	t.Parallel()
	examples := 0
	for name, page := range readDocs(t) {
		for _, block := range yamlBlock.FindAllStringSubmatch(page, -1) {
			text := block[1]
			if strings.HasPrefix(text, "tests:") || strings.HasPrefix(text, "machine:") {
				continue // tests of a workflow, which their own reader tries
			}
			if strings.HasPrefix(text, "- ") {
				text = "objects:\n  example:\n    steps:\n      " + strings.ReplaceAll(text, "\n", "\n      ")
			}
			examples++
			if _, f, err := config.Parse(name, "/lake", []byte(text)); err != nil || len(f.Warnings) > 0 {
				t.Errorf("%s: %v, %v\n%s", name, err, f.Warnings, text)
			}
		}
	}
	if examples < 5 {
		t.Errorf("only %d examples were found", examples)
	}
}

// Every key that a definition may have is named in docs/configuration.md.
func TestEveryKeyIsDocumented(t *testing.T) {
	t.Parallel()
	page := regexp.MustCompile("(?s)```.*?```").ReplaceAllString(readDocs(t)["configuration.md"], "")
	var code strings.Builder
	for _, span := range regexp.MustCompile("`[^`]+`").FindAllString(page, -1) {
		code.WriteString(span + "\n" + strings.ReplaceAll(span, ".<name>.", ".") + "\n")
	}
	var walk func(n *node, path string)
	walk = func(n *node, path string) {
		for name, inner := range n.Properties {
			full := strings.TrimPrefix(path+"."+name, ".")
			// A section's keys are named in full; within an object and a step
			// the tables name the keys alone.
			named := strings.Contains(code.String(), "`"+full+"`") || strings.Contains(code.String(), "`"+full+".<name>`")
			if strings.HasPrefix(full, "objects.") {
				named = strings.Contains(code.String(), "`"+name)
			}
			if inner.Properties == nil && !named {
				t.Errorf("%s is not in docs/configuration.md", full)
			}
			walk(inner, full)
		}
		if n.Items != nil {
			walk(n.Items, path)
		}
		if inner := n.additional(t); inner != nil {
			walk(inner, path)
		}
	}
	walk(loadSchema(t), "")
}

// The table of defaults tells the truth.
func TestDocumentedDefaults(t *testing.T) {
	t.Parallel()
	page := readDocs(t)["configuration.md"]
	row := regexp.MustCompile("(?m)^\\| `([a-z_.]+)` \\| `([^`<]+)` \\|")
	c, f := parse(t, "")
	defaults := map[string]string{}
	for _, s := range config.Settings(c, f) {
		defaults[s.Key] = s.Text()
	}
	found := 0
	for _, m := range row.FindAllStringSubmatch(page, -1) {
		want, ok := defaults[m[1]]
		if !ok {
			continue // a key of an object, whose default is another key
		}
		found++
		if m[2] != want {
			t.Errorf("%s: documented %s, is %s", m[1], m[2], want)
		}
	}
	if found < 20 {
		t.Errorf("only %d defaults were found", found)
	}
}
