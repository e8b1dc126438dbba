package jsonarray_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"wplake/internal/jsonarray"
)

func BenchmarkReader(b *testing.B) {
	statistics := func(i int) string {
		return fmt.Sprintf(`{"page_id":"%d","uri":"\/2024\/05\/some-post\/","type":"post","date":"2024-05-%02d","count":"%d","id":"%d"}`, i, i%28+1, i%97, i%500)
	}
	posts := func(i int) string {
		return fmt.Sprintf(`{"ID":"%d","post_author":"1","post_date":"2024-05-01 10:00:00","post_content":"%s","post_title":"Title &amp; more","post_status":"publish","guid":"https:\/\/example.org\/?p=%d"}`,
			i, strings.Repeat(`<p>Some text with \"quotes\" and é.<\/p>\n`, 80), i)
	}
	wide := func(i int) string {
		fields := make([]string, 1000)
		for k := range fields {
			fields[k] = fmt.Sprintf(`"column_%d":%d`, k, i+k)
		}
		return "{" + strings.Join(fields, ",") + "}"
	}
	for _, c := range []struct {
		name string
		row  func(int) string
		rows int
	}{{"narrow", statistics, 50_000}, {"posts", posts, 2_000}, {"columns", wide, 500}} {
		b.Run(c.name, func(b *testing.B) {
			rows := make([]string, c.rows)
			for i := range rows {
				rows[i] = c.row(i)
			}
			body := "[" + strings.Join(rows, ",") + "]"
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				r := jsonarray.NewReader(strings.NewReader(body))
				var err error
				for err == nil {
					_, err = r.Next()
				}
				if !errors.Is(err, io.EOF) || r.Rows() != int64(c.rows) {
					b.Fatal(err)
				}
			}
		})
	}
}
