package asl_test

import (
	"testing"

	"wplake/internal/asl"
)

func TestDescribe(t *testing.T) {
	t.Parallel()
	m, err := asl.Parse([]byte(`{"StartAt":"Pick","States":{
		"Pick":{"Type":"Choice","Choices":[
			{"Variable":"$.a","NumericGreaterThanEquals":5,"Next":"Call"},
			{"Variable":"$.a","StringMatches":"x*","Next":"Call"},
			{"Variable":"$.a","StringEqualsPath":"$.b","Next":"Call"},
			{"Variable":"$.a","IsPresent":false,"Next":"Call"},
			{"Not":{"Variable":"$.a","IsNull":true},"Next":"Call"},
			{"And":[{"Variable":"$.a","BooleanEquals":true},{"Or":[{"Variable":"$.b","NumericLessThan":1},{"Variable":"$.c","IsString":true}]}],"Next":"Call"}],
			"Default":"Rest"},
		"Call":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","TimeoutSeconds":9,"Parameters":{"FunctionName":"load","Payload.$":"$"},"Next":"Each"},
		"Rest":{"Type":"Wait","SecondsPath":"$.delay","Next":"Ask"},
		"Ask":{"Type":"Choice","QueryLanguage":"JSONata","Choices":[{"Condition":"{% $states.input.n > 1 %}","Next":"Bad"}]},
		"Bad":{"Type":"Fail","Error":"Broken","CausePath":"$.why"},
		"Each":{"Type":"Map","ItemsPath":"$.items","MaxConcurrency":5,"End":true,
			"ItemProcessor":{"StartAt":"Until","States":{"Until":{"Type":"Wait","Timestamp":"2030-01-01T00:00:00Z","End":true}}}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	at := func(name string) *asl.State { return m.States[name] }
	want := []string{`$.a ≥ 5`, `$.a matches "x*"`, `$.a = $.b`, `$.a is not present`, `not $.a is null`,
		`$.a = true and ($.b < 1 or $.c is a string)`}
	for i, r := range at("Pick").Choices {
		if r.String() != want[i] {
			t.Errorf("rule %d: %s, want %s", i, r, want[i])
		}
	}
	seconds, _ := at("Rest").Delay()
	_, until := at("Each").Branches[0].States["Until"].Delay()
	failure, cause := at("Bad").FailsWith()
	function, ok := at("Call").Argument("FunctionName")
	_, dynamic := at("Call").Argument("Payload")
	for name, pair := range map[string][2]string{
		"JSONata":     {at("Ask").Choices[0].String(), "$states.input.n > 1"},
		"seconds":     {seconds, "$.delay"},
		"until":       {until, "2030-01-01T00:00:00Z"},
		"error":       {failure, "Broken"},
		"cause":       {cause, "$.why"},
		"items":       {at("Each").ItemsFrom(), "$.items"},
		"concurrency": {at("Each").Concurrency(), "5"},
		"function":    {function, "load"},
		"limit":       {at("Call").Limit(), "9"},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: %q, want %q", name, pair[0], pair[1])
		}
	}
	if !ok || dynamic {
		t.Error("an argument is known when it is a text in the definition, and not else")
	}
}
