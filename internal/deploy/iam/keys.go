package iam

import (
	"slices"
	"strings"

	"wplake/internal/asl/iam"
	"wplake/internal/config"
)

// keys is the use of the account's own key by a stage.
func (in Input) keys(w work) []Statement {
	services := []string{"s3", "sns"}
	if slices.ContainsFunc(w.refs, func(r config.Ref) bool {
		_, ok := r.Parameter()
		return ok
	}) {
		services = append(services, "ssm")
	}
	return in.useKey(true, services)
}

// workflowKeys is the use of the key by the state machines: of topics that they
// publish on, for one.
func (in Input) workflowKeys(needs []iam.Need) []Statement {
	var services []string
	writes := false
	for _, n := range needs {
		service, _, _ := strings.Cut(n.Action, ":")
		switch n.Action {
		case "sns:Publish", "s3:PutObject":
			writes = true
		case "s3:GetObject", "ssm:GetParameter":
		default:
			continue
		}
		if !slices.Contains(services, service) {
			services = append(services, service)
		}
	}
	if len(services) == 0 {
		return nil
	}
	return in.useKey(writes, services)
}

// useKey lets a role use aws.kms_key through services. Where there is none the
// services use keys of their own, which need no permission.
func (in Input) useKey(writes bool, services []string) []Statement {
	key := in.Config.AWS.KMSKey
	if key == "" {
		return nil
	}
	s := Statement{Sid: "KMSActions", Actions: []string{"kms:Decrypt"}, Resources: []string{key}}
	if writes {
		s.Actions = append(s.Actions, "kms:GenerateDataKey")
	}
	what := map[string]string{"s3": "objects", "sns": "the messages of topics", "ssm": "parameters that are SecureStrings"}
	var via, encrypted []string
	for _, service := range services {
		via = append(via, in.place().service(service))
		encrypted = append(encrypted, what[service])
	}
	s.Condition = Conditions{"StringEquals": {"kms:ViaService": via}}
	if begin, alias, found := strings.Cut(key, ":alias/"); found {
		// A policy names keys, not aliases, except in a condition.
		s.Resources = []string{begin + ":key/*"}
		s.Condition["ForAnyValue:StringEquals"] = map[string][]string{"kms:ResourceAliases": {"alias/" + alias}}
	}
	s.Reason = "The key aws.kms_key encrypts " + strings.Join(encrypted, " and ") + ", and is used through these services alone."
	return []Statement{s}
}
