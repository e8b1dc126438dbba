// Package enginetest holds the suites that every driver of the SQL port
// passes: RunEngine and RunReader.
package enginetest

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"wplake/internal/engine"
	"wplake/internal/lake"
)

// RunEngine checks an Engine. open gives a new one and closes it when the test
// ends.
func RunEngine(t *testing.T, open func(t *testing.T) engine.Engine) {
	t.Run("CopyAndDescribe", func(t *testing.T) { t.Parallel(); testCopy(t, open(t)) })
	t.Run("CopyIsDeterministic", func(t *testing.T) { t.Parallel(); testDeterministic(t, open(t)) })
	t.Run("CopyReplaces", func(t *testing.T) { t.Parallel(); testReplaces(t, open(t)) })
	t.Run("CopySetup", func(t *testing.T) { t.Parallel(); testSetup(t, open(t)) })
	t.Run("CopyBoundsRowGroups", func(t *testing.T) { t.Parallel(); testRowGroups(t, open(t)) })
	t.Run("CopyFailures", func(t *testing.T) { t.Parallel(); testCopyFailures(t, open(t)) })
	t.Run("DescribeFooter", func(t *testing.T) { t.Parallel(); testDescribeFooter(t, open(t)) })
	t.Run("DescribeFailures", func(t *testing.T) { t.Parallel(); testDescribeFailures(t, open(t)) })
	t.Run("QueryTypes", func(t *testing.T) { t.Parallel(); testTypes(t, open(t).Query) })
	t.Run("QueryParameters", func(t *testing.T) { t.Parallel(); testArgs(t, open(t)) })
	t.Run("QueryManyRows", func(t *testing.T) { t.Parallel(); testManyRows(t, open(t)) })
	t.Run("QueryFailsLate", func(t *testing.T) { t.Parallel(); testFailsLate(t, open(t)) })
	t.Run("Cancel", func(t *testing.T) { t.Parallel(); testCancel(t, open(t)) })
	t.Run("Concurrent", func(t *testing.T) { t.Parallel(); testConcurrent(t, open(t)) })
}

func mustCopy(t *testing.T, e engine.Engine, c engine.Copy) int64 {
	t.Helper()
	rows, err := e.Copy(t.Context(), c)
	if err != nil {
		t.Fatalf("Copy(%s): %v", c.SQL, err)
	}
	return rows
}

func testCopy(t *testing.T, e engine.Engine) {
	path := filepath.Join(t.TempDir(), "it's a file.parquet")
	metadata := map[string]string{
		"wplake.run":    "r-1",
		"wplake.quotes": `it's "quoted" \ and {"json": [1, 2]}`,
		"wplake.text":   "zwei\nZeilen, é, 🎈",
		`odd "key"'`:    "v",
		"empty":         "",
	}
	rows := mustCopy(t, e, engine.Copy{
		SQL:      "SELECT 1::BIGINT AS id, 'a'::VARCHAR AS \"Title\", TIMESTAMP '2026-01-02 03:04:05' AS at, NULL::VARCHAR AS nothing UNION ALL SELECT 2, 'b', NULL, NULL",
		Path:     path,
		Metadata: metadata,
	})
	if rows != 2 {
		t.Errorf("Copy gave %d rows, want 2", rows)
	}
	got, err := e.Describe(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	want := engine.Parquet{
		Columns: []lake.Column{
			{Name: "id", Type: lake.Bigint},
			{Name: "Title", Type: lake.String},
			{Name: "at", Type: lake.Timestamp},
			{Name: "nothing", Type: lake.String},
		},
		Rows:     2,
		Bytes:    info.Size(),
		Metadata: metadata,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("Describe (-want +got):\n%s", d)
	}
}

func testDeterministic(t *testing.T, e engine.Engine) {
	dir := t.TempDir()
	var first []byte
	for i := range 4 {
		path := filepath.Join(dir, fmt.Sprintf("%d.parquet", i))
		mustCopy(t, e, engine.Copy{
			SQL:      "SELECT range AS id, md5(range::VARCHAR) AS h, repeat(chr(97 + (range % 26)::INTEGER), (range % 500)::INTEGER) AS body FROM range(20000)",
			Path:     path,
			Metadata: map[string]string{"a": "1", "b": "2", "c": "3", "d": "4", "e": "5", "f": "6"},
		})
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = data
		}
		if !bytes.Equal(first, data) {
			t.Fatalf("the same Copy gave other bytes the %d. time", i+1)
		}
	}
}

func testReplaces(t *testing.T, e engine.Engine) {
	path := filepath.Join(t.TempDir(), "x.parquet")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	mustCopy(t, e, engine.Copy{SQL: "SELECT range AS a FROM range(1000)", Path: path})
	mustCopy(t, e, engine.Copy{SQL: "SELECT 'x' AS b WHERE false;", Path: path})
	got, err := e.Describe(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if got.Rows != 0 || len(got.Columns) != 1 || got.Columns[0].Name != "b" {
		t.Errorf("after the second Copy the file is %+v", got)
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 1 {
		t.Errorf("Copy left other files: %v", entries)
	}
}

func testSetup(t *testing.T, e engine.Engine) {
	path := filepath.Join(t.TempDir(), "x.parquet")
	copies := engine.Copy{
		Setup: []string{
			"CREATE TEMP MACRO twice(x) AS x * 2",
			"CREATE TEMP TABLE numbers AS SELECT range AS n FROM range(5)",
		},
		SQL:  "SELECT twice(n) AS n FROM numbers",
		Path: path,
	}
	for range 2 { // what Setup makes does not outlive the Copy
		if rows := mustCopy(t, e, copies); rows != 5 {
			t.Errorf("Copy gave %d rows, want 5", rows)
		}
	}
	if _, err := e.Query(t.Context(), "SELECT * FROM numbers"); err == nil {
		t.Error("a temporary table of a Copy is seen by a Query")
	}
}

func testRowGroups(t *testing.T, e engine.Engine) {
	path := filepath.Join(t.TempDir(), "wide.parquet")
	mustCopy(t, e, engine.Copy{
		SQL:  "SELECT range AS id, string_agg(md5((range * 1000 + i)::VARCHAR), '') AS body FROM range(20000), range(128) AS r(i) GROUP BY range",
		Path: path,
	})
	rows, err := e.Query(t.Context(), "SELECT max(total_uncompressed_size)::BIGINT, count(DISTINCT row_group_id)::BIGINT FROM (SELECT row_group_id, sum(total_uncompressed_size) AS total_uncompressed_size FROM parquet_metadata("+engine.Literal(path)+") GROUP BY ALL)")
	if err != nil {
		t.Fatal(err)
	}
	defer closeRows(t, rows)
	if !rows.Next() {
		t.Fatal(rows.Err())
	}
	largest, groups := rows.Values()[0].(int64), rows.Values()[1].(int64)
	if groups < 2 || largest > 40<<20 {
		t.Errorf("82 MB of wide rows lie in %d row groups, the largest of %d bytes", groups, largest)
	}
}

func testCopyFailures(t *testing.T, e engine.Engine) {
	dir := t.TempDir()
	for name, tc := range map[string]struct {
		copy engine.Copy
		code lake.Code
	}{
		"no such column": {engine.Copy{SQL: "SELECT nosuch FROM range(3)", Path: filepath.Join(dir, "a")}, lake.EngineFailed},
		"no such folder": {engine.Copy{SQL: "SELECT 1 AS a", Path: filepath.Join(dir, "none", "a")}, lake.EngineFailed},
		"bad setup":      {engine.Copy{Setup: []string{"CREATE NONSENSE"}, SQL: "SELECT 1 AS a", Path: filepath.Join(dir, "b")}, lake.EngineFailed},
		"bad value":      {engine.Copy{SQL: "SELECT CAST('x' || range AS BIGINT) AS a FROM range(3)", Path: filepath.Join(dir, "c")}, lake.EngineFailed},
		"too large": {engine.Copy{
			SQL:  "SELECT list(repeat('x', 1000000) || range) AS a FROM range(4000)",
			Path: filepath.Join(dir, "d"),
		}, lake.OutOfMemory},
	} {
		_, err := e.Copy(t.Context(), tc.copy)
		if !lake.HasCode(err, tc.code) {
			t.Errorf("%s: %v, want %s", name, err, tc.code)
		}
	}
	mustCopy(t, e, engine.Copy{SQL: "SELECT 1 AS a", Path: filepath.Join(dir, "well")}) // the engine is still of use
}

// testDescribeFooter: nothing but the footer is read, so a file whose rows are a
// hole can be described.
func testDescribeFooter(t *testing.T, e engine.Engine) {
	dir := t.TempDir()
	path, hollow := filepath.Join(dir, "whole.parquet"), filepath.Join(dir, "hollow.parquet")
	if _, err := e.Copy(t.Context(), engine.Copy{
		SQL: "SELECT range AS n, 'text ' || range AS s FROM range(100000)", Path: path, Metadata: map[string]string{"k": "v"},
	}); err != nil {
		t.Fatal(err)
	}
	want, err := e.Describe(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	footer := int(binary.LittleEndian.Uint32(content[len(content)-8:])) + 8
	if footer > len(content)/2 {
		t.Fatalf("the footer has %d of %d bytes", footer, len(content))
	}
	clear(content[:len(content)-footer])
	if err := os.WriteFile(hollow, content, 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := e.Describe(t.Context(), hollow)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("Describe of the footer alone: %+v, %v, want %+v", got, err, want)
	}
}

func testDescribeFailures(t *testing.T, e engine.Engine) {
	dir := t.TempDir()
	whole := filepath.Join(dir, "whole.parquet")
	mustCopy(t, e, engine.Copy{SQL: "SELECT range AS a FROM range(10000)", Path: whole})
	data, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{
		"empty":  nil,
		"text":   []byte("<html>this is not Parquet</html>"),
		"cut":    data[:len(data)-20],
		"footer": append(bytes.Clone(data[:len(data)-40]), bytes.Repeat([]byte{0xff}, 40)...),
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := e.Describe(t.Context(), path); !lake.HasCode(err, lake.ObjectDamaged) {
			t.Errorf("%s: %v, want %s", name, err, lake.ObjectDamaged)
		}
	}
	if _, err := e.Describe(t.Context(), filepath.Join(dir, "none")); !lake.HasCode(err, lake.ObjectMissing) {
		t.Errorf("no file: %v, want %s", err, lake.ObjectMissing)
	}
}

// testTypes checks how each type is named and given.
func testTypes(t *testing.T, query func(context.Context, string, ...any) (engine.Rows, error)) {
	huge, ok := new(big.Int).SetString("-170141183460469231731687303715884105727", 10)
	if !ok {
		t.Fatal("not a number")
	}
	at := time.Date(2026, 1, 2, 3, 4, 5, 678901000, time.UTC)
	for _, tc := range []struct {
		sql   string
		typ   lake.Type
		value any
	}{
		{"true", lake.Boolean, true},
		{"(-128)::TINYINT", "tinyint", int64(-128)},
		{"255::UTINYINT", "smallint", int64(255)},
		{"(-32768)::SMALLINT", "smallint", int64(-32768)},
		{"65535::USMALLINT", lake.Int, int64(65535)},
		{"(-2147483648)::INTEGER", lake.Int, int64(-2147483648)},
		{"4294967295::UINTEGER", lake.Bigint, int64(4294967295)},
		{"(-9223372036854775808)::BIGINT", lake.Bigint, int64(-9223372036854775808)},
		{"18446744073709551615::UBIGINT", "decimal(20,0)", new(big.Int).SetUint64(18446744073709551615)},
		{"'-170141183460469231731687303715884105727'::HUGEINT", "decimal(38,0)", huge},
		{"(-1)::HUGEINT", "decimal(38,0)", big.NewInt(-1)},
		{"0.1::FLOAT", "float", 0.1},
		{"'nan'::DOUBLE = 'nan'::DOUBLE", lake.Boolean, true},
		{"-1.5e300::DOUBLE", lake.Double, -1.5e300},
		{"-0.05::DECIMAL(4,2)", "decimal(4,2)", "-0.05"},
		{"7::DECIMAL(9,3)", "decimal(9,3)", "7.000"},
		{"123456789012345678.9::DECIMAL(19,1)", "decimal(19,1)", "123456789012345678.9"},
		{"12345::DECIMAL(18,0)", "decimal(18,0)", "12345"},
		{"''", lake.String, ""},
		{"'twelve chars'", lake.String, "twelve chars"},
		{"'thirteen char'", lake.String, "thirteen char"},
		{"'🎈 ' || repeat('é', 100)", lake.String, "🎈 " + string(bytes.Repeat([]byte("é"), 100))},
		{"'\\x00\\xFF'::BLOB", "binary", []byte{0, 255}},
		{"DATE '0001-01-01'", lake.Date, time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)},
		{"DATE 'infinity'", lake.Date, "infinity"},
		{"TIMESTAMP '2026-01-02 03:04:05.678901'", lake.Timestamp, at},
		{"TIMESTAMP '1899-12-31 23:59:59'", lake.Timestamp, time.Date(1899, 12, 31, 23, 59, 59, 0, time.UTC)},
		{"TIMESTAMP '-infinity'", lake.Timestamp, "-infinity"},
		{"'2026-01-02 03:04:05'::TIMESTAMP_S", lake.Timestamp, at.Truncate(time.Second)},
		{"'2026-01-02 03:04:05.678'::TIMESTAMP_MS", lake.Timestamp, at.Truncate(time.Millisecond)},
		{"'2026-01-02 03:04:05.678901'::TIMESTAMP_NS", lake.Timestamp, at},
		{"'2026-01-02 05:04:05.678901+02'::TIMESTAMPTZ", lake.Timestamp, at},
		{"TIME '03:04:05.5'", lake.String, "03:04:05.5"},
		{"'03:04:05-02:30'::TIMETZ", lake.String, "03:04:05-02:30"},
		{"INTERVAL '14 months -3 days'", lake.String, "1 year 2 months -3 days"},
		{"INTERVAL '90 minutes 250 milliseconds'", lake.String, "01:30:00.25"},
		{"'8f14e45f-ceea-467f-a8c9-d2f5b3d0c0ff'::UUID", lake.String, "8f14e45f-ceea-467f-a8c9-d2f5b3d0c0ff"},
		{"'0101110011'::BIT", lake.String, "0101110011"},
		{"'b'::ENUM('a', 'b')", lake.String, "b"},
		{`'{"b": 1, "a": 9007199254740993}'::JSON`, lake.String, `{"b": 1, "a": 9007199254740993}`},
		{"[1, NULL, 3]::BIGINT[]", "array<bigint>", []any{int64(1), nil, int64(3)}},
		{"[[], ['a', 'b']]", "array<array<string>>", []any{[]any{}, []any{"a", "b"}}},
		{"array_value(1, 2)::INTEGER[2]", "array<int>", []any{int64(1), int64(2)}},
		{"{'a': 1, 'b': {'c': DATE '2026-01-02'}}", "struct<a:int,b:struct<c:date>>", map[string]any{"a": int64(1), "b": map[string]any{"c": "2026-01-02"}}},
		{"MAP {'k': 1.5::DOUBLE, 'l': NULL}", "map<string,double>", map[string]any{"k": 1.5, "l": nil}},
		{"union_value(n := 7)", lake.String, "7"},
		{"NULL", lake.Int, nil},
		{"NULL::VARCHAR", lake.String, nil},
	} {
		rows, err := query(t.Context(), "SELECT "+tc.sql+" AS v")
		if err != nil {
			t.Errorf("%s: %v", tc.sql, err)
			continue
		}
		if !rows.Next() {
			t.Errorf("%s: no row: %v", tc.sql, rows.Err())
			closeRows(t, rows)
			continue
		}
		if d := cmp.Diff(lake.Column{Name: "v", Type: tc.typ}, rows.Columns()[0]); d != "" {
			t.Errorf("%s (-want +got):\n%s", tc.sql, d)
		}
		if d := cmp.Diff(tc.value, rows.Values()[0], cmp.Comparer(func(a, b *big.Int) bool { return a.Cmp(b) == 0 })); d != "" {
			t.Errorf("%s (-want +got):\n%s", tc.sql, d)
		}
		if rows.Next() || rows.Err() != nil {
			t.Errorf("%s: another row, or %v", tc.sql, rows.Err())
		}
		closeRows(t, rows)
	}
}

func testArgs(t *testing.T, e engine.Engine) {
	rows, err := e.Query(t.Context(), "SELECT ?::VARCHAR AS s, ?::BIGINT AS i, ?::DOUBLE AS f, ?::BOOLEAN AS b, ?::VARCHAR AS n", "it's", int64(7), 1.5, true, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer closeRows(t, rows)
	if !rows.Next() {
		t.Fatal(rows.Err())
	}
	if d := cmp.Diff([]any{"it's", int64(7), 1.5, true, nil}, rows.Values()); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if _, err := e.Query(t.Context(), "SELECT ?::VARCHAR"); err == nil {
		t.Error("a query runs without the value of its parameter")
	}
}

func testManyRows(t *testing.T, e engine.Engine) {
	rows, err := e.Query(t.Context(), "SELECT range AS i, CASE WHEN range % 3 = 0 THEN NULL ELSE 'v' || range END AS s FROM range(100000) ORDER BY i")
	if err != nil {
		t.Fatal(err)
	}
	defer closeRows(t, rows)
	n := int64(0)
	for ; rows.Next(); n++ {
		var want any
		if n%3 != 0 {
			want = fmt.Sprint("v", n)
		}
		if v := rows.Values(); v[0] != n || v[1] != want {
			t.Fatalf("row %d is %v", n, v)
		}
	}
	if rows.Err() != nil || n != 100000 {
		t.Errorf("%d rows, %v", n, rows.Err())
	}
}

func testFailsLate(t *testing.T, e engine.Engine) {
	rows, err := e.Query(t.Context(), "SELECT CASE WHEN range < 90000 THEN 1 ELSE error('too far') END AS a FROM range(100000)")
	if err == nil {
		for rows.Next() { // only the end matters
		}
		err = rows.Err()
		closeRows(t, rows)
	}
	if !lake.HasCode(err, lake.EngineFailed) {
		t.Errorf("%v, want %s", err, lake.EngineFailed)
	}
}

// endless is a query that does not end by itself.
const endless = "SELECT count(*) AS n FROM range(10000000) AS a, range(10000000) AS b WHERE (a.range + b.range) % 7 = 3"

func testCancel(t *testing.T, e engine.Engine) {
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	start := time.Now()
	_, err := e.Copy(ctx, engine.Copy{SQL: endless, Path: filepath.Join(t.TempDir(), "x")})
	if !lake.HasCode(err, lake.Interrupted) {
		t.Errorf("Copy: %v, want %s", err, lake.Interrupted)
	}
	if d := time.Since(start); d > 5*time.Second {
		t.Errorf("Copy stopped %s after its context", d)
	}
	if _, err := e.Query(ctx, "SELECT 1"); !lake.HasCode(err, lake.Interrupted) {
		t.Errorf("Query: %v, want %s", err, lake.Interrupted)
	}

	ctx, cancel = context.WithCancel(t.Context())
	defer cancel()
	rows, err := e.Query(ctx, "SELECT range AS a FROM range(1000000000)")
	if err != nil {
		t.Fatal(err)
	}
	defer closeRows(t, rows)
	if !rows.Next() {
		t.Fatal(rows.Err())
	}
	cancel()
	for rows.Next() { // only the end matters
	}
	if !lake.HasCode(rows.Err(), lake.Interrupted) {
		t.Errorf("Rows: %v, want %s", rows.Err(), lake.Interrupted)
	}
}

func testConcurrent(t *testing.T, e engine.Engine) {
	dir := t.TempDir()
	errs := make(chan error)
	const n = 8
	for i := range n {
		go func() {
			path := filepath.Join(dir, fmt.Sprint(i))
			rows, err := e.Copy(t.Context(), engine.Copy{SQL: fmt.Sprintf("SELECT range AS a FROM range(%d)", i*1000), Path: path})
			if err == nil && rows != int64(i*1000) {
				err = fmt.Errorf("copy %d gave %d rows", i, rows)
			}
			if err == nil {
				var p engine.Parquet
				if p, err = e.Describe(t.Context(), path); err == nil && p.Rows != rows {
					err = fmt.Errorf("file %d has %d rows", i, p.Rows)
				}
			}
			errs <- err
		}()
	}
	for range n {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}

func closeRows(t *testing.T, rows engine.Rows) {
	t.Helper()
	if err := rows.Close(); err != nil {
		t.Error(err)
	}
	if err := rows.Close(); err != nil {
		t.Errorf("the second Close: %v", err)
	}
	if rows.Next() {
		t.Error("closed rows have a next row")
	}
}
