package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"time"

	"wplake/internal/config"
	"wplake/internal/lake"
	"wplake/internal/pipeline"
	"wplake/internal/store"
	"wplake/internal/wordpress"
)

// generate fills the raw bucket by wplake's own raw stage, and returns how
// many bytes of JSON there are.
func generate(ctx context.Context, o options) (int64, error) {
	report := pipeline.Raw(ctx, pipeline.Deps{
		Config: config.Default(), Source: site(o), Now: time.Now, Log: slog.New(slog.DiscardHandler),
		Buckets: map[lake.Layer]store.Bucket{lake.Raw: rawBucket(o.dir)},
	}, pipeline.Request{RunID: "generate"})
	var bytes int64
	for _, r := range report.Objects {
		if r.Error != nil {
			return 0, fmt.Errorf("%s: %s", r.Object, r.Error.Message)
		}
		bytes += r.Bytes
	}
	return bytes, nil
}

// site gives rows as PHP's database driver does: every value a string.
type site options

func (s site) Objects(context.Context) ([]wordpress.Object, error) {
	return []wordpress.Object{{Name: "posts"}, {Name: "statistics_pages"}}, nil
}

func (s site) Parallel() int { return 1 }

func (s site) Fetch(_ context.Context, o wordpress.Object, sink wordpress.Sink) error {
	if err := sink.Reset(); err != nil {
		return err
	}
	w := bufio.NewWriterSize(sink, 1<<20)
	row, n := s.post, s.posts
	if o.Name == "statistics_pages" {
		row, n = s.statistic, s.statistics
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

func (s site) post(w io.Writer, r *rand.Rand, i int) error {
	date := "0000-00-00 00:00:00"
	if i%20 != 0 {
		date = fmt.Sprintf("20%02d-%02d-%02d %02d:%02d:%02d", 15+r.IntN(11), 1+r.IntN(12), 1+r.IntN(28), r.IntN(24), r.IntN(60), r.IntN(60))
	}
	title := words(r, 40)
	_, err := fmt.Fprintf(w, `{"ID":"%d","post_author":"%d","post_date":"%s","post_date_gmt":"%s","post_content":"<p>%s<\/p>\n<p class=\"x\">%s<\/p>\r\n","post_title":"%s &amp; co","post_excerpt":"","post_status":"publish","comment_status":"open","ping_status":"closed","post_password":"","post_name":"post-%d","to_ping":"","pinged":"","post_modified":"%s","post_modified_gmt":"%s","post_content_filtered":"","post_parent":"0","guid":"https:\/\/example.org\/?p=%d","menu_order":"0","post_type":"post","post_mime_type":"","comment_count":"%d"}`,
		i+1, 1+i%7, date, date, words(r, 1000+r.IntN(2000)), words(r, 1000+r.IntN(2000)), title, i, date, date, i, i%5)
	return err
}

func (s site) statistic(w io.Writer, r *rand.Rand, i int) error {
	_, err := fmt.Fprintf(w, `{"page_id":"%d","uri":"\/20%02d\/post-%d\/","type":"post","date":"20%02d-%02d-%02d","count":"%d","id":"%d"}`,
		i+1, 15+i%10, r.IntN(5000), 15+r.IntN(10), 1+r.IntN(12), 1+r.IntN(28), 1+r.IntN(300), 1+r.IntN(50000))
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
