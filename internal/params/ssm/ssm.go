// Package ssm keeps parameters in AWS Systems Manager Parameter Store.
package ssm

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"wplake/internal/params"
)

// Options configure a Store.
type Options struct {
	// KMSKey is the id, ARN or alias of the key that encrypts SecureStrings;
	// "" is the account's own key for Parameter Store (alias/aws/ssm).
	KMSKey string
}

// Store is a region's Parameter Store. Its methods may be called concurrently.
//
// Nothing is kept between calls: a function's process outlives its invocation,
// and a parameter that was changed in between has to be seen.
type Store struct {
	client *ssm.Client
	key    string
}

var _ params.Store = (*Store)(nil)

// New returns the Parameter Store of cfg's account and region. No request is
// made.
func New(cfg aws.Config, o Options) *Store {
	return &Store{client: ssm.NewFromConfig(cfg), key: o.KMSKey}
}

// Get returns a parameter, decrypted; see params.Store. It needs
// ssm:GetParameter alone, and kms:Decrypt where a key of the account's own
// encrypts the value.
func (s *Store) Get(ctx context.Context, name string) (params.Parameter, error) {
	if !params.ValidName(name) && !strings.HasPrefix(name, "/aws/") {
		// No parameter can have it; AWS would answer with an error of its own.
		if ctx.Err() != nil {
			return params.Parameter{}, ctx.Err()
		}
		return params.Parameter{}, notFound(name)
	}
	out, err := s.client.GetParameter(ctx, &ssm.GetParameterInput{Name: &name, WithDecryption: aws.Bool(true)})
	if _, missing := errors.AsType[*types.ParameterNotFound](err); missing {
		return params.Parameter{}, notFound(name)
	}
	if err != nil {
		return params.Parameter{}, failure(err, "read the parameter "+name, "ssm:GetParameter", "kms:Decrypt")
	}
	if out.Parameter == nil {
		return params.Parameter{}, notFound(name)
	}
	return parameterOf(*out.Parameter), nil
}

func notFound(name string) error { return fmt.Errorf("%w: %s", params.ErrNotFound, name) }

func parameterOf(p types.Parameter) params.Parameter {
	return params.Parameter{Name: aws.ToString(p.Name), Type: params.Type(p.Type), Value: aws.ToString(p.Value)}
}

// Put creates or replaces a parameter; see params.Store. Which tier it is of
// is left to the account's default: more than 4096 characters need one that
// has advanced parameters. An error never holds the value.
func (s *Store) Put(ctx context.Context, p params.Parameter) error {
	if err := params.Check(p); err != nil {
		return err
	}
	in := &ssm.PutParameterInput{
		Name: &p.Name, Value: &p.Value, Type: types.ParameterType(p.Type), Overwrite: aws.Bool(true),
	}
	if p.Type == params.SecureString && s.key != "" {
		in.KeyId = &s.key
	}
	_, err := s.client.PutParameter(ctx, in)
	return putFailure(err, p)
}
