package template_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"wplake/internal/config"
	"wplake/internal/deploy/template"
	"wplake/internal/workflow/machine"
)

var update = flag.Bool("update", false, "write the golden templates anew")

// build makes a template of a definition in YAML.
func build(t *testing.T, text string, machines map[string][]byte) (config.Config, template.Template) {
	t.Helper()
	c, _, err := config.Parse("wplake.yaml", ".", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	in := template.Input{Config: c, Definition: machine.Default(c), Machines: machines}
	if own, ok := machines["own"]; ok {
		in.Definition = own
		delete(machines, "own")
	}
	built, err := template.Build(in)
	if err != nil {
		t.Fatal(err)
	}
	return c, built
}

// example is a definition whose template is kept.
type example struct {
	name, definition string
	machines         map[string][]byte
}

const (
	key  = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"
	role = "arn:aws:iam::123456789012:role/"
)

func examples() []example {
	own := `{"StartAt": "Load", "States": {"Load": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke",
		"Parameters": {"FunctionName": "arn:aws:lambda:eu-west-1:REDACTED:function:data_wordpressapi_raw", "Payload.$": "$"},
		"End": true}}}`
	monthly := `{"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 1, "End": true}}}`
	return []example{
		{name: "default"},
		{name: "crawlers", definition: "catalog: {crawler: true}\nsite: blog\n"},
		{name: "pythonshell", definition: "silver: {runtime: glue-pythonshell}\nengine: {memory_limit: 512MB}\n"},
		{name: "existing", definition: `
silver: {runtime: glue-pythonshell}
catalog: {crawler: true}
schedules: {daily: {expression: cron(0 7 * * ? *)}}
aws:
  alarms: false
  dashboard: false
  athena: {workgroup: primary}
  subscribe: [someone@example.org]
  existing:
    buckets: true
    topics: true
    function_role: {raw: "` + role + `raw", bronze: "` + role + `bronze"}
    workflow_role: ` + role + `workflow
    schedule_role: ` + role + `schedule
    crawler_role: ` + role + `crawler
    job_role: ` + role + `job
`},
		{name: "kms", definition: `
site: blog
source:
  kind: endpoints
  endpoints:
    urls: [https://example.org/wp-json/mo/v1/posts_endpoint/, https://example.org/wp-json/mo/v1/terms_endpoint/]
    user: reader
    password: param:/wordpress/blog/password
aws:
  kms_key: ` + key + `
  region: eu-west-1
  tags: {team: data, "cost:centre": "12:30", since: "2026-01-01"}
  subscribe: [someone@example.org, "https://example.org/hook"]
  athena: {scan_limit: 1GB, results: s3://my-results/athena/}
`},
		{name: "own-machine", definition: `
aws: {functions: {architecture: arm64, memory_mb: 1024, timeout: 5m}}
schedules:
  nightly.load: {expression: "cron(30 2 * * ? *)", timezone: Europe/London, flexible_window: 15m, alert_after: 30h, retries: 0,
    start: "2027-01-01T00:00:00Z", end: "2028-01-01T00:00:00Z", input: '{"due": "<aws.scheduler.scheduled-time>"}'}
  monthly: {expression: "cron(0 6 1 * ? *)", definition: monthly.asl.json, dead_letter: data-lakehouse-raw}
  once: {expression: "at(2027-05-01T10:00:00)", state: DISABLED}
`, machines: map[string][]byte{"own": []byte(own), "monthly": []byte(monthly)}},
	}
}

func TestGoldenTemplates(t *testing.T) {
	t.Parallel()
	for _, e := range examples() {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			_, built := build(t, e.definition, clone(e.machines))
			path, got := filepath.Join("testdata", e.name+".yaml"), withoutRoles(string(built.YAML()))
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("%s is another (go test ./internal/deploy/template -update writes it anew):\n%s", path, diff)
			}
		})
	}
}

// withoutRoles leaves out what package iam's own golden files hold.
func withoutRoles(text string) string {
	before, rest, found := strings.Cut(text, "\n  # --- Roles:")
	_, after, _ := strings.Cut(rest, "\n  # --- ")
	if !found {
		return text
	}
	return before + "\n  # (roles)\n\n  # --- " + after
}

func TestSameDefinitionSameBytes(t *testing.T) {
	t.Parallel()
	for _, e := range examples() {
		_, first := build(t, e.definition, clone(e.machines))
		_, second := build(t, e.definition, clone(e.machines))
		if !bytes.Equal(first.YAML(), second.YAML()) || !bytes.Equal(first.JSON(), second.JSON()) {
			t.Errorf("%s: two templates of one definition differ", e.name)
		}
	}
}

func clone(m map[string][]byte) map[string][]byte {
	c := map[string][]byte{}
	for k, v := range m {
		c[k] = v
	}
	return c
}

// decoded is the template as a generic value, read from its JSON.
func decoded(t *testing.T, built template.Template) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal(built.JSON(), &v); err != nil {
		t.Fatal(err)
	}
	return v
}
