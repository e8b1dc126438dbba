// Package sample is a WordPress site that the binary makes by itself: a blog
// of five years with its terms, comments, users and daily view counts. It is
// deterministic (the same options give the same bytes, on every machine) and
// holds what real sites hold: HTML entities, emoji, right-to-left text, zero
// dates, drafts, revisions, numbers as strings, serialised PHP.
//
// Rows are made one by one from their numbers, so memory does not depend on
// how many there are. Objects come as PHP's json_encode writes what a MySQL
// driver returns: every value is a string or null.
package sample

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"wplake/internal/lake"
	"wplake/internal/wordpress"
	"wplake/internal/wordpress/model"
)

// The size of a site whose Options say nothing.
const (
	DefaultPosts      = 2000
	DefaultStatistics = 50_000
)

// MaxPosts and MaxStatistics bound the size of a site.
const (
	MaxPosts      = 10_000_000
	MaxStatistics = 1_000_000_000
)

// Options says what site is made.
type Options struct {
	Seed       uint64   // another seed makes another site
	Posts      int      // of the type post, drafts included, at least 1; 0: DefaultPosts
	Statistics int      // rows of statistics_pages before any are purged; 0: DefaultStatistics
	Objects    []string // tables by the names of the model; empty: the reference's five
	// PurgeBefore leaves out the days of statistics_pages before it, as the
	// view counter's own purge does. Zero: nothing is purged.
	PurgeBefore time.Time
}

// Begin returns the day of the first post and the first statistics.
func Begin() time.Time { return time.Date(2021, time.November, 1, 0, 0, 0, 0, time.UTC) }

// End returns the last day that the site knows, at midnight UTC.
func End() time.Time { return time.Date(2026, time.October, 31, 0, 0, 0, 0, time.UTC) }

// Source is a wordpress.Source. It may be used concurrently.
type Source struct {
	o Options
}

// New returns the site. Names of objects and numbers are checked by Objects
// and Fetch.
func New(o Options) *Source {
	if o.Posts == 0 {
		o.Posts = DefaultPosts
	}
	if o.Statistics == 0 {
		o.Statistics = DefaultStatistics
	}
	if len(o.Objects) == 0 {
		o.Objects = []string{"posts", "statistics_pages", "term_relationship", "term_taxonomy", "terms"}
	}
	return &Source{o: o}
}

// Parallel is how many objects may be fetched at once.
func (s *Source) Parallel() int { return 2 }

// Objects lists the tables that the options name.
func (s *Source) Objects(ctx context.Context) ([]wordpress.Object, error) {
	if ctx.Err() != nil {
		return nil, interrupted(ctx)
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	var objects []wordpress.Object
	for _, name := range s.o.Objects {
		table, ok := model.Lookup(name)
		if !ok {
			return nil, &lake.Error{
				Code:    lake.ConfigInvalid,
				Message: fmt.Sprintf("source.sample.objects: the sample site has no table %q", name),
				Hint:    "it has " + strings.Join(tableNames(), ", "),
			}
		}
		o := wordpress.Object{Name: table.Object, From: fmt.Sprintf("sample site %d", s.o.Seed)}
		if !slices.Contains(objects, o) {
			objects = append(objects, o)
		}
	}
	return objects, nil
}

func (s *Source) check() error {
	if s.o.Posts < 1 || s.o.Posts > MaxPosts || s.o.Statistics < 0 || s.o.Statistics > MaxStatistics {
		return &lake.Error{
			Code:    lake.ConfigInvalid,
			Message: fmt.Sprintf("source.sample: %d posts and %d rows of statistics cannot be made", s.o.Posts, s.o.Statistics),
			Hint:    fmt.Sprintf("from 1 to %d posts, and up to %d rows of statistics", MaxPosts, MaxStatistics),
		}
	}
	return nil
}

func tableNames() []string {
	var names []string
	for _, t := range model.Tables() {
		names = append(names, t.Object)
	}
	return names
}

// Fetch writes a table as one JSON array.
func (s *Source) Fetch(ctx context.Context, object wordpress.Object, sink wordpress.Sink) error {
	objects, err := s.Objects(ctx)
	if err != nil {
		return err
	}
	known := slices.ContainsFunc(objects, func(o wordpress.Object) bool { return o.Name == object.Name })
	table, found := model.Lookup(object.Name)
	if !known || !found {
		return &lake.Error{
			Code:    lake.ObjectMissing,
			Message: fmt.Sprintf("the sample site does not give the object %s", object.Name),
			Hint:    "name it in source.sample.objects; there are " + strings.Join(tableNames(), ", "),
		}
	}
	if err := sink.Reset(); err != nil {
		return err
	}
	out := newEncoder(table, func(p []byte) error {
		if ctx.Err() != nil {
			return interrupted(ctx)
		}
		_, err := sink.Write(p)
		return err
	})
	newSite(s.o).write(table.Object, out)
	if err := out.close(); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return interrupted(ctx)
	}
	return sink.Complete()
}

func interrupted(ctx context.Context) error {
	return &lake.Error{Code: lake.Interrupted, Message: "interrupted", Err: ctx.Err()}
}
