package workflow

import (
	"context"
	"encoding/json"
	"errors"
	"time"
)

// Activity is a name under which workers fetch tasks.
type Activity struct {
	ARN, Name string
	Created   time.Time
}

type activityRecord struct {
	Name    string
	Created time.Time
	Tags    []Tag `json:",omitempty"`
}

// CreateActivity creates an activity, or returns the one of that name.
func (r *Registry) CreateActivity(ctx context.Context, name string, tags []Tag) (Activity, error) {
	if err := checkName(name); err != nil {
		return Activity{}, err
	}
	tags, err := mergeTags(nil, tags)
	if err != nil {
		return Activity{}, err
	}
	for range attempts {
		a := activityRecord{}
		revision, err := r.load(ctx, activityKind, name, &a)
		if err != nil {
			return Activity{}, err
		}
		if revision == 0 {
			a = activityRecord{Name: name, Created: r.now(), Tags: tags}
			err = r.save(ctx, activityKind, name, a, 0)
			if errors.Is(err, ErrConflict) {
				continue
			}
		}
		return r.activityOf(a), err
	}
	return Activity{}, busy(r.arn(ActivityARN, name))
}

func (r *Registry) activityOf(a activityRecord) Activity {
	return Activity{ARN: r.arn(ActivityARN, a.Name), Name: a.Name, Created: a.Created}
}

// Activity returns an activity by ARN.
func (r *Registry) Activity(ctx context.Context, arn string) (Activity, error) {
	a, err := ParseARN(arn, ActivityARN)
	if err != nil {
		return Activity{}, err
	}
	var record activityRecord
	revision, err := r.load(ctx, activityKind, a.Name, &record)
	if err == nil && revision == 0 {
		err = Errorf(ActivityDoesNotExist, "Activity Does Not Exist: '%s'", arn)
	}
	return r.activityOf(record), err
}

// DeleteActivity deletes an activity. There need not be one.
func (r *Registry) DeleteActivity(ctx context.Context, arn string) error {
	a, err := ParseARN(arn, ActivityARN)
	if err != nil {
		return err
	}
	return r.store.DeleteDocument(ctx, activityKind, a.Name)
}

// Activities returns at most limit activities whose names follow after, by
// name, and the name to go on from, "" at the end.
func (r *Registry) Activities(ctx context.Context, after string, limit int) ([]Activity, string, error) {
	docs, err := r.store.Documents(ctx, activityKind, after, limit+1)
	if err != nil {
		return nil, "", err
	}
	var list []Activity
	for _, d := range docs {
		if len(list) == limit {
			return list, list[limit-1].Name, nil
		}
		var a activityRecord
		if err := json.Unmarshal(d.Body, &a); err != nil {
			return nil, "", err
		}
		list = append(list, r.activityOf(a))
	}
	return list, "", nil
}
