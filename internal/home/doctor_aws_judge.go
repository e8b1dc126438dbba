package home

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"wplake/internal/config"
	"wplake/internal/deploy"
	"wplake/internal/deploy/iam"
	"wplake/internal/workflow"
)

// What is found, held against the definition. Nothing here asks anybody.

const (
	// absentHint is that of package deploy for what is not there.
	absentHint = "deploy it: wplake deploy apply"
	planHint   = "see what changes: wplake deploy plan; bring it to the definition: wplake deploy apply"
	applyHint  = "wplake deploy apply"
	// besideHint takes their place where the stack is the definition's already:
	// CloudFormation then has nothing to do.
	besideHint = "put it back by hand: it was changed or removed beside the stack, where CloudFormation sees nothing to do"
)

// beside changes the remedy of what deploying again would not mend.
func beside(checks []Check) []Check {
	for i, c := range checks {
		if c.Hint == planHint || c.Hint == applyHint || c.Hint == absentHint {
			checks[i].Hint = besideHint
		}
	}
	return checks
}

// agrees reports whether the stack is what the definition wants.
func agrees(s deploy.Status) bool {
	return s.Exists && len(s.Agrees) > 0 && !slices.ContainsFunc(s.Agrees, func(a deploy.Agreement) bool { return !a.Agrees })
}

// broken is a finding by which a run fails.
func broken(name, hint, format string, args ...any) Check {
	return Check{Name: name, Status: CheckFailed, Detail: fmt.Sprintf(format, args...), Hint: hint}
}

// judgeStack tells how the stack stands.
func judgeStack(s deploy.Status) []Check {
	name := "stack " + s.Stack
	if !s.Exists {
		return []Check{warning(name, "see what would be made: wplake deploy plan; or name the stack with aws.stack",
			"there is none of that name; what is there was deployed by other means")}
	}
	reason := ""
	if s.Reason != "" {
		reason = ": " + s.Reason
	}
	checks := []Check{}
	switch {
	case strings.HasSuffix(s.State, "_IN_PROGRESS"):
		checks = append(checks, warning(name, "wait for it: wplake deploy status", "%s: work on it is under way", s.State))
	case s.State == "UPDATE_ROLLBACK_COMPLETE":
		checks = append(checks, warning(name, "wplake deploy plan, then "+applyHint, "%s: its last change failed and was taken back%s", s.State, reason))
	case strings.Contains(s.State, "ROLLBACK") || strings.HasSuffix(s.State, "_FAILED"):
		checks = append(checks, broken(name, applyHint+" mends it or says what is in the way", "%s: its last change failed%s", s.State, reason))
	default:
		checks = append(checks, ok(name, "%s", s.State))
	}
	for _, a := range s.Agrees {
		switch {
		case a.Agrees:
			checks = append(checks, ok(a.What, "as the definition has it"))
		case a.What == "definition": // it could not be packed here
			checks = append(checks, warning(a.What, "give the binary that is deployed: --bootstrap FILE", "what is deployed was not compared with it: %s", a.Detail))
		default:
			detail, _ := strings.CutSuffix(a.Detail, ": wplake deploy plan")
			checks = append(checks, warning(a.What, planHint, "%s", detail))
		}
	}
	if s.Drift != nil {
		checks = append(checks, judgeDrift(*s.Drift)...)
	}
	return checks
}

// judgeDrift tells what was changed beside the stack.
func judgeDrift(d deploy.Drift) []Check {
	if len(d.Resources) == 0 {
		return []Check{ok("drift", "nobody changed anything beside the stack")}
	}
	var checks []Check
	for _, r := range d.Resources {
		what := "was deleted beside the stack"
		if r.State != "DELETED" {
			var changed []string
			for _, p := range r.Properties {
				changed = append(changed, fmt.Sprintf("%s is %s instead of %s", p.Property, p.To, p.From))
			}
			what = "was changed beside the stack: " + some(changed, 5)
		}
		checks = append(checks, warning("drift "+r.Resource, besideHint, "%s %s %s", r.Type, r.Name, what))
	}
	return checks
}

// some are the first of many, with how many are left out.
func some(all []string, most int) string {
	text := strings.Join(all[:min(len(all), most)], "; ")
	if n := len(all) - most; n > 0 {
		text += fmt.Sprintf("; and %d more", n)
	}
	return text
}

func judgeBucket(name, defined string, s deploy.BucketSettings) Check {
	var found, remedies []string
	if name != defined {
		found = append(found, fmt.Sprintf("the definition has the bucket %s, for which the roles are made", defined))
		remedies = append(remedies, "set the parameter or the definition to the other's bucket")
	}
	if !s.Private {
		found = append(found, "it does not block public access")
		remedies = append(remedies, "aws s3api put-public-access-block --bucket "+name+
			" --public-access-block-configuration BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true")
	}
	if !s.Versioned {
		found = append(found, "it is not versioned: what is deleted by mistake is gone")
		remedies = append(remedies, "aws s3api put-bucket-versioning --bucket "+name+" --versioning-configuration Status=Enabled")
	}
	if len(found) > 0 {
		return warning("bucket "+name, strings.Join(remedies, "; "), "%s", strings.Join(found, "; "))
	}
	return ok("bucket "+name, "it is there, private and versioned")
}

func judgeTopic(arn string, t deploy.Topic) Check {
	name := "topic " + lastOf(arn)
	if len(t.Pending) > 0 {
		var waiting []string
		for _, p := range t.Pending {
			waiting = append(waiting, p.Protocol+" "+p.Endpoint)
		}
		return warning(name, "follow the link in the message that came from AWS; it is sent anew by subscribing again",
			"%d confirmed; waiting for their confirmation, and told nothing: %s", t.Confirmed, some(waiting, 5))
	}
	if t.Confirmed == 0 {
		return warning(name, "add aws.subscribe and deploy, or: aws sns subscribe --topic-arn "+arn+" --protocol email --notification-endpoint ADDRESS",
			"nobody has subscribed: nobody hears of failures")
	}
	return ok(name, "confirmed subscriptions: %d", t.Confirmed)
}

// judgeFunction compares a function with the definition; sha is that of the
// definition's package, "" where it is not known.
func judgeFunction(want config.AWSFunctions, function string, f deploy.Function, sha string) Check {
	name := "function " + f.Name
	switch {
	case f.State == "Failed":
		return broken(name, applyHint, "Lambda could not make it: %s", f.Reason)
	case f.Environment["WPLAKE_FUNCTION"] != function:
		return broken(name, applyHint, "its variable WPLAKE_FUNCTION is %q instead of %q: it does not know what it is", f.Environment["WPLAKE_FUNCTION"], function)
	case !strings.HasPrefix(f.Runtime, "provided."):
		return broken(name, applyHint, "its runtime is %s, which starts no binary", f.Runtime)
	case f.SHA256 == sha && f.Architecture != string(want.Architecture):
		return broken(name, applyHint, "it is for %s, its package for %s", f.Architecture, want.Architecture)
	}
	var differ []string
	held := func(what, is, should string) {
		if is != should {
			differ = append(differ, fmt.Sprintf("%s is %s, the definition has %s", what, is, should))
		}
	}
	held("runtime", f.Runtime, "provided.al2023")
	held("architecture", f.Architecture, string(want.Architecture))
	held("memory", fmt.Sprint(f.Memory, " MiB"), fmt.Sprint(want.Memory, " MiB"))
	held("storage", fmt.Sprint(f.Storage, " MiB"), fmt.Sprint(want.Storage, " MiB"))
	held("time-out", (time.Duration(f.Timeout) * time.Second).String(), time.Duration(want.Timeout).Truncate(time.Second).String())
	if sha != "" && f.SHA256 != "" && f.SHA256 != sha {
		differ = append(differ, fmt.Sprintf("its package is %.12s, the definition's %.12s", f.SHA256, sha))
	}
	switch {
	case f.Update == "Failed":
		return warning(name, applyHint, "its last change failed: %s", f.UpdateReason)
	case len(differ) > 0:
		return warning(name, planHint, "%s", strings.Join(differ, "; "))
	case f.State == "Pending" || f.Update == "InProgress":
		return warning(name, "wait a minute", "Lambda is still at work on it")
	}
	return ok(name, "%d MiB, %d MiB of /tmp, %s, %s", f.Memory, f.Storage, time.Duration(f.Timeout)*time.Second, f.Architecture)
}

func judgeCrawler(name string, c deploy.Crawler, database, prefix, path string) Check {
	same := func(p string) bool { return strings.TrimSuffix(p, "/") == strings.TrimSuffix(path, "/") }
	switch {
	case c.Database != database || c.Prefix != prefix:
		return broken(name, applyHint, "it writes tables %s… into the database %s instead of %s… into %s", c.Prefix, c.Database, prefix, database)
	case !slices.ContainsFunc(c.Paths, same):
		return broken(name, applyHint, "it crawls %s instead of %s", strings.Join(c.Paths, ", "), path)
	case c.LastStatus == "FAILED":
		return warning(name, "look at it: aws glue get-crawler --name "+strings.TrimPrefix(name, "crawler "), "its last crawl failed, at %s: %s", c.LastStarted.UTC().Format(time.RFC3339), c.LastMessage)
	case c.LastStatus == "":
		return ok(name, "it has not run yet")
	}
	return ok(name, "%s, its last crawl was %s", c.State, c.LastStatus)
}

func judgeJob(name string, j deploy.Job, sha string) Check {
	switch {
	case j.Command != "pythonshell":
		return broken(name, applyHint, "it is a job of the kind %q instead of pythonshell", j.Command)
	case j.Package == "":
		return broken(name, applyHint, "its argument --package does not say where the package is")
	case sha != "" && !strings.HasSuffix(j.Package, sha+".zip"):
		return warning(name, planHint, "its package is another than the definition's: %s", j.Package)
	}
	return ok(name, "%g DPU, %s", j.Capacity, j.Package)
}

// judgeMachine compares a machine with the definition's, whose account and
// region are filled in.
func judgeMachine(name string, want []byte, m workflow.StateMachine) Check {
	if m.Type == workflow.Express {
		return broken(name, applyHint, "it is an express machine: its executions cannot be waited for, and end after five minutes")
	}
	if !sameDocument(want, []byte(m.Definition)) {
		return warning(name, planHint, "its states are not those of the definition")
	}
	return ok(name, "as the definition has it")
}

func sameDocument(a, b []byte) bool {
	var x, y any
	for _, one := range []struct {
		text []byte
		to   *any
	}{{a, &x}, {b, &y}} {
		d := json.NewDecoder(bytes.NewReader(one.text))
		d.UseNumber()
		if d.Decode(one.to) != nil {
			return false
		}
	}
	return reflect.DeepEqual(x, y)
}

// judgeRole sums up what a role in use lacks.
func judgeRole(wanted iam.Role, live string, found iam.Judgement, trusted bool) Check {
	name := "role " + lastOf(live)
	compare := fmt.Sprintf("wplake iam check --role %s --as %s", live, wanted.Name)
	switch {
	case !trusted:
		return broken(name, "let it: `wplake iam "+wanted.Name+"` and `wplake deploy template` have the trust policy", "its trust policy does not let %s assume it", wanted.Service)
	case len(found.Missing) > 0:
		return broken(name, "the whole comparison: "+compare, "%s lacks %s", wanted.Name, some(lacks(found.Missing), 3))
	case len(found.Lost) > 0:
		return warning(name, "the whole comparison: "+compare, "%s does without %s", wanted.Name, some(lacks(found.Lost), 3))
	case len(found.Unjudged) > 0:
		return warning(name, "the whole comparison: "+compare, "not judged here: %s", some(lacks(found.Unjudged), 3))
	}
	expected := wanted.Existing
	if expected == "" {
		expected = wanted.RoleName
	}
	if lastOf(live) != lastOf(expected) {
		return warning(name, planHint, "it has all that %s needs, but the definition has the role %s", wanted.Name, lastOf(expected))
	}
	if n := len(found.Excess); n > 0 {
		return ok(name, "it has all that %s needs, and %d too much: %s", wanted.Name, n, compare)
	}
	return ok(name, "it has all that %s needs", wanted.Name)
}

// lacks are findings in words, those of the same actions as one: a machine
// that may not call its functions lacks one thing, not five.
func lacks(all []iam.Finding) []string {
	var actions, texts []string
	more := map[string]int{}
	for _, f := range all {
		key := strings.Join(f.Actions, ", ")
		if slices.Contains(actions, key) {
			more[key]++
			continue
		}
		actions = append(actions, key)
		texts = append(texts, fmt.Sprintf("%s on %s (%s)", key, f.Resource, strings.TrimSuffix(f.Why, ".")))
	}
	for i, key := range actions {
		if n := more[key]; n > 0 {
			texts[i] += fmt.Sprintf(" and %d more", n)
		}
	}
	return texts
}

// trusts reports whether a trust policy lets a service assume the role.
// Conditions are not judged; a document that cannot be read is not held
// against the role.
func trusts(document []byte, service string) bool {
	var d struct{ Statement json.RawMessage }
	if json.Unmarshal(document, &d) != nil || len(d.Statement) == 0 {
		return true
	}
	type statement struct {
		Effect            string
		Principal, Action any
	}
	var all []statement
	if json.Unmarshal(d.Statement, &all) != nil {
		var one statement
		if json.Unmarshal(d.Statement, &one) != nil {
			return true
		}
		all = []statement{one}
	}
	for _, s := range all {
		principal := s.Principal
		if m, ok := principal.(map[string]any); ok {
			principal = m["Service"]
		}
		actions := textsOf(s.Action)
		assumes := slices.Contains(actions, "sts:AssumeRole") || slices.Contains(actions, "sts:*") || slices.Contains(actions, "*")
		services := textsOf(principal)
		if s.Effect == "Allow" && assumes && (slices.Contains(services, service) || slices.Contains(services, "*")) {
			return true
		}
	}
	return false
}

// textsOf is a text or a list of them.
func textsOf(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		var all []string
		for _, x := range v {
			if text, ok := x.(string); ok {
				all = append(all, text)
			}
		}
		return all
	}
	return nil
}

func judgeWorkgroup(name string, enabled bool, results string) Check {
	switch {
	case !enabled:
		return warning(name, "enable it at Athena, or name another one with aws.athena.workgroup", "the workgroup is disabled: nobody can ask")
	case !strings.HasPrefix(results, "s3://"):
		return warning(name, "set aws.athena.results to s3://bucket/prefix/", "nobody says where results go")
	}
	return ok(name, "results go to %s", results)
}
