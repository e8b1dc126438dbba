package lint

import (
	"fmt"
	"strings"

	"wplake/internal/asl"
)

// task warns of a task whose failure nobody handles, or that may never end.
func (c *checker) task(f *flow, s *state, caught bool) {
	if s.kind != asl.Task {
		return
	}
	// On the way of a failure there is nobody left to hand the next one to.
	if !caught && len(s.catchers) == 0 && f.usual[s.name] {
		c.warn(NoCatch, s.name, s.at, "no Catch handles its failure: the execution ends at once and nobody is told",
			`add a Catch: [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.Error", "Next": …}]`)
	}
	v := s.value
	limited := v.Has("TimeoutSeconds") || v.Has("TimeoutSecondsPath") || v.Has("HeartbeatSeconds") || v.Has("HeartbeatSecondsPath")
	if !limited && !c.timed {
		c.warn(NoTimeout, s.name, s.at, "it has no time-out: when no answer comes, the execution waits for more than three years", `add "TimeoutSeconds"`)
	}
}

// started is a call that only starts work, and what tells its end.
type started struct {
	what string // for people
	poll string // the call that tells how it stands, without service
	wait string // how to wait for it
}

// startedBy looks up a call that answers before its work is done.
func startedBy(r asl.Resource) (started, bool) {
	if r.Kind != asl.ServiceResource || r.Pattern != asl.RequestResponse {
		return started{}, false
	}
	service := strings.TrimPrefix(r.Service, "aws-sdk:")
	loop := func(poll string) string {
		return fmt.Sprintf("ask for its state in a loop: aws-sdk:%s:%s, a Choice, a Wait", service, poll)
	}
	sync := func(resource string) string { return "wait for it: arn:aws:states:::" + resource + ".sync" }
	switch service + ":" + r.Action {
	case "glue:startCrawler":
		return started{"the crawler", "getCrawler", loop("getCrawler")}, true
	case "glue:startDataQualityRulesetEvaluationRun":
		return started{"the quality run", "getDataQualityRulesetEvaluationRun", loop("getDataQualityRulesetEvaluationRun")}, true
	case "glue:startJobRun":
		return started{"the job", "getJobRun", sync("glue:startJobRun")}, true
	case "athena:startQueryExecution":
		return started{"the query", "getQueryExecution", sync("athena:startQueryExecution")}, true
	case "databrew:startJobRun":
		return started{"the job", "describeJobRun", sync("databrew:startJobRun")}, true
	case "codebuild:startBuild":
		return started{"the build", "batchGetBuilds", sync("codebuild:startBuild")}, true
	case "batch:submitJob":
		return started{"the job", "describeJobs", sync("batch:submitJob")}, true
	case "ecs:runTask":
		return started{"the task", "describeTasks", sync("ecs:runTask")}, true
	}
	return started{}, false
}

// notAwaited warns of work that is started where nothing that follows looks
// whether it has ended.
func (c *checker) notAwaited(f *flow) {
	leads := map[string]map[string]bool{}
	for _, name := range f.names {
		s := f.states[name]
		call, ok := startedBy(s.resource)
		if s.kind != asl.Task || !ok {
			continue
		}
		if leads[call.poll] == nil {
			leads[call.poll] = f.leadTo(func(other *state) bool { return other.resource.Action == call.poll })
		}
		if leads[call.poll][name] {
			continue
		}
		message := call.what + " is started and nobody waits for its end: the execution succeeds also when it fails"
		if len(s.next) == 1 && !s.ends() {
			message = fmt.Sprintf("%s is started and nobody waits for its end: '%s' begins while it works, and a failure of it is not seen", call.what, s.next[0])
		}
		c.warn(StartOnly, name, s.at.with("Resource"), message, call.wait)
	}
}
