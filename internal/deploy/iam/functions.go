package iam

import (
	"maps"
	"slices"

	"wplake/internal/config"
	"wplake/internal/lake"
)

// work is what a stage does: the layers that it reads, the one that it writes,
// whom it tells, and which values it looks up.
type work struct {
	reads  []lake.Layer
	writes lake.Layer   // "" for none
	tells  []lake.Layer // whose topics hear of it
	refs   []config.Ref
}

// stages are the works of the stage functions.
func (in Input) stages() map[string]work {
	always := in.headers(in.Config.AWS.Tracing.Headers, in.Config.AWS.Tracing.Endpoint != "")
	return map[string]work{
		Raw:     {writes: lake.Raw, tells: []lake.Layer{lake.Raw}, refs: slices.Concat(in.sourceRefs(), always)},
		Bronze:  {reads: []lake.Layer{lake.Raw}, writes: lake.Bronze, tells: []lake.Layer{lake.Bronze}, refs: always},
		Silver:  {reads: []lake.Layer{lake.Bronze}, writes: lake.Silver, tells: []lake.Layer{lake.Silver}, refs: slices.Concat(in.saltRefs(), always)},
		Catalog: {reads: lake.TableLayers(), tells: lake.TableLayers(), refs: always},
	}
}

// sourceRefs are the values that raw looks up.
func (in Input) sourceRefs() []config.Ref {
	s := in.Config.Source
	if s.Kind != config.SourceEndpoints {
		return nil
	}
	e := s.Endpoints
	refs := slices.Clone(e.URLs)
	if len(refs) == 0 {
		refs = append(refs, parameterRef(e.Parameter))
	}
	return slices.Concat(refs, []config.Ref{e.User, e.Password}, in.headers(e.Headers, true))
}

// saltRefs are the values that silver looks up.
func (in Input) saltRefs() []config.Ref {
	var refs []config.Ref
	for _, name := range slices.Sorted(maps.Keys(in.Config.Objects)) {
		for _, step := range in.Config.Objects[name].Steps {
			if step.Mask != nil && step.Mask.Salt != "" {
				refs = append(refs, config.Ref(step.Mask.Salt))
			}
		}
	}
	return refs
}

func (in Input) headers(headers map[string]config.Ref, used bool) []config.Ref {
	var refs []config.Ref
	for _, r := range headers {
		if used {
			refs = append(refs, r)
		}
	}
	slices.Sort(refs)
	return refs
}

// layers are those whose buckets the work touches, in order.
func (w work) layers() []lake.Layer {
	var all []lake.Layer
	for _, l := range lake.Layers() {
		if l == w.writes || slices.Contains(w.reads, l) {
			all = append(all, l)
		}
	}
	return all
}

// functionRole is the role of a stage function.
func (in Input) functionRole(name string) Role {
	w := in.stages()[name]
	statements := slices.Concat([]Statement{in.functionLogs(name)}, in.stage(w))
	if name == Catalog {
		statements = append(statements, in.tables())
	}
	statements = append(statements, in.keys(w)...)
	return Role{
		Name: name, Service: lambdaService, Existing: in.Config.AWS.Existing.FunctionRole[name],
		Trust: in.lenient(), Statements: statements,
	}
}

func (in Input) functionLogs(name string) Statement {
	group := in.place().arn("logs", "log-group:/aws/lambda/"+lake.FunctionName(name)+":*")
	return Statement{
		Sid: "CloudWatchLogStreamActions", Actions: []string{"logs:CreateLogStream", "logs:PutLogEvents"}, Resources: []string{group},
		Reason: "Lambda writes what the function logs, its metrics included, into the log group that the stack makes.",
		Spare:  "the function works, but nobody sees what it logs, and its metrics are lost",
	}
}

// stage are the statements that every work has, wherever it runs.
func (in Input) stage(w work) []Statement {
	p, dataset := in.place(), in.Config.Dataset
	var statements []Statement
	var sources, reads, parameters []string
	for _, l := range lake.Layers() {
		if slices.Contains(w.layers(), l) {
			parameters = append(parameters, p.parameter(lake.BucketParameter(l)))
		}
	}
	for _, l := range w.layers() {
		bucket := in.Config.Buckets.Name(l)
		reads = append(reads, p.bucket(bucket+"/"+dataset+"/*"))
		if l != w.writes {
			sources = append(sources, p.bucket(bucket))
		}
	}
	if len(sources) > 0 {
		statements = append(statements, Statement{
			Sid: "S3BucketActions", Actions: []string{"s3:ListBucket"}, Resources: sources,
			Condition: Conditions{"StringLike": {"s3:prefix": {dataset + "/*"}}},
			Reason:    "The objects that are there to be worked on are listed.",
		})
	}
	if w.writes != "" {
		// Not with a condition on s3:prefix: reading an object has no prefix, so
		// that would not be met, and S3 would deny instead of finding nothing.
		sid := "S3BucketActions"
		if len(sources) > 0 {
			sid = "S3TargetBucketActions"
		}
		statements = append(statements, Statement{
			Sid: sid, Actions: []string{"s3:ListBucket"}, Resources: []string{p.bucket(in.Config.Buckets.Name(w.writes))},
			Reason: "Without it S3 answers that access is denied, not that there is no such object, where an object is to be written for the first time.",
		})
	}
	read := Statement{
		Sid: "S3ObjectActions", Actions: []string{"s3:GetObject"}, Resources: reads,
		Reason: "The objects and what is noted about them are read, the stage's own too, so that what would come out the same is left out.",
	}
	at := len(statements)
	statements = append(statements, read)
	if w.writes != "" {
		bucket := in.Config.Buckets.Name(w.writes)
		if len(reads) == 1 {
			statements[at].Actions = append(statements[at].Actions, "s3:PutObject")
			statements[at].Reason = "The objects are written, and read before, so that what would come out the same is left out."
		} else {
			statements = append(statements, Statement{
				Sid: "S3ObjectWriteActions", Actions: []string{"s3:PutObject"}, Resources: []string{p.bucket(bucket + "/" + dataset + "/*")},
				Reason: "The objects of the layer " + string(w.writes) + " are written.",
			})
		}
		written := []string{p.bucket(bucket + "/" + dataset + "/*")}
		if w.writes != lake.Raw {
			written = append(written, p.bucket(bucket+"/"+dataset+"_rejects/*"))
			statements = append(statements, Statement{
				Sid: "S3RejectsActions", Actions: []string{"s3:DeleteObject", "s3:GetObject", "s3:PutObject"}, Resources: []string{p.bucket(bucket + "/" + dataset + "_rejects/*")},
				Reason: "Rows that do not fit are kept beside the dataset, and removed when they are out of date.",
				Spare:  "all is well until a row does not fit: then its object fails",
			})
		}
		statements = append(statements, Statement{
			Sid: "S3UploadActions", Actions: []string{"s3:AbortMultipartUpload"}, Resources: written,
			Reason: "The parts of a large object whose write failed are removed.",
			Spare:  "they stay, and are paid for, until a lifecycle rule of the bucket removes them",
		})
	}
	var topics []string
	for _, l := range w.tells {
		topics = append(topics, p.topic(l))
		parameters = append(parameters, p.parameter(lake.TopicParameter(l)))
	}
	statements = append(statements, Statement{
		Sid: "SNSActions", Actions: []string{"sns:Publish"}, Resources: topics,
		Reason: "People are told of objects that failed.",
	})
	for _, r := range w.refs {
		if name, ok := r.Parameter(); ok && !slices.Contains(parameters, p.parameter(name)) {
			parameters = append(parameters, p.parameter(name))
		}
	}
	return append(statements, Statement{
		Sid: "ParameterStoreActions", Actions: []string{"ssm:GetParameter"}, Resources: parameters,
		Reason: "The names of buckets, the topics and the values that the definition refers to are looked up.",
	})
}

// tables is what it takes to write the catalog's tables.
func (in Input) tables() Statement {
	p, database := in.place(), in.Config.Dataset
	return Statement{
		Sid: "GlueCatalogActions",
		Actions: []string{
			"glue:CreateTable", "glue:DeleteTable", "glue:GetTable", "glue:GetTables", "glue:UpdateTable",
		},
		Resources: []string{p.arn("glue", "catalog"), p.arn("glue", "database/"+database), p.arn("glue", "table/"+database+"/*")},
		Reason:    "The tables of the dataset's database are read, compared with the objects, and written where they differ; Glue asks for table, database and catalog together.",
	}
}

// parameterRef is a reference to a parameter.
func parameterRef(name string) config.Ref { return config.Ref("param:" + name) }
