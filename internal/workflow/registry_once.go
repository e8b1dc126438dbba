package workflow

import (
	"context"
	"encoding/json"
	"time"
)

// onceKind keeps what was done for a client's token: by action and resource.
const onceKind = "once"

// onceLife is how long a client's token stands for what was done, as Step
// Functions has it.
const onceLife = 15 * time.Minute

// onceRecord is the last action on a resource that had a token.
type onceRecord struct {
	Token string
	At    time.Time // when it was done
	Until time.Time // the token stands for it
}

// Once does something to a resource and returns when it was done; with the
// token of the last time, while that stands, it only returns that time. An
// empty token never stands for anything.
func (r *Registry) Once(ctx context.Context, action, arn, token string, do func() (time.Time, error)) (time.Time, error) {
	if token == "" {
		return do()
	}
	var last onceRecord
	key := action + " " + arn
	revision, err := r.load(ctx, onceKind, key, &last)
	if err != nil {
		return time.Time{}, err
	}
	if revision > 0 && last.Token == token && r.clock().Before(last.Until) {
		return last.At, nil
	}
	at, err := do()
	if err != nil {
		return at, err
	}
	body, err := json.Marshal(onceRecord{Token: token, At: at, Until: r.clock().Add(onceLife)})
	if err != nil {
		return at, err
	}
	// It is done: that somebody else did it too at the same time, or that the
	// note cannot be made, does not undo it.
	_ = r.store.PutDocument(ctx, Document{Kind: onceKind, Key: key, Revision: revision + 1, Body: body}, revision)
	return at, nil
}
