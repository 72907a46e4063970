//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package trilliansqlite

import (
	"errors"
	"os"
)

// acquireLock refuses: without a lock two processes could sign two histories.
func acquireLock(string) (*os.File, error) {
	return nil, errors.New("no file locks on this platform: " + errors.ErrUnsupported.Error())
}
