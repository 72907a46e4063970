package audit

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"

	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/log"
	"github.com/sijil/sijil/log/tile"
)

const stateHead = "sijil audit state v1\n"

// State says how far a source was audited without a finding, and keeps what the
// checks over all entries need. It is the machine's own note to itself: a later
// audit proves that its tree is the beginning of the new one, and believes it
// that the entries were checked.
type State struct {
	checkpoint []byte // signed note
	leaf, key  []uint64
}

// Size is the number of entries that need not be read again.
func (s *State) Size() int64 { return int64(len(s.leaf)) }

// Marshal returns the state's bytes: a first line, the number of entries, the
// length of the checkpoint and the checkpoint, eight bytes of each entry's leaf
// hash, eight of its key's fingerprint, and the SHA-256 of all that.
func (s *State) Marshal() []byte {
	out := make([]byte, 0, 16*len(s.leaf)+len(s.checkpoint)+256)
	out = fmt.Appendf(out, "%s%d\n%d\n%s", stateHead, len(s.leaf), len(s.checkpoint), s.checkpoint)
	for _, list := range [][]uint64{s.leaf, s.key} {
		for _, x := range list {
			out = binary.BigEndian.AppendUint64(out, x)
		}
	}
	sum := sha256.Sum256(out)
	return append(out, sum[:]...)
}

// ParseState reads what Marshal wrote.
func ParseState(b []byte) (*State, error) {
	bad := func(why string) (*State, error) { return nil, errors.New("audit state: " + why) }
	if len(b) < sha256.Size {
		return bad("too short")
	}
	body := b[:len(b)-sha256.Size]
	if sum := sha256.Sum256(body); !bytes.Equal(sum[:], b[len(body):]) {
		return bad("its checksum is wrong")
	}
	rest, ok := bytes.CutPrefix(body, []byte(stateHead))
	if !ok {
		return bad("of another edition")
	}
	var numbers [2]int
	for i := range numbers {
		line, after, ok := bytes.Cut(rest, []byte("\n"))
		n, err := strconv.Atoi(string(line))
		if !ok || err != nil || n < 0 || n > len(b) {
			return bad("its head is damaged")
		}
		numbers[i], rest = n, after
	}
	entries, note := numbers[0], numbers[1]
	if entries > len(rest)/16 || len(rest) != note+16*entries || !bytes.HasPrefix(body, fmt.Appendf(nil, "%s%d\n%d\n", stateHead, entries, note)) {
		return bad("its length is wrong")
	}
	s := &State{checkpoint: bytes.Clone(rest[:note])}
	rest = rest[note:]
	for _, list := range []*[]uint64{&s.leaf, &s.key} {
		*list = make([]uint64, entries)
		for i := range *list {
			(*list)[i] = binary.BigEndian.Uint64(rest[8*i:])
		}
		rest = rest[8*entries:]
	}
	return s, nil
}

// state returns where the next audit may begin.
func (a *audit) state() *State {
	if a.clean == 0 || len(a.report.Misbehaviour) > 0 || a.tree == nil || !a.tree.proved {
		return nil
	}
	return &State{checkpoint: a.checkpoint.Note(), leaf: a.index.leaf[:a.clean], key: a.index.key[:a.clean]}
}

// resume returns the index at which to begin: after what an earlier audit has
// checked, if its tree is proved to be the beginning of this one.
func (a *audit) resume(ctx context.Context) (int64, error) {
	s := a.o.State
	if s == nil {
		return 0, nil
	}
	anew := func(why string) (int64, error) {
		a.report.Notices = append(a.report.Notices, "what an earlier audit has checked is not used, everything is read again: "+why)
		return 0, nil
	}
	if !a.tree.proved {
		return anew("the tiles of the right edge are damaged")
	}
	old, err := log.OpenCheckpoint(s.checkpoint, a.policy)
	switch {
	case err != nil:
		return anew(err.Error())
	case old.Size() < s.Size():
		return anew("it claims more than its checkpoint covers")
	case old.Size() > a.checkpoint.Size():
		return anew(fmt.Sprintf("it is of a larger tree, of %d entries", old.Size()))
	case old.Size() == a.checkpoint.Size() && old.Root() != a.checkpoint.Root():
		err = evidence.ErrInconsistent
	default:
		err = a.consistent(ctx, old, a.checkpoint)
	}
	switch {
	case errors.Is(err, evidence.ErrInconsistent):
		a.convicted(err, "fork", old.Note(), a.checkpoint.Note(), "its tree of %d entries does not extend the one of %d that was audited before", a.checkpoint.Size(), old.Size())
		return 0, nil
	case damaged(err):
		return anew(err.Error())
	case err != nil:
		return 0, err
	}
	start := s.Size() / tile.Width * tile.Width
	if s.Size() == a.checkpoint.Size() {
		start = s.Size() // nothing is new
	}
	a.index.leaf = append(a.index.leaf, s.leaf[:start]...)
	a.index.key = append(a.index.key, s.key[:start]...)
	a.report.Entries.Earlier, a.clean, a.damage.first = start, start, start/tile.Width
	return start, nil
}
