package config

import (
	"maps"
	"regexp"
	"slices"
)

// Workflow says what a run does, and how executions are kept.
type Workflow struct {
	Name        string             `yaml:"name,omitempty"`        // of the lake's state machine
	Definition  string             `yaml:"definition,omitempty"`  // file with the state machine, relative to this one; empty: the built-in one
	Account     string             `yaml:"account,omitempty"`     // 12 digits, in the ARNs of this home
	Region      string             `yaml:"region,omitempty"`      // in the ARNs of this home
	Interrupted Interrupted        `yaml:"interrupted,omitempty"` // tasks in flight when the process died
	Parallel    int                `yaml:"parallel,omitempty"`    // tasks at once, over all executions
	Commands    map[string]Command `yaml:"commands,omitempty"`    // functions and jobs that are programs on this machine
	KeepFor     Duration           `yaml:"keep_for,omitempty"`    // of executions that have ended
	KeepSize    ByteSize           `yaml:"keep_size,omitempty"`   // of all executions together
}

// Interrupted says what becomes of a task that was in flight when the process
// died.
type Interrupted string

// What becomes of interrupted tasks.
const (
	InterruptedRetry Interrupted = "retry" // it is called again
	InterruptedFail  Interrupted = "fail"  // it fails with States.TaskFailed
)

// Command is a program that a task calls by the name of a function or a job.
// It gets the payload as JSON on standard input and answers on standard output.
type Command struct {
	Run     []string       `yaml:"run,omitempty"` // program and arguments; there is no shell
	Env     map[string]Ref `yaml:"env,omitempty" secret:"true"`
	Timeout Duration       `yaml:"timeout,omitempty"`
}

// Schedule starts a state machine by the clock.
type Schedule struct {
	Expression     string       `yaml:"expression"`                // rate(…), cron(…) or at(…)
	Timezone       string       `yaml:"timezone,omitempty"`        // IANA name, default UTC
	State          ScheduleMode `yaml:"state,omitempty"`           // default ENABLED
	Start          string       `yaml:"start,omitempty"`           // not before, RFC 3339
	End            string       `yaml:"end,omitempty"`             // not after, RFC 3339
	FlexibleWindow Duration     `yaml:"flexible_window,omitempty"` // start at a chance time within it
	Definition     string       `yaml:"definition,omitempty"`      // file with a state machine, default the lake's workflow
	Input          string       `yaml:"input,omitempty"`           // JSON; <aws.scheduler.scheduled-time> and its like are filled in
	Missed         Missed       `yaml:"missed,omitempty"`          // runs that were due while nothing ran
	Overlap        Overlap      `yaml:"overlap,omitempty"`         // the run before has not ended
	Retries        int          `yaml:"retries,omitempty"`         // to start it; in the file 0, here -1: none
	MaximumAge     Duration     `yaml:"maximum_age,omitempty"`     // how long it is worth starting
	DeadLetter     string       `yaml:"dead_letter,omitempty"`     // topic that is told when it could not be started
	AlertAfter     Duration     `yaml:"alert_after,omitempty"`     // alert when no run succeeded for so long; 0: never
}

// ScheduleMode says whether a schedule is in force.
type ScheduleMode string

// The modes of schedules.
const (
	ScheduleEnabled  ScheduleMode = "ENABLED"
	ScheduleDisabled ScheduleMode = "DISABLED"
)

// Missed says what becomes of runs that were due while nothing ran.
type Missed string

// What becomes of missed runs.
const (
	MissedOnce Missed = "once" // one run makes up for all of them
	MissedSkip Missed = "skip" // none
	MissedAll  Missed = "all"  // each is made up for, one after the other
)

// Overlap says what happens when a run is due and the one before has not ended.
type Overlap string

// What happens when runs would overlap.
const (
	OverlapSkip  Overlap = "skip"  // it is left out
	OverlapQueue Overlap = "queue" // it starts when the other has ended
	OverlapAllow Overlap = "allow" // both run
)

// Serve says how `wplake serve` answers. The keys are needed to listen beyond
// this machine: requests must then be signed with them.
type Serve struct {
	Listen    string `yaml:"listen,omitempty"` // host:port
	AccessKey Ref    `yaml:"access_key,omitempty" secret:"true"`
	SecretKey Ref    `yaml:"secret_key,omitempty" secret:"true"`
}

var (
	machineName  = regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`)
	accountID    = regexp.MustCompile(`^[0-9]{12}$`)
	regionName   = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-[0-9]$`)
	scheduleName = regexp.MustCompile(`^[0-9A-Za-z_.-]{1,64}$`)
)

func (v *validator) workflow() {
	w := v.config.Workflow
	if !machineName.MatchString(w.Name) {
		v.problem("workflow.name", "workflow.name %q is not a state machine's name: letters, digits, '_' and '-', at most 80", w.Name)
	}
	if !accountID.MatchString(w.Account) {
		v.problem("workflow.account", "workflow.account %q is not an account: 12 digits", w.Account)
	}
	if !regionName.MatchString(w.Region) {
		v.problem("workflow.region", "workflow.region %q is not a region such as eu-west-1", w.Region)
	}
	v.within("workflow.parallel", w.Parallel)
	for _, name := range slices.Sorted(maps.Keys(w.Commands)) {
		if len(w.Commands[name].Run) == 0 {
			v.problem("workflow.commands."+name, "workflow.commands.%s says no program: run: [program, argument]", name)
		}
	}
	v.schedules()
}
