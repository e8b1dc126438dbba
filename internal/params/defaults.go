package params

import (
	"context"
	"errors"
	"slices"
	"strings"
)

// WithDefaults returns a store that answers with a default where the given
// store has no parameter of that name. Defaults are listed too; Put writes to
// the given store, whose value then hides the default.
func WithDefaults(s Store, defaults []Parameter) Store {
	o := overlay{Store: s, defaults: make(map[string]Parameter, len(defaults))}
	for _, p := range defaults {
		o.defaults[p.Name] = p
	}
	return o
}

type overlay struct {
	Store
	defaults map[string]Parameter // never changed
}

func (o overlay) Get(ctx context.Context, name string) (Parameter, error) {
	p, err := o.Store.Get(ctx, name)
	if errors.Is(err, ErrNotFound) {
		if d, ok := o.defaults[name]; ok {
			return d, nil
		}
	}
	return p, err
}

func (o overlay) List(ctx context.Context, prefix string) ([]Parameter, error) {
	list, err := o.Store.List(ctx, prefix)
	if err != nil {
		return nil, err
	}
	for name, d := range o.defaults {
		there := slices.ContainsFunc(list, func(p Parameter) bool { return p.Name == name })
		if !there && strings.HasPrefix(name, prefix) {
			list = append(list, d)
		}
	}
	slices.SortFunc(list, func(a, b Parameter) int { return strings.Compare(a.Name, b.Name) })
	return list, nil
}
