package iam

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"

	"wplake/internal/lake"
)

// place makes the ARNs of what is deployed.
type place struct{ partition, region, account string }

func (in Input) place() place { return place{in.Partition, in.Region, in.Account} }

// arn is that of a resource in the region and account.
func (p place) arn(service, resource string) string {
	return "arn:" + p.partition + ":" + service + ":" + p.region + ":" + p.account + ":" + resource
}

// bucket is the ARN of a bucket or, with a slash and a key, of objects.
func (p place) bucket(name string) string { return "arn:" + p.partition + ":s3:::" + name }

func (p place) parameter(name string) string {
	return p.arn("ssm", "parameter/"+strings.TrimPrefix(name, "/"))
}

func (p place) topic(l lake.Layer) string { return p.arn("sns", lake.TopicName(l)) }

// service is how conditions name a service's endpoint. China's has a suffix of
// its own for some of them; kms:ViaService has this form everywhere.
func (p place) service(name string) string { return name + "." + p.region + ".amazonaws.com" }

// open is what the needs of a state machine begin with where its definition
// does not tell region and account.
var open = regexp.MustCompile(`^arn:aws:([a-z0-9-]+):(\*?):(\*?):`)

// fill puts partition, region and account where a need has only a pattern.
func (p place) fill(resource string) string {
	parts := open.FindStringSubmatch(resource)
	if parts == nil {
		return resource
	}
	begin := "arn:" + p.partition + ":" + parts[1] + ":"
	if parts[2] == "*" {
		begin += p.region
	}
	begin += ":"
	if parts[3] == "*" {
		begin += p.account
	}
	return begin + ":" + resource[len(parts[0]):]
}

// maxRoleName is IAM's, in characters.
const maxRoleName = 64

// roleName is what a role of a stack is called. Roles are global, so the region
// is part of it. As long as a region of today is, it is counted where only a
// placeholder is known.
func roleName(stack, role, region string) string {
	const longestRegion = 14
	room := maxRoleName - len(role) - longestRegion - 2
	if len(stack) > room {
		sum := sha256.Sum256([]byte(stack))
		digest := hex.EncodeToString(sum[:4])
		stack = stack[:room-len(digest)-1] + "-" + digest
	}
	return stack + "-" + role + "-" + region
}

// ArtifactsBucket is where packages are put.
func (in Input) artifactsBucket() string {
	if in.Config.AWS.Artifacts != "" {
		return in.Config.AWS.Artifacts
	}
	return "wplake-artifacts-" + in.Account + "-" + in.Region
}
