package config

import (
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"wplake/internal/lake"
	"wplake/internal/params"
)

// validator judges values that have the right type.
type validator struct {
	file     *File
	config   *Config
	problems []problem
}

// problem tells of the value at a path; without a place of its own it points
// at the nearest one around it.
func (v *validator) problem(path, format string, args ...any) {
	v.problems = append(v.problems, problem{at: v.file.at(path), text: fmt.Sprintf(format, args...)})
}

// keyProblem is problem for the name itself rather than its value.
func (v *validator) keyProblem(path, format string, args ...any) {
	v.problems = append(v.problems, problem{at: v.file.keys[path], text: fmt.Sprintf(format, args...)})
}

func (v *validator) warn(path, format string, args ...any) {
	v.file.Warnings = append(v.file.Warnings, Warning{File: v.file.Name, Position: v.file.keys[path], Text: fmt.Sprintf(format, args...)})
}

// at is where a path's value stands, or what is around it.
func (f *File) at(path string) Position {
	for {
		if p, ok := f.origins[path]; ok || path == "" {
			return p
		}
		path = path[:max(0, strings.LastIndexAny(path, ".["))]
	}
}

func (v *validator) validate() {
	v.names()
	v.source()
	v.objects()
	v.bounds()
	v.alerts()
	v.workflow()
	v.aws()
}

var (
	siteName    = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$`)
	datasetName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,62}$`)
	bucketName  = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	headerName  = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")
	channelName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}$`)
)

// takenSchemas are names that SQL already gives a meaning to.
func takenSchemas() []string {
	return []string{
		"raw", "bronze", "silver", "bronze_rejects", "silver_rejects",
		"main", "temp", "system", "memory", "information_schema", "pg_catalog",
	}
}

func (v *validator) names() {
	c := v.config
	if !siteName.MatchString(c.Site) {
		v.problem("site", "site %q is not a short name: letters, digits, '.', '_' and '-', at most 63", c.Site)
	}
	if !datasetName.MatchString(c.Dataset) {
		v.problem("dataset", "dataset %q is not a name for a database: lower-case letters, digits, '_' and '-', at most 63", c.Dataset)
	}
	if slices.Contains(takenSchemas(), c.Dataset) {
		v.problem("dataset", "dataset cannot be %q: queries use that name for something else", c.Dataset)
	}
	if strings.TrimSpace(c.Root) == "" {
		v.problem("root", "root is empty; write \".\" for the definition's own folder")
	}
	seen := map[string]lake.Layer{}
	for _, l := range lake.Layers() {
		name, path := c.Buckets.Name(l), "buckets."+string(l)
		if !ValidBucketName(name) {
			v.problem(path, "%s: %q is not a bucket's name: 3 to 63 lower-case letters, digits, '.' and '-'", path, name)
		}
		if other, taken := seen[name]; taken {
			v.problem(path, "%s is the bucket of %s already; each layer has its own", path, other)
		}
		seen[name] = l
	}
}

// within tells when a whole number is out of its range.
func (v *validator) within(path string, n int) {
	if r := spans()[path]; int64(n) < r.low || int64(n) > r.high {
		v.problem(path, "%s is from %d to %d, not %d", path, r.low, r.high, n)
	}
}

func (v *validator) source() {
	e, s := v.config.Source.Endpoints, v.config.Source.Sample
	if !params.ValidName(e.Parameter) {
		v.problem("source.endpoints.parameter", "source.endpoints.parameter: %q is not a parameter's name", e.Parameter)
	}
	for i, u := range e.URLs {
		v.url(fmt.Sprintf("source.endpoints.urls[%d]", i), u)
	}
	if e.User == "" && e.Password != "" {
		v.problem("source.endpoints.password", "source.endpoints.password is set, but source.endpoints.user is not")
	}
	for _, name := range slices.Sorted(maps.Keys(e.Headers)) {
		path := "source.endpoints.headers." + name
		switch {
		case !headerName.MatchString(name):
			v.keyProblem(path, "%q is not an HTTP header's name", name)
		case slices.ContainsFunc([]string{"Host", "Content-Length", "Transfer-Encoding", "Connection", "Accept-Encoding"}, func(s string) bool { return strings.EqualFold(s, name) }):
			v.keyProblem(path, "the header %s is wplake's own to set", name)
		case strings.ContainsAny(string(e.Headers[name]), "\r\n"):
			v.problem(path, "a header's value is one line")
		}
	}
	v.within("source.endpoints.parallel", e.Parallel)
	v.within("source.endpoints.retries", e.Retries)
	v.within("source.endpoints.max_redirects", e.MaxRedirects)
	if e.MaxBytes < 1 {
		v.problem("source.endpoints.max_bytes", "source.endpoints.max_bytes is at least 1B")
	}
	for _, t := range []struct {
		name  string
		value Duration
	}{
		{"connect_timeout", e.ConnectTimeout},
		{"first_byte_timeout", e.FirstByteTimeout},
		{"idle_timeout", e.IdleTimeout},
		{"total_timeout", e.TotalTimeout},
	} {
		if t.value < Duration(time.Millisecond) || t.value > Duration(24*time.Hour) {
			v.problem("source.endpoints."+t.name, "source.endpoints.%s is from 1ms to 24h, not %s", t.name, t.value)
		}
	}
	v.within("source.sample.posts", s.Posts)
	v.within("source.sample.statistics", s.Statistics)
	v.unique("source.sample.objects", s.Objects, lake.ValidObjectName, "an object's name")
}

// url judges a literal endpoint. What it refers to is judged when it is used.
func (v *validator) url(path string, r Ref) {
	if r.IsReference() {
		return
	}
	u, err := url.Parse(string(r))
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		v.problem(path, "%s is a web address: https://… or http://…", path)
	}
}

// unique judges a list of names.
func (v *validator) unique(path string, names []string, valid func(string) bool, what string) {
	for i, name := range names {
		at := fmt.Sprintf("%s[%d]", path, i)
		switch {
		case !valid(name):
			v.problem(at, "%s: %q is not %s", path, name, what)
		case slices.Contains(names[:i], name):
			v.problem(at, "%s names %q twice", path, name)
		}
	}
}

func (v *validator) bounds() {
	c := v.config
	v.share("bronze.max_loss", c.Bronze.MaxLoss)
	if c.Engine.MemoryLimit < MinMemory {
		v.problem("engine.memory_limit", "engine.memory_limit is at least %s, not %s", MinMemory, c.Engine.MemoryLimit)
	}
	v.within("engine.parallel", c.Engine.Parallel)
}

// share tells when a share is not one.
func (v *validator) share(path string, f float64) {
	if !(f >= 0 && f <= 1) { // also false for NaN
		v.problem(path, "%s is a share from 0 to 1, not %v", path, f)
	}
}

func (v *validator) alerts() {
	a := v.config.Alerts
	for _, name := range slices.Sorted(maps.Keys(a.Channels)) {
		v.channel(name, a.Channels[name])
	}
	channels := slices.Sorted(maps.Keys(a.Channels))
	used := map[string]bool{}
	topics := topics()
	for _, s := range v.config.Schedules {
		topics = append(topics, s.DeadLetter)
	}
	for _, topic := range slices.Sorted(maps.Keys(a.Topics)) {
		path := "alerts.topics." + topic
		if !slices.Contains(topics, topic) {
			v.warn(path, "nothing is published on the topic %q unless a parameter /sns/data/lakehouse/… names it%s", topic, suggest(topic, topics))
		}
		for i, name := range a.Topics[topic] {
			used[name] = true
			if _, ok := a.Channels[name]; !ok {
				v.problem(fmt.Sprintf("%s[%d]", path, i), "there is no channel %q in alerts.channels%s", name, suggest(name, channels))
			}
		}
		v.unique(path, a.Topics[topic], func(string) bool { return true }, "")
	}
	for _, name := range channels {
		if !used[name] {
			v.warn("alerts.channels."+name, "no topic goes to the channel %q: it will get no alerts", name)
		}
	}
}

// topics lists the topics of a lake with default parameters.
func topics() []string {
	return []string{"data-lakehouse-raw", "data-lakehouse-bronze", "data-lakehouse-silver", FailureTopic}
}

// channel judges a channel's literal URL, without showing it.
func (v *validator) channel(name string, r Ref) {
	path := "alerts.channels." + name
	if !channelName.MatchString(name) {
		v.keyProblem(path, "%q is not a channel's name: letters, digits, '_', '-' and '.', at most 63", name)
	}
	if r.IsReference() {
		return
	}
	scheme, rest, ok := strings.Cut(string(r), "://")
	switch {
	case !ok || rest == "" || scheme == "":
		v.problem(path, "%s is a service's URL, as in smtp://… or slack://…", path)
	case scheme == "http" || scheme == "https":
		v.problem(path, "%s: for a plain webhook write generic+%s://…", path, scheme)
	}
}

// ValidBucketName reports whether a bucket can be called so: 3 to 63 lower-case
// letters, digits, '.' and '-', as S3 has it.
func ValidBucketName(name string) bool {
	return bucketName.MatchString(name) && !strings.Contains(name, "..")
}
