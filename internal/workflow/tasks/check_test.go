package tasks_test

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"wplake/internal/asl"
	"wplake/internal/lake"
	"wplake/internal/workflow/tasks"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	h := newHome(t, func(o *tasks.Options) {
		o.Functions["data_wordpressapi_raw"] = h0
		o.Commands = map[string]tasks.Function{"publish": h0}
		o.HTTP = http.DefaultTransport
	})
	const sdk = "arn:aws:states:::aws-sdk:"
	for _, test := range []struct {
		resource, arguments string
		says                []string // none: it is known
	}{
		{"arn:aws:states:::lambda:invoke", `{"FunctionName":"arn:aws:lambda:eu-west-1:[REDACTED]:function:data_wordpressapi_raw:$LATEST","Payload.$":"$"}`, nil},
		{"arn:aws:states:::lambda:invoke", `{"FunctionName":"publish"}`, nil},
		{"arn:aws:states:::lambda:invoke", `{"FunctionName.$":"$.name"}`, nil},
		{"arn:aws:states:::lambda:invoke", `{"FunctionName":"{% $name %}"}`, nil},
		{"arn:aws:states:::lambda:invoke", `"{% $arguments %}"`, nil},
		{"arn:aws:states:::lambda:invoke", `null`, nil},
		{"arn:aws:states:::lambda:invoke.waitForTaskToken", `{"FunctionName":"echo"}`, nil},
		{"arn:aws:states:::glue:startJobRun.sync", `{"JobName":"wordpressapi_silver"}`, nil},
		{"arn:aws:states:::glue:startJobRun.sync", `{"JobName":"publish"}`, nil},
		{sdk + "glue:startCrawler", `{"Name":"wordpress_bronze"}`, nil},
		{sdk + "glue:getCrawlerMetrics", `{"CrawlerNameList":["wordpress_bronze"]}`, nil},
		{sdk + "glue:startCrawler.waitForTaskToken", `{"Name":"wordpress_bronze"}`, nil},
		{"arn:aws:states:::athena:startQueryExecution.sync", `{"QueryString":"SELECT 1"}`, nil},
		{"arn:aws:states:::sns:publish", `{"TopicArn":"arn:aws:sns:eu-west-1:[REDACTED]:t","Message.$":"$"}`, nil},
		{sdk + "s3:getObject", `{"Bucket":"lake-raw","Key":"a/b"}`, nil},
		{sdk + "ssm:getParameter", `{"Name":"/a"}`, nil},
		{"arn:aws:states:::http:invoke", `{"ApiEndpoint":"https://example.org/x","Method":"GET",` + auth + `}`, nil},
		{"arn:aws:states:::states:startExecution.sync:2", `{"StateMachineArn":"x"}`, nil},
		{sdk + "sfn:startExecution", `{}`, nil},
		{"arn:aws:states:eu-west-1:[REDACTED]:activity:review", `{}`, nil},
		{"arn:aws:lambda:eu-west-1:[REDACTED]:function:echo", `{}`, nil},

		{"arn:aws:states:::lambda:invoke", `{"FunctionName":"data_wordpresapi_raw"}`, []string{`there is no function "data_wordpresapi_raw"`, "did you mean data_wordpressapi_raw?", "publish", "workflow.commands"}},
		{"arn:aws:states:::lambda:invoke", `{"FunctionName":"a b"}`, []string{"not the name or ARN of a function"}},
		{"arn:aws:states:::lambda:invoke", `{"FunctionName":"echo","InvocationType":"event"}`, []string{"InvocationType", "did you mean Event?"}},
		{"arn:aws:states:::lambda:invoke", `{"FunctionName":"echo","LogType":"Tail"}`, []string{`the field "LogType"`, "FunctionName, Payload"}},
		{"arn:aws:states:::lambda:invoke.sync", `null`, []string{"arn:aws:states:::lambda:invoke cannot be called with .sync", ".waitForTaskToken"}},
		{"arn:aws:lambda:eu-west-1:[REDACTED]:function:nosuch", `{}`, []string{`"nosuch"`}},
		{"arn:aws:states:::glue:startJobRun.sync", `{"JobName":"WordPress_Gold_statisticspagespostsjoin"}`, []string{`there is no job "WordPress_Gold_statisticspagespostsjoin"`, "wordpressapi_silver"}},
		{sdk + "glue:startJobRun.sync", `null`, []string{"cannot be called with .sync"}},
		{sdk + "glue:startCrawler", `{"Name":"wordpress-gold"}`, []string{`there is no crawler "wordpress-gold"`, "wordpress_bronze, wordpress_silver"}},
		{sdk + "glue:getCrawlerMetrics", `{"CrawlerNameList":["wordpress_bronce"]}`, []string{"did you mean wordpress_bronze?"}},
		{"arn:aws:states:::glue:startCrawler", `null`, []string{"does not know the resource arn:aws:states:::glue:startCrawler", "did you mean arn:aws:states:::aws-sdk:glue:startCrawler?"}},
		{sdk + "glue:startDataQualityRulesetEvaluationRun", `null`, []string{"does not know the resource arn:aws:states:::aws-sdk:glue:startDataQualityRulesetEvaluationRun"}},
		{"arn:aws:states:::dynamodb:putItem", `{}`, []string{"does not know the resource arn:aws:states:::dynamodb:putItem"}},
		{"arn:aws:states:::sqs:sendMessage", `{}`, []string{"does not know"}},
		{"arn:aws:states:::events:putEvents", `{}`, []string{"does not know"}},
		{"arn:aws:states:::sns:publish", `{"TopicArn":"failure-stepfunction","Message":"x"}`, []string{"not the ARN of a topic"}},
		{sdk + "s3:getObject", `{"Bucket":"lake-row","Key":"a"}`, []string{`there is no bucket "lake-row"`, "did you mean lake-raw?"}},
		{sdk + "s3:getObject", `{"Bucket":"lake-raw","Key":"../a"}`, []string{"not an object's key"}},
		{"arn:aws:states:::http:invoke", `{"ApiEndpoint":"ftp://x","Method":"GET"}`, []string{"no http or https address"}},
		{"arn:aws:states:::http:invoke", `{"ApiEndpoint":"https://u:hunter2@x","Method":"GET"}`, []string{"it holds a user"}},
		{"arn:aws:states:::http:invoke", `{"ApiEndpoint":"https://x","Method":"get"}`, []string{`Method "get"`, "did you mean GET?"}},
		{"arn:aws:states:::http:invoke", `{"Headers":{"Host":"y"}}`, []string{`the header "Host"`}},
		{"arn:aws:states:::http:invoke", `{"Authentication":{"ConnectionArn":"news"}}`, []string{"not the ARN of a connection"}},
	} {
		r, ok := asl.ParseResource(test.resource)
		if !ok {
			t.Fatalf("%s is no resource", test.resource)
		}
		arguments, err := asl.Decode([]byte(test.arguments))
		if err != nil {
			t.Fatal(err)
		}
		err = h.tasks.Check(r, arguments)
		if test.says == nil {
			if err != nil {
				t.Errorf("%s %s: %v", test.resource, test.arguments, err)
			}
			continue
		}
		var e *lake.Error
		if !errors.As(err, &e) || e.Code != lake.WorkflowInvalid {
			t.Errorf("%s %s: %v, want a refusal", test.resource, test.arguments, err)
			continue
		}
		mustSay(t, e.Error()+" | "+e.Hint, test.says...)
	}
	// What Check refuses does not run either.
	mustSay(t, h.refused("States.Runtime", "sqs:sendMessage", `{}`), "does not know the resource arn:aws:states:::sqs:sendMessage")
	mustSay(t, h.refused("States.Runtime", "glue:startCrawler", `{"Name":"wordpress_bronze"}`), "does not know")
	// A home without the web says so.
	bare := newHome(t)
	r, _ := asl.ParseResource("arn:aws:states:::http:invoke")
	if err := bare.tasks.Check(r, map[string]any{}); err == nil {
		t.Error("http:invoke is known without a transport")
	}
}

func h0(context.Context, tasks.Invocation) (any, error) { return nil, nil }

// No arguments make a task panic.
func FuzzDo(f *testing.F) {
	for _, seed := range [][2]string{
		{"lambda:invoke", `{"FunctionName":"arn:aws:lambda:eu-west-1:[REDACTED]:function:echo:$LATEST","Payload":[1]}`},
		{"glue:startJobRun", `{"JobName":"wordpressapi_silver","Arguments":{"a":"b"},"Timeout":1}`},
		{"aws-sdk:glue:batchStopJobRun", `{"JobName":"wordpressapi_silver","JobRunIds":[1,null,"x"]}`},
		{"aws-sdk:glue:getCrawlerMetrics", `{"CrawlerNameList":[1,{}],"MaxResults":-1,"NextToken":"-5"}`},
		{"athena:startQueryExecution", `{"QueryString":"x","QueryExecutionContext":{"Database":1},"ResultConfiguration":{"OutputLocation":"s3:/x"}}`},
		{"athena:getQueryResults", `{"QueryExecutionId":"x","NextToken":"9223372036854775807"}`},
		{"sns:publish", `{"TopicArn":"arn:aws:sns:a:b:c","Message":{"a":1},"MessageStructure":"json","Subject":"x"}`},
		{"aws-sdk:s3:listObjectsV2", `{"Bucket":"lake-raw","Prefix":"\u0000","Delimiter":"/","MaxKeys":3}`},
		{"aws-sdk:s3:putObject", `{"Bucket":"lake-raw","Key":"a/b","Body":null}`},
		{"aws-sdk:ssm:getParametersByPath", `{"Path":"//","Recursive":true,"NextToken":"x"}`},
		{"http:invoke", `{"ApiEndpoint":"http://x/?a=%zz","Method":"GET","Authentication":{},"RequestBody":{"a":[{"b":[]}]},"Transform":{"RequestBodyEncoding":"URL_ENCODED"}}`},
		{"arn:aws:lambda:::function:echo", `7`},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, resource, arguments string) {
		if _, err := asl.Decode([]byte(arguments)); err != nil {
			t.Skip()
		}
		if _, ok := asl.ParseResource("arn:aws:states:::" + resource); !ok {
			if _, ok := asl.ParseResource(resource); !ok {
				t.Skip()
			}
		}
		h := queryHome(t, &table{})
		out, err := h.do(resource, arguments)
		if err != nil {
			return
		}
		if _, err := asl.Decode([]byte(asl.Text(out))); err != nil {
			t.Errorf("the answer is no JSON: %v", err)
		}
	})
}
