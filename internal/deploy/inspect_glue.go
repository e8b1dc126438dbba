package deploy

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/glue"

	"wplake/internal/awsapi"
	"wplake/internal/lake"
)

// Database looks whether a database of the Glue Data Catalog is there.
func (i Inspector) Database(ctx context.Context, name string) error {
	_, err := glue.NewFromConfig(i.cfg).GetDatabase(ctx, &glue.GetDatabaseInput{Name: &name})
	if awsapi.Code(err) == "EntityNotFoundException" {
		return absent("database", name)
	}
	return awsapi.Failure(err, "look at the database "+name, "glue:GetDatabase", lake.ServiceFailed)
}

// Crawler is a deployed crawler of Glue.
type Crawler struct {
	Database, Prefix string
	Paths            []string // of its targets in S3
	Role             string   // name or ARN
	State            string   // READY, RUNNING, STOPPING
	LastStatus       string   // SUCCEEDED, CANCELLED, FAILED; "" where it never ran
	LastMessage      string
	LastStarted      time.Time
}

// Crawler reads a crawler.
func (i Inspector) Crawler(ctx context.Context, name string) (Crawler, error) {
	out, err := glue.NewFromConfig(i.cfg).GetCrawler(ctx, &glue.GetCrawlerInput{Name: &name})
	if awsapi.Code(err) == "EntityNotFoundException" || err == nil && out.Crawler == nil {
		return Crawler{}, absent("crawler", name)
	}
	if err != nil {
		return Crawler{}, awsapi.Failure(err, "look at the crawler "+name, "glue:GetCrawler", lake.ServiceFailed)
	}
	c := Crawler{
		Database: aws.ToString(out.Crawler.DatabaseName), Prefix: aws.ToString(out.Crawler.TablePrefix),
		Role: aws.ToString(out.Crawler.Role), State: string(out.Crawler.State),
	}
	if out.Crawler.Targets != nil {
		for _, t := range out.Crawler.Targets.S3Targets {
			c.Paths = append(c.Paths, aws.ToString(t.Path))
		}
	}
	if last := out.Crawler.LastCrawl; last != nil {
		c.LastStatus, c.LastMessage, c.LastStarted = string(last.Status), aws.ToString(last.ErrorMessage), aws.ToTime(last.StartTime)
	}
	return c, nil
}

// Job is a deployed job of Glue.
type Job struct {
	Command  string // e.g. pythonshell
	Script   string // s3://…
	Package  string // s3://…, what its argument --package says
	Role     string // name or ARN
	Capacity float64
}

// Job reads a job.
func (i Inspector) Job(ctx context.Context, name string) (Job, error) {
	out, err := glue.NewFromConfig(i.cfg).GetJob(ctx, &glue.GetJobInput{JobName: &name})
	if awsapi.Code(err) == "EntityNotFoundException" || err == nil && out.Job == nil {
		return Job{}, absent("job", name)
	}
	if err != nil {
		return Job{}, awsapi.Failure(err, "look at the job "+name, "glue:GetJob", lake.ServiceFailed)
	}
	j := Job{Package: out.Job.DefaultArguments["--package"], Role: aws.ToString(out.Job.Role), Capacity: aws.ToFloat64(out.Job.MaxCapacity)}
	if out.Job.Command != nil {
		j.Command, j.Script = aws.ToString(out.Job.Command.Name), aws.ToString(out.Job.Command.ScriptLocation)
	}
	return j, nil
}

// Workgroup is a deployed workgroup of Athena.
type Workgroup struct {
	Enabled bool
	Results string // s3://bucket/prefix/; "" where queries have to say it
	// Enforced says that Results holds whatever a query says.
	Enforced bool
}

// Workgroup reads a workgroup.
func (i Inspector) Workgroup(ctx context.Context, name string) (Workgroup, error) {
	out, err := athena.NewFromConfig(i.cfg).GetWorkGroup(ctx, &athena.GetWorkGroupInput{WorkGroup: &name})
	// Athena has no code of its own for a workgroup that is not there.
	if awsapi.Code(err) == "InvalidRequestException" || err == nil && out.WorkGroup == nil {
		return Workgroup{}, absent("workgroup", name)
	}
	if err != nil {
		return Workgroup{}, awsapi.Failure(err, "look at the workgroup "+name, "athena:GetWorkGroup", lake.ServiceFailed)
	}
	w := Workgroup{Enabled: out.WorkGroup.State == "ENABLED"}
	if c := out.WorkGroup.Configuration; c != nil {
		w.Enforced = aws.ToBool(c.EnforceWorkGroupConfiguration)
		if c.ResultConfiguration != nil {
			w.Results = aws.ToString(c.ResultConfiguration.OutputLocation)
		}
	}
	return w, nil
}
