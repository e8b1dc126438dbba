package workflow

import (
	"context"
	"errors"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Tag is a note that a person keeps at a machine or an activity.
type Tag struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// mergeTags adds tags to others of the same resource; a key that is there
// already gets the new value.
func mergeTags(tags, add []Tag) ([]Tag, error) {
	tags = slices.Clone(tags)
	for _, t := range add {
		if err := t.check(); err != nil {
			return nil, err
		}
		i := slices.IndexFunc(tags, func(x Tag) bool { return x.Key == t.Key })
		if i < 0 {
			tags = append(tags, t)
			continue
		}
		tags[i].Value = t.Value
	}
	if len(tags) > MaxTags {
		return nil, Errorf(TooManyTags, "A resource has at most %d tags", MaxTags)
	}
	return tags, nil
}

func (t Tag) check() error {
	bad := func(r rune) bool {
		return !unicode.In(r, unicode.L, unicode.Z, unicode.N) && !strings.ContainsRune("_.:/=+-@", r)
	}
	n := utf8.RuneCountInString(t.Key)
	switch {
	case n < 1 || n > 128 || strings.ContainsFunc(t.Key, bad):
		return Errorf(ValidationException, "'%s' is not the key of a tag: 1 to 128 letters, digits, white space or _.:/=+-@", t.Key)
	case strings.HasPrefix(strings.ToLower(t.Key), "aws:"):
		return Errorf(ValidationException, "'%s' is not the key of a tag: those that begin with aws: are not for people", t.Key)
	case utf8.RuneCountInString(t.Value) > 256 || strings.ContainsFunc(t.Value, bad):
		return Errorf(ValidationException, "The value of the tag '%s' is not one: at most 256 letters, digits, white space or _.:/=+-@", t.Key)
	}
	return nil
}

// changeTags changes the tags of a machine or an activity; change returns
// errSame to leave them.
func (r *Registry) changeTags(ctx context.Context, arn string, change func(tags []Tag) ([]Tag, error)) error {
	a, err := ParseARN(arn, MachineARN, ActivityARN)
	if err != nil {
		return err
	}
	missing := Errorf(ResourceNotFound, "Resource not found: '%s'", arn)
	if a.Rest != "" {
		return missing
	}
	if a.Type == MachineARN {
		err := r.changeMachine(ctx, a, func(m *machineRecord) (err error) {
			m.Tags, err = change(m.Tags)
			return err
		})
		if isCode(err, StateMachineDoesNotExist) {
			return missing
		}
		return err
	}
	for range attempts {
		var record activityRecord
		revision, err := r.load(ctx, activityKind, a.Name, &record)
		if err != nil {
			return err
		}
		if revision == 0 {
			return missing
		}
		record.Tags, err = change(record.Tags)
		if errors.Is(err, errSame) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := r.save(ctx, activityKind, a.Name, record, revision); !errors.Is(err, ErrConflict) {
			return err
		}
	}
	return busy(arn)
}

// AddTags adds tags to a machine or an activity.
func (r *Registry) AddTags(ctx context.Context, arn string, add []Tag) error {
	return r.changeTags(ctx, arn, func(tags []Tag) ([]Tag, error) { return mergeTags(tags, add) })
}

// RemoveTags removes tags by their keys; those that are not there do not matter.
func (r *Registry) RemoveTags(ctx context.Context, arn string, keys []string) error {
	return r.changeTags(ctx, arn, func(tags []Tag) ([]Tag, error) {
		return slices.DeleteFunc(slices.Clone(tags), func(t Tag) bool { return slices.Contains(keys, t.Key) }), nil
	})
}

// Tags returns the tags of a machine or an activity, in the order in which they
// were given.
func (r *Registry) Tags(ctx context.Context, arn string) ([]Tag, error) {
	var found []Tag
	err := r.changeTags(ctx, arn, func(tags []Tag) ([]Tag, error) {
		found = tags
		return nil, errSame
	})
	if isCode(err, StateMachineDeleting) {
		return nil, nil
	}
	return found, err
}
