package lake

// FailureTopic is told of executions that failed.
const FailureTopic = "failure-stepfunction"

// DeadLetterQueue keeps what schedules could not start on AWS, where only a
// queue can be told.
const DeadLetterQueue = "failure-schedule"

// SilverJob is the Glue job that runs silver where the definition says so.
const SilverJob = "wordpressapi_silver"

// Functions are the stage functions by what they are for: a layer, or the
// catalog's tables of both layers.
const (
	FunctionRaw     = "raw"
	FunctionBronze  = "bronze"
	FunctionSilver  = "silver"
	FunctionCatalog = "catalog"
)

// FunctionName is the name of a stage function, e.g. data_wordpressapi_raw.
func FunctionName(function string) string { return "data_wordpressapi_" + function }

// CrawlerName is the name of a layer's crawler, e.g. wordpress_bronze.
func CrawlerName(l Layer) string { return "wordpress_" + string(l) }

// BucketParameter is the parameter that holds the name of a layer's bucket.
func BucketParameter(l Layer) string { return "/s3/lakehouse/name/" + string(l) }

// TopicParameter is the parameter that holds a layer's topic: its name at home,
// its ARN on AWS.
func TopicParameter(l Layer) string { return "/sns/data/lakehouse/" + string(l) }

// TopicName is the name of a layer's topic.
func TopicName(l Layer) string { return "data-lakehouse-" + string(l) }
