package home

import (
	"context"
	"maps"
	"slices"
	"strings"

	"wplake/internal/config"
	"wplake/internal/deploy"
	"wplake/internal/deploy/iam"
	"wplake/internal/lake"
	"wplake/internal/workflow"
	"wplake/internal/workflow/machine"
	"wplake/internal/workflow/sfn"
)

// manyExecutions is how many of the newest executions are looked at.
const manyExecutions = 100

// answer is what a question to AWS gave.
type answer[T any] struct {
	value T
	err   error
}

func ask[T any](value T, err error) answer[T] { return answer[T]{value, err} }

// inspection is a deployed lake as doctor found it.
type inspection struct {
	home     *Home
	options  DoctorOptions
	deployer *deploy.Deployer
	reader   deploy.Inspector

	status     answer[deploy.Status]
	pack       answer[string]                           // SHA-256 of the definition's package
	functions  map[string]answer[deploy.Function]       // by stage
	crawlers   map[lake.Layer]answer[deploy.Crawler]    // where the definition has them
	job        *answer[deploy.Job]                      // likewise
	machines   map[string]answer[workflow.StateMachine] // by ARN
	schedules  answer[[]DeployedSchedule]
	executions answer[[]workflow.Execution] // of the lake's machine, the newest first
}

// gather asks for what several checks need, all at the same time. What fails
// is kept with its error.
func (x *inspection) gather(ctx context.Context) {
	h := x.home
	functions := functionsOf(h.Config)
	found := make([]answer[deploy.Function], len(functions))
	layers := lake.TableLayers()
	crawlers := make([]answer[deploy.Crawler], len(layers))
	arns := slices.Sorted(maps.Keys(x.wantedMachines()))
	machines := make([]answer[workflow.StateMachine], len(arns))
	nothing := func(do func()) func() []Check { return func() []Check { do(); return nil } }
	parts := []func() []Check{
		nothing(func() {
			x.status = ask(x.deployer.Status(ctx, x.options.Drift))
			if x.status.value.Exists && x.status.err == nil { // then it is packed already
				x.pack = ask(x.deployer.PackageSHA256(ctx))
			}
		}),
		nothing(func() {
			x.schedules = ask(h.DeployedSchedules(ctx))
		}),
		nothing(func() {
			all, _, err := h.Executions().List(ctx, workflow.Filter{MachineARN: h.MachineARN(), Limit: manyExecutions})
			x.executions = ask(all, err)
		}),
	}
	for i, function := range functions {
		parts = append(parts, nothing(func() { found[i] = ask(x.reader.Function(ctx, lake.FunctionName(function))) }))
	}
	for i, arn := range arns {
		parts = append(parts, nothing(func() { machines[i] = ask(h.machineOf(ctx, arn)) }))
	}
	if h.Config.Catalog.Crawler {
		for i, l := range layers {
			parts = append(parts, nothing(func() { crawlers[i] = ask(x.reader.Crawler(ctx, lake.CrawlerName(l))) }))
		}
	}
	if h.Config.Silver.Runtime == config.RuntimePythonShell {
		x.job = &answer[deploy.Job]{}
		parts = append(parts, nothing(func() { *x.job = ask(x.reader.Job(ctx, lake.SilverJob)) }))
	}
	together(parts...)
	x.functions, x.crawlers, x.machines = map[string]answer[deploy.Function]{}, map[lake.Layer]answer[deploy.Crawler]{}, map[string]answer[workflow.StateMachine]{}
	for i, function := range functions {
		x.functions[function] = found[i]
	}
	for i, arn := range arns {
		x.machines[arn] = machines[i]
	}
	if h.Config.Catalog.Crawler {
		for i, l := range layers {
			x.crawlers[l] = crawlers[i]
		}
	}
}

// nothing reports whether nothing of the lake is there.
func (x *inspection) nothing() bool {
	if x.status.err != nil || x.status.value.Exists || !machineMissing(x.machines[x.home.MachineARN()].err) {
		return false
	}
	for _, f := range x.functions {
		if !lake.HasCode(f.err, lake.ObjectMissing) {
			return false
		}
	}
	return true
}

// machineOf reads a deployed state machine.
func (h *Home) machineOf(ctx context.Context, arn string) (workflow.StateMachine, error) {
	return sfn.New(h.Cloud.Config, sfn.Options{MachineARN: arn, Now: h.Now}).Machine(ctx, arn)
}

// functionsOf are the stage functions that a definition deploys, in the order
// of the pipeline.
func functionsOf(c config.Config) []string {
	all := []string{lake.FunctionRaw, lake.FunctionBronze}
	if c.Silver.Runtime != config.RuntimePythonShell {
		all = append(all, lake.FunctionSilver)
	}
	if !c.Catalog.Crawler {
		all = append(all, lake.FunctionCatalog)
	}
	return all
}

// scheduledMachine is the ARN of the machine that a schedule of the definition
// starts.
func (h *Home) scheduledMachine(name string) string {
	if h.Config.Schedules[name].Definition == "" {
		return h.MachineARN()
	}
	return strings.TrimSuffix(h.MachineARN(), h.Config.Workflow.Name) + strings.ReplaceAll(name, ".", "_")
}

// wantedMachines are the definition's state machines as they are deployed, by ARN.
func (x *inspection) wantedMachines() map[string][]byte {
	h := x.home
	wanted := map[string][]byte{h.MachineARN(): x.placed(x.options.Deploy.Machine)}
	for name, text := range x.options.Deploy.Machines {
		wanted[h.scheduledMachine(name)] = x.placed(text)
	}
	return wanted
}

func (x *inspection) placed(definition []byte) []byte {
	c := x.home.Cloud
	return machine.ForAWS(definition, x.home.Config, c.Partition, c.Region, c.Account)
}

// needs is what the lake's roles follow from.
func (x *inspection) needs() iam.Input {
	c := x.home.Cloud
	in := iam.Input{
		Config: x.home.Config, Definition: x.placed(x.options.Deploy.Machine), WorkflowLogs: true, Machines: map[string][]byte{},
		Partition: c.Partition, Region: c.Region, Account: c.Account,
	}
	for name, text := range x.options.Deploy.Machines {
		in.Machines[strings.ReplaceAll(name, ".", "_")] = x.placed(text)
	}
	return in
}

// inUse are the roles that what is deployed works with: ARNs or names by what
// the definition calls them.
func (x *inspection) inUse() map[string][]string {
	used := map[string][]string{}
	add := func(name, role string) {
		if role != "" && !slices.Contains(used[name], role) {
			used[name] = append(used[name], role)
		}
	}
	for name, f := range x.functions {
		add(name, f.value.Role) // their names are those of their roles
	}
	for _, arn := range slices.Sorted(maps.Keys(x.machines)) {
		add(iam.Workflow, x.machines[arn].value.RoleARN)
	}
	for _, s := range x.schedules.value {
		if _, ours := x.home.Config.Schedules[s.Name]; ours {
			add(iam.Schedule, s.Role)
		}
	}
	for _, l := range lake.TableLayers() {
		add(iam.Crawler, x.crawlers[l].value.Role)
	}
	if x.job != nil {
		add(iam.Job, x.job.value.Role)
	}
	return used
}

// roles compares the roles in use with what they need.
func (x *inspection) roles(ctx context.Context) []Check {
	in := x.needs()
	all, err := iam.All(in)
	if err != nil {
		return []Check{failed("roles", err)}
	}
	reader, used := deploy.NewRoleReader(x.home.Cloud.Config), x.inUse()
	var parts []func() []Check
	for _, wanted := range all {
		for _, live := range used[wanted.Name] {
			parts = append(parts, func() []Check {
				name := "role " + lastOf(live)
				documents, err := reader.ReadRole(ctx, live)
				if err != nil {
					return []Check{failed(name, err)}
				}
				trust, err := x.reader.Trust(ctx, live)
				if err != nil {
					return []Check{failed(name, err)}
				}
				found, err := iam.Check(in, wanted, documents)
				if err != nil {
					return []Check{failed(name, err)}
				}
				return []Check{judgeRole(wanted, live, found, trusts(trust, wanted.Service))}
			})
		}
	}
	return slices.Concat(together(parts...)...)
}

// lastOf is the name at the end of an ARN or path.
func lastOf(text string) string { return text[strings.LastIndexAny(text, "/:")+1:] }

func (x *inspection) stackChecks() []Check {
	if x.status.err != nil {
		return []Check{failed("stack "+x.deployer.Stack(), x.status.err)}
	}
	return judgeStack(x.status.value)
}

func (x *inspection) functionChecks() []Check {
	var checks []Check
	for _, function := range functionsOf(x.home.Config) {
		f := x.functions[function]
		if f.err != nil {
			checks = append(checks, failed("function "+lake.FunctionName(function), f.err))
			continue
		}
		checks = append(checks, judgeFunction(x.home.Config.AWS.Functions, function, f.value, x.pack.value))
	}
	return checks
}

func (x *inspection) glueChecks(ctx context.Context) []Check {
	database := x.home.Config.Dataset
	checks := []Check{ok("database "+database, "it is there")}
	if err := x.reader.Database(ctx, database); err != nil {
		checks[0] = failed("database "+database, err)
	}
	for _, l := range lake.TableLayers() {
		c, wanted := x.crawlers[l]
		name := "crawler " + lake.CrawlerName(l)
		switch {
		case !wanted:
		case c.err != nil:
			checks = append(checks, failed(name, c.err))
		default:
			path := "s3://" + x.home.Buckets[l].Name() + "/" + database + "/"
			checks = append(checks, judgeCrawler(name, c.value, database, string(l)+"-", path))
		}
	}
	if x.job != nil {
		name := "job " + lake.SilverJob
		if x.job.err != nil {
			return append(checks, failed(name, x.job.err))
		}
		checks = append(checks, judgeJob(name, x.job.value, x.pack.value))
	}
	return checks
}

func (x *inspection) machineChecks() []Check {
	wanted := x.wantedMachines()
	var checks []Check
	for _, arn := range slices.Sorted(maps.Keys(wanted)) {
		name, m := "workflow "+lastOf(arn), x.machines[arn]
		switch {
		case machineMissing(m.err):
			checks = append(checks, failed(name, &lake.Error{
				Code: lake.ObjectMissing, Message: "there is no state machine " + arn, Hint: absentHint,
			}))
		case m.err != nil:
			checks = append(checks, failed(name, m.err))
		default:
			checks = append(checks, judgeMachine(name, wanted[arn], m.value))
		}
	}
	return checks
}

func (x *inspection) scheduleChecks() []Check {
	if x.schedules.err != nil {
		return []Check{failed("schedules", x.schedules.err)}
	}
	h, checks := x.home, []Check{}
	for _, s := range x.schedules.value {
		want, ours := h.Config.Schedules[s.Name]
		if !ours {
			checks = append(checks, warning("schedule "+s.Name, "remove it, or put it into the definition",
				"it starts %s, and is not in the definition", lastOf(s.Target)))
			continue
		}
		checks = append(checks, judgeSchedule(s, want, h.scheduledMachine(s.Name)))
	}
	if len(checks) == 0 {
		return []Check{ok("schedules", "the definition has none")}
	}
	return checks
}

func (x *inspection) executionChecks() []Check {
	switch {
	case machineMissing(x.executions.err):
		return nil // the workflow's check tells
	case x.executions.err != nil:
		return []Check{failed("executions", x.executions.err)}
	}
	now := x.home.Now()
	checks := []Check{judgeExecutions(now, x.executions.value)}
	for _, s := range x.schedules.value {
		if s.Target != x.home.MachineARN() {
			continue
		}
		if c, found := judgeMissed(now, s, x.executions.value); found {
			checks = append(checks, c)
		}
	}
	return checks
}
