package endpoints

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"wplake/internal/lake"
)

// target is one endpoint of the list.
type target struct {
	name string   // of its object
	url  *url.URL // nil when err is set
	from string   // the URL without secrets, or where in the list it is
	err  error    // why it cannot be fetched: a *lake.Error
}

// parseList reads lists of endpoints. Every endpoint becomes a target, in the
// order of the list; one that cannot be used carries the reason. Endpoints
// that claim the same object become one target that is an error, since nobody
// can tell which of them is meant.
func parseList(lists []string) []target {
	var items []string
	for _, list := range lists {
		items = append(items, strings.FieldsFunc(list, func(r rune) bool {
			return r == ',' || unicode.IsSpace(r)
		})...)
	}
	var targets []target
	for i, item := range items {
		t := parseItem(item, i+1, len(items))
		// Names that the catalog could not tell apart are the same name.
		same := slices.IndexFunc(targets, func(other target) bool {
			return lake.TableName(lake.Raw, other.name) == lake.TableName(lake.Raw, t.name)
		})
		if same < 0 {
			targets = append(targets, t)
			continue
		}
		first := &targets[same]
		first.url = nil
		first.err = &lake.Error{
			Code:    lake.ConfigInvalid,
			Message: fmt.Sprintf("two endpoints give the object %s: %s and %s", first.name, first.from, t.from),
			Hint:    "remove one of them from the list of endpoints",
		}
	}
	return targets
}

// parseItem reads the n-th endpoint of a list of so many.
func parseItem(item string, n, of int) target {
	place := fmt.Sprintf("endpoint %d of %d", n, of)
	t := target{name: fmt.Sprintf("endpoint_%d", n), from: place}
	refuse := func(why, hint string) target {
		t.err = &lake.Error{Code: lake.ConfigInvalid, Message: place + ": " + why, Hint: hint}
		return t
	}
	u, err := url.Parse(item)
	if err != nil {
		// The parser's error quotes the URL with all its secrets.
		return refuse("not a URL", "endpoints are separated by commas; a comma within a URL is written %2C")
	}
	if (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" {
		return refuse("not an http or https URL with a host",
			"write it as https://example.org/wp-json/mo/v1/posts_endpoint/")
	}
	t.from = printable(u)
	name, ok := objectName(u)
	if !ok {
		place = t.from
		return refuse("cannot tell the object's name from this URL",
			"the last folder of the path must be <object>_<anything>, as in /wp-json/mo/v1/posts_endpoint/")
	}
	t.name, t.url = name, u
	return t
}

// objectName takes an object's name from an endpoint's path as the reference
// pipeline does: the next-to-last segment, up to its last underscore. In a path
// that ends with a slash that is the last folder. The slash may be missing; if
// the last segment then has no underscore, the one before it counts, as it did
// in the reference. With plain permalinks the path is in the query, as
// rest_route.
func objectName(u *url.URL) (string, bool) {
	path := u.EscapedPath() // %2F is no separator
	if route := u.Query().Get("rest_route"); route != "" {
		path = route
	}
	segments := strings.Split(path, "/")
	last := len(segments) - 1
	for _, i := range []int{last, last - 1} {
		if i < 0 {
			break
		}
		end := strings.LastIndexByte(segments[i], '_')
		if end > 0 && lake.ValidObjectName(segments[i][:end]) {
			return segments[i][:end], true
		}
		if segments[i] != "" && end >= 0 {
			break // e.g. "_endpoint": the segment was meant, but holds no name
		}
	}
	return "", false
}

// printable is a URL without what may be secret: user, password, the values of
// the query, the fragment.
func printable(u *url.URL) string {
	clean := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath}
	if clean.Path == "" {
		clean.Path = "/"
	}
	text := clean.String()
	if u.RawQuery == "" {
		return text
	}
	var keys []string
	for _, pair := range strings.FieldsFunc(u.RawQuery, func(r rune) bool { return r == '&' || r == ';' }) {
		key, _, found := strings.Cut(pair, "=")
		if found {
			keys = append(keys, key+"=***")
		} else {
			keys = append(keys, "***") // without a name it may be the secret itself
		}
	}
	return text + "?" + strings.Join(keys, "&")
}
