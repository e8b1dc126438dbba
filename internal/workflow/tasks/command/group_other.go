//go:build !unix

package command

import "os/exec"

// group leaves the program as it is: there are no process groups here, and it
// is killed alone.
func group(*exec.Cmd) {}
