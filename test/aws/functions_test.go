//go:build aws

package aws

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	sfntypes "github.com/aws/aws-sdk-go-v2/service/sfn/types"
)

// zipped is a package with one executable file, bootstrap.
func zipped(t *testing.T, bootstrap []byte, more map[string][]byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	add := func(name string, content []byte, mode os.FileMode) {
		header := &zip.FileHeader{Name: name, Method: zip.Deflate}
		header.SetMode(mode)
		f, err := w.CreateHeader(header)
		if err == nil {
			_, err = f.Write(content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	add("bootstrap", bootstrap, 0o755)
	for name, content := range more {
		add(name, content, 0o644)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// scripted makes a function that gives these answers, one after the other, and
// returns how to read the events that it was sent.
func scripted(t *testing.T, client *lambda.Client, name string, answers ...map[string]any) (events func() []map[string]any) {
	t.Helper()
	return scriptedAs(t, client, name, "arn:aws:iam::000000000000:role/test", answers...)
}

// scriptedAs makes such a function with a role.
func scriptedAs(t *testing.T, client *lambda.Client, name, role string, answers ...map[string]any) (events func() []map[string]any) {
	t.Helper()
	script, err := os.ReadFile(filepath.Join("testdata", "bootstrap.py"))
	if err != nil {
		t.Fatal(err)
	}
	told, err := json.Marshal(answers)
	if err != nil {
		t.Fatal(err)
	}
	counter := filepath.Join(t.TempDir(), "events")
	_, err = client.CreateFunction(t.Context(), &lambda.CreateFunctionInput{
		FunctionName: &name, Runtime: lambdatypes.RuntimeProvidedal2023, Handler: sdk.String("bootstrap"),
		Role: &role, Timeout: sdk.Int32(30),
		Code:        &lambdatypes.FunctionCode{ZipFile: zipped(t, script, nil)},
		Environment: &lambdatypes.Environment{Variables: map[string]string{"ANSWERS": string(told), "COUNTER": counter}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return func() []map[string]any {
		text, err := os.ReadFile(counter)
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		if err != nil {
			t.Fatal(err)
		}
		var seen []map[string]any
		for line := range strings.Lines(string(text)) {
			var event map[string]any
			if err := json.Unmarshal([]byte(line), &event); err != nil {
				t.Fatal(err)
			}
			seen = append(seen, event)
		}
		return seen
	}
}

// ended waits until an execution has ended.
func ended(t *testing.T, client *sfn.Client, arn string, within time.Duration) *sfn.DescribeExecutionOutput {
	t.Helper()
	var out *sfn.DescribeExecutionOutput
	await(t, within, "the execution "+arn, func() bool {
		var err error
		out, err = client.DescribeExecution(t.Context(), &sfn.DescribeExecutionInput{ExecutionArn: &arn})
		if err != nil {
			t.Fatal(err)
		}
		return out.Status != sfntypes.ExecutionStatusRunning
	})
	return out
}
