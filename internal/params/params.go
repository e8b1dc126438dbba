// Package params is the port to a parameter store: named values kept outside
// the definition of a lake, as AWS Systems Manager Parameter Store keeps them.
//
// Every driver passes the suite in paramstest.
package params

import (
	"context"
	"errors"
)

// ErrNotFound says that there is no parameter of that name.
var ErrNotFound = errors.New("no such parameter")

// Type is a parameter's type, as Parameter Store spells it.
type Type string

// The types of parameters.
const (
	String       Type = "String"
	StringList   Type = "StringList"   // comma-separated
	SecureString Type = "SecureString" // a secret: never printed unless asked for
)

// Parameter is a named value.
type Parameter struct {
	Name  string `json:"name"` // "/path/of/segments", or a single word
	Type  Type   `json:"type"`
	Value string `json:"value"`
}

// Store keeps parameters. All methods may be called concurrently.
type Store interface {
	// Get returns the parameter, or an error that is ErrNotFound.
	Get(ctx context.Context, name string) (Parameter, error)
	// Put creates or replaces the parameter; the change is durable and atomic.
	Put(ctx context.Context, p Parameter) error
	// List returns the parameters whose names begin with prefix, sorted by name.
	List(ctx context.Context, prefix string) ([]Parameter, error)
}
