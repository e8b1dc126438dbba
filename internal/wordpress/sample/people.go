package sample

import (
	"fmt"
	"time"
)

// person is a user of the site.
type person struct {
	id                                 int
	login, nicename, display, role, tz string
}

// people lists the users: five who write, three who only read.
func people() []person {
	return []person{
		{1, "admin", "ana", "Ana Carvalho", "administrator", "Europe/Lisbon"},
		{2, "bo.lindqvist", "bo-lindqvist", "Bo Lindqvist", "editor", "Europe/Stockholm"},
		{3, "chidi", "chidi", "Chidi &amp; Friends", "author", ""},
		{4, "דנה", "dana", "דנה לוי", "author", ""},
		{5, "e_ozturk", "e_ozturk", "Elif Öztürk", "contributor", ""},
		{6, "reader1", "reader1", "O&#8217;Reilly", "subscriber", ""},
		{7, "reader2", "reader2", "Zoë", "subscriber", ""},
		{8, "reader3", "reader3", "reader3", "subscriber", ""},
	}
}

func (s *site) users(out *encoder) {
	for _, p := range people() {
		out.number(p.id)
		// No password has this hash.
		out.text(p.login, fmt.Sprintf("$P$Bsample%d.no.password.has.this.", p.id), p.nicename,
			fmt.Sprintf("user%d@harbour-notes.example", p.id), "", stamp(Begin().AddDate(0, p.id-1, 0)), "")
		out.number(0)
		out.text(p.display)
		out.end()
	}
}

func (s *site) usermeta(out *encoder) {
	id := 0
	for _, p := range people() {
		for _, m := range [][2]string{
			{"nickname", p.display},
			{"description", "Writes about \"small things\" \\ large things.\nLives by the sea."},
			{"wp_capabilities", phpMap(p.role, true)},
			{"session_tokens", ""},
		} {
			id++
			out.number(id, p.id)
			out.text(m[0])
			if m[1] == "" {
				out.null()
			} else {
				out.text(m[1])
			}
			out.end()
		}
	}
}

// comment is a comment on a story.
type comment struct {
	id, parent, user      int
	author, kind, content string
	approved              string // 1, 0, spam or trash
	at                    time.Time
}

const commentBlock = 8 // ids of comments that belong to one story

// commentsOf makes a story's comments.
func (s *site) commentsOf(st story) []comment {
	r := s.random(streamComment, st.n)
	all := make([]comment, 0, st.comments)
	end := End().Add(24*time.Hour - time.Second)
	for i := range st.comments {
		c := comment{
			id: 1 + st.n*commentBlock + i, kind: "comment", approved: "1",
			author: fmt.Sprintf("Reader %d", r.IntN(400)), content: one(r, s.words.sentences),
			at: st.created.Add(time.Duration(1+r.IntN(20*24*3600)) * time.Second),
		}
		if c.at.After(end) {
			c.at = end
		}
		switch k := r.IntN(100); {
		case k < 8:
			c.approved, c.content = "spam", "Cheap <a href=\"http://spam.example/?a=1&amp;b=2\">watches</a>!!! 😀"
		case k < 12:
			c.approved = "0"
		case k < 14:
			c.approved = "trash"
		case k < 18:
			c.kind, c.content = "pingback", "[&#8230;] "+c.content+" [&#8230;]"
		case k < 25:
			c.user = 1 + r.IntN(8)
			c.author = people()[c.user-1].display
		}
		if i > 0 && chance(r, 300) {
			c.parent = all[i-1].id
		}
		all = append(all, c)
	}
	return all
}

func (s *site) approvedComments(st story) int {
	n := 0
	for _, c := range s.commentsOf(st) {
		if c.approved == "1" {
			n++
		}
	}
	return n
}

func (s *site) comments(out *encoder) {
	for n := 0; n < s.o.Posts && !out.failed(); n++ {
		st := s.story(n)
		for _, c := range s.commentsOf(st) {
			out.number(c.id, st.id)
			out.text(c.author, fmt.Sprintf("reader%d@mail.example", c.id%400), "", fmt.Sprintf("192.0.2.%d", c.id%254+1),
				stamp(c.at), stamp(gmt(c.at)), c.content)
			out.number(0)
			out.text(c.approved, "Mozilla/5.0 (X11; Linux x86_64)", c.kind)
			out.number(c.parent, c.user)
			out.end()
		}
	}
}

func (s *site) commentmeta(out *encoder) {
	for n := 0; n < s.o.Posts && !out.failed(); n++ {
		for _, c := range s.commentsOf(s.story(n)) {
			if c.approved != "spam" {
				continue
			}
			out.number(c.id, c.id)
			out.text("akismet_result", "true")
			out.end()
		}
	}
}
