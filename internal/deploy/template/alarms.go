package template

import (
	"fmt"
	"slices"
	"time"

	yaml "github.com/goccy/go-yaml"

	"wplake/internal/config"
	"wplake/internal/lake"
	"wplake/internal/schedule"
)

// Namespace is that of the metrics which the stages log.
const Namespace = "wplake"

// Bounds of what an alarm can look back at, and what a run may take.
const (
	longestWindow = 7 * 24 * time.Hour
	runAllowance  = 2 * time.Hour
)

// throttled is how often Lambda may refuse a function within five minutes: as
// often as the workflow tries again.
const throttled = 5

// alarm is what alarms have in common.
func (b *builder) alarm(id, name, description string, topics []string, more ...any) {
	b.alarmMetrics++
	var actions []any
	for _, t := range topics {
		actions = append(actions, b.topic(t))
	}
	properties := object(append([]any{
		"AlarmName", b.c.AWS.Stack + "-" + name, "AlarmDescription", description, "AlarmActions", actions,
	}, more...)...)
	b.add(id, "AWS::CloudWatch::Alarm", "", append(properties, yaml.MapItem{Key: "Tags", Value: b.tags()}))
}

// failures is the topic of what concerns executions.
func failures() []string { return []string{lake.FailureTopic} }

func (b *builder) alarms() {
	if !b.c.AWS.Alarms {
		return
	}
	b.section = "Alarms: as many as CloudWatch gives free"
	b.failed(b.machine)
	b.missing(b.machine)
	for _, name := range sortedKeys(b.scheduled) {
		b.failed(b.scheduled[name])
		b.missing(b.scheduled[name])
	}
	for _, name := range b.functionNames() {
		b.alarm(title(name)+"ThrottledAlarm", name+"-throttled",
			"Lambda refuses to run the function "+lake.FunctionName(name)+": the account's concurrency is used up", failures(),
			"Namespace", "AWS/Lambda", "MetricName", "Throttles",
			"Dimensions", list(object("Name", "FunctionName", "Value", ref(title(name)+"Function"))),
			"Statistic", "Sum", "Period", 300, "EvaluationPeriods", 1, "Threshold", throttled,
			"ComparisonOperator", "GreaterThanOrEqualToThreshold", "TreatMissingData", "notBreaching")
	}
	b.alarm("RejectedAlarm", "rejected", "Rows did not fit their table and were put aside: wplake tables shows where", failures(),
		"Namespace", Namespace, "MetricName", "Rejected",
		"Dimensions", list(object("Name", "Lake", "Value", b.c.AWS.Stack)),
		"Statistic", "Sum", "Period", 3600, "EvaluationPeriods", 1, "Threshold", 0,
		"ComparisonOperator", "GreaterThanThreshold", "TreatMissingData", "notBreaching")
	b.unstarted()
}

// unstarted tells of runs that could not be started.
func (b *builder) unstarted() {
	if !b.deadLetters() {
		return
	}
	var topics []string
	for _, name := range sortedKeys(b.c.Schedules) {
		if to := b.c.Schedules[name].DeadLetter; to != "" && !slices.Contains(topics, to) {
			topics = append(topics, to)
		}
	}
	b.alarm("UnstartedAlarm", "unstarted", "A schedule could not start its state machine: the queue "+lake.DeadLetterQueue+" has what it wanted to start", topics,
		"Namespace", "AWS/SQS", "MetricName", "ApproximateNumberOfMessagesVisible",
		"Dimensions", list(object("Name", "QueueName", "Value", attribute("UnstartedQueue", "QueueName"))),
		"Statistic", "Maximum", "Period", 300, "EvaluationPeriods", 1, "Threshold", 0,
		"ComparisonOperator", "GreaterThanThreshold", "TreatMissingData", "notBreaching")
}

// failed tells of executions that did not succeed: three alarms, since one
// that adds up three metrics costs as much and says less.
func (b *builder) failed(d deployed) {
	for _, end := range []struct{ id, name, metric, what string }{
		{"Failed", "failed", "ExecutionsFailed", "failed"},
		{"TimedOut", "timed-out", "ExecutionsTimedOut", "took longer than it may"},
		{"Aborted", "aborted", "ExecutionsAborted", "was stopped by somebody"},
	} {
		b.alarm(d.id+end.id+"Alarm", d.name+"-"+end.name,
			"An execution of "+d.name+" "+end.what+": wplake workflow list --home aws shows which", failures(),
			"Namespace", "AWS/States", "MetricName", end.metric,
			"Dimensions", list(object("Name", "StateMachineArn", "Value", ref(d.id))),
			"Statistic", "Sum", "Period", 300, "EvaluationPeriods", 1, "Threshold", 1,
			"ComparisonOperator", "GreaterThanOrEqualToThreshold", "TreatMissingData", "notBreaching")
	}
}

// missing tells when no execution has succeeded for longer than the schedules
// of the machine let expect.
func (b *builder) missing(d deployed) {
	window, by := time.Duration(0), ""
	for _, name := range sortedKeys(b.c.Schedules) {
		s := b.c.Schedules[name]
		target := b.machine.id
		if m, ok := b.scheduled[name]; ok {
			target = m.id
		}
		if target != d.id || s.State != config.ScheduleEnabled {
			continue
		}
		if w := expected(s); w > 0 && (window == 0 || w < window) {
			window, by = w, name
		}
	}
	if by == "" {
		return
	}
	if window > longestWindow {
		b.note(fmt.Sprintf("no alarm tells when a run of %s is missing: an alarm of CloudWatch looks back 7 days at most, and the schedule %s runs more seldom; "+
			"wplake doctor --home aws tells", d.name, by))
		return
	}
	hours := int(window / time.Hour)
	b.alarm(d.id+"MissingAlarm", d.name+"-missing",
		fmt.Sprintf("No execution of %s has succeeded for %d hours; the schedule %s lets expect one", d.name, hours, by), failures(),
		"OKActions", list(b.topic(lake.FailureTopic)),
		"Namespace", "AWS/States", "MetricName", "ExecutionsSucceeded",
		"Dimensions", list(object("Name", "StateMachineArn", "Value", ref(d.id))),
		"Statistic", "Sum", "Period", 3600, "EvaluationPeriods", hours, "DatapointsToAlarm", hours, "Threshold", 1,
		"ComparisonOperator", "LessThanThreshold", "TreatMissingData", "breaching")
}

// looked is how many occurrences are looked at to know how seldom a schedule
// comes true.
const looked = 400

// expected is within what time a run should have succeeded, in whole hours:
// what the schedule says itself, or the longest time between two runs and what
// a run may take; 0 for a schedule that comes true once.
func expected(s config.Schedule) time.Duration {
	if s.AlertAfter > 0 {
		return upToHours(time.Duration(s.AlertAfter))
	}
	e, err := schedule.Parse(s.Expression)
	if err != nil {
		return 0 // a loaded definition has none of these
	}
	// Any year will do; the zone's own leaps are within what a run may take.
	from := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	p := schedule.Plan{Expression: e, Anchor: from}
	last, ok := p.Next(from)
	longest := time.Duration(0)
	for range looked {
		next, more := p.Next(last)
		if !ok || !more {
			break
		}
		longest = max(longest, next.Sub(last))
		last = next
	}
	if longest == 0 {
		return 0
	}
	return upToHours(longest + time.Duration(s.FlexibleWindow) + runAllowance)
}

func upToHours(d time.Duration) time.Duration {
	return (d + time.Hour - 1).Truncate(time.Hour)
}
