package home

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"wplake/internal/awsapi"
	"wplake/internal/config"
	"wplake/internal/deploy"
	"wplake/internal/lake"
)

// DeployOptions are what a deployment gets from outside.
type DeployOptions struct {
	Dir        string // the definition's folder, absolute
	Definition string // path of the definition
	Machine    []byte // the lake's state machine
	// Machines are those that schedules start instead, by the schedule's name.
	Machines  map[string][]byte
	Bootstrap string // path of the binary to deploy; empty: the one that runs
	Now       func() time.Time
	Log       *slog.Logger
	Progress  func(deploy.Event) // may be nil
	Notice    func(text string)  // of calls that are made again; may be nil
}

// NewDeployer opens what deploys the lake: the definition suffices, no home has
// to be open.
func NewDeployer(ctx context.Context, c config.Config, o DeployOptions) (*deploy.Deployer, error) {
	program, err := o.program()
	if err != nil {
		return nil, err
	}
	cfg, err := awsapi.Load(ctx, awsapi.Options{Profile: c.AWS.Profile, Region: c.AWS.Region, Notice: o.Notice})
	if err != nil {
		return nil, err
	}
	return deploy.New(cfg, deploy.Options{
		Config: c, Dir: o.Dir, Definition: o.Definition, Machine: o.Machine, Machines: o.Machines, Program: program, Cache: packagesDir(),
		Now: o.Now, Log: o.Log, Progress: o.Progress, Token: token,
	}), nil
}

// Package packs the binary and the definition for Lambda.
func Package(ctx context.Context, c config.Config, o DeployOptions) (deploy.File, error) {
	program, err := o.program()
	if err != nil {
		return deploy.File{}, err
	}
	return deploy.Package(ctx, deploy.PackageInput{Config: c, Dir: o.Dir, Definition: o.Definition, Program: program, Cache: packagesDir()})
}

// packagesDir is where what was compressed for packages is kept, in the folder
// that the system has for such things; "" where it has none.
func packagesDir() string {
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "wplake", "packages")
}

// program is the binary to deploy.
func (o DeployOptions) program() (string, error) {
	if o.Bootstrap != "" {
		return o.Bootstrap, nil
	}
	path, err := os.Executable()
	if err != nil {
		return "", &lake.Error{Code: lake.StorageFailed, Message: "the running binary cannot be found: " + err.Error(), Hint: "name one with --bootstrap FILE", Err: err}
	}
	return path, nil
}

// token is a name that nothing else has.
func token() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails, by its documentation
	return hex.EncodeToString(b[:])
}
