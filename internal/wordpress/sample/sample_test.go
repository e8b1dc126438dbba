package sample_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"html"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"wplake/internal/lake"
	"wplake/internal/wordpress"
	"wplake/internal/wordpress/model"
	"wplake/internal/wordpress/sample"
	"wplake/internal/wordpress/sourcetest"
)

func allObjects() []string {
	var names []string
	for _, t := range model.Tables() {
		names = append(names, t.Object)
	}
	return names
}

func TestSuite(t *testing.T) {
	t.Parallel()
	sourcetest.Run(t, func(*testing.T) wordpress.Source {
		return sample.New(sample.Options{Seed: 7, Posts: 60, Statistics: 900, Objects: allObjects()})
	})
}

// fetch returns an object's bytes.
func fetch(t *testing.T, o sample.Options, object string) []byte {
	t.Helper()
	o.Objects = []string{object}
	var sink sourcetest.Sink
	if err := sample.New(o).Fetch(t.Context(), wordpress.Object{Name: object}, &sink); err != nil {
		t.Fatal(err)
	}
	return sink.Bytes()
}

// rows returns an object's rows; NULL is absent.
func rows(t *testing.T, o sample.Options, object string) []map[string]string {
	t.Helper()
	var all []map[string]string
	if err := json.Unmarshal(fetch(t, o, object), &all); err != nil {
		t.Fatal(err)
	}
	return all
}

func number(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestDefaultObjects(t *testing.T) {
	t.Parallel()
	objects, err := sample.New(sample.Options{}).Objects(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, o := range objects {
		names = append(names, o.Name)
	}
	if got := strings.Join(names, " "); got != "posts statistics_pages term_relationship term_taxonomy terms" {
		t.Errorf("got %s", got)
	}
}

func TestWrongOptions(t *testing.T) {
	t.Parallel()
	for _, o := range []sample.Options{{Posts: -1}, {Statistics: -1}, {Posts: sample.MaxPosts + 1}, {Objects: []string{"posts", "pots"}}} {
		if _, err := sample.New(o).Objects(t.Context()); !lake.HasCode(err, lake.ConfigInvalid) {
			t.Errorf("%+v: got %v, want ConfigInvalid", o, err)
		}
	}
}

// The bytes are the same on every machine and with every version: raw objects
// of a sample that nobody changed stay as they are.
func TestSameBytesEverywhere(t *testing.T) {
	t.Parallel()
	hash := sha256.New()
	o := sample.Options{Seed: 1, Posts: 300, Statistics: 3000}
	for _, object := range allObjects() {
		hash.Write(fetch(t, o, object))
	}
	const want = "aab9e7b66d62e9f769d4cadb5208c32c3c2f6b29a36f4bdbaec8da2a18e610c5"
	if got := hex.EncodeToString(hash.Sum(nil)); got != want {
		t.Errorf("the sample has changed: %s, want %s (tell it in the changelog)", got, want)
	}
	o.Seed = 2
	if bytes.Equal(fetch(t, o, "posts"), fetch(t, sample.Options{Seed: 1, Posts: 300}, "posts")) {
		t.Error("another seed gives the same posts")
	}
}

// Every value is a string or null, under the names and in the order of the
// database, and keys are unique.
func TestRowsHaveTheModelsColumns(t *testing.T) {
	t.Parallel()
	for _, table := range model.Tables() {
		data := fetch(t, sample.Options{Posts: 200, Statistics: 2000}, table.Object)
		dec := json.NewDecoder(bytes.NewReader(data))
		if _, err := dec.Token(); err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for dec.More() {
			if _, err := dec.Token(); err != nil {
				t.Fatal(err)
			}
			key := ""
			for _, c := range table.Columns {
				name, err := dec.Token()
				if err != nil || name != c.Name {
					t.Fatalf("%s: the key %v (%v) where %s belongs", table.Object, name, err, c.Name)
				}
				value, err := dec.Token()
				text, ok := value.(string)
				if err != nil || (!ok && value != nil) {
					t.Fatalf("%s.%s is %v (%v), not a string", table.Object, c.Name, value, err)
				}
				checkType(t, table.Object, c, text)
				if slices.Contains(table.Key, c.Name) {
					key += text + "|"
				}
			}
			if seen[key] {
				t.Fatalf("%s has the key %s twice", table.Object, key)
			}
			seen[key] = true
			if _, err := dec.Token(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func checkType(t *testing.T, object string, c lake.Column, text string) {
	t.Helper()
	ok := true
	switch c.Type {
	case lake.Bigint, lake.Int:
		_, err := strconv.ParseInt(text, 10, 32)
		ok = err == nil
	case lake.Timestamp:
		_, err := time.Parse(time.DateTime, text)
		ok = err == nil || text == "0000-00-00 00:00:00"
	case lake.Date:
		_, err := time.Parse(time.DateOnly, text)
		ok = err == nil
	case lake.String:
		ok = utf8.ValidString(text)
	default:
		t.Errorf("no check for %s", c.Type)
	}
	if !ok {
		t.Fatalf("%s.%s holds %q, which is no %s", object, c.Name, text, c.Type)
	}
}

// The output looks as PHP writes it.
func TestWrittenAsPHPDoes(t *testing.T) {
	t.Parallel()
	data := fetch(t, sample.Options{}, "posts")
	if bytes.ContainsFunc(data, func(r rune) bool { return r < ' ' || r >= 0x7f }) {
		t.Error("something beyond printable ASCII is not escaped")
	}
	if regexp.MustCompile(`[^\\]/`).Match(data) {
		t.Error("a slash is not escaped")
	}
	for _, part := range []string{`"ID":"100"`, `https:\/\/`, `\r\n`, `\ud83d\ude`, `\"`, `\t`, `C:\\temp`, `\u0634`, `"0000-00-00 00:00:00"`} {
		if !bytes.Contains(data, []byte(part)) {
			t.Errorf("%s is not in the posts", part)
		}
	}
}

func TestDefaultSite(t *testing.T) {
	t.Parallel()
	posts := rows(t, sample.Options{}, "posts")
	kinds, statuses := map[string]int{}, map[string]int{}
	entities, zero, zeroGMT := 0, 0, 0
	ids := map[string]map[string]string{}
	first, last := "9999", ""
	for _, p := range posts {
		ids[p["ID"]] = p
		kinds[p["post_type"]]++
		if p["post_type"] == "post" {
			statuses[p["post_status"]]++
		}
		if html.UnescapeString(p["post_title"]) != p["post_title"] {
			entities++
		}
		if strings.HasPrefix(p["post_date"], "0000") {
			zero++
			continue
		}
		if strings.HasPrefix(p["post_date_gmt"], "0000") {
			zeroGMT++
		}
		first, last = min(first, p["post_date"]), max(last, p["post_date"])
	}
	if statuses["auto-draft"] != 1 || kinds["post"] != sample.DefaultPosts+1 {
		t.Errorf("%d posts, want %d and an automatic draft", kinds["post"], sample.DefaultPosts)
	}
	for _, kind := range []string{"page", "attachment", "revision", "nav_menu_item"} {
		if kinds[kind] == 0 {
			t.Errorf("no %s", kind)
		}
	}
	for _, status := range []string{"publish", "draft", "pending", "private", "trash"} {
		if statuses[status] < 10 {
			t.Errorf("%d posts are %s", statuses[status], status)
		}
	}
	if entities < 200 || zero < 3 || zeroGMT < 30 {
		t.Errorf("%d titles with entities, %d without a date, %d without a date in UTC", entities, zero, zeroGMT)
	}
	if first < "2021-11-01" || first > "2021-11-10" || last < "2026-10-25" || last > "2026-10-31 23:59:59" {
		t.Errorf("posts from %s to %s", first, last)
	}
	for _, p := range posts {
		if parent := p["post_parent"]; parent != "0" && ids[parent] == nil {
			t.Errorf("post %s hangs on %s, which is not there", p["ID"], parent)
		}
	}
}

func TestTermsAreConsistent(t *testing.T) {
	t.Parallel()
	posts, terms, taxonomy := map[string]map[string]string{}, map[string]bool{}, map[string]map[string]string{}
	for _, p := range rows(t, sample.Options{}, "posts") {
		posts[p["ID"]] = p
	}
	for _, x := range rows(t, sample.Options{}, "terms") {
		terms[x["term_id"]] = true
	}
	differ := false
	for _, x := range rows(t, sample.Options{}, "term_taxonomy") {
		taxonomy[x["term_taxonomy_id"]] = x
		if !terms[x["term_id"]] || (x["parent"] != "0" && !terms[x["parent"]]) {
			t.Errorf("no such term: %v", x)
		}
		differ = differ || x["term_id"] != x["term_taxonomy_id"]
	}
	if !differ {
		t.Error("every term_taxonomy_id is the term_id: wrong joins would not show")
	}
	counts := map[string]int{}
	for _, x := range rows(t, sample.Options{}, "term_relationship") {
		p := posts[x["object_id"]]
		if p == nil || taxonomy[x["term_taxonomy_id"]] == nil {
			t.Fatalf("a relationship of nothing: %v", x)
		}
		if p["post_status"] == "publish" {
			counts[x["term_taxonomy_id"]]++
		}
	}
	for id, x := range taxonomy {
		if number(t, x["count"]) != counts[id] {
			t.Errorf("%v counts %s, but %d published posts have it", x, x["count"], counts[id])
		}
	}
}

func TestStatisticsAreConsistent(t *testing.T) {
	t.Parallel()
	var o sample.Options
	posts, users, terms := map[string]map[string]string{}, map[string]bool{}, map[string]string{}
	for _, p := range rows(t, o, "posts") {
		posts[p["ID"]] = p
	}
	for _, u := range rows(t, o, "users") {
		users[u["ID"]] = true
	}
	for _, x := range rows(t, o, "term_taxonomy") {
		terms[x["term_id"]] = x["taxonomy"]
	}
	all := rows(t, o, "statistics_pages")
	if len(all) != sample.DefaultStatistics {
		t.Errorf("%d rows, want %d", len(all), sample.DefaultStatistics)
	}
	unique, uris, kinds, views := map[string]bool{}, map[string]string{}, map[string]int{}, map[string]int{}
	total, last := 0, ""
	for _, x := range all {
		if unique[x["date"]+x["uri"]] {
			t.Fatalf("the date and the URI are there twice: %v", x)
		}
		unique[x["date"]+x["uri"]] = true
		if owner, ok := uris[x["uri"]]; ok && owner != x["type"]+x["id"] {
			t.Fatalf("the URI %s is of %s and of %s", x["uri"], owner, x["type"]+x["id"])
		}
		uris[x["uri"]] = x["type"] + x["id"]
		if x["date"] < last || len(x["uri"]) > 190 {
			t.Fatalf("out of order or too long: %v", x)
		}
		last = x["date"]
		kinds[x["type"]]++
		count := number(t, x["count"])
		if count < 1 || count > 1000 {
			t.Fatalf("count: %v", x)
		}
		found := x["id"] == "0"
		switch x["type"] {
		case "post", "page", "attachment":
			p := posts[x["id"]]
			found = p != nil && p["post_type"] == x["type"] && p["post_date"][:10] <= x["date"]
			views[x["id"]] += count
			total += count
		case "category", "post_tag":
			found = terms[x["id"]] == x["type"]
		case "author":
			found = users[x["id"]]
		}
		if !found {
			t.Fatalf("the id belongs to nothing of that type: %v", x)
		}
	}
	if last != "2026-10-31" {
		t.Errorf("the last day is %s", last)
	}
	for _, kind := range []string{"post", "page", "attachment", "category", "post_tag", "author", "home", "archive", "search", "404", "feed", "loginpage"} {
		if kinds[kind] < 50 {
			t.Errorf("%d rows of the type %s", kinds[kind], kind)
		}
	}
	var counts []int
	for _, n := range views {
		counts = append(counts, n)
	}
	slices.Sort(counts)
	top := 0
	for _, n := range counts[len(counts)-len(counts)/20:] {
		top += n
	}
	if top*3 < total {
		t.Errorf("the twentieth that is read most has %d of %d views: nothing is popular", top, total)
	}
}

// What a purge leaves is what was there before.
func TestPurgeBefore(t *testing.T) {
	t.Parallel()
	o := sample.Options{Posts: 200, Statistics: 4000}
	before := rows(t, o, "statistics_pages")
	o.PurgeBefore = time.Date(2025, time.January, 1, 0, 0, 0, 0, time.UTC)
	after := rows(t, o, "statistics_pages")
	if len(after) == 0 || len(after) >= len(before) || after[0]["date"] < "2025-01-01" {
		t.Fatalf("%d rows of %d, from %s", len(after), len(before), after[0]["date"])
	}
	for i, x := range after {
		old := before[len(before)-len(after)+i]
		for k, v := range x {
			if old[k] != v {
				t.Fatalf("row %v was %v", x, old)
			}
		}
	}
}

func TestSerialisedPHP(t *testing.T) {
	t.Parallel()
	strs := regexp.MustCompile(`s:(\d+):"`)
	found := 0
	for _, object := range []string{"postmeta", "options", "usermeta"} {
		for _, x := range rows(t, sample.Options{Posts: 100}, object) {
			value := x["meta_value"] + x["option_value"]
			if !strings.HasPrefix(value, "a:") {
				continue
			}
			for _, m := range strs.FindAllStringSubmatchIndex(value, -1) {
				found++
				end := m[1] + number(t, value[m[2]:m[3]])
				if end > len(value) || !strings.HasPrefix(value[end:], `";`) {
					t.Errorf("a length is wrong in %s", value)
				}
			}
		}
	}
	if found < 100 {
		t.Errorf("%d strings", found)
	}
}

// A site far larger than the default is made as well; a small one, too.
func TestOtherSizes(t *testing.T) {
	t.Parallel()
	for _, o := range []sample.Options{{Posts: 1, Statistics: 1}, {Posts: 1, Statistics: 20_000}, {Posts: 3, Statistics: 5}, {Posts: 9000, Statistics: 100}} {
		if got := len(rows(t, o, "statistics_pages")); got != o.Statistics {
			t.Errorf("%+v: %d rows of statistics", o, got)
		}
		if got := len(rows(t, o, "posts")); got < o.Posts {
			t.Errorf("%+v: %d posts", o, got)
		}
	}
}

func BenchmarkStatistics(b *testing.B) {
	source := sample.New(sample.Options{})
	for b.Loop() {
		if err := source.Fetch(b.Context(), wordpress.Object{Name: "statistics_pages"}, discard{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPosts(b *testing.B) {
	source := sample.New(sample.Options{})
	for b.Loop() {
		if err := source.Fetch(b.Context(), wordpress.Object{Name: "posts"}, discard{}); err != nil {
			b.Fatal(err)
		}
	}
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
func (discard) Reset() error                { return nil }
func (discard) Complete() error             { return nil }
