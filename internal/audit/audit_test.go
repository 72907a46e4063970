package audit

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestClean(t *testing.T) {
	w := newWorld(t, nil)
	got, err := Run(t.Context(), w.served(), w.options())
	check(t, err)
	r := got.Report
	if r.Outcome != Clean || len(r.Findings) > 0 || len(r.NotChecked) > 0 || len(r.Notices) > 0 {
		t.Fatalf("a clean log: %+v", r)
	}
	want := []Publication{{Slug: slug, Genesis: w.pub.Genesis(), Trust: "pinned", Records: 3, Head: version2At}}
	if diff := cmp.Diff(want, r.Publications); diff != "" {
		t.Error(diff)
	}
	if r.Entries != (Entries{Checked: worldSize}) || r.TreeSize != worldSize {
		t.Errorf("entries %+v of %d", r.Entries, r.TreeSize)
	}
	if got.State.Size() != worldSize {
		t.Errorf("the state is of %d entries", got.State.Size())
	}
}
