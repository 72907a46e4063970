package witness

import (
	"errors"
	"fmt"
	"testing"

	"github.com/sijil/sijil/internal/logtest"
)

// A log learns from its witnesses that it is an older copy, or a fork, without
// their having to cosign anything new.
func TestSeen(t *testing.T) {
	l := newLog(t, 12)
	ahead, behind, fresh := newSite(t, "ahead", l), newSite(t, "behind", l), newSite(t, "fresh", l)
	gone := newSite(t, "gone", l)
	gone.http.Close()
	for s, size := range map[*site]int64{ahead: 9, behind: 4} {
		if status, _, answer := s.post(ask(t, l, 0, size)); status != 200 {
			t.Fatal(answer)
		}
	}
	c := collector(t, l, "quorum none\n", ahead, behind, fresh, gone)
	for size := int64(0); size <= 12; size++ {
		silent, err := c.Seen(t.Context(), l.Checkpoint(size))
		if len(silent) != 1 || silent[0].Name != "gone" || silent[0].Err == nil {
			t.Errorf("size %d: silent are %v", size, silent)
		}
		var b *BehindError
		if (size < 9) != errors.As(err, &b) || b != nil && size >= 4 && *b != (BehindError{"ahead", 9, size}) {
			t.Errorf("size %d: %v", size, err)
		}
	}
	if n := ahead.folder.Logs()[0].Size; n != 9 {
		t.Errorf("asking moved a witness to %d", n)
	}
	fork := logtest.New(t, "https://sijil.example")
	fork.Key, fork.Signer, fork.Policy = l.Key, l.Signer, l.Policy
	for range 9 {
		fork.Append(fmt.Appendf(nil, "other %d", fork.Size()))
	}
	_, err := c.Seen(t.Context(), fork.Checkpoint(9))
	var b *BehindError
	if !errors.As(err, &b) || *b != (BehindError{"ahead", 9, 9}) {
		t.Errorf("a fork: %v", err)
	}
}
