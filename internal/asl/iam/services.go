package iam

import (
	"strings"

	"wplake/internal/asl"
	"wplake/internal/asl/source"
)

// known notes what a call needs whose resources the arguments tell, or that
// needs more than the action of its name. It tells whether it knows the call.
func (c *collector) known(service string, r asl.Resource) bool {
	waits := r.Pattern == asl.RunJob || r.Pattern == asl.RunJobJSON
	switch service {
	case "lambda":
		if r.Action != "invoke" && r.Action != "invokeAsync" {
			return false
		}
		name := c.text("FunctionName", "*")
		if q := c.text("Qualifier", ""); q != "" {
			name += ":" + q
		}
		c.call("lambda:InvokeFunction", functions(name)...)
	case "glue":
		return c.glue(r.Action, waits)
	case "athena":
		return c.athena(r.Action, waits)
	case "sns":
		if r.Action != "publish" {
			return false
		}
		c.call("sns:Publish", c.text("TopicArn", "*"))
	case "sqs":
		if r.Action != "sendMessage" {
			return false
		}
		url := c.text("QueueUrl", "*")
		c.call("sqs:SendMessage", "arn:aws:sqs:*:*:"+url[strings.LastIndexByte(url, '/')+1:])
	case "dynamodb":
		c.call("dynamodb:"+upper(r.Action), c.named("TableName", "arn:aws:dynamodb:*:*:table/"))
	case "s3":
		return c.s3(r.Action)
	case "ssm":
		if r.Action != "getParameter" && r.Action != "putParameter" {
			return false
		}
		c.call("ssm:"+upper(r.Action), "arn:aws:ssm:*:*:parameter/"+strings.TrimPrefix(c.text("Name", "*"), "/"))
	case "states", "sfn":
		return c.states(r.Action, waits)
	case "events", "eventbridge":
		if r.Action != "putEvents" {
			return false
		}
		c.call("events:PutEvents", "arn:aws:events:*:*:event-bus/*")
	case "secretsmanager":
		// A secret's ARN has six more characters than its name.
		c.call("secretsmanager:"+upper(r.Action), c.named("SecretId", "arn:aws:secretsmanager:*:*:secret:")+"*")
	case "http":
		c.http()
	default:
		return waits && c.jobs(service, r.Action)
	}
	return true
}

func (c *collector) glue(action string, waits bool) bool {
	switch action {
	case "startJobRun", "getJobRun", "getJobRuns", "batchStopJobRun":
		job := c.named("JobName", "arn:aws:glue:*:*:job/")
		c.call("glue:"+upper(action), job)
		if waits {
			c.poll("glue:GetJobRun", job)
			c.add("glue:GetJobRuns", "Step Functions asks for it too while it waits", true, job)
			c.spare("glue:BatchStopJobRun", job)
		}
	case "startCrawler", "getCrawler", "stopCrawler":
		c.call("glue:"+upper(action), c.named("Name", "arn:aws:glue:*:*:crawler/"))
	case "startDataQualityRulesetEvaluationRun":
		c.call("glue:StartDataQualityRulesetEvaluationRun", "arn:aws:glue:*:*:dataQualityRuleset/*")
		c.add("iam:PassRole", "Glue does not get the role that the run works with", false, c.named("Role", "arn:aws:iam::*:role/"))
	case "getDataQualityRulesetEvaluationRun":
		c.call("glue:GetDataQualityRulesetEvaluationRun", "arn:aws:glue:*:*:dataQualityRuleset/*")
	default:
		return false
	}
	return true
}

func (c *collector) athena(action string, waits bool) bool {
	group := "arn:aws:athena:*:*:workgroup/"
	switch action {
	case "startQueryExecution":
		group += c.text("WorkGroup", "*")
	case "stopQueryExecution", "getQueryExecution", "getQueryResults":
		group += "*"
	default:
		return false
	}
	c.call("athena:"+upper(action), group)
	if action != "startQueryExecution" {
		return true
	}
	if waits {
		c.poll("athena:GetQueryExecution", group)
		c.spare("athena:StopQueryExecution", group)
	}
	if at := c.given.Get("ResultConfiguration").Get("OutputLocation").Str(); strings.HasPrefix(at, "s3://") {
		c.call("s3:PutObject", "arn:aws:s3:::"+strings.TrimSuffix(strings.TrimPrefix(at, "s3://"), "/")+"/*")
	}
	return true
}

func (c *collector) s3(action string) bool {
	bucket := "arn:aws:s3:::" + c.text("Bucket", "*")
	object := bucket + "/" + c.text("Key", "*")
	switch action {
	case "getObject", "headObject":
		c.call("s3:GetObject", object)
	case "putObject", "createMultipartUpload", "uploadPart", "completeMultipartUpload":
		c.call("s3:PutObject", object)
	case "copyObject":
		c.call("s3:PutObject", object)
		from := strings.TrimPrefix(c.text("CopySource", "*"), "/")
		c.call("s3:GetObject", "arn:aws:s3:::"+from)
	case "deleteObject":
		c.call("s3:DeleteObject", object)
	case "deleteObjects":
		c.call("s3:DeleteObject", bucket+"/*")
	case "listObjectsV2", "listObjects", "headBucket":
		c.call("s3:ListBucket", bucket)
	case "listBuckets":
		c.call("s3:ListAllMyBuckets", "*")
	default:
		return false
	}
	return true
}

func (c *collector) states(action string, waits bool) bool {
	if action != "startExecution" && action != "startSyncExecution" {
		return false
	}
	machine := c.text("StateMachineArn", "arn:aws:states:*:*:stateMachine:*")
	c.call("states:"+upper(action), machine)
	if waits {
		execution := strings.Replace(machine, ":stateMachine:", ":execution:", 1)
		if !strings.HasSuffix(execution, "*") {
			execution += ":*"
		}
		c.poll("states:DescribeExecution", execution)
		c.spare("states:StopExecution", execution)
		c.rule("StepFunctionsGetEventsForStepFunctionsExecutionRule")
	}
	return true
}

func (c *collector) http() {
	c.call("states:InvokeHTTPEndpoint", "*")
	connection := c.given.Get("Authentication").Get("ConnectionArn").Str()
	if !strings.HasPrefix(connection, "arn:") {
		connection = "arn:aws:events:*:*:connection/*"
	}
	c.call("events:RetrieveConnectionCredentials", connection)
	for _, action := range []string{"secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"} {
		c.call(action, "arn:aws:secretsmanager:*:*:secret:events!connection/*")
	}
}

// jobs notes what it takes to wait for jobs of other services.
func (c *collector) jobs(service, action string) bool {
	var start, poll, stop, rule string
	switch service + ":" + action {
	case "ecs:runTask":
		start, poll, stop, rule = "ecs:RunTask", "ecs:DescribeTasks", "ecs:StopTask", "StepFunctionsGetEventsForECSTaskRule"
	case "batch:submitJob":
		start, poll, stop, rule = "batch:SubmitJob", "batch:DescribeJobs", "batch:TerminateJob", "StepFunctionsGetEventsForBatchJobsRule"
	case "codebuild:startBuild":
		start, poll, stop, rule = "codebuild:StartBuild", "codebuild:BatchGetBuilds", "codebuild:StopBuild", "StepFunctionsGetEventForCodeBuildStartBuildRule"
	case "databrew:startJobRun":
		start, poll, stop = "databrew:StartJobRun", "databrew:DescribeJobRun", "databrew:StopJobRun"
	default:
		return false
	}
	c.call(start, "*")
	c.poll(poll, "*")
	c.spare(stop, "*")
	if rule != "" {
		c.rule(rule)
	}
	return true
}

// mapState notes what a distributed Map needs for itself: it starts executions
// of its own machine, and reads and writes objects.
func (c *collector) mapState(v *source.Value) {
	processor := v.Get("ItemProcessor")
	if processor == nil {
		processor = v.Get("Iterator")
	}
	if processor.Get("ProcessorConfig").Get("Mode").Str() != "DISTRIBUTED" {
		return
	}
	c.call("states:StartExecution", "arn:aws:states:*:*:stateMachine:*")
	c.poll("states:DescribeExecution", "arn:aws:states:*:*:execution:*")
	c.spare("states:StopExecution", "arn:aws:states:*:*:execution:*")
	for _, field := range []string{"ItemReader", "ResultWriter"} {
		part := v.Get(field)
		if part == nil {
			continue
		}
		if c.given = part.Get("Parameters"); c.given == nil {
			c.given = part.Get("Arguments")
		}
		r, ok := asl.ParseResource(part.Get("Resource").Str())
		switch {
		case !ok:
		case field == "ItemReader":
			c.s3(r.Action)
		default:
			at := "arn:aws:s3:::" + c.text("Bucket", "*") + "/" + strings.TrimSuffix(c.text("Prefix", "*"), "/")
			if !strings.HasSuffix(at, "*") {
				at += "/*"
			}
			for _, action := range []string{"s3:PutObject", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:AbortMultipartUpload"} {
				c.call(action, at)
			}
		}
	}
}
