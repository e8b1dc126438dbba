package cost

import (
	"math"
	"strings"

	"wplake/internal/config"
	"wplake/internal/deploy/template"
	"wplake/internal/lake"
)

// What a run does, counted from the stages and the S3 driver. A stage lists the
// layer that it reads, and its own rejects.
const (
	listings       = 7 // raw 1, bronze 2, silver 2, the catalog's function 1 a layer
	readsAnObject  = 8 // raw: HEAD; bronze: HEAD and GET of raw, GET of itself; silver: GET of bronze and of itself; catalog: GET of both
	writesAnObject = 3 // one a layer
	partBytes      = 16 << 20
	tablesALayer   = 2 // requests to the catalog for a table: look, write
	queryWrites    = 2 // of Athena: results and their metadata
	queryReads     = 4 // of Athena: a footer and columns
)

// What is taken for granted about sizes and rates.
const (
	parquetShare = 0.25 // of raw's bytes, bronze and silver each
	packageBytes = 25e6 // of the artifacts bucket
	base         = 1.0  // seconds of an invocation beside its work: start, parameters, listings
	fetchRate    = 5e6  // bytes of raw a second that a site gives
	bronzeRate   = 40e6 // bytes of raw a second and vCPU
	silverRate   = 60e6
	copyRate     = 50e6 // bytes a second between S3 and a function
	wholeCPU     = 1769 // MiB of a function that has one vCPU
	mostCPU      = 2.0  // vCPUs that are made use of
	logPerCall   = 4e3  // bytes that Lambda and the function log an invocation
	logPerObject = 1.5e3
	keyCalls     = 4 // requests to KMS an invocation, with bucket keys
	rounds       = 3 // looks at a crawl until it has ended
	crawlDPU     = 1.0
	crawlMinutes = 10.0
	jobMinutes   = 1.0 // the least of a Python Shell job
	leastScan    = 10e6
	gb           = 1e9
)

// series is how many metrics an object sends in a layer: Rows, Bytes, Duration.
const series = 3

// all writes the bill, service by service.
func (b *bill) all() {
	b.s3()
	b.lambda()
	b.glue()
	b.states()
	b.cloudwatch()
	b.messages()
	b.athena()
	if b.c.AWS.KMSKey != "" {
		b.line("KMS", "requests with the lake's key", b.invocations()*keyCalls, "requests", b.p.Key, b.free.Key)
	}
}

// parts is how many requests write an object of that many bytes.
func parts(bytes float64) float64 {
	if bytes <= partBytes {
		return 1
	}
	return 2 + math.Ceil(bytes/partBytes)
}

func (b *bill) s3() {
	n, raw := float64(b.objects), float64(b.e.Bytes)
	each := raw / math.Max(n, 1)
	writes := b.e.Runs*(listings+n*(parts(each)+(writesAnObject-1)*parts(each*parquetShare))) + b.e.Queries*queryWrites
	reads := b.e.Runs*n*readsAnObject + b.e.Queries*queryReads
	b.line("S3", "PUT, POST and LIST requests", writes, "requests", b.p.Write, 0)
	b.line("S3", "GET and HEAD requests", reads, "requests", b.p.Read, 0)
	state := raw * (1 + 2*parquetShare)
	versions := b.e.Runs * float64(b.c.AWS.VersionExpiry) / daysPerMonth
	b.line("S3", "storage of what is there", (state+packageBytes)/gb, "GB-months", b.p.Storage, 0)
	b.line("S3", "storage of replaced versions", state*versions/gb, "GB-months", b.p.Storage, 0)
}

func (b *bill) byJob() bool { return b.c.Silver.Runtime == config.RuntimePythonShell }

// invocations is how often functions are called in a month.
func (b *bill) invocations() float64 {
	n := 2.0 // raw, bronze
	if !b.byJob() {
		n++
	}
	if !b.c.Catalog.Crawler {
		n += float64(len(lake.TableLayers()))
	}
	return n * b.e.Runs
}

func (b *bill) lambda() {
	f := b.c.AWS.Functions
	raw := float64(b.e.Bytes)
	cpu := math.Min(float64(f.Memory)/wholeCPU, mostCPU)
	work := raw/fetchRate + raw/bronzeRate/cpu + raw/copyRate
	if !b.byJob() {
		work += raw/silverRate/cpu + raw*parquetShare/copyRate
	}
	if !b.c.Catalog.Crawler {
		work += 2 * raw * parquetShare / copyRate
	}
	seconds := b.invocations()*base + b.e.Runs*work
	price, kind := b.p.ComputeX86, "x86_64"
	if f.Architecture == config.ArchitectureARM {
		price, kind = b.p.ComputeARM, "arm64"
	}
	b.line("Lambda", "compute, "+kind, seconds*float64(f.Memory)/1024, "GB-seconds", price, b.free.Compute)
	b.line("Lambda", "invocations", b.invocations(), "requests", b.p.Invocation, b.free.Invocation)
}

func (b *bill) glue() {
	n := float64(b.objects)
	layers := float64(len(lake.TableLayers()))
	if b.c.Catalog.Crawler {
		b.line("Glue", "crawlers, ten minutes a run at least", b.e.Runs*layers*crawlDPU*crawlMinutes/60, "DPU-hours", b.p.DPUHour, 0)
	}
	if b.byJob() {
		minutes := math.Max(jobMinutes, (base*10+float64(b.e.Bytes)/silverRate)/60)
		b.line("Glue", "the silver job, a minute a run at least", b.e.Runs*minutes/60*template.JobDPU(b.c), "DPU-hours", b.p.DPUHour, 0)
	}
	b.line("Glue", "requests to the Data Catalog", b.e.Runs*layers*(n*tablesALayer+1)+b.e.Queries, "requests", b.p.Catalog, b.free.Catalog)
}

func (b *bill) states() {
	b.line("Step Functions", "state transitions", b.e.Runs*b.steps, "transitions", b.p.Transition, b.free.Transition)
	b.line("EventBridge", "invocations by schedules", b.e.Runs, "invocations", b.p.Schedule, b.free.Schedule)
}

func (b *bill) cloudwatch() {
	n := float64(b.objects)
	layers := float64(len(lake.Layers()))
	logged := (b.invocations()*logPerCall + b.e.Runs*n*layers*logPerObject) / gb
	kept := logged * float64(b.c.AWS.LogRetention) / daysPerMonth
	// What is free is for both together.
	b.line("CloudWatch", "logs taken in", logged, "GB", b.p.LogsIngested, b.free.Logs)
	b.line("CloudWatch", "logs kept", kept, "GB-months", b.p.LogsStored, math.Max(b.free.Logs-logged, 0))
	// A metric is billed for each hour in which it is sent.
	hours := math.Min(b.e.Runs, HoursPerMonth)
	b.line("CloudWatch", "metrics of objects", n*layers*series*hours/HoursPerMonth, "metric-months", b.p.Metric, b.free.Metric)
	b.line("CloudWatch", "alarms, by the metrics they look at", float64(b.built.AlarmMetrics), "metrics", b.p.Alarm, b.free.Alarm)
	b.line("CloudWatch", "dashboards", float64(b.built.Count("AWS::CloudWatch::Dashboard")), "dashboards", b.p.Dashboard, b.free.Dashboard)
}

func (b *bill) messages() {
	mails := 0.0
	for _, to := range b.c.AWS.Subscribe {
		if !strings.HasPrefix(to, "https://") {
			mails++
		}
	}
	b.line("SNS", "one alert a month", 1, "requests", b.p.Publish, b.free.Publish)
	b.line("SNS", "mails of it", mails, "mails", b.p.Mail, b.free.Mail)
	b.line("Systems Manager", "advanced parameters", float64(b.built.AdvancedParameters), "parameters", b.p.Parameter, 0)
}

func (b *bill) athena() {
	scan := math.Max(float64(b.e.Bytes)*parquetShare, leastScan)
	b.line("Athena", "bytes read by queries, 10 MB each at least", b.e.Queries*scan/1e12, "TB", b.p.Scanned, 0)
}
