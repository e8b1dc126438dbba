package awsapi

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"wplake/internal/lake"
)

// Config is how the SDK reaches AWS: what Load found. Drivers get it handed in.
type Config = aws.Config

// Identity is who asks AWS.
type Identity struct {
	Account   string // 12 digits
	ARN       string // of the user or the assumed role
	Partition string // aws, aws-cn, aws-us-gov
	Region    string
}

// WhoAmI asks AWS whose credentials these are; nobody needs a permission for
// that. The error is a *lake.Error.
func WhoAmI(ctx context.Context, c Config) (Identity, error) {
	out, err := sts.NewFromConfig(c).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return Identity{}, Failure(err, "ask AWS whose credentials these are", "sts:GetCallerIdentity", lake.ServiceFailed)
	}
	return Identity{
		Account: aws.ToString(out.Account), ARN: aws.ToString(out.Arn), Region: c.Region,
		Partition: partition(aws.ToString(out.Arn)),
	}, nil
}

// partition is that of an ARN.
func partition(arn string) string {
	parts := strings.SplitN(arn, ":", 3)
	if len(parts) < 3 || parts[1] == "" {
		return "aws"
	}
	return parts[1]
}
