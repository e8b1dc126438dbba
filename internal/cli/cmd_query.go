package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"wplake/internal/engine"
	"wplake/internal/home"
	"wplake/internal/lake"
)

// maxSQL bounds the SQL that is read from a file or standard input, in bytes.
// It is more than the engine takes, which says so better.
const maxSQL = 4 << 20

// queryOptions are the flags of query.
type queryOptions struct {
	file   string
	format string
	out    string
	params []string
	limit  int
	engine string
}

func (a *app) queryCommand() *cobra.Command {
	var o queryOptions
	cmd := &cobra.Command{
		Use:   "query [SQL]",
		Short: "Ask the lake's tables a question in SQL",
		Long: `Runs one statement of DuckDB's SQL that reads: SELECT, WITH, FROM, VALUES,
TABLE, PIVOT, UNPIVOT, DESCRIBE, SHOW, SUMMARIZE or EXPLAIN. It cannot change
anything, and reaches no other file, no network, no setting and no extension.

The SQL comes from the argument, from --file, or from standard input (when it is
no terminal, or with - as the argument). Put it in single quotes, so that the
shell leaves its double quotes alone.

Tables have the names of the catalog, which need double quotes ("silver-posts",
"bronze-terms"), and those of layer and object, which need none (silver.posts).
Rejected rows are in silver_rejects.posts and the like.

Values go in by name: $name in the SQL and --param name=value. A value is a
number, true, false or NULL where it looks like one, else text; cast it to be
sure: $id::VARCHAR, $day::DATE.

With --home aws the tables are those of the deployed lake. --engine duckdb, which is
the default, fetches what has changed since it last did and asks on this machine;
--engine athena asks Athena, in Trino's SQL, and tells what that cost.

Formats: table (for people; at most --limit rows), csv, json (one list of
objects), jsonl (an object a line), markdown, and parquet, which needs --output.
Without --format the ending of --output's name decides, then table. All but
table are written while the rows arrive and have no bound.`,
		Example: `  wplake query 'SELECT * FROM "silver-posts" LIMIT 10'
  wplake query 'SUMMARIZE silver.posts'
  wplake query 'FROM silver.posts WHERE id = $id' --param id=42 --json
  wplake query --file top.sql --output top.csv
  echo 'SHOW ALL TABLES' | wplake query
  wplake query --home aws --engine athena 'SELECT count(*) FROM "silver-posts"'`,
		Args:              cobra.ArbitraryArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			q, err := a.newQuery(args, o, cmd.Flags().Changed("limit"))
			if err != nil {
				return err
			}
			return a.query(cmd.Context(), q)
		},
	}
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		if !strings.HasPrefix(err.Error(), "unknown flag: -- ") {
			return usageError{err}
		}
		return usageError{&lake.Error{
			Code: lake.QueryInvalid, Message: "SQL that begins with a comment is taken for a flag",
			Hint: "put -- before it, or give it with --file or on standard input",
		}}
	})
	flags := cmd.Flags()
	flags.StringVarP(&o.file, "file", "f", "", "read the SQL from this file")
	flags.StringVar(&o.format, "format", "", "one of "+strings.Join(formats(), ", ")+" (--json is --format json)")
	flags.StringVarP(&o.out, "output", "o", "", "write the result to this file, whole or not at all")
	flags.StringArrayVarP(&o.params, "param", "p", nil, "a value for $name in the SQL, as name=value; can be repeated")
	flags.StringVar(&o.engine, "engine", engineDuckDB, "who answers: duckdb, or athena (with --home aws)")
	flags.IntVar(&o.limit, "limit", defaultLimit, "how many rows a table shows at most; 0: all")
	must(cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(formats(), cobra.ShellCompDirectiveNoFileComp)))
	return cmd
}

// query is a question, ready to be asked.
type query struct {
	sql    string
	params map[string]any
	format string
	out    string // the file to write; "" for standard output
	limit  int
	engine string
}

// newQuery makes a query of the command line.
func (a *app) newQuery(args []string, o queryOptions, limited bool) (query, error) {
	q := query{out: o.out, limit: o.limit, engine: o.engine}
	var err error
	if q.format, err = a.queryFormat(o); err != nil {
		return q, err
	}
	switch {
	case q.engine != engineDuckDB && q.engine != engineAthena:
		return q, usageError{fmt.Errorf("there is no engine %q (duckdb or athena)", q.engine)}
	case q.engine == engineAthena && !a.onAWS():
		return q, usageError{errors.New("only the deployed lake has Athena: add --home aws")}
	case q.format == formatParquet && q.out == "":
		return q, usageError{errors.New("--format parquet needs --output FILE: Parquet is no text")}
	case limited && q.format != formatTable:
		return q, usageError{fmt.Errorf("--limit is for the format table; for %s write LIMIT in the SQL", q.format)}
	case o.limit < 0:
		return q, usageError{errors.New("--limit is 0 or more")}
	}
	if q.params, err = parseParams(o.params); err != nil {
		return q, usageError{err}
	}
	q.sql, err = a.readSQL(args, o.file)
	return q, err
}

// queryFormat decides on the format: --format, --json, the file's name, table.
func (a *app) queryFormat(o queryOptions) (string, error) {
	switch {
	case o.format != "" && a.json && o.format != formatJSON:
		return "", usageError{fmt.Errorf("--json and --format %s exclude each other", o.format)}
	case o.format != "":
		return o.format, checkFormat(o.format)
	case a.json:
		return formatJSON, nil
	case formatOf(o.out) != "":
		return formatOf(o.out), nil
	}
	return formatTable, nil
}

// readSQL gets the SQL from the argument, a file or standard input.
func (a *app) readSQL(args []string, file string) (string, error) {
	switch {
	case len(args) > 1:
		return "", usageError{fmt.Errorf("the SQL is one argument, not %d: put it in single quotes", len(args))}
	case len(args) == 1 && file != "":
		return "", usageError{errors.New("the SQL comes from the argument or from --file, not from both")}
	case file != "" && file != "-":
		f, err := os.Open(file)
		if err != nil {
			return "", usageError{err}
		}
		defer f.Close()
		return readLimited(f)
	case len(args) == 1 && args[0] != "-":
		return args[0], nil
	case len(args) == 0 && file == "" && isTerminal(a.stdin):
		return "", usageError{errors.New("what is the question? give the SQL as an argument, or begin a session with `wplake shell`")}
	}
	return readLimited(a.stdin)
}

func readLimited(r io.Reader) (string, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxSQL))
	if err != nil {
		return "", usageError{fmt.Errorf("the SQL could not be read: %w", err)}
	}
	return strings.TrimPrefix(string(data), "\ufeff"), nil // the mark that some editors put first
}

// parseParams reads name=value pairs.
func parseParams(pairs []string) (map[string]any, error) {
	params := map[string]any{}
	for _, pair := range pairs {
		name, value, ok := strings.Cut(pair, "=")
		name = strings.TrimPrefix(name, "$")
		if !ok || name == "" {
			return nil, fmt.Errorf("a parameter is given as name=value, not %q", pair)
		}
		if _, twice := params[name]; twice {
			return nil, fmt.Errorf("the parameter %s is given twice", name)
		}
		params[name] = engine.ParseParam(value)
	}
	return params, nil
}

// query asks a question and writes the answer.
func (a *app) query(ctx context.Context, q query) error {
	return a.withHome(ctx, func(h *home.Home) (err error) {
		r, err := a.reader(ctx, h, q.engine)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, r.Close()) }()
		if q.out == "" {
			return a.answer(ctx, r, q, a.stdout, a.screen(q.limit))
		}
		var rows int64
		err = writeFile(q.out, func(f *os.File) error {
			if q.format == formatParquet {
				rows, err = r.Export(ctx, q.sql, q.params, f.Name())
				return err
			}
			result, err := r.Query(ctx, q.sql, q.params)
			if err != nil {
				return err
			}
			rows, err = render(result, q.format, f, screen{limit: q.limit})
			return err
		})
		if err == nil && !a.quiet {
			fmt.Fprintf(a.stderr, "Wrote %s to %s.\n", rowsText(rows), clean(q.out))
		}
		return err
	})
}

// Who answers queries.
const (
	engineDuckDB = "duckdb"
	engineAthena = "athena"
)

// reader opens who answers. What Athena read is told on standard error.
func (a *app) reader(ctx context.Context, h *home.Home, by string) (engine.Reader, error) {
	if by != engineAthena {
		return h.Reader(ctx)
	}
	return h.AthenaReader(func(s home.AthenaStats) {
		if !a.quiet {
			fmt.Fprintf(a.stderr, "Athena read %s in %s: %.6f USD (query %s).\n", bytesText(s.BytesScanned), s.Total.Round(time.Millisecond), s.USD(), s.Execution)
		}
	}), nil
}

// answer runs a query and writes its result.
func (a *app) answer(ctx context.Context, r engine.Reader, q query, w io.Writer, s screen) error {
	rows, err := r.Query(ctx, q.sql, q.params)
	if err != nil {
		return err
	}
	_, err = render(rows, q.format, w, s)
	return err
}

// screen describes standard output.
func (a *app) screen(limit int) screen {
	s := screen{limit: limit}
	if f, ok := a.stdout.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		s.terminal = true
		s.color = !a.noColor && os.Getenv("NO_COLOR") == ""
		if width, _, err := term.GetSize(int(f.Fd())); err == nil {
			s.width = width
		}
	}
	return s
}

// isTerminal reports whether a stream is a terminal.
func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
