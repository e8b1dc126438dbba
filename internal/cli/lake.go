package cli

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"

	"wplake/internal/config"
	"wplake/internal/home"
)

// loadConfig reads the lake's definition: --config, or the nearest one from
// here upwards.
func (a *app) loadConfig() (config.Config, *config.File, error) {
	path := a.configPath
	if path == "" {
		found, err := config.Find(".")
		if err != nil {
			return config.Config{}, nil, err
		}
		path = found
	}
	c, file, err := config.Load(path)
	if err == nil && !a.quiet {
		for _, w := range file.Warnings {
			fmt.Fprintln(a.stderr, "wplake: warning:", clean(w.String()))
		}
	}
	return c, file, err
}

// openHome reads the lake's definition and opens its home. The caller closes it.
func (a *app) openHome(ctx context.Context) (*home.Home, error) {
	c, file, err := a.loadConfig()
	if err != nil {
		return nil, err
	}
	root := file.Abs(c.Root)
	if a.root != "" {
		if root, err = filepath.Abs(a.root); err != nil {
			return nil, usageError{err}
		}
	}
	logFile := home.NewLogFile(root, a.now)
	open := home.Open
	if a.onAWS() {
		open = home.OpenAWS
	}
	return open(ctx, c, home.Options{
		Dir: file.Dir, Root: root, Getenv: os.LookupEnv, Now: a.now, Log: a.logger(logFile), LogFile: logFile, Version: readBuildInfo().Version,
		Mending: a.mending, Notice: a.notice,
	})
}

// notice tells who waits what is being waited for.
func (a *app) notice(text string) {
	if !a.quiet {
		fmt.Fprintln(a.stderr, text)
	}
}

// logger writes to the lake's log, and with --verbose to standard error as well.
func (a *app) logger(file io.Writer) *slog.Logger {
	handler := slog.Handler(slog.NewTextHandler(file, &slog.HandlerOptions{Level: slog.LevelInfo}))
	if a.verbose {
		handler = slog.NewMultiHandler(handler, slog.NewTextHandler(a.stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	return slog.New(handler)
}
