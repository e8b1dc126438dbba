package jsonata_test

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"wplake/internal/asl/jsonata"
)

// Expressions of a few dozen steps whose values have 2^40 parts and more to
// whoever visits them. Without a bound each of them runs for hours, or takes
// all memory there is.
func TestSharedValuesAreBounded(t *testing.T) {
	t.Parallel()
	double := "$d := function($x){[$x, $x]};"
	forty := strings.Repeat("$d(", 40) + "[1]" + strings.Repeat(")", 40)
	for name, expr := range map[string]string{
		"assigned":        "($a := [1,1];" + strings.Repeat("$a := [$a, $a];", 40) + "$string($a))",
		"compared":        "($a := [1,1]; $b := [1,1];" + strings.Repeat("$a := [$a, $a]; $b := [$b, $b];", 40) + "$a = $b)",
		"function":        "(" + double + forty + " = " + forty + ")",
		"reduced":         "$reduce([1..40], function($a, $i){[$a, $a]}, [1]) = 1",
		"objects":         `$reduce([1..40], function($a, $i){{"a": $a, "b": $a}}, {"c": 1}) & ""`,
		"mapped":          "$reduce([1..40], function($a, $i){$map([1,2], function($n){$a})}, [1]) = [1]",
		"mapped by alias": "($m := $map; $reduce([1..40], function($a, $i){$m([1,2], function($n){$a})}, [1]) = [1])",
		"each":            `$reduce([1..40], function($a, $i){[$each({"a":1,"b":2}, function($v){$a})]}, [1]) = [1]`,
		"steps":           "$reduce([1..40], function($a, $i){ $i.[$a, $a] }, [1]) = [1]",
		"object steps":    `$reduce([1..40], function($a, $i){ $i.{"a": $a, "b": $a} }, [1]) = [1]`,
		"first steps":     "$reduce([1..40], function($a, $i){ [$a, $a].[$, $] }, [1]) = [1]",
		"zipped":          "$reduce([1..40], function($a, $i){$zip($a, $a)}, [1,2]) = [1]",
		"descended":       "$count($reduce([1..40], function($a, $i){[$a, $a]}, [1]).**)",
		"wide":            "($a := [1..1000]; $b := $map($a, function($x){$a}); $c := $map($a, function($x){$b}); $c = 1)",
		"result":          "$reduce([1..40], function($a, $i){[$a, $a]}, [1])",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := eval(t, expr)
			var failure *jsonata.Error
			if !errors.As(err, &failure) || failure.Kind != jsonata.Bound {
				t.Errorf("%v, want a bound", err)
			}
		})
	}
}

// What is wrapped to count the parts means the same: the expressions of
// JSONata's own suite give what they give as they are written.
func TestBoundsDoNotChangeMeaning(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/recolabs/gnata").Output()
	if err != nil {
		t.Skip("there is no Go command to find the suite with")
	}
	suite := filepath.Join(strings.TrimSpace(string(out)), "testdata")
	files, err := filepath.Glob(filepath.Join(suite, "groups", "*", "*.json"))
	if err != nil || len(files) == 0 {
		t.Skip("the engine's module has no suite")
	}
	wrapped := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		type suiteCase struct {
			Expr    string  `json:"expr"`
			Data    any     `json:"data"`
			Dataset *string `json:"dataset"`
		}
		var cases []suiteCase
		if json.Unmarshal(text, &cases) != nil {
			cases = make([]suiteCase, 1)
			if err := json.Unmarshal(text, &cases[0]); err != nil {
				t.Fatalf("%s: %v", file, err)
			}
		}
		for _, c := range cases {
			data := c.Data
			if c.Dataset != nil {
				if set, err := os.ReadFile(filepath.Join(suite, "datasets", *c.Dataset+".json")); err == nil {
					data = decode(t, string(set))
				}
			}
			plain, bounded, both := jsonata.EvalBoth(c.Expr, data)
			if !both {
				continue
			}
			wrapped++
			if strings.Contains(plain+bounded, "memory limit exceeded") {
				continue // millions of parts, or what else this process holds
			}
			if diff := cmp.Diff(plain, bounded); diff != "" {
				t.Errorf("%s: %s\n%s", filepath.Base(filepath.Dir(file)), c.Expr, diff)
			}
		}
	}
	t.Logf("%d expressions of the suite are wrapped", wrapped)
	if wrapped < 100 {
		t.Errorf("only %d expressions were wrapped", wrapped)
	}
}

func FuzzEval(f *testing.F) {
	for _, seed := range []string{
		"1 + 2", "$states.input.a[0]", "[$states.input, {\"a\": 1}]", "($a := [1]; [$a, $a])", "function($x)<n:n>{$x}(1)",
		"$map([1..3], function($v, $i){ {\"v\": $v, \"i\": $i} })", "|$states|{\"a\": [1]}|", "$states.*[0]", "$states.**[0]{`a`: [1]}",
		"/* c */ /a[b{]/ ~> $match(\"a\")", "$reduce([1..9], function($a){[$a,$a]})", "$f := $map; $f([1],λ($x){[$x]})", "%.a[1]", "$.a^(>b)[[1]]",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		e, err := jsonata.Compile(text)
		if err != nil {
			return
		}
		_, _ = e.Eval(bindings(t), host())
	})
}
