package sample

import (
	"math/rand/v2"
	"time"
)

const (
	home    = "https://harbour-notes.example"
	authors = 5 // users 1 to 5 write posts; users 6 to 8 only read

	// Ids: pages come first; then every story has a block of four, for the
	// post itself, an attachment and two revisions. Not all of them are used,
	// as in a real site.
	firstPage  = 2
	firstStory = 100
	blockSize  = 4
)

// What is drawn for a thing is drawn from a stream of its own, so that one
// table's rows do not depend on how much was drawn for another's.
const (
	streamStory uint64 = iota + 1
	streamContent
	streamTerms
	streamDay
	streamComment
	streamQuarter
	streamLink
)

// site makes the rows of all tables. Only integers are drawn and computed
// with, because floating point may differ between processors.
type site struct {
	o     Options
	words words
	step  int // coprime to the number of posts: story = rank × step + shift
}

func newSite(o Options) *site {
	s := &site{o: o, words: newWords()}
	s.step = max(o.Posts*618/1000, 1)
	for gcd(s.step, o.Posts) != 1 {
		s.step++
	}
	return s
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// write makes all rows of a table.
func (s *site) write(object string, out *encoder) {
	switch object {
	case "posts":
		s.posts(out)
	case "statistics_pages":
		s.statistics(out)
	case "term_relationship":
		s.termRelationship(out)
	case "term_taxonomy":
		s.termTaxonomy(out)
	case "terms":
		s.terms(out)
	case "comments":
		s.comments(out)
	case "users":
		s.users(out)
	case "postmeta":
		s.postmeta(out)
	case "commentmeta":
		s.commentmeta(out)
	case "termmeta":
		s.termmeta(out)
	case "usermeta":
		s.usermeta(out)
	case "options":
		s.options(out)
	case "links":
		s.links(out)
	default:
		panic("sample: no rows for " + object)
	}
}

// random returns the generator of the n-th thing of a stream.
func (s *site) random(stream uint64, n int) *rand.Rand {
	a := mix(s.o.Seed + stream*0x9e3779b97f4a7c15)
	return rand.New(rand.NewPCG(a, mix(a^uint64(n)))) //nolint:gosec // nothing is secret here; it has to be repeatable
}

// mix is the finaliser of SplitMix64: close numbers become far ones.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// one draws one of the choices.
func one[T any](r *rand.Rand, choices []T) T { return choices[r.IntN(len(choices))] }

// chance is true in so many of a thousand cases.
func chance(r *rand.Rand, perMille int) bool { return r.IntN(1000) < perMille }

const zeroDate = "0000-00-00 00:00:00"

func stamp(t time.Time) string { return t.Format(time.DateTime) }

// gmt is the same time in UTC: the site is one hour ahead all year.
func gmt(t time.Time) time.Time { return t.Add(-time.Hour) }

func days() int { return int(End().Sub(Begin())/(24*time.Hour)) + 1 }

func day(n int) time.Time { return Begin().AddDate(0, 0, n) }
