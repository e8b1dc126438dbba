// Package machine is the state machine that a lake has unless its definition
// names another: raw, bronze, the bronze tables, silver, the silver tables, and
// an alert where something failed.
//
// It is the same at home and on AWS. What a run was asked for (objects, full,
// only, accept_loss) is the execution's input, which reaches every function as
// its payload and the job as its argument --input.
package machine

import (
	_ "embed" // the definition is a file of its own
	"strings"

	"wplake/internal/config"
)

//go:embed default.asl.json
var definition string

// Default is the built-in state machine, in Amazon States Language, with the
// account and the region of the lake's definition in its ARNs.
func Default(c config.Config) []byte {
	return []byte(strings.NewReplacer("${Account}", c.Workflow.Account, "${Region}", c.Workflow.Region).Replace(definition))
}
