package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"wplake/internal/home"
	"wplake/internal/lake"
	"wplake/internal/params"
)

// awsTopics are the names of the deployed lake's topics.
func awsTopics() []string {
	var names []string
	for _, l := range lake.Layers() {
		names = append(names, lake.TopicName(l))
	}
	return append(names, lake.FailureTopic)
}

// awsTopicsToTest are the topics that a test on AWS is sent to: all, or the one
// that is named.
func awsTopicsToTest(args []string) ([]string, error) {
	names := awsTopics()
	if len(args) == 0 {
		return names, nil
	}
	if !slices.Contains(names, args[0]) {
		return nil, &lake.Error{
			Code: lake.ConfigInvalid, Message: fmt.Sprintf("the lake has no topic %q on AWS", args[0]), Hint: "its topics: " + strings.Join(names, ", "),
		}
	}
	return args, nil
}

// awsTopicARN is where the lake's functions send a topic's alerts: what the
// layer's parameter says, for it may be a topic of somebody else. The failure
// topic has no parameter.
func awsTopicARN(ctx context.Context, h *home.Home, topic string) (string, error) {
	for _, l := range lake.Layers() {
		if topic != lake.TopicName(l) {
			continue
		}
		p, err := h.Params.Get(ctx, lake.TopicParameter(l))
		if errors.Is(err, params.ErrNotFound) {
			return "", &lake.Error{
				Code: lake.ParameterMissing, Message: "there is no parameter " + lake.TopicParameter(l) + ", so the functions know no topic", Err: err,
				Hint: "deploy the lake: wplake deploy apply; or set it: wplake param set " + lake.TopicParameter(l) + " ARN --home aws",
			}
		}
		return p.Value, err
	}
	return topic, nil
}
