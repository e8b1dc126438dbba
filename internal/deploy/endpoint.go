package deploy

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// endpointOverridden reports whether a service is asked elsewhere than at AWS.
// Buckets' names are then no part of a host's.
func endpointOverridden(cfg aws.Config, service string) bool {
	return cfg.BaseEndpoint != nil || endpointOf(cfg, service) != ""
}

// endpointOf is the address of a service that the environment or the shared
// configuration gives; "" for AWS's own.
func endpointOf(cfg aws.Config, service string) string {
	for _, source := range cfg.ConfigSources {
		resolver, ok := source.(interface {
			GetServiceBaseEndpoint(context.Context, string) (string, bool, error)
		})
		if !ok {
			continue
		}
		if address, found, err := resolver.GetServiceBaseEndpoint(context.Background(), service); err == nil && found {
			return address
		}
	}
	if cfg.BaseEndpoint != nil {
		return *cfg.BaseEndpoint
	}
	return ""
}
