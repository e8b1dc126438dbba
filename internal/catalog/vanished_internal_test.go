package catalog

import (
	"strings"
	"testing"
)

// TestEmptyHint: nobody is told of disks where there is a bucket at AWS.
func TestEmptyHint(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"file:///srv/lake/data-lakehouse-silver/wordpress_api": "disk is mounted",
		"s3://data-lakehouse-silver/wordpress_api":             "a versioned bucket still has them",
		"": "whether this is the layer's bucket",
	} {
		if got := emptyHint(address); !strings.Contains(got, want) || strings.Contains(got, "disk") != strings.HasPrefix(address, "file:") {
			t.Errorf("%q: %s", address, got)
		}
	}
}
