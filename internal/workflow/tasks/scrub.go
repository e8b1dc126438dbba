package tasks

import "strings"

// minSecret is how long a text has to be for its traces to be removed, in
// bytes: shorter ones are no secrets, and would be found everywhere.
const minSecret = 4

// Scrub removes secrets from a text.
func Scrub(s string, secrets []string) string {
	for _, secret := range secrets {
		if len(secret) >= minSecret {
			s = strings.ReplaceAll(s, secret, hidden)
		}
	}
	return s
}

// ScrubValue removes secrets from all texts and names of a JSON value.
func ScrubValue(v any, secrets []string) any {
	switch v := v.(type) {
	case string:
		return Scrub(v, secrets)
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = ScrubValue(e, secrets)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, e := range v {
			out[Scrub(k, secrets)] = ScrubValue(e, secrets)
		}
		return out
	}
	return v
}
