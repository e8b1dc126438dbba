package config

import (
	"wplake/internal/transform"
	"wplake/internal/wordpress/model"
)

// OnDelete returns what becomes of an object's rows that vanish at the source:
// what is set for it, or the default of its kind. known says whether the
// object is one of WordPress's own tables; kind then is that table's. Daily
// facts are kept, since the plugin that counts them deletes its past; entities
// are dropped in the profile reference and marked in full. A table that is
// neither known nor given a key has nothing to compare rows by: they are dropped.
func (c Config) OnDelete(object string, kind model.Kind, known bool) OnDelete {
	o := c.Objects[object]
	switch {
	case o.OnDelete != "":
		return o.OnDelete
	case !known && len(o.Key) == 0:
		return Drop
	case known && kind == model.Facts:
		return Keep
	case c.Silver.Profile == transform.Full:
		return Mark
	}
	return Drop
}

// Drift returns what a changed schema of the object leads to.
func (c Config) Drift(object string) Drift {
	if d := c.Objects[object].Drift; d != "" {
		return d
	}
	return c.Bronze.Drift
}

// MaxLoss returns the share of its rows, 0 to 1, that a snapshot of the object
// may lose against the one before.
func (c Config) MaxLoss(object string) float64 {
	if m := c.Objects[object].MaxLoss; m != nil {
		return *m
	}
	return c.Bronze.MaxLoss
}
