package workflow

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Route is a version that an alias leads to, in Weight of 100 cases.
type Route struct {
	VersionARN string
	Weight     int
}

// Alias is a name for one or two versions of a machine.
type Alias struct {
	ARN, Name, Description string
	Routing                []Route
	Created, Updated       time.Time
}

// errNoResource is what aliases say of things that are not there.
func errNoResource() error {
	return Errorf(ResourceNotFound, "Request references a resource that does not exist.")
}

// routes checks where an alias shall lead. machine is the name of the machine.
func routes(routing []Route) (machine string, to []route, err error) {
	arns, sum := make([]string, len(routing)), 0
	weights := make([]string, len(routing))
	for i, x := range routing {
		arns[i], weights[i] = x.VersionARN, strconv.Itoa(x.Weight)
		sum += x.Weight
	}
	received := "Received: [" + strings.Join(arns, ", ") + "]"
	if len(arns) == 2 && arns[0] == arns[1] {
		return "", nil, Errorf(ValidationException, "Routing configuration must contain distinct state machine version ARNs. %s", received)
	}
	for _, x := range routing {
		a, err := ParseARN(x.VersionARN, MachineARN)
		if err != nil {
			return "", nil, err
		}
		if !isVersion(a.Rest) {
			return "", nil, Errorf(ValidationException, "Routing configuration must contain state machine version ARNs. %s", received)
		}
		if machine != "" && machine != a.Name {
			return "", nil, Errorf(ValidationException, "Routing configuration must contain versions of one state machine. %s", received)
		}
		number, _ := strconv.Atoi(a.Rest)
		machine, to = a.Name, append(to, route{Version: number, Weight: x.Weight})
	}
	if sum != 100 {
		return "", nil, Errorf(ValidationException, "Sum of routing configuration weights must equal 100. Received: [%s]", strings.Join(weights, ", "))
	}
	return machine, to, nil
}

// lead checks that a machine has the versions that an alias leads to.
func (m *machineRecord) lead(to []route) error {
	for _, x := range to {
		if m.version(strconv.Itoa(x.Version)) == nil {
			return errNoResource()
		}
	}
	return nil
}

// CreateAlias creates an alias of the machine whose versions it leads to. One
// of that name that leads to the same is returned.
func (r *Registry) CreateAlias(ctx context.Context, name, description string, routing []Route) (Created, error) {
	if len(routing) < 1 || len(routing) > 2 {
		return Created{}, Errorf(ValidationException, "An alias leads to one or two versions, not to %d", len(routing))
	}
	if err := checkName(name); err != nil {
		return Created{}, err
	}
	machine, to, err := routes(routing)
	if err != nil {
		return Created{}, err
	}
	a := ARN{Text: r.arn(MachineARN, machine), Type: MachineARN, Name: machine}
	c := Created{ARN: fmt.Sprintf("%s:%s", a.Text, name)}
	err = r.changeMachine(ctx, a, func(m *machineRecord) error {
		if err := m.lead(to); err != nil {
			return err
		}
		if old := m.alias(name); old != nil {
			if old.Description != description || !slices.Equal(old.Routing, to) {
				return Errorf(ConflictException,
					"Failed to create alias because an alias with the same name and a different routing configuration already exists.")
			}
			c.Time = old.Created
			return errSame
		}
		if len(m.Aliases) >= MaxAliases {
			return Errorf(ServiceQuotaExceeded, "'%s' has %d aliases, the most there can be", a.Text, MaxAliases)
		}
		c.Time = r.now()
		m.Aliases = append(m.Aliases, aliasRecord{Name: name, Description: description, Routing: to, Created: c.Time, Updated: c.Time})
		return nil
	})
	if isCode(err, StateMachineDoesNotExist) {
		return c, errNoResource()
	}
	return c, err
}

// parseAlias takes an alias's ARN apart.
func parseAlias(arn string) (ARN, error) {
	a, err := ParseARN(arn, MachineARN)
	if err == nil && (a.Rest == "" || isVersion(a.Rest)) {
		err = Errorf(InvalidArn, "Invalid Arn: 'Not the ARN of a state machine alias: %s'", arn)
	}
	return a, err
}

// UpdateAlias changes an alias; nil leaves as it is.
func (r *Registry) UpdateAlias(ctx context.Context, arn string, description *string, routing []Route) (time.Time, error) {
	a, err := parseAlias(arn)
	if err != nil {
		return time.Time{}, err
	}
	if description == nil && routing == nil {
		return time.Time{}, Errorf(MissingRequiredParameter, "Either the description or the routing configuration must be specified")
	}
	var to []route
	if routing != nil {
		machine, given, err := routes(routing)
		if err != nil {
			return time.Time{}, err
		}
		if machine != a.Name {
			return time.Time{}, Errorf(ValidationException, "Routing configuration must contain versions of the alias's own state machine, %s", a.Name)
		}
		to = given
	}
	now := r.now()
	err = r.changeMachine(ctx, a, func(m *machineRecord) error {
		alias := m.alias(a.Rest)
		if alias == nil {
			return errNoResource()
		}
		if err := m.lead(to); err != nil {
			return err
		}
		if description != nil {
			alias.Description = *description
		}
		if to != nil {
			alias.Routing = to
		}
		alias.Updated = now
		return nil
	})
	if isCode(err, StateMachineDoesNotExist) {
		err = errNoResource()
	}
	return now, err
}

// DeleteAlias deletes an alias. There need not be one.
func (r *Registry) DeleteAlias(ctx context.Context, arn string) error {
	a, err := parseAlias(arn)
	if err != nil {
		return err
	}
	err = r.changeMachine(ctx, a, func(m *machineRecord) error {
		if m.alias(a.Rest) == nil {
			return errSame
		}
		m.Aliases = slices.DeleteFunc(m.Aliases, func(x aliasRecord) bool { return x.Name == a.Rest })
		return nil
	})
	if isCode(err, StateMachineDoesNotExist) {
		return nil
	}
	return err
}

// DescribeAlias returns an alias.
func (r *Registry) DescribeAlias(ctx context.Context, arn string) (Alias, error) {
	a, err := parseAlias(arn)
	if err != nil {
		return Alias{}, err
	}
	m, _, err := r.machine(ctx, a)
	if isCode(err, StateMachineDoesNotExist) {
		return Alias{}, errNoResource()
	}
	if err != nil {
		return Alias{}, err
	}
	x := m.alias(a.Rest)
	if x == nil {
		return Alias{}, errNoResource()
	}
	return r.aliasOf(&m, x), nil
}

func (r *Registry) aliasOf(m *machineRecord, x *aliasRecord) Alias {
	arn := r.arn(MachineARN, m.Name)
	alias := Alias{ARN: arn + ":" + x.Name, Name: x.Name, Description: x.Description, Created: x.Created, Updated: x.Updated}
	for _, to := range x.Routing {
		alias.Routing = append(alias.Routing, Route{VersionARN: arn + ":" + strconv.Itoa(to.Version), Weight: to.Weight})
	}
	return alias
}

// Aliases returns at most limit aliases of a machine, or of one of its
// versions, that follow the alias after ("" from the first), oldest first, and
// the name to go on from, "" at the end.
func (r *Registry) Aliases(ctx context.Context, arn, after string, limit int) ([]Alias, string, error) {
	a, err := ParseARN(arn, MachineARN)
	if err != nil {
		return nil, "", err
	}
	m, _, err := r.machine(ctx, a)
	if err != nil {
		return nil, "", err
	}
	if a.Rest != "" && m.version(a.Rest) == nil {
		return nil, "", doesNotExist(arn)
	}
	start := 0
	if after != "" {
		start = slices.IndexFunc(m.Aliases, func(x aliasRecord) bool { return x.Name == after }) + 1
	}
	var list []Alias
	for i := start; i < len(m.Aliases); i++ {
		alias := r.aliasOf(&m, &m.Aliases[i])
		if a.Rest != "" && !slices.ContainsFunc(alias.Routing, func(to Route) bool { return strings.HasSuffix(to.VersionARN, ":"+a.Rest) }) {
			continue
		}
		if len(list) == limit {
			return list, list[limit-1].Name, nil
		}
		list = append(list, alias)
	}
	return list, "", nil
}
