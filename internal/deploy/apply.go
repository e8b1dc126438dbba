package deploy

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"wplake/internal/awsapi"
	"wplake/internal/lake"
)

// Applied is what Apply did.
type Applied struct {
	Stack    string            `json:"stack"`
	Status   string            `json:"status"` // CloudFormation's
	Events   []Event           `json:"events"`
	Outputs  map[string]string `json:"outputs"`
	Next     []string          `json:"next"` // what a person does now
	Duration time.Duration     `json:"-"`
}

// Prepare does all that Apply needs before the stack changes: it waits for work
// that is under way, removes the remains of a first try, puts package and
// template into the artifacts bucket, and lets CloudFormation compute the
// changes. Apply or Discard must follow.
func (d *Deployer) Prepare(ctx context.Context) (Plan, error) {
	w, err := d.want(ctx)
	if err != nil {
		return Plan{}, err
	}
	p := d.plan(w)
	stack, err := d.settle(ctx)
	if err != nil {
		return p, err
	}
	p = d.withPrice(ctx, p, stack)
	if stack == nil {
		// Before anything is made: what stands in the way of a first try.
		p.New = true
		p.Description = "package and template lie among the artifacts"
		if p, err = d.finish(ctx, p, tree{}); err != nil || p.Blocked() {
			return p, err
		}
	}
	if err := d.ensureArtifacts(ctx, w.account); err != nil {
		return p, err
	}
	if err := d.uploadPackage(ctx, w); err != nil {
		return p, err
	}
	if stack == nil {
		p.set, err = d.makeChangeSet(ctx, w, types.ChangeSetTypeCreate, p.adopts())
		if err == nil && p.set.nothing {
			err = &lake.Error{Code: lake.DeployFailed, Message: "CloudFormation finds nothing in the template of a new stack", Hint: "look at it: wplake deploy template"}
		}
		return p, err
	}
	p.Description = "package and template lie among the artifacts, and a change set waits"
	return d.compare(ctx, p, false)
}

// adopts reports whether buckets of the account are taken into a new stack.
func (p Plan) adopts() bool {
	for _, f := range p.Findings {
		if f.Adopts {
			return true
		}
	}
	return false
}

func (d *Deployer) uploadPackage(ctx context.Context, w desired) error {
	put, err := d.upload(ctx, w.account, w.pack.Key(d.Stack()), "application/zip", w.pack.Zip)
	if err != nil {
		return err
	}
	if put {
		d.say(fmt.Sprintf("put the package (%.1f MB) into s3://%s", float64(len(w.pack.Zip))/1e6, d.ArtifactsBucket(w.account)))
	} else {
		d.say("the package lies among the artifacts already")
	}
	if err := d.uploadEstimate(ctx, w); err != nil {
		return err
	}
	if d.byJob() {
		_, err = d.upload(ctx, w.account, ScriptKey(d.Stack()), "text/x-python", PythonShellScript())
	}
	return err
}

// settle brings the stack to where it can be changed, and returns it; nil where
// there is none.
func (d *Deployer) settle(ctx context.Context) (*types.Stack, error) {
	for {
		stack, err := d.describe(ctx, d.Stack())
		if err != nil || stack == nil {
			return nil, err
		}
		id := aws.ToString(stack.StackId)
		switch status := stack.StackStatus; {
		case inProgress(status):
			d.say("the stack is being worked on (" + string(status) + "): waits until that is done")
			seen, err := d.past(ctx, id)
			if err != nil {
				return nil, err
			}
			if _, err := d.follow(ctx, id, seen); err != nil {
				return nil, err
			}
		case isRemains(status):
			d.say("removes what a first try has left (" + string(status) + ")")
			if err := d.deleteStack(ctx, id); err != nil {
				return nil, err
			}
		case status == types.StackStatusUpdateRollbackFailed:
			if err := d.bringBack(ctx, id); err != nil {
				return nil, err
			}
		default:
			return stack, nil
		}
	}
}

// bringBack ends a rollback that failed.
func (d *Deployer) bringBack(ctx context.Context, id string) error {
	d.say("brings back what an update that failed has left (UPDATE_ROLLBACK_FAILED)")
	seen, err := d.past(ctx, id)
	if err != nil {
		return err
	}
	_, err = d.clients.Stacks.ContinueUpdateRollback(ctx, &cloudformation.ContinueUpdateRollbackInput{StackName: &id, ClientRequestToken: aws.String(d.o.Token())})
	if err != nil {
		return awsapi.Failure(err, "bring the stack "+d.Stack()+" back", "cloudformation:ContinueUpdateRollback", lake.DeployFailed)
	}
	end, err := d.follow(ctx, id, seen)
	if err != nil || end.status == types.StackStatusUpdateRollbackComplete {
		return err
	}
	return d.failure("could not be brought back to what it was", end, "mend the resource by hand, or leave it out: aws cloudformation continue-update-rollback --stack-name "+d.Stack()+" --resources-to-skip NAME")
}

// Discard removes what Prepare made of a plan that is not applied: the change
// set, and the empty stack that holds one for a stack that is not there yet.
func (d *Deployer) Discard(ctx context.Context, p Plan) error {
	if p.set.name == "" || p.set.nothing {
		return nil
	}
	ctx = context.WithoutCancel(ctx)
	d.discard(ctx, p.set)
	if !p.New {
		return nil
	}
	stack, err := d.describe(ctx, d.Stack())
	if err != nil || stack == nil || stack.StackStatus != types.StackStatusReviewInProgress {
		return err
	}
	return d.deleteStack(ctx, aws.ToString(stack.StackId))
}

// Apply executes a plan that Prepare made, and waits for its end. Where it
// fails, the stack is as it was before; the error says which resource and why.
func (d *Deployer) Apply(ctx context.Context, p Plan) (Applied, error) {
	began := d.o.Now()
	done := Applied{Stack: d.Stack(), Events: []Event{}, Outputs: map[string]string{}, Next: []string{}}
	if !p.Nothing {
		seen, err := d.past(ctx, p.set.stackID)
		if err != nil {
			return done, err
		}
		if err := d.execute(ctx, p); err != nil {
			return done, err
		}
		end, err := d.follow(ctx, p.set.stackID, seen)
		done.Events = append(done.Events, end.events...)
		done.Status = string(end.status)
		done.Duration = d.o.Now().Sub(began)
		if err != nil {
			return done, err
		}
		if end.status == "" || goneWrong(end.status) {
			return done, d.failure(d.afterFailure(end), end, d.afterApply(end, p.adopts()))
		}
	}
	stack, err := d.describe(ctx, d.Stack())
	if err != nil {
		return done, err
	}
	if stack != nil {
		done.Status = string(stack.StackStatus)
		done.Outputs = outputs(stack)
	}
	done.Next = d.next(ctx, p)
	return done, nil
}

// execute starts the change set. An answer that was lost is recognised by what
// became of the change set.
func (d *Deployer) execute(ctx context.Context, p Plan) error {
	token := d.o.Token()
	in := &cloudformation.ExecuteChangeSetInput{StackName: &p.Stack, ChangeSetName: &p.set.name, ClientRequestToken: &token}
	if p.New {
		// Buckets that this try makes go again when it fails: nothing is in
		// them, and they would be in the way of the next one.
		in.RetainExceptOnCreate = aws.Bool(true)
	}
	_, err := d.clients.Stacks.ExecuteChangeSet(ctx, in)
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return interrupted(d.Stack(), ctx.Err())
	}
	stack, look := d.describe(ctx, p.set.stackID)
	if look == nil && stack != nil && started(stack, p) {
		return nil
	}
	return awsapi.Failure(err, "change the stack "+d.Stack(), "cloudformation:ExecuteChangeSet", lake.DeployFailed)
}

// started reports whether the change set is the one that the stack works on or
// was last brought to.
func started(stack *types.Stack, p Plan) bool {
	return stack.StackStatus != types.StackStatusReviewInProgress && strings.Contains(aws.ToString(stack.ChangeSetId), "/"+p.set.name+"/")
}

// afterFailure says in words where a failed operation left the stack.
func (d *Deployer) afterFailure(end ending) string {
	switch end.status {
	case "", types.StackStatusRollbackComplete:
		return "could not be made; what was made of it is removed again"
	case types.StackStatusUpdateRollbackComplete:
		return "could not be changed; it is as it was before"
	case types.StackStatusRollbackFailed, types.StackStatusUpdateRollbackFailed:
		return "could not be changed, and not be brought back either (" + string(end.status) + "): the next apply tries that first"
	}
	return "could not be changed (" + string(end.status) + ")"
}

// failure is the error of an operation that failed: which resource, and why.
func (d *Deployer) failure(what string, end ending, hint string) error {
	message := "the stack " + d.Stack() + " " + what
	if e, ok := cause(end.events); ok {
		name := e.Resource
		if e.Physical != "" && e.Physical != e.Resource {
			name += " (" + e.Physical + ")"
		}
		message = fmt.Sprintf("%s: %s %s: %s", message, e.Type, name, e.Reason)
	}
	return &lake.Error{Code: lake.DeployFailed, Message: message, Hint: hint}
}

// afterApply is the remedy of an apply that failed. Where CloudFormation refuses
// before it makes anything, its reason only says that there is a list.
func (d *Deployer) afterApply(end ending, adopts bool) string {
	e, ok := cause(end.events)
	if !ok || !strings.Contains(e.Reason, "DescribeEvents") {
		return "mend the cause and apply again"
	}
	hint := "see what is refused: aws cloudformation describe-events --stack-name " + d.Stack() +
		"; names that exist in the account already are the usual cause"
	if adopts {
		return hint + ". Where it is the buckets: set aws.existing.buckets to true and apply again, then the stack works with them and does not own them"
	}
	return hint + ". Mend it and apply again"
}

func outputs(stack *types.Stack) map[string]string {
	all := map[string]string{}
	for _, o := range stack.Outputs {
		all[aws.ToString(o.OutputKey)] = aws.ToString(o.OutputValue)
	}
	return all
}

// next is what a person does after an apply.
func (d *Deployer) next(ctx context.Context, p Plan) []string {
	all := []string{}
	for _, m := range p.Manual {
		text := m.What
		if m.Command != "" {
			text += ": " + m.Command
		}
		all = append(all, text)
	}
	if pending, err := d.pending(ctx, p.Account); err == nil && len(pending) > 0 {
		all = append(all, fmt.Sprintf("follow the link that AWS has sent, for each subscription that waits for its confirmation: %d", len(pending)))
	}
	return append(all, "run it once: wplake run --home aws")
}
