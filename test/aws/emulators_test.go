//go:build aws

package aws

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"wplake/internal/wordpress/sample"
)

const region = "us-east-1"

// binary is the built wplake.
var binary string

// accounts counts the accounts that tests were given.
var accounts atomic.Int64

func TestMain(m *testing.M) { os.Exit(testMain(m)) }

// testMain finds the release binary, or makes it: no other runs on Lambda.
func testMain(m *testing.M) int {
	if binary = os.Getenv("WPLAKE"); binary != "" {
		return m.Run()
	}
	build := exec.CommandContext(context.Background(), "make", "-C", filepath.Join("..", ".."), "build")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "make build: %v\n%s", err, out)
		return 1
	}
	made, err := filepath.Abs(filepath.Join("..", "..", "bin", "wplake"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	binary = made
	return m.Run()
}

// emulator is the address that a variable of make test-aws names.
func emulator(t *testing.T, variable string) string {
	t.Helper()
	url := os.Getenv(variable)
	if url == "" {
		t.Fatalf("%s is not set: these tests are run by make test-aws", variable)
	}
	return url
}

// tool is a program beside the emulators, such as cfn-lint.
func tool(t *testing.T, name string) string {
	t.Helper()
	return filepath.Join(emulator(t, "AWS_TOOLS"), name)
}

// newAccount is the number of an account that no other test uses. MiniStack
// takes an access key of twelve digits for the account of that number, which
// begins empty.
func newAccount() string {
	// The process's number keeps two runs against one emulator apart.
	return fmt.Sprintf("7%05d%06d", os.Getpid()%100_000, accounts.Add(1))
}

// client is how an account's owner reaches an emulator.
func client(url, account string) sdk.Config {
	return sdk.Config{
		Region: region, BaseEndpoint: &url,
		Credentials: credentials.NewStaticCredentialsProvider(account, "testtest", ""),
	}
}

// objects is S3 of an emulator.
func objects(c sdk.Config) *s3.Client {
	return s3.NewFromConfig(c, func(o *s3.Options) { o.UsePathStyle = true })
}

// command is a wplake in a folder, with nothing of this process's environment
// but the programs' path; HOME is the folder, so that no person's files count.
// The cache is this user's, since compressing the binary takes half a minute.
func command(t *testing.T, dir string, environment []string, args ...string) *exec.Cmd {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), binary, args...)
	cmd.Dir = dir
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "XDG_CACHE_HOME=" + cache}, environment...)
	return cmd
}

// wplake runs a command that has to succeed and returns its standard output.
func wplake(t *testing.T, dir string, environment []string, args ...string) []byte {
	t.Helper()
	cmd := command(t, dir, environment, args...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("wplake %s: %v\n%s%s", strings.Join(args, " "), err, out, &stderr)
	}
	return out
}

// awsEnvironment is the environment of commands that work on an account of the
// emulator at url.
func awsEnvironment(url, account string) []string {
	return []string{
		"AWS_ENDPOINT_URL=" + url, "AWS_ACCESS_KEY_ID=" + account, "AWS_SECRET_ACCESS_KEY=testtest",
		"AWS_REGION=" + region, "AWS_EC2_METADATA_DISABLED=true",
	}
}

// site serves the sample site's tables at endpoints as the reference's plugin
// does, and returns their addresses.
func site(t *testing.T) []string {
	t.Helper()
	source := sample.New(sample.Options{})
	tables, err := source.Objects(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	var urls []string
	for _, table := range tables {
		path := "/wp-json/mo/v1/" + table.Name + "_endpoint/"
		body := &memory{}
		if err := source.Fetch(t.Context(), table, body); err != nil {
			t.Fatal(err)
		}
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Length", strconv.Itoa(len(body.bytes)))
			_, _ = w.Write(body.bytes) // a client that left needs nothing
		})
		urls = append(urls, server.URL+path)
	}
	return urls
}

// memory is a sink that keeps the last attempt's bytes.
type memory struct{ bytes []byte }

func (m *memory) Reset() error { m.bytes = nil; return nil }

func (m *memory) Write(p []byte) (int, error) { m.bytes = append(m.bytes, p...); return len(p), nil }

func (m *memory) Complete() error { return nil }

// await asks every so often until done says so, and fails the test when that
// takes longer than within.
func await(t *testing.T, within time.Duration, what string, done func() bool) {
	t.Helper()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	late := time.NewTimer(within)
	defer late.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-late.C:
			t.Fatalf("%s: not within %s", what, within)
		case <-t.Context().Done():
			t.Fatal(t.Context().Err())
		}
	}
}
