package scenario_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"wplake/internal/asl/scenario"
)

// The tests that the documentation shows can be read.
func TestDocumentedTests(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "workflow-testing.md"))
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllSubmatch(page, -1)
	if len(blocks) == 0 {
		t.Error("there is no example")
	}
	for _, block := range blocks {
		if _, err := scenario.Parse("workflow-testing.md", block[1]); err != nil {
			t.Errorf("%v\n%s", err, block[1])
		}
	}
}
