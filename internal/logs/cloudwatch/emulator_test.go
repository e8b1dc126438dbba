//go:build aws

package cloudwatch_test

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"wplake/internal/logs/cloudwatch"
)

func TestEmulator(t *testing.T) {
	endpoint := os.Getenv("MINISTACK_URL")
	if endpoint == "" {
		t.Fatal("MINISTACK_URL names no emulator; `make test-aws` starts one")
	}
	cfg := aws.Config{
		Region: "us-east-1", BaseEndpoint: &endpoint,
		Credentials: credentials.NewStaticCredentialsProvider(fmt.Sprintf("%012d", 100_000_000_000+rand.Uint64()%800_000_000_000), "secret", ""),
	}
	api := cloudwatchlogs.NewFromConfig(cfg)
	now := time.Now().Truncate(time.Millisecond)
	put := func(group string, at time.Time, messages ...string) {
		t.Helper()
		_, _ = api.CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &group})                                   // it may be there
		_, _ = api.CreateLogStream(t.Context(), &cloudwatchlogs.CreateLogStreamInput{LogGroupName: &group, LogStreamName: aws.String("s")}) // it may be there
		var events []types.InputLogEvent
		for i := range messages {
			events = append(events, types.InputLogEvent{Timestamp: aws.Int64(at.Add(time.Duration(i) * time.Second).UnixMilli()), Message: &messages[i]})
		}
		if _, err := api.PutLogEvents(t.Context(), &cloudwatchlogs.PutLogEventsInput{LogGroupName: &group, LogStreamName: aws.String("s"), LogEvents: events}); err != nil {
			t.Fatal(err)
		}
	}
	put(raw, now.Add(-time.Hour), begin("start", "q1"), line("q1", "run-1", "INFO", "one"), begin("report", "q1"), begin("start", "q2"), line("q2", "run-2", "INFO", "two"))
	put(states, now.Add(-time.Hour+1500*time.Millisecond), `{"type":"TaskFailed","execution_arn":"arn:aws:states:r:a:execution:wordpress:run-1","event_timestamp":"5000"}`)
	r := cloudwatch.New(cfg, cloudwatch.Options{Groups: []string{raw, states, "/not/there"}})
	if got, want := messages(t, r, cloudwatch.Query{Run: "run-1", Since: now.Add(-2 * time.Hour), Level: slog.LevelDebug}), []string{"START", "one", "TaskFailed", "REPORT"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if got := messages(t, r, cloudwatch.Query{Since: now.Add(-time.Hour + 4*time.Second)}); !slices.Equal(got, []string{"two"}) {
		t.Errorf("since the last: %q", got)
	}
}
