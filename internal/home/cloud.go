package home

import (
	"context"

	"wplake/internal/awsapi"
	"wplake/internal/config"
)

// Cloud is AWS as a home sees it.
type Cloud struct {
	awsapi.Identity
	Config awsapi.Config
}

// OpenCloud finds out how to reach AWS and whose credentials there are.
func OpenCloud(ctx context.Context, c config.Config) (*Cloud, error) {
	cfg, err := awsapi.Load(ctx, awsapi.Options{Profile: c.AWS.Profile, Region: c.AWS.Region})
	if err != nil {
		return nil, err
	}
	id, err := awsapi.WhoAmI(ctx, cfg)
	if err != nil {
		return nil, err
	}
	return &Cloud{Identity: id, Config: cfg}, nil
}
