package deploy

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"wplake/internal/awsapi"
	"wplake/internal/deploy/template"
	"wplake/internal/lake"
)

// maxInline is the largest template that is given in a call itself, in bytes.
const maxInline = 51_200

// Plan says what a deployment would do.
type Plan struct {
	Stack   string  `json:"stack"`
	Account Account `json:"where"`
	// New says that there is no stack yet.
	New bool `json:"new"`
	// Nothing says that the stack is as the definition wants it.
	Nothing     bool              `json:"nothing"`
	Changes     []Change          `json:"changes"`
	Allowed     []Permission      `json:"permissions_added"`
	Disallowed  []Permission      `json:"permissions_removed"`
	Findings    []Finding         `json:"findings"` // what stands in the way, or should be known
	Manual      []template.Manual `json:"manual"`   // what is left to a person
	Package     PackageSummary    `json:"package"`
	Price       *Price            `json:"price,omitempty"`
	Before      map[string]int    `json:"resources_before"` // by type
	After       map[string]int    `json:"resources_after"`
	Description string            `json:"description"` // what planning itself did

	want desired
	set  changeSet
}

// PackageSummary tells of a package.
type PackageSummary struct {
	SHA256 string       `json:"sha256"`
	Bytes  int          `json:"bytes"` // zipped
	Files  []PackedFile `json:"files"`
	Place  string       `json:"place"` // s3://bucket/key
}

// Loses reports whether the plan takes data away.
func (p Plan) Loses() bool {
	for _, c := range p.Changes {
		if c.Loses != "" {
			return true
		}
	}
	return false
}

// Blocked reports whether something stands in the way.
func (p Plan) Blocked() bool {
	for _, f := range p.Findings {
		if f.Level == LevelError {
			return true
		}
	}
	return false
}

// Plan says what Apply would do. For a stack that is not there yet it is
// computed from the template, and AWS is asked nothing but to look at it; for
// one that is there a change set is made and removed again.
func (d *Deployer) Plan(ctx context.Context) (Plan, error) {
	w, err := d.want(ctx)
	if err != nil {
		return Plan{}, err
	}
	stack, err := d.describe(ctx, d.Stack())
	if err != nil {
		return Plan{}, err
	}
	p := d.plan(w)
	if stack == nil || isRemains(stack.StackStatus) {
		p.New = true
		p.Description = "nothing was changed in the account: a new stack's plan is the template itself"
		if stack != nil {
			p.Findings = append(p.Findings, Finding{Level: LevelNote, What: "a try that failed left the stack in " + string(stack.StackStatus) + "; apply removes it first"})
		}
		if err := d.validate(ctx, w); err != nil {
			return Plan{}, err
		}
		p = d.withPrice(ctx, p, nil)
		return d.finish(ctx, p, tree{})
	}
	if inProgress(stack.StackStatus) {
		return Plan{}, busy(d.Stack(), stack.StackStatus)
	}
	if stack.StackStatus == types.StackStatusUpdateRollbackFailed {
		return Plan{}, &lake.Error{
			Code: lake.DeployFailed, Message: "the stack " + d.Stack() + " is in UPDATE_ROLLBACK_FAILED, so that nothing can be planned",
			Hint: "`wplake deploy apply` brings it back first",
		}
	}
	p.Description = "nothing was changed in the account: the change set that was made to look has been removed, and the template lies among the artifacts"
	p = d.withPrice(ctx, p, stack)
	if p, err = d.compare(ctx, p, false); err != nil {
		return Plan{}, err
	}
	if !p.set.nothing {
		d.discard(ctx, p.set)
	}
	return p, nil
}

func busy(stack string, status types.StackStatus) error {
	return &lake.Error{
		Code: lake.DeployFailed, Message: "the stack " + stack + " is being worked on (" + string(status) + ")",
		Hint: "wait until it is done: wplake deploy status",
	}
}

// plan begins a plan.
func (d *Deployer) plan(w desired) Plan {
	return Plan{
		Stack: d.Stack(), Account: w.account, Changes: []Change{}, Allowed: []Permission{}, Disallowed: []Permission{}, Findings: []Finding{},
		Manual: append([]template.Manual{}, w.template.Manual...), After: w.tree.byType(), Before: map[string]int{},
		Package: PackageSummary{SHA256: w.pack.SHA256, Bytes: len(w.pack.Zip), Files: w.pack.Files, Place: "s3://" + d.ArtifactsBucket(w.account) + "/" + w.pack.Key(d.Stack())},
		want:    w,
	}
}

// compare makes a change set for a stack that is there.
func (d *Deployer) compare(ctx context.Context, p Plan, adopt bool) (Plan, error) {
	deployed, err := d.deployedTemplate(ctx)
	if err != nil {
		return p, err
	}
	if p.set, err = d.makeChangeSet(ctx, p.want, types.ChangeSetTypeUpdate, adopt); err != nil {
		return p, err
	}
	p.Nothing = p.set.nothing
	p.Changes = append(p.Changes, inWords(p.set.changes, deployed, p.want.tree)...)
	return d.finish(ctx, p, deployed)
}

// finish adds what is known of permissions and surroundings.
func (d *Deployer) finish(ctx context.Context, p Plan, deployed tree) (Plan, error) {
	if p.New {
		p.Changes = append(p.Changes, added(p.want.tree)...)
	}
	p.Before = deployed.byType()
	allowed, disallowed := comparePermissions(deployed, p.want.tree)
	p.Allowed, p.Disallowed = append(p.Allowed, allowed...), append(p.Disallowed, disallowed...)
	findings, err := d.look(ctx, p.want, deployed)
	p.Findings = append(p.Findings, findings...)
	return p, err
}

// deployedTemplate is the template of the stack as it is.
func (d *Deployer) deployedTemplate(ctx context.Context) (tree, error) {
	out, err := d.clients.Stacks.GetTemplate(ctx, &cloudformation.GetTemplateInput{StackName: aws.String(d.Stack()), TemplateStage: types.TemplateStageOriginal})
	if err != nil {
		return tree{}, awsapi.Failure(err, "read the template of the stack "+d.Stack(), "cloudformation:GetTemplate", lake.ServiceFailed)
	}
	return parseTemplate([]byte(aws.ToString(out.TemplateBody)))
}

// validate lets CloudFormation look at a template that is small enough to be
// given in the call.
func (d *Deployer) validate(ctx context.Context, w desired) error {
	if len(w.body) > maxInline {
		return nil
	}
	_, err := d.clients.Stacks.ValidateTemplate(ctx, &cloudformation.ValidateTemplateInput{TemplateBody: aws.String(string(w.body))})
	return awsapi.Failure(err, "let CloudFormation look at the template", "cloudformation:ValidateTemplate", lake.DeployFailed)
}

// isRemains reports whether a stack is what a first try that failed has left:
// it holds nothing, and cannot be updated.
func isRemains(s types.StackStatus) bool {
	switch s {
	case types.StackStatusReviewInProgress, types.StackStatusRollbackComplete, types.StackStatusRollbackFailed, types.StackStatusCreateFailed, types.StackStatusDeleteFailed:
		return true
	}
	return false
}
