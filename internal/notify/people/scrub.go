package people

import (
	"cmp"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

const (
	hidden    = "***"
	maxReason = 300 // characters of a reason that are worth reading
	minSecret = 3   // characters; shorter parts would blot out everything
)

var anyURL = regexp.MustCompile(`[A-Za-z][A-Za-z0-9+.-]*://[^\s"']+`)

// scrub makes a reason of the library's error that tells nothing of the
// channel's address: URLs go, and every part of the address, however encoded.
func scrub(text, address string) string {
	for _, part := range secretParts(address) {
		text = strings.ReplaceAll(text, part, hidden)
	}
	text = anyURL.ReplaceAllString(text, hidden)
	text = strings.Join(strings.Fields(text), " ")
	if runes := []rune(text); len(runes) > maxReason {
		text = string(runes[:maxReason]) + "…"
	}
	return text
}

// secretParts lists the parts of an address, the longest first. Of services
// whose host is a host, the host may be told.
func secretParts(address string) []string {
	address = strings.TrimSpace(address)
	parts := []string{address}
	scheme, rest, _ := strings.Cut(address, "://")
	service, _, _ := strings.Cut(strings.ToLower(scheme), "+")
	parts = append(parts, rest)
	// Cut by hand as well: an address that cannot be parsed holds secrets too.
	tellsHost := service == "smtp" || service == "generic" || service == "ntfy" || service == "gotify" || service == "mattermost" || service == "matrix"
	u, err := url.Parse(address)
	host := ""
	if err == nil && tellsHost {
		host = u.Hostname()
	}
	for _, piece := range strings.FieldsFunc(rest, func(r rune) bool { return strings.ContainsRune("/?&=@:#,;", r) }) {
		parts = append(parts, variants(piece)...)
	}
	if err == nil {
		if password, ok := u.User.Password(); ok {
			parts = append(parts, variants(password)...)
		}
		parts = append(parts, variants(u.User.Username())...)
		for _, values := range u.Query() {
			for _, v := range values {
				parts = append(parts, variants(v)...)
			}
		}
	}
	port := ""
	if err == nil {
		port = u.Port()
	}
	parts = slices.DeleteFunc(parts, func(p string) bool {
		return len(p) < minSecret || host != "" && (p == host || p == port)
	})
	slices.SortFunc(parts, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), strings.Compare(a, b)) })
	return slices.Compact(parts)
}

// variants are the forms in which a part may turn up.
func variants(s string) []string {
	all := []string{s, url.QueryEscape(s), url.PathEscape(s)}
	if plain, err := url.PathUnescape(s); err == nil {
		all = append(all, plain)
	}
	if plain, err := url.QueryUnescape(s); err == nil {
		all = append(all, plain)
	}
	return all
}
