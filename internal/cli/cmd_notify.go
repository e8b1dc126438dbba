package cli

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"wplake/internal/home"
	"wplake/internal/lake"
	"wplake/internal/notify"
)

func (a *app) notifyCommand() *cobra.Command {
	return group(&cobra.Command{
		Use:   "notify",
		Short: "Try the lake's alerts",
		Long: `Alerts go to the channels that the definition gives each topic: mail, chats,
phones, webhooks. docs/alerts.md says how each is set up. On AWS they go to topics
of SNS, which tell their subscribers.`,
		Example: `  wplake notify test
  wplake notify test --home aws`,
	}, a.notifyTestCommand())
}

func (a *app) notifyTestCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "test [TOPIC]",
		Short: "Send a test message to the channels of a topic, or of all",
		Long: `Sends one message to every channel of TOPIC, or of each topic that has channels,
and says for each topic whether they were reached. The exit status is 1 when one
was not.

With --home aws the message is published on the deployed topics. That SNS took it
does not mean that somebody got it: subscriptions by mail have to be confirmed
("wplake deploy status" says which wait).`,
		Example: `  wplake notify test
  wplake notify test data-lakehouse-raw
  wplake notify test --home aws`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: a.completeTopics,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withHome(cmd.Context(), func(h *home.Home) error {
				topics, err := a.topicsToTest(h, args)
				if err != nil {
					return err
				}
				return a.testTopics(cmd.Context(), h, topics)
			})
		},
	}
}

// topicsWithChannels lists them, sorted.
func topicsWithChannels(h *home.Home) []string {
	var topics []string
	for _, topic := range slices.Sorted(maps.Keys(h.Config.Alerts.Topics)) {
		if len(h.Config.Alerts.Topics[topic]) > 0 {
			topics = append(topics, topic)
		}
	}
	return topics
}

func (a *app) topicsToTest(h *home.Home, args []string) ([]string, error) {
	if a.onAWS() {
		return awsTopicsToTest(args)
	}
	topics := topicsWithChannels(h)
	if len(topics) == 0 {
		return nil, &lake.Error{
			Code: lake.ConfigInvalid, Message: "no topic has a channel: alerts go to the log only",
			Hint: "add alerts.channels and alerts.topics to the definition; docs/alerts.md has examples",
		}
	}
	if len(args) == 1 && !slices.Contains(topics, args[0]) {
		return nil, &lake.Error{
			Code: lake.ConfigInvalid, Message: fmt.Sprintf("the topic %q has no channel", args[0]),
			Hint: "topics with channels: " + strings.Join(topics, ", "),
		}
	}
	if len(args) == 1 {
		return args, nil
	}
	return topics, nil
}

// topicTest is what a test of a topic gave.
type topicTest struct {
	Topic    string        `json:"topic"`
	ARN      string        `json:"arn,omitempty"` // on AWS
	Channels []string      `json:"channels"`
	Error    *lake.Problem `json:"error,omitempty"`
}

func (a *app) testTopics(ctx context.Context, h *home.Home, topics []string) error {
	tests, failed := []topicTest{}, false
	for _, topic := range topics {
		test, err := a.testTopic(ctx, h, topic)
		if ctx.Err() != nil {
			return &lake.Error{Code: lake.Interrupted, Message: "interrupted", Err: ctx.Err()}
		}
		if err != nil {
			test.Error, failed = lake.ProblemOf(err, lake.AlertFailed), true
		}
		tests = append(tests, test)
		if !a.json {
			a.printTopicTest(test)
		}
	}
	if a.json {
		if err := a.printJSON(struct {
			Topics []topicTest `json:"topics"`
		}{tests}); err != nil {
			return err
		}
	}
	if failed {
		return exitError(exitFailed)
	}
	return nil
}

// testTopic sends the message of one topic.
func (a *app) testTopic(ctx context.Context, h *home.Home, topic string) (topicTest, error) {
	test := topicTest{Topic: topic, Channels: []string{}}
	to := topic
	if a.onAWS() {
		var err error
		if to, err = awsTopicARN(ctx, h, topic); err != nil {
			return test, err
		}
		if strings.HasPrefix(to, "arn:") {
			test.ARN = to
		}
	} else {
		test.Channels = h.Config.Alerts.Topics[topic]
	}
	return test, h.Notifier.Publish(ctx, notify.Message{
		Topic:   to,
		Subject: "wplake: test of " + topic,
		Body: fmt.Sprintf("This is a test of the alerts of the site %s, sent at %s.\nAlerts on the topic %s reach you here.\n",
			h.Config.Site, a.now().UTC().Format(time.RFC3339), topic),
	})
}

func (a *app) printTopicTest(t topicTest) {
	if t.Error != nil {
		fmt.Fprintf(a.stderr, "%s: %s\n  hint: %s\n", t.Topic, clean(t.Error.Message), clean(t.Error.Hint))
		return
	}
	switch {
	case a.quiet:
	case a.onAWS():
		fmt.Fprintf(a.stdout, "%s: SNS took it\n", t.Topic)
	default:
		fmt.Fprintf(a.stdout, "%s: %s reached\n", t.Topic, strings.Join(t.Channels, ", "))
	}
}

// completeTopics completes the names of topics that have channels.
func (a *app) completeTopics(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	if a.onAWS() {
		return awsTopics(), cobra.ShellCompDirectiveNoFileComp
	}
	var topics []string
	err := a.withHome(cmd.Context(), func(h *home.Home) error {
		topics = topicsWithChannels(h)
		return nil
	})
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	return topics, cobra.ShellCompDirectiveNoFileComp
}
