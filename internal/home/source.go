package home

import (
	"context"
	"time"

	"wplake/internal/config"
	"wplake/internal/wordpress"
	"wplake/internal/wordpress/endpoints"
	"wplake/internal/wordpress/sample"
)

// Source puts together the lake's source. Addresses and credentials are
// resolved when it is used.
func (h *Home) Source() wordpress.Source {
	if h.Config.Source.Kind == config.SourceEndpoints {
		return h.endpoints()
	}
	c := h.Config.Source.Sample
	return sample.New(sample.Options{Seed: c.Seed, Posts: c.Posts, Statistics: c.Statistics, Objects: c.Objects})
}

func (h *Home) endpoints() wordpress.Source {
	c := h.Config.Source.Endpoints
	source := endpoints.New(endpoints.Options{
		Version: h.Version,
		URLs: func(ctx context.Context) ([]string, error) {
			if len(c.URLs) == 0 {
				list, err := h.Resolve(ctx, config.Ref("param:"+c.Parameter))
				return []string{list}, err
			}
			urls := make([]string, len(c.URLs))
			for i, u := range c.URLs {
				var err error
				if urls[i], err = h.Resolve(ctx, u); err != nil {
					return nil, err
				}
			}
			return urls, nil
		},
		Credentials: func(ctx context.Context) (endpoints.Credentials, error) {
			user, err := h.Resolve(ctx, c.User)
			if err != nil {
				return endpoints.Credentials{}, err
			}
			password, err := h.Resolve(ctx, c.Password)
			if err != nil {
				return endpoints.Credentials{}, err
			}
			headers := map[string]string{}
			for name, value := range c.Headers {
				if headers[name], err = h.Resolve(ctx, value); err != nil {
					return endpoints.Credentials{}, err
				}
			}
			return endpoints.Credentials{User: user, Password: password, Headers: headers}, nil
		},
		Parallel: c.Parallel, Retries: c.Retries, MaxBytes: int64(c.MaxBytes), MaxRedirects: c.MaxRedirects,
		ConnectTimeout: time.Duration(c.ConnectTimeout), FirstByteTimeout: time.Duration(c.FirstByteTimeout),
		IdleTimeout: time.Duration(c.IdleTimeout), TotalTimeout: time.Duration(c.TotalTimeout),
		Now: h.Now, Log: h.Log,
	})
	h.onClose(source.Close)
	return source
}
