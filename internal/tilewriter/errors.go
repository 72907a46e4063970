package tilewriter

import (
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

var (
	// ErrRollback is a log that does not continue what was signed
	// (*RollbackError). The caller stops accepting entries and wakes the
	// operator; it does not try again.
	ErrRollback = errors.New("the log does not continue the last checkpoint")
	// ErrConflict is returned by CheckpointStore.Swap when the stored
	// checkpoint is not the old one. The Writer reads it and goes on from it.
	ErrConflict = errors.New("another checkpoint is stored")
	// ErrNotIntegrated is returned by Cover for an index beyond the log. The
	// caller waits for the log to integrate the entry and asks again.
	ErrNotIntegrated = errors.New("the log does not hold this index yet")
	// ErrDiskFull is returned when less than MinFree is left (*FullError). The
	// caller answers that it accepts nothing for now.
	ErrDiskFull = errors.New("not enough free disk space")
	// ErrDamaged is a file that is not what was written, or cannot be proved
	// (*DamageError).
	ErrDamaged = errors.New("tiles are damaged")
)

// RollbackError says in what way the log contradicts what was signed.
type RollbackError struct {
	Last     Checkpoint // the newest checkpoint that was signed, as far as known
	Size     uint64     // of the contradicting tree
	Root     tlog.Hash
	Computed tlog.Hash // the root that tiles and entries give at Size; zero if none was computed
	Where    string    // what says Size and Root: "the log", "the checkpoint store"
}

func (e *RollbackError) Error() string {
	what := fmt.Sprintf("%s: size %d, root %v; signed was a checkpoint of size %d and root %v",
		e.Where, e.Size, e.Root, e.Last.Size, e.Last.Root)
	if e.Computed != (tlog.Hash{}) {
		what += fmt.Sprintf("; tiles and entries give the root %v at size %d", e.Computed, e.Size)
	}
	why := "this was most likely restored from a backup, replaced or damaged"
	if e.Size == 0 {
		why = "this was most likely emptied, or the service was started with another data folder"
	}
	return fmt.Sprintf("%v: %s; %s; nothing more is signed, since that would be a second history: "+
		"stop the service, keep all files, bring back the newest state of log and checkpoint store together "+
		"(it must hold at least %d entries); if that state is lost, freeze this log and create a new one",
		ErrRollback, what, why, e.Last.Size)
}

func (e *RollbackError) Is(target error) bool { return target == ErrRollback }

// FullError says how much space is left.
type FullError struct {
	Dir           string
	Free, MinFree uint64
}

func (e *FullError) Error() string {
	return fmt.Sprintf("%v: %d bytes free for %s, at least %d wanted: nothing was written; free some space, the writer goes on by itself",
		ErrDiskFull, e.Free, e.Dir, e.MinFree)
}

func (e *FullError) Is(target error) bool { return target == ErrDiskFull }

// DamageError names files whose content is wrong.
type DamageError struct {
	Paths []string // below the folder of the tiles; one of them at least is wrong
	Err   error    // what was found
}

func (e *DamageError) Error() string {
	which := "of these files, at least one is"
	if len(e.Paths) == 1 {
		which = "this file is"
	}
	return fmt.Sprintf("%v: %s wrong: %q: %v; check the disk, then move what is wrong away: it is made again from the log and must give the signed root",
		ErrDamaged, which, e.Paths, e.Err)
}

func (e *DamageError) Is(target error) bool { return target == ErrDamaged }
func (e *DamageError) Unwrap() error        { return e.Err }
