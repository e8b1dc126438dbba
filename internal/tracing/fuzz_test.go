package tracing_test

import (
	"regexp"
	"testing"
)

// Whatever X-Ray's header is, a span's identifiers are what OTLP wants.
func FuzzHeader(f *testing.F) {
	for _, seed := range []string{
		"", "Root=1-67891233-abcdef012345678912345678;Parent=53995c3f42cd8ad8;Sampled=1", "Sampled=1;Root=1-67891233-abcdef012345678912345678",
		"Root=1-67891233-abcdef012345678912345678;Sampled=0", "Root=;Parent=;Sampled=", ";;=;", "Root=1-ABCDEF01-abcdef012345678912345678;Sampled=1",
	} {
		f.Add(seed)
	}
	trace, id := regexp.MustCompile(`^[0-9a-f]{32}$`), regexp.MustCompile(`^[0-9a-f]{16}$`)
	f.Fuzz(func(t *testing.T, header string) {
		for _, s := range spans(header, "request-1") {
			if !trace.MatchString(s.Trace) || !id.MatchString(s.ID) || s.Parent != "" && !id.MatchString(s.Parent) {
				t.Errorf("%q: %+v", header, s)
			}
		}
	})
}
