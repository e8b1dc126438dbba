//go:build aws

package ssm_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"wplake/internal/params"
	"wplake/internal/params/paramstest"
	"wplake/internal/params/ssm"
)

// Each store has an account of its own: the emulator takes a key of twelve
// digits for one.
func TestConformance(t *testing.T) {
	endpoint := os.Getenv("MINISTACK_URL")
	if endpoint == "" {
		t.Fatal("MINISTACK_URL names no emulator; `make test-aws` starts one")
	}
	paramstest.Run(t, func(*testing.T) params.Store {
		account := fmt.Sprintf("%012d", 100_000_000_000+rand.Int64N(800_000_000_000))
		return ssm.New(aws.Config{
			Region: "eu-west-1", BaseEndpoint: &endpoint,
			Credentials: credentials.NewStaticCredentialsProvider(account, "secret", ""),
		}, ssm.Options{})
	})
}
