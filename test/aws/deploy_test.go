//go:build aws

package aws

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	sfntypes "github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"wplake/internal/lake"
)

// deployment is a lake that is deployed by the command, and the folder that it
// is deployed from.
type deployment struct {
	account     string
	owner       sdk.Config
	environment []string
	dir         string
	urls        []string
}

// definition writes the lake's wplake.yaml. Names of buckets are shared by all
// accounts, so each lake has its own.
func (d *deployment) definition(t *testing.T, more string) {
	t.Helper()
	text := fmt.Sprintf(`site: demo
source: {kind: endpoints}
buckets: {raw: %[1]s-raw, bronze: %[1]s-bronze, silver: %[1]s-silver}
aws: {region: %[2]s}
`, d.account, region) + more
	if err := os.WriteFile(filepath.Join(d.dir, "wplake.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (d *deployment) bucket(layer lake.Layer) string { return d.account + "-" + string(layer) }

// do runs a command, logs what it says to a person, and fails the test unless it
// ends with this exit status.
func (d *deployment) do(t *testing.T, status int, args ...string) string {
	t.Helper()
	cmd := command(t, d.dir, d.environment, args...)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	t.Logf("$ wplake %s\n%s", strings.Join(args, " "), out)
	if got := cmd.ProcessState.ExitCode(); got != status {
		t.Fatalf("wplake %s: exit status %d instead of %d", strings.Join(args, " "), got, status)
	}
	return string(out)
}

// executions of the lake's state machine, the last one first.
func (d *deployment) executions(t *testing.T) []sfntypes.ExecutionListItem {
	t.Helper()
	client := sfn.NewFromConfig(d.owner)
	machines, err := client.ListStateMachines(t.Context(), &sfn.ListStateMachinesInput{})
	if err != nil {
		t.Fatal(err)
	}
	if len(machines.StateMachines) != 1 {
		t.Fatalf("%d state machines", len(machines.StateMachines))
	}
	list, err := client.ListExecutions(t.Context(), &sfn.ListExecutionsInput{StateMachineArn: machines.StateMachines[0].StateMachineArn})
	if err != nil {
		t.Fatal(err)
	}
	return list.Executions
}

// The whole way: a definition is deployed by the command, the deployed schedule
// starts the deployed state machine, that runs the deployed binary, and what it
// leaves is what the same definition leaves at home.
func TestDeployedLake(t *testing.T) {
	t.Parallel() // most of the time it waits for the schedule
	url := emulator(t, "MINISTACK_URL")
	d := &deployment{account: newAccount(), dir: t.TempDir(), urls: site(t)}
	d.owner, d.environment = client(url, d.account), awsEnvironment(url, d.account)
	d.definition(t, "")

	template := filepath.Join(d.dir, "template.yaml")
	d.do(t, 0, "deploy", "template", "-o", template)
	lint := exec.CommandContext(t.Context(), tool(t, "cfn-lint"), template)
	if out, err := lint.CombinedOutput(); err != nil {
		t.Errorf("cfn-lint: %v\n%s", err, out)
	}
	d.do(t, 0, "deploy", "plan")
	d.do(t, 0, "deploy", "apply", "--yes")
	d.do(t, 0, "param", "set", "/wordpress/demo/api/mysqlendpoints", strings.Join(d.urls, ","), "--type", "StringList", "--home", "aws")
	d.do(t, 0, "deploy", "status")
	if n := len(d.executions(t)); n != 0 {
		t.Errorf("%d executions before the schedule is due", n)
	}

	// The schedule is changed to one that is due soon: an update of the stack.
	due := time.Now().UTC().Add(2 * time.Minute).Truncate(time.Second)
	d.definition(t, "schedules: {soon: {expression: at("+due.Format("2006-01-02T15:04:05")+")}}\n")
	if plan := d.do(t, 0, "deploy", "plan"); !strings.Contains(plan, "Schedule") {
		t.Error("the plan says nothing of the schedule")
	}
	d.do(t, 0, "deploy", "apply", "--yes")
	if now := time.Now(); now.After(due) {
		t.Fatalf("the deployment took until %s: the schedule was due at %s", now.UTC(), due)
	}
	await(t, 4*time.Minute, "the scheduled execution", func() bool {
		found := d.executions(t)
		return len(found) > 0 && found[0].Status != sfntypes.ExecutionStatusRunning
	})
	d.judgeExecution(t)
	d.compare(t)
	d.ask(t)
	d.again(t)
	d.destroy(t)
}

func (d *deployment) judgeExecution(t *testing.T) {
	t.Helper()
	found := d.executions(t)
	out, err := sfn.NewFromConfig(d.owner).DescribeExecution(t.Context(), &sfn.DescribeExecutionInput{ExecutionArn: found[0].ExecutionArn})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("the execution %s: %s, from %s to %s", *out.Name, out.Status, out.StartDate.UTC().Format(time.RFC3339), out.StopDate.UTC().Format(time.RFC3339))
	if out.Status != sfntypes.ExecutionStatusSucceeded || len(found) != 1 {
		t.Fatalf("%d executions, the last is %s: %s: %s", len(found), out.Status, sdk.ToString(out.Error), sdk.ToString(out.Cause))
	}
}

// compare runs the same definition at home and compares what both homes hold and
// say.
func (d *deployment) compare(t *testing.T) {
	t.Helper()
	local := d.compareObjects(t)
	atHome := listed(t, wplake(t, local.dir, nil, "tables", "--json"))
	same(t, "columns in Glue", atHome, glueTables(t, d.owner, "wordpress_api"))
	same(t, "columns as wplake lists them", atHome, listed(t, wplake(t, d.dir, d.environment, "tables", "--json", "--home", "aws")))
	// The same question, asked in both homes.
	const question = `SELECT s.date_year, count(*) AS pages, sum(s.count)::BIGINT AS views FROM silver.statistics_pages s GROUP BY ALL ORDER BY ALL`
	same(t, "the answer to a question",
		string(wplake(t, local.dir, nil, "query", "--json", question)), string(wplake(t, d.dir, d.environment, "query", "--json", question, "--home", "aws")))
}

// compareObjects runs the same definition at home and compares all objects.
func (d *deployment) compareObjects(t *testing.T) *deployment {
	t.Helper()
	local := &deployment{account: d.account, dir: t.TempDir(), urls: d.urls}
	local.definition(t, "")
	wplake(t, local.dir, nil, "param", "set", "/wordpress/demo/api/mysqlendpoints", strings.Join(d.urls, ","), "--type", "StringList")
	wplake(t, local.dir, nil, "run", "--json")
	here, there := t.TempDir(), t.TempDir()
	var raw int64
	for _, layer := range []lake.Layer{lake.Raw, lake.Bronze, lake.Silver} {
		found := keys(t, objects(d.owner), d.bucket(layer))
		if len(found) != len(d.urls) {
			t.Errorf("%s has %d objects: %v", layer, len(found), found)
		}
		for _, key := range found {
			theirs := get(t, objects(d.owner), d.bucket(layer), key)
			ours, err := os.ReadFile(filepath.Join(local.dir, "lake", d.bucket(layer), filepath.FromSlash(key)))
			if err != nil {
				t.Error(err)
				continue
			}
			if layer == lake.Raw {
				if !bytes.Equal(ours, theirs) {
					t.Errorf("raw differs: %s has %d bytes at home and %d on AWS", key, len(ours), len(theirs))
				}
				raw += int64(len(ours))
				continue
			}
			keep(t, here, layer, key, ours)
			keep(t, there, layer, key, theirs)
		}
	}
	t.Logf("raw: %d objects, %d bytes, equal", len(d.urls), raw)
	if found := compareTables(t, here, there); len(found) != 2*len(d.urls) {
		t.Errorf("%d tables were compared", len(found))
	}
	return local
}

// keep writes an object to be compared, without the folder that all have.
func keep(t *testing.T, dir string, layer lake.Layer, key string, content []byte) {
	t.Helper()
	dir = filepath.Join(dir, string(layer))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, filepath.Base(key)), content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// ask looks at the deployed lake with the commands that people look with.
func (d *deployment) ask(t *testing.T) {
	t.Helper()
	d.do(t, 0, "deploy", "status")
	d.do(t, 0, "tables", "--home", "aws")
	// No channel of a person is subscribed, which is worth a warning.
	d.do(t, 0, "doctor", "--home", "aws")
	d.do(t, 0, "logs", "--home", "aws")
	answer := d.do(t, 0, "query", "--home", "aws", "--engine", "athena", "--json",
		`SELECT count(*) AS n FROM "wordpress_api"."silver-posts"`)
	duckdb := d.do(t, 0, "query", "--home", "aws", "--engine", "duckdb", "--json", `SELECT count(*) AS n FROM "silver-posts"`)
	number := duckdb[strings.Index(duckdb, `"n"`):strings.Index(duckdb, "}")]
	if !strings.Contains(answer, number) {
		t.Errorf("Athena says %s, DuckDB %s", answer, duckdb)
	}
}

// again runs the deployed workflow by hand: nothing is left to do.
func (d *deployment) again(t *testing.T) {
	t.Helper()
	before := map[string]time.Time{}
	for _, layer := range []lake.Layer{lake.Bronze, lake.Silver} {
		for key, at := range modified(t, objects(d.owner), d.bucket(layer)) {
			before[string(layer)+key] = at
		}
	}
	d.do(t, 0, "run", "--home", "aws")
	found := d.executions(t)
	if len(found) != 2 || found[0].Status != sfntypes.ExecutionStatusSucceeded {
		t.Errorf("%d executions, the last is %s", len(found), found[0].Status)
	}
	for _, layer := range []lake.Layer{lake.Bronze, lake.Silver} {
		for key, at := range modified(t, objects(d.owner), d.bucket(layer)) {
			if !at.Equal(before[string(layer)+key]) {
				t.Errorf("%s of %s was written again though nothing has changed", key, layer)
			}
		}
	}
}

// destroy takes the stack away: the data stays until it is told twice.
func (d *deployment) destroy(t *testing.T) {
	t.Helper()
	d.do(t, 0, "deploy", "destroy", "--yes")
	if n := len(keys(t, objects(d.owner), d.bucket(lake.Silver))); n != len(d.urls) {
		t.Errorf("destroy left %d objects of silver", n)
	}
	client := cloudformation.NewFromConfig(d.owner)
	stacks, err := client.DescribeStacks(t.Context(), &cloudformation.DescribeStacksInput{})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range stacks.Stacks {
		if s.DeletionTime == nil {
			t.Errorf("the stack %s is there still: %s", *s.StackName, s.StackStatus)
		}
	}
	d.do(t, 1, "deploy", "status")
	var machines *sfn.ListStateMachinesOutput
	if machines, err = sfn.NewFromConfig(d.owner).ListStateMachines(t.Context(), &sfn.ListStateMachinesInput{}); err != nil {
		t.Fatal(err)
	}
	if n := len(machines.StateMachines); n != 0 {
		t.Errorf("%d state machines are left", n)
	}
}

// The command's own document, for programs: what was deployed.
func TestTemplateOfEveryVariant(t *testing.T) {
	t.Parallel()
	for name, more := range map[string]string{
		"default":      "",
		"crawlers":     "catalog: {crawler: true}\n",
		"python shell": "silver: {runtime: glue-pythonshell}\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := &deployment{account: newAccount(), dir: t.TempDir()}
			d.definition(t, more)
			for _, format := range []string{"yaml", "json"} {
				out := wplake(t, d.dir, nil, "deploy", "template", "--format", format)
				path := filepath.Join(t.TempDir(), "template."+format)
				if err := os.WriteFile(path, out, 0o600); err != nil {
					t.Fatal(err)
				}
				if format == "json" && !json.Valid(out) {
					t.Error("the template is no JSON")
				}
				lint := exec.CommandContext(t.Context(), tool(t, "cfn-lint"), path)
				if said, err := lint.CombinedOutput(); err != nil {
					t.Errorf("cfn-lint, %s: %v\n%s", format, err, said)
				}
			}
		})
	}
}

// The lake's other ways on AWS: silver as a Glue job, tables by crawlers. Both
// give what home gives.
func TestDeployedVariants(t *testing.T) {
	for name, more := range map[string]string{
		"silver as a Python Shell job": "silver: {runtime: glue-pythonshell}\n",
		"tables by crawlers":           "catalog: {crawler: true}\n",
	} {
		t.Run(name, func(t *testing.T) {
			url := emulator(t, "MINISTACK_URL")
			d := &deployment{account: newAccount(), dir: t.TempDir(), urls: site(t)}
			d.owner, d.environment = client(url, d.account), awsEnvironment(url, d.account)
			d.definition(t, more)
			d.do(t, 0, "deploy", "apply", "--yes")
			d.do(t, 0, "param", "set", "/wordpress/demo/api/mysqlendpoints", strings.Join(d.urls, ","), "--type", "StringList", "--home", "aws")
			d.do(t, 0, "run", "--home", "aws")
			d.judgeExecution(t)
			d.compareObjects(t)
			d.do(t, 0, "deploy", "destroy", "--yes", "--delete-data=wplake-demo")
			left, err := objects(d.owner).ListBuckets(t.Context(), &s3.ListBucketsInput{})
			if err != nil {
				t.Fatal(err)
			}
			for _, b := range left.Buckets {
				if strings.Contains(*b.Name, d.account) {
					t.Errorf("the bucket %s is left", *b.Name)
				}
			}
		})
	}
}
