package typing_test

import (
	"encoding/json"
	"fmt"
	"math/big"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"wplake/internal/engine"
	"wplake/internal/engine/duckdb"
	"wplake/internal/lake"
	"wplake/internal/typing"
)

// TestEngineReadsWhatFits is the contract between Fit and the SQL engine:
// bronze hands the tokens that fit to DuckDB without looking at the outcome, so
// DuckDB must read every one of them, and change the value of none.
func TestEngineReadsWhatFits(t *testing.T) {
	t.Parallel()
	e, err := duckdb.Open(t.Context(), duckdb.Options{TempDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	tokens := append(manyTokens(), randomTokens(20_000)...)
	for _, column := range allTypes() {
		t.Run(string(column), func(t *testing.T) {
			t.Parallel()
			fitting, spelt := []string{}, []string{}
			for _, token := range tokens {
				switch v, _ := typing.Fit(column, []byte(token)); v {
				case typing.Fits:
					fitting, spelt = append(fitting, token), append(spelt, token)
				case typing.FitsAsText:
					quoted, err := json.Marshal(token)
					if err != nil {
						t.Fatal(err)
					}
					fitting, spelt = append(fitting, token), append(spelt, string(quoted))
				case typing.FitsRespelt:
					fitting, spelt = append(fitting, token), append(spelt, string(typing.Respell(nil, column, []byte(token))))
				case typing.Misfit:
				}
			}
			if len(fitting) < 40 {
				t.Fatalf("only %d tokens fit: the test tests nothing", len(fitting))
			}
			for i, value := range readAs(t, e, column, spelt) {
				if why := changed(column, fitting[i], value); why != "" {
					t.Errorf("%.80s fits %s, but DuckDB reads %v: %s", fitting[i], column, value, why)
				}
			}
		})
	}
}

// readAs reads values as bronze does (selectJSON in internal/pipeline).
func readAs(t *testing.T, e engine.Engine, column lake.Type, values []string) []any {
	t.Helper()
	path := filepath.Join(t.TempDir(), "values.json")
	out, err := tryRead(t, e, path, column, values)
	if err == nil {
		return out
	}
	for _, v := range values { // which one was it?
		if _, err := tryRead(t, e, path, column, []string{v}); err != nil {
			t.Errorf("%.80s fits %s, but: %v", v, column, err)
		}
	}
	t.Fatal(err)
	return nil
}

func tryRead(t *testing.T, e engine.Engine, path string, column lake.Type, values []string) ([]any, error) {
	t.Helper()
	var body strings.Builder
	for i, v := range values {
		fmt.Fprintf(&body, `%c{"n":%d,"v":%s}`, "[,"[min(i, 1)], i, v)
	}
	if err := os.WriteFile(path, []byte(body.String()+"]"), 0o600); err != nil {
		t.Fatal(err)
	}
	sqlType := engine.SQLType(column)
	read, value := "VARCHAR", "v"
	switch column {
	case lake.Bigint, lake.Int, lake.Double:
		read = sqlType
	case lake.String:
	case lake.Timestamp, lake.Date:
		value = "TRY_CAST(v AS " + sqlType + ")"
	default:
		value = "CAST(v AS " + sqlType + ")"
	}
	rows, err := e.Query(t.Context(), fmt.Sprintf(
		"SELECT n, %s FROM read_json(%s, format = 'array', columns = {'n': 'BIGINT', 'v': '%s'}, maximum_object_size = 16777216)",
		value, engine.Literal(path), read))
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	if got := rows.Columns()[1].Type; got != column {
		t.Errorf("the column is %s, not %s", got, column)
	}
	out := make([]any, len(values))
	seen := 0
	for rows.Next() {
		n, ok := rows.Values()[0].(int64)
		if !ok {
			t.Fatalf("no number of a row: %v", rows.Values())
		}
		out[n] = rows.Values()[1]
		seen++
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	if seen != len(values) {
		t.Fatalf("%d rows of %d", seen, len(values))
	}
	return out, nil
}

// changed says in what a value that was read differs from its token, or "".
func changed(column lake.Type, token string, value any) string {
	if token == "null" {
		if value != nil {
			return "NULL became a value"
		}
		return ""
	}
	text, isText := token, false
	if token[0] == '"' {
		if err := json.Unmarshal([]byte(token), &text); err != nil {
			return err.Error()
		}
		isText = true
	}
	switch column {
	case lake.String:
		if value != text {
			return "other bytes"
		}
	case lake.Bigint, lake.Int:
		return changedNumber(text, fmt.Sprint(value))
	case lake.Double:
		f, ok := value.(float64)
		if !ok {
			return "no number"
		}
		want, err := strconv.ParseFloat(text, 64)
		if err != nil || f != want {
			return fmt.Sprintf("not the nearest double: %v", err)
		}
		// The digits that were written must come back from it.
		digits := len(strings.Trim(regexp.MustCompile(`[eE].*|[-.]`).ReplaceAllString(text, ""), "0"))
		return changedNumber(text, strconv.FormatFloat(f, 'e', max(digits-1, 0), 64))
	case lake.Boolean:
		if value != (text == "true" || text == "1") {
			return "another truth"
		}
	case lake.Timestamp, lake.Date:
		if !isText {
			return "a time that is no text"
		}
		return changedTime(text, value)
	default:
		return changedNumber(text, fmt.Sprint(value))
	}
	return ""
}

func changedNumber(text, value string) string {
	want, ok := new(big.Rat).SetString(text)
	if !ok {
		return "the token is no number"
	}
	got, ok := new(big.Rat).SetString(value)
	if !ok || got.Cmp(want) != 0 {
		return "another number: " + value
	}
	return ""
}

var noTime = regexp.MustCompile(`^(0000-00-00([ T]00:00:00(\.0{1,6})?Z?)?)?$`)

func changedTime(text string, value any) string {
	if value == nil {
		if !noTime.MatchString(text) {
			return "a time was lost"
		}
		return ""
	}
	got, ok := value.(time.Time)
	if !ok {
		return "no time"
	}
	layout := "2006-01-02T15:04:05.999999"
	padded := strings.Replace(strings.TrimSuffix(text, "Z"), " ", "T", 1)
	if len(padded) == 10 {
		padded += "T00:00:00"
	}
	want, err := time.Parse(layout, padded)
	if err != nil || !got.Equal(want) {
		return fmt.Sprintf("another time than %v (%v)", want, err)
	}
	return ""
}

// randomTokens makes JSON tokens near the borders of what fits.
func randomTokens(n int) []string {
	r := rand.New(rand.NewPCG(1, 2))
	digits := func(most int) string {
		b := make([]byte, 1+r.IntN(most))
		for i := range b {
			b[i] = "0123456789909"[r.IntN(13)]
		}
		return string(b)
	}
	number := func() string {
		s := []string{"", "-"}[r.IntN(2)] + digits([]int{3, 10, 20, 45}[r.IntN(4)])
		if r.IntN(2) == 0 {
			s += "." + []string{digits([]int{2, 20, 45}[r.IntN(3)]), strings.Repeat("0", 1+r.IntN(40))}[r.IntN(2)]
		}
		if r.IntN(6) == 0 {
			s += []string{"e", "E", "e+", "e-"}[r.IntN(4)] + digits(3)
		}
		return s
	}
	moment := func() string {
		s := fmt.Sprintf("%04d-%02d-%02d", []int{0, 1, 1582, 1900, 1970, 2000, 2024, 2100, 9999}[r.IntN(9)], r.IntN(14), r.IntN(33))
		if r.IntN(3) > 0 {
			s += []string{" ", "T"}[r.IntN(2)] + fmt.Sprintf("%02d:%02d:%02d", r.IntN(25), r.IntN(61), r.IntN(61))
			if r.IntN(2) == 0 {
				s += "." + digits(7)
			}
			s += []string{"", "", "", "Z", "+01", "z", " "}[r.IntN(7)]
		}
		if r.IntN(4) == 0 { // one character is another, or is not there
			at := r.IntN(len(s))
			s = s[:at] + []string{"", "0", "-", " ", ":", "x", "."}[r.IntN(7)] + s[at+1:]
		}
		return s
	}
	tokens := make([]string, 0, n)
	for len(tokens) < n {
		switch r.IntN(4) {
		case 0, 1:
			s := number()
			tokens = append(tokens, strconv.Quote(s))
			if jsonNumber().MatchString(s) {
				tokens = append(tokens, s)
			}
		case 2:
			tokens = append(tokens, strconv.Quote(moment()))
		case 3:
			whole := strconv.FormatInt(r.Int64()-r.Int64(), 10)
			near := new(big.Int).Add(new(big.Int).Lsh(big.NewInt(1), []uint{31, 53, 63, 64}[r.IntN(4)]), big.NewInt(int64(r.IntN(7)-3))).String()
			short := strconv.FormatFloat(r.NormFloat64()*1e6, 'g', -1, 64)
			for _, s := range []string{whole, near, "-" + near, near + ".0", short, strconv.FormatFloat(r.ExpFloat64(), 'e', 16, 64)} {
				tokens = append(tokens, s, strconv.Quote(s))
			}
		}
	}
	return tokens
}
