package home

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"wplake/internal/config"
	"wplake/internal/deploy"
	"wplake/internal/lake"
	"wplake/internal/params"
	"wplake/internal/workflow"
)

// DoctorOptions say what doctor compares a deployed lake with. At home nothing
// of it matters.
type DoctorOptions struct {
	Deploy DeployOptions // what would be deployed
	// Drift lets CloudFormation compare every resource with the template, which
	// takes a minute.
	Drift bool
}

// doctorAWS looks at everything that a run of the deployed lake needs, as its
// roles would see it. What the credentials at hand may not look at is a
// warning that names the action.
func (h *Home) doctorAWS(ctx context.Context, o DoctorOptions) []Check {
	d, err := NewDeployer(ctx, h.Config, o.Deploy)
	if err != nil {
		return []Check{failed("deployment", err)}
	}
	h.openMissingBuckets(ctx)
	x := &inspection{home: h, options: o, deployer: d, reader: deploy.NewInspector(h.Cloud.Config)}
	checks := []Check{ok("account", "%s in %s, as %s", h.Cloud.Account, h.Cloud.Region, h.Cloud.ARN)}
	x.gather(ctx)
	if x.nothing() {
		checks = append(checks, failed("deployment", &lake.Error{
			Code:    lake.ObjectMissing,
			Message: fmt.Sprintf("the lake is not deployed here: there is neither a stack %s nor a state machine %s nor a function", d.Stack(), h.Config.Workflow.Name),
			Hint:    "deploy it: wplake deploy plan, then wplake deploy apply; or look at aws.region, aws.profile and AWS_PROFILE",
		}))
		return softened(append(checks, h.checkSource(ctx)...))
	}
	for _, part := range together(
		func() []Check { return x.stackChecks() },
		func() []Check { return h.checkParameters(ctx) },
		func() []Check { return h.checkSource(ctx) },
		func() []Check { return x.buckets(ctx) },
		func() []Check { return x.topics(ctx) },
		func() []Check { return x.functionChecks() },
		func() []Check { return x.glueChecks(ctx) },
		func() []Check { return x.machineChecks() },
		func() []Check { return x.roles(ctx) },
		func() []Check { return x.scheduleChecks() },
		func() []Check { return x.executionChecks() },
		func() []Check { return []Check{h.checkCatalog(ctx)} },
		func() []Check { return x.readers(ctx) },
	) {
		checks = append(checks, part...)
	}
	if agrees(x.status.value) {
		checks = beside(checks)
	}
	return softened(checks)
}

// together runs parts at the same time and returns what they find in order.
func together(parts ...func() []Check) [][]Check {
	found := make([][]Check, len(parts))
	var all sync.WaitGroup
	for i, part := range parts {
		all.Go(func() { found[i] = part() })
	}
	all.Wait()
	return found
}

// softened makes warnings of what the credentials may not look at: that is no
// fault of the lake.
func softened(checks []Check) []Check {
	for i, c := range checks {
		if c.Status != CheckFailed || c.code != lake.AccessDenied {
			continue
		}
		checks[i].Status, checks[i].Hint = CheckWarning, lookersHint(c.Hint)
	}
	return checks
}

// lookersHint is the remedy of a refusal, for whoever runs doctor instead of
// for a role of the lake.
func lookersHint(hint string) string {
	action, ok := strings.CutSuffix(hint, " in the role's policy; `wplake iam` prints what each role needs")
	if !ok {
		return hint
	}
	return "not looked at, which says nothing about the lake's own roles: " + action + " to whoever runs doctor"
}

// homeFlag is what a command needs to mean this home.
func (h *Home) homeFlag() string {
	if h.Cloud == nil {
		return ""
	}
	return " --home aws"
}

// settingParameter is the command that sets a parameter, with the value where
// the deployment makes it.
func (h *Home) settingParameter(name string) string {
	if h.Cloud == nil {
		return fmt.Sprintf("wplake param set %s VALUE", name)
	}
	value := "- --type SecureString" // read from standard input
	if name == h.Config.Source.Endpoints.Parameter {
		value = "URL,URL --type StringList"
	}
	for _, l := range lake.Layers() {
		switch name {
		case lake.BucketParameter(l):
			value = h.Config.Buckets.Name(l)
		case lake.TopicParameter(l):
			value = h.topicARN(lake.TopicName(l))
		}
	}
	return fmt.Sprintf("wplake param set %s %s%s", name, value, h.homeFlag())
}

func (h *Home) topicARN(name string) string {
	return fmt.Sprintf("arn:%s:sns:%s:%s:%s", h.Cloud.Partition, h.Cloud.Region, h.Cloud.Account, name)
}

// references are the values of the definition that functions look up.
func (h *Home) references() []config.Ref {
	var all []config.Ref
	if e := h.Config.Source.Endpoints; h.Config.Source.Kind == config.SourceEndpoints {
		all = append(append(all, e.URLs...), e.User, e.Password)
		for _, name := range slices.Sorted(maps.Keys(e.Headers)) {
			all = append(all, e.Headers[name])
		}
	}
	for _, object := range slices.Sorted(maps.Keys(h.Config.Objects)) {
		for _, s := range h.Config.Objects[object].Steps {
			if s.Mask != nil {
				all = append(all, config.Ref(s.Mask.Salt))
			}
		}
	}
	if t := h.Config.AWS.Tracing; t.Endpoint != "" {
		for _, name := range slices.Sorted(maps.Keys(t.Headers)) {
			all = append(all, t.Headers[name])
		}
	}
	return all
}

// openMissingBuckets opens the buckets whose parameters are not set or may not
// be read under the definition's names, so that they can be looked at.
func (h *Home) openMissingBuckets(ctx context.Context) {
	for _, l := range lake.Layers() {
		if h.Buckets[l] != nil {
			continue
		}
		name := h.Config.Buckets.Name(l)
		if p, err := h.Params.Get(ctx, lake.BucketParameter(l)); err == nil && config.ValidBucketName(p.Value) {
			name = p.Value
		}
		h.Buckets[l] = h.s3Bucket(name, "")
	}
	h.openCatalog()
}

// buckets looks at the layers' buckets.
func (x *inspection) buckets(ctx context.Context) []Check {
	h := x.home
	var checks []Check
	for _, l := range lake.Layers() {
		name := "bucket " + h.Buckets[l].Name()
		if err := checkBucket(l, h.Buckets[l].Name(), nil); err != nil {
			checks = append(checks, failed(name, err))
			continue
		}
		if err := h.Buckets[l].Check(ctx); err != nil {
			checks = append(checks, failed(name, err))
			if !lake.HasCode(err, lake.AccessDenied) {
				continue
			}
		}
		settings, err := x.reader.Bucket(ctx, h.Cloud.Account, h.Buckets[l].Name())
		if err != nil {
			checks = append(checks, failed(name, err))
			continue
		}
		checks = append(checks, judgeBucket(h.Buckets[l].Name(), h.Config.Buckets.Name(l), settings))
	}
	return checks
}

// topics looks at the topics that the functions and the workflow tell.
func (x *inspection) topics(ctx context.Context) []Check {
	h := x.home
	arns := []string{}
	for _, l := range lake.Layers() {
		arn := h.topicARN(lake.TopicName(l))
		if p, err := h.Params.Get(ctx, lake.TopicParameter(l)); err == nil && strings.TrimSpace(p.Value) != "" {
			arn = p.Value
		} else if err != nil && !errors.Is(err, params.ErrNotFound) && ctx.Err() != nil {
			return nil
		}
		arns = append(arns, arn)
	}
	arns = append(arns, h.topicARN(lake.FailureTopic))
	var checks []Check
	for i, arn := range arns {
		name := "topic " + arn[strings.LastIndexByte(arn, ':')+1:]
		if !strings.HasPrefix(arn, "arn:") {
			l := lake.Layers()[i]
			checks = append(checks, failed(name, &lake.Error{
				Code: lake.ConfigInvalid, Message: fmt.Sprintf("the parameter %s holds %q, which is not the ARN of a topic", lake.TopicParameter(l), arn),
				Hint: h.settingParameter(lake.TopicParameter(l)),
			}))
			continue
		}
		t, err := x.reader.Topic(ctx, arn)
		if err != nil {
			checks = append(checks, failed(name, err))
			continue
		}
		checks = append(checks, judgeTopic(arn, t))
	}
	return checks
}

// readers looks at what people need who read the lake: Lake Formation and Athena.
func (x *inspection) readers(ctx context.Context) []Check {
	const formation = "lake formation"
	var checks []Check
	found, err := x.deployer.Formation(ctx)
	switch {
	case err != nil:
		checks = append(checks, failed(formation, err))
	case len(found) == 0:
		checks = append(checks, ok(formation, "IAM decides who reads new databases and tables"))
	}
	for _, f := range found {
		checks = append(checks, warning(formation, lookersHint(f.Hint), "%s", f.What))
	}
	return append(checks, x.athena(ctx))
}

// athena looks at the workgroup of the lake's readers.
func (x *inspection) athena(ctx context.Context) Check {
	a := x.home.Config.AWS
	group := cmp.Or(a.Athena.Workgroup, a.Stack)
	name := "athena " + group
	w, err := x.reader.Workgroup(ctx, group)
	if err != nil {
		return lenient(failed(name, err)) // no run needs it
	}
	results := w.Results
	if !w.Enforced {
		results = cmp.Or(a.Athena.Results, results)
	}
	c := judgeWorkgroup(name, w.Enabled, results)
	if c.Status != CheckOK {
		return c
	}
	bucket, _, _ := strings.Cut(strings.TrimPrefix(results, "s3://"), "/")
	if err := x.reader.Reach(ctx, bucket); err != nil {
		return lenient(failed(name, err))
	}
	return c
}

// lenient is a finding by which no run fails.
func lenient(c Check) Check {
	if c.Status == CheckFailed && c.code != lake.AccessDenied {
		c.Status = CheckWarning
	}
	return c
}

// machineMissing reports whether Step Functions knows no such machine.
func machineMissing(err error) bool {
	e, ok := errors.AsType[*workflow.Error](err)
	return ok && e.Code == workflow.StateMachineDoesNotExist
}
