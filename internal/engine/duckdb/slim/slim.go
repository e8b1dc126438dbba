// Package slim leaves out of the binary what DuckDB's library brings along and
// wplake never uses: the extension for completing SQL in DuckDB's own shell,
// which is a parser of its own. Its loader finds a stand-in here that does
// nothing, so the linker does not take the extension's code from the archive.
package slim

import "C"

// Linked makes whoever calls it link the stand-in.
func Linked() {}
