//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package flock

import (
	"errors"
	"fmt"
	"os"
)

// Lock refuses: without a lock two processes could sign two histories.
func Lock(string) (*os.File, error) {
	return nil, fmt.Errorf("no file locks on this platform: %w", errors.ErrUnsupported)
}
