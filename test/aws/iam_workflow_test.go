//go:build aws

package aws

import (
	"errors"
	"strings"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/smithy-go"

	roles "wplake/internal/deploy/iam"
	"wplake/internal/lake"
)

// The emulator looks at the caller alone, not at the role of a state machine or
// of a schedule. So the roles are assumed, and the calls made that the services
// would make: all of them are allowed, and with a statement taken away those
// that it stands for are not.
func TestRolesOfWorkflowAndSchedule(t *testing.T) {
	l := byHand(t, emulator(t, "MINISTACK_AUTH_URL"), nil, false)
	generated := l.roles(t)
	functions, machines, topics := lambda.NewFromConfig(l.owner), sfn.NewFromConfig(l.owner), sns.NewFromConfig(l.owner)
	role, _ := l.roleOf(t, "function")
	role(generated[roles.Raw].Policy())
	names := []string{lake.FunctionRaw, lake.FunctionBronze, lake.FunctionSilver, lake.FunctionCatalog}
	for _, name := range names {
		scriptedAs(t, functions, lake.FunctionName(name), "arn:aws:iam::"+l.account+":role/function", map[string]any{"objects": []any{}})
	}
	if _, err := topics.CreateTopic(t.Context(), &sns.CreateTopicInput{Name: sdk.String(lake.FailureTopic)}); err != nil {
		t.Fatal(err)
	}
	machine := generated[roles.Schedule].Statements[0].Resources[0]
	if _, err := machines.CreateStateMachine(t.Context(), &sfn.CreateStateMachineInput{
		Name: sdk.String(machine[strings.LastIndex(machine, ":")+1:]), RoleArn: sdk.String("arn:aws:iam::" + l.account + ":role/function"),
		Definition: sdk.String(`{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}`),
	}); err != nil {
		t.Fatal(err)
	}
	calls := map[string]func(sdk.Config) error{
		"lambda:InvokeFunction": func(c sdk.Config) error {
			var failures []error
			for _, name := range names {
				for _, qualifier := range []string{"", ":$LATEST"} {
					_, err := lambda.NewFromConfig(c).Invoke(t.Context(), &lambda.InvokeInput{FunctionName: sdk.String(
						"arn:aws:lambda:" + region + ":" + l.account + ":function:" + lake.FunctionName(name) + qualifier)})
					failures = append(failures, err)
				}
			}
			return errors.Join(failures...)
		},
		"sns:Publish": func(c sdk.Config) error {
			_, err := sns.NewFromConfig(c).Publish(t.Context(), &sns.PublishInput{
				TopicArn: sdk.String("arn:aws:sns:" + region + ":" + l.account + ":" + lake.FailureTopic), Message: sdk.String("it failed")})
			return err
		},
		"states:StartExecution": func(c sdk.Config) error {
			_, err := sfn.NewFromConfig(c).StartExecution(t.Context(), &sfn.StartExecutionInput{StateMachineArn: &machine})
			return err
		},
	}
	rows := [][]string{{"role", "statement", "what failed"}}
	for _, name := range []string{roles.Workflow, roles.Schedule} {
		role := generated[name]
		policy, assumed := l.roleOf(t, name)
		as := client(l.url, l.account)
		as.Credentials = credentials.StaticCredentialsProvider{Value: assumed}
		for i := -1; i < len(role.Statements); i++ {
			taken := "(all there)"
			document := role.Policy()
			if i >= 0 {
				taken = role.Statements[i].Sid
				document = without(role, i)
				if len(role.Statements) == 1 { // a policy has to have a statement
					document = []byte(`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:GetCallerIdentity", "Resource": "*"}]}`)
				}
			}
			policy(document)
			for j, statement := range role.Statements {
				for _, action := range statement.Actions {
					err := l.simulated(t, name, action, statement.Resources)
					if call := calls[action]; call != nil {
						err = call(as)
					}
					switch {
					case j == i && !denies(err):
						t.Errorf("%s without %s: %s is allowed: %v", name, taken, action, err)
					case j != i && err != nil:
						t.Errorf("%s without %s: %s: %v", name, taken, action, err)
					case j == i:
						rows = append(rows, []string{name, taken, action})
					}
				}
			}
			if i < 0 {
				rows = append(rows, []string{name, taken, "nothing"})
			}
		}
	}
	t.Logf("statements taken away, one at a time:\n%s", grid(t, 0, rows))
}

// denies tells whether a service did not allow a call.
func denies(err error) bool {
	var said smithy.APIError
	if errors.As(err, &said) && said.ErrorCode() == "AuthorizationError" { // SNS's word for it
		return true
	}
	return errors.As(err, &said) && strings.HasPrefix(said.ErrorCode(), "AccessDenied")
}

// simulated asks IAM what it would say to a call that is not made here.
func (l *lakeByHand) simulated(t *testing.T, role, action string, resources []string) error {
	t.Helper()
	out, err := iam.NewFromConfig(l.owner).SimulatePrincipalPolicy(t.Context(), &iam.SimulatePrincipalPolicyInput{
		PolicySourceArn: sdk.String("arn:aws:iam::" + l.account + ":role/" + role), ActionNames: []string{action}, ResourceArns: resources,
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, result := range out.EvaluationResults {
		if result.EvalDecision != iamtypes.PolicyEvaluationDecisionTypeAllowed {
			return &smithy.GenericAPIError{Code: "AccessDenied", Message: string(result.EvalDecision)}
		}
	}
	return nil
}
