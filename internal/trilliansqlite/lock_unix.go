//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package trilliansqlite

import (
	"errors"
	"os"
	"syscall"
)

// acquireLock takes the folder's lock or reports errLocked at once. The lock is
// the kernel's: it ends with the process, whatever way the process ends, so no
// stale lock is left to clean up. The file itself stays; removing it would let
// two processes hold locks on two files of the same name.
func acquireLock(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err == nil {
		return f, nil
	}
	f.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, errLocked
	}
	return nil, &os.PathError{Op: "flock", Path: path, Err: err}
}
