//go:build aws

package aws

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"wplake/internal/deploy"
	roles "wplake/internal/deploy/iam"
	"wplake/internal/lake"
)

// The job's script works with the job's generated role: it fetches the package,
// and silver is refined. Without the statement for the package it cannot begin,
// and without those for the layers it fails.
func TestRoleOfTheJob(t *testing.T) {
	l := byHand(t, emulator(t, "MINISTACK_AUTH_URL"), site(t), false)
	for _, function := range []string{lake.FunctionRaw, lake.FunctionBronze} {
		l.invoke(t, invocation{function: function, event: map[string]any{"run_id": "run-1"}}).well(t, len(l.endpoint))
	}
	definition, err := os.ReadFile(filepath.Join(l.dir, "wplake.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(l.dir, "wplake.yaml"), append(definition, "silver: {runtime: glue-pythonshell}\n"...), 0o600); err != nil {
		t.Fatal(err)
	}
	script := filepath.Join(t.TempDir(), "job.py")
	if err := os.WriteFile(script, deploy.PythonShellScript(), 0o600); err != nil {
		t.Fatal(err)
	}
	wplake(t, l.dir, nil, "deploy", "package", "-o", "package.zip")
	archive, err := os.ReadFile(filepath.Join(l.dir, "package.zip"))
	if err != nil {
		t.Fatal(err)
	}
	bucket, key := "wplake-artifacts-"+l.account+"-"+region, "wplake-demo/packages/1.zip"
	if _, err := objects(l.owner).CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &bucket}); err != nil {
		t.Fatal(err)
	}
	if _, err := objects(l.owner).PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(archive)}); err != nil {
		t.Fatal(err)
	}
	policy, assumed := l.roleOf(t, "job")
	run := func(name string) (string, error) {
		cmd := exec.CommandContext(t.Context(), tool(t, "python"), script, "--scriptLocation", "s3://"+bucket+"/job.py",
			"--package", "s3://"+bucket+"/"+key, "--region", region, "--execution", name, "--input", `{"full": true}`)
		cmd.Env = []string{
			"PATH=" + os.Getenv("PATH"), "AWS_ENDPOINT_URL=" + l.url, "TMPDIR=" + t.TempDir(), "NO_PROXY=127.0.0.1",
			"AWS_ACCESS_KEY_ID=" + assumed.AccessKeyID, "AWS_SECRET_ACCESS_KEY=" + assumed.SecretAccessKey, "AWS_SESSION_TOKEN=" + assumed.SessionToken,
		}
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	role := l.roles(t)[roles.Job]
	policy(role.Policy())
	if out, err := run("run-1"); err != nil {
		t.Fatalf("with its role the job fails: %v\n%s", err, out)
	}
	if found := keys(t, objects(l.owner), l.buckets[lake.Silver]); len(found) != len(l.endpoint) {
		t.Errorf("silver has %v", found)
	}
	tried := 0
	for i, s := range role.Statements {
		// Glue's own calls, and what is done when rows or writes failed, which the
		// function of the same statements is put to.
		if slices.Contains([]string{"CloudWatchLogActions", "SNSActions", "S3RejectsActions", "S3UploadActions"}, s.Sid) {
			continue
		}
		tried++
		policy(without(role, i))
		out, err := run("without-" + s.Sid)
		lines := strings.Split(strings.TrimSpace(out), "\n")
		t.Logf("without %s (%s): %v: %.300s", s.Sid, strings.Join(s.Actions, ", "), err, lines[len(lines)-1])
		if err == nil {
			t.Errorf("without %s the job does all the same:\n%s", s.Sid, out)
		}
	}
	if tried != 6 {
		t.Errorf("%d statements were taken away", tried)
	}
}
