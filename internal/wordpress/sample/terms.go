package sample

import (
	"fmt"
	"slices"
)

// term is a term in its one taxonomy.
type term struct {
	id, parent                        int // parent is a term's id
	name, slug, taxonomy, description string
}

// taxonomyID is the term_taxonomy_id of a term. As in a site that once split
// shared terms, it is not the term's own id for the later ones.
func (t term) taxonomyID() int {
	if t.id > 8 {
		return t.id + 5
	}
	return t.id
}

func (t term) uri(all []term) string {
	switch {
	case t.taxonomy == "post_tag":
		return "/tag/" + t.slug + "/"
	case t.parent != 0:
		return "/category/" + all[t.parent-1].slug + "/" + t.slug + "/"
	}
	return "/category/" + t.slug + "/"
}

const (
	categories    = 16 // the terms with the ids 1 to 16
	topicTags     = 30
	menuTerm      = categories + topicTags + 1
	uncategorized = 1
)

// allTerms lists the terms; a term's id is its position from 1.
func (s *site) allTerms() []term {
	all := []term{
		{name: "Uncategorized", slug: "uncategorized"},
		{name: "Garden", slug: "garden", description: "Balconies, allotments &amp; window sills."},
		{name: "Kitchen &amp; Pantry", slug: "kitchen-pantry"},
		{name: "Workshop", slug: "workshop", description: "Wood, metal, patience."},
		{name: "R&amp;D", slug: "rd"},
		{name: "Q&amp;A", slug: "qa"},
		{name: "On the Water", slug: "on-the-water"},
		{name: "Travel", slug: "travel", description: "By train, ferry and on foot.\nNever by car."},
		{name: "Herbs", slug: "herbs", parent: 2},
		{name: "Bread", slug: "bread", parent: 3},
		{name: "Readers&#8217; Letters", slug: "readers-letters"},
		{name: "Caf\u00e9s", slug: "cafes", parent: 8},
		{name: "Do &lt;it&gt; Yourself", slug: "do-it-yourself", parent: 4},
		{name: "ספרים", slug: "%d7%a1%d7%a4%d7%a8%d7%99%d7%9d"},
		{name: "写真", slug: "%e5%86%99%e7%9c%9f"},
		{name: "News 📰", slug: "news"},
	}
	for i := range all {
		all[i].taxonomy = "category"
	}
	for i := range topicTags {
		name := s.words.things[i]
		t := term{name: name, slug: slug(name), taxonomy: "post_tag"}
		if i%10 == 3 {
			t.name = name + " &amp; co."
		}
		all = append(all, t)
	}
	all = append(all, term{name: "Main menu", slug: "main-menu", taxonomy: "nav_menu"})
	for i := range all {
		all[i].id = i + 1
	}
	return all
}

// termsOf returns the ids of a story's terms, in rising order.
func (s *site) termsOf(st story) []int {
	r := s.random(streamTerms, st.n)
	if chance(r, 20) || !st.published() && chance(r, 300) {
		return []int{uncategorized}
	}
	// The first categories have the most posts.
	ids := []int{2 + min(r.IntN(categories-1), r.IntN(categories-1))}
	if chance(r, 250) {
		ids = append(ids, 2+r.IntN(categories-1))
	}
	for range r.IntN(5) {
		ids = append(ids, categories+1+min(r.IntN(topicTags), r.IntN(topicTags)))
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

func (s *site) terms(out *encoder) {
	for _, t := range s.allTerms() {
		out.number(t.id)
		out.text(t.name, t.slug)
		out.number(0)
		out.end()
	}
}

// termTaxonomy writes the terms' uses. As in WordPress, count is the number of
// published posts.
func (s *site) termTaxonomy(out *encoder) {
	all := s.allTerms()
	counts := make([]int, len(all)+1)
	counts[menuTerm] = len(menuItems())
	for n := range s.o.Posts {
		st := s.story(n)
		if !st.published() {
			continue
		}
		for _, id := range s.termsOf(st) {
			counts[id]++
		}
	}
	for _, t := range all {
		out.number(t.taxonomyID(), t.id)
		out.text(t.taxonomy, t.description)
		out.number(t.parent, counts[t.id])
		out.end()
	}
}

func (s *site) termRelationship(out *encoder) {
	all := s.allTerms()
	for _, item := range menuItems() {
		out.number(item, all[menuTerm-1].taxonomyID(), 0)
		out.end()
	}
	for n := 0; n < s.o.Posts && !out.failed(); n++ {
		st := s.story(n)
		for _, id := range s.termsOf(st) {
			out.number(st.id, all[id-1].taxonomyID(), 0)
			out.end()
		}
	}
}

func (s *site) termmeta(out *encoder) {
	id := 0
	for _, t := range s.allTerms() {
		if t.taxonomy != "category" {
			continue
		}
		id++
		out.number(id, t.id)
		out.text("colour", fmt.Sprintf("#%06x", mix(uint64(t.id))&0xffffff)) //nolint:gosec // ids are small and positive
		out.end()
		if t.parent != 0 {
			id++
			out.number(id, t.id)
			out.text("layout")
			out.null()
			out.end()
		}
	}
}
