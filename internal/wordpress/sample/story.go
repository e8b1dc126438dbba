package sample

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// story is a post with what belongs to it.
type story struct {
	n         int // from 0
	id        int // of the post
	author    int
	status    string
	title     string
	slug      string
	created   time.Time // local time; zero for a draft that was never dated
	modified  time.Time
	comments  int // of all kinds
	image     bool
	revisions int // 0 to 2
	password  string
}

func storyID(n int) int { return firstStory + n*blockSize }

func (st story) imageID() int { return st.id + 1 }

// uploaded is when the image came.
func (st story) uploaded() time.Time {
	if st.created.IsZero() {
		return st.modified
	}
	return st.created
}

func (st story) published() bool { return st.status == "publish" }

// uri is the path of a published post.
func (st story) uri() string { return st.created.Format("/2006/01/") + st.slug + "/" }

// created returns when the n-th story appeared. Later stories are never
// earlier ones.
func (s *site) created(n int, r *rand.Rand) time.Time {
	const parts = 1024
	span := int64(days()) * 24 * 3600
	second := span * (int64(n)*parts + int64(r.IntN(parts))) / (int64(s.o.Posts) * parts)
	return Begin().Add(time.Duration(second) * time.Second)
}

// story makes the n-th story, the text of its post aside.
func (s *site) story(n int) story {
	r := s.random(streamStory, n)
	st := story{n: n, id: storyID(n), created: s.created(n, r), status: "publish"}
	last := End().Add(24*time.Hour - time.Second)
	// Most edits follow soon; some come years later.
	after := time.Duration(r.IntN(3*24*3600)) * time.Second
	if chance(r, 150) {
		after *= time.Duration(1 + r.IntN(400))
	}
	st.modified = st.created.Add(after)
	if st.modified.After(last) {
		st.modified = last
	}
	// The first authors write the most.
	st.author = 1 + min(r.IntN(authors), r.IntN(authors))
	switch k := r.IntN(1000); {
	case k < 50:
		st.status = "draft"
	case k < 60:
		st.status = "pending"
	case k < 80:
		st.status = "private"
	case k < 95:
		st.status = "trash"
	}
	st.title = s.words.title(r)
	st.slug = fmt.Sprintf("%s-%d", slug(st.title), n+1)
	if st.status == "trash" {
		st.slug += "__trashed"
	}
	st.image = chance(r, 350)
	st.revisions = r.IntN(5) % 3
	if st.published() {
		st.comments = max(0, r.IntN(12)-6)
		if chance(r, 4) {
			st.password = "open sesame"
		}
	}
	if st.status == "draft" || st.status == "pending" {
		st.slug = ""
		if chance(r, 100) {
			st.created = time.Time{}
		}
	}
	return st
}

// content makes the text of a story's post.
func (s *site) content(n int) string {
	r := s.random(streamContent, n)
	blocks := 2 + r.IntN(5)
	old := n*5 < s.o.Posts // the first year was written with the classic editor
	text := ""
	for i := range blocks {
		p := s.words.paragraph(r)
		if old {
			if i > 0 {
				text += "\r\n\r\n"
			}
			text += p
			continue
		}
		text += "<!-- wp:paragraph -->\n<p>" + p + "</p>\n<!-- /wp:paragraph -->\n\n"
	}
	switch k := r.IntN(100); {
	case k < 3:
		text += "\n[gallery ids=\"12,15,18\" link='none']\n"
	case k < 6:
		text += "<!-- wp:code -->\n<pre class=\"wp-block-code\"><code>if (a &lt; b &amp;&amp; c) {\n\techo \"done\\n\"; // C:\\\\path\n}</code></pre>\n<!-- /wp:code -->"
	case k < 8:
		text += "<!-- wp:quote -->\n<blockquote class=\"wp-block-quote\"><p>" + one(r, s.words.foreign) + "</p></blockquote>\n<!-- /wp:quote -->"
	case k < 9:
		text = "" // a post that is nothing but a title
	}
	return text
}
