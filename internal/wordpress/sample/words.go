package sample

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// words are what texts are made of.
type words struct {
	things, verbs, adjectives, places, reasons []string
	foreign, emoji, sentences                  []string
}

func newWords() words {
	return words{
		things: []string{
			"rain barrel", "bicycle chain", "sourdough starter", "balcony garden", "home network", "photo archive",
			"film camera", "sailing dinghy", "beehive", "wood stove", "kitchen knife", "garden shed", "old laptop",
			"weather station", "solar panel", "record player", "compost heap", "night train", "mountain hut",
			"tide table", "cast-iron pan", "seed drawer", "tool wall", "reading lamp", "water filter", "canvas tent",
			"pocket notebook", "rowing boat", "bread oven", "fountain pen", "street map", "radio kit", "stone wall",
			"cold frame", "book press", "folding bike", "espresso machine", "hand plane", "lighthouse", "ferry timetable",
		},
		verbs: []string{
			"repair", "clean", "choose", "measure", "store", "paint", "photograph", "back up", "insulate", "sharpen",
			"restore", "carry", "label", "tune", "share", "winterise", "sketch", "borrow", "weatherproof", "rebuild",
		},
		adjectives: []string{
			"quiet", "cheap", "sturdy", "forgotten", "tiny", "honest", "waterproof", "second-hand", "overrated",
			"reliable", "hand-made", "surprising", "slow", "beautiful", "stubborn", "portable",
		},
		places: []string{
			"by the harbour", "in a small flat", "on the island", "in winter", "after the storm", "on a budget",
			"without a car", "in the old town", "with children", "at the allotment", "in Porto", "on the night ferry",
		},
		reasons: []string{
			"what three years taught me", "the parts nobody mentions", "a beginner&#8217;s list", "numbers from a wet spring",
			"questions from readers", "mistakes I made twice", "a weekend project", "before you buy anything",
		},
		foreign: []string{
			"كيف تصلح دراجة قديمة في البيت", "رحلة إلى الجبل في الشتاء", "خبز الصباح وقهوة الميناء",
			"חנות ספרים קטנה ליד הים", "איך לאפות לחם בבית", "שלוש סירות ורוח אחת",
			"港の朝市とパンの話", "古い自転車を直す", "Über Brot, Käse und Zeit", "Déjà vu à l&#8217;île d&#8217;Oléron",
			"Żółta łódka na jeziorze", "Прогулка по старому порту",
		},
		emoji: []string{"🚲", "🍞", "🌱", "📷", "⛵", "🐝", "👩‍🌾", "🇵🇹", "☕", "🧰"},
		sentences: []string{
			"It took two evenings and one trip to the hardware shop.",
			"The first attempt leaked, and so did the second.",
			"My neighbour&#8217;s advice was shorter: leave it alone until spring.",
			"I weighed everything, wrote it down and forgot the notebook in the rain.",
			"Nobody tells you how loud it is before six in the morning.",
			"A litre of vinegar &amp; a stiff brush did most of the work.",
			"If you live near salt water, check the screws every month.",
			"The manual says 40 minutes; plan for an afternoon.",
			"What surprised me most was the smell.",
			"Prices went up by 12% since last year, so borrow before you buy.",
			"It isn&#8217;t pretty, but it has survived three storms.",
			"\"Measure twice\" is good advice; measuring three times is better.",
			"Readers wrote in with photographs &#8211; thank you, all of you.",
			"The whole thing weighs less than a bag of flour.",
			"Temperatures between 4 and 18&nbsp;°C are fine.",
			"There is a word for that in Portuguese: saudade.",
			"I paid 35&nbsp;€ for mine at the Saturday market.",
			"Keep the receipt, keep the box, keep calm.",
			"We reached the hut at dusk, wet and happy.",
			"Half of the seeds never came up, and the other half took over.",
			"Do not use a wire brush; ask me how I know.",
			"The ferry was late, which gave us time for a second coffee.",
			"Nothing here needs electricity, apart from the kettle.",
			"In the end the cheapest part had failed, as it always does.",
		},
	}
}

// title draws a title as WordPress stores it: with entities here and there.
func (w words) title(r *rand.Rand) string {
	if chance(r, 30) {
		return one(r, w.foreign)
	}
	thing, other := one(r, w.things), one(r, w.things)
	var t string
	switch r.IntN(8) {
	case 0:
		t = fmt.Sprintf("How to %s a %s %s", one(r, w.verbs), thing, one(r, w.places))
	case 1:
		t = fmt.Sprintf("The %s %s %s", one(r, w.adjectives), thing, one(r, w.places))
	case 2:
		t = fmt.Sprintf("%s &amp; %s: %s", sentence(thing), other, one(r, w.reasons))
	case 3:
		t = fmt.Sprintf("Why I don&#8217;t %s my %s any more", one(r, w.verbs), thing)
	case 4:
		t = fmt.Sprintf("%d %s ways to %s a %s", 3+r.IntN(10), one(r, w.adjectives), one(r, w.verbs), thing)
	case 5:
		t = fmt.Sprintf("A %s for every %s", thing, other)
	case 6:
		t = fmt.Sprintf("%s %s: %s", sentence(thing), one(r, w.places), one(r, w.reasons))
	default:
		t = fmt.Sprintf("From %s to %s %s", thing, other, one(r, w.places))
	}
	switch n := r.IntN(1000); {
	case n < 50:
		t += "&hellip;"
	case n < 100:
		t += " " + one(r, w.emoji)
	case n < 130:
		t = "&#8220;" + t + "&#8221;"
	case n < 150:
		t = `The "` + one(r, w.adjectives) + `" ` + thing
	case n < 165:
		t += " &#038; more"
	case n < 175:
		t += " &lt;draft 2&gt;"
	case n < 180:
		t = "Encoded &amp;amp; twice: " + thing
	case n < 185:
		t += " & a stray ampersand"
	case n < 190:
		t = "C:\\temp\\ and other places for a " + thing
	}
	return t
}

func sentence(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// paragraph draws a few sentences.
func (w words) paragraph(r *rand.Rand) string {
	var b strings.Builder
	for i := range 3 + r.IntN(5) {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(one(r, w.sentences))
	}
	if chance(r, 60) {
		b.WriteString(" " + one(r, w.emoji))
	}
	return b.String()
}

// slug is what WordPress makes of a title for a URL: lower case, hyphens, and
// other scripts percent-encoded. It has at most about 100 bytes.
func slug(title string) string {
	for _, entity := range []string{"&amp;", "&hellip;", "&lt;", "&gt;", "&#8217;", "&#8220;", "&#8221;", "&#038;"} {
		title = strings.ReplaceAll(title, entity, "")
	}
	var b strings.Builder
	hyphen := false
	for _, r := range strings.ToLower(title) {
		if b.Len() > 90 {
			break
		}
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
		case r == ' ' || r == '-' || r == ':':
			hyphen = true
			continue
		case r < 0x80 || r >= 0x1F000 || r == 0x200D || r >= 0x2000 && r < 0x3000:
			continue // punctuation and emoji
		}
		if hyphen && b.Len() > 0 {
			b.WriteByte('-')
		}
		hyphen = false
		if r < 0x80 {
			b.WriteRune(r)
			continue
		}
		for _, c := range []byte(string(r)) {
			b.WriteString("%" + string(hexDigits[c>>4]) + string(hexDigits[c&15]))
		}
	}
	return b.String()
}
