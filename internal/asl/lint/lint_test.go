package lint_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"wplake/internal/asl"
	"wplake/internal/asl/lint"
)

const machines = "../../workflow/tasks/testdata/machines/"

func readMachine(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.FromSlash(machines + name + ".asl.json"))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func codes(list []lint.Finding) string {
	texts := make([]string, len(list))
	for i, f := range list {
		texts[i] = f.Code + " " + f.Pointer
	}
	return strings.Join(texts, "\n")
}

// TestReferenceMachines holds that exactly the known faults are found.
func TestReferenceMachines(t *testing.T) {
	t.Parallel()
	published := []string{"LITERAL_PATH /States/PublishFailure/Parameters/Message", "FAILURE_SUCCEEDS /States/PublishFailure/End"}
	drops := func(states ...string) []string {
		list := make([]string, len(states))
		for i, s := range states {
			list[i] = "CATCH_DROPS_INPUT /States/" + s + "/Catch/0"
		}
		return list
	}
	join := func(lists ...[]string) string {
		var all []string
		for _, l := range lists {
			all = append(all, l...)
		}
		return strings.Join(all, "\n")
	}
	one := func(s string) []string { return []string{s} }
	crawler := func(s string) []string { return one("NOT_AWAITED /States/" + s + "/Resource") }
	quality := func(i int, table string) []string {
		return one(fmt.Sprintf("NOT_AWAITED /States/Check Silver Data Quality/Branches/%d/States/Check silver-%s/Resource", i, table))
	}
	lambdas := drops("data_wordpressapi_raw", "data_wordpressapi_bronze")
	bronze := join(crawler("Start Bronze Crawler"), drops("Start Bronze Crawler"))
	silver := join(crawler("Start Silver Crawler"), drops("Start Silver Crawler"))
	for name, want := range map[string]string{
		"2024-03-draft": join(one("NULL_INPUT /States/data_wordpressapi_raw/OutputPath"), published),
		"2024-03":       join(published),
		"2024-05":       join(crawler("Start Bronze Crawler"), published),
		"2024-08":       join(lambdas, one(bronze), drops("Glue Start Silver Python Shell"), one(silver), published),
		"2024-09": join(lambdas, one(bronze), drops("Glue Start Silver Python Shell"), quality(0, "posts"), quality(1, "statistics_pages"),
			drops("Check Silver Data Quality"), one(silver), published),
		"2024-11": join(lambdas, one(bronze), drops("Glue Start Silver Python Shell"), quality(0, "posts"), quality(1, "statistics_pages"),
			drops("Check Silver Data Quality"), one(silver), drops("Glue Start Gold PySpark"), crawler("StartCrawler"), drops("StartCrawler"), published),
		"2025-jsonata": "",
	} {
		if got := codes(lint.Check(readMachine(t, name))); got != want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, want)
		}
	}
}

func TestFindingsNamePlaceCauseAndRemedy(t *testing.T) {
	t.Parallel()
	for _, f := range lint.Check(readMachine(t, "2024-08")) {
		if f.State == "" || f.Position.Line == 0 || f.Message == "" || f.Remedy == "" || f.Severity != asl.SeverityWarning {
			t.Errorf("%+v", f)
		}
	}
}

func machine(states string) string {
	return `{"TimeoutSeconds": 600, "StartAt": "A", "States": {` + states + `, "Failed": {"Type": "Fail", "Error": "E"}}}`
}

// caught hands failures of a state to another one, with the input kept.
func caught(to string) string {
	return `"Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.Error", "Next": "` + to + `"}]`
}

const invoke = `"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": "f", "Payload.$": "$"}`

// TestGoodMachines holds that nothing is found where nothing is wrong.
func TestGoodMachines(t *testing.T) {
	t.Parallel()
	for name, definition := range map[string]string{
		"a loop awaits the crawler": machine(`
			"A": {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:glue:startCrawler", "Parameters": {"Name": "c"}, "ResultPath": null, ` + caught("Failed") + `, "Next": "W"},
			"W": {"Type": "Wait", "Seconds": 5, "Next": "Get"},
			"Get": {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:glue:getCrawler", "Parameters": {"Name": "c"}, "ResultPath": "$.crawler", ` + caught("Failed") + `, "Next": "Ready?"},
			"Ready?": {"Type": "Choice", "Choices": [{"Variable": "$.crawler.Crawler.State", "StringEquals": "READY", "Next": "Done"}], "Default": "W"},
			"Done": {"Type": "Succeed"}`),
		"an alert that fails the execution": machine(`
			"A": {` + invoke + `, ` + caught("Tell") + `, "End": true},
			"Tell": {"Type": "Task", "Resource": "arn:aws:states:::sns:publish", "Parameters": {"TopicArn": "t", "Message.$": "States.Format('{}', $.Error.Cause)"}, "Next": "Failed"}`),
		"a fallback for one error": machine(`
			"A": {` + invoke + `, "Catch": [{"ErrorEquals": ["NotFound"], "ResultPath": "$.Error", "Next": "Make"}, {"ErrorEquals": ["States.ALL"], "Next": "Failed"}], "End": true},
			"Make": {` + invoke + `, ` + caught("Failed") + `, "End": true}`),
		"the error alone is read": machine(`
			"A": {` + invoke + `, "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Tell"}], "End": true},
			"Tell": {"Type": "Task", "Resource": "arn:aws:states:::sns:publish", "Parameters": {"TopicArn": "t", "Message.$": "$.Cause"}, "Next": "Failed"}`),
		"prices and SQL": machine(`
			"A": {"Type": "Task", "Resource": "arn:aws:states:::athena:startQueryExecution.sync", "Parameters": {"QueryString": "select json_extract(d, '$.a') from t where p > '$.50'", "WorkGroup": "w costs $.50"}, ` + caught("Failed") + `, "End": true}`),
		"the Payload goes nowhere": machine(`"A": {` + invoke + `, "OutputPath": "$.Payload", ` + caught("Failed") + `, "End": true}`),
		"a Parallel catches for its tasks": machine(`
			"A": {"Type": "Parallel", "Branches": [{"StartAt": "B", "States": {"B": {` + invoke + `, "End": true}}}], ` + caught("Failed") + `, "End": true}`),
	} {
		if found := asl.Validate([]byte(definition), false); asl.HasErrors(found) {
			t.Errorf("%s: %v", name, found)
		}
		if got := codes(lint.Check([]byte(definition))); got != "" {
			t.Errorf("%s:\n%s", name, got)
		}
	}
}

func TestBadMachines(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ definition, want string }{
		"no catch, no time-out": {`{"StartAt": "A", "States": {"A": {` + invoke + `, "End": true}}}`, "NO_CATCH /States/A\nNO_TIMEOUT /States/A"},
		"the lost input is read": {machine(`
			"A": {` + invoke + `, "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Tell"}], "End": true},
			"Tell": {"Type": "Task", "Resource": "arn:aws:states:::sns:publish", "Parameters": {"TopicArn": "t", "Message.$": "$.object"}, "Next": "Failed"}`),
			"CATCH_DROPS_INPUT /States/A/Catch/0"},
		"null through a Wait": {machine(`
			"A": {` + invoke + `, "OutputPath": "$.Payload", ` + caught("Failed") + `, "Next": "W"},
			"W": {"Type": "Wait", "Seconds": 1, "Next": "C"},
			"C": {"Type": "Choice", "Choices": [{"Variable": "$.n", "IsPresent": true, "Next": "Done"}], "Default": "Done"}, "Done": {"Type": "Succeed"}`),
			"NULL_INPUT /States/A/OutputPath"},
		"an expression inside a text": {`{"QueryLanguage": "JSONata", "StartAt": "A", "States": {"A": {"Type": "Pass", "Output": {"m": "Hello {% $states.input.n %}"}, "End": true}}}`,
			"LITERAL_EXPRESSION /States/A/Output/m"},
		"a path in a Cause": {`{"StartAt": "A", "States": {"A": {"Type": "Fail", "Cause": "It was $.Error.Cause"}}}`, "LITERAL_PATH /States/A/Cause"},
		"two fields of one name": {`{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}, "A": {"Type": "Succeed"}}}`,
			"DUPLICATE_FIELD /States/A"},
		"a query that is not awaited": {machine(`"A": {"Type": "Task", "Resource": "arn:aws:states:::athena:startQueryExecution", "Parameters": {"QueryString": "select 1"}, ` + caught("Failed") + `, "End": true}`),
			"NOT_AWAITED /States/A/Resource"},
	} {
		if got := codes(lint.Check([]byte(c.definition))); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, c.want)
		}
	}
}

func TestDiagnosticsGetPlaces(t *testing.T) {
	t.Parallel()
	definition := []byte("{\"StartAt\": \"a/b\", \"States\": {\n \"a/b\": {\"Type\": \"Task\", \"Resource\": \"arn:aws:lambda:r:1:function:f\",\n  \"Catch\": [{\"ErrorEquals\": [\"E\"], \"Next\": \"x\"}], \"End\": true}}}")
	list := lint.FromDiagnostics(definition, asl.Validate(definition, false))
	if len(list) != 1 || list[0].Pointer != "/States/a~1b/Catch/0/Next" || list[0].Position.String() != "3:44" || list[0].State != "a/b" {
		t.Errorf("%+v", list)
	}
	definition = []byte("{\n oops}")
	list = lint.FromDiagnostics(definition, asl.Validate(definition, false))
	if len(list) != 1 || list[0].Position.Line != 2 || strings.Contains(list[0].Message, "Source") {
		t.Errorf("%+v", list)
	}
}

// FuzzCheck holds that no text stops the checks.
func FuzzCheck(f *testing.F) {
	for _, name := range []string{"2024-03-draft", "2024-09", "2025-jsonata"} {
		text, err := os.ReadFile(filepath.FromSlash(machines + name + ".asl.json"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte(machine(`"A": {"Type": "Choice", "Choices": [{"Variable": "$", "IsNull": true, "Next": "A"}], "Default": "A"}`)))
	f.Add([]byte(`{"States": {"A": 1, "B": {"Catch": [1, {"Next": {}}]}}}`))
	f.Fuzz(func(_ *testing.T, definition []byte) {
		lint.Check(definition)
		lint.FromDiagnostics(definition, asl.Validate(definition, false))
	})
}
