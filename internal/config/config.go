// Package config is the definition of a lake, wplake.yaml: its types, its
// defaults, and errors that point at the line.
//
// Values of type Ref may refer to something outside the file: ${NAME} is an
// environment variable, param:/path a parameter, file:PATH a file's content.
// They are resolved as late as possible, by whoever needs the value, so that a
// Config can be printed: it holds no secret.
package config

import (
	"wplake/internal/lake"
	"wplake/internal/transform"
)

// FileName is the name of a lake's definition.
const FileName = "wplake.yaml"

// Config is a lake's definition with every default filled in.
type Config struct {
	Site      string              `yaml:"site,omitempty"`    // the site's short name, used in parameter names: /wordpress/<site>/…
	Dataset   string              `yaml:"dataset,omitempty"` // prefix in every bucket and database in the catalog
	Root      string              `yaml:"root,omitempty"`    // the folder that holds buckets, catalog and state; relative to the file
	Source    Source              `yaml:"source,omitempty"`
	Buckets   Buckets             `yaml:"buckets,omitempty"`
	Objects   map[string]Object   `yaml:"objects,omitempty"` // settings by object
	Bronze    Bronze              `yaml:"bronze,omitempty"`
	Silver    Silver              `yaml:"silver,omitempty"`
	Catalog   Catalog             `yaml:"catalog,omitempty"`
	Engine    Engine              `yaml:"engine,omitempty"`
	Alerts    Alerts              `yaml:"alerts,omitempty"`
	Workflow  Workflow            `yaml:"workflow,omitempty"`
	Schedules map[string]Schedule `yaml:"schedules,omitempty"` // by name; default one, every day at 07:00 UTC
	Serve     Serve               `yaml:"serve,omitempty"`
	AWS       AWS                 `yaml:"aws,omitempty"`
}

// SourceKind names a driver of the source port.
type SourceKind string

// The kinds of sources.
const (
	SourceSample    SourceKind = "sample"
	SourceEndpoints SourceKind = "endpoints"
)

// Source says where the data comes from.
type Source struct {
	Kind      SourceKind            `yaml:"kind,omitempty"`
	Endpoints SourceEndpointsConfig `yaml:"endpoints,omitempty"`
	Sample    SourceSampleConfig    `yaml:"sample,omitempty"`
}

// SourceEndpointsConfig configures the source endpoints.
type SourceEndpointsConfig struct {
	URLs             []Ref          `yaml:"urls,omitempty"`               // the endpoints; empty: the parameter holds them
	Parameter        string         `yaml:"parameter,omitempty"`          // comma-separated list of endpoints
	User             Ref            `yaml:"user,omitempty" secret:"true"` // HTTP Basic
	Password         Ref            `yaml:"password,omitempty" secret:"true"`
	Headers          map[string]Ref `yaml:"headers,omitempty" secret:"true"` // sent with every request to an endpoint's own host
	Parallel         int            `yaml:"parallel,omitempty"`              // endpoints in flight
	Retries          int            `yaml:"retries,omitempty"`               // attempts after the first; in the file 0, here -1: none
	MaxBytes         ByteSize       `yaml:"max_bytes,omitempty"`             // of one object, decompressed
	MaxRedirects     int            `yaml:"max_redirects,omitempty"`         // in the file 0, here -1: none
	ConnectTimeout   Duration       `yaml:"connect_timeout,omitempty"`
	FirstByteTimeout Duration       `yaml:"first_byte_timeout,omitempty"`
	IdleTimeout      Duration       `yaml:"idle_timeout,omitempty"`  // between two reads of the body
	TotalTimeout     Duration       `yaml:"total_timeout,omitempty"` // of one object, all attempts together
}

// SourceSampleConfig configures the source sample.
type SourceSampleConfig struct {
	Seed       uint64   `yaml:"seed,omitempty"`       // the same seed gives the same bytes
	Posts      int      `yaml:"posts,omitempty"`      // how many posts
	Statistics int      `yaml:"statistics,omitempty"` // how many rows of statistics_pages
	Objects    []string `yaml:"objects,omitempty"`    // which tables; the reference's five by default
}

// Buckets names the bucket of each layer.
type Buckets struct {
	Raw    string `yaml:"raw,omitempty"`
	Bronze string `yaml:"bronze,omitempty"`
	Silver string `yaml:"silver,omitempty"`
}

// Name returns the name of a layer's bucket.
func (b Buckets) Name(l lake.Layer) string {
	return map[lake.Layer]string{lake.Raw: b.Raw, lake.Bronze: b.Bronze, lake.Silver: b.Silver}[l]
}

// Object holds what is set for one object.
type Object struct {
	Key      []string             `yaml:"key,omitempty"`       // the primary key; known tables have theirs
	Columns  map[string]lake.Type `yaml:"columns,omitempty"`   // declared types: they win over known and inferred ones
	OnDelete OnDelete             `yaml:"on_delete,omitempty"` // default by profile and kind of table
	Drift    Drift                `yaml:"drift,omitempty"`     // default: bronze.drift
	MaxLoss  *float64             `yaml:"max_loss,omitempty"`  // default: bronze.max_loss
	Steps    []transform.Step     `yaml:"steps,omitempty"`     // bronze to silver; default: the profile's
}

// OnDelete says what becomes of a row that vanished at the source.
type OnDelete string

// What becomes of vanished rows.
const (
	Keep OnDelete = "keep" // it stays
	Mark OnDelete = "mark" // it stays, with the time in the column deleted_at
	Drop OnDelete = "drop" // it goes
)

// Drift says what a changed schema leads to.
type Drift string

// The policies for drift. Whatever the policy, drift is reported.
const (
	Evolve Drift = "evolve" // new columns are added, vanished ones stay as NULL, inferred types are widened
	Freeze Drift = "freeze" // the object fails with SchemaFrozen; the last good one stays
	Reject Drift = "reject" // the schema stays; rows that do not fit it go to the rejects table
)

// Bronze holds the defaults of raw to bronze.
type Bronze struct {
	Drift   Drift   `yaml:"drift,omitempty"`
	MaxLoss float64 `yaml:"max_loss,omitempty"` // share of rows, 0 to 1, that a snapshot may lose; 1: any
}

// Silver holds the defaults of bronze to silver.
type Silver struct {
	Profile  transform.Profile `yaml:"profile,omitempty"`
	Unmapped Unmapped          `yaml:"unmapped,omitempty"`
	Runtime  Runtime           `yaml:"runtime,omitempty"` // on AWS
}

// Unmapped says what silver does with an object that has no rules.
type Unmapped string

// What silver does with unmapped objects.
const (
	UnmappedFail Unmapped = "fail" // skip it with a warning and count it as a failure
	UnmappedPass Unmapped = "pass" // copy it as it is
)

// Engine bounds what the SQL engine and the stages may use.
type Engine struct {
	MemoryLimit ByteSize `yaml:"memory_limit,omitempty"` // of the process while it runs the stages
	Parallel    int      `yaml:"parallel,omitempty"`     // objects at once in bronze and silver; 0: by memory and cores
}

// Alerts says who is told.
type Alerts struct {
	Channels map[string]Ref      `yaml:"channels,omitempty" secret:"true"` // name → service URL (smtp://, slack://, discord://, telegram://, ntfy://, generic+https://)
	Topics   map[string][]string `yaml:"topics,omitempty"`                 // topic → names of channels
}
