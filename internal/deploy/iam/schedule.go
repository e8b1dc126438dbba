package iam

import (
	"maps"
	"slices"
	"strings"

	"wplake/internal/lake"
)

// scheduleRole is the role that schedules start executions with.
func (in Input) scheduleRole() Role {
	p := in.place()
	var machines []string
	dead := false
	for _, name := range slices.Sorted(maps.Keys(in.Config.Schedules)) {
		s := in.Config.Schedules[name]
		machine := in.Config.Workflow.Name
		if s.Definition != "" {
			machine = strings.ReplaceAll(name, ".", "_")
		}
		if arn := p.arn("states", "stateMachine:"+machine); !slices.Contains(machines, arn) {
			machines = append(machines, arn)
		}
		dead = dead || s.DeadLetter != ""
	}
	statements := []Statement{{
		Sid: "StepFunctionsActions", Actions: []string{"states:StartExecution"}, Resources: machines,
		Reason: "The schedules start executions of their state machines.",
	}}
	if dead {
		statements = append(statements, Statement{
			Sid: "SQSActions", Actions: []string{"sqs:SendMessage"}, Resources: []string{p.arn("sqs", lake.DeadLetterQueue)},
			Reason: "What could not be started is kept in the dead-letter queue.",
			Spare:  "the schedules work, but nobody learns of what could not be started",
		})
	}
	return Role{
		Name: Schedule, Service: schedulerService, Existing: in.Config.AWS.Existing.ScheduleRole,
		// The scheduler names the group, not the schedule, and asks for no less than that.
		Trust: in.strict(p.arn("scheduler", "schedule-group/*")), Statements: statements,
	}
}
