//go:build aws

package eventbridge_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	"github.com/aws/aws-sdk-go-v2/service/scheduler/types"

	"wplake/internal/config"
	"wplake/internal/lake"
	"wplake/internal/schedule/eventbridge"
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
	_, err := scheduler.NewFromConfig(cfg).CreateSchedule(t.Context(), &scheduler.CreateScheduleInput{
		Name: aws.String("daily"), ScheduleExpression: aws.String("cron(0 7 * * ? *)"), ScheduleExpressionTimezone: aws.String("Europe/Berlin"),
		State: types.ScheduleStateDisabled, FlexibleTimeWindow: &types.FlexibleTimeWindow{Mode: types.FlexibleTimeWindowModeOff},
		Target: &types.Target{
			Arn: aws.String(machine), RoleArn: aws.String("arn:aws:iam::123456789012:role/r"), Input: aws.String(`{"full":true}`),
			RetryPolicy:      &types.RetryPolicy{MaximumRetryAttempts: aws.Int32(3), MaximumEventAgeInSeconds: aws.Int32(86400)},
			DeadLetterConfig: &types.DeadLetterConfig{Arn: aws.String("arn:aws:sqs:us-east-1:123456789012:q")},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	c := eventbridge.New(cfg, eventbridge.Options{})
	d, err := c.Get(t.Context(), "daily")
	if err != nil {
		t.Fatal(err)
	}
	want := config.Schedule{
		Expression: "cron(0 7 * * ? *)", Timezone: "Europe/Berlin", State: config.ScheduleDisabled, Input: `{"full":true}`, Retries: 3,
		MaximumAge: config.Duration(24 * time.Hour), DeadLetter: "failure-stepfunction",
	}
	if diff := d.Differences(want); diff != nil || d.Target != machine {
		t.Errorf("%+v differs: %q", d, diff)
	}
	all, err := c.List(t.Context(), func(_, target string) bool { return target == machine })
	if err != nil || len(all) != 1 || all[0].Name != "daily" {
		t.Errorf("%+v, %v", all, err)
	}
	if _, err := c.Get(t.Context(), "weekly"); !lake.HasCode(err, lake.ObjectMissing) {
		t.Errorf("one that is not there: %v", err)
	}
}
