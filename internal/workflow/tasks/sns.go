package tasks

import (
	"context"
	"fmt"
	"strings"
	"unicode"

	"wplake/internal/asl"
	"wplake/internal/notify"
)

// maxAlert is the largest message that SNS takes, in bytes.
const maxAlert = 262144

func (t *Tasks) sns() map[string]integration {
	return map[string]integration{"sns:publish": {
		optimised: true, sdk: true, patterns: []asl.Pattern{asl.WaitForTaskToken},
		fields: []field{
			{"TopicArn", text, false}, {"TargetArn", text, false}, {"Message", anything, true}, {"Subject", text, false},
			// Nobody at home filters by attributes: whoever hears of a topic
			// hears all of it.
			{"MessageStructure", text, false}, {"MessageAttributes", object, false},
		},
		check: func(args map[string]any) error {
			if arn, ok := textOf(args, "TopicArn"); ok && topicOf(arn) == "" {
				return invalid(fmt.Sprintf("%q is not the ARN of a topic", arn), "e.g. arn:aws:sns:eu-west-1:000000000000:failure-stepfunction")
			}
			return nil
		},
		do: t.publish,
	}}
}

// topicOf is the name of a topic in its ARN, "" where it is none.
func topicOf(arn string) string {
	parts := strings.Split(arn, ":")
	if len(parts) != 6 || parts[0] != "arn" || parts[2] != "sns" {
		return ""
	}
	return parts[5]
}

// publish delivers a message to whoever is told of a topic.
func (t *Tasks) publish(ctx context.Context, r request) (any, error) {
	topic := topicOf(defaultText(r.text("TopicArn"), r.text("TargetArn")))
	if topic == "" {
		return nil, r.refuse(snsService(), "InvalidParameterException", 400, "Invalid parameter: TopicArn")
	}
	body, wrong := r.message()
	subject, given := r.args["Subject"]
	switch {
	case wrong != "":
	case body == "":
		wrong = "Empty message"
	case len(body) > maxAlert:
		wrong = "Message too long"
	case given && !validSubject(fmt.Sprint(subject)):
		wrong = "Subject"
	}
	if wrong != "" {
		return nil, r.refuse(snsService(), "InvalidParameterException", 400, "Invalid parameter: %s", wrong)
	}
	m := notify.Message{Topic: topic, Subject: r.text("Subject"), Body: body}
	if m.Subject == "" {
		m.Subject = "AWS Notification Message" // what SNS writes over a mail without one
	}
	if err := t.o.Publish(ctx, r.call, m); err != nil {
		return nil, ended(ctx, r.broken(snsService(), "InternalErrorException", err))
	}
	return r.answer(map[string]any{"MessageId": r.uuid("message")}, 200, nil), nil
}

// message is the text that people get, or what is wrong with it. What is no
// text is sent as JSON.
func (r request) message() (body, wrong string) {
	body, isText := r.args["Message"].(string)
	if !isText {
		body = asl.Text(r.args["Message"])
	}
	switch r.text("MessageStructure") {
	case "":
		return body, ""
	case "json":
	default:
		return "", "MessageStructure"
	}
	v, err := asl.Decode([]byte(body))
	by, isObject := v.(map[string]any)
	if err != nil || !isObject {
		return "", "Message Structure - JSON message body failed to parse"
	}
	// A person's channel is a mail, as far as protocols go.
	for _, protocol := range []string{"email", "default"} {
		if s, ok := by[protocol].(string); ok {
			return s, ""
		}
	}
	return "", "Message Structure - No default entry in JSON message body"
}

// validSubject reports whether SNS takes a subject: 1 to 100 characters, none
// of them a control character.
func validSubject(s string) bool {
	return s != "" && len([]rune(s)) <= 100 && !strings.ContainsFunc(s, unicode.IsControl)
}
