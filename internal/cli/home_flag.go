package cli

import (
	"fmt"

	"wplake/internal/lake"
)

// The homes of a lake.
const (
	homeLocal = "local"
	homeAWS   = "aws"
)

// homeFlag is the value of --home.
type homeFlag string

// Set takes the name of a home.
func (f *homeFlag) Set(name string) error {
	if name != homeLocal && name != homeAWS {
		return fmt.Errorf("there is no home %q (local or aws)", name)
	}
	*f = homeFlag(name)
	return nil
}

// String is the name of the home.
func (f *homeFlag) String() string { return string(*f) }

// Type is what help texts call the value.
func (f *homeFlag) Type() string { return "local|aws" }

// onAWS reports whether the command is about the lake as it is deployed.
func (a *app) onAWS() bool { return a.home == homeAWS }

// localOnly refuses a command that has no meaning on AWS; there says what does
// the same there.
func (a *app) localOnly(command, there string) error {
	if !a.onAWS() {
		return nil
	}
	return usageError{&lake.Error{
		Code: lake.ConfigInvalid, Message: fmt.Sprintf("%s works at home local only", command), Hint: there,
	}}
}
