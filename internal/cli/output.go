package cli

import (
	"fmt"

	"wplake/internal/lake"
)

// printError prints an error and its hint on standard error.
func (a *app) printError(err error) {
	fmt.Fprintln(a.stderr, "wplake:", err)
	if e := lake.AsError(err, lake.Internal); e.Hint != "" {
		fmt.Fprintln(a.stderr, "  hint:", e.Hint)
	}
}
