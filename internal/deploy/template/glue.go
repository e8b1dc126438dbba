package template

import (
	"cmp"
	"maps"
	"slices"
	"time"

	yaml "github.com/goccy/go-yaml"

	"wplake/internal/config"
	"wplake/internal/deploy/iam"
	"wplake/internal/lake"
)

// smallJob is the most memory that the process may use in a job of 1/16 DPU,
// which has 1 GiB.
const smallJob config.ByteSize = 640e6

// jobMinutes is how long the silver job may take.
const jobMinutes = 180

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

func seconds(d config.Duration) int { return int(time.Duration(d) / time.Second) }

// glue are the database, and what the definition wants of crawlers and jobs.
func (b *builder) glue() {
	b.section = "Glue Data Catalog: the database of the tables bronze-… and silver-…"
	b.add("Database", "AWS::Glue::Database", "", object(
		"CatalogId", ref("AWS::AccountId"),
		"DatabaseInput", object("Name", b.c.Dataset, "Description", "The WordPress lakehouse of "+b.c.Site)), gone()...)
	if b.c.Catalog.Crawler {
		for _, l := range []lake.Layer{lake.Bronze, lake.Silver} {
			b.crawler(l)
		}
	}
	if b.byJob() {
		b.job()
	}
}

func (b *builder) crawler(l lake.Layer) {
	b.add(title(string(l))+"Crawler", "AWS::Glue::Crawler", "One folder is one table", object(
		"Name", lake.CrawlerName(l),
		"Description", "Tables of "+string(l),
		"Role", b.roleOf(iam.Crawler),
		"DatabaseName", ref("Database"), "TablePrefix", string(l)+"-",
		"Targets", object("S3Targets", list(object("Path", b.location(l)))),
		"RecrawlPolicy", object("RecrawlBehavior", "CRAWL_EVERYTHING"),
		"SchemaChangePolicy", object("UpdateBehavior", "UPDATE_IN_DATABASE", "DeleteBehavior", "DEPRECATE_IN_DATABASE"),
		"Tags", b.mappedTags()))
}

// JobDPU is how large the silver job is, in DPU: 1/16 or 1.
func JobDPU(c config.Config) float64 {
	if c.Engine.MemoryLimit > smallJob {
		return 1
	}
	return 1.0 / 16
}

func (b *builder) job() {
	comment := "1/16 DPU (1 GiB): engine.memory_limit fits"
	if JobDPU(b.c) == 1 {
		comment = "1 DPU (16 GiB): engine.memory_limit does not fit into the 1 GiB of 1/16 DPU"
	}
	b.add("SilverJob", "AWS::Glue::Job", comment, object(
		"Name", lake.SilverJob,
		"Description", "Silver of the lake "+b.c.AWS.Stack,
		"Role", b.roleOf(iam.Job),
		"Command", object("Name", "pythonshell", "PythonVersion", "3.9",
			"ScriptLocation", substituted("s3://${"+CodeBucket+"}/${"+ScriptKey+"}")),
		"DefaultArguments", object("--package", substituted("s3://${"+CodeBucket+"}/${"+CodeKey+"}"), "--region", ref("AWS::Region")),
		"GlueVersion", "3.0", "MaxCapacity", JobDPU(b.c), "MaxRetries", 0, "Timeout", jobMinutes,
		"ExecutionProperty", object("MaxConcurrentRuns", 1),
		"Tags", b.mappedTags()))
}

// athena is the workgroup that readers query with.
func (b *builder) athena() {
	a := b.c.AWS.Athena
	if a.Workgroup != "" {
		return
	}
	b.section = "Athena: the workgroup of the lake's readers"
	results := substituted("s3://${" + CodeBucket + "}/athena/")
	if a.Results != "" {
		results = a.Results
	}
	encryption := object("EncryptionOption", "SSE_S3")
	if key := b.c.AWS.KMSKey; key != "" {
		encryption = object("EncryptionOption", "SSE_KMS", "KmsKey", key)
	}
	cutoff := any(nil)
	comment := "What it says wins over what a client asks for"
	if a.ScanLimit > 0 {
		cutoff = max(int64(a.ScanLimit), leastCutoff)
		comment += "; a query that reads more than BytesScannedCutoffPerQuery is stopped"
	}
	b.add("Workgroup", "AWS::Athena::WorkGroup", comment, object(
		"Name", b.c.AWS.Stack,
		"Description", "Readers of the lake "+b.c.AWS.Stack,
		"State", "ENABLED", "RecursiveDeleteOption", true,
		"WorkGroupConfiguration", object(
			"EnforceWorkGroupConfiguration", true,
			"PublishCloudWatchMetricsEnabled", true,
			"EngineVersion", object("SelectedEngineVersion", "Athena engine version 3"),
			"BytesScannedCutoffPerQuery", cutoff,
			"ResultConfiguration", object("OutputLocation", results, "EncryptionConfiguration", encryption)),
		"Tags", b.tags()))
}

// leastCutoff is the least bytes that Athena cuts a query off at.
const leastCutoff = 10_000_000

// outputs are what a person looks for first.
func (b *builder) outputs() {
	add := func(name, description string, value any) {
		b.outs = append(b.outs, yaml.MapItem{Key: name, Value: object("Description", description, "Value", value)})
	}
	add("StateMachine", "The ARN of the lake's state machine", ref("StateMachine"))
	for _, l := range layers() {
		add(title(string(l))+"BucketName", "The bucket of "+string(l), b.bucketName(l))
	}
	add("DatabaseName", "The database of the tables", ref("Database"))
	workgroup := any(b.c.AWS.Athena.Workgroup)
	if b.c.AWS.Athena.Workgroup == "" {
		workgroup = ref("Workgroup")
	}
	add("AthenaWorkgroup", "The workgroup to query with", workgroup)
	if b.c.AWS.Dashboard {
		add("DashboardURL", "The dashboard", substituted(
			"https://${AWS::Region}.console.aws.amazon.com/cloudwatch/home?region=${AWS::Region}#dashboards:name="+b.c.AWS.Stack))
	}
}
