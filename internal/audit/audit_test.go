package audit

import (
	"context"
	"errors"
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

// TestWait: what is not listed yet is waited for, a few times.
func TestWait(t *testing.T) {
	w := newWorld(t, nil)
	whole := w.served()
	late := whole.Clone()
	delete(late, records(2))
	late[layout.Head(slug)] = w.servedAt(400)[layout.Head(slug)]
	waited := 0
	o := w.options()
	o.Wait = func(context.Context) error {
		if waited++; waited == 2 {
			late[records(2)] = whole[records(2)]
		}
		return nil
	}
	audited(t, late, o, []found{})
	if waited != 2 {
		t.Errorf("waited %d times", waited)
	}
	delete(late, records(2))
	audited(t, late, o, []found{{RuleWithheld, version2At, layout.Record(slug, w.recordAt(version2At))}})
	if waited != 2+maxWaits {
		t.Errorf("waited %d times", waited)
	}
	o.Wait = func(context.Context) error { return context.Canceled }
	if got, err := Run(t.Context(), late, o); !errors.Is(err, context.Canceled) || got.Report.Outcome != Incomplete {
		t.Errorf("interrupted while waiting: %v %+v", err, got.Report)
	}
}
