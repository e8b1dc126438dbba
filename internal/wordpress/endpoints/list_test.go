package endpoints

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"

	"wplake/internal/lake"
	"wplake/internal/wordpress"
)

func TestObjectName(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"https://s.example/wp-json/mo/v1/posts_endpoint/":                        "posts",
		"https://s.example/wp-json/mo/v1/term_taxonomy_endpoint/":                "term_taxonomy",
		"https://s.example/wp-json/mo/v1/statistics_pages_endpoint/":             "statistics_pages",
		"https://s.example/wp-json/mo/v1/posts_endpoint":                         "posts",
		"https://s.example/my_site/posts_endpoint":                               "posts",
		"https://s.example/wp-json/mo/v1/posts_endpoint/all":                     "posts",
		"https://s.example/wp-json/mo/v1/posts_endpoint/?per_page=5&x=a_b/c_d/":  "posts",
		"https://s.example/wp-json/mo/v1/posts_endpoint#a_b/":                    "posts",
		"https://s.example/index.php?rest_route=/mo/v1/wp_posts_endpoint/":       "wp_posts",
		"https://s.example/?rest_route=%2Fmo%2Fv1%2Fterms_endpoint&key=a_b":      "terms",
		"https://s.example/wp-json/mo/v1/my.table-2_x/":                          "my.table-2",
		"https://s.example/wp-json/mo/v1/posts/":                                 "",
		"https://s.example/wp-json/mo/v1/posts":                                  "",
		"https://s.example/wp-json/mo/v1/_endpoint/":                             "",
		"https://s.example/a_b/_endpoint":                                        "",
		"https://s.example/":                                                     "",
		"https://s.example":                                                      "",
		"https://s.example/wp-json/mo/v1/..%2F..%2Fetc_endpoint/":                "",
		"https://s.example/wp-json/mo/v1/%2E%2E_endpoint/":                       "",
		"https://s.example/wp-json/mo/v1/\u00fcber_endpoint/":                    "",
		"https://s.example/wp-json/mo/v1/" + strings.Repeat("a", 129) + "_end/":  "",
		"https://s.example/wp-json/mo/v1/" + strings.Repeat("a", 128) + "_end/":  strings.Repeat("a", 128),
		"https://s.example/wp-json/mo/v1/posts_endpoint//":                       "",
		"https://s.example/wp-json/mo/v1/two%20words_endpoint/":                  "",
		"https://user_x:p@s.example/posts_endpoint/":                             "posts",
		"https://s.example:8080/wp-json/wplake/v1/term_relationship_endpoint/?a": "term_relationship",
	} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		name, ok := objectName(u)
		if name != want || ok != (want != "") {
			t.Errorf("objectName(%s) = %q, %v; want %q", address, name, ok, want)
		}
	}
}

func TestParseList(t *testing.T) {
	t.Parallel()
	const a, b = "https://s.example/v1/a_endpoint/", "https://s.example/v1/b_endpoint/"
	for name, test := range map[string]struct {
		lists []string
		names string
		fails string // part of the error of the last target
	}{
		"commas":           {[]string{a + "," + b}, "a b", ""},
		"spaces and lines": {[]string{"\n " + a + " ,\r\n\t" + b + "\n"}, "a b", ""},
		"lines alone":      {[]string{a + "\n" + b}, "a b", ""},
		"empty items":      {[]string{"," + a + ",, ,", "", b}, "a b", ""},
		"order is kept":    {[]string{b, a}, "b a", ""},
		"nothing":          {[]string{" , ,\n", ""}, "", ""},
		"not a URL":        {[]string{a + ",https://[::1/x_endpoint/"}, "a endpoint_2", "endpoint 2 of 2: not a URL"},
		"no scheme":        {[]string{a + ",s.example/b_endpoint/"}, "a endpoint_2", "not an http or https URL"},
		"another scheme":   {[]string{a + ",ftp://s.example/b_endpoint/"}, "a endpoint_2", "not an http or https URL"},
		"no host":          {[]string{a + ",https:///b_endpoint/"}, "a endpoint_2", "not an http or https URL"},
		"no name":          {[]string{a + ",https://s.example/b/"}, "a endpoint_2", "cannot tell the object's name"},
		"twice":            {[]string{b, a, "https://t.example/a_endpoint/"}, "b a", "two endpoints give the object a: https://s.example/v1/a_endpoint/ and https://t.example/a_endpoint/"},
		"differ in case":   {[]string{b, a, "https://s.example/A_endpoint/"}, "b a", "two endpoints give the object a"},
		"same table":       {[]string{"https://s.example/x-y_endpoint/,https://s.example/x_y_endpoint/"}, "x-y", "two endpoints give the object x-y"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			targets := parseList(test.lists)
			var names []string
			var last error
			for _, target := range targets {
				names = append(names, target.name)
				last = target.err
			}
			if got := strings.Join(names, " "); got != test.names {
				t.Errorf("names %q, want %q", got, test.names)
			}
			switch {
			case test.fails == "" && last != nil:
				t.Errorf("unexpected error: %v", last)
			case test.fails != "" && (!lake.HasCode(last, lake.ConfigInvalid) || !strings.Contains(last.Error(), test.fails)):
				t.Errorf("got %v, want %q", last, test.fails)
			}
		})
	}
}

// One endpoint that cannot be used fails alone.
func TestBadEndpointFailsAlone(t *testing.T) {
	t.Parallel()
	source := New(Options{URLs: func(context.Context) ([]string, error) {
		return []string{"https://s.example/a_endpoint/,https://s.example/nameless/"}, nil
	}})
	objects, err := source.Objects(t.Context())
	if err != nil || len(objects) != 2 {
		t.Fatalf("%v, %v", objects, err)
	}
	if err := source.Fetch(t.Context(), objects[1], nil); !lake.HasCode(err, lake.ConfigInvalid) {
		t.Errorf("got %v", err)
	}
}

func TestListThatCannotBeHad(t *testing.T) {
	t.Parallel()
	missing := errors.New("no such parameter: /wordpress/x/api/mysqlendpoints")
	for _, test := range []struct {
		lists []string
		err   error
		code  lake.Code
	}{
		{nil, missing, lake.ParameterMissing},
		{nil, &lake.Error{Code: lake.StateDamaged, Message: "x"}, lake.StateDamaged},
		{[]string{" , "}, nil, lake.ConfigInvalid},
		{nil, nil, lake.ConfigInvalid},
	} {
		source := New(Options{URLs: func(context.Context) ([]string, error) { return test.lists, test.err }})
		if _, err := source.Objects(t.Context()); !lake.HasCode(err, test.code) {
			t.Errorf("Objects: got %v, want %s", err, test.code)
		}
		if err := source.Fetch(t.Context(), wordpress.Object{Name: "posts"}, nil); !lake.HasCode(err, test.code) {
			t.Errorf("Fetch: got %v, want %s", err, test.code)
		}
	}
}

func TestPrintable(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"https://u:p@s.example/a/?key=v&b=&c#f": "https://s.example/a/?key=***&b=***&***",
		"https://s.example":                     "https://s.example/",
		"https://s.example/a%2Fb/?":             "https://s.example/a%2Fb/",
		"https://s.example/?v;w=x":              "https://s.example/?***&w=***",
	} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		if got := printable(u); got != want {
			t.Errorf("printable(%s) = %s, want %s", address, got, want)
		}
	}
}

func FuzzParseList(f *testing.F) {
	for _, seed := range []string{
		"https://s.example/wp-json/mo/v1/posts_endpoint/, https://s.example/wp-json/mo/v1/terms_endpoint/",
		"https://u:hushhush@s.example/a_b/?k=hushhush#hushhush,http://[::1]:80/a_/,://,%zz",
		",, \n\t,https://s.example/?rest_route=/a/b_c/",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, list string) {
		targets := parseList([]string{list})
		seen := map[string]bool{}
		for _, target := range targets {
			table := lake.TableName(lake.Raw, target.name)
			if !lake.ValidObjectName(target.name) || seen[table] {
				t.Errorf("%q is not valid, or there twice", target.name)
			}
			seen[table] = true
			if (target.url == nil) != (target.err != nil) {
				t.Errorf("%s has a URL and an error, or none of both", target.name)
			}
			if target.from == "" {
				t.Errorf("%s does not say where it is from", target.name)
			}
			if u := target.url; u != nil {
				clean, err := url.Parse(target.from)
				if err != nil || clean.User != nil || clean.Fragment != "" {
					t.Errorf("%q is not clean: %v", target.from, err)
				}
			}
		}
	})
}
