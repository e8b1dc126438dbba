package asl_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"wplake/internal/asl"
)

// oneState is a machine of one state; the text is that state.
func oneState(state string) string { return `{"StartAt":"X","States":{"X":` + state + `}}` }

func oneJSONata(state string) string {
	return `{"QueryLanguage":"JSONata","StartAt":"X","States":{"X":` + state + `}}`
}

// TestRefusals holds the answers that Step Functions is known to give.
func TestRefusals(t *testing.T) {
	t.Parallel()
	const invoke = `"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Parameters":{"FunctionName":"f"}`
	const schema = "SCHEMA_VALIDATION_FAILED: "
	for _, c := range []struct {
		name, definition string
		express          bool
		want             []string
	}{
		{"no object", `[]`, false, []string{schema + "Definition must be a valid JSON object at null"}},
		{"no start", `{"States":{"A":{"Type":"Pass","End":true}}}`, false, []string{schema + "These fields are required: [StartAt] at /"}},
		{"unknown type", oneState(`{"Type":"Other","End":true}`), false, []string{schema + "The field 'Type' should have one of these values: [Task, Wait, Pass, Succeed, Fail, Choice, Parallel, Map] at /States/X/Type"}},
		{"no type", oneState(`{"End":true}`), false, []string{schema + "These fields are required: [Type] at /States/X"}},
		{"misspelt field", `{"Coment":"c","StartAt":"X","States":{"X":{"Type":"Pass","End":true}}}`, false, []string{schema + "Field 'Coment' is not supported at /"}},
		{"wrong version", `{"Version":"2.0","StartAt":"X","States":{"X":{"Type":"Pass","End":true}}}`, false, []string{schema + "Value should be one of the following: [1.0] at /Version"}},
		{"neither next nor end", oneState(`{"Type":"Pass"}`), false, []string{schema + "This object should have only one of the following fields: [Next, End] at /States/X"}},
		{"next and end", oneState(`{"Type":"Pass","Next":"X","End":true}`), false, []string{schema + "There should only be one of the following fields: [Next, End] at /States/X"}},
		{"timeout of a Map", oneState(`{"Type":"Map","TimeoutSeconds":5,"ItemProcessor":{"StartAt":"W","States":{"W":{"Type":"Pass","End":true}}},"End":true}`), false, []string{schema + "Field 'TimeoutSeconds' is not supported at /States/X"}},
		{"catch of a Pass", oneState(`{"Type":"Pass","End":true,"Catch":[{"ErrorEquals":["States.ALL"],"Next":"X"}]}`), false, []string{schema + "Field 'Catch' is not supported at /States/X"}},
		{"no terminal state", `{"StartAt":"A","States":{"A":{"Type":"Pass","Next":"B"},"B":{"Type":"Pass","Next":"A"},"C":{"Type":"Pass","Next":"A"}}}`, false, []string{"MISSING_END_STATE: Workflow has no terminal state at null"}},
		{"dangling and endless", `{"StartAt":"A","States":{"A":{"Type":"Pass","Next":"NOPE"}}}`, false, []string{"MISSING_TRANSITION_TARGET: Missing 'Next' target: NOPE at /States/A/Next", "MISSING_END_STATE: Workflow has no terminal state at null"}},
		{"dangling and unreachable", `{"StartAt":"a","States":{"a":{"Type":"Pass","Next":"c"},"b":{"Type":"Pass","End":true}}}`, false, []string{"MISSING_TRANSITION_TARGET: Missing 'Next' target: c at /States/a/Next", `MISSING_TRANSITION_TARGET: State "b" is not reachable. at /States/b`}},
		{"dangling start", `{"StartAt":"Not sure","States":{"A":{"Type":"Pass","Next":"B"},"B":{"Type":"Succeed"}}}`, false, []string{"MISSING_TRANSITION_TARGET: Missing 'Next' target: Not sure at /StartAt", `MISSING_TRANSITION_TARGET: State "A" is not reachable. at /States/A`, `MISSING_TRANSITION_TARGET: State "B" is not reachable. at /States/B`}},
		{"dangling choice", `{"StartAt":"C","States":{"C":{"Type":"Choice","Choices":[{"Variable":"$.x","IsPresent":true,"Next":"Ghost"}],"Default":"Z"},"Z":{"Type":"Pass","End":true}}}`, false, []string{"MISSING_TRANSITION_TARGET: Missing 'Next' target: Ghost at /States/C/Choices[0]/Next"}},
		{"dangling catch", oneState(`{` + invoke + `,"Catch":[{"ErrorEquals":["States.ALL"],"Next":"Ghost"}],"End":true}`), false, []string{"MISSING_TRANSITION_TARGET: Missing 'Next' target: Ghost at /States/X/Catch[0]/Next"}},
		{"unreachable inside", oneState(`{"Type":"Parallel","Branches":[{"StartAt":"W","States":{"W":{"Type":"Pass","End":true},"Ghost":{"Type":"Pass","End":true}}}],"End":true}`), false, []string{`MISSING_TRANSITION_TARGET: State "Ghost" is not reachable. at /States/X/Branches[0]/States/Ghost`}},
		{"duplicate state", oneState(`{"Type":"Parallel","Branches":[{"StartAt":"X","States":{"X":{"Type":"Pass","End":true}}}],"End":true}`), false, []string{"DUPLICATE_STATE_NAME: Duplicate State name: X at /States/X/Branches[0]/States/X"}},
		{"no branches", oneState(`{"Type":"Parallel","Branches":[],"End":true}`), false, []string{schema + "Value cannot be empty at /States/X/Branches"}},
		{"no choices", `{"StartAt":"X","States":{"X":{"Type":"Choice","Choices":[],"Default":"Y"},"Y":{"Type":"Succeed"}}}`, false, []string{schema + "Value cannot be empty at /States/X/Choices"}},
		{"no processor", oneState(`{"Type":"Map","End":true}`), false, []string{schema + "This object should have only one of the following fields: [ItemProcessor, Iterator] at /States/X"}},
		{"no arn", oneState(`{"Type":"Task","Resource":"createToken","End":true}`), false, []string{schema + "Value is not a valid resource ARN at /States/X/Resource"}},
		{"unknown integration", oneState(`{"Type":"Task","Resource":"arn:aws:states:::dynamodb:query","Parameters":{},"End":true}`), false, []string{schema + "The resource provided arn:aws:states:::dynamodb:query is not recognized. The value is not a valid resource ARN, or the resource is not available in this region. at /States/X/Resource"}},
		{"sync that there is not", oneState(`{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke.sync","Parameters":{"FunctionName":"f"},"End":true}`), false, []string{schema + "The resource provided arn:aws:states:::lambda:invoke.sync is not recognized. The value is not a valid resource ARN, or the resource is not available in this region. at /States/X/Resource"}},
		{"no parameters", oneState(`{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","End":true}`), false, []string{schema + "Parameters field is required for resource ARN: arn:aws:states:::lambda:invoke at /States/X"}},
		{"required parameter", oneState(`{"Type":"Task","Resource":"arn:aws:states:::glue:startJobRun.sync","Parameters":{},"End":true}`), false, []string{schema + "The field 'JobName' is required but was missing at /States/X/Parameters"}},
		{"credentials", oneJSONata(`{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Arguments":"{% $states.input %}","Credentials":{},"End":true}`), false, []string{schema + "The field 'RoleArn' is required but was missing at /States/X/Credentials"}},
		{"bad intrinsic", oneState(`{"Type":"Pass","Parameters":{"parsed.$":"States.Format('He said, \\\"{}\\\"', 'x')"},"End":true}`), false, []string{schema + "The value for the field 'parsed.$' must be a valid JSONPath or a valid intrinsic function call at /States/X/Parameters"}},
		{"no path", oneState(`{"Type":"Pass","Parameters":{"a.$":"ipsum"},"End":true}`), false, []string{schema + "The value for the field 'a.$' must be a valid JSONPath or a valid intrinsic function call at /States/X/Parameters"}},
		{"input path", oneState(`{"Type":"Pass","InputPath":"a","End":true}`), false, []string{schema + "Value must be a valid JSONPath. at /States/X/InputPath"}},
		{"variable", `{"StartAt":"X","States":{"X":{"Type":"Choice","Choices":[{"Variable":"States.ArrayLength($.a)","NumericEquals":0,"Next":"Y"}]},"Y":{"Type":"Succeed"}}}`, false, []string{schema + "Value is not a Reference Path: Reference path didn't start with '$' at /States/X/Choices[0]/Variable"}},
		{"nested next", `{"StartAt":"X","States":{"X":{"Type":"Choice","Choices":[{"Not":{"Variable":"$.a","IsNull":true,"Next":"Y"},"Next":"Y"}]},"Y":{"Type":"Succeed"}}}`, false, []string{schema + "Field 'Next' is not supported at /States/X/Choices[0]/Not"}},
		{"no timestamp", oneState(`{"Type":"Wait","Timestamp":"2016-12-05 21:29:29Z","End":true}`), false, []string{schema + "String does not match RFC3339 timestamp at /States/X/Timestamp"}},
		{"two waits", oneState(`{"Type":"Wait","Seconds":1,"SecondsPath":"$.s","End":true}`), false, []string{schema + "There should only be one of the following fields: [SecondsPath, Seconds, TimestampPath, Timestamp] at /States/X"}},
		{"States.ALL with others", oneState(`{` + invoke + `,"Retry":[{"ErrorEquals":["States.ALL","States.Timeout"]}],"End":true}`), false, []string{schema + "States.ALL must appear alone and at end of list at /States/X/Retry[0]/ErrorEquals"}},
		{"States.ALL not last", oneState(`{` + invoke + `,"Retry":[{"ErrorEquals":["States.ALL"]},{"ErrorEquals":["A"]}],"End":true}`), false, []string{schema + "States.ALL must appear alone and at end of list at /States/X/Retry[0]/ErrorEquals"}},
		{"jitter", oneState(`{` + invoke + `,"Retry":[{"ErrorEquals":["A"],"JitterStrategy":"SOME"}],"End":true}`), false, []string{schema + "Value should be one of the following: [NONE, FULL] at /States/X/Retry[0]/JitterStrategy"}},
		{"catch without next", oneState(`{` + invoke + `,"Catch":[{"ErrorEquals":["A"]}],"End":true}`), false, []string{schema + "These fields are required: [Next] at /States/X/Catch[0]"}},
		{"field of JSONata", oneState(`{"Type":"Pass","Output":"x","End":true}`), false, []string{schema + "The QueryLanguage is set to 'JSONPath', but field 'Output' is only supported for the 'JSONata' QueryLanguage at /States/X"}},
		{"field of JSONPath", oneJSONata(`{"Type":"Pass","InputPath":"$.a","End":true}`), false, []string{schema + "The QueryLanguage is set to 'JSONata', but field 'InputPath' is only supported for the 'JSONPath' QueryLanguage at /States/X"}},
		{"back to JSONPath", oneJSONata(`{"Type":"Pass","QueryLanguage":"JSONPath","InputPath":"$","End":true}`), false, []string{schema + "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine at /States/X"}},
		{"unknown language", `{"QueryLanguage":"JSONita","StartAt":"X","States":{"X":{"Type":"Pass","End":true}}}`, false, []string{schema + "Value should be one of the following: [JSONPath, JSONata] at /QueryLanguage"}},
		{"language of a processor", oneState(`{"Type":"Map","ItemProcessor":{"QueryLanguage":"JSONata","StartAt":"W","States":{"W":{"Type":"Pass","End":true}}},"End":true}`), false, []string{schema + "Field 'QueryLanguage' is not supported at /States/X/ItemProcessor"}},
		{"negative concurrency", oneState(`{"Type":"Map","MaxConcurrency":-1,"ItemProcessor":{"StartAt":"W","States":{"W":{"Type":"Pass","End":true}}},"End":true}`), false, []string{schema + "Minimum value is 0 at /States/X/MaxConcurrency"}},
		{"failures over 100 %", oneState(`{"Type":"Map","ToleratedFailurePercentage":101,"ItemProcessor":{"StartAt":"W","States":{"W":{"Type":"Pass","End":true}}},"End":true}`), false, []string{schema + "Maximum value is 100.0 at /States/X/ToleratedFailurePercentage"}},
		{"distributed without type", oneState(`{"Type":"Map","ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED"},"StartAt":"W","States":{"W":{"Type":"Pass","End":true}}},"End":true}`), false, []string{schema + "These fields are required: [ExecutionType] at /States/X/ItemProcessor/ProcessorConfig"}},
		{"express token", oneState(`{"Type":"Task","Resource":"arn:aws:states:::sns:publish.waitForTaskToken","Parameters":{"Message":"m"},"End":true}`), true, []string{schema + "Express state machine does not support '.waitForTaskToken' service integration  at /States/X/Resource"}},
		{"express sync", oneState(`{"Type":"Task","Resource":"arn:aws:states:::states:startExecution.sync","Parameters":{"StateMachineArn":"a"},"End":true}`), true, []string{schema + "Express state machine does not support '.sync' service integration at /States/X/Resource"}},
		{"express activity", oneState(`{"Type":"Task","Resource":"arn:aws:states:eu-west-1:123456789012:activity:a","End":true}`), true, []string{schema + "Express state machine does not support Activity ARN at /States/X/Resource"}},
		{"express distributed", oneState(`{"Type":"Map","ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"EXPRESS"},"StartAt":"W","States":{"W":{"Type":"Pass","End":true}}},"End":true}`), true, []string{schema + "The field 'Mode' with value 'DISTRIBUTED' is not supported inside 'EXPRESS' state machines at /States/X/ItemProcessor/ProcessorConfig/Mode"}},
		{"top level name", oneJSONata(`{"Type":"Pass","Output":{"a":{"b":["{% phone %}"]}},"End":true}`), false, []string{"UNSUPPORTED_JSONATA_EXPRESSION: Reference to 'phone' at the top level is not supported. at /States/X/Output/a/b[0]"}},
		{"two names", oneJSONata(`{"Type":"Pass","Output":{"v":"{% aaa + bbb %}"},"End":true}`), false, []string{"UNSUPPORTED_JSONATA_EXPRESSION: Reference to 'aaa' at the top level is not supported. at /States/X/Output/v", "UNSUPPORTED_JSONATA_EXPRESSION: Reference to 'bbb' at the top level is not supported. at /States/X/Output/v"}},
		{"root of the context", oneJSONata(`{"Type":"Pass","Output":"{% $$ %}","End":true}`), false, []string{"UNSUPPORTED_JSONATA_EXPRESSION: Reference to '$$' is not supported. at /States/X/Output"}},
		{"error output elsewhere", oneJSONata(`{"Type":"Pass","Output":"{% $states.errorOutput %}","End":true}`), false, []string{"UNSUPPORTED_JSONATA_EXPRESSION: Field '$states.errorOutput' does not exist. at /States/X/Output"}},
		{"reserved variable", oneState(`{"Type":"Pass","Assign":{"states":1},"End":true}`), false, []string{"RESERVED_VARIABLE_NAME: Cannot assign to reserved variable '$states'. at /States/X/Assign/states"}},
		{"unclosed expression", oneJSONata(`{"Type":"Pass","Output":"{% 1","End":true}`), false, []string{schema + "JSONata string must start with {% and end with %} at /States/X/Output"}},
	} {
		got := asl.RefusalMessage(asl.Validate([]byte(c.definition), c.express))
		if want := "Invalid State Machine Definition: '" + strings.Join(c.want, ", ") + "'"; got != want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, want)
		}
	}
	for expr, want := range map[string]string{
		`a[1,2)`:             `Expected \"]\", got \",\"`,
		`\"unterminated`:     `String literal must be terminated by a matching quote`,
		`1 +`:                `Unexpected end of expression`,
		`{\"a\":}`:           `The symbol \"}\" cannot be used as a unary operator`,
		`$x :=`:              `Unexpected end of expression`,
		`$match(\"a\", /abc`: `No terminating / in regular expression`,
		`phone %.other`:      `The symbol \".\" cannot be used as a unary operator`,
		``:                   `Unexpected end of expression`,
	} {
		got := asl.RefusalMessage(asl.Validate([]byte(oneJSONata(`{"Type":"Pass","Output":"{% `+expr+` %}","End":true}`)), false))
		if want := "Invalid State Machine Definition: 'INVALID_JSONATA_EXPRESSION: " + strings.ReplaceAll(want, `\"`, `"`) + " at /States/X/Output'"; got != want {
			t.Errorf("%s:\n got %s\nwant %s", expr, got, want)
		}
	}
}

// TestNotRefused holds what Step Functions is known to take.
func TestNotRefused(t *testing.T) {
	t.Parallel()
	list := []string{
		oneJSONata(`{"Type":"Pass","Comment":"{% phone %}","End":true}`),
		oneJSONata(`{"Type":"Task","Resource":"arn:aws:states:::aws-sdk:s3:listBuckets","Arguments":{},"Retry":[{"ErrorEquals":["{% phone %}"]}],"End":true}`),
		oneJSONata(`{"Type":"Map","MaxConcurrency":"{% $states.input.limit %}","ItemProcessor":{"StartAt":"W","States":{"W":{"Type":"Pass","End":true}}},"End":true}`),
		oneState(`{"Type":"Map","MaxConcurrency":9223372036854775807,"ItemProcessor":{"StartAt":"W","States":{"W":{"Type":"Pass","End":true}}},"End":true}`),
		oneState(`{"Type":"Map","ItemProcessor":{"StartAt":"A","States":{"A":{"Type":"Pass","Next":"B"},"B":{"Type":"Pass","Next":"A"}}},"End":true}`),
		oneState(`{"Type":"Pass","Parameters":{"v":"{% phone %}"},"End":true}`),
		oneState(`{"Type":"Map","QueryLanguage":"JSONata","ItemProcessor":{"ProcessorConfig":{"Mode":"INLINE"},"StartAt":"P","States":{"P":{"QueryLanguage":"JSONPath","Type":"Pass","End":true}}},"End":true}`),
		`{"QueryLanguage":"JSONata","StartAt":"M","States":{"M":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Arguments":{"FunctionName":"f"},"Catch":[{"ErrorEquals":["States.ALL"],"Output":"{% $states.errorOutput %}","Assign":{"e":"{% $states.errorOutput %}"},"Next":"H"}],"Next":"H"},"H":{"Type":"Pass","End":true}}}`,
	}
	machines, err := filepath.Glob("../workflow/tasks/testdata/machines/*.asl.json")
	if err != nil || len(machines) == 0 {
		t.Fatalf("no machines: %v", err)
	}
	for _, name := range machines {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, string(text))
	}
	for _, definition := range list {
		if found := asl.Validate([]byte(definition), false); asl.HasErrors(found) {
			t.Errorf("%s:\n%v", definition, found)
		}
	}
}

func TestWarnings(t *testing.T) {
	t.Parallel()
	for definition, want := range map[string]string{
		oneState(`{"Type":"Pass","Parameters":{"a":"$.b","c":{"d":"States.UUID()"},"e":"costs $.50"},"End":true}`): "[NO_DOLLAR /States/X/Parameters NO_DOLLAR /States/X/Parameters/c]",
		oneState(`{"Type":"Pass","Result":{"a.$":"$.b"},"End":true}`):                                              "[PASS_RESULT_IS_STATIC /States/X/Result]",
		oneState(`{"Type":"Pass","Result":"price","End":true}`):                                                    "[]",
	} {
		var got []string
		for _, d := range asl.Validate([]byte(definition), false) {
			if d.Severity != asl.SeverityWarning {
				t.Errorf("%s: %v", definition, d)
			}
			got = append(got, d.Code, d.Location)
		}
		if fmt.Sprint(got) != want {
			t.Errorf("%s: got %v, want %s", definition, got, want)
		}
	}
}

// FuzzValidate holds that no definition stops Validate, and that what it lets
// pass can be parsed.
func FuzzValidate(f *testing.F) {
	for _, seed := range []string{
		oneState(`{"Type":"Pass","End":true}`), oneJSONata(`{"Type":"Pass","Output":"{% $states.input.a %}","End":true}`),
		oneState(`{"Type":"Map","ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"EXPRESS"},"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":1,"End":true}}},"ItemReader":{"Resource":"arn:aws:states:::s3:getObject","ReaderConfig":{"InputType":"CSV","CSVHeaderLocation":"GIVEN","CSVHeaders":["a"]},"Parameters":{"Bucket":"b","Key":"k"}},"Label":"l","End":true}`),
		oneState(`{"Type":"Choice","Choices":[{"And":[{"Variable":"$.a","NumericEquals":1},{"Not":{"Variable":"$.b","IsNull":true}}],"Next":"X"}]}`),
		oneState(`{"Type":"Task","Resource":"arn:aws:states:::glue:startJobRun.sync","Parameters":{"JobName.$":"States.Format('{}', $.a)"},"Retry":[{"ErrorEquals":["States.ALL"],"BackoffRate":1e400}],"Catch":[{"ErrorEquals":["A"],"Next":"X","ResultPath":"$.e"}],"End":true}`),
		`{"StartAt":0,"States":[]}`, `{"States":{"":null}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, definition []byte) {
		found := asl.Validate(definition, len(definition)%2 == 0)
		asl.ValidateState(definition)
		if _, err := asl.Parse(definition); err != nil && !asl.HasErrors(found) {
			t.Fatalf("%s passed, and %v", definition, err)
		}
	})
}
