//go:build aws

package deploy_test

import (
	"archive/zip"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"wplake/internal/deploy"
)

// boto3 stands in for Glue's: it takes the package from a file.
const boto3 = `import os, shutil

class Session:
    region_name = "eu-west-1"

    def client(self, name):
        return client(name)

    def get_credentials(self):
        return Credentials()


class Credentials:
    access_key, secret_key, token = "AKIA", "secret", "session"

    def get_frozen_credentials(self):
        return self


class client:
    def __init__(self, name):
        assert name == "s3", name

    def download_file(self, bucket, key, to):
        assert (bucket, key) == ("artifacts", "lake/packages/1.zip"), (bucket, key)
        shutil.copy(os.environ["PACKAGE"], to)
`

// bootstrap stands in for the binary: it does what the event says.
const bootstrap = `#!/usr/bin/env python3
import json, os, sys, urllib.error, urllib.request
base = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/invocation/"
got = urllib.request.urlopen(base + "next")
event, id = json.load(got), got.headers["Lambda-Runtime-Aws-Request-Id"]
assert int(got.headers["Lambda-Runtime-Deadline-Ms"]) > 0
assert os.environ["WPLAKE_FUNCTION"] == "silver" and os.path.isdir(os.environ["TMPDIR"])
assert os.path.exists(os.path.join(os.environ["LAMBDA_TASK_ROOT"], "wplake.yaml"))
ask = urllib.request.Request(os.environ["AWS_CONTAINER_CREDENTIALS_FULL_URI"], headers={"Authorization": os.environ["AWS_CONTAINER_AUTHORIZATION_TOKEN"]})
lent = json.load(urllib.request.urlopen(ask))
assert (lent["AccessKeyId"], lent["SecretAccessKey"], lent["Token"]) == ("AKIA", "secret", "session") and lent["Expiration"].endswith("Z"), lent
try:
    urllib.request.urlopen(os.environ["AWS_CONTAINER_CREDENTIALS_FULL_URI"])
    sys.exit("credentials are lent to anybody")
except urllib.error.HTTPError as refused:
    assert refused.code == 403
assert os.environ["AWS_REGION"] == "eu-central-1" and "LD_LIBRARY_PATH" not in os.environ
if event.get("do") == "end":
    sys.exit(3)
to = "error" if event.get("do") == "fail" else "response"
urllib.request.urlopen(base + id + "/" + to, data=json.dumps({"event": event}).encode())
urllib.request.urlopen(base + "next")  # nobody answers: the script ends the process
`

func TestTheJobsScriptPlaysLambda(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	script, archive := filepath.Join(dir, "job.py"), filepath.Join(dir, "package.zip")
	for name, text := range map[string][]byte{script: deploy.PythonShellScript(), filepath.Join(dir, "boto3.py"): []byte(boto3)} {
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f, err := os.Create(archive)
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(f)
	for name, text := range map[string]string{"bootstrap": bootstrap, "wplake.yaml": "site: blog\n"} {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		input string
		well  bool
		want  string
	}{
		"well":  {`{"objects": ["posts"]}`, true, `"run_id": "run-1"`},
		"fails": {`{"do": "fail"}`, false, "silver failed"},
		"ends":  {`{"do": "end"}`, false, "exit status 3"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), "python3", script, "--scriptLocation", "s3://x/y.py", "--package", "s3://artifacts/lake/packages/1.zip",
				"--region", "eu-central-1", "--execution", "run-1", "--input", c.input, "--job-language", "python")
			cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "PACKAGE=" + archive, "PYTHONPATH=" + dir, "LD_LIBRARY_PATH=/nowhere"}
			out, err := cmd.CombinedOutput()
			if (err == nil) != c.well || !strings.Contains(string(out), c.want) {
				t.Errorf("%v: %s", err, out)
			}
			if c.well {
				var answer struct {
					Event map[string]any `json:"event"`
				}
				if err := json.Unmarshal(out, &answer); err != nil || len(answer.Event["objects"].([]any)) != 1 {
					t.Errorf("%v: %s", err, out)
				}
			}
		})
	}
}
