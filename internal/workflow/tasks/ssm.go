package tasks

import (
	"context"
	"errors"
	"slices"
	"strings"

	"wplake/internal/params"
)

// hidden stands in for the value of a SecureString, which Parameter Store
// answers encrypted: a history would keep it.
const hidden = "***"

func (t *Tasks) ssm() map[string]integration {
	return map[string]integration{
		"ssm:getParameter": {
			optimised: true, sdk: true, do: t.getParameter,
			fields: []field{{"Name", text, true}, {"WithDecryption", boolean, false}},
		},
		"ssm:getParametersByPath": {
			optimised: true, sdk: true, do: t.parametersByPath,
			fields: []field{
				{"Path", text, true}, {"Recursive", boolean, false}, {"WithDecryption", boolean, false},
				{"MaxResults", integer, false}, {"NextToken", text, false},
			},
		},
	}
}

func (t *Tasks) getParameter(ctx context.Context, r request) (any, error) {
	p, err := t.o.Params.Get(ctx, parameterName(r.text("Name")))
	switch {
	case errors.Is(err, params.ErrNotFound):
		return nil, r.refuse(ssmService(), "ParameterNotFoundException", 400, "Service returned error code ParameterNotFound")
	case err != nil:
		return nil, ended(ctx, r.broken(ssmService(), "InternalServerErrorException", err))
	}
	if err := r.mayTell(p); err != nil {
		return nil, err
	}
	return map[string]any{"Parameter": t.parameter(p)}, nil
}

// parameterName is the name of a parameter that may be given by its ARN.
func parameterName(s string) string {
	if !strings.HasPrefix(s, "arn:") {
		return s
	}
	_, name, _ := strings.Cut(s, ":parameter")
	return name
}

// mayTell refuses to hand a secret to a state machine in the clear.
func (r request) mayTell(p params.Parameter) error {
	if p.Type != params.SecureString || !r.flag("WithDecryption") {
		return nil
	}
	return r.refuse(ssmService(), "SsmException", 403,
		"the value of %s is a secret, which an execution's history would keep; a connection of http:invoke and a command's env take it by its name", p.Name)
}

// parameter is a parameter in Parameter Store's shape. This store keeps no
// versions: there is one.
func (t *Tasks) parameter(p params.Parameter) map[string]any {
	value := p.Value
	if p.Type == params.SecureString {
		value = hidden
	}
	return map[string]any{
		"Name": p.Name, "Type": string(p.Type), "Value": value, "Version": number(1), "DataType": "text",
		"ARN": t.arn("ssm", "parameter/"+strings.TrimPrefix(p.Name, "/")),
	}
}

// parametersByPath answers at most ten parameters at a time, as the service.
func (t *Tasks) parametersByPath(ctx context.Context, r request) (any, error) {
	path := strings.TrimSuffix(r.text("Path"), "/") + "/"
	if !strings.HasPrefix(path, "/") {
		return nil, r.refuse(ssmService(), "SsmException", 400, "The parameter doesn't meet the parameter name requirements: a path begins with /")
	}
	all, err := t.o.Params.List(ctx, path)
	if err != nil {
		return nil, ended(ctx, r.broken(ssmService(), "InternalServerErrorException", err))
	}
	all = slices.DeleteFunc(all, func(p params.Parameter) bool {
		below := strings.Contains(strings.TrimPrefix(p.Name, path), "/")
		return below && !r.flag("Recursive") || p.Name <= r.text("NextToken")
	})
	answer := map[string]any{}
	if most := int(min(max(r.integer("MaxResults", 10), 1), 10)); len(all) > most {
		all = all[:most]
		answer["NextToken"] = all[most-1].Name
	}
	list := []any{}
	for _, p := range all {
		if err := r.mayTell(p); err != nil {
			return nil, err
		}
		list = append(list, t.parameter(p))
	}
	answer["Parameters"] = list
	return answer, nil
}
