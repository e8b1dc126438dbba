package ssm

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"wplake/internal/params"
)

// namesAtOnce is how many parameters GetParameters takes.
const namesAtOnce = 10

// List returns the parameters below a path, or those whose names begin with a
// prefix that is no path; see params.Store. The first needs
// ssm:GetParametersByPath, the second ssm:DescribeParameters and
// ssm:GetParameters.
func (s *Store) List(ctx context.Context, prefix string) ([]params.Parameter, error) {
	path := strings.TrimSuffix(prefix, "/")
	var found []params.Parameter
	var err error
	if path != prefix && params.ValidName(path) && strings.HasPrefix(path, "/") {
		found, err = s.below(ctx, path)
	} else {
		found, err = s.beginning(ctx, prefix)
	}
	if err != nil {
		return nil, err
	}
	slices.SortFunc(found, func(a, b params.Parameter) int { return strings.Compare(a.Name, b.Name) })
	return found, nil
}

// below are the parameters below a path, at any depth.
func (s *Store) below(ctx context.Context, path string) ([]params.Parameter, error) {
	found := []params.Parameter{}
	pages := ssm.NewGetParametersByPathPaginator(s.client, &ssm.GetParametersByPathInput{
		Path: &path, Recursive: aws.Bool(true), WithDecryption: aws.Bool(true),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, failure(err, "list the parameters below "+path, "ssm:GetParametersByPath", "kms:Decrypt")
		}
		for _, p := range page.Parameters {
			found = append(found, parameterOf(p))
		}
	}
	return found, nil
}

// beginning are the parameters whose names begin with prefix.
func (s *Store) beginning(ctx context.Context, prefix string) ([]params.Parameter, error) {
	in := &ssm.DescribeParametersInput{MaxResults: aws.Int32(50)}
	if prefix != "" {
		in.ParameterFilters = []types.ParameterStringFilter{
			{Key: aws.String("Name"), Option: aws.String("BeginsWith"), Values: []string{prefix}},
		}
	}
	var names []string
	pages := ssm.NewDescribeParametersPaginator(s.client, in)
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, failure(err, "list the parameters that begin with "+prefix, "ssm:DescribeParameters", "kms:Decrypt")
		}
		for _, p := range page.Parameters {
			if name := aws.ToString(p.Name); strings.HasPrefix(name, prefix) {
				names = append(names, name)
			}
		}
	}
	found := []params.Parameter{}
	for some := range slices.Chunk(names, namesAtOnce) {
		out, err := s.client.GetParameters(ctx, &ssm.GetParametersInput{Names: some, WithDecryption: aws.Bool(true)})
		if err != nil {
			return nil, failure(err, "read the parameters that begin with "+prefix, "ssm:GetParameters", "kms:Decrypt")
		}
		// out.InvalidParameters are those that somebody removed meanwhile.
		for _, p := range out.Parameters {
			found = append(found, parameterOf(p))
		}
	}
	return found, nil
}
