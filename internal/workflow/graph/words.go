package graph

import (
	"fmt"
	"strings"

	"wplake/internal/asl"
)

// services are the names of services as people know them.
func serviceName(service string) string {
	service = strings.TrimPrefix(service, "aws-sdk:")
	switch service {
	case "lambda":
		return "Lambda"
	case "glue":
		return "Glue"
	case "sns":
		return "SNS"
	case "sqs":
		return "SQS"
	case "s3":
		return "S3"
	case "sfn", "states":
		return "Step Functions"
	case "dynamodb":
		return "DynamoDB"
	case "athena":
		return "Athena"
	case "ssm":
		return "SSM"
	case "http":
		return "HTTP"
	case "ecs":
		return "ECS"
	case "eks":
		return "EKS"
	case "events", "eventbridge":
		return "EventBridge"
	case "apigateway":
		return "API Gateway"
	}
	if service == "" {
		return ""
	}
	return strings.ToUpper(service[:1]) + service[1:]
}

// subjects are the fields that tell what a call is about, the first that is
// there counts.
func subject(s *asl.State) string {
	for _, key := range []string{
		"FunctionName", "JobName", "StateMachineArn", "TopicArn", "QueueUrl", "TableName", "CrawlerName", "Name",
		"Bucket", "ApiEndpoint", "QueryExecutionId", "Cluster", "ProjectName", "JobDefinition",
	} {
		text, ok := s.Argument(key)
		if !ok {
			continue
		}
		return lastPart(text)
	}
	return ""
}

// lastPart is the name in an ARN: of a function without its version, of a
// queue without its address.
func lastPart(text string) string {
	if !strings.HasPrefix(text, "arn:") {
		if i := strings.LastIndexByte(text, '/'); strings.HasPrefix(text, "https://sqs.") && i >= 0 {
			return text[i+1:]
		}
		return text
	}
	parts := strings.Split(text, ":")
	if len(parts) > 6 && (parts[5] == "function" || parts[5] == "stateMachine" || parts[5] == "activity") {
		return parts[6]
	}
	return parts[len(parts)-1]
}

// detail says what a state does, under its name.
func detail(s *asl.State) string {
	switch s.Type {
	case asl.Task:
		return taskDetail(s)
	case asl.Choice:
		return "choice"
	case asl.Wait:
		seconds, until := s.Delay()
		switch {
		case seconds != "" && strings.Trim(seconds, "0123456789") == "":
			return "wait " + seconds + " s"
		case seconds != "":
			return "wait " + seconds + " seconds"
		}
		return "wait until " + until
	case asl.Fail:
		if err, _ := s.FailsWith(); err != "" {
			return "fail · " + err
		}
		return "fail"
	case asl.Succeed:
		return "succeed"
	case asl.Parallel:
		if len(s.Branches) == 1 {
			return "parallel · 1 branch"
		}
		return fmt.Sprintf("parallel · %d branches", len(s.Branches))
	case asl.Map:
		return mapDetail(s)
	}
	return "pass"
}

func taskDetail(s *asl.State) string {
	r := s.Resource
	var text string
	switch {
	case r.Kind == asl.LambdaResource:
		return "Lambda · " + lastPart(r.ARN)
	case r.Kind == asl.ActivityResource:
		return "activity · " + lastPart(r.ARN)
	case r.Service == "lambda" && r.Action == "invoke":
		text = "Lambda"
	default:
		text = serviceName(r.Service) + " " + r.Action
	}
	if what := subject(s); what != "" {
		text += " · " + what
	}
	switch r.Pattern {
	case asl.RunJob, asl.RunJobJSON:
		text += " · awaited"
	case asl.WaitForTaskToken:
		text += " · until its token returns"
	}
	return text
}

func mapDetail(s *asl.State) string {
	text := "for each item"
	switch from := s.ItemsFrom(); {
	case strings.HasPrefix(from, "arn:"):
		if r, ok := asl.ParseResource(from); ok {
			text += " of " + serviceName(r.Service) + " " + r.Action
		}
	case from != "":
		text += " of " + from
	}
	if s.Distributed {
		text += " · distributed"
	}
	switch n := s.Concurrency(); n {
	case "":
	case "1":
		text += " · one at a time"
	default:
		text += " · " + n + " at once"
	}
	return text
}

// retries is the most that a state is tried again, 0 for never.
func retries(s *asl.State) int {
	most := 0
	for _, r := range s.Retry {
		most = max(most, r.MaxAttempts)
	}
	return most
}

// errorWords names the errors of a catcher.
func errorWords(names []string) string {
	var words []string
	for _, n := range names {
		switch n {
		case "States.ALL":
			return "any error"
		case "States.TaskFailed":
			n = "a failed task"
		case "States.Timeout":
			n = "a time-out"
		}
		words = append(words, n)
	}
	return strings.Join(words, ", ")
}

// tooltip says of a state all that the drawing leaves out.
func tooltip(s *asl.State, p *passed) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s)", s.Name, s.Type)
	if s.Comment != "" {
		b.WriteString("\n" + s.Comment)
	}
	if s.Resource.ARN != "" {
		b.WriteString("\n" + s.Resource.ARN)
	}
	if limit := s.Limit(); limit != "" {
		b.WriteString("\ntime limit " + limit + " s")
	}
	if err, cause := s.FailsWith(); err != "" || cause != "" {
		b.WriteString("\nfails with " + strings.Trim(err+": "+cause, ": "))
	}
	for _, r := range s.Retry {
		fmt.Fprintf(&b, "\ntried again up to %d times on %s, first after %s", r.MaxAttempts, errorWords(r.ErrorEquals), durationWords(r.Interval))
		if r.BackoffRate > 1 {
			fmt.Fprintf(&b, ", ×%g each time", r.BackoffRate)
		}
	}
	for _, c := range s.Catch {
		fmt.Fprintf(&b, "\non %s to %s", errorWords(c.ErrorEquals), c.Next)
	}
	if p != nil {
		b.WriteString("\n\n" + string(p.outcome))
		if words := p.words(); words != "" {
			b.WriteString(" · " + strings.TrimPrefix(words, string(p.outcome)+" · "))
		}
		if p.err != "" {
			b.WriteString("\n" + p.err)
		}
		if p.cause != "" {
			b.WriteString(": " + p.cause)
		}
	}
	return b.String()
}
