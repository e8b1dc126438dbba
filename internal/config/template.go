package config

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"wplake/internal/lake"
)

var notInSiteName = regexp.MustCompile(`[^a-z0-9._-]+`)

// SiteName makes a site's short name of its address: www.example.org is
// example.org, https://example.org/blog is example.org-blog.
func SiteName(site *url.URL) string {
	name := strings.TrimPrefix(strings.ToLower(site.Hostname()), "www.") + "-" + strings.Trim(strings.ToLower(site.Path), "/")
	name = strings.Trim(notInSiteName.ReplaceAllString(name, "-"), "-._")
	if len(name) > 63 {
		name = strings.TrimRight(name[:63], "-._")
	}
	if name == "" {
		return "site"
	}
	return name
}

// ParseSite reads a site's address as a person types it: a scheme may be left
// out. A *lake.Error with the code ConfigInvalid says what is wrong with it.
func ParseSite(text string) (*url.URL, error) {
	address := strings.TrimSpace(text)
	if !strings.Contains(address, "://") {
		address = "https://" + address
	}
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https":
		return nil, &lake.Error{Code: lake.ConfigInvalid, Message: "that is not a site's address", Hint: "it looks like https://example.org"}
	case u.User != nil:
		return nil, &lake.Error{
			Code: lake.ConfigInvalid, Message: "a site's address with a password in it would be kept in plain text",
			Hint: "leave it out, and set source.endpoints.user and password in the definition",
		}
	case u.RawQuery != "" || u.Fragment != "":
		return nil, &lake.Error{Code: lake.ConfigInvalid, Message: "a site's address ends with its path", Hint: "leave out what begins with ? or #"}
	}
	u.Path, u.RawPath = strings.TrimRight(u.Path, "/"), ""
	return u, nil
}

// TemplateOptions says what a new definition is for.
type TemplateOptions struct {
	Kind SourceKind
	Site *url.URL // of the source endpoints; may be nil
	Root string   // empty: the default
}

// Name is the short name of the template's site.
func (o TemplateOptions) Name() string {
	if o.Site == nil {
		return Default().Site
	}
	return SiteName(o.Site)
}

// Template returns a commented definition that works as it is.
func Template(o TemplateOptions) []byte {
	root := "# root: " + Default().Root
	if o.Root != "" {
		root = "root: " + plain(o.Root)
	}
	var b strings.Builder
	fmt.Fprintf(&b, templateHead, plain(o.Name()), root)
	if o.Kind == SourceEndpoints {
		b.WriteString(endpointsSection(o.Name(), o.Site))
	} else {
		b.WriteString(templateSample)
	}
	b.WriteString(templateTail)
	return []byte(b.String())
}

// endpointsSection says which endpoints there are. Those of a known site are
// written out, as the reference pipeline's plugin would name them.
func endpointsSection(name string, site *url.URL) string {
	address, mark := "https://example.org", "# "
	if site != nil {
		address, mark = site.String(), ""
	}
	var urls strings.Builder
	for _, object := range referenceObjects() {
		fmt.Fprintf(&urls, "    %s  - %s/wp-json/mo/v1/%s_endpoint/\n", mark, plainURL(address), object)
	}
	return fmt.Sprintf(templateEndpoints, endpointsParameter(name), mark, urls.String())
}

// plainURL keeps an address from being read as YAML's comment or reference.
func plainURL(address string) string {
	return strings.NewReplacer("#", "%23", "${", "%24%7B", " ", "%20").Replace(address)
}

const templateHead = `# A lake's definition. Everything has a default: an empty file is valid.
# All keys: wplake config schema. What is in force, and why: wplake config show.

# The site's short name, used in the names of parameters.
site: %s

# Prefix in every bucket, and the database in the catalog.
# dataset: wordpress_api

# Where buckets, catalog and state lie; relative to this file.
%s

# Where the data comes from.
source:
`

const templateSample = `  # A site that wplake makes itself. For your own site, put in its place:
  # kind: endpoints
  # endpoints:
  #   urls:
  #     - https://example.org/wp-json/mo/v1/posts_endpoint/
  kind: sample
  # sample:
  #   seed: 1             # the same seed gives the same bytes
  #   posts: 2000
  #   statistics: 50000
`

const templateEndpoints = `  # One URL a table; each answers with one JSON array of objects. The table's
  # name is the next-to-last part of the path up to its last underscore.
  kind: endpoints
  endpoints:
    # Without urls the comma-separated list is read from the parameter
    # %[1]s
    # (set it: wplake param set NAME VALUE). Put your site's own endpoints here:
    %[2]surls:
%[3]s
    # Credentials go to the endpoints' own host only. A secret stays out of this
    # file as ${NAME} (environment), param:/path (parameter) or file:PATH.
    # user: reader
    # password: ${WORDPRESS_PASSWORD}
    # headers:
    #   X-Api-Key: param:/wordpress/api-key

    # parallel: 2           # endpoints at once
    # retries: 4            # attempts after the first
    # max_bytes: 2GB        # of one object
    # total_timeout: 15m    # of one object, all attempts together
`

const templateTail = `
# The bucket of each layer: a folder below root.
# buckets:
#   raw: data-lakehouse-raw
#   bronze: data-lakehouse-bronze
#   silver: data-lakehouse-silver

# From raw to bronze: what a changed schema leads to (evolve, freeze, reject),
# and which share of its rows an object may lose before it is refused.
# bronze:
#   drift: evolve
#   max_loss: 0.5

# From bronze to silver. Profiles: reference (the reference pipeline's columns)
# and full (slugs, excerpts, parents, UTC times, …). An object without rules
# is a failure (unmapped: fail), or copied as it is (unmapped: pass).
# silver:
#   profile: reference
#   unmapped: fail

# Settings of single objects. Rows that vanish at the source are kept, marked
# with a time, or dropped. Steps stand in place of the profile's.
# objects:
#   statistics_pages:
#     on_delete: keep
#   comments:
#     key: [comment_ID]
#     steps:
#       - drop: [comment_agent]
#       - mask: {columns: [comment_author_email, comment_author_IP], method: hash, salt: "${MASK_SALT}"}
#       - split_date: [comment_date]

# What the stages may use.
# engine:
#   memory_limit: 512MB
#   parallel: 0           # objects at once; 0: by memory and cores

# Who is told when something fails, and when it is well again. Try it with
# "wplake notify test".
# alerts:
#   channels:
#     mail: "smtp://${SMTP_USER}:${SMTP_PASSWORD}@mail.example.org:587/?from=lake@example.org&to=me@example.org"
#     chat: ${SLACK_URL}
#   topics:
#     data-lakehouse-raw: [mail, chat]
#     data-lakehouse-bronze: [mail]
#     data-lakehouse-silver: [mail]
#     failure-stepfunction: [mail]

# What "wplake run" does: the built-in state machine, or one of your own in
# Amazon States Language. Its tasks may call programs on this machine by the
# name of a function.
# workflow:
#   definition: workflow.asl.json
#   interrupted: retry    # tasks in flight when the process died; or fail
#   keep_for: 2160h       # of executions that have ended
#   commands:
#     notify-office:
#       run: [/usr/local/bin/notify-office, --json]
#       timeout: 1m

# When it runs, while "wplake serve" is up (or "wplake schedule run-due" is
# called by cron). Without schedules: every day at 07:00 UTC. See the times with
# "wplake schedule next".
# schedules:
#   daily:
#     expression: cron(0 7 * * ? *)   # or rate(6 hours), at(2026-12-24T18:00:00)
#     timezone: Europe/London
#     missed: once          # runs due while nothing ran: once, skip, all
#     overlap: skip         # while the one before runs: skip, queue, allow
#     alert_after: 26h      # alert when no run has succeeded for so long

# Where "wplake serve" answers. Beyond this machine it needs keys, which
# requests are signed with.
# serve:
#   listen: 127.0.0.1:8083
#   access_key: ${WPLAKE_ACCESS_KEY}
#   secret_key: ${WPLAKE_SECRET_KEY}
`
