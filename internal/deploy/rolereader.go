package deploy

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"wplake/internal/awsapi"
	roles "wplake/internal/deploy/iam"
	"wplake/internal/lake"
)

// RoleReader reads the policies of live roles. It may be used concurrently.
type RoleReader struct{ client *iam.Client }

// NewRoleReader reads with the credentials of cfg.
func NewRoleReader(cfg awsapi.Config) RoleReader { return RoleReader{iam.NewFromConfig(cfg)} }

// ReadRole returns all policies of a role, by its name or ARN: inline ones,
// attached ones in their default version, and the permissions boundary. It
// needs iam:GetRole, iam:ListRolePolicies, iam:GetRolePolicy,
// iam:ListAttachedRolePolicies, iam:GetPolicy and iam:GetPolicyVersion. Errors
// are *lake.Error; a role that does not exist has the code ConfigInvalid.
func (r RoleReader) ReadRole(ctx context.Context, role string) ([]roles.Document, error) {
	name := role[strings.LastIndexByte(role, '/')+1:]
	got, err := r.client.GetRole(ctx, &iam.GetRoleInput{RoleName: &name})
	if awsapi.Code(err) == "NoSuchEntity" {
		return nil, &lake.Error{
			Code: lake.ConfigInvalid, Message: fmt.Sprintf("there is no role %s in this account", name),
			Hint: "give a role's name or ARN, or the file of a policy; `wplake iam` prints what the roles are called",
		}
	}
	if err != nil {
		return nil, readFailure(err, name, "iam:GetRole")
	}
	documents, err := r.inline(ctx, name)
	if err != nil {
		return nil, err
	}
	attached, err := r.attached(ctx, name)
	if err != nil {
		return nil, err
	}
	documents = append(documents, attached...)
	if got.Role == nil || got.Role.PermissionsBoundary == nil {
		return documents, nil
	}
	boundary, err := r.managed(ctx, name, aws.ToString(got.Role.PermissionsBoundary.PermissionsBoundaryArn), roles.Boundary)
	if err != nil {
		return nil, err
	}
	return append(documents, boundary), nil
}

func (r RoleReader) inline(ctx context.Context, role string) ([]roles.Document, error) {
	var documents []roles.Document
	pages := iam.NewListRolePoliciesPaginator(r.client, &iam.ListRolePoliciesInput{RoleName: &role})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, readFailure(err, role, "iam:ListRolePolicies")
		}
		for _, policy := range page.PolicyNames {
			got, err := r.client.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: &role, PolicyName: &policy})
			if err != nil {
				return nil, readFailure(err, role, "iam:GetRolePolicy")
			}
			d, err := decoded(policy, roles.Inline, got.PolicyDocument)
			if err != nil {
				return nil, err
			}
			documents = append(documents, d)
		}
	}
	return documents, nil
}

func (r RoleReader) attached(ctx context.Context, role string) ([]roles.Document, error) {
	var documents []roles.Document
	pages := iam.NewListAttachedRolePoliciesPaginator(r.client, &iam.ListAttachedRolePoliciesInput{RoleName: &role})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, readFailure(err, role, "iam:ListAttachedRolePolicies")
		}
		for _, policy := range page.AttachedPolicies {
			d, err := r.managed(ctx, role, aws.ToString(policy.PolicyArn), roles.Attached)
			if err != nil {
				return nil, err
			}
			documents = append(documents, d)
		}
	}
	return documents, nil
}

// managed reads the default version of a policy that stands for itself.
func (r RoleReader) managed(ctx context.Context, role, arn string, kind roles.DocumentKind) (roles.Document, error) {
	got, err := r.client.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: &arn})
	if err != nil {
		return roles.Document{}, readFailure(err, role, "iam:GetPolicy")
	}
	if got.Policy == nil {
		return roles.Document{}, oddAnswer(arn)
	}
	version, err := r.client.GetPolicyVersion(ctx, &iam.GetPolicyVersionInput{PolicyArn: &arn, VersionId: got.Policy.DefaultVersionId})
	if err != nil {
		return roles.Document{}, readFailure(err, role, "iam:GetPolicyVersion")
	}
	if version.PolicyVersion == nil {
		return roles.Document{}, oddAnswer(arn)
	}
	return decoded(arn, kind, version.PolicyVersion.Document)
}

// decoded is a document as IAM sends it, with % escapes.
func decoded(name string, kind roles.DocumentKind, text *string) (roles.Document, error) {
	plain, err := url.PathUnescape(aws.ToString(text))
	if err != nil || plain == "" {
		return roles.Document{}, oddAnswer(name)
	}
	return roles.Document{Name: name, Kind: kind, Text: []byte(plain)}, nil
}

func oddAnswer(policy string) error {
	return &lake.Error{Code: lake.ServiceFailed, Message: "IAM's answer about the policy " + policy + " holds no document", Hint: "run again"}
}

func readFailure(err error, role, action string) error {
	return awsapi.Failure(err, "read the policies of the role "+role, action, lake.ServiceFailed)
}
