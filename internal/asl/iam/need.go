package iam

import (
	"strconv"
	"strings"

	"wplake/internal/asl"
	"wplake/internal/asl/source"
)

// Need is an action that the role of a machine must be allowed.
type Need struct {
	State  string
	Path   []string // to what needs it, as the steps of a JSON pointer
	Action string
	// Resources of which one at least must be allowed; * in it stands for what
	// the definition does not tell.
	Resources []string
	// Why says what becomes of it otherwise.
	Why string
	// Spare tells that the machine works without it, but for stopping what it
	// has started, or the like.
	Spare bool
}

// Needs lists what the states of a definition need, in their order. What is
// not JSON needs nothing.
func Needs(definition []byte) []Need {
	root, err := source.Read(definition)
	if err != nil || !root.Is(source.Object) {
		return nil
	}
	c := &collector{jsonata: root.Get("QueryLanguage").Str() == string(asl.JSONata)}
	c.flow(root, nil)
	return c.needs
}

type collector struct {
	jsonata bool
	needs   []Need
	// The state that is being looked at.
	state string
	path  []string
	given *source.Value
}

func (c *collector) flow(v *source.Value, at []string) {
	const deepest = 300
	states := v.Get("States")
	if !states.Is(source.Object) || len(at) > deepest {
		return
	}
	for _, m := range states.Members {
		place := append(append([]string(nil), at...), "States", m.Name)
		c.state, c.path = m.Name, place
		switch asl.StateType(m.Value.Get("Type").Str()) {
		case asl.Task:
			c.task(m.Value)
		case asl.Map:
			c.mapState(m.Value)
			for _, field := range []string{"ItemProcessor", "Iterator"} {
				c.flow(m.Value.Get(field), append(append([]string(nil), place...), field))
			}
		case asl.Parallel:
			if branches := m.Value.Get("Branches"); branches.Is(source.Array) {
				for i, b := range branches.Elements {
					c.flow(b, append(append([]string(nil), place...), "Branches", strconv.Itoa(i)))
				}
			}
		}
	}
}

func (c *collector) add(action, why string, spare bool, resources ...string) {
	c.needs = append(c.needs, Need{
		State: c.state, Path: append(append([]string(nil), c.path...), "Resource"), Action: action, Resources: resources, Why: why, Spare: spare,
	})
}

// call is an action that the task cannot begin without.
func (c *collector) call(action string, resources ...string) {
	c.add(action, "the task fails", false, resources...)
}

// poll is an action without which the end of a job is never seen.
func (c *collector) poll(action string, resources ...string) {
	c.add(action, "the job's end is never seen, and the execution waits until it times out", false, resources...)
}

// spare is an action for stopping what was started.
func (c *collector) spare(action string, resources ...string) {
	c.add(action, "when the execution is stopped, what it started works on", true, resources...)
}

// rule is what .sync needs to be told of events by EventBridge.
func (c *collector) rule(name string) {
	for _, action := range []string{"events:PutTargets", "events:PutRule", "events:DescribeRule"} {
		c.add(action, "Step Functions cannot make the rule that tells it of the end: the machine cannot be created", false, "arn:aws:events:*:*:rule/"+name)
	}
}

func (c *collector) task(v *source.Value) {
	r, ok := asl.ParseResource(v.Get("Resource").Str())
	if !ok || r.Kind == asl.ActivityResource {
		return
	}
	c.given = v.Get("Parameters")
	if c.given == nil {
		c.given = v.Get("Arguments")
	}
	if credentials := v.Get("Credentials"); credentials != nil {
		// The other role does the work: its policies are not these.
		c.given = credentials
		c.call("sts:AssumeRole", c.text("RoleArn", "arn:aws:iam::*:role/*"))
		return
	}
	if r.Kind == asl.LambdaResource {
		c.call("lambda:InvokeFunction", functions(r.ARN)...)
		return
	}
	service := strings.TrimPrefix(r.Service, "aws-sdk:")
	if !c.known(service, r) {
		c.call(prefix(service)+":"+upper(r.Action), "*")
	}
}

// text is an argument's value where the definition tells it, else missing.
func (c *collector) text(name, missing string) string {
	v := c.given.Get(name)
	if !v.Is(source.String) || strings.HasPrefix(v.Text, "{%") || v.Text == "" {
		return missing
	}
	return v.Text
}

// named puts an argument's value, or *, behind a beginning; a whole ARN stays.
func (c *collector) named(name, beginning string) string {
	text := c.text(name, "*")
	if strings.HasPrefix(text, "arn:") {
		return text
	}
	return beginning + text
}

// functions are the resources of which one must be allowed for a function:
// with $LATEST it may be named without that.
func functions(name string) []string {
	switch {
	case strings.HasPrefix(name, "arn:"):
	case strings.Contains(name, ":function:"): // without partition and region
		name = "arn:aws:lambda:*:" + name
	default:
		name = "arn:aws:lambda:*:*:function:" + name
	}
	if plain, found := strings.CutSuffix(name, ":$LATEST"); found {
		return []string{name, plain}
	}
	return []string{name}
}

func upper(action string) string {
	if action == "" {
		return ""
	}
	return strings.ToUpper(action[:1]) + action[1:]
}

// prefix is the name that IAM has for a service, which in the SDK may have
// another.
func prefix(service string) string {
	names := map[string]string{
		"apigatewayv2": "apigateway", "applicationautoscaling": "application-autoscaling", "cloudwatchlogs": "logs", "cloudwatchevents": "events",
		"cognitoidentity": "cognito-identity", "cognitoidentityprovider": "cognito-idp", "configservice": "config", "costexplorer": "ce", "databasemigration": "dms",
		"directory": "ds", "efs": "elasticfilesystem", "elasticbeanstalk": "elasticbeanstalk", "elasticloadbalancingv2": "elasticloadbalancing",
		"elasticsearch": "es", "opensearch": "es", "emr": "elasticmapreduce", "emrcontainers": "emr-containers", "emrserverless": "emr-serverless",
		"eventbridge": "events", "iotdataplane": "iot", "kinesisanalyticsv2": "kinesisanalytics", "marketplacecatalog": "aws-marketplace", "mgn": "mgn",
		"rdsdata": "rds-data", "redshiftdata": "redshift-data", "resourcegroupstaggingapi": "tag", "s3control": "s3", "sagemakerruntime": "sagemaker",
		"bedrockruntime": "bedrock", "servicediscovery": "servicediscovery", "sesv2": "ses", "sfn": "states", "ssoadmin": "sso", "wafv2": "wafv2", "sns": "sns",
	}
	if name := names[service]; name != "" {
		return name
	}
	return service
}
