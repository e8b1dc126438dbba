//go:build aws

package aws

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"text/tabwriter"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/google/go-cmp/cmp"
)

// comparison is what testdata/compare.py says of a table.
type comparison struct {
	Table                 string
	Rows, Columns, Values int64
	Equal                 bool
	Why                   string
}

// compareTables compares Parquet files of two folders with a DuckDB that is not
// ours, and logs what came out, table by table.
func compareTables(t *testing.T, left, right string) []comparison {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), tool(t, "python"), filepath.Join("testdata", "compare.py"), left, right)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var found []comparison
	if err := json.Unmarshal(out, &found); err != nil {
		t.Fatal(err)
	}
	rows := [][]string{{"table", "rows", "columns", "values", "both homes"}}
	for _, c := range found {
		verdict := "equal"
		if !c.Equal {
			verdict = "DIFFERENT: " + c.Why
			t.Errorf("%s differs: %s", c.Table, c.Why)
		}
		rows = append(rows, []string{strings.TrimSuffix(c.Table, ".parquet"), fmt.Sprint(c.Rows), fmt.Sprint(c.Columns), fmt.Sprint(c.Values), verdict})
	}
	t.Logf("tables of both homes, row by row, with names and types of columns:\n%s", grid(t, tabwriter.AlignRight, rows))
	return found
}

// column is a column as a catalog has it.
type column struct{ Name, Type string }

// glueTables are the columns of a database's tables, as Glue has them.
func glueTables(t *testing.T, c sdk.Config, database string) map[string][]column {
	t.Helper()
	tables := map[string][]column{}
	pages := glue.NewGetTablesPaginator(glue.NewFromConfig(c), &glue.GetTablesInput{DatabaseName: &database})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, table := range page.TableList {
			columns := []column{}
			for _, c := range table.StorageDescriptor.Columns {
				columns = append(columns, column{sdk.ToString(c.Name), sdk.ToString(c.Type)})
			}
			tables[*table.Name] = columns
		}
	}
	return tables
}

// listed are the same of a lake as wplake tables lists them.
func listed(t *testing.T, document []byte) map[string][]column {
	t.Helper()
	var list struct {
		Tables []struct {
			Name    string
			Columns []column
		}
	}
	if err := json.Unmarshal(document, &list); err != nil {
		t.Fatalf("%v: %s", err, document)
	}
	tables := map[string][]column{}
	for _, table := range list.Tables {
		tables[table.Name] = table.Columns
	}
	return tables
}

func same(t *testing.T, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-at home +on AWS):\n%s", what, diff)
	}
}
