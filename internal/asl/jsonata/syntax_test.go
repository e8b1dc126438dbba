package jsonata_test

import (
	"testing"

	"wplake/internal/asl/jsonata"
)

// TestMissingSigns holds JSONata's own words for a sign that does not come.
func TestMissingSigns(t *testing.T) {
	t.Parallel()
	for expr, want := range map[string]string{
		`a[1,2)`:         `Expected "]", got ","`,
		`(1`:             `Expected ")" before end of expression`,
		`$f(1`:           `Expected ")" before end of expression`,
		`$f(1 2)`:        `Expected ")", got "2"`,
		`[1`:             `Expected "]" before end of expression`,
		`[1 2]`:          `Expected "]", got "2"`,
		`{"a" 1}`:        `Expected ":", got "1"`,
		`{"a": 1`:        `Expected "}" before end of expression`,
		`function($x) 1`: `Expected "{", got "1"`,
	} {
		if _, err := jsonata.Compile(expr); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", expr, err, want)
		}
	}
}
