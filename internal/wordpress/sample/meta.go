package sample

import "fmt"

// phpMap is PHP's serialisation of an array with one key.
func phpMap(key string, value bool) string {
	b := 0
	if value {
		b = 1
	}
	return fmt.Sprintf("a:1:{%sb:%d;}", phpString(key), b)
}

// phpString is PHP's serialisation of a string: its length counts bytes.
func phpString(s string) string { return fmt.Sprintf(`s:%d:"%s";`, len(s), s) }

func (s *site) postmeta(out *encoder) {
	write := func(id, post int, key, value string) {
		out.number(id, post)
		out.text(key, value)
		out.end()
	}
	for n := 0; n < s.o.Posts && !out.failed(); n++ {
		st := s.story(n)
		// A block of ids for each story, not all of them used.
		id := 1 + n*blockSize
		write(id, st.id, "_edit_lock", fmt.Sprintf("%d:%d", gmt(st.modified).Unix(), st.author))
		if !st.image {
			continue
		}
		file := s.imageFile(st)
		write(id+1, st.id, "_thumbnail_id", fmt.Sprint(st.imageID()))
		write(id+2, st.imageID(), "_wp_attached_file", file)
		write(id+3, st.imageID(), "_wp_attachment_metadata",
			fmt.Sprintf("a:3:{%si:%d;%si:%d;%s%s}", phpString("width"), 1600+n%400, phpString("height"), 1200, phpString("file"), phpString(file)))
	}
}

// options writes the site's settings.
func (s *site) options(out *encoder) {
	for i, o := range [][3]string{
		{"siteurl", home, "yes"},
		{"home", home, "yes"},
		{"blogname", "Harbour Notes &amp; Sundries", "yes"},
		{"blogdescription", "Small things, slowly – ביחד", "yes"},
		{"gmt_offset", "1", "yes"},
		{"timezone_string", "", "yes"},
		{"permalink_structure", "/%year%/%monthnum%/%postname%/", "yes"},
		{"active_plugins", fmt.Sprintf("a:1:{i:0;%s}", phpString("wp-statistics/wp-statistics.php")), "yes"},
		{"wp_user_roles", phpMap("administrator", true), "yes"},
		{"sticky_posts", fmt.Sprintf("a:1:{i:0;i:%d;}", firstStory), "yes"},
		{"widget_text", "a:1:{i:2;a:2:{" + phpString("title") + phpString("Café ☕") + phpString("text") + phpString("line one\r\nline \"two\"") + "}}", "yes"},
		{"_transient_timeout_doing_cron", fmt.Sprint(End().Unix()), "no"},
		{"rewrite_rules", "", "yes"},
		{"blog_charset", "UTF-8", "yes"},
	} {
		out.number(i + 1)
		out.text(o[0], o[1], o[2])
		out.end()
	}
}

// links writes the blogroll, which few sites still have.
func (s *site) links(out *encoder) {
	for i, l := range [][2]string{
		{"https://wordpress.org/documentation/", "Documentation"},
		{"https://lighthouse.example/?a=1&b=2", "The Lighthouse &amp; its Keeper"},
	} {
		out.number(i + 1)
		out.text(l[0], l[1], "", "", "", "Y")
		out.number(1, 0)
		out.text(zeroDate, "", "", "")
		out.end()
	}
}
