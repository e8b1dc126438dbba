// Command wplake is a WordPress lakehouse.
package main

import (
	"os"

	"wplake/internal/cli"
)

func main() {
	os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
