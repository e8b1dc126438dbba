package deploy

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"wplake/internal/config"
	"wplake/internal/deploy/template"
)

// desired is what the definition asks for.
type desired struct {
	account    Account
	template   template.Template
	body       []byte // YAML
	tree       tree
	pack       File
	parameters map[string]string
}

// want is what the definition asks for, built once. Nothing is asked of AWS but
// who we are.
func (d *Deployer) want(ctx context.Context) (desired, error) {
	if d.wanted == nil {
		w, err := d.build(ctx)
		if err != nil {
			return desired{}, err
		}
		d.wanted = &w
	}
	return *d.wanted, nil
}

func (d *Deployer) build(ctx context.Context) (desired, error) {
	t, err := template.Build(template.Input{Config: d.o.Config, Definition: d.o.Machine, Machines: d.o.Machines})
	if err != nil {
		return desired{}, err
	}
	body := t.YAML()
	parsed, err := parseTemplate(body)
	if err != nil {
		return desired{}, err
	}
	a, err := d.Account(ctx)
	if err != nil {
		return desired{}, err
	}
	pack, err := Package(ctx, PackageInput{
		Config: d.o.Config, Dir: d.o.Dir, Definition: d.o.Definition, Program: d.o.Program, Cache: d.o.Cache,
		Slow: func() { d.say("packs the binary as small as it gets: up to a minute, once for each binary") },
	})
	if err != nil {
		return desired{}, err
	}
	w := desired{account: a, template: t, body: body, tree: parsed, pack: pack}
	w.parameters = map[string]string{template.CodeBucket: d.ArtifactsBucket(a), template.CodeKey: pack.Key(d.Stack())}
	if d.byJob() {
		w.parameters[template.ScriptKey] = ScriptKey(d.Stack())
	}
	return w, nil
}

func (d *Deployer) byJob() bool { return d.o.Config.Silver.Runtime == config.RuntimePythonShell }

// templateKey is the template's place in the artifacts bucket, by its content.
func (w desired) templateKey(stack string) string {
	sum := sha256.Sum256(w.body)
	return stack + "/templates/" + hex.EncodeToString(sum[:]) + ".yaml"
}

// given are the template's parameters as CloudFormation takes them.
func (w desired) given() []types.Parameter {
	var all []types.Parameter
	for name, value := range w.parameters {
		all = append(all, types.Parameter{ParameterKey: &name, ParameterValue: &value})
	}
	slices.SortFunc(all, func(a, b types.Parameter) int {
		if *a.ParameterKey < *b.ParameterKey {
			return -1
		}
		return 1
	})
	return all
}
