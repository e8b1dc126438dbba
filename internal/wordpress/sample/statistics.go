package sample

import (
	"fmt"
	"math/bits"
	"math/rand/v2"
	"strings"
	"time"
)

// view is what a row of statistics_pages counts, the day aside.
type view struct {
	uri, kind string
	id        int // of a post, a term or a user, by kind
	count     int
}

// counter makes the rows of one day after the other.
type counter struct {
	*site
	pages   []page
	terms   []term
	people  []person
	visible int // stories that exist by the end of the day
	used    map[string]struct{}
}

// statistics writes the daily view counts: one row a day and URI. Traffic
// grows over the years.
func (s *site) statistics(out *encoder) {
	c := &counter{site: s, pages: s.pages(), terms: s.allTerms(), people: people(), used: map[string]struct{}{}}
	rows := 0
	for d := range days() {
		until := s.rowsUntil(d + 1)
		date := day(d)
		if until == rows || date.Before(s.o.PurgeBefore) {
			rows = until
			continue
		}
		c.begin(date)
		r := s.random(streamDay, d)
		for ; rows < until; rows++ {
			v := c.draw(r, date, rows)
			out.number(rows + 1)
			out.text(v.uri, v.kind, date.Format(time.DateOnly))
			out.number(v.count, v.id)
			out.end()
		}
		if out.failed() {
			return
		}
	}
}

// rowsUntil returns how many rows the days before the d-th have.
func (s *site) rowsUntil(d int) int {
	all := days()
	return s.o.Statistics * (d*all + d*d) / (2 * all * all)
}

func (c *counter) begin(date time.Time) {
	clear(c.used)
	tomorrow := date.AddDate(0, 0, 1)
	for c.visible < c.o.Posts && c.created(c.visible, c.random(streamStory, c.visible)).Before(tomorrow) {
		c.visible++
	}
}

// draw draws something that was seen on that day and has no row yet. n makes
// up a URI when nothing else is left.
func (c *counter) draw(r *rand.Rand, date time.Time, n int) view {
	const patience = 12
	for range patience {
		v, ok := c.candidate(r, date)
		if !ok {
			continue
		}
		if _, used := c.used[v.uri]; used {
			continue
		}
		c.used[v.uri] = struct{}{}
		if wd := date.Weekday(); wd == time.Saturday || wd == time.Sunday {
			v.count = v.count*2/3 + 1
		}
		v.count = min(v.count, 1000)
		return v
	}
	return view{uri: fmt.Sprintf("/?s=%s+%d", plus(one(r, c.words.things)), n), kind: "search", count: 1}
}

func (c *counter) candidate(r *rand.Rand, date time.Time) (view, bool) {
	if len(c.used) == 0 {
		return view{"/", "home", 0, 80 + r.IntN(240)}, true
	}
	switch k := r.IntN(100); {
	case k < 70:
		return c.story(r, date)
	case k < 76:
		p := one(r, c.pages)
		return view{p.uri, "page", p.id, 1 + r.IntN(25)}, true
	case k < 82:
		t := c.terms[r.IntN(categories)]
		return view{t.uri(c.terms), "category", t.id, 1 + r.IntN(20)}, true
	case k < 87:
		t := c.terms[categories+r.IntN(topicTags)]
		return view{t.uri(c.terms), "post_tag", t.id, 1 + r.IntN(9)}, true
	case k < 89:
		p := c.people[r.IntN(authors)]
		return view{"/author/" + p.nicename + "/", "author", p.id, 1 + r.IntN(8)}, true
	case k < 91:
		month := date.AddDate(0, -r.IntN(18), 1-date.Day())
		if month.Before(Begin()) {
			return view{}, false
		}
		return view{month.Format("/2006/01/"), "archive", 0, 1 + r.IntN(6)}, true
	case k < 94:
		return view{"/?s=" + plus(one(r, c.words.things)), "search", 0, 1 + r.IntN(4)}, true
	case k < 97:
		return view{one(r, lost()), "404", 0, 1 + r.IntN(12)}, true
	case k < 98:
		return view{one(r, []string{"/feed/", "/comments/feed/"}), "feed", 0, 5 + r.IntN(60)}, true
	case k < 99:
		return view{"/wp-login.php", "loginpage", 0, 1 + r.IntN(90)}, true
	}
	st := c.site.story(r.IntN(max(c.visible, 1)))
	if !st.published() || !st.image || st.n >= c.visible {
		return view{}, false
	}
	return view{strings.TrimSuffix(st.uri(), "/") + fmt.Sprintf("/img_%04d-%d/", st.n%10_000, st.id), "attachment", st.imageID(), 1 + r.IntN(3)}, true
}

// story draws a post: either one of the newest, or one of the long-time
// favourites, which are others in each quarter. A rank between 2ᵇ and 2ᵇ⁺¹ is
// as likely for each b, which is Zipf's law.
func (c *counter) story(r *rand.Rand, date time.Time) (view, bool) {
	if c.visible == 0 {
		return view{}, false
	}
	b := r.IntN(bits.Len(uint(c.visible)))
	rank := 1<<b - 1 + r.IntN(1<<b)
	n, most := c.visible-1-rank, 160
	if r.IntN(2) == 0 {
		quarter := date.Year()*4 + int(date.Month()-1)/3
		n, most = (rank*c.step+c.random(streamQuarter, quarter).IntN(c.o.Posts))%c.o.Posts, 420
	}
	if n < 0 || n >= c.visible {
		return view{}, false
	}
	st := c.site.story(n)
	if !st.published() {
		return view{}, false
	}
	count := 1 + r.IntN(max(most>>b, 3))
	// Now and then somebody with many readers links to a post.
	if b > 2 && chance(c.random(streamLink, n*1000+int(date.Month())*40+date.Year()-2000), 15) {
		count *= 5
	}
	return view{st.uri(), "post", st.id, count}, true
}

func plus(s string) string { return strings.ReplaceAll(s, " ", "+") }

// lost are addresses that people and robots ask for in vain.
func lost() []string {
	return []string{
		"/wp-content/plugins/file-manager/readme.txt", "/.env", "/favicon.png", "/old-blog/index.html", "/2019/05/hello-world/",
		"/xmlrpc.php", "/apple-touch-icon.png", "/wp-admin/setup-config.php", "/caf%c3%a9/", "/backup.zip",
	}
}
