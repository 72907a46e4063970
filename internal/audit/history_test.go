package audit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/log"
	"github.com/sijil/sijil/log/tile"
)

// split returns the world as its operator shows it to somebody else: the same
// first entries, another one at the given index, and the rest again.
func (w *world) split(at, size int64) *world {
	w.t.Helper()
	other := *w
	other.log = w.log.Fork(at)
	s := w.others[0]
	other.log.Publish(logtest.Sign(w.t, s, []byte("shown to you alone")), s.Public())
	for other.log.Size() < size {
		other.log.Append(w.log.Entries()[other.log.Size()])
	}
	pub := *w.pub
	pub.Log, other.pub = other.log, &pub
	return &other
}

// TestMisbehaviour holds a source against what the machine remembers.
func TestMisbehaviour(t *testing.T) {
	w := newWorld(t, nil)
	split := w.split(597, worldSize)
	early := w.split(400, worldSize)
	remember := func(size int64) evidence.Memory { return evidence.Memory{Checkpoint: w.log.Checkpoint(size)} }
	head := func(sequence int, index, size int64) evidence.Memory {
		return evidence.Memory{Heads: map[log.Digest][]byte{w.pub.Genesis(): w.log.Head(log.Head{Genesis: w.pub.Genesis(),
			Record: w.pub.Bundles[sequence].Envelope.Digest(), Index: index, TreeSize: size})}}
	}
	for _, c := range []struct {
		name   string
		source evidence.Source
		memory evidence.Memory
		copied bool
		want   string // rule; empty for none
	}{
		{"nothing remembered", w.served(), evidence.Memory{}, false, ""},
		{"the same", w.served(), remember(worldSize), false, ""},
		{"grown", w.served(), remember(300), false, ""},
		{"rolled back", w.servedAt(599), remember(worldSize), false, "rollback"},
		{"an old copy", w.servedAt(599), remember(worldSize), true, ""},
		{"split view of one size", split.served(), remember(worldSize), false, "fork"},
		{"split view of one size, in a copy", split.served(), remember(worldSize), true, "fork"},
		{"split view, grown", early.served(), remember(550), false, "fork"},
		{"split view, after the remembered tree", early.served(), remember(400), false, ""},
		{"the same head", w.served(), head(2, version2At, worldSize), false, ""},
		{"an older head", w.served(), head(1, version1At, version1At+1), false, ""},
		{"a head that hid version 2", w.served(), head(1, version1At, version2At+1), false, "head"},
		{"a head of another record", w.served(), head(1, version2At, worldSize), false, "head"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Run(t.Context(), c.source, Options{Trust: w.trust, Memory: c.memory, Copy: c.copied})
			check(t, err)
			var rules []string
			for _, m := range got.Report.Misbehaviour {
				rules = append(rules, m.Rule)
				w.proves(t, m)
			}
			if strings.Join(rules, ",") != c.want {
				t.Fatalf("misbehaviour %q, want %q; %+v", rules, c.want, got.Report)
			}
			if (got.Report.Outcome == Misbehaving) != (c.want != "") || len(got.Report.Findings) > 0 && c.want == "" {
				t.Errorf("outcome %s, findings %v", got.Report.Outcome, foundIn(got.Report))
			}
			if c.want != "" && (got.Memory != nil || got.State != nil) {
				t.Error("a log that misbehaved is remembered")
			}
		})
	}
}

// proves fails unless a proof holds two notes that the log's key signed.
func (w *world) proves(t *testing.T, m *evidence.Misbehaviour) {
	t.Helper()
	for _, note := range []string{m.First, m.Second} {
		_, cerr := log.OpenCheckpoint([]byte(note), w.log.Policy)
		_, herr := log.OpenHead([]byte(note), w.log.Policy)
		if cerr != nil && herr != nil {
			t.Errorf("%s: a note of the proof is not signed by the log: %v", m.Rule, cerr)
		}
	}
}

// TestBundleOfAnotherTree: a bundle's own checkpoint is held against the tree.
func TestBundleOfAnotherTree(t *testing.T) {
	w := newWorld(t, nil)
	other := w.split(597, worldSize)
	d := w.served()
	d[records(2)] = other.served()[records(2)]
	got, err := Run(t.Context(), d, w.options())
	check(t, err)
	if r := got.Report; r.Outcome != Misbehaving || r.Misbehaviour[0].Rule != "fork" {
		t.Errorf("%+v", got.Report)
	}
}

// TestMemory: what a clean audit saw is remembered, the newer note of each kind.
func TestMemory(t *testing.T) {
	w := newWorld(t, nil)
	o := w.options()
	for _, size := range []int64{400, 580, worldSize} {
		got, err := Run(t.Context(), w.servedAt(size), o)
		check(t, err)
		if got.Report.Outcome != Clean {
			t.Fatalf("%+v", got.Report)
		}
		o.Memory = *got.Memory
		c, err := log.OpenCheckpoint(o.Memory.Checkpoint, w.log.Policy)
		check(t, err)
		h, err := log.OpenHead(o.Memory.Heads[w.pub.Genesis()], w.log.Policy)
		check(t, err)
		if c.Size() != size || h.Head().TreeSize != size {
			t.Errorf("at %d a tree of %d is remembered, and a head of %d", size, c.Size(), h.Head().TreeSize)
		}
	}
	o.Copy = true
	got, err := Run(t.Context(), w.servedAt(400), o)
	check(t, err)
	if c, err := log.OpenCheckpoint(got.Memory.Checkpoint, w.log.Policy); err != nil || c.Size() != worldSize {
		t.Errorf("an old copy replaces what was seen: %v", err)
	}
}

// counted counts what is fetched, and fails from a path on.
type counted struct {
	evidence.Source
	mu    sync.Mutex
	paths map[string]int
	fail  string
}

var errNetwork = errors.New("the network is gone")

func (c *counted) Fetch(ctx context.Context, path string) ([]byte, error) {
	c.mu.Lock()
	if c.paths == nil {
		c.paths = map[string]int{}
	}
	c.paths[path]++
	c.mu.Unlock()
	if c.fail == path {
		return nil, errNetwork
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return c.Source.Fetch(ctx, path)
}

// TestResume: an audit begins where the last one ended.
func TestResume(t *testing.T) {
	w := newWorld(t, func(w *world, i int64) {
		if i == 560 {
			w.log.Append(w.log.Entries()[3]) // a duplicate across the two audits
		}
	})
	first, err := Run(t.Context(), w.servedAt(520), w.options())
	check(t, err)
	state, err := ParseState(first.State.Marshal())
	check(t, err)
	src := &counted{Source: w.served()}
	o := w.options()
	o.State = state
	report := audited(t, src, o, []found{{RuleDuplicate, 560, bundle2}})
	if report.Entries != (Entries{Checked: worldSize - 512, Earlier: 512}) || len(report.Notices) > 0 {
		t.Errorf("%+v, %q", report.Entries, report.Notices)
	}
	if src.paths[bundle1] > 1 { // once, to compare a record with its entry
		t.Errorf("%s is read %d times", bundle1, src.paths[bundle1])
	}
	// What was withheld before is withheld still: the keys are kept.
	d := w.served()
	delete(d, records(1))
	got, err := Run(t.Context(), d, o)
	check(t, err)
	if got.Report.Counts[RuleWithheld] != 2 {
		t.Errorf("%v", foundIn(got.Report))
	}
	// Nothing new.
	clean := newWorld(t, nil)
	all, err := Run(t.Context(), clean.served(), clean.options())
	check(t, err)
	o = clean.options()
	o.State = all.State
	if r := audited(t, clean.served(), o, []found{}); r.Entries != (Entries{Earlier: worldSize}) {
		t.Errorf("%+v", r.Entries)
	}
}

// TestResumeRefused: a state is not believed beyond what it can prove.
func TestResumeRefused(t *testing.T) {
	w := newWorld(t, nil)
	first, err := Run(t.Context(), w.servedAt(520), w.options())
	check(t, err)
	good := first.State.Marshal()
	for i := 0; i < len(good); i += 97 {
		bad := bytes.Clone(good)
		bad[i] ^= 1
		if _, err := ParseState(bad); err == nil {
			t.Errorf("a state with byte %d changed is accepted", i)
		}
	}
	for _, n := range []int{0, 10, 31, 32, 40, len(good) - 1} {
		if _, err := ParseState(good[:n]); err == nil {
			t.Errorf("a state of %d bytes is accepted", n)
		}
	}
	stranger := newWorld(t, nil)
	theirs, err := Run(t.Context(), stranger.served(), stranger.options())
	check(t, err)
	later, err := Run(t.Context(), w.served(), w.options())
	check(t, err)
	for name, s := range map[string]*State{
		"of another log": theirs.State, "of a larger tree": later.State, "empty": {},
		"claims more than its checkpoint": {checkpoint: first.State.checkpoint, leaf: make([]uint64, 521), key: make([]uint64, 521)},
	} {
		t.Run(name, func(t *testing.T) {
			o := w.options()
			o.State = s
			r := audited(t, w.servedAt(550), o, []found{})
			if r.Entries.Earlier != 0 || len(r.Notices) != 1 {
				t.Errorf("%+v %q", r.Entries, r.Notices)
			}
		})
	}
	o := w.options()
	o.State = first.State
	got, err := Run(t.Context(), w.split(400, worldSize).served(), o)
	check(t, err)
	if got.Report.Outcome != Misbehaving {
		t.Errorf("a tree that does not extend the audited one: %+v", got.Report)
	}
}

// TestInterrupted: what was checked before the network went is not lost.
func TestInterrupted(t *testing.T) {
	w := newWorld(t, nil)
	src := &counted{Source: w.served(), fail: bundle2}
	got, err := Run(t.Context(), src, w.options())
	if !errors.Is(err, errNetwork) || got.Report.Outcome != Incomplete || !strings.Contains(got.Report.Reason, bundle2) {
		t.Fatalf("%v, %+v", err, got.Report)
	}
	if got.State.Size() != 512 {
		t.Fatalf("%d entries are kept", got.State.Size())
	}
	o := w.options()
	o.State = got.State
	if r := audited(t, w.served(), o, []found{}); r.Entries.Earlier != 512 {
		t.Errorf("%+v", r.Entries)
	}
	before := runtime.NumGoroutine()
	ctx, cancel := context.WithCancel(t.Context())
	o = w.options()
	o.Progress = func(int64, int64) { cancel() }
	if _, err := Run(ctx, &counted{Source: w.served()}, o); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if after := runtime.NumGoroutine(); after > before {
		t.Errorf("%d goroutines are left", after-before)
	}
	for _, path := range []string{"checkpoint", upper, leaves0, layout.Trust(), layout.Head(slug), records(1), layout.Text(slug, 1, "en"), layout.Signatories(slug, 1)} {
		if got, err := Run(t.Context(), &counted{Source: w.served(), fail: path}, w.options()); !errors.Is(err, errNetwork) || got.Report.Outcome != Incomplete {
			t.Errorf("%s cannot be fetched: %v, %s", path, err, got.Report.Outcome)
		}
	}
}

// TestNotWhole: folders that hold less than a service.
func TestNotWhole(t *testing.T) {
	w := newWorld(t, nil)
	folder := evidence.Layout{Folder: true}
	d := w.pub.Documents(folder, worldSize)
	o := Options{Trust: w.trust, Layout: folder, Copy: true}
	r := audited(t, d, o, []found{})
	if len(r.NotChecked) == 0 || r.Publications[0].Records != 3 {
		t.Errorf("%+v", r)
	}
	audited(t, flip(d, folder.Text(slug, 1, "en"), 30), o, []found{{RuleText, version1At, folder.Text(slug, 1, "en")}})
	// Tiles without publications.
	o = Options{Trust: w.trust, Copy: true}
	tiles := logtest.Merge(w.log.Tiles(worldSize), logtest.Documents{"checkpoint": w.log.Checkpoint(worldSize)})
	if r := audited(t, tiles, o, []found{}); len(r.NotChecked) != 2 {
		t.Errorf("%q", r.NotChecked)
	}
	// An empty log.
	empty := logtest.New(t, "https://empty.example/")
	listing, err := empty.Trust().Marshal()
	check(t, err)
	audited(t, logtest.Documents{"checkpoint": empty.Checkpoint(0), layout.Trust(): listing}, Options{Trust: empty.Trust()}, []found{})
	if _, err := Run(t.Context(), tiles, Options{}); !errors.Is(err, log.ErrNoPolicy) {
		t.Errorf("nobody to trust: %v", err)
	}
}

// TestHugeClaim: a checkpoint over more entries than there can be ends soon.
func TestHugeClaim(t *testing.T) {
	for _, size := range []int64{1 << 40, tile.MaxSize, tile.MaxSize + 1, 1 << 62} {
		l := logtest.New(t, "https://huge.example/")
		note, err := log.SignCheckpoint(l.Signer, size, l.Root(0))
		check(t, err)
		src := &counted{Source: logtest.Documents{"checkpoint": note}}
		got, err := Run(t.Context(), src, Options{Trust: l.Trust()})
		check(t, err)
		if got.Report.Outcome != Found || len(src.paths) > 500 {
			t.Errorf("size %d: %s after %d documents", size, got.Report.Outcome, len(src.paths))
		}
	}
}

// TestPartialFromFull: a log may delete partial tiles when the full ones are
// there.
func TestPartialFromFull(t *testing.T) {
	w := newWorld(t, nil)
	d := w.servedAt(500)
	full := w.log.Tiles(worldSize)
	for _, p := range []string{"tile/0/001.p/244", "tile/entries/001.p/244"} {
		if d[p] == nil {
			t.Fatalf("there is no %s", p)
		}
		delete(d, p)
	}
	d[leaves1], d[bundle1] = full[leaves1], full[bundle1]
	audited(t, d, w.options(), []found{})
}

// TestTall tampers with each kind of tile of a tree with full tiles of level 1.
func TestTall(t *testing.T) {
	const size = 65_536 + 300
	l := logtest.New(t, "https://tall.example/")
	signer := logtest.NewSigner(t)
	for i := range int64(size) {
		e := log.Entry{Digest: log.Sum([]byte{byte(i), byte(i >> 8), byte(i >> 16)}), Signature: []byte("no signature"), Key: signer.Public().SPKI()}
		b, err := e.Marshal()
		check(t, err)
		l.Append(b)
	}
	honest := logtest.Merge(l.Tiles(size), logtest.Documents{"checkpoint": l.Checkpoint(size)})
	o := Options{Trust: l.Trust(), Copy: true, skipSignatures: true}
	audited(t, honest, o, []found{})
	for _, c := range []struct {
		paths []string
		want  []found
	}{
		{[]string{"tile/2/000.p/1"}, []found{{RuleTile, -1, "tile/2/000.p/1"}}},
		{[]string{"tile/1/000"}, []found{{RuleTile, -1, "tile/1/000"}}},
		{[]string{"tile/1/001.p/1"}, []found{{RuleTile, -1, "tile/1/001.p/1"}}},
		{[]string{"tile/0/000"}, []found{{RuleTile, -1, "tile/0/000"}}},
		{[]string{"tile/0/257.p/44"}, []found{{RuleTile, -1, "tile/0/257.p/44"}}},
		{[]string{"tile/entries/128"}, []found{{RuleBundle, 128*256 + 255, "tile/entries/128"}}},
		{[]string{"tile/1/000", "tile/0/007"}, []found{{RuleTile, -1, "tile/0/007"}, {RuleTile, -1, "tile/1/000"}}},
		{[]string{"tile/2/000.p/1", "tile/1/000"}, []found{{RuleTile, -1, "tile/1/000"}, {RuleTile, -1, "tile/2/000.p/1"}}},
		{[]string{"tile/1/000", "tile/0/007", "tile/entries/256"},
			[]found{{RuleTile, -1, "tile/0/007"}, {RuleTile, -1, "tile/1/000"}, {RuleBundle, 256*256 + 255, "tile/entries/256"}}},
	} {
		t.Run(strings.Join(c.paths, " "), func(t *testing.T) {
			d := honest.Clone()
			for _, p := range c.paths {
				flip(d, p, -1)
			}
			audited(t, d, o, c.want)
		})
	}
}

// TestReportJSON: the report has one shape, also where nothing is in it.
func TestReportJSON(t *testing.T) {
	w := newWorld(t, nil)
	got, err := Run(t.Context(), flip(w.served(), leaves1, 0), w.options())
	check(t, err)
	b, err := json.Marshal(got.Report)
	check(t, err)
	if strings.Contains(string(b), "null") {
		t.Errorf("a null in %s", b)
	}
	want := []Finding{{Rule: RuleTile, Index: -1, Path: leaves1, Detail: "is not the tile that the tree has here; its entry bundle is right", Evidence: map[string]string{}}}
	if diff := cmp.Diff(want, got.Report.Findings); diff != "" {
		t.Error(diff)
	}
}
