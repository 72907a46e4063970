package evidence_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/internal/extract"
	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/internal/match"
	"github.com/sijil/sijil/log"
)

// remembered is the memory of a machine that saw a log at a size.
func remembered(l *logtest.Log, size int64) evidence.Memory {
	return evidence.Memory{Checkpoint: l.Checkpoint(size)}
}

// misbehaved opens and returns the proof, which must be one that others can read.
func misbehaved(t *testing.T, src evidence.Source, o evidence.Options) *evidence.Misbehaviour {
	t.Helper()
	p, err := evidence.Open(context.Background(), src, o)
	var bad *evidence.Misbehaviour
	if p != nil || !errors.As(err, &bad) {
		t.Fatalf("Open = %v, %v, want a Misbehaviour", p, err)
	}
	if v := evidence.Unchecked(slug, err); v.Verdict != match.Unchecked || v.Reason.Code != match.ReasonMisbehaved {
		t.Errorf("verdict %+v", v)
	}
	doc, err := bad.Document()
	check(t, err)
	var read evidence.Misbehaviour
	check(t, json.Unmarshal(doc, &read))
	if diff := cmp.Diff(*bad, read); diff != "" {
		t.Errorf("the proof's document says something else:\n%s", diff)
	}
	if bad.Log != o.Trust.Policy().Log().String() {
		t.Errorf("the proof is against %s", bad.Log)
	}
	return bad
}

func TestRollback(t *testing.T) {
	w := newWorld(t)
	size := w.log.Size()
	older := w.pub.Documents(served, size)
	w.log.Append([]byte("the log grows"))
	o := w.options()
	o.Memory = remembered(w.log, size+1)
	bad := misbehaved(t, older, o)
	want := &evidence.Misbehaviour{Rule: "rollback", Log: bad.Log, Detail: bad.Detail, First: string(w.log.Checkpoint(size + 1)), Second: string(w.log.Checkpoint(size))}
	if diff := cmp.Diff(want, bad); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if !strings.Contains(bad.Detail, "covers 6 entries") || !strings.HasSuffix(bad.Detail, "covers 7") {
		t.Errorf("detail %q", bad.Detail)
	}
	// The same, and newer, trees are no rollback.
	for _, seen := range []int64{1, size - 1, size} {
		o.Memory = remembered(w.log, seen)
		if p := mustOpen(t, older, o); p.Checkpoint().Size() != size || len(p.NotChecked()) != 0 {
			t.Errorf("after %d: checkpoint %d, not checked %v", seen, p.Checkpoint().Size(), p.NotChecked())
		}
	}
}

// TestOlderFolder: an exported folder may be older than what the machine saw of
// the log, and has no tiles.
func TestOlderFolder(t *testing.T) {
	w := newWorld(t)
	size := w.log.Size()
	folder := evidence.Layout{Folder: true}
	docs := w.pub.Documents(folder, size)
	for path := range docs {
		if path != "checkpoint" && !strings.HasPrefix(path, slug+"/") {
			t.Errorf("a folder holds %s", path)
		}
	}
	w.log.Append([]byte("the log grows"))
	o := w.options()
	o.Layout, o.Consistent, o.Memory = folder, nil, remembered(w.log, size+1)
	p := mustOpen(t, docs, o)
	if diff := cmp.Diff([]string{"that the tree of 7 entries extends the one of 6 (no tiles here)"}, p.NotChecked()); diff != "" {
		t.Errorf("not checked (-want +got):\n%s", diff)
	}
	if !p.OneTree() || !p.Fresh() {
		t.Errorf("one tree %v, fresh %v", p.OneTree(), p.Fresh())
	}
	o.Memory = evidence.Memory{}
	if p := mustOpen(t, docs, o); len(p.NotChecked()) != 0 {
		t.Errorf("nothing remembered: not checked %v", p.NotChecked())
	}
	o.Layout = evidence.Layout{}
	if _, err := evidence.Open(context.Background(), docs, o); err == nil {
		t.Error("a folder was read as a service")
	}
}

func TestForkOfOneSize(t *testing.T) {
	w := newWorld(t)
	size := w.log.Size()
	other := w.log.Fork(size - 1)
	other.Append([]byte("what somebody else was shown"))
	for name, layout := range map[string]evidence.Layout{"service": {}, "folder": {Folder: true}} {
		o := w.options()
		o.Layout, o.Memory, o.Consistent = layout, remembered(other, size), nil
		bad := misbehaved(t, w.pub.Documents(layout, size), o)
		if bad.Rule != "fork" || bad.First != string(w.log.Checkpoint(size)) || bad.Second != string(other.Checkpoint(size)) {
			t.Errorf("%s: %+v", name, bad)
		}
	}
}

// TestForkWithinOneAnswer: a bundle leads to one tree, the checkpoint is of
// another of the same size. Nothing is remembered.
func TestForkWithinOneAnswer(t *testing.T) {
	w := newWorld(t)
	size := w.log.Size()
	other := w.log.Fork(size - 1)
	other.Append([]byte("what somebody else was shown"))
	docs := w.served()
	docs["checkpoint"] = other.Checkpoint(size)
	if bad := misbehaved(t, docs, w.options()); bad.Rule != "fork" {
		t.Errorf("%+v", bad)
	}
}

// TestForkOfTwoSizes: the tree grew, and not from the one that was seen.
func TestForkOfTwoSizes(t *testing.T) {
	w := newWorld(t)
	size := w.log.Size()
	for seen := int64(1); seen < size; seen++ {
		other := w.log.Fork(seen - 1)
		other.Append([]byte("what somebody else was shown"))
		o := w.options()
		o.Memory = remembered(other, seen)
		bad := misbehaved(t, w.served(), o)
		if bad.Rule != "fork" || bad.First != string(other.Checkpoint(seen)) || bad.Second != string(w.log.Checkpoint(size)) {
			t.Errorf("%d: %+v", seen, bad)
		}
		o.Consistent = nil
		if p := mustOpen(t, w.served(), o); len(p.NotChecked()) != 1 {
			t.Errorf("%d: without tiles: %v", seen, p.NotChecked())
		}
	}
}

// TestConsistencyThatCannotBeHad: tiles that do not come are no fork.
func TestConsistencyThatCannotBeHad(t *testing.T) {
	w := newWorld(t)
	o := w.options()
	o.Memory = remembered(w.log, 3)
	o.Consistent = func(context.Context, *log.Checkpoint, *log.Checkpoint) error { return errNetwork }
	if _, err := evidence.Open(context.Background(), w.served(), o); !errors.Is(err, errNetwork) {
		t.Errorf("Open = %v", err)
	}
}

func TestConflictingHeads(t *testing.T) {
	w := newWorld(t)
	size := w.log.Size()
	v1 := w.pub.Bundles[1].Envelope.Digest()
	for name, c := range map[string]struct {
		record   log.Digest
		at, size int64
	}{
		"same tree, another record":           {v1, 3, size},
		"same place, another record":          {v1, 4, size},
		"the newer one was there already":     {v1, 3, 5},
		"a record after the newest":           {log.Sum(nil), 5, size},
		"a larger tree, and an older record":  {v1, 3, size + 1},
		"a smaller tree, and a later record ": {log.Sum(nil), 4, 5},
	} {
		o := w.options()
		seen := w.head(c.record, c.at, c.size)
		o.Memory.Heads = map[log.Digest][]byte{w.pub.Genesis(): seen}
		bad := misbehaved(t, w.served(), o)
		if bad.Rule != "head" || bad.First != string(seen) || bad.Second != string(w.served()[served.Head(slug)]) {
			t.Errorf("%s: %+v", name, bad)
		}
	}
	// The head before version 2, and that of another publication, contradict
	// nothing.
	o := w.options()
	o.Memory.Heads = map[log.Digest][]byte{w.pub.Genesis(): w.head(v1, 3, 4), log.Sum(nil): w.head(v1, 4, size)}
	if p := mustOpen(t, w.served(), o); !p.Fresh() {
		t.Error("not fresh")
	}
}

// TestFresh: what is current can be said only of a view that is not older than
// the log's checkpoint, and than what was seen before.
func TestFresh(t *testing.T) {
	w := newWorld(t)
	size, last := w.log.Size(), w.pub.Bundles[2].Envelope.Digest()
	docs := w.served()
	for name, c := range map[string]struct {
		head   []byte
		memory evidence.Memory
		fresh  bool
	}{
		"head for the checkpoint":              {w.head(last, 4, size), evidence.Memory{}, true},
		"head for a smaller tree":              {w.head(last, 4, size-1), evidence.Memory{}, false},
		"the same head was seen":               {w.head(last, 4, size), evidence.Memory{Heads: map[log.Digest][]byte{w.pub.Genesis(): w.head(last, 4, size)}}, true},
		"a head for a larger tree was seen":    {w.head(last, 4, size), evidence.Memory{Heads: map[log.Digest][]byte{w.pub.Genesis(): w.head(last, 4, size+3)}}, false},
		"an older head, by which version 1 is": {w.head(w.pub.Bundles[1].Envelope.Digest(), 3, 4), evidence.Memory{}, false},
	} {
		changed := docs.Clone()
		changed[served.Head(slug)] = c.head
		o := w.options()
		o.Memory = c.memory
		p := mustOpen(t, changed, o)
		if p.Fresh() != c.fresh {
			t.Errorf("%s: fresh %v", name, p.Fresh())
		}
		v, err := p.Check(extract.Plain([]byte(logtest.River()[0].Texts["en"])), "pinned", logtest.Start)
		check(t, err)
		latest, _ := p.Latest()
		n := latest.Edition.Statement().Version
		want := map[bool]string{true: match.CurrentYes, false: match.CurrentUndetermined}[c.fresh]
		if n > 1 {
			want = match.CurrentNo // whatever came after, it is superseded
		}
		if v.Version != 1 || v.Current != want || (v.AsOf != "") != c.fresh || v.LatestVersion != n {
			t.Errorf("%s: verdict %s of version %d, current %s (want %s) as of %q, latest %d", name, v.Verdict, v.Version, v.Current, want, v.AsOf, v.LatestVersion)
		}
	}
}

// growing is a service whose log grows between the first answer and the next:
// it answers the checkpoint of the old tree once.
type growing struct {
	logtest.Documents
	first []byte
	asked int
}

func (g *growing) Fetch(ctx context.Context, path string) ([]byte, error) {
	if path == "checkpoint" {
		if g.asked++; g.asked == 1 {
			return g.first, nil
		}
	}
	return g.Documents.Fetch(ctx, path)
}

func TestGrowingWhileRead(t *testing.T) {
	w := newWorld(t)
	size := w.log.Size()
	before := w.log.Checkpoint(size)
	w.pub.Add(logtest.River()[0])
	g := &growing{Documents: w.served(), first: before}
	p := mustOpen(t, g, w.options())
	// The bundles already lead to the larger tree: no second question is needed.
	if p.Checkpoint().Size() != size+1 || !p.Fresh() || p.OneTree() || len(p.Records()) != 4 {
		t.Errorf("checkpoint %d, fresh %v, one tree %v, %d records", p.Checkpoint().Size(), p.Fresh(), p.OneTree(), len(p.Records()))
	}
	// Bundles of the old tree, and the head of a new one.
	g = &growing{Documents: w.pub.Documents(served, size), first: before}
	w.log.Append([]byte("and one more"))
	g.Documents["checkpoint"] = w.log.Checkpoint(w.log.Size())
	g.Documents[served.Head(slug)] = w.head(w.pub.Bundles[2].Envelope.Digest(), 4, size+2)
	p = mustOpen(t, g, w.options())
	if g.asked != 2 || p.Checkpoint().Size() != size+2 || !p.Fresh() {
		t.Errorf("asked %d times, checkpoint %d, fresh %v", g.asked, p.Checkpoint().Size(), p.Fresh())
	}
}

// TestRemember: a machine keeps the newer of two notes, and heads of other
// publications.
func TestRemember(t *testing.T) {
	w := newWorld(t)
	size := w.log.Size()
	p := mustOpen(t, w.served(), w.options())
	other := log.Sum([]byte("another publication"))
	older := evidence.Memory{Checkpoint: w.log.Checkpoint(2), Heads: map[log.Digest][]byte{w.pub.Genesis(): w.head(w.pub.Genesis(), 1, 2), other: []byte("as it was")}}
	want := evidence.Memory{Checkpoint: w.log.Checkpoint(size), Heads: map[log.Digest][]byte{w.pub.Genesis(): w.served()[served.Head(slug)], other: []byte("as it was")}}
	if diff := cmp.Diff(want, p.Remember(older)); diff != "" {
		t.Errorf("after an older one (-want +got):\n%s", diff)
	}
	delete(want.Heads, other)
	if diff := cmp.Diff(want, p.Remember(evidence.Memory{})); diff != "" {
		t.Errorf("after nothing (-want +got):\n%s", diff)
	}
	w.log.Append([]byte("the log grows"))
	newer := evidence.Memory{Checkpoint: w.log.Checkpoint(size + 1), Heads: map[log.Digest][]byte{w.pub.Genesis(): w.head(w.pub.Bundles[2].Envelope.Digest(), 4, size+1)}}
	if diff := cmp.Diff(newer, p.Remember(newer)); diff != "" {
		t.Errorf("after a newer one (-want +got):\n%s", diff)
	}
}

// TestDamagedMemory: what the machine kept is verified again, too.
func TestDamagedMemory(t *testing.T) {
	w := newWorld(t)
	stranger := logtest.New(t, "https://sijil.example/")
	for path, m := range map[string]evidence.Memory{
		"remembered checkpoint": {Checkpoint: stranger.Checkpoint(0)},
		"remembered head":       {Heads: map[log.Digest][]byte{w.pub.Genesis(): []byte("not a note")}},
	} {
		o := w.options()
		o.Memory = m
		_, err := evidence.Open(context.Background(), w.served(), o)
		var bad *evidence.DamagedError
		if !errors.As(err, &bad) || bad.Path != path {
			t.Errorf("%s: %v", path, err)
		}
	}
}
