//go:build wordpress

// Package wordpress_test runs wplake against a real WordPress on this machine.
package wordpress_test

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wplake/internal/lake"
	"wplake/internal/wordpress"
	"wplake/internal/wordpress/endpoints"
	"wplake/internal/wordpress/model"
	"wplake/internal/wordpress/sourcetest"
)

func TestEndpoints(t *testing.T) {
	s := startSite(t)
	t.Run("every value is the database's", func(t *testing.T) { everyValue(t, s) })
	t.Run("the suite of the port", func(t *testing.T) {
		sourcetest.Run(t, func(*testing.T) wordpress.Source {
			return s.source(s.Password, "terms", "term_relationship", "statistics_pages")
		})
	})
	t.Run("what WordPress refuses", func(t *testing.T) { refusals(t, s) })
	t.Run("maintenance", func(t *testing.T) { maintenance(t, s) })
}

// source is wplake's source with an application password; empty: none.
func (s *site) source(password string, objects ...string) *endpoints.Source {
	return endpoints.New(endpoints.Options{
		URLs: func(context.Context) ([]string, error) { return []string{s.endpoints(objects...)}, nil },
		Credentials: func(context.Context) (endpoints.Credentials, error) {
			if password == "" {
				return endpoints.Credentials{}, nil
			}
			return endpoints.Credentials{User: s.User, Password: password}, nil
		},
		Retries: -1,
	})
}

// everyValue compares each value of each table with the database's own.
func everyValue(t *testing.T, s *site) {
	t.Helper()
	for _, table := range model.Tables() {
		name := table.Object
		if name == "term_relationship" {
			name = "term_relationships"
		}
		var sink sourcetest.Sink
		if err := s.source(s.Password, table.Object).Fetch(t.Context(), wordpress.Object{Name: table.Object}, &sink); err != nil {
			t.Errorf("%s: %v", table.Object, err)
			continue
		}
		if want := s.count(t, name); sink.Rows() != want {
			t.Errorf("%s: %d rows, want %d", table.Object, sink.Rows(), want)
			continue
		}
		var rows []map[string]*string
		if err := json.Unmarshal(sink.Bytes(), &rows); err != nil {
			t.Errorf("%s: %v", table.Object, err)
			continue
		}
		if len(rows) == 0 {
			continue
		}
		if len(rows[0]) != len(table.Columns) {
			t.Errorf("%s: %d columns, the model has %d", table.Object, len(rows[0]), len(table.Columns))
		}
		var columns []string
		for _, c := range table.Columns {
			// A prefix, so that an empty string is not taken for a missing field.
			columns = append(columns, fmt.Sprintf("IFNULL(CONCAT('x',HEX(CAST(`%s` AS CHAR CHARACTER SET utf8mb4))),'NULL')", c.Name))
		}
		want := s.query(t, "wordpress", "SELECT "+strings.Join(columns, ",")+" FROM wp_"+name)
		for i, row := range rows {
			var got []string
			for _, c := range table.Columns {
				value, ok := row[c.Name]
				switch {
				case !ok:
					got = append(got, "missing")
				case value == nil:
					got = append(got, "NULL")
				default:
					got = append(got, "x"+strings.ToUpper(hex.EncodeToString([]byte(*value))))
				}
			}
			if line := strings.Join(got, "\t"); line != want[i] {
				t.Errorf("%s, row %d:\n got %s\nwant %s", table.Object, i+1, line, want[i])
				break
			}
		}
		t.Logf("%s: %d rows", table.Object, len(rows))
	}
}

func refusals(t *testing.T, s *site) {
	t.Helper()
	for _, test := range []struct {
		object, password string
		code             lake.Code
		says             string
	}{
		{"users", "", lake.SourceUnauthorized, "rest_forbidden"},
		// WordPress takes a wrong password for none.
		{"users", "wrong", lake.SourceUnauthorized, "rest_forbidden"},
		{"nothing_there", s.Password, lake.SourceHTTPStatus, "rest_no_route"},
		{"noisy", s.Password, lake.SourceNoise, "Something is deprecated"},
		{"cut", s.Password, lake.SourceTruncated, "cut"},
		{"crash", s.Password, lake.SourceHTTPStatus, "500"},
		{"page", s.Password, lake.SourceHTML, "login page"},
		{"error", s.Password, lake.SourceErrorObject, "no_licence"},
	} {
		var sink sourcetest.Sink
		err := s.source(test.password, test.object).Fetch(t.Context(), wordpress.Object{Name: test.object}, &sink)
		e := lake.AsError(err, lake.Internal)
		if e.Code != test.code || !strings.Contains(e.Message, test.says) || e.Hint == "" {
			t.Errorf("%s: got %s: %s (%s); want %s and %q", test.object, e.Code, e.Message, e.Hint, test.code, test.says)
		}
		if strings.Contains(e.Message+e.Hint, s.Password) {
			t.Errorf("%s: the error tells the password", test.object)
		}
		t.Logf("%s: %s: %s\n    %s", test.object, e.Code, e.Message, e.Hint)
	}
}

// WordPress says itself when it is being updated.
func maintenance(t *testing.T, s *site) {
	t.Helper()
	file := filepath.Join(s.Root, ".maintenance")
	if err := os.WriteFile(file, fmt.Appendf(nil, "<?php $upgrading = %d;", time.Now().Unix()), 0o600); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := os.Remove(file); err != nil {
			t.Error(err)
		}
	}()
	err := s.source(s.Password, "terms").Fetch(t.Context(), wordpress.Object{Name: "terms"}, &sourcetest.Sink{})
	if !lake.HasCode(err, lake.SourceHTTPStatus) || !strings.Contains(err.Error(), "503") {
		t.Errorf("got %v", err)
	}
	t.Log(err)
}
