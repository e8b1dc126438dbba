package deploy

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"wplake/internal/deploy/cost"
	"wplake/internal/deploy/template"
)

// Price is what a deployment costs a month by the estimate, in USD.
type Price struct {
	USD  float64 `json:"usd"`                   // after what is free
	Full float64 `json:"usd_without_free_tier"` //
	// Before is the same of what is deployed, where that is known.
	Before     *float64 `json:"usd_before,omitempty"`
	FullBefore *float64 `json:"usd_without_free_tier_before,omitempty"`
	Noted      string   `json:"prices_noted"` // day, 2006-01-02
}

// estimateKey is where the estimate of a package lies beside it.
func estimateKey(stack, packageSHA string) string {
	return stack + "/estimates/" + packageSHA + ".json"
}

// price estimates what the definition costs. An estimate is worth no failure:
// false where it cannot be made.
func (d *Deployer) price(a Account) (Price, bool) {
	e, err := cost.Make(cost.Input{
		Config: d.o.Config, Definition: d.o.Machine, Machines: d.o.Machines, Region: a.Region, Runs: -1, Bytes: -1, Queries: -1,
	})
	if err != nil {
		return Price{}, false
	}
	return Price{USD: e.USD, Full: e.Full, Noted: e.PricesNoted}, true
}

// withPrice adds what the plan's deployment costs, and what the deployed one
// does by the estimate that was put beside its package.
func (d *Deployer) withPrice(ctx context.Context, p Plan, stack *types.Stack) Plan {
	price, ok := d.price(p.Account)
	if !ok {
		return p
	}
	if before, ok := d.priceBefore(ctx, p.Account, stack); ok {
		price.Before, price.FullBefore = &before.USD, &before.Full
	}
	p.Price = &price
	return p
}

// maxEstimate bounds a recorded estimate, in bytes.
const maxEstimate = 64 << 10

func (d *Deployer) priceBefore(ctx context.Context, a Account, stack *types.Stack) (before Price, ok bool) {
	if stack == nil {
		return before, false
	}
	sha := ""
	for _, parameter := range stack.Parameters {
		if aws.ToString(parameter.ParameterKey) == template.CodeKey {
			key := aws.ToString(parameter.ParameterValue)
			sha = strings.TrimSuffix(key[strings.LastIndex(key, "/")+1:], ".zip")
		}
	}
	out, err := d.clients.Buckets.GetObject(ctx, &s3.GetObjectInput{
		Bucket: aws.String(d.ArtifactsBucket(a)), Key: aws.String(estimateKey(d.Stack(), sha)), ExpectedBucketOwner: &a.ID,
	})
	if err != nil {
		return before, false // deployed by hand, or by somebody who may not be looked after
	}
	text, err := io.ReadAll(io.LimitReader(out.Body, maxEstimate))
	if errors.Join(err, out.Body.Close()) != nil || json.Unmarshal(text, &before) != nil {
		return before, false
	}
	return before, true
}

// uploadEstimate keeps the estimate beside the package, for the plan of the
// next change.
func (d *Deployer) uploadEstimate(ctx context.Context, w desired) error {
	price, ok := d.price(w.account)
	if !ok {
		return nil
	}
	text, err := json.Marshal(price)
	if err != nil {
		return err
	}
	_, err = d.upload(ctx, w.account, estimateKey(d.Stack(), w.pack.SHA256), "application/json", text)
	return err
}
