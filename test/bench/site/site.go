// Package site makes the tables of a large WordPress site for measurements.
package site

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"

	"wplake/internal/wordpress"
)

// Source gives rows as PHP's database driver does: every value a string. The
// same numbers give the same bytes. It may be used concurrently.
type Source struct {
	Posts      int // of 2 to 6 kB each
	Statistics int // rows of statistics_pages
	// Relations are the rows of term_relationship. With any there are terms and
	// term_taxonomy too, and the site has the reference's five objects.
	Relations int
}

// terms is how many terms a site with relations has.
const terms = 200

// Objects lists the tables.
func (s Source) Objects(context.Context) ([]wordpress.Object, error) {
	objects := []wordpress.Object{{Name: "posts"}, {Name: "statistics_pages"}}
	if s.Relations > 0 {
		objects = append(objects, wordpress.Object{Name: "term_relationship"}, wordpress.Object{Name: "term_taxonomy"}, wordpress.Object{Name: "terms"})
	}
	return objects, nil
}

// Parallel is one: what is measured comes later.
func (s Source) Parallel() int { return 1 }

// Fetch writes a table as one JSON array.
func (s Source) Fetch(_ context.Context, o wordpress.Object, sink wordpress.Sink) error {
	if err := sink.Reset(); err != nil {
		return err
	}
	w := bufio.NewWriterSize(sink, 1<<20)
	row, n := post, s.Posts
	switch o.Name {
	case "statistics_pages":
		row, n = statistic, s.Statistics
	case "term_relationship":
		row, n = relation, s.Relations
	case "term_taxonomy":
		row, n = taxonomy, terms
	case "terms":
		row, n = term, terms
	}
	r := rand.New(rand.NewPCG(1, uint64(n)))
	for i := range n {
		separator := ","
		if i == 0 {
			separator = "["
		}
		if _, err := w.WriteString(separator); err != nil {
			return err
		}
		if err := row(w, r, i); err != nil {
			return err
		}
	}
	if _, err := w.WriteString("]"); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return sink.Complete()
}

func post(w io.Writer, r *rand.Rand, i int) error {
	date := "0000-00-00 00:00:00"
	if i%20 != 0 {
		date = fmt.Sprintf("20%02d-%02d-%02d %02d:%02d:%02d", 15+r.IntN(11), 1+r.IntN(12), 1+r.IntN(28), r.IntN(24), r.IntN(60), r.IntN(60))
	}
	title := words(r, 40)
	_, err := fmt.Fprintf(w, `{"ID":"%d","post_author":"%d","post_date":"%s","post_date_gmt":"%s","post_content":"<p>%s<\/p>\n<p class=\"x\">%s<\/p>\r\n","post_title":"%s &amp; co","post_excerpt":"","post_status":"publish","comment_status":"open","ping_status":"closed","post_password":"","post_name":"post-%d","to_ping":"","pinged":"","post_modified":"%s","post_modified_gmt":"%s","post_content_filtered":"","post_parent":"0","guid":"https:\/\/example.org\/?p=%d","menu_order":"0","post_type":"post","post_mime_type":"","comment_count":"%d"}`,
		i+1, 1+i%7, date, date, words(r, 1000+r.IntN(2000)), words(r, 1000+r.IntN(2000)), title, i, date, date, i, i%5)
	return err
}

func statistic(w io.Writer, r *rand.Rand, i int) error {
	_, err := fmt.Fprintf(w, `{"page_id":"%d","uri":"\/20%02d\/post-%d\/","type":"post","date":"20%02d-%02d-%02d","count":"%d","id":"%d"}`,
		i+1, 15+i%10, r.IntN(5000), 15+r.IntN(10), 1+r.IntN(12), 1+r.IntN(28), 1+r.IntN(300), 1+r.IntN(50000))
	return err
}

func relation(w io.Writer, _ *rand.Rand, i int) error {
	_, err := fmt.Fprintf(w, `{"object_id":"%d","term_taxonomy_id":"%d","term_order":"0"}`, 1+i/4, 1+(i%4)*50+(i/4)%50)
	return err
}

func taxonomy(w io.Writer, r *rand.Rand, i int) error {
	_, err := fmt.Fprintf(w, `{"term_taxonomy_id":"%d","term_id":"%d","taxonomy":"post_tag","description":"%s","parent":"0","count":"%d"}`,
		i+1, i+1, words(r, 60), r.IntN(900))
	return err
}

func term(w io.Writer, r *rand.Rand, i int) error {
	_, err := fmt.Fprintf(w, `{"term_id":"%d","name":"%s&amp; co","slug":"term-%d","term_group":"0"}`, i+1, words(r, 12), i)
	return err
}

// words gives about n bytes of text.
func words(r *rand.Rand, n int) string {
	text := make([]byte, 0, n+12)
	for len(text) < n {
		for range 2 + r.IntN(9) {
			text = append(text, "etaoinshrdlucmfwypvbgkjqxz"[min(r.IntN(26), r.IntN(26))])
		}
		text = append(text, ' ')
	}
	return string(text)
}
