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

// OpenCloud finds out how to reach AWS and whose credentials there are. notice is
// told of calls that are made again; it may be nil.
func OpenCloud(ctx context.Context, c config.Config, notice func(string)) (*Cloud, error) {
	cfg, err := awsapi.Load(ctx, awsapi.Options{Profile: c.AWS.Profile, Region: c.AWS.Region, Notice: notice})
	if err != nil {
		return nil, err
	}
	id, err := awsapi.WhoAmI(ctx, cfg)
	if err != nil {
		return nil, err
	}
	return &Cloud{Identity: id, Config: cfg}, nil
}
