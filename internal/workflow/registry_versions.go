package workflow

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"
)

// published returns the version of a revision, nil for none.
func (m *machineRecord) published(revisionID string) *versionRecord {
	for i := range m.Versions {
		if m.Versions[i].Revision.ID == revisionID {
			return &m.Versions[i]
		}
	}
	return nil
}

// publish makes a version of the current revision.
func (m *machineRecord) publish(description string, now time.Time) *versionRecord {
	m.LastVersion++
	m.Versions = append(m.Versions, versionRecord{Number: m.LastVersion, Description: description, Created: now, Revision: m.Current})
	return &m.Versions[len(m.Versions)-1]
}

func tooManyVersions(arn string) error {
	return Errorf(ServiceQuotaExceeded, "'%s' has %d versions, the most there can be", arn, MaxVersions)
}

// PublishVersion publishes a machine's current revision as a version, or
// returns the version that it has already. revisionID is the revision that it
// must be at, "" for any.
func (r *Registry) PublishVersion(ctx context.Context, arn, revisionID, description string) (Created, error) {
	a, err := ParseARN(arn, MachineARN)
	if err != nil {
		return Created{}, err
	}
	if a.Rest != "" {
		return Created{}, doesNotExist(arn)
	}
	c := Created{ARN: r.arn(MachineARN, a.Name)}
	err = r.changeMachine(ctx, a, func(m *machineRecord) error {
		if current := revisionName(m.Current.ID); revisionID != "" && revisionID != current {
			return Errorf(ConflictException,
				"Failed to publish the State Machine version for revision %s. The current State Machine revision is %s.", revisionID, current)
		}
		v := m.published(m.Current.ID)
		if v != nil {
			c.Version, c.Time = c.ARN+":"+strconv.Itoa(v.Number), v.Created
			return errSame
		}
		if len(m.Versions) >= MaxVersions {
			return tooManyVersions(arn)
		}
		v = m.publish(description, r.now())
		c.Version, c.Time = c.ARN+":"+strconv.Itoa(v.Number), v.Created
		return nil
	})
	return c, err
}

// revisionName is what Step Functions calls a revision.
func revisionName(id string) string {
	if id == "" {
		return "INITIAL"
	}
	return id
}

// DeleteVersion deletes a version that no alias leads to. There need not be
// one. Executions of it go on.
func (r *Registry) DeleteVersion(ctx context.Context, arn string) error {
	a, err := ParseARN(arn, MachineARN)
	if err != nil {
		return err
	}
	if !isVersion(a.Rest) {
		return Errorf(ValidationException, "Not the ARN of a state machine version: '%s'", arn)
	}
	dropped := ""
	err = r.changeMachine(ctx, a, func(m *machineRecord) error {
		v := m.version(a.Rest)
		if v == nil {
			return errSame
		}
		var names []string
		for _, alias := range m.Aliases {
			if slices.ContainsFunc(alias.Routing, func(to route) bool { return to.Version == v.Number }) {
				names = append(names, alias.Name)
			}
		}
		if len(names) > 0 {
			return Errorf(ConflictException,
				"Version to be deleted must not be referenced by an alias. Current list of aliases referencing this version: [%s]",
				strings.Join(names, ", "))
		}
		key, number := v.Revision.Definition, v.Number
		m.Versions = slices.DeleteFunc(m.Versions, func(v versionRecord) bool { return v.Number == number })
		dropped = ""
		if !m.refers(key) {
			dropped = key
		}
		return nil
	})
	if isCode(err, StateMachineDoesNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return r.unkeep(ctx, dropped)
}

// Versions returns at most limit versions of a machine below a number (0: from
// the last), newest first, and the number to go on from, 0 at the end.
func (r *Registry) Versions(ctx context.Context, arn string, below, limit int) ([]Created, int, error) {
	a, err := ParseARN(arn, MachineARN)
	if err != nil {
		return nil, 0, err
	}
	if a.Rest != "" {
		return nil, 0, doesNotExist(arn)
	}
	m, _, err := r.machine(ctx, a)
	if err != nil {
		return nil, 0, err
	}
	var list []Created
	for _, v := range slices.Backward(m.Versions) {
		if below > 0 && v.Number >= below {
			continue
		}
		if len(list) == limit {
			return list, lastNumber(list), nil
		}
		list = append(list, Created{ARN: a.Text, Version: r.arn(MachineARN, m.Name) + ":" + strconv.Itoa(v.Number), Time: v.Created})
	}
	return list, 0, nil
}

func lastNumber(list []Created) int {
	text := list[len(list)-1].Version
	n, _ := strconv.Atoi(text[strings.LastIndexByte(text, ':')+1:])
	return n
}
