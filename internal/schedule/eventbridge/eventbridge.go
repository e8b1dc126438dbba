// Package eventbridge reads the deployed schedules of a lake from EventBridge
// Scheduler.
package eventbridge

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	"github.com/aws/aws-sdk-go-v2/service/scheduler/types"

	"wplake/internal/awsapi"
	"wplake/internal/config"
	"wplake/internal/lake"
)

// Options configure a Client.
type Options struct {
	Group string // of schedules; "" for the default one
}

// Client reads schedules. Its methods may be called concurrently. Errors are
// *lake.Error.
type Client struct {
	api *scheduler.Client
	o   Options
}

// New makes a client. No request is made.
func New(cfg aws.Config, o Options) *Client {
	if o.Group == "" {
		o.Group = "default"
	}
	return &Client{api: scheduler.NewFromConfig(cfg), o: o}
}

// Deployed is a schedule as it stands at AWS.
type Deployed struct {
	Name, ARN, Group string
	// Schedule holds what the service knows of: not what becomes of missed or
	// overlapping runs, nor a definition's file, nor DeadLetter, which is
	// DeadLetterARN here. Retries is -1 for none, as in a loaded definition.
	Schedule          config.Schedule
	Target            string // ARN of what it starts
	Role              string // ARN of the role that it starts it with
	DeadLetterARN     string // of the queue for what could not be started; "" for none
	KMSKey            string
	Created, Modified time.Time
}

// Get reads a schedule; ObjectMissing where there is none of the name.
func (c *Client) Get(ctx context.Context, name string) (Deployed, error) {
	out, err := c.api.GetSchedule(ctx, &scheduler.GetScheduleInput{Name: &name, GroupName: &c.o.Group})
	if awsapi.Code(err) == "ResourceNotFoundException" {
		return Deployed{}, &lake.Error{
			Code: lake.ObjectMissing, Message: fmt.Sprintf("there is no schedule %s at AWS", name), Err: err,
			Hint: "deploy it: wplake deploy apply",
		}
	}
	if err != nil {
		return Deployed{}, awsapi.Failure(err, "read the schedule "+name, "scheduler:GetSchedule", lake.ServiceFailed)
	}
	return deployed(out), nil
}

// List reads the schedules that wanted chooses by their name and the ARN of
// what they start, by name.
func (c *Client) List(ctx context.Context, wanted func(name, target string) bool) ([]Deployed, error) {
	var all []Deployed
	pages := scheduler.NewListSchedulesPaginator(c.api, &scheduler.ListSchedulesInput{GroupName: &c.o.Group})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, awsapi.Failure(err, "list the schedules", "scheduler:ListSchedules", lake.ServiceFailed)
		}
		for _, s := range page.Schedules {
			target := ""
			if s.Target != nil {
				target = aws.ToString(s.Target.Arn)
			}
			if !wanted(aws.ToString(s.Name), target) {
				continue
			}
			d, err := c.Get(ctx, aws.ToString(s.Name))
			if lake.HasCode(err, lake.ObjectMissing) {
				continue // it was removed meanwhile
			}
			if err != nil {
				return nil, err
			}
			all = append(all, d)
		}
	}
	slices.SortFunc(all, func(a, b Deployed) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

func deployed(out *scheduler.GetScheduleOutput) Deployed {
	d := Deployed{
		Name: aws.ToString(out.Name), ARN: aws.ToString(out.Arn), Group: aws.ToString(out.GroupName), KMSKey: aws.ToString(out.KmsKeyArn),
		Created: aws.ToTime(out.CreationDate), Modified: aws.ToTime(out.LastModificationDate),
		Schedule: config.Schedule{
			Expression: aws.ToString(out.ScheduleExpression), Timezone: aws.ToString(out.ScheduleExpressionTimezone),
			State: config.ScheduleMode(out.State), Start: moment(out.StartDate), End: moment(out.EndDate),
			Retries: 185, MaximumAge: config.Duration(24 * time.Hour), // what the service does unless it is told
		},
	}
	if d.Schedule.Timezone == "" {
		d.Schedule.Timezone = "UTC"
	}
	if w := out.FlexibleTimeWindow; w != nil && w.Mode == types.FlexibleTimeWindowModeFlexible {
		d.Schedule.FlexibleWindow = config.Duration(time.Duration(aws.ToInt32(w.MaximumWindowInMinutes)) * time.Minute)
	}
	t := out.Target
	if t == nil {
		return d
	}
	d.Target, d.Role, d.Schedule.Input = aws.ToString(t.Arn), aws.ToString(t.RoleArn), aws.ToString(t.Input)
	if t.DeadLetterConfig != nil {
		d.DeadLetterARN = aws.ToString(t.DeadLetterConfig.Arn)
	}
	if p := t.RetryPolicy; p != nil {
		if p.MaximumRetryAttempts != nil {
			d.Schedule.Retries = int(*p.MaximumRetryAttempts)
		}
		if p.MaximumEventAgeInSeconds != nil {
			d.Schedule.MaximumAge = config.Duration(time.Duration(*p.MaximumEventAgeInSeconds) * time.Second)
		}
	}
	if d.Schedule.Retries == 0 {
		d.Schedule.Retries = -1
	}
	return d
}

func moment(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// Differences tells where a deployed schedule is not as the definition has it,
// one line each.
func (d Deployed) Differences(want config.Schedule) []string {
	var out []string
	differ := func(what, is, should string) {
		if is != should {
			out = append(out, fmt.Sprintf("%s is %s, the definition has %s", what, orNone(is), orNone(should)))
		}
	}
	is := d.Schedule
	differ("expression", is.Expression, want.Expression)
	differ("timezone", is.Timezone, want.Timezone)
	differ("state", string(is.State), string(want.State))
	differ("start", is.Start, inUTC(want.Start))
	differ("end", is.End, inUTC(want.End))
	differ("flexible_window", time.Duration(is.FlexibleWindow).String(), time.Duration(want.FlexibleWindow).String())
	differ("input", is.Input, want.Input)
	differ("retries", fmt.Sprint(max(0, is.Retries)), fmt.Sprint(max(0, want.Retries)))
	differ("maximum_age", time.Duration(is.MaximumAge).String(), time.Duration(want.MaximumAge).String())
	if letters := want.DeadLetter != ""; letters != (d.DeadLetterARN != "") {
		differ("dead_letter", d.DeadLetterARN, want.DeadLetter)
	}
	return out
}

// inUTC is a time as Deployed has it; what is none stays.
func inUTC(text string) string {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return text
	}
	return moment(&t)
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}
