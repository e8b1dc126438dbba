package workflow

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"wplake/internal/asl"
)

// Codes of refusals that the registry adds.
const (
	MissingRequiredParameter Code = "MissingRequiredParameter"
	ServiceQuotaExceeded     Code = "ServiceQuotaExceededException"
	StateMachineDeleting     Code = "StateMachineDeleting"
	InvalidTracing           Code = "InvalidTracingConfiguration"
	InvalidEncryption        Code = "InvalidEncryptionConfiguration"
	ActivityAlreadyExists    Code = "ActivityAlreadyExists"
)

// Limits of the registry, as Step Functions has them.
const (
	MaxVersions = 1000
	MaxAliases  = 100
	MaxTags     = 50
)

// RegistryStore is what a Registry needs of a Store.
type RegistryStore interface {
	DocumentStore
	List(ctx context.Context, f Filter) ([]Execution, string, error)
}

// Registry keeps state machines with their versions and aliases, activities and
// tags. Its methods may be called concurrently, and several processes may keep
// the same registry. Errors that Step Functions has a code for are of type
// *Error.
type Registry struct {
	store           RegistryStore
	clock           func() time.Time
	account, region string
}

// NewRegistry makes a registry over a store; account and region are those of
// the ARNs.
func NewRegistry(store RegistryStore, now func() time.Time, account, region string) *Registry {
	return &Registry{store: store, clock: now, account: account, region: region}
}

// Kinds of the registry's documents.
const (
	machineKind    = "machine"    // by name: a machineRecord
	definitionKind = "definition" // by a random key: a definition's text
	activityKind   = "activity"   // by name: an activityRecord
)

// attempts bounds how often a change is tried again because somebody else
// changed the same thing.
const attempts = 50

// errSame says that a change changes nothing.
var errSame = errors.New("nothing to change")

// arn makes an ARN of this home.
func (r *Registry) arn(kind, name string) string {
	return "arn:aws:states:" + r.region + ":" + r.account + ":" + kind + ":" + name
}

// load reads a document into v; revision is 0 when there is none.
func (r *Registry) load(ctx context.Context, kind, key string, v any) (revision int64, err error) {
	d, err := r.store.Document(ctx, kind, key)
	if errors.Is(err, ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	if err := json.Unmarshal(d.Body, v); err != nil {
		return 0, fmt.Errorf("%s %s cannot be read: %w", kind, key, err)
	}
	return d.Revision, nil
}

// save writes a document whose revision must be replaces.
func (r *Registry) save(ctx context.Context, kind, key string, v any, replaces int64) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return r.store.PutDocument(ctx, Document{Kind: kind, Key: key, Revision: replaces + 1, Body: body}, replaces)
}

// Machine returns the machine to start an execution of, by its ARN or that of a
// version or an alias; an alias with two versions chooses by weight.
func (r *Registry) Machine(ctx context.Context, arn string) (StateMachine, error) {
	a, err := ParseARN(arn, MachineARN)
	if err != nil {
		return StateMachine{}, err
	}
	for try := 0; ; try++ {
		m, _, err := r.machine(ctx, a)
		if err != nil {
			return StateMachine{}, err
		}
		if m.Deleting {
			return StateMachine{}, r.deleting(m.Name)
		}
		s, err := r.resolve(ctx, m, a, chance)
		// Its definition may go between two reads when it is changed meanwhile.
		if errors.Is(err, ErrNotFound) && try < attempts {
			continue
		}
		return s, err
	}
}

// machine reads a machine's record. One that is being deleted is there as long
// as executions of it run.
func (r *Registry) machine(ctx context.Context, a ARN) (machineRecord, int64, error) {
	var m machineRecord
	revision, err := r.load(ctx, machineKind, a.Name, &m)
	if err != nil {
		return m, 0, err
	}
	if revision > 0 && m.Deleting {
		gone, err := r.finish(ctx, &m)
		if err != nil {
			return m, 0, err
		}
		if gone {
			revision = 0
		}
	}
	if revision == 0 {
		return m, 0, doesNotExist(a.Text)
	}
	return m, revision, nil
}

func doesNotExist(arn string) error {
	return Errorf(StateMachineDoesNotExist, "State Machine Does Not Exist: '%s'", arn)
}

// changeMachine changes a machine's record, again and again until nobody else
// changed it meanwhile. change returns errSame to leave it.
func (r *Registry) changeMachine(ctx context.Context, a ARN, change func(m *machineRecord) error) error {
	for range attempts {
		m, revision, err := r.machine(ctx, a)
		if err != nil {
			return err
		}
		if m.Deleting {
			return r.deleting(m.Name)
		}
		if err := change(&m); errors.Is(err, errSame) {
			return nil
		} else if err != nil {
			return err
		}
		if err := r.save(ctx, machineKind, m.Name, m, revision); !errors.Is(err, ErrConflict) {
			return err
		}
	}
	return busy(a.Text)
}

func (r *Registry) deleting(name string) error {
	return Errorf(StateMachineDeleting, "State Machine is being deleted: '%s'", r.arn(MachineARN, name))
}

func busy(arn string) error {
	return Errorf(ConflictException, "'%s' is being changed by others; try again", arn)
}

// resolve turns a record into the machine that a qualifier means. choose picks
// one of an alias's versions by weight, given the first one's.
func (r *Registry) resolve(ctx context.Context, m machineRecord, a ARN, choose func(weight int) bool) (StateMachine, error) {
	s := StateMachine{ARN: r.arn(MachineARN, m.Name), Name: m.Name, Type: m.Type, Created: m.Created}
	rev, qualifier := m.Current, a.Rest
	if qualifier != "" && !isVersion(qualifier) {
		alias := m.alias(qualifier)
		if alias == nil {
			return s, doesNotExist(a.Text)
		}
		s.Alias = s.ARN + ":" + qualifier
		route := alias.Routing[0]
		if len(alias.Routing) > 1 && !choose(route.Weight) {
			route = alias.Routing[1]
		}
		qualifier = fmt.Sprint(route.Version)
	}
	if qualifier != "" {
		v := m.version(qualifier)
		if v == nil {
			return s, doesNotExist(a.Text)
		}
		rev, s.Comment, s.Created = v.Revision, v.Description, v.Created
		s.Version = s.ARN + ":" + qualifier
	}
	d, err := r.store.Document(ctx, definitionKind, rev.Definition)
	if err != nil {
		return s, err
	}
	s.Definition, s.RoleARN, s.RevisionID, s.Updated = string(d.Body), rev.Role, rev.ID, rev.Updated
	s.Logging, s.Tracing, s.Encryption = rev.Logging, rev.Tracing, rev.Encryption
	return s, nil
}

// chance is true in weight of 100 cases.
func chance(weight int) bool {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return binary.LittleEndian.Uint64(b[:])%100 < uint64(max(0, weight))
}

// newIdentifier returns a random UUID, version 4.
func newIdentifier() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// now is the time, in the milliseconds that Step Functions tells.
func (r *Registry) now() time.Time { return r.clock().UTC().Truncate(time.Millisecond) }

// checkDefinition refuses what is no definition of such a machine.
func checkDefinition(definition string, t MachineType) error {
	if message := asl.RefusalMessage(asl.Validate([]byte(definition), t == Express)); message != "" {
		return Errorf(InvalidDefinition, "%s", message)
	}
	return nil
}
