package cost_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"wplake/internal/config"
	"wplake/internal/deploy/cost"
	"wplake/internal/workflow/machine"
)

// estimate is that of a definition in YAML.
func estimate(t *testing.T, text string, in cost.Input) cost.Estimate {
	t.Helper()
	c, _, err := config.Parse("wplake.yaml", ".", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	in.Config = c
	if in.Definition == nil {
		in.Definition = machine.Default(c)
	}
	e, err := cost.Make(in)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// asked is an input that leaves all to the definition.
func asked() cost.Input { return cost.Input{Runs: -1, Bytes: -1, Queries: -1} }

func line(t *testing.T, e cost.Estimate, what string) cost.Line {
	t.Helper()
	for _, l := range e.Lines {
		if strings.Contains(l.What, what) {
			return l
		}
	}
	return cost.Line{}
}

func about(a, b float64) bool { return math.Abs(a-b) <= 1e-9+1e-6*math.Abs(b) }

// The promise: the default deployment at the reference's size.
func TestTheDefaultCostsLessThanFiveCents(t *testing.T) {
	t.Parallel()
	for _, region := range []string{"us-east-1", "us-east-2", "us-west-2", "eu-west-1", "eu-west-2", "eu-central-1"} {
		in := asked()
		in.Region = region
		e := estimate(t, "", in)
		if e.USD >= 0.05 || e.PricedAs != region {
			t.Errorf("%s: %.4f USD a month, by the prices of %s", region, e.USD, e.PricedAs)
		}
		if e.Full <= e.USD {
			t.Errorf("%s: without the free tier it is not more: %.4f", region, e.Full)
		}
	}
}

func TestTheDefaultStaysWithinWhatCloudWatchGivesFree(t *testing.T) {
	t.Parallel()
	e := estimate(t, "", asked())
	for _, what := range []string{"metrics of objects", "alarms", "dashboards", "logs taken in", "state transitions"} {
		if l := line(t, e, what); l.Quantity == 0 || l.Quantity > l.Free || l.USD != 0 {
			t.Errorf("%s: %v of %v free, %v USD", what, l.Quantity, l.Free, l.USD)
		}
	}
}

// By hand: 30 runs of five objects, 4 MB of raw, in eu-west-1, no queries.
func TestByHand(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, definition, what string
		in                     cost.Input
		quantity, usd, full    float64
	}{
		// 30 × (7 listings + 5 × 3 writes) = 660; 0.005 USD a thousand.
		{name: "writes", what: "PUT", in: cost.Input{Runs: 30, Bytes: 4e6}, quantity: 660, usd: 0.0033, full: 0.0033},
		// 30 × 5 × 8 = 1200; 0.0004 USD a thousand.
		{name: "reads", what: "GET", in: cost.Input{Runs: 30, Bytes: 4e6}, quantity: 1200, usd: 0.00048, full: 0.00048},
		// One object of 100 MB: raw in 2 + 6 parts, bronze and silver of 25 MB in 2 + 2 each; 7 listings.
		{
			name: "parts", definition: "source: {kind: sample, sample: {objects: [posts]}}", what: "PUT",
			in: cost.Input{Runs: 1, Bytes: 100e6}, quantity: 23, usd: 0.000115, full: 0.000115,
		},
		// 4 MB + 2 × 1 MB + the package's 25 MB.
		{name: "storage", what: "storage of what is there", in: cost.Input{Runs: 30, Bytes: 4e6}, quantity: 0.031, usd: 0.000713, full: 0.000713},
		// Five invocations of a second; work 4/5 + 4/40/(512/1769) + 4/50 + 4/60/(512/1769) + 1/50 + 2×1/50 s; half a GiB.
		{
			name: "compute", what: "compute", in: cost.Input{Runs: 30, Bytes: 4e6},
			quantity: 30 * 0.5 * (5 + 0.8 + 0.1*1769/512 + 0.08 + 4.0/60*1769/512 + 0.02 + 0.04), usd: 0,
			full: 30 * 0.5 * (5 + 0.8 + 0.1*1769/512 + 0.08 + 4.0/60*1769/512 + 0.02 + 0.04) * 0.0000166667,
		},
		// Two crawls of ten minutes of one DPU each.
		{name: "crawlers", definition: "catalog: {crawler: true}", what: "crawlers", in: cost.Input{Runs: 30, Bytes: 4e6}, quantity: 10, usd: 4.4, full: 4.4},
		// A minute of 1/16 DPU.
		{
			name: "job", definition: "silver: {runtime: glue-pythonshell}", what: "silver job", in: cost.Input{Runs: 30, Bytes: 4e6},
			quantity: 30.0 / 60 / 16, usd: 0.01375, full: 0.01375,
		},
		// Hourly: 45 series in every hour of the month, of which ten are free.
		{name: "hourly", what: "metrics of objects", in: cost.Input{Runs: 730, Bytes: 4e6}, quantity: 45, usd: 10.5, full: 13.5},
		{name: "daily", what: "metrics of objects", in: cost.Input{Runs: 73, Bytes: 4e6}, quantity: 4.5, usd: 0, full: 1.35},
		// Begin, four functions and the catalog twice more… ten states at most with the alert, and the start.
		{name: "transitions", what: "transitions", in: cost.Input{Runs: 1000, Bytes: 4e6}, quantity: 10_000, usd: 0.15, full: 0.25},
		{name: "least scan", what: "queries", in: cost.Input{Runs: 1, Bytes: 4e6, Queries: 100}, quantity: 0.001, usd: 0.005, full: 0.005},
		{name: "large scan", what: "queries", in: cost.Input{Runs: 1, Bytes: 4e9, Queries: 100}, quantity: 0.1, usd: 0.5, full: 0.5},
	} {
		test.in.Region = "eu-west-1"
		got := line(t, estimate(t, test.definition, test.in), test.what)
		if !about(got.Quantity, test.quantity) || !about(got.USD, test.usd) || !about(got.Full, test.full) {
			t.Errorf("%s: %v %s, %v USD, %v without the free tier; want %v, %v, %v",
				test.name, got.Quantity, got.Unit, got.USD, got.Full, test.quantity, test.usd, test.full)
		}
	}
}

func TestStepsOfMachines(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, machine string
		steps         float64
	}{
		{"one state", `{"StartAt":"A","States":{"A":{"Type":"Succeed"}}}`, 2},
		{"the longer way", `{"StartAt":"A","States":{"A":{"Type":"Choice","Choices":[{"Next":"B"}],"Default":"D"},
			"B":{"Type":"Pass","Next":"C"},"C":{"Type":"Pass","Next":"D"},"D":{"Type":"Succeed"}}}`, 5},
		{"a loop is gone round three times", `{"StartAt":"A","States":{"A":{"Type":"Task","Next":"B"},
			"B":{"Type":"Choice","Choices":[{"Next":"W"}],"Default":"E"},"W":{"Type":"Wait","Next":"A"},"E":{"Type":"Succeed"}}}`, 11},
		{"branches", `{"StartAt":"P","States":{"P":{"Type":"Parallel","Branches":[{"StartAt":"A","States":{"A":{"Type":"Pass","End":true}}},
			{"StartAt":"B","States":{"B":{"Type":"Pass","Next":"C"},"C":{"Type":"Pass","End":true}}}],"End":true}}}`, 5},
		{"a map, once an object", `{"StartAt":"M","States":{"M":{"Type":"Map","ItemProcessor":{"StartAt":"A","States":{"A":{"Type":"Pass","End":true}}},"End":true}}}`, 7},
	} {
		e := estimate(t, "", cost.Input{Definition: []byte(test.machine), Runs: 1, Bytes: 1, Queries: 0})
		if got := line(t, e, "transitions").Quantity; got != test.steps {
			t.Errorf("%s: %v steps, want %v", test.name, got, test.steps)
		}
	}
}

func TestRunsAreThoseOfTheSchedules(t *testing.T) {
	t.Parallel()
	for schedules, runs := range map[string]float64{
		"{}":                                   0,
		"{a: {expression: cron(0 7 * * ? *)}}": 365.0 / 12,
		"{a: {expression: rate(1 hour)}}":      730,
		"{a: {expression: cron(0 7 1 * ? *)}}": 1,
		"{a: {expression: cron(0 7 1 * ? *)}, b: {expression: rate(1 hour), state: DISABLED}}": 1,
	} {
		if e := estimate(t, "schedules: "+schedules, asked()); !about(e.Runs, runs) {
			t.Errorf("%s: %v runs a month, want %v", schedules, e.Runs, runs)
		}
	}
}

func TestAnUnknownRegionIsPricedAsAnotherAndSaysSo(t *testing.T) {
	t.Parallel()
	for region, as := range map[string]string{
		"eu-south-1": "eu-central-1", "us-west-1": "us-east-1", "ap-southeast-2": "eu-central-1", "nowhere": "eu-central-1",
	} {
		in := asked()
		in.Region = region
		e := estimate(t, "", in)
		if e.PricedAs != as || !strings.Contains(strings.Join(e.Assumed, "\n"), "no prices of "+region) {
			t.Errorf("%s is priced as %s; said: %v", region, e.PricedAs, e.Assumed)
		}
	}
}

func TestMoreIsNeverCheaper(t *testing.T) {
	t.Parallel()
	before := cost.Estimate{}
	for _, in := range []cost.Input{
		{}, {Runs: 1, Bytes: 1e6}, {Runs: 30, Bytes: 4e6}, {Runs: 30, Bytes: 431e6}, {Runs: 30, Bytes: 431e6, Queries: 100}, {Runs: 3000, Bytes: 10e9, Queries: 1000},
	} {
		e := estimate(t, "", in)
		if e.USD < before.USD || e.Full < before.Full {
			t.Errorf("%+v costs %v, less than the smaller one's %v", in, e.USD, before.USD)
		}
		before = e
	}
}

func TestTheAgeOfPrices(t *testing.T) {
	t.Parallel()
	e := estimate(t, "", asked())
	if got := e.Age(time.Date(2026, 10, 12, 1, 0, 0, 0, time.UTC)); got != 10 {
		t.Errorf("prices of %s are %d days old on 12 October 2026", e.PricesNoted, got)
	}
}

func TestAMachineThatIsNone(t *testing.T) {
	t.Parallel()
	c := config.Default()
	if _, err := cost.Make(cost.Input{Config: c, Definition: []byte("{")}); err == nil {
		t.Error("an estimate of a machine that cannot be read")
	}
}
