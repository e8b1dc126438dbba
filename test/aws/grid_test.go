//go:build aws

package aws

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"text/tabwriter"
)

// grid lays rows of cells out in columns.
func grid(t *testing.T, flags uint, rows [][]string) string {
	t.Helper()
	var out bytes.Buffer
	w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', flags)
	for _, row := range rows {
		if _, err := io.WriteString(w, strings.Join(row, "\t")+"\t\n"); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}
