//go:build !linux && !darwin && !freebsd

package local

import (
	"errors"
	"os"
)

func setAttribute(*os.File, []byte) error { return errors.ErrUnsupported }

func getAttribute(*os.File) ([]byte, error) { return nil, errors.ErrUnsupported }
