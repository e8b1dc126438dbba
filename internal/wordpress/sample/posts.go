package sample

import (
	"fmt"
	"strings"
	"time"
)

// page is a post of the type page.
type page struct {
	id, parent, order int
	title, slug, uri  string
}

func (s *site) pages() []page {
	var all []page
	add := func(parent int, title, slug, uri string) int {
		id := firstPage + len(all)
		all = append(all, page{id: id, parent: parent, order: len(all), title: title, slug: slug, uri: uri})
		return id
	}
	about := add(0, "About", "about", "/about/")
	add(about, "The people", "people", "/about/people/")
	add(about, "Press &amp; Media", "press", "/about/press/")
	add(0, "Contact", "contact", "/contact/")
	add(0, "Privacy Policy", "privacy-policy", "/privacy-policy/")
	add(0, "Q&amp;A", "qa", "/qa/")
	add(0, "What we don&#8217;t do", "what-we-dont-do", "/what-we-dont-do/")
	add(0, "مرحبا", "%d9%85%d8%b1%d8%ad%d8%a8%d8%a7", "/%d9%85%d8%b1%d8%ad%d8%a8%d8%a7/")
	add(0, "Newsletter 📮", "newsletter", "/newsletter/")
	return all
}

// row is a row of wp_posts; what it does not say is as WordPress leaves it.
type row struct {
	id, author                       int
	created, modified                time.Time // local; zero: no date
	undatedGMT                       bool      // a draft: its *_gmt are zero dates
	content, title, excerpt, status  string
	password, name, guid, kind, mime string
	parent, order, comments          int
	commentsClosed                   bool
}

func (p row) write(out *encoder) {
	local, utc := zeroDate, zeroDate
	if !p.created.IsZero() {
		local = stamp(p.created)
		if !p.undatedGMT {
			utc = stamp(gmt(p.created))
		}
	}
	open := "open"
	if p.commentsClosed {
		open = "closed"
	}
	out.number(p.id, p.author)
	out.text(local, utc, p.content, p.title, p.excerpt, p.status, open, open, p.password, p.name, "", "",
		stamp(p.modified), stamp(gmt(p.modified)), "")
	out.number(p.parent)
	out.text(p.guid)
	out.number(p.order)
	out.text(p.kind, p.mime)
	out.number(p.comments)
	out.end()
}

// posts writes all rows of wp_posts in the order of their ids.
func (s *site) posts(out *encoder) {
	first := Begin().Add(9 * time.Hour)
	for _, p := range s.pages() {
		row{
			id: p.id, author: 1, created: first, modified: first, parent: p.parent, order: p.order, commentsClosed: true,
			title: p.title, name: p.slug, status: "publish", kind: "page", guid: guid("page_id", p.id),
			content: "<!-- wp:paragraph -->\n<p>" + s.words.sentences[p.order] + "</p>\n<!-- /wp:paragraph -->",
		}.write(out)
	}
	s.menu(out, first)
	row{
		id: firstStory - 1, author: 1, created: End().Add(8 * time.Hour), modified: End().Add(8 * time.Hour), undatedGMT: true,
		title: "Auto Draft", status: "auto-draft", kind: "post", guid: guid("p", firstStory-1),
	}.write(out)
	for n := 0; n < s.o.Posts && !out.failed(); n++ {
		s.block(out, s.story(n))
	}
}

// menu writes the items of the navigation menu.
func (s *site) menu(out *encoder, at time.Time) {
	for _, id := range menuItems() {
		row{
			id: id, author: 1, created: at, modified: at, order: id - menuItems()[0] + 1, commentsClosed: true,
			name: fmt.Sprint(id), status: "publish", kind: "nav_menu_item", guid: guid("p", id),
		}.write(out)
	}
}

func menuItems() []int { return []int{20, 21, 22, 23} }

// block writes a story's post, its attachment and its revisions.
func (s *site) block(out *encoder, st story) {
	content := s.content(st.n)
	unfinished := st.status == "draft" || st.status == "pending"
	post := row{
		id: st.id, author: st.author, created: st.created, modified: st.modified, undatedGMT: unfinished,
		content: content, title: st.title, status: st.status, password: st.password, name: st.slug,
		kind: "post", guid: guid("p", st.id), comments: s.approvedComments(st),
	}
	if st.n%9 == 0 {
		post.excerpt = s.words.sentences[st.n%len(s.words.sentences)]
	}
	post.write(out)
	if st.image {
		file := s.imageFile(st)
		row{
			id: st.imageID(), author: st.author, created: st.uploaded(), modified: st.uploaded(), parent: st.id,
			title: fmt.Sprintf("IMG_%04d", st.n%10_000), name: fmt.Sprintf("img_%04d-%d", st.n%10_000, st.id), excerpt: "Photo: own work",
			status: "inherit", kind: "attachment", mime: "image/jpeg", guid: home + "/wp-content/uploads/" + file,
		}.write(out)
	}
	beginning, _, _ := strings.Cut(content, "\n\n")
	for i := range st.revisions {
		id, text := st.id+2+i, content
		if i+1 < st.revisions {
			text = beginning
		}
		row{
			id: id, author: st.author, created: st.modified, modified: st.modified, parent: st.id, commentsClosed: true,
			content: text, title: st.title,
			status: "inherit", name: fmt.Sprintf("%d-revision-v1", st.id), kind: "revision", guid: guid("p", id),
		}.write(out)
	}
}

// imageFile is the path of a story's image below the folder for uploads.
func (s *site) imageFile(st story) string {
	return fmt.Sprintf("%sIMG_%04d-%d.jpg", st.uploaded().Format("2006/01/"), st.n%10_000, st.id)
}

func guid(kind string, id int) string { return fmt.Sprintf("%s/?%s=%d", home, kind, id) }
