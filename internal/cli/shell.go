package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"wplake/internal/engine"
	"wplake/internal/lake"
)

// session is a shell's: one reader, and what was set with its commands.
type session struct {
	app    *app
	open   func(context.Context) (engine.Reader, error) // a reader of the tables as they are now
	out    io.Writer
	screen screen
	format string

	reader engine.Reader
	names  vocabulary
	done   bool // .quit was given
}

// shellFormats are the formats that the shell shows results in.
func shellFormats() []string {
	return []string{formatTable, formatCSV, formatJSON, formatJSONL, formatMarkdown}
}

// refresh opens a reader of the tables as they are now.
func (s *session) refresh(ctx context.Context) error {
	reader, err := s.open(ctx)
	if err != nil {
		return err
	}
	if err := s.close(); err != nil {
		return errors.Join(err, reader.Close())
	}
	s.reader = reader
	s.names, err = readVocabulary(ctx, reader)
	return err
}

func (s *session) close() error {
	if s.reader == nil {
		return nil
	}
	err := s.reader.Close()
	s.reader = nil
	return err
}

// script runs the statements and commands of a text, until one fails.
func (s *session) script(ctx context.Context, r io.Reader) error {
	lines := bufio.NewReader(r)
	text := ""
	for !s.done {
		line, err := lines.ReadString('\n')
		end := errors.Is(err, io.EOF)
		if err != nil && !end {
			return fmt.Errorf("the statements could not be read: %w", err)
		}
		if engine.IsBlank(text) && isCommand(line) {
			text = ""
			if err := s.command(ctx, line); err != nil {
				return err
			}
		} else if text += line; len(text) > maxSQL {
			return usageError{fmt.Errorf("a statement is longer than %s", bytesText(maxSQL))}
		}
		statements, rest := engine.Split(text)
		text = rest
		if end && !engine.IsBlank(rest) {
			statements = append(statements, strings.TrimSpace(rest))
		}
		for _, sql := range statements {
			if err := s.query(ctx, sql); err != nil {
				return err
			}
		}
		if end {
			return nil
		}
	}
	return nil
}

// input runs what was typed: a command, or statements until one fails.
func (s *session) input(ctx context.Context, text string) error {
	if isCommand(text) {
		return s.command(ctx, text)
	}
	statements, rest := engine.Split(text)
	if !engine.IsBlank(rest) {
		statements = append(statements, strings.TrimSpace(rest))
	}
	for _, sql := range statements {
		if err := s.query(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}

// isComplete reports whether what was typed can be run, or goes on on the next
// line.
func isComplete(text string) bool {
	if isCommand(text) || engine.IsBlank(text) && !engine.IsOpen(text) {
		return true
	}
	_, rest := engine.Split(text)
	return engine.IsBlank(rest) && !engine.IsOpen(rest)
}

func isCommand(text string) bool { return strings.HasPrefix(strings.TrimSpace(text), ".") }

// query runs a statement and shows its result.
func (s *session) query(ctx context.Context, sql string) error {
	return s.app.answer(ctx, s.reader, query{sql: sql, format: s.format}, s.out, s.screen)
}

// shellCommand is a command of the shell's own.
type shellCommand struct {
	name, argument, help string
	run                  func(s *session, ctx context.Context, argument string) error
}

func shellCommands() []shellCommand {
	return []shellCommand{
		{".tables", "", "list the tables", (*session).listTables},
		{".schema", "NAME", "show a table's columns", (*session).schema},
		{".format", "[NAME]", "show results as " + strings.Join(shellFormats(), ", "), (*session).setFormat},
		{".refresh", "", "see the tables as they are now: a session keeps those that it began with", func(s *session, ctx context.Context, _ string) error { return s.refresh(ctx) }},
		{".help", "", "show this list", (*session).help},
		{".quit", "", "end (as Ctrl-D does)", func(s *session, _ context.Context, _ string) error { s.done = true; return nil }},
	}
}

// command runs one of the shell's own commands.
func (s *session) command(ctx context.Context, line string) error {
	name, argument, _ := strings.Cut(strings.TrimSuffix(strings.TrimSpace(line), ";"), " ")
	argument = strings.TrimSpace(argument)
	var names []string
	for _, c := range shellCommands() {
		if c.name == name || name == ".exit" && c.name == ".quit" {
			if argument != "" && c.argument == "" {
				return usageError{fmt.Errorf("%s takes no argument", c.name)}
			}
			return c.run(s, ctx, argument)
		}
		names = append(names, c.name)
	}
	if near := lake.Nearest(name, names); near != "" {
		return usageError{fmt.Errorf("unknown command %q (did you mean %s?)", name, near)}
	}
	return usageError{fmt.Errorf("unknown command %q (.help lists what there is)", name)}
}

func (s *session) listTables(ctx context.Context, _ string) error {
	return s.query(ctx, `SELECT schema_name AS "schema", table_name AS "table", count(*) AS columns
		FROM duckdb_columns() WHERE NOT internal AND schema_name <> 'main' GROUP BY ALL ORDER BY ALL`)
}

func (s *session) schema(ctx context.Context, name string) error {
	if name == "" {
		return usageError{errors.New(".schema needs the NAME of a table (.tables lists them)")}
	}
	for _, t := range s.names.tables {
		if strings.EqualFold(unquoted(t), unquoted(name)) {
			return s.query(ctx, "DESCRIBE "+t)
		}
	}
	err := fmt.Errorf("there is no table %q", name)
	if near := lake.Nearest(name, s.names.tables); near != "" {
		err = fmt.Errorf("there is no table %q (did you mean %s?)", name, near)
	}
	return usageError{err}
}

func unquoted(name string) string { return strings.ReplaceAll(name, `"`, "") }

func (s *session) setFormat(_ context.Context, format string) error {
	if format == "" {
		fmt.Fprintln(s.out, s.format)
		return nil
	}
	if !slices.Contains(shellFormats(), format) {
		return usageError{fmt.Errorf("the shell has no format %q (one of %s)", format, strings.Join(shellFormats(), ", "))}
	}
	s.format = format
	return nil
}

func (s *session) help(context.Context, string) error {
	fmt.Fprintln(s.out, "A statement of SQL ends with a semicolon and may have several lines. Ctrl-C stops\na query, Tab completes names, Ctrl-R searches what was typed before.")
	for _, c := range shellCommands() {
		fmt.Fprintf(s.out, "  %-16s %s\n", strings.TrimSpace(c.name+" "+c.argument), c.help)
	}
	return nil
}
