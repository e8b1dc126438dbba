// Package cost estimates what a deployed lake costs a month: from its
// definition, its template and state machine, and from prices in a dated file
// that is part of the binary. It is pure.
//
// Requests are counted from what the stages do when every object has changed,
// so an estimate is rather too high than too low. What an account has free for
// ever is taken off beside it; what new accounts have free for a time is not.
package cost

import (
	"fmt"
	"math"
	"time"

	"wplake/internal/config"
	"wplake/internal/deploy/template"
	"wplake/internal/schedule"
)

// HoursPerMonth is how many hours AWS counts for a month.
const HoursPerMonth = 730

const daysPerMonth = HoursPerMonth / 24.0

// Input says what is estimated. Numbers that are negative are taken from the
// definition or, where it does not tell, are the reference pipeline's.
type Input struct {
	Config     config.Config
	Definition []byte // the lake's state machine
	Machines   map[string][]byte
	Region     string  // empty: the definition's
	Runs       float64 // a month; negative: what the schedules give
	Bytes      int64   // of all raw objects together; negative: 4 MB
	Queries    float64 // of Athena a month; negative: one a day
}

// Line is one item of the bill.
type Line struct {
	Service  string  `json:"service"`
	What     string  `json:"what"`
	Quantity float64 `json:"quantity"` // a month
	Unit     string  `json:"unit"`
	Price    float64 `json:"usd_per_unit"`
	Free     float64 `json:"free_quantity"` // of the account, each month
	USD      float64 `json:"usd"`           // after what is free
	Full     float64 `json:"usd_without_free_tier"`
}

// Reference is what the reference pipeline was billed.
type Reference struct {
	Service string  `json:"service"`
	USD     float64 `json:"usd"`
	Days    int     `json:"days"`
	Month   float64 `json:"usd_per_month"`
}

// Estimate is what a lake costs a month, in USD.
type Estimate struct {
	Region      string      `json:"region"`
	PricedAs    string      `json:"priced_as"`      // the region whose prices are taken
	PricesNoted string      `json:"prices_noted"`   // day, 2006-01-02
	Sources     []Source    `json:"prices_sources"` // of the services in Lines
	Runs        float64     `json:"runs_per_month"`
	Bytes       int64       `json:"raw_bytes"`
	Objects     int         `json:"objects"`
	Queries     float64     `json:"queries_per_month"`
	Lines       []Line      `json:"lines"`
	USD         float64     `json:"usd"`
	Full        float64     `json:"usd_without_free_tier"`
	Reference   []Reference `json:"reference"`
	Assumed     []string    `json:"assumed"`
}

// The reference's size.
const (
	referenceBytes   = 4_000_000
	referenceObjects = 5
)

// Make estimates. The error is a *lake.Error: a state machine cannot be read.
func Make(in Input) (Estimate, error) {
	built, err := template.Build(template.Input{Config: in.Config, Definition: in.Definition, Machines: in.Machines})
	if err != nil {
		return Estimate{}, err
	}
	l := list()
	region := in.Region
	if region == "" {
		region = in.Config.AWS.Region
	}
	if region == "" {
		region = in.Config.Workflow.Region
	}
	r := l.of(region)
	b := &bill{c: in.Config, p: r.Prices, free: l.Free, built: built}
	b.objects, b.guessed = objects(in.Config)
	b.e = Estimate{
		Region: region, PricedAs: r.Region, PricesNoted: r.Noted, Objects: b.objects,
		Runs: in.Runs, Bytes: in.Bytes, Queries: in.Queries, Reference: reference(),
	}
	if in.Runs < 0 {
		b.e.Runs = scheduled(in.Config)
	}
	if in.Bytes < 0 {
		b.e.Bytes = referenceBytes
	}
	if in.Queries < 0 {
		b.e.Queries = daysPerMonth
	}
	if b.steps, err = transitions(in.Definition, rounds, b.objects); err != nil {
		return Estimate{}, err
	}
	b.all()
	b.e.Sources = l.sourcesOf(b.e.Lines)
	b.assumptions(region)
	for _, line := range b.e.Lines {
		b.e.USD += line.USD
		b.e.Full += line.Full
	}
	return b.e, nil
}

// reference is the bill of the reference pipeline, as its author shows it: S3
// from 2024-02-01 to 2024-03-26, Glue from 2024-07-31 to 2024-09-09.
func reference() []Reference {
	all := []Reference{{Service: "S3", USD: 0.41, Days: 55}, {Service: "Glue", USD: 0.38, Days: 41}}
	for i, r := range all {
		all[i].Month = r.USD / float64(r.Days) * daysPerMonth
	}
	return all
}

// objects is how many objects a run deals with, and whether that is a guess.
func objects(c config.Config) (n int, guessed bool) {
	switch {
	case c.Source.Kind == config.SourceSample:
		return len(c.Source.Sample.Objects), false
	case len(c.Source.Endpoints.URLs) > 0:
		return len(c.Source.Endpoints.URLs), false
	}
	return referenceObjects, true
}

// scheduled is how often the schedules that are in force start a machine in a
// month, by the average of a year.
func scheduled(c config.Config) float64 {
	from := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	end := from.AddDate(1, 0, 0)
	n := 0
	for _, s := range c.Schedules {
		e, err := schedule.Parse(s.Expression)
		if s.State != config.ScheduleEnabled || err != nil {
			continue
		}
		p := schedule.Plan{Expression: e, Anchor: from}
		for t, ok := p.Next(from.Add(-time.Second)); ok && t.Before(end); t, ok = p.Next(t) {
			n++
		}
	}
	return float64(n) / 12
}

// bill gathers lines.
type bill struct {
	c       config.Config
	p       prices
	free    allowances
	built   template.Template
	e       Estimate
	objects int
	guessed bool
	steps   float64 // of an execution
}

// line adds an item; one of no quantity is left out.
func (b *bill) line(service, what string, quantity float64, unit string, price, free float64) {
	if quantity <= 0 {
		return
	}
	b.e.Lines = append(b.e.Lines, Line{
		Service: service, What: what, Quantity: quantity, Unit: unit, Price: price, Free: free,
		USD: math.Max(quantity-free, 0) * price, Full: quantity * price,
	})
}

func (b *bill) assumptions(region string) {
	e := &b.e
	say := func(format string, args ...any) { e.Assumed = append(e.Assumed, fmt.Sprintf(format, args...)) }
	if e.PricedAs != region {
		say("there are no prices of %s here: those of %s are taken", region, e.PricedAs)
	}
	if b.guessed {
		say("the endpoints are in a parameter: %d objects, as the reference has, are taken", b.objects)
	}
	say("every run finds every object changed, and its replaced versions are kept for %d days", b.c.AWS.VersionExpiry)
	say("bronze and silver have a quarter of raw's bytes each; functions take %.1f s to begin, then work at 5 MB/s from the site, and at 40 (bronze) and 60 MB/s (silver) on a whole vCPU", base)
	if b.c.Catalog.Crawler {
		say("a crawl is billed as ten minutes of one DPU, the least there is; the reference's bill has the same")
	}
	if b.c.AWS.Existing.Buckets {
		say("existing buckets keep versions as the stack's own would")
	}
	say("nothing fails: no retries, no alerts but one a month")
	if b.c.Workflow.Definition != "" {
		say("the lake's own state machine calls the functions as often as the built-in one would; no other calls of it are counted")
	}
	if e.Runs > HoursPerMonth/2 {
		say("runs this often make CloudWatch metrics dear: a metric is billed for each hour in which it is sent")
	}
}
