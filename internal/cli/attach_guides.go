package cli

import (
	"strings"

	"wplake/internal/engine"
)

// guide says how a kind of program opens the lake.
type guide struct {
	name, title string
	text        func(attachment) string
}

func guides() []guide {
	return []guide{
		{"duckdb", "DuckDB's command line", duckdbGuide},
		{"python", "Python", pythonGuide},
		{"r", "R", rGuide},
		{"notebook", "A notebook (Jupyter, VS Code, Colab)", notebookGuide},
		{"bi", "BI tools (Metabase, Superset, DBeaver, Tableau, Power BI)", biGuide},
	}
}

func guideNames() []string {
	var names []string
	for _, g := range guides() {
		names = append(names, g.name)
	}
	return append(names, "all")
}

// sqlFile is the file with the views, as the guides name it.
func (at attachment) sqlFile() string {
	if at.file != "" {
		return at.file
	}
	return "lake.sql"
}

// example is a table to show a query with, and its file: the silver one of the
// posts where there is one.
func (at attachment) example() (name, path string) {
	var best attachTable
	for _, t := range at.Tables {
		if best.Path == "" || t.Schema == "silver" && (best.Schema != "silver" || t.Name == "posts") {
			best = t
		}
	}
	return ident(best.Schema) + "." + ident(best.Name), best.Path
}

// duckdbGuide is for a POSIX shell.
func duckdbGuide(at attachment) string {
	name, path := at.example()
	return `duckdb -init ` + shellQuote(at.sqlFile()) + ` -c ` + shellQuote("SELECT count(*) FROM "+name) + `
duckdb -c ` + shellQuote("SELECT count(*) FROM "+engine.Literal(path)) + `   # one file, without the views
`
}

func pythonGuide(at attachment) string {
	name, path := at.example()
	return `# pip install duckdb pandas pyarrow
import duckdb

lake = duckdb.connect()
lake.execute(open(` + pythonText(at.sqlFile()) + `, encoding="utf-8").read())
frame = lake.sql(` + pythonText("SELECT * FROM "+name+" LIMIT 10") + `).df()  # .pl() gives Polars, .arrow() Arrow

import pandas  # one file, without the views
frame = pandas.read_parquet(` + pythonText(path) + `)
`
}

func rGuide(at attachment) string {
	name, path := at.example()
	return `# install.packages(c("duckdb", "arrow"))
library(duckdb)

lake <- dbConnect(duckdb())
invisible(dbExecute(lake, paste(readLines(` + rText(at.sqlFile()) + `, encoding = "UTF-8"), collapse = "\n")))
frame <- dbGetQuery(lake, ` + rText("SELECT * FROM "+name+" LIMIT 10") + `)

frame <- arrow::read_parquet(` + rText(path) + `)  # one file, without the views
`
}

func notebookGuide(at attachment) string {
	name, _ := at.example()
	return `# Cell 1
%pip install --quiet duckdb pandas
import duckdb
lake = duckdb.connect()
lake.execute(open(` + pythonText(at.sqlFile()) + `, encoding="utf-8").read())
lake.sql("SHOW ALL TABLES").df()

# Cell 2
lake.sql(` + pythonText("SELECT * FROM "+name+" LIMIT 10") + `).df()
`
}

func biGuide(at attachment) string {
	return `# Once, and when there are new tables: a DuckDB file that holds nothing but the
# views, made with the version of DuckDB that the tool has or an older one.
duckdb lake.duckdb -init ` + shellQuote(at.sqlFile()) + ` -c "SHOW ALL TABLES"

# Then connect the tool to it, read-only. It has to run where it can read the
# Parquet files.
#   JDBC        DBeaver, Metabase, Tableau   jdbc:duckdb:/path/to/lake.duckdb, property duckdb.read_only=true
#   SQLAlchemy  Superset                     duckdb:////path/to/lake.duckdb?access_mode=read_only
#   ODBC        Power BI, Excel              Database=/path/to/lake.duckdb;access_mode=READ_ONLY
`
}

// pythonText writes a text as a string of Python: JSON's are such.
func pythonText(s string) string { return string(appendJSONString(nil, s)) }

// rText writes a text as a string of R.
func rText(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// shellQuote writes a text as one word of a POSIX shell.
func shellQuote(s string) string {
	if s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./") == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
