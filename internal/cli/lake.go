package cli

import (
	"context"

	"wplake/internal/home"
)

// openHome reads the lake's definition and opens its home. The caller closes it.
func (a *app) openHome(ctx context.Context) (*home.Home, error) {
	panic("to be written")
}
