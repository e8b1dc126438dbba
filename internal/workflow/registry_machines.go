package workflow

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"time"

	"wplake/internal/asl"
)

// MachineInput says what CreateStateMachine makes.
type MachineInput struct {
	Name, Definition, RoleARN string
	Type                      MachineType // "" = Standard
	Settings
	Tags []Tag
	Publication
}

// Settings are a machine's configurations as they are given; nil where one is
// not.
type Settings struct{ Logging, Tracing, Encryption json.RawMessage }

// Publication says whether a change is published as a version.
type Publication struct {
	Publish     bool
	Description *string // of the version
}

func (p Publication) check() error {
	if p.Description != nil && *p.Description != "" && !p.Publish {
		return Errorf(ValidationException, "Version description can only be set when publish is true")
	}
	return nil
}

func (p Publication) description() string {
	if p.Description == nil {
		return ""
	}
	return *p.Description
}

// Created tells what was created, or existed already.
type Created struct {
	ARN     string
	Version string // ARN of the version, "" for none
	Time    time.Time
}

// CreateMachine creates a state machine. Where one of that name with the same
// definition, type and configurations exists, that one is returned.
func (r *Registry) CreateMachine(ctx context.Context, in MachineInput) (Created, error) {
	if in.Type == "" {
		in.Type = Standard
	}
	settings, err := r.checkMachine(in)
	if err != nil {
		return Created{}, err
	}
	tags, err := mergeTags(nil, in.Tags)
	if err != nil {
		return Created{}, err
	}
	a := ARN{Text: r.arn(MachineARN, in.Name), Type: MachineARN, Name: in.Name}
	for range attempts {
		old, _, err := r.machine(ctx, a)
		if err == nil {
			return r.sameMachine(ctx, old, in, settings)
		}
		if !isCode(err, StateMachineDoesNotExist) {
			return Created{}, err
		}
		key, err := r.keep(ctx, in.Definition)
		if err != nil {
			return Created{}, err
		}
		now := r.now()
		m := machineRecord{Name: in.Name, Type: in.Type, Created: now, Tags: tags, Current: revision{
			Definition: key, Role: in.RoleARN, Updated: now,
			Logging: settings.Logging, Tracing: settings.Tracing, Encryption: settings.Encryption,
		}}
		c := Created{ARN: a.Text, Time: now}
		if in.Publish {
			c.Version = a.Text + ":" + strconv.Itoa(m.publish(in.description(), now).Number)
		}
		err = r.save(ctx, machineKind, in.Name, m, 0)
		if err == nil {
			return c, nil
		}
		if e := r.store.DeleteDocument(ctx, definitionKind, key); e != nil || !errors.Is(err, ErrConflict) {
			return Created{}, errors.Join(err, e)
		}
	}
	return Created{}, busy(a.Text)
}

func (r *Registry) checkMachine(in MachineInput) (Settings, error) {
	if err := checkName(in.Name); err != nil {
		return Settings{}, err
	}
	if err := in.check(); err != nil {
		return Settings{}, err
	}
	settings, err := in.normal(Settings{})
	if err != nil {
		return Settings{}, err
	}
	return settings, checkDefinition(in.Definition, in.Type)
}

// keep writes a definition's text and returns its key.
func (r *Registry) keep(ctx context.Context, definition string) (string, error) {
	key := newIdentifier()
	return key, r.store.PutDocument(ctx, Document{Kind: definitionKind, Key: key, Revision: 1, Body: []byte(definition)}, 0)
}

// sameMachine answers CreateMachine where the machine exists: role and tags may
// differ, all else must be the same.
func (r *Registry) sameMachine(ctx context.Context, m machineRecord, in MachineInput, settings Settings) (Created, error) {
	arn := r.arn(MachineARN, m.Name)
	if m.Deleting {
		return Created{}, r.deleting(m.Name)
	}
	c := Created{ARN: arn, Time: m.Created}
	exists := Errorf(StateMachineExists, "State Machine Already Exists: '%s'", arn)
	d, err := r.store.Document(ctx, definitionKind, m.Current.Definition)
	switch {
	case errors.Is(err, ErrNotFound):
		return Created{}, exists
	case err != nil:
		return Created{}, err
	case string(d.Body) != in.Definition || m.Type != in.Type || !m.Current.settings().equal(settings):
		return Created{}, exists
	}
	if in.Publish {
		v := m.published(m.Current.ID)
		if v == nil || v.Description != in.description() {
			return Created{}, exists
		}
		c.Version = arn + ":" + strconv.Itoa(v.Number)
	}
	return c, nil
}

func isCode(err error, code Code) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Code == code
}

// MachineUpdate says what UpdateStateMachine changes; nil leaves as it is.
type MachineUpdate struct {
	ARN                 string
	Definition, RoleARN *string
	Settings
	Publication
}

// Updated tells what an update did.
type Updated struct {
	RevisionID string // "" for the first revision
	Version    string // ARN of the version, "" for none
	Time       time.Time
}

// UpdateMachine changes a state machine; executions that run go on with what
// they began with. An update that changes nothing makes no new revision.
func (r *Registry) UpdateMachine(ctx context.Context, in MachineUpdate) (Updated, error) {
	a, err := ParseARN(in.ARN, MachineARN)
	if err != nil {
		return Updated{}, err
	}
	if a.Rest != "" {
		return Updated{}, doesNotExist(in.ARN)
	}
	if in.Definition == nil && in.RoleARN == nil && in.Logging == nil && in.Tracing == nil && in.Encryption == nil && !in.Publish {
		return Updated{}, Errorf(MissingRequiredParameter,
			"Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration must be specified")
	}
	if err := in.check(); err != nil {
		return Updated{}, err
	}
	u := Updated{Time: r.now()}
	var kept, dropped string
	err = r.changeMachine(ctx, a, func(m *machineRecord) error {
		if kept != "" { // from a try before
			if err := r.store.DeleteDocument(ctx, definitionKind, kept); err != nil {
				return err
			}
		}
		old := m.Current
		kept, dropped = "", ""
		next, err := r.nextRevision(ctx, m, in, u.Time)
		if err != nil {
			return err
		}
		if next.Definition != old.Definition {
			kept = next.Definition
		}
		changed := next.ID != old.ID
		m.Current = next
		u.RevisionID = next.ID
		if in.Publish {
			v := m.published(next.ID)
			if v == nil {
				if len(m.Versions) >= MaxVersions {
					return errors.Join(tooManyVersions(in.ARN), r.unkeep(ctx, kept))
				}
				v, changed = m.publish(in.description(), u.Time), true
			}
			u.Version = r.arn(MachineARN, m.Name) + ":" + strconv.Itoa(v.Number)
		}
		if !changed {
			return errSame
		}
		if !m.refers(old.Definition) {
			dropped = old.Definition
		}
		return nil
	})
	if err != nil {
		return Updated{}, errors.Join(err, r.unkeep(ctx, kept))
	}
	return u, r.unkeep(ctx, dropped)
}

// unkeep removes a definition that nobody refers to; "" for none.
func (r *Registry) unkeep(ctx context.Context, key string) error {
	if key == "" {
		return nil
	}
	return r.store.DeleteDocument(ctx, definitionKind, key)
}

// nextRevision is what an update makes of a machine's revision: the same one
// where it changes nothing. A new definition is written.
func (r *Registry) nextRevision(ctx context.Context, m *machineRecord, in MachineUpdate, now time.Time) (revision, error) {
	next := m.Current
	settings, err := in.normal(next.settings())
	if err != nil {
		return next, err
	}
	changed := !settings.equal(next.settings())
	next.Logging, next.Tracing, next.Encryption = settings.Logging, settings.Tracing, settings.Encryption
	if in.RoleARN != nil && *in.RoleARN != next.Role {
		next.Role, changed = *in.RoleARN, true
	}
	text := ""
	if in.Definition != nil {
		if err := checkDefinition(*in.Definition, m.Type); err != nil {
			return next, err
		}
		d, err := r.store.Document(ctx, definitionKind, next.Definition)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return next, err
		}
		if string(d.Body) != *in.Definition {
			text, changed = *in.Definition, true
		}
	}
	if !changed {
		return next, nil
	}
	next.ID, next.Updated = newIdentifier(), now
	if text != "" {
		next.Definition, err = r.keep(ctx, text)
	}
	return next, err
}

// DeleteMachine deletes a state machine with its versions and aliases. While
// executions of it run it is there still, and takes no new ones.
func (r *Registry) DeleteMachine(ctx context.Context, arn string) error {
	a, err := ParseARN(arn, MachineARN)
	if err != nil {
		return err
	}
	if a.Rest != "" {
		return Errorf(ValidationException, "A version or an alias is not deleted by DeleteStateMachine: '%s'", arn)
	}
	err = r.changeMachine(ctx, a, func(m *machineRecord) error {
		m.Deleting = true
		return nil
	})
	if isCode(err, StateMachineDoesNotExist) || isCode(err, StateMachineDeleting) {
		return nil
	}
	if err != nil {
		return err
	}
	_, _, err = r.machine(ctx, a)
	if isCode(err, StateMachineDoesNotExist) {
		return nil
	}
	return err
}

// finish removes a machine that is being deleted once none of its executions
// runs any longer, and tells whether it is gone.
func (r *Registry) finish(ctx context.Context, m *machineRecord) (bool, error) {
	running, _, err := r.store.List(ctx, Filter{MachineARN: r.arn(MachineARN, m.Name), Status: asl.Running, Limit: 1})
	if err != nil || len(running) > 0 {
		return false, err
	}
	if err := r.store.DeleteDocument(ctx, machineKind, m.Name); err != nil {
		return false, err
	}
	for _, key := range slices.Compact(m.definitions()) {
		if err := r.store.DeleteDocument(ctx, definitionKind, key); err != nil {
			return true, err
		}
	}
	return true, nil
}

// Described is a state machine as DescribeStateMachine tells it.
type Described struct {
	StateMachine
	// Asked is the ARN that was asked for, as this home writes it.
	Asked    string
	Deleting bool
}

// DescribeMachine returns a machine by its ARN, or that of a version or an
// alias: then the version that gets the most.
func (r *Registry) DescribeMachine(ctx context.Context, arn string) (Described, error) {
	a, err := ParseARN(arn, MachineARN)
	if err != nil {
		return Described{}, err
	}
	for try := 0; ; try++ {
		m, _, err := r.machine(ctx, a)
		if err != nil {
			return Described{}, err
		}
		s, err := r.resolve(ctx, m, a, func(weight int) bool { return weight >= 50 })
		if errors.Is(err, ErrNotFound) && try < attempts {
			continue
		}
		d := Described{StateMachine: s, Asked: s.ARN, Deleting: m.Deleting}
		if a.Rest != "" {
			d.Asked += ":" + a.Rest
		}
		return d, err
	}
}

// Listed is a state machine in a list.
type Listed struct {
	ARN, Name string
	Type      MachineType
	Created   time.Time
}

// Machines returns at most limit machines whose names follow after, by name,
// and the name to go on from, "" at the end.
func (r *Registry) Machines(ctx context.Context, after string, limit int) ([]Listed, string, error) {
	var list []Listed
	for {
		docs, err := r.store.Documents(ctx, machineKind, after, limit+1)
		if err != nil {
			return nil, "", err
		}
		for _, d := range docs {
			if len(list) == limit {
				return list, after, nil
			}
			after = d.Key
			var m machineRecord
			if err := json.Unmarshal(d.Body, &m); err != nil {
				return nil, "", err
			}
			if m.Deleting {
				if gone, err := r.finish(ctx, &m); err != nil {
					return nil, "", err
				} else if gone {
					continue
				}
			}
			list = append(list, Listed{ARN: r.arn(MachineARN, m.Name), Name: m.Name, Type: m.Type, Created: m.Created})
		}
		if len(docs) <= limit {
			return list, "", nil
		}
	}
}

// PutMachine creates a machine, or changes the one of that name where it
// differs. Tags and versions that it has stay.
func (r *Registry) PutMachine(ctx context.Context, in MachineInput) (string, error) {
	c, err := r.CreateMachine(ctx, in)
	if !isCode(err, StateMachineExists) {
		return c.ARN, err
	}
	arn := r.arn(MachineARN, in.Name)
	_, err = r.UpdateMachine(ctx, MachineUpdate{ARN: arn, Definition: &in.Definition, RoleARN: &in.RoleARN, Settings: in.Settings})
	return arn, err
}
