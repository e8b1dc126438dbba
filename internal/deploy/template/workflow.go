package template

import (
	"bytes"
	"encoding/json"
	"strings"
	"time"

	yaml "github.com/goccy/go-yaml"

	"wplake/internal/config"
	"wplake/internal/deploy/iam"
	"wplake/internal/lake"
	"wplake/internal/workflow/machine"
)

// deployed is a state machine on its way to AWS.
type deployed struct {
	id, name string
	text     string   // with placeholders of its own for partition, region and account
	fill     []string // names of these placeholders
	placed   []byte   // with CloudFormation's placeholders instead
}

// machines reads the state machines.
func (b *builder) machines() error {
	var err error
	if b.machine, err = b.deploy("StateMachine", b.c.Workflow.Name, b.in.Definition); err != nil {
		return err
	}
	b.scheduled = map[string]deployed{}
	taken := map[string]string{b.c.Workflow.Name: "the lake's workflow"}
	for _, schedule := range sortedKeys(b.in.Machines) {
		name := strings.ReplaceAll(schedule, ".", "_") // as at home
		if by := taken[name]; by != "" {
			return &lake.Error{
				Code: lake.ConfigInvalid, Message: "the state machine of the schedule " + schedule + " would be called " + name + ", and so is that of " + by,
				Hint: "give the schedule another name",
			}
		}
		taken[name] = "the schedule " + schedule
		m, err := b.deploy(title(schedule)+hashed(schedule)+"StateMachine", name, b.in.Machines[schedule])
		if err != nil {
			return err
		}
		b.scheduled[schedule] = m
	}
	return nil
}

func (b *builder) deploy(id, name string, definition []byte) (deployed, error) {
	var indented bytes.Buffer
	if err := json.Indent(&indented, bytes.TrimSpace(definition), "", "  "); err != nil {
		return deployed{}, &lake.Error{
			Code: lake.WorkflowInvalid, Message: "the state machine " + name + " is not JSON", Err: err,
			Hint: "wplake workflow validate shows where",
		}
	}
	d := deployed{id: id, name: name, fill: []string{"Partition", "Region", "Account"}}
	for i, fill := range d.fill {
		// A definition may have text that looks like a placeholder: that is left alone.
		for bytes.Contains(definition, []byte("${"+fill+"}")) {
			fill += "OfStack"
		}
		d.fill[i] = fill
	}
	d.text = string(machine.ForAWS(indented.Bytes(), b.c, "${"+d.fill[0]+"}", "${"+d.fill[1]+"}", "${"+d.fill[2]+"}"))
	d.placed = machine.ForAWS(definition, b.c, partition, region, account)
	return d, nil
}

// workflow are the state machines.
func (b *builder) workflow() {
	b.section = "Workflow: the state machine of the lake, the same as at home"
	b.stateMachine(b.machine)
	for _, name := range sortedKeys(b.scheduled) {
		b.stateMachine(b.scheduled[name])
	}
}

func (b *builder) stateMachine(d deployed) {
	logs := d.id + "LogGroup"
	// Below this prefix the account's policy for log deliveries does not grow
	// with each machine.
	b.logGroup(logs, "/aws/vendedlogs/states/"+d.name)
	b.add(d.id, "AWS::StepFunctions::StateMachine", "", object(
		"StateMachineName", d.name, "StateMachineType", "STANDARD",
		"RoleArn", b.roleOf(iam.Workflow),
		"LoggingConfiguration", object(
			"Level", "ERROR", "IncludeExecutionData", false,
			"Destinations", list(object("CloudWatchLogsLogGroup", object("LogGroupArn", attribute(logs, "Arn"))))),
		"DefinitionSubstitutions", d.substitutions(),
		"DefinitionString", d.text,
		"Tags", b.tags()))
}

// substitutions are the values of the placeholders that the definition has.
func (d deployed) substitutions() any {
	o := yaml.MapSlice{}
	for i, pseudo := range []string{"AWS::Partition", "AWS::Region", "AWS::AccountId"} {
		if strings.Contains(d.text, "${"+d.fill[i]+"}") {
			o = append(o, yaml.MapItem{Key: d.fill[i], Value: ref(pseudo)})
		}
	}
	if len(o) == 0 {
		return nil
	}
	return o
}

// schedules start the state machines.
func (b *builder) schedules() {
	if len(b.c.Schedules) == 0 {
		return
	}
	b.section = "Schedules"
	b.letters()
	for _, name := range sortedKeys(b.c.Schedules) {
		b.schedule(name, b.c.Schedules[name])
	}
}

// deadLetters reports whether some schedule says who is told of what could not start.
func (b *builder) deadLetters() bool {
	for _, s := range b.c.Schedules {
		if s.DeadLetter != "" {
			return true
		}
	}
	return false
}

// letters is the queue that EventBridge Scheduler puts into what it could not
// start: it knows no topics there. An alarm tells the topic.
func (b *builder) letters() {
	if !b.deadLetters() {
		return
	}
	b.add("UnstartedQueue", "AWS::SQS::Queue", "Where what could not be started is kept, with its input; an alarm tells of it", object(
		"QueueName", lake.DeadLetterQueue, "MessageRetentionPeriod", 1_209_600, "SqsManagedSseEnabled", true, "Tags", b.tags()), gone()...)
	b.add("UnstartedQueuePolicy", "AWS::SQS::QueuePolicy", "Nobody reaches the queue without TLS", object(
		"Queues", list(ref("UnstartedQueue")),
		"PolicyDocument", object("Version", "2012-10-17", "Statement", list(object(
			"Sid", "TransportByTLSAlone", "Effect", "Deny", "Principal", "*", "Action", "sqs:*",
			"Resource", attribute("UnstartedQueue", "Arn"), "Condition", object("Bool", object("aws:SecureTransport", "false")))))))
}

func (b *builder) schedule(name string, s config.Schedule) {
	target := "StateMachine"
	if m, ok := b.scheduled[name]; ok {
		target = m.id
	}
	window := object("Mode", "OFF")
	if s.FlexibleWindow > 0 {
		window = object("Mode", "FLEXIBLE", "MaximumWindowInMinutes", int(time.Duration(s.FlexibleWindow)/time.Minute))
	}
	var letters any
	if s.DeadLetter != "" {
		letters = object("Arn", attribute("UnstartedQueue", "Arn"))
	}
	b.add(title(name)+hashed(name)+"Schedule", "AWS::Scheduler::Schedule", "", object(
		"Name", name,
		"Description", "Starts a state machine of the lake "+b.c.AWS.Stack,
		"ScheduleExpression", s.Expression, "ScheduleExpressionTimezone", s.Timezone,
		"State", string(s.State),
		"StartDate", orNil(s.Start), "EndDate", orNil(s.End),
		"FlexibleTimeWindow", window,
		"Target", object(
			"Arn", ref(target), "RoleArn", b.roleOf(iam.Schedule),
			"Input", orNil(s.Input),
			"RetryPolicy", object("MaximumRetryAttempts", max(s.Retries, 0), "MaximumEventAgeInSeconds", seconds(s.MaximumAge)),
			"DeadLetterConfig", letters)))
	if s.Overlap == config.OverlapQueue {
		b.note("EventBridge Scheduler starts a run although the one before has not ended: overlap: queue of the schedule " + name +
			" holds at home alone. Two runs at once are safe; the later one may end with ObjectChanged")
	}
}

// note tells something that a person should know and need not do anything for.
func (b *builder) note(text string) { b.manual = append(b.manual, Manual{What: text}) }
