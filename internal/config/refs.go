package config

import "strings"

// Variables are the environment variables that the value refers to.
func (r Ref) Variables() []string {
	if r.inParameter() || r.inFile() {
		return nil
	}
	return environmentNames(string(r))
}

// File is the path of the file that holds the value, as the definition has it;
// false where the value is elsewhere.
func (r Ref) File() (string, bool) { return strings.CutPrefix(string(r), filePrefix) }

// Parameter is the name of the parameter that holds the value; false where the
// value is elsewhere.
func (r Ref) Parameter() (string, bool) { return strings.CutPrefix(string(r), paramPrefix) }

func (r Ref) inParameter() bool { return strings.HasPrefix(string(r), paramPrefix) }
func (r Ref) inFile() bool      { return strings.HasPrefix(string(r), filePrefix) }
