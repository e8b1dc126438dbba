// Package awsapi opens the AWS SDK for the drivers of the home aws: whose
// credentials, which region and endpoint, how often a call is tried again; and
// it words the services' errors for people.
package awsapi

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/smithy-go/logging"

	"wplake/internal/lake"
)

// patience is how long a service may take to begin its answer once it has the
// request. No call of ours waits at the service for something to happen.
const patience = 30 * time.Second

// Options say how to reach AWS. What is empty comes from the standard chain:
// environment, shared configuration, the container's or the instance's role.
type Options struct {
	Profile string       // of the shared configuration
	Region  string       // e.g. eu-west-1
	Client  *http.Client // nil for the one with our patience
	// Notice is told of a call that has failed twice and is made again; may be nil.
	Notice func(text string)
}

// Load finds credentials' sources, region and endpoint (AWS_ENDPOINT_URL and
// its kin). No request is made to AWS. The error is a *lake.Error.
func Load(ctx context.Context, o Options) (aws.Config, error) {
	with := []func(*config.LoadOptions) error{
		config.WithRetryer(func() aws.Retryer { return newAgain(o.Notice) }),
		// What the SDK itself would print (how it looks for credentials) is in
		// the errors where it matters.
		config.WithLogger(logging.Nop{}),
		config.WithAppID("wplake"),
	}
	if o.Profile != "" {
		with = append(with, config.WithSharedConfigProfile(o.Profile))
	}
	if o.Region != "" {
		with = append(with, config.WithRegion(o.Region))
	}
	if o.Client != nil {
		with = append(with, config.WithHTTPClient(o.Client))
	} else {
		with = append(with, config.WithHTTPClient(awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
			t.ResponseHeaderTimeout = patience
		})))
	}
	c, err := config.LoadDefaultConfig(ctx, with...)
	if err != nil {
		return aws.Config{}, &lake.Error{
			Code: lake.CredentialsBad, Message: "the AWS configuration cannot be read: " + err.Error(),
			Hint: "look at ~/.aws/config, ~/.aws/credentials and the variables AWS_*", Err: err,
		}
	}
	if c.Region == "" {
		return aws.Config{}, &lake.Error{
			Code: lake.ConfigInvalid, Message: "no AWS region is known",
			Hint: "set aws.region in wplake.yaml, AWS_REGION, or the profile's region",
		}
	}
	if strings.ContainsFunc(c.Region, func(r rune) bool {
		return r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	}) {
		return aws.Config{}, &lake.Error{
			Code: lake.ConfigInvalid, Message: fmt.Sprintf("%q is not the name of an AWS region", c.Region),
			Hint: "a region's name is like eu-west-1: set aws.region in wplake.yaml, AWS_REGION, or the profile's region",
		}
	}
	return c, nil
}
