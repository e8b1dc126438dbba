// Package template writes the CloudFormation template of a lake from its
// definition. It is pure: the same definition gives the same bytes.
//
// The template has no custom resource, no macro and no nested stack: it can be
// read from top to bottom, checked with cfn-lint and deployed without wplake.
// Names are those of package lake, so that state machines and policies written
// for the reference pipeline fit.
package template

import (
	"fmt"
	"slices"

	yaml "github.com/goccy/go-yaml"

	"wplake/internal/config"
	"wplake/internal/lake"
)

// The template's parameters: where the package lies. The package's key holds
// its SHA-256, so that another package is another value.
const (
	CodeBucket = "CodeBucket" // the artifacts bucket
	CodeKey    = "CodeKey"    // key of the package
	ScriptKey  = "ScriptKey"  // key of the script of the silver job; only with glue-pythonshell
)

// CloudFormation's bounds on a template.
const (
	MaxBytes     = 1_000_000 // of a template in S3; given in the call itself it may have 51,200
	MaxResources = 500
)

// Input is what a template is made from.
type Input struct {
	Config config.Config
	// Definition is the lake's state machine as it runs at home.
	Definition []byte
	// Machines are the state machines that schedules start instead of it, as
	// they run at home, by the name of the schedule.
	Machines map[string][]byte
}

// Resource is a resource of a template.
type Resource struct {
	ID   string // logical ID
	Type string // e.g. AWS::S3::Bucket
	Name string // what it is called in the account, where the template says so; may hold placeholders
}

// Manual is something that CloudFormation cannot do and a person does once.
type Manual struct {
	What    string `json:"what"`              // one sentence
	Command string `json:"command,omitempty"` // that does it
}

// Template is a CloudFormation template.
type Template struct {
	Resources []Resource // in the template's order
	Manual    []Manual   // what is left to a person
	// AlarmMetrics is how many metrics the alarms look at, which is what
	// CloudWatch bills.
	AlarmMetrics int
	// AdvancedParameters is how many parameters are too long to cost nothing.
	AdvancedParameters int

	document yaml.MapSlice
	comments yaml.CommentMap
	title    []string
}

// Count is how many resources of a type there are.
func (t Template) Count(resourceType string) int {
	n := 0
	for _, r := range t.Resources {
		if r.Type == resourceType {
			n++
		}
	}
	return n
}

// Build makes the template. The error is a *lake.Error: WorkflowInvalid for a
// state machine that cannot be read, ConfigInvalid for a template that
// CloudFormation would refuse for its size.
func Build(in Input) (Template, error) {
	b := &builder{c: in.Config, in: in, comments: yaml.CommentMap{}}
	if err := b.machines(); err != nil {
		return Template{}, err
	}
	b.parameters()
	b.buckets()
	b.topics()
	b.store()
	if err := b.roles(); err != nil {
		return Template{}, err
	}
	b.functions()
	b.glue()
	b.workflow()
	b.schedules()
	b.athena()
	b.alarms()
	b.dashboard()
	b.outputs()
	b.secrets()
	t := b.template()
	return t, t.check()
}

// check holds the template to CloudFormation's bounds.
func (t Template) check() error {
	if n := len(t.Resources); n > MaxResources {
		return tooLarge(fmt.Sprintf("%d resources, where CloudFormation takes %d", n, MaxResources))
	}
	if n := max(len(t.YAML()), len(t.JSON())); n > MaxBytes {
		return tooLarge(fmt.Sprintf("%d bytes, where CloudFormation takes %d", n, MaxBytes))
	}
	return nil
}

func tooLarge(what string) error {
	return &lake.Error{
		Code: lake.ConfigInvalid, Message: "the template would have " + what,
		Hint: "have fewer schedules and subscriptions, or shorter state machines",
	}
}

// builder gathers a template's parts.
type builder struct {
	c  config.Config
	in Input

	params, resources, outs yaml.MapSlice

	listed       []Resource
	manual       []Manual
	comments     yaml.CommentMap
	alarmMetrics int
	advanced     int // parameters

	section string // heads the next resource

	machine   deployed            // the lake's
	scheduled map[string]deployed // by schedule
}

// add puts a resource into the template, with a comment above it and, after a
// new section, the section's title.
func (b *builder) add(id, resourceType, comment string, properties yaml.MapSlice, attributes ...yaml.MapItem) {
	r := yaml.MapSlice{{Key: "Type", Value: resourceType}}
	r = append(r, attributes...)
	r = append(r, yaml.MapItem{Key: "Properties", Value: properties})
	b.resources = append(b.resources, yaml.MapItem{Key: id, Value: r})
	var lines []string
	if b.section != "" {
		lines = append(lines, "", "--- "+b.section+" ---")
		b.section = ""
	}
	lines = append(lines, wrap(comment)...)
	b.comment("$.Resources."+id, lines)
	b.listed = append(b.listed, Resource{ID: id, Type: resourceType, Name: nameOf(properties)})
}

func (b *builder) comment(path string, lines []string) {
	if len(lines) == 0 {
		return
	}
	var texts []string
	for _, l := range lines {
		if l != "" {
			l = " " + l
		}
		texts = append(texts, l)
	}
	b.comments[path] = []*yaml.Comment{yaml.HeadComment(texts...)}
}

// nameOf is the name that a resource's properties give it.
func nameOf(properties yaml.MapSlice) string {
	keys := []string{
		"BucketName", "TopicName", "QueueName", "FunctionName", "RoleName", "LogGroupName",
		"StateMachineName", "AlarmName", "DashboardName", "Name",
	}
	for _, p := range properties {
		if text, ok := p.Value.(string); ok && slices.Contains(keys, p.Key.(string)) {
			return text
		}
	}
	return ""
}

// parameters are the places of what the template does not hold.
func (b *builder) parameters() {
	text := func(name, description string) {
		b.params = append(b.params, yaml.MapItem{Key: name, Value: object(
			"Type", "String", "MinLength", 1, "Description", description,
		)})
	}
	text(CodeBucket, "The bucket that the package of the functions lies in")
	text(CodeKey, "The package's key; it holds the SHA-256 of the package")
	if b.byJob() {
		text(ScriptKey, "The key of the script of the silver job, in the same bucket")
	}
}

// template is what was gathered.
func (b *builder) template() Template {
	site := "The WordPress lakehouse of the site " + b.c.Site + " (" + b.c.Dataset + ")"
	document := yaml.MapSlice{
		{Key: "AWSTemplateFormatVersion", Value: "2010-09-09"},
		{Key: "Description", Value: site},
		{Key: "Parameters", Value: b.params},
		{Key: "Resources", Value: b.resources},
		{Key: "Outputs", Value: b.outs},
	}
	return Template{
		Resources: b.listed, Manual: b.manual, AlarmMetrics: b.alarmMetrics, AdvancedParameters: b.advanced,
		document: document, comments: b.comments,
		title: []string{"Written by `wplake deploy template` from wplake.yaml: change that, not this."},
	}
}

func (b *builder) byJob() bool { return b.c.Silver.Runtime == config.RuntimePythonShell }
