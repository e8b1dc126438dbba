package config_test

import (
	"testing"

	"wplake/internal/config"
	"wplake/internal/transform"
	"wplake/internal/wordpress/model"
)

func TestOnDelete(t *testing.T) {
	t.Parallel()
	set := map[string]config.Object{"set": {OnDelete: config.Mark}, "keyed": {Key: []string{"id"}}}
	reference := config.Config{Objects: set, Silver: config.Silver{Profile: transform.Reference}}
	full := config.Config{Objects: set, Silver: config.Silver{Profile: transform.Full}}
	tests := map[string]struct {
		object          string
		kind            model.Kind
		known           bool
		reference, full config.OnDelete
	}{
		"set, whatever it is": {"set", model.Facts, true, config.Mark, config.Mark},
		"daily facts":         {"statistics_pages", model.Facts, true, config.Keep, config.Keep},
		"an entity":           {"posts", model.Entity, true, config.Drop, config.Mark},
		"unknown":             {"other", "", false, config.Drop, config.Drop},
		"unknown with a key":  {"keyed", "", false, config.Drop, config.Mark},
	}
	for name, test := range tests {
		if got := reference.OnDelete(test.object, test.kind, test.known); got != test.reference {
			t.Errorf("%s, reference: %s, want %s", name, got, test.reference)
		}
		if got := full.OnDelete(test.object, test.kind, test.known); got != test.full {
			t.Errorf("%s, full: %s, want %s", name, got, test.full)
		}
	}
}

func TestDriftAndMaxLoss(t *testing.T) {
	t.Parallel()
	c, _ := parse(t, "bronze: {drift: freeze, max_loss: 0.1}\nobjects: {posts: {drift: reject, max_loss: 0}, terms: {}}\n")
	for object, want := range map[string]config.Drift{"posts": config.Reject, "terms": config.Freeze, "other": config.Freeze} {
		if got := c.Drift(object); got != want {
			t.Errorf("Drift(%s) = %s, want %s", object, got, want)
		}
	}
	for object, want := range map[string]float64{"posts": 0, "terms": 0.1, "other": 0.1} {
		if got := c.MaxLoss(object); got != want {
			t.Errorf("MaxLoss(%s) = %v, want %v", object, got, want)
		}
	}
}
