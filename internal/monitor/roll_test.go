package monitor

import (
	"bytes"
	"strings"
	"testing"

	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/internal/statement"
)

// TestRoll: each new batch is told once, with the same ID by whoever tells it; what was
// there at the first look is not.
func TestRoll(t *testing.T) {
	w := newWorld(t)
	first := w.pub.Endorse(1, "Amina Saleh", "Jean-Élie", "ليلى")
	w.serve()
	w.want(Following)

	second := w.pub.Endorse(1, "Mohamed")
	w.pub.EndRoll(statement.BatchWithdraw, "By her\u00ad letter.", first[0])
	w.pub.EndRoll(statement.BatchWithhold, "They are in danger.", first[1], second[0])
	w.serve()
	got := w.want(Batch, Batch, Batch)
	for i, want := range []struct {
		change         string
		count, version int
		reason, says   string
	}{
		{statement.BatchAdd, 1, 1, "", "river: the publisher adds 1 endorser of version 1 to the roll (batch 2)"},
		{statement.BatchWithdraw, 1, 0, "By her\u00ad letter.", "river: the publisher says that 1 endorser of the roll WITHDREW (batch 3): “"},
		{statement.BatchWithhold, 2, 0, "They are in danger.", "river: of 2 endorsers of the roll the names are withheld from now on (batch 4): “"},
	} {
		e := got[i]
		if e.Change != want.change || e.Count != want.count || e.Version != want.version || e.Reason != want.reason || !strings.HasPrefix(e.Summary, want.says) ||
			e.Number != int64(i+2) || *e.Record != w.pub.BatchRecord(i+2) || *e.LogIndex != w.pub.Batches[i+1].Index || e.Publication != slug || e.Issued == "" {
			t.Errorf("%+v", e)
		}
		doc, err := e.JSON()
		check(t, err)
		for _, name := range []string{"Jean", "Mohamed", "Amina"} {
			if bytes.Contains(doc, []byte(name)) {
				t.Errorf("a name of the roll is told: %s", doc)
			}
		}
	}

	// Another monitor, from the start on.
	w.store = newMemory()
	w.more = func(c *Config) { c.FromStart = true }
	all := w.want(Published, Version, Batch, Batch, Batch, Batch, Following)
	for i, e := range got {
		if all[i+3].ID != e.ID {
			t.Errorf("batch %d has another ID", e.Number)
		}
	}
}

// TestRollBroken: a batch that does not verify is a finding and is not told; a state from
// before there were rolls takes what is there as known.
func TestRollBroken(t *testing.T) {
	w := newWorld(t)
	w.want(Following)
	w.pub.Endorse(1, "Amina Saleh")
	w.serve()
	path := evidence.Layout{}.Roll(slug)
	good := w.docs[path]
	w.docs[path] = bytes.Replace(good, []byte(`"sig":"M`), []byte(`"sig":"N`), 1)
	if got := w.want(Finding, Finding); got[0].Rule != "payload-withheld" || got[1].Rule != "roll" {
		t.Errorf("%+v", got)
	}
	w.docs[path] = good
	w.want(Batch, Resolved, Resolved)

	w.store.state = bytes.Replace(w.store.state, []byte(`"batches":1,`), nil, 1)
	w.pub.Endorse(1, "Mohamed")
	w.serve()
	w.want()
	w.pub.Endorse(1, "Jean-Élie")
	w.serve()
	if e := w.want(Batch)[0]; e.Number != 3 {
		t.Errorf("%+v", e)
	}
}
