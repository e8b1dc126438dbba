package iam

import (
	"slices"

	"wplake/internal/lake"
)

// glueLogs lets Glue write into its own log groups, which are the account's and
// are made by whichever job or crawler comes first.
func (in Input) glueLogs(group, who string) Statement {
	return Statement{
		Sid: "CloudWatchLogActions", Actions: []string{"logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"},
		Resources: []string{in.place().arn("logs", "log-group:"+group)},
		Reason:    "Glue writes what the " + who + " logs into its own log groups, and makes them where they are not there yet.",
		Spare:     "nobody sees what went wrong in the " + who,
	}
}

// jobRole is the role of the job that runs silver, as its function would.
func (in Input) jobRole() Role {
	w, p := in.stages()[Silver], in.place()
	artifacts := in.artifactsBucket() + "/" + in.Config.AWS.Stack + "/"
	return Role{
		Name: Job, Service: glueService, Existing: in.Config.AWS.Existing.JobRole, Trust: in.lenient(),
		Statements: slices.Concat(
			[]Statement{in.glueLogs("/aws-glue/python-jobs/*", "job"), {
				Sid: "S3ArtifactActions", Actions: []string{"s3:GetObject"},
				Resources: []string{p.bucket(artifacts + "packages/*"), p.bucket(artifacts + "scripts/*")},
				Reason:    "Glue fetches the job's script, and the script the package with the binary.",
			}}, in.stage(w), in.keys(w)),
	}
}

// crawlerRole is the role of both crawlers.
func (in Input) crawlerRole() Role {
	p, database := in.place(), in.Config.Dataset
	var buckets, objects []string
	for _, l := range lake.TableLayers() {
		bucket := in.Config.Buckets.Name(l)
		buckets = append(buckets, p.bucket(bucket))
		objects = append(objects, p.bucket(bucket+"/"+database+"/*"))
	}
	statements := []Statement{
		in.glueLogs("/aws-glue/crawlers*", "crawlers"),
		{
			Sid: "S3BucketActions", Actions: []string{"s3:GetBucketLocation", "s3:ListBucket"}, Resources: buckets,
			Reason: "The crawlers list the objects of their layers, and ask where the buckets are.",
		},
		{
			Sid: "S3ObjectActions", Actions: []string{"s3:GetObject"}, Resources: objects,
			Reason: "The crawlers read the objects' schemas.",
		},
		{
			Sid: "GlueCatalogActions",
			Actions: []string{
				"glue:BatchCreatePartition", "glue:BatchGetPartition", "glue:CreateTable", "glue:GetDatabase",
				"glue:GetPartition", "glue:GetPartitions", "glue:GetTable", "glue:GetTables", "glue:UpdatePartition", "glue:UpdateTable",
			},
			Resources: []string{p.arn("glue", "catalog"), p.arn("glue", "database/"+database), p.arn("glue", "table/"+database+"/*")},
			Reason:    "The crawlers write the tables of the dataset's database; Glue asks for table, database and catalog together.",
		},
	}
	return Role{
		Name: Crawler, Service: glueService, Existing: in.Config.AWS.Existing.CrawlerRole, Trust: in.lenient(),
		Statements: append(statements, in.useKey(false, []string{"s3"})...),
	}
}
