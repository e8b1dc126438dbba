package glue_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"wplake/internal/catalog/glue"
)

type object = map[string]any

// fakeGlue plays the Data Catalog as AWS documents it, in what emulators do not
// play: versions count from 0, a stale one is refused, SkipArchive leaves no
// version behind, answers have pages.
type fakeGlue struct {
	t    *testing.T
	page int // entries of an answer
	// before is asked first; an answer of its own (status not 0) stands.
	before func(op string, in object) (status int, answer object)
	// after may take an answer back that was given: true breaks the connection.
	after func(op string, in object) bool

	mu        sync.Mutex
	databases map[string]bool
	tables    map[string]*fakeTable
	calls     map[string]int
}

type fakeTable struct {
	states []object // the archived ones, the present one last
}

func newFake(t *testing.T) *fakeGlue {
	return &fakeGlue{t: t, page: 2, databases: map[string]bool{}, tables: map[string]*fakeTable{}, calls: map[string]int{}}
}

// config is a configuration that reaches the fake.
func (f *fakeGlue) config() aws.Config {
	server := httptest.NewServer(f)
	f.t.Cleanup(server.Close)
	return aws.Config{
		Region: "eu-west-1", BaseEndpoint: &server.URL,
		Credentials: credentials.NewStaticCredentialsProvider("AKIA", "secret", ""),
		Retryer: func() aws.Retryer {
			return retry.NewStandard(func(s *retry.StandardOptions) { s.MaxAttempts, s.MaxBackoff = 3, time.Millisecond })
		},
	}
}

func (f *fakeGlue) called(op string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls[op]
}

func (f *fakeGlue) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, op, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	body, err := io.ReadAll(r.Body)
	var in object
	if err == nil {
		err = json.Unmarshal(body, &in)
	}
	if err != nil {
		return // a request that was given up
	}
	f.mu.Lock()
	f.calls[op]++
	f.mu.Unlock()
	status, answer := 0, object(nil)
	if f.before != nil {
		status, answer = f.before(op, in)
	}
	if status == 0 {
		f.mu.Lock()
		status, answer = f.do(op, in)
		f.mu.Unlock()
	}
	if f.after != nil && f.after(op, in) {
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer) // whoever gave up reads no answer
}

func fault(code, message string) (int, object) {
	return http.StatusBadRequest, object{"__type": code, "Message": message}
}

func (f *fakeGlue) do(op string, in object) (int, object) {
	database, _ := in["DatabaseName"].(string)
	name, _ := in["Name"].(string)
	input, _ := in["TableInput"].(object)
	if input != nil {
		name, _ = input["Name"].(string)
	}
	if op == "GetTableVersions" {
		name, _ = in["TableName"].(string)
	}
	if op == "CreateDatabase" {
		database, _ = in["DatabaseInput"].(object)["Name"].(string)
		if f.databases[database] {
			return fault("AlreadyExistsException", "Database already exists.")
		}
		f.databases[database] = true
		return http.StatusOK, object{}
	}
	if !f.databases[database] {
		return fault("EntityNotFoundException", "Database "+database+" not found.")
	}
	key := database + "\x00" + name
	table := f.tables[key]
	switch op {
	case "GetTables":
		var all []any
		for _, key := range slices.Sorted(maps.Keys(f.tables)) {
			if strings.HasPrefix(key, database+"\x00") {
				all = append(all, f.tables[key].present())
			}
		}
		return f.paged("TableList", all, in)
	case "CreateTable":
		if table != nil {
			return fault("AlreadyExistsException", "Table already exists.")
		}
		f.tables[key] = &fakeTable{states: []object{state(database, input, 0, nil)}}
		return http.StatusOK, object{}
	}
	if table == nil {
		return fault("EntityNotFoundException", "Entity Not Found")
	}
	switch op {
	case "GetTable":
		return http.StatusOK, object{"Table": table.present()}
	case "DeleteTable":
		delete(f.tables, key)
		return http.StatusOK, object{}
	case "GetTableVersions":
		var all []any
		for _, s := range slices.Backward(table.states) {
			all = append(all, object{"Table": s, "VersionId": s["VersionId"]})
		}
		return f.paged("TableVersions", all, in)
	case "UpdateTable":
		was := table.present()
		if expected, ok := in["VersionId"].(string); ok && expected != was["VersionId"] {
			return fault("ConcurrentModificationException", "Update table failed due to concurrent modifications.")
		}
		table.update(database, input, in["SkipArchive"] == true)
		return http.StatusOK, object{}
	}
	return fault("InvalidAction", op)
}

func (t *fakeTable) present() object { return t.states[len(t.states)-1] }

func (t *fakeTable) update(database string, input object, skip bool) {
	was := t.present()
	var n int
	_, _ = fmt.Sscan(was["VersionId"].(string), &n)
	if skip {
		t.states = t.states[:len(t.states)-1]
	}
	t.states = append(t.states, state(database, input, n+1, was))
}

// state is a table as Glue tells of it.
func state(database string, input object, version int, before object) object {
	s := maps.Clone(input)
	s["DatabaseName"], s["VersionId"], s["CatalogId"] = database, fmt.Sprint(version), "111122223333"
	s["CreateTime"], s["UpdateTime"] = 1.77e9, 1.77e9+float64(version)
	if before != nil {
		s["CreateTime"] = before["CreateTime"]
	}
	return s
}

func (f *fakeGlue) paged(list string, all []any, in object) (int, object) {
	from := 0
	if token, ok := in["NextToken"].(string); ok {
		_, _ = fmt.Sscan(token, &from)
	}
	from = min(from, len(all))
	end := min(from+f.page, len(all))
	answer := object{list: append([]any{}, all[from:end]...)}
	if end < len(all) {
		answer["NextToken"] = fmt.Sprint(end)
	}
	return http.StatusOK, answer
}

// foreign puts a table as somebody else made it.
func (f *fakeGlue) foreign(database string, input object) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.databases[database] = true
	key := database + "\x00" + input["Name"].(string)
	if f.tables[key] != nil {
		f.tables[key].update(database, input, false)
		return
	}
	f.tables[key] = &fakeTable{states: []object{state(database, input, 0, nil)}}
}

// stored is a copy of a table as Glue has it.
func (f *fakeGlue) stored(database, name string) object {
	f.mu.Lock()
	defer f.mu.Unlock()
	text, err := json.Marshal(f.tables[database+"\x00"+name].present())
	var found object
	if err == nil {
		err = json.Unmarshal(text, &found)
	}
	if err != nil {
		f.t.Fatal(err)
	}
	return found
}

// options are those of a catalog that waits for nothing.
func options(now func() time.Time) glue.Options {
	return glue.Options{Now: now, Wait: noWait}
}
