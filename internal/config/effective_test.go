package config_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"wplake/internal/config"
)

// whole is a definition that sets something of every kind, and no secret.
const whole = `
site: blog
dataset: "2026"
root: "a b: #c"
source:
  kind: endpoints
  endpoints:
    urls: ["https://example.org/wp-json/mo/v1/posts_endpoint/", "${OTHER}"]
    user: ${WP_USER}
    password: file:secret.txt
    headers: {X-Key: "param:/key"}
    retries: 0
    max_bytes: 1.5GiB
    idle_timeout: 1h30m
  sample: {seed: 7, objects: [posts, users]}
buckets: {raw: raw-bucket}
objects:
  posts:
  a.b: {key: [ID, "or, so"], columns: {x: "decimal(10,2)", "null": date}, on_delete: mark, drift: freeze, max_loss: 0}
  users:
    steps:
      - drop: ["true", "007", "it's"]
      - rename: {"a: b": "c #d"}
      - null_if: {x: ["", "0"]}
      - replace: {columns: [t], find: "\\d+\t\"x\"", with: "", regex: true}
      - filter: "post_status = 'publish'\nAND true"
      - deduplicate: {by: [ID], order_by: [d desc]}
      - mask: {columns: [m], method: hash, salt: "${SALT}"}
      - sql: SELECT * FROM input
silver: {profile: full, unmapped: pass}
engine: {memory_limit: 256MiB, parallel: 3}
alerts:
  channels: {mail: "${MAIL}"}
  topics: {data-lakehouse-raw: [mail], failure-stepfunction: []}
`

var originComment = regexp.MustCompile(` # (default|wplake\.yaml:\d+:\d+)$`)

// What is shown says the same as the file.
func TestEffectiveLoadsAgain(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"nothing": "", "all": whole} {
		c, f := parse(t, text)
		shown := config.Effective(c, f)
		again, _ := parse(t, shown)
		if diff := cmp.Diff(c, again, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s (-file +shown):\n%s\nshown:\n%s", name, diff, shown)
		}
		for line := range strings.Lines(shown) {
			if line = strings.TrimRight(line, "\n"); !strings.HasSuffix(line, ":") && !originComment.MatchString(line) {
				t.Errorf("%s: no origin: %q", name, line)
			}
		}
	}
}

func TestSettingsOrigins(t *testing.T) {
	t.Parallel()
	c, f := parse(t, "# one\nsite: blog\nsource:\n  endpoints:\n    retries: 0\nobjects:\n  posts: {max_loss: 0.25}\n")
	f.Override("root", "--root")
	got := map[string]config.Setting{}
	for _, s := range config.Settings(c, f) {
		if _, twice := got[s.Key]; twice {
			t.Errorf("%s is there twice", s.Key)
		}
		got[s.Key] = s
	}
	for _, want := range []config.Setting{
		{Key: "site", Value: "blog", Origin: "wplake.yaml:2:7"},
		{Key: "root", Value: "lake", Origin: "--root"},
		{Key: "dataset", Value: "wordpress_api", Origin: config.OriginDefault},
		{Key: "source.endpoints.parameter", Value: "/wordpress/blog/api/mysqlendpoints", Origin: config.OriginDefault},
		{Key: "source.endpoints.retries", Value: int64(0), Origin: "wplake.yaml:5:14"},
		{Key: "engine.memory_limit", Value: "512MB", Origin: config.OriginDefault},
		{Key: "objects.posts.max_loss", Value: 0.25, Origin: "wplake.yaml:7:21"},
	} {
		if diff := cmp.Diff(want, got[want.Key]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", want.Key, diff)
		}
	}
	if _, there := got["objects.posts.on_delete"]; there {
		t.Error("a setting that the object does not have is shown")
	}
}

func address(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := config.ParseSite(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func templates(t *testing.T) map[string]config.TemplateOptions {
	t.Helper()
	return map[string]config.TemplateOptions{
		"sample":         {Kind: config.SourceSample},
		"elsewhere":      {Kind: config.SourceSample, Root: "/var/my lake # 1"},
		"endpoints":      {Kind: config.SourceEndpoints},
		"one's own site": {Kind: config.SourceEndpoints, Site: address(t, "https://www.Example.org:8443/a%20b/")},
	}
}

func TestTemplateWorksUntouched(t *testing.T) {
	t.Parallel()
	for name, o := range templates(t) {
		c, f := parse(t, string(config.Template(o)))
		if c.Source.Kind != o.Kind || len(f.Warnings) > 0 {
			t.Errorf("%s: %+v, %v", name, c.Source, f.Warnings)
		}
		if o.Root != "" && c.Root != o.Root {
			t.Errorf("%s: the root is %q", name, c.Root)
		}
		if o.Site == nil {
			continue
		}
		if c.Site != "example.org-a-b" || len(c.Source.Endpoints.URLs) != 5 {
			t.Errorf("%s: %s, %v", name, c.Site, c.Source.Endpoints.URLs)
		}
		if got := string(c.Source.Endpoints.URLs[0]); got != "https://www.Example.org:8443/a%20b/wp-json/mo/v1/posts_endpoint/" {
			t.Errorf("%s: the first endpoint is %s", name, got)
		}
	}
}

var (
	alternative = regexp.MustCompile(`(?m)^( *)# ( *(?:[A-Za-z_-]+:|- [a-z{h]).*)$`)
	ownKind     = regexp.MustCompile(`(?m)^  kind: sample\n`)
)

// What the comments offer is right as well: without their marks the file loads.
func TestTemplateAlternativesAreRight(t *testing.T) {
	t.Parallel()
	for name, o := range templates(t) {
		text := string(config.Template(o))
		text = ownKind.ReplaceAllString(text, "") // offered as an alternative: both at once are one too many
		text = alternative.ReplaceAllString(text, "$1$2")
		c, f, err := config.Parse("wplake.yaml", "/lake", []byte(text))
		if err != nil {
			t.Errorf("%s: %v\n%s", name, err, text)
			continue
		}
		if len(f.Warnings) > 0 || len(c.Alerts.Channels) != 2 || len(c.Objects) != 2 || len(c.Objects["comments"].Steps) != 3 {
			t.Errorf("%s: not all alternatives came to be: %v, %+v", name, f.Warnings, c)
		}
	}
}

func TestSiteName(t *testing.T) {
	t.Parallel()
	for site, want := range map[string]string{
		"https://example.org": "example.org", "example.org/": "example.org", "http://www.example.org:8080/blog/x": "example.org-blog-x",
		"https://[::1]:80/": "1", "https://BLOG.example.org/Ü": "blog.example.org", "https://" + strings.Repeat("a", 80) + ".org": strings.Repeat("a", 63),
	} {
		if got := config.SiteName(address(t, site)); got != want {
			t.Errorf("SiteName(%s) = %q, want %q", site, got, want)
		}
	}
	for _, site := range []string{"", "ftp://x", "https://", "https://u:p@h", "https://h/?a", "https://h/#a", "https://h:x/"} {
		if u, err := config.ParseSite(site); err == nil {
			t.Errorf("ParseSite(%q) = %v; want an error", site, u)
		}
	}
}
