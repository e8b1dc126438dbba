// Package sfn asks a built wplake's server with the clients that people use
// for AWS Step Functions: the AWS CLI and aws-sdk-go-v2. The suite stands
// behind the build tag aws:
//
//	make test-sfn
//
// The variable AWS_CLI names the AWS CLI's program; without it, or one called
// aws on the path, its session is skipped.
package sfn
