package tasks

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"wplake/internal/asl"
	"wplake/internal/engine"
	"wplake/internal/lake"
	"wplake/internal/store"
	"wplake/internal/workflow"
)

// spool keeps a query's rows in a file, one JSON array of texts and nulls a
// line, the names of the columns first.
type spool struct {
	path    string
	columns []any // ColumnInfo
}

// errBadToken says that a page's token is none that was given out.
var errBadToken = errors.New("NextToken is not one of this query's")

func spoolRows(ctx context.Context, dir, id string, rows engine.Rows) (s *spool, err error) {
	s = &spool{path: filepath.Join(dir, id+".jsonl")}
	f, err := os.OpenFile(s.path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, store.Failure("keep the results of a query in", s.path, err)
	}
	defer func() {
		err = errors.Join(err, f.Close())
		if err != nil {
			err = errors.Join(store.Failure("keep the results of a query in", s.path, err), os.Remove(s.path))
		}
	}()
	w := bufio.NewWriter(f)
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	columns := rows.Columns()
	names := make([]*string, len(columns))
	for i, c := range columns {
		names[i] = &columns[i].Name
		s.columns = append(s.columns, columnInfo(c))
	}
	if err := out.Encode(names); err != nil {
		return nil, err
	}
	texts := make([]*string, len(columns))
	for rows.Next() {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		for i, v := range rows.Values() {
			texts[i] = athenaText(v, columns[i].Type)
		}
		if err := out.Encode(texts); err != nil {
			return nil, err
		}
	}
	return s, errors.Join(rows.Err(), w.Flush())
}

// columnInfo describes a column in Athena's shape.
func columnInfo(c lake.Column) map[string]any {
	name, precision, scale := string(c.Type), int64(0), int64(0)
	switch base, args, _ := strings.Cut(strings.TrimSuffix(name, ")"), "("); base {
	case "string":
		name, precision = "varchar", math.MaxInt32
	case "bigint":
		precision = 19
	case "int":
		name, precision = "integer", 10
	case "double":
		precision = 17
	case "timestamp":
		precision = 3
	case "decimal":
		p, s, _ := strings.Cut(args, ",")
		name = base
		precision, _ = strconv.ParseInt(strings.TrimSpace(p), 10, 64) // 0 where the type says none
		scale, _ = strconv.ParseInt(strings.TrimSpace(s), 10, 64)
	}
	if before, _, nested := strings.Cut(name, "<"); nested {
		name = map[string]string{"struct": "row"}[before]
		if name == "" {
			name = before
		}
	}
	return map[string]any{
		"CatalogName": "hive", "SchemaName": "", "TableName": "", "Name": c.Name, "Label": c.Name, "Type": name,
		"Precision": number(precision), "Scale": number(scale), "Nullable": "UNKNOWN", "CaseSensitive": name == "varchar",
	}
}

// athenaText is a value as Athena writes it, nil for NULL.
func athenaText(v any, t lake.Type) *string {
	if v == nil {
		return nil
	}
	s := plain(v, t)
	return &s
}

func plain(v any, t lake.Type) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case string:
		return v
	case []byte:
		var b strings.Builder
		for i, c := range v {
			if i > 0 {
				b.WriteByte(' ')
			}
			fmt.Fprintf(&b, "%02x", c)
		}
		return b.String()
	case float64:
		return double(v)
	case time.Time:
		if t == lake.Date {
			return v.UTC().Format("2006-01-02")
		}
		return v.UTC().Format("2006-01-02 15:04:05.000")
	case []any:
		parts := make([]string, len(v))
		for i, e := range v {
			parts[i] = plain(e, "")
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case map[string]any:
		return asl.Text(texts(v))
	}
	return fmt.Sprint(v)
}

// texts makes JSON of what a nested value holds.
func texts(m map[string]any) map[string]any {
	out := make(map[string]any, len(m))
	for k, v := range m {
		out[k] = nil
		if v != nil {
			out[k] = plain(v, "")
		}
	}
	return out
}

// double writes a number as Athena does: 1.0, 1.5E10, NaN, Infinity.
func double(f float64) string {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 0):
		return strings.TrimPrefix(map[bool]string{true: "Infinity", false: "-Infinity"}[f > 0], "+")
	case f != 0 && (math.Abs(f) >= 1e7 || math.Abs(f) < 1e-3):
		digits, exponent, _ := strings.Cut(strconv.FormatFloat(f, 'E', -1, 64), "E")
		if !strings.Contains(digits, ".") {
			digits += ".0"
		}
		n, _ := strconv.Atoi(exponent) // what FormatFloat wrote
		return digits + "E" + strconv.Itoa(n)
	}
	s := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

// page reads rows from where a token says. A page too large for a state's data
// is refused before it takes memory.
func (s *spool) page(token string, most int, what string) (rows []any, next string, err error) {
	from := int64(0)
	if token != "" {
		if from, err = strconv.ParseInt(token, 10, 64); err != nil || from < 0 {
			return nil, "", errBadToken
		}
	}
	f, err := os.Open(s.path)
	if err != nil {
		return nil, "", store.Failure("read the results of a query from", s.path, err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := f.Seek(from, io.SeekStart); err != nil {
		return nil, "", err
	}
	in := bufio.NewReader(io.LimitReader(f, asl.MaxPayload+1))
	rows = []any{}
	at := from
	for len(rows) < most {
		line, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			if len(line) > 0 || at-from > asl.MaxPayload {
				return nil, "", tooLarge(what)
			}
			return rows, "", nil
		}
		if err != nil {
			return nil, "", store.Failure("read the results of a query from", s.path, err)
		}
		at += int64(len(line))
		row, err := dataRow(line)
		if err != nil {
			return nil, "", errBadToken
		}
		rows = append(rows, row)
	}
	if info, err := f.Stat(); err == nil && at < info.Size() {
		next = strconv.FormatInt(at, 10)
	}
	return rows, next, nil
}

// dataRow is a line of the file in Athena's shape: a NULL has no VarCharValue.
func dataRow(line []byte) (map[string]any, error) {
	var values []*string
	if err := json.Unmarshal(line, &values); err != nil {
		return nil, err
	}
	data := make([]any, len(values))
	for i, v := range values {
		d := map[string]any{}
		if v != nil {
			d["VarCharValue"] = *v
		}
		data[i] = d
	}
	return map[string]any{"Data": data}, nil
}

func (r request) resultsFailure(err error) error {
	var e *workflow.TaskError
	switch {
	case errors.Is(err, errBadToken):
		return r.refuse(athenaService(), "InvalidRequestException", 400, "%s", errBadToken)
	case errors.As(err, &e):
		return e
	}
	return r.broken(athenaService(), "InternalServerException", err)
}

// output is where the results are said to be: <location>/<id>.csv.
func (q *query) output() string {
	return strings.TrimSuffix(q.location, "/") + "/" + q.id + ".csv"
}

// output writes a query's rows to the location that it names, as Athena's CSV:
// every value in quotes, NULL as nothing. A location that is not in the lake
// stays a name: this home has no other buckets.
func (t *Tasks) output(ctx context.Context, q *query, s *spool) error {
	if q.location == "" {
		return nil
	}
	rest, _ := strings.CutPrefix(q.output(), "s3://")
	name, key, _ := strings.Cut(rest, "/")
	bucket, ok := t.o.Buckets[name]
	if !ok {
		t.o.Log.Warn("the results of a query are kept in this process alone: its output location is no bucket of this lake", "query", q.id, "location", q.location)
		return nil
	}
	read, out := io.Pipe()
	go func() { out.CloseWithError(s.writeCSV(out)) }()
	_, err := write(ctx, bucket, key, read)
	return errors.Join(err, read.Close())
}

func (s *spool) writeCSV(out io.Writer) (err error) {
	f, err := os.Open(s.path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := bufio.NewWriter(out)
	in := json.NewDecoder(bufio.NewReader(f))
	for in.More() {
		var values []*string
		if err := in.Decode(&values); err != nil {
			return err
		}
		for i, v := range values {
			if i > 0 {
				_ = w.WriteByte(',') // Flush tells
			}
			if v != nil {
				_, _ = w.WriteString(`"` + strings.ReplaceAll(*v, `"`, `""`) + `"`)
			}
		}
		_ = w.WriteByte('\n')
	}
	return w.Flush()
}
