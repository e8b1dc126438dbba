//go:build aws

package aws

import (
	"strings"
	"testing"

	roles "wplake/internal/deploy/iam"
)

// The article's fault is found on the live role before the first run: the state
// machine may start the silver job, and may not look how it ended.
func TestMissingGetJobRunIsFound(t *testing.T) {
	url := emulator(t, "MINISTACK_AUTH_URL")
	l := byHand(t, url, nil, false)
	d := &deployment{account: l.account, dir: l.dir, environment: awsEnvironment(url, l.account)}
	d.definition(t, "silver: {runtime: glue-pythonshell}\n")
	policy, _ := l.roleOf(t, "StepFunctions-WordPress")
	role := l.roles(t)[roles.Workflow]
	document := strings.ReplaceAll(string(role.Policy()), `"glue:GetJobRun",`, "")
	if document == string(role.Policy()) {
		t.Fatalf("the generated policy has no glue:GetJobRun:\n%s", document)
	}
	policy([]byte(document))
	said := d.do(t, 1, "iam", "check", "--role", "StepFunctions-WordPress", "--as", "workflow")
	if !strings.Contains(said, "glue:GetJobRun") || strings.Contains(said, "glue:StartJobRun is missing") {
		t.Error("glue:GetJobRun is not named as what is missing")
	}
	policy(role.Policy())
	d.do(t, 0, "iam", "check", "--role", "StepFunctions-WordPress", "--as", "workflow")
}
