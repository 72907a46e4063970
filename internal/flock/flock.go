// Package flock lets one process at a time use a folder, by a lock file in it.
//
// The lock is the kernel's: it ends with the process, whatever way the process
// ends, so no stale lock is left to clean up. The file itself stays; removing it
// would let two processes hold locks on two files of the same name.
package flock

import "errors"

// ErrLocked: another process holds the lock. The caller says which folder.
var ErrLocked = errors.New("in use by another process")
