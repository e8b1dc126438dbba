package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"wplake/internal/home"
)

// buildInfo says what the binary is made of.
type buildInfo struct {
	Version  string `json:"version"`
	Commit   string `json:"commit,omitempty"`
	Time     string `json:"commit_time,omitempty"`
	Modified bool   `json:"modified,omitempty"` // built from a working tree with changes
	Go       string `json:"go"`
	Platform string `json:"platform"`
	DuckDB   string `json:"duckdb"`
}

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the versions of wplake, Go and DuckDB",
		Long:  `Prints what the binary is made of. It opens nothing, so it works anywhere.`,
		Example: `  wplake version
  wplake version --json | jq -r .duckdb`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			b := readBuildInfo()
			if a.json {
				return a.printJSON(b)
			}
			fmt.Fprintf(a.stdout, "wplake %s", b.Version)
			if b.Commit != "" {
				fmt.Fprintf(a.stdout, " (commit %.12s%s, %s)", b.Commit, map[bool]string{true: " with changes"}[b.Modified], b.Time)
			}
			fmt.Fprintf(a.stdout, "\n%s, %s, DuckDB %s\n", b.Go, b.Platform, b.DuckDB)
			return nil
		},
	}
}

// Version is the version of the binary, as sites and AWS are told.
func Version() string { return readBuildInfo().Version }

func readBuildInfo() buildInfo {
	b := buildInfo{
		Version: "(devel)", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH, DuckDB: home.DuckDBVersion(),
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	if info.Main.Version != "" {
		b.Version = info.Main.Version
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Commit = s.Value
		case "vcs.time":
			b.Time = s.Value
		case "vcs.modified":
			b.Modified = s.Value == "true"
		}
	}
	return b
}
