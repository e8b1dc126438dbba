package teststate_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"wplake/internal/asl"
	"wplake/internal/asl/teststate"
)

func ptr[T any](v T) *T { return &v }

// home are options of a home that tests what AWS does not.
func home(perform func(context.Context, asl.Effect) (asl.Answer, error)) teststate.Options {
	o := options()
	o.Strict, o.Perform = false, perform
	return o
}

func shown(t *testing.T, a teststate.Answer) string {
	t.Helper()
	b, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	double := func(_ context.Context, e asl.Effect) (asl.Answer, error) {
		if e.Resource.Action == "fail" {
			return asl.Answer{Kind: asl.Failure, Error: ptr("Broken"), Cause: ptr("pipe")}, nil
		}
		return asl.Answer{Kind: asl.Done, Output: map[string]any{"got": e.Arguments}}, nil
	}
	each := `{"Type":"Map","ItemProcessor":{"ProcessorConfig":{"Mode":"%MODE%","ExecutionType":"STANDARD"},"StartAt":"One","States":{"One":{"Type":"Task","Resource":"arn:aws:states:::glue:startJobRun.sync","End":true}}},"End":true`
	inline := strings.Replace(each, `"ProcessorConfig":{"Mode":"%MODE%","ExecutionType":"STANDARD"},`, "", 1)
	distributed := strings.Replace(each, "%MODE%", "DISTRIBUTED", 1)
	for _, c := range []struct {
		name string
		r    teststate.Request
		want string
	}{
		{"a Map runs for real", teststate.Request{Definition: inline + `}`, Input: ptr(`[1,2]`)},
			`{"output":"[{\"got\":1},{\"got\":2}]","status":"SUCCEEDED"}`},
		{"a distributed Map reads what is given", teststate.Request{
			Definition:         distributed + `,"ItemReader":{"Resource":"arn:aws:states:::s3:getObject","Parameters":{"Bucket":"b","Key":"k"},"ReaderConfig":{"InputType":"CSV","CSVHeaderLocation":"FIRST_ROW"}}}`,
			StateConfiguration: &teststate.Configuration{MapItemReaderData: ptr("a,b\n1,2\n")}},
			`{"output":"[{\"got\":{\"a\":\"1\",\"b\":\"2\"}}]","status":"SUCCEEDED"}`},
		{"a Parallel runs for real", teststate.Request{
			Definition: `{"Type":"Parallel","Branches":[{"StartAt":"A","States":{"A":{"Type":"Wait","Seconds":600,"End":true}}},{"StartAt":"B","States":{"B":{"Type":"Pass","Result":2,"End":true}}}],"Next":"After"}`, Input: ptr(`1`)},
			`{"output":"[1,2]","nextState":"After","status":"SUCCEEDED"}`},
		{"a task with a token runs for real", teststate.Request{
			Definition: `{"Type":"Task","Resource":"arn:aws:states:::sqs:sendMessage.waitForTaskToken","Parameters":{"n":1},"OutputPath":"$.got.n","End":true}`},
			`{"output":"1","status":"SUCCEEDED"}`},
		{"an error is caught", teststate.Request{
			Definition:      `{"Type":"Task","Resource":"arn:aws:states:::own:fail","Catch":[{"ErrorEquals":["Broken"],"ResultPath":"$.e","Next":"Alert"}],"End":true}`,
			InspectionLevel: teststate.Debug},
			`{"output":"{\"e\":{\"Cause\":\"pipe\",\"Error\":\"Broken\"}}","error":"Broken","cause":"pipe","inspectionData":{"input":"{}","afterInputPath":"{}","afterParameters":"{}","errorDetails":{"catchIndex":0}},"nextState":"Alert","status":"CAUGHT_ERROR"}`},
		{"an error would be tried again", teststate.Request{
			Definition:         `{"Type":"Task","Resource":"arn:aws:states:::own:fail","Retry":[{"ErrorEquals":["Other"]},{"ErrorEquals":["States.ALL"],"IntervalSeconds":3,"MaxDelaySeconds":10,"MaxAttempts":9}],"End":true}`,
			StateConfiguration: &teststate.Configuration{RetrierRetryCount: ptr(2)}, InspectionLevel: teststate.Debug},
			`{"error":"Broken","cause":"pipe","inspectionData":{"input":"{}","afterInputPath":"{}","afterParameters":"{}","errorDetails":{"retryIndex":1,"retryBackoffIntervalSeconds":10}},"status":"RETRIABLE"}`},
		{"variables after the state", teststate.Request{
			Definition: `{"Type":"Pass","QueryLanguage":"JSONata","Assign":{"b":"{% $a + 1 %}"},"Output":1,"End":true}`,
			Variables:  ptr(`{"a":1}`), InspectionLevel: teststate.Debug},
			`{"output":"1","inspectionData":{"input":"{}","variables":"{\"a\":1,\"b\":2}"},"status":"SUCCEEDED"}`},
		{"too many failures of a mocked Map", teststate.Request{
			Definition: distributed + `,"ToleratedFailureCount":1}`, Input: ptr(`[1,2,3]`), Mock: &teststate.Mock{Result: ptr(`[1]`)},
			StateConfiguration: &teststate.Configuration{MapIterationFailureCount: ptr(2)}, InspectionLevel: teststate.Debug},
			`{"error":"States.ExceedToleratedFailureThreshold","cause":"The specified tolerated failure threshold was exceeded","inspectionData":{"input":"[1,2,3]","afterInputPath":"[1,2,3]","afterItemsPath":"[1,2,3]","toleratedFailureCount":1},"status":"FAILED"}`},
		{"tolerated failures of a mocked Map", teststate.Request{
			Definition: distributed + `,"ToleratedFailurePercentage":70,"ItemSelector":{"n.$":"$$.Map.Item.Index"}}`, Input: ptr(`[1,2,3]`), Mock: &teststate.Mock{Result: ptr(`[1]`)},
			StateConfiguration: &teststate.Configuration{MapIterationFailureCount: ptr(2)}, InspectionLevel: teststate.Debug},
			`{"output":"[1]","inspectionData":{"input":"[1,2,3]","afterInputPath":"[1,2,3]","afterResultSelector":"[1]","afterResultPath":"[1]","afterItemsPath":"[1,2,3]","afterItemSelector":"[{\"n\":0},{\"n\":1},{\"n\":2}]","toleratedFailurePercentage":70},"status":"SUCCEEDED"}`},
		{"what a mocked Map reads", teststate.Request{
			Definition: distributed + `,"MaxConcurrency":2,"ItemBatcher":{"MaxItemsPerBatch":2},"ItemReader":{"Resource":"arn:aws:states:::s3:getObject","Parameters":{"Bucket":"b","Key":"k"},"ReaderConfig":{"InputType":"JSON","ItemsPointer":"/a","MaxItems":3}}}`,
			Mock:       &teststate.Mock{Result: ptr(`[1, 2]`)}, StateConfiguration: &teststate.Configuration{MapItemReaderData: ptr(`{"a":[1,2,3,4]}`)}, InspectionLevel: teststate.Debug},
			`{"output":"[1, 2]","inspectionData":{"input":"{}","afterInputPath":"{}","afterResultSelector":"[1, 2]","afterResultPath":"[1, 2]","afterItemBatcher":"[{\"Items\":[1,2]},{\"Items\":[3]}]","afterItemsPointer":"[1,2,3,4]","maxConcurrency":2},"status":"SUCCEEDED"}`},
		{"the request and response of the web", teststate.Request{
			Definition:      `{"Type":"Task","Resource":"arn:aws:states:::http:invoke","Parameters":{"ApiEndpoint":"https://x","Method":"GET","Headers":{"k":"secret"}},"End":true}`,
			InspectionLevel: teststate.Trace},
			`{"output":"{\"got\":{\"ApiEndpoint\":\"https://x\",\"Headers\":{\"k\":\"secret\"},\"Method\":\"GET\"}}","inspectionData":{"input":"{}","afterInputPath":"{}","afterParameters":"{\"ApiEndpoint\":\"https://x\",\"Headers\":{\"k\":\"secret\"},\"Method\":\"GET\"}","result":"{\"got\":{\"ApiEndpoint\":\"https://x\",\"Headers\":{\"k\":\"secret\"},\"Method\":\"GET\"}}","afterResultSelector":"{\"got\":{\"ApiEndpoint\":\"https://x\",\"Headers\":{\"k\":\"secret\"},\"Method\":\"GET\"}}","afterResultPath":"{\"got\":{\"ApiEndpoint\":\"https://x\",\"Headers\":{\"k\":\"secret\"},\"Method\":\"GET\"}}","request":{"protocol":"https","method":"GET","url":"https://x"},"response":{"protocol":"https"}},"status":"SUCCEEDED"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a, err := teststate.Run(context.Background(), c.r, home(double))
			if err != nil {
				t.Fatal(err)
			}
			if got := shown(t, a); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	task := `{"Type":"Task","Resource":"arn:aws:states:::%","End":true}`
	of := func(call string) string { return strings.Replace(task, "%", call, 1) }
	result := func(text string) *teststate.Mock { return &teststate.Mock{Result: &text} }
	for _, c := range []struct {
		name       string
		r          teststate.Request
		strict     bool
		code, want string
	}{
		{"level", teststate.Request{Definition: `{"Type":"Succeed"}`, InspectionLevel: "ALL"}, false, teststate.CodeValidation, "Value 'ALL' at 'inspectionLevel'"},
		{"definition", teststate.Request{Definition: `{`}, false, teststate.CodeDefinition, "Invalid State Machine Definition: 'INVALID_JSON_DESCRIPTION"},
		{"input", teststate.Request{Definition: `{"Type":"Succeed"}`, Input: ptr("{")}, false, teststate.CodeInput, "Invalid State Machine Execution Input"},
		{"variables", teststate.Request{Definition: `{"Type":"Succeed"}`, Variables: ptr("[]")}, false, teststate.CodeValidation, "must be a JSON object"},
		{"nothing to call with", teststate.Request{Definition: of("glue:startJobRun.sync")}, false, teststate.CodeValidation, "calls arn:aws:states:::glue:startJobRun.sync, which nothing here can do: give the state a mock"},
		{"both mocks", teststate.Request{Definition: of("sns:publish"), Mock: &teststate.Mock{Result: ptr("1"), ErrorOutput: &teststate.MockError{}}}, false, teststate.CodeValidation, "only one of the following fields: [result, errorOutput]"},
		{"secrets of a mock", teststate.Request{Definition: of("sns:publish"), Mock: result("{}"), RevealSecrets: true}, false, teststate.CodeValidation, "RevealSecrets"},
		{"mock is no JSON", teststate.Request{Definition: of("sns:publish"), Mock: result("{")}, false, teststate.CodeValidation, "Mocked result must be valid JSON"},
		{"field of a nested structure", teststate.Request{Definition: of("athena:startQueryExecution.sync"), Mock: result(`{"QueryExecution":{"Status":{"State":"DONE"}}}`)}, false, teststate.CodeValidation, "Field 'State' is not an expected value"},
		{"field of a job run", teststate.Request{Definition: of("glue:startJobRun.sync"), Mock: result(`{"ExecutionTime":"1"}`)}, false, teststate.CodeValidation, "Field 'ExecutionTime' must be a number"},
		{"list", teststate.Request{Definition: of("aws-sdk:s3:listObjectsV2"), Mock: result(`{"Contents":{}}`)}, false, teststate.CodeValidation, "Field 'Contents' must be an array"},
		{"boolean", teststate.Request{Definition: of("aws-sdk:s3:listObjectsV2"), Mock: result(`{"IsTruncated":"no"}`)}, false, teststate.CodeValidation, "Field 'IsTruncated' must be a boolean"},
		{"object", teststate.Request{Definition: of("aws-sdk:glue:getCrawler"), Mock: result(`{"Crawler":1}`)}, false, teststate.CodeValidation, "Field 'Crawler' must be an object"},
		{"token without its pattern", teststate.Request{Definition: of("sns:publish"), Mock: result("{}"), Context: ptr(`{"Task":{"Token":"t"}}`)}, false, teststate.CodeValidation, "Context object contains 'Task'"},
		{"sync", teststate.Request{Definition: of("glue:startJobRun.sync"), RoleARN: "r"}, true, teststate.CodeDefinition, "'.sync'"},
		{"context without a mock", teststate.Request{Definition: `{"Type":"Succeed"}`, Context: ptr("{}")}, true, teststate.CodeValidation, "Context"},
		{"state that caused an error", teststate.Request{
			Definition: `{"Type":"Parallel","Branches":[{"StartAt":"A","States":{"A":{"Type":"Succeed"}}}],"End":true}`,
			Mock:       &teststate.Mock{ErrorOutput: &teststate.MockError{Error: ptr("E")}}, StateConfiguration: &teststate.Configuration{ErrorCausedByState: ptr("B")},
		}, false, teststate.CodeValidation, "State not found in definition"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o := home(nil)
			o.Strict = c.strict
			a, err := teststate.Run(context.Background(), c.r, o)
			var refused *teststate.Error
			if !errors.As(err, &refused) || refused.Code != c.code || !strings.Contains(refused.Message, c.want) {
				t.Errorf("want %s: %s, got %v (%s)", c.code, c.want, err, shown(t, a))
			}
		})
	}
}

// What services answer may be newer than the table, and is not checked where it
// is not known.
func TestMocksThatPass(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ call, mock string }{
		{"unknown:doThing", `1`},
		{"aws-sdk:lambda:newerThanUs", `1`},
		{"lambda:invoke", `{"Payload":{"any":["thing"]},"StatusCode":200}`},
		{"states:startExecution.sync:2", `{"ExecutionArn":"a","StateMachineArn":"m","StartDate":"x","Status":"SUCCEEDED","Output":"{}"}`},
		{"sqs:sendMessage.waitForTaskToken", `[1]`},
		{"dynamodb:getItem", `{"Item":{"a":{"M":{"b":{"L":[{"N":"1"},{"BOOL":true}]}}}}}`},
		{"aws-sdk:ssm:getParameter", `{"Parameter":{"Name":"n","Value":"v","Version":3,"ARN":"arn","Arn":"arn"}}`},
	} {
		t.Run(c.call, func(t *testing.T) {
			t.Parallel()
			r := teststate.Request{Definition: `{"Type":"Task","Resource":"arn:aws:states:::` + c.call + `","End":true}`, Mock: &teststate.Mock{Result: &c.mock}}
			a, err := teststate.Run(context.Background(), r, options())
			if err != nil || a.Status != teststate.Succeeded || *a.Output != c.mock {
				t.Errorf("%v %s", err, shown(t, a))
			}
		})
	}
}

func TestLimit(t *testing.T) {
	t.Parallel()
	o := home(func(ctx context.Context, _ asl.Effect) (asl.Answer, error) {
		<-ctx.Done()
		return asl.Answer{}, ctx.Err()
	})
	o.Limit = 50 * time.Millisecond
	for _, definition := range []string{
		`{"Type":"Wait","Seconds":600,"End":true}`,
		`{"Type":"Task","Resource":"arn:aws:states:::sns:publish","End":true}`,
		`{"Type":"Parallel","Branches":[{"StartAt":"A","States":{"A":{"Type":"Pass","Next":"B"},"B":{"Type":"Pass","Next":"A"}}}],"End":true}`,
	} {
		a, err := teststate.Run(context.Background(), teststate.Request{Definition: definition}, o)
		if err != nil || a.Status != teststate.Failed || a.Error == nil || *a.Error != "States.Timeout" {
			t.Errorf("%s: %v %s", definition, err, shown(t, a))
		}
	}
}

func FuzzRun(f *testing.F) {
	f.Add(`{"Type":"Pass","End":true}`, "", `{}`, `{"a":1}`, `{"a":1}`, true, 0)
	f.Add(`{"Type":"Map","ItemReader":{"Resource":"arn:aws:states:::s3:getObject"},"ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED"},"StartAt":"P","States":{"P":{"Type":"Pass","End":true}}},"End":true}`, "", `[1,[2]]`, `{}`, `[{"a": 1}]`, true, 3)
	f.Add(`{"StartAt":"A","States":{"A":{"Type":"Task","Resource":"arn:aws:states:::glue:startJobRun.sync","Retry":[{"ErrorEquals":["States.ALL"]}],"Catch":[{"ErrorEquals":["States.ALL"],"Next":"A"}],"End":true}}}`, "A", `null`, `{"Execution":{"Id":"x"}}`, `{"JobRunState":"X"}`, false, 9)
	f.Add(`{"Type":"Parallel","QueryLanguage":"JSONata","Output":"{% $states %}","Branches":[{"StartAt":"A","States":{"A":{"Type":"Fail","Error":"E"}}}],"End":true}`, "", `1`, `{}`, `[]`, false, 1)
	f.Fuzz(func(t *testing.T, definition, state, input, contextObject, mock string, result bool, n int) {
		r := teststate.Request{
			Definition: definition, Input: &input, Context: &contextObject, Variables: &contextObject, InspectionLevel: teststate.Trace,
			StateConfiguration: &teststate.Configuration{RetrierRetryCount: &n, MapItemReaderData: &mock},
		}
		if state != "" {
			r.StateName = &state
		}
		o := home(func(_ context.Context, e asl.Effect) (asl.Answer, error) {
			return asl.Answer{Kind: asl.Done, Output: e.Arguments}, nil
		})
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		for _, m := range []*teststate.Mock{nil, {Result: &mock}, {ErrorOutput: &teststate.MockError{Error: &mock, Cause: &input}}} {
			r.Mock = m
			if m == nil && result {
				continue
			}
			if _, err := teststate.Run(ctx, r, o); errors.Is(err, context.DeadlineExceeded) {
				return // a machine that goes round for ever
			}
		}
	})
}
