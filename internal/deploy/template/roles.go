package template

import (
	"fmt"
	"strconv"
	"strings"

	yaml "github.com/goccy/go-yaml"

	"wplake/internal/deploy/iam"
	"wplake/internal/lake"
)

// Placeholders that CloudFormation fills in.
const (
	partition = "${AWS::Partition}"
	region    = "${AWS::Region}"
	account   = "${AWS::AccountId}"
)

// roles are the roles that the definition does not say exist already.
func (b *builder) roles() error {
	in := iam.Input{
		Config: b.c, Definition: b.machine.placed, Partition: partition, Region: region, Account: account,
		WorkflowLogs: true, Machines: map[string][]byte{},
	}
	for _, m := range b.scheduled {
		in.Machines[m.name] = m.placed
	}
	made, err := iam.Roles(in)
	if err != nil {
		return err
	}
	b.section = "Roles: each may do what its definition needs, nothing else; the reason stands at each statement"
	for _, r := range made {
		b.role(r)
	}
	return nil
}

// roleID is the logical ID of a role.
func roleID(name string) string { return title(name) + "Role" }

func (b *builder) role(r iam.Role) {
	id := roleID(r.Name)
	trust := object("Effect", "Allow", "Principal", object("Service", r.Service), "Action", "sts:AssumeRole")
	if len(r.Trust) > 0 {
		trust = append(trust, yaml.MapItem{Key: "Condition", Value: conditions(r.Trust)})
	}
	var statements []any
	for i, s := range r.Statements {
		o := object("Sid", s.Sid, "Effect", "Allow", "Action", texts(s.Actions), "Resource", texts(s.Resources))
		if len(s.Condition) > 0 {
			o = append(o, yaml.MapItem{Key: "Condition", Value: conditions(s.Condition)})
		}
		statements = append(statements, o)
		b.comment("$.Resources."+id+".Properties.Policies[0].PolicyDocument.Statement["+strconv.Itoa(i)+"]", wrap(s.Reason))
	}
	properties := object(
		"RoleName", nameOrSub(r.RoleName),
		"Description", "Of the lake "+b.c.AWS.Stack+": "+r.Name,
		"AssumeRolePolicyDocument", object("Version", "2012-10-17", "Statement", list(trust)))
	if len(statements) > 0 {
		properties = append(properties, yaml.MapItem{Key: "Policies", Value: list(object(
			"PolicyName", r.Name, "PolicyDocument", object("Version", "2012-10-17", "Statement", statements)))})
	}
	properties = append(properties, yaml.MapItem{Key: "Tags", Value: b.tags()})
	b.add(id, "AWS::IAM::Role", "", properties)
}

func nameOrSub(name string) any {
	if name == "" {
		return nil
	}
	return substituted(name)
}

// conditions are a statement's conditions, with values filled in by CloudFormation.
func conditions(c iam.Conditions) yaml.MapSlice {
	o := yaml.MapSlice{}
	for _, operator := range sortedKeys(c) {
		keys := yaml.MapSlice{}
		for _, key := range sortedKeys(c[operator]) {
			var value any = texts(c[operator][key])
			if one := c[operator][key]; len(one) == 1 {
				value = substituted(one[0])
			}
			keys = append(keys, yaml.MapItem{Key: key, Value: value})
		}
		o = append(o, yaml.MapItem{Key: operator, Value: keys})
	}
	return o
}

// roleOf is the ARN of a role that exists, or of the one that the stack makes.
func (b *builder) roleOf(name string) any {
	e := b.c.AWS.Existing
	given := map[string]string{
		iam.Workflow: e.WorkflowRole, iam.Schedule: e.ScheduleRole, iam.Crawler: e.CrawlerRole, iam.Job: e.JobRole,
		iam.Raw: e.FunctionRole[lake.FunctionRaw], iam.Bronze: e.FunctionRole[lake.FunctionBronze],
		iam.Silver: e.FunctionRole[lake.FunctionSilver], iam.Catalog: e.FunctionRole[lake.FunctionCatalog],
	}[name]
	if given != "" {
		return given
	}
	return attribute(roleID(name), "Arn")
}

// Functions are the Lambda functions of a definition, in the order of the pipeline.
func (b *builder) functionNames() []string {
	all := []string{lake.FunctionRaw, lake.FunctionBronze}
	if !b.byJob() {
		all = append(all, lake.FunctionSilver)
	}
	if !b.c.Catalog.Crawler {
		all = append(all, lake.FunctionCatalog)
	}
	return all
}

func (b *builder) functions() {
	b.section = "Functions: the same binary, told by WPLAKE_FUNCTION what it is"
	f := b.c.AWS.Functions
	for _, name := range b.functionNames() {
		id := title(name)
		b.logGroup(id+"LogGroup", "/aws/lambda/"+lake.FunctionName(name))
		b.add(id+"Function", "AWS::Lambda::Function", "", object(
			"FunctionName", lake.FunctionName(name),
			"Description", fmt.Sprintf("%s of the lake %s", name, b.c.AWS.Stack),
			"Runtime", "provided.al2023", "Handler", "bootstrap", "Architectures", list(string(f.Architecture)),
			"Code", object("S3Bucket", ref(CodeBucket), "S3Key", ref(CodeKey)),
			"Role", b.roleOf(name),
			"MemorySize", f.Memory, "Timeout", seconds(f.Timeout), "EphemeralStorage", object("Size", f.Storage),
			"Environment", object("Variables", object("WPLAKE_FUNCTION", name)),
			"LoggingConfig", object("LogFormat", "JSON", "LogGroup", ref(id+"LogGroup")),
			"Tags", b.tags()))
		b.add(id+"Invocations", "AWS::Lambda::EventInvokeConfig",
			"The workflow retries; Lambda does not, when somebody invokes it and does not wait",
			object("FunctionName", ref(id+"Function"), "Qualifier", "$LATEST", "MaximumRetryAttempts", 0))
	}
}

// logGroup is a log group that forgets.
func (b *builder) logGroup(id, name string) {
	b.add(id, "AWS::Logs::LogGroup", "", object(
		"LogGroupName", name, "RetentionInDays", b.c.AWS.LogRetention, "KmsKeyId", orNil(b.c.AWS.KMSKey), "Tags", b.tags()), gone()...)
}

// location is a layer's dataset as an address.
func (b *builder) location(l lake.Layer) any {
	if b.c.AWS.Existing.Buckets {
		return "s3://" + b.c.Buckets.Name(l) + "/" + b.c.Dataset + "/"
	}
	return substituted("s3://${" + title(string(l)) + "Bucket}/" + b.c.Dataset + "/")
}

// quoted is text within a JSON string.
func quoted(text string) string { return strings.Trim(strconv.Quote(text), `"`) }
