// Command wplake is a WordPress lakehouse. Started by AWS Lambda it is a stage
// function; else it is the command line.
package main

import (
	"context"
	"os"
	"time"

	"wplake/internal/cli"
	"wplake/internal/home"
	"wplake/internal/lambda"
)

func main() {
	if lambda.Wanted(os.Args, os.LookupEnv) {
		os.Exit(lambda.Main(context.Background(), lambda.Options{
			Open: home.FunctionOpener(cli.Version()), Getenv: os.LookupEnv, Setenv: os.Setenv,
			Stdout: os.Stdout, Now: time.Now, Version: cli.Version(), Temp: os.TempDir(),
		}))
	}
	os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
