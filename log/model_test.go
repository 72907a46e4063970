package log_test

import (
	"testing"

	"github.com/sijil/sijil/log"
)

// history says which record of one publication, if any, a small log holds at
// each index: 0 for none, else the record's number. No record is in it twice.
type history [5]int

// histories returns all there are with up to three records.
func histories() []history {
	out := []history{{}}
	for i := range len(history{}) {
		for _, h := range out {
			used := map[int]bool{}
			for _, r := range h {
				used[r] = true
			}
			for r := 1; r <= 3; r++ {
				if !used[r] {
					h[i] = r
					out = append(out, h)
				}
			}
		}
	}
	return out
}

// head is what an honest log says of the history in a tree of size; false when
// that tree holds no record.
func (h history) head(size int) (log.Head, bool) {
	for i := size - 1; i >= 0; i-- {
		if h[i] != 0 {
			return modelHead(h[i], i, size), true
		}
	}
	return log.Head{}, false
}

func modelHead(record, index, size int) log.Head {
	return log.Head{Origin: "log.example", Record: log.Digest{byte(record)}, Index: int64(index), TreeSize: int64(size)}
}

// TestConflictsModel compares Conflicts with its meaning, over all that small
// logs can say: two heads conflict when there is no history of which both are
// true.
func TestConflictsModel(t *testing.T) {
	both := map[[2]log.Head]bool{} // pairs that one history explains
	all := histories()
	if len(all) != 136 {
		t.Fatalf("%d histories", len(all))
	}
	for _, h := range all {
		for s1 := range len(h) + 1 {
			for s2 := range len(h) + 1 {
				a, ok1 := h.head(s1)
				b, ok2 := h.head(s2)
				if !ok1 || !ok2 {
					continue
				}
				both[[2]log.Head{a, b}] = true
				if a.Conflicts(b) {
					t.Errorf("%v: the honest heads at %d and %d conflict", h, s1, s2)
				}
			}
		}
	}
	var heads []log.Head
	for record := 1; record <= 3; record++ {
		for size := 1; size <= len(history{}); size++ {
			for index := range size {
				heads = append(heads, modelHead(record, index, size))
			}
		}
	}
	conflicts := 0
	for _, a := range heads {
		for _, b := range heads {
			want := !both[[2]log.Head{a, b}]
			if want {
				conflicts++
			}
			if got := a.Conflicts(b); got != want {
				t.Errorf("record %d at %d in %d, record %d at %d in %d: conflict %v, want %v",
					a.Record[0], a.Index, a.TreeSize, b.Record[0], b.Index, b.TreeSize, got, want)
			}
		}
	}
	t.Logf("%d pairs of heads, of which %d cannot both be true", len(heads)*len(heads), conflicts)
}
