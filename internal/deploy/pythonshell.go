package deploy

import (
	"crypto/sha256"
	_ "embed" // the job's script is a file of its own
	"encoding/hex"
)

//go:embed pythonshell.py
var pythonShell string

// PythonShellScript is the script of the Glue job that runs silver where the
// definition says glue-pythonshell: it fetches the package, whose place is the
// job's argument --package, and runs the binary.
func PythonShellScript() []byte { return []byte(pythonShell) }

// ScriptKey is the script's place in the artifacts bucket, by its content, in
// the folder of the stack.
func ScriptKey(stack string) string {
	sum := sha256.Sum256([]byte(pythonShell))
	return stack + "/scripts/" + hex.EncodeToString(sum[:]) + ".py"
}
