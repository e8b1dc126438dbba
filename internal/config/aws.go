package config

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Catalog says how the catalog learns of tables.
type Catalog struct {
	Crawler bool `yaml:"crawler,omitempty"` // on AWS by Glue crawlers; false: written directly
}

// Runtime says what runs silver on AWS.
type Runtime string

// What runs silver on AWS.
const (
	RuntimeLambda      Runtime = "lambda"           // a Lambda function
	RuntimePythonShell Runtime = "glue-pythonshell" // a Glue job, for accounts that forbid Lambda
)

// Architecture is an instruction set of Lambda functions.
type Architecture string

// The architectures of Lambda functions.
const (
	ArchitectureX86 Architecture = "x86_64"
	ArchitectureARM Architecture = "arm64"
)

// AWS says where and how the lake is deployed. Nothing of it matters at home.
type AWS struct {
	Stack         string            `yaml:"stack,omitempty"`               // of CloudFormation; default wplake-<site>
	Profile       string            `yaml:"profile,omitempty"`             // of the shared configuration; empty: the standard chain's
	Region        string            `yaml:"region,omitempty"`              // empty: the standard chain's
	Tags          map[string]string `yaml:"tags,omitempty"`                // on everything that takes tags
	KMSKey        string            `yaml:"kms_key,omitempty"`             // ARN of a key for buckets, topics, logs and SecureStrings; empty: the services' own keys
	LogRetention  int               `yaml:"log_retention_days,omitempty"`  // of log groups, one of CloudWatch's numbers of days
	Artifacts     string            `yaml:"artifacts_bucket,omitempty"`    // where packages are put; default wplake-artifacts-<account>-<region>
	VersionExpiry int               `yaml:"version_expiry_days,omitempty"` // after which replaced versions of objects are removed
	Functions     AWSFunctions      `yaml:"functions,omitempty"`
	Existing      AWSExisting       `yaml:"existing,omitempty"`
	Athena        AWSAthena         `yaml:"athena,omitempty"`
	Subscribe     []string          `yaml:"subscribe,omitempty"` // mail addresses (or https URLs) that get the topics' messages
	Alarms        bool              `yaml:"alarms,omitempty"`    // on failed and on missing runs
	Dashboard     bool              `yaml:"dashboard,omitempty"`
	Tracing       AWSTracing        `yaml:"tracing,omitempty"`
}

// AWSFunctions are the settings of the Lambda functions.
type AWSFunctions struct {
	Architecture Architecture `yaml:"architecture,omitempty"`
	Memory       int          `yaml:"memory_mb,omitempty"`  // MiB, as Lambda counts, 128 to 10240
	Storage      int          `yaml:"storage_mb,omitempty"` // of /tmp, MiB, 512 to 10240
	Timeout      Duration     `yaml:"timeout,omitempty"`    // at most 15 minutes
}

// AWSExisting names what is there already and stays outside of the stack.
type AWSExisting struct {
	Buckets      bool              `yaml:"buckets,omitempty"`       // the layers' buckets exist
	Topics       bool              `yaml:"topics,omitempty"`        // the topics exist, by their names
	FunctionRole map[string]string `yaml:"function_role,omitempty"` // stage (raw, bronze, silver, catalog) → role ARN
	WorkflowRole string            `yaml:"workflow_role,omitempty"` // role ARN of the state machine
	ScheduleRole string            `yaml:"schedule_role,omitempty"` // role ARN of the schedules
	CrawlerRole  string            `yaml:"crawler_role,omitempty"`  // role ARN of the crawlers
	JobRole      string            `yaml:"job_role,omitempty"`      // role ARN of the silver job
}

// AWSAthena are the settings of queries by Athena.
type AWSAthena struct {
	Workgroup string   `yaml:"workgroup,omitempty"`  // default the stack's own, of its name
	Results   string   `yaml:"results,omitempty"`    // s3://bucket/prefix/ of results; default in the artifacts bucket
	ScanLimit ByteSize `yaml:"scan_limit,omitempty"` // a query that reads more is stopped; 0: none
}

// AWSTracing sends traces where it is switched on.
type AWSTracing struct {
	Endpoint string         `yaml:"endpoint,omitempty"`              // of an OpenTelemetry collector (OTLP over HTTP); empty: no traces
	Headers  map[string]Ref `yaml:"headers,omitempty" secret:"true"` // sent to it
}

// The bounds of a function's time-out.
const (
	minFunctionTimeout = 30 * time.Second
	maxFunctionTimeout = 15 * time.Minute
)

var (
	stackName   = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]{0,127}$`)
	roleARN     = regexp.MustCompile(`^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$`)
	keyARN      = regexp.MustCompile(`^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:(key|alias)/.+$`)
	mailAddress = regexp.MustCompile(`^[^@\s]+@[^@\s]+$`)
)

// retentions are the days that CloudWatch Logs takes.
func retentions() []int {
	return []int{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}
}

func (v *validator) aws() {
	a := v.config.AWS
	if !stackName.MatchString(a.Stack) {
		v.problem("aws.stack", "aws.stack %q is not a stack's name: a letter, then letters, digits and '-'", a.Stack)
	}
	if a.Region != "" && !regionName.MatchString(a.Region) {
		v.problem("aws.region", "aws.region %q is not a region such as eu-west-1", a.Region)
	}
	if a.KMSKey != "" && !keyARN.MatchString(a.KMSKey) {
		v.problem("aws.kms_key", "aws.kms_key %q is not the ARN of a key", a.KMSKey)
	}
	if !slices.Contains(retentions(), a.LogRetention) {
		v.problem("aws.log_retention_days", "aws.log_retention_days %d is not a number of days that CloudWatch Logs takes, such as 30, 90 or 365", a.LogRetention)
	}
	if a.Artifacts != "" && !bucketName.MatchString(a.Artifacts) {
		v.problem("aws.artifacts_bucket", "aws.artifacts_bucket %q is not a bucket's name", a.Artifacts)
	}
	if t := a.Functions.Timeout; t < Duration(minFunctionTimeout) || t > Duration(maxFunctionTimeout) {
		v.problem("aws.functions.timeout", "aws.functions.timeout is %s to %s", minFunctionTimeout, maxFunctionTimeout)
	}
	if v.config.Silver.Runtime == RuntimePythonShell && a.Functions.Architecture == ArchitectureARM {
		v.problem("silver.runtime", "silver.runtime glue-pythonshell runs the functions' binary, and Glue has x86_64 alone: aws.functions.architecture cannot be arm64")
	}
	for _, key := range []string{"aws.version_expiry_days", "aws.functions.memory_mb", "aws.functions.storage_mb"} {
		v.within(key, map[string]int{
			"aws.version_expiry_days": a.VersionExpiry, "aws.functions.memory_mb": a.Functions.Memory, "aws.functions.storage_mb": a.Functions.Storage,
		}[key])
	}
	if a.Athena.Results != "" && !strings.HasPrefix(a.Athena.Results, "s3://") {
		v.problem("aws.athena.results", "aws.athena.results %q is not s3://bucket/prefix/", a.Athena.Results)
	}
	for _, to := range a.Subscribe {
		if !mailAddress.MatchString(to) && !strings.HasPrefix(to, "https://") {
			v.problem("aws.subscribe", "aws.subscribe: %q is neither a mail address nor an https URL", to)
		}
	}
	v.roles(a.Existing)
}

func (v *validator) roles(e AWSExisting) {
	roles := map[string]string{
		"aws.existing.workflow_role": e.WorkflowRole, "aws.existing.schedule_role": e.ScheduleRole,
		"aws.existing.crawler_role": e.CrawlerRole, "aws.existing.job_role": e.JobRole,
	}
	for stage, role := range e.FunctionRole {
		if !slices.Contains([]string{"raw", "bronze", "silver", "catalog"}, stage) {
			v.keyProblem("aws.existing.function_role."+stage, "aws.existing.function_role: there is no function %q (raw, bronze, silver, catalog)", stage)
		}
		roles["aws.existing.function_role."+stage] = role
	}
	for _, path := range slices.Sorted(maps.Keys(roles)) {
		if role := roles[path]; role != "" && !roleARN.MatchString(role) {
			v.problem(path, "%s: %q is not the ARN of a role", path, role)
		}
	}
}

// defaultStack is the stack of a site's lake: characters that CloudFormation
// does not take become '-'.
func defaultStack(site string) string {
	return "wplake-" + strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, site)
}
