package evidence_test

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/sijil/sijil/internal/audit"
	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/internal/statement"
)

// rolled is a world whose publication has a roll of four batches: two that add, and one
// each that withdraws and withholds.
// It is returned with the rows of the first as they were when it was new.
func rolled(t *testing.T) (w *world, rows []byte) {
	w = newWorld(t)
	first := w.pub.Endorse(1, "Amina Saleh", "Jean-Élie", "ليلى الحداد")
	rows = w.served()[evidence.Layout{}.RollRows(slug, 1)]
	w.pub.EndRoll(statement.BatchWithdraw, "By her letter.", first[0])
	w.pub.EndRoll(statement.BatchWithhold, "At his wish.", first[1])
	w.pub.Endorse(2, "Mohamed")
	return w, rows
}

// folder packs a publication as the tool does.
func (w *world) folder(src evidence.Source) (logtest.Documents, error) {
	w.t.Helper()
	p := mustOpen(w.t, src, w.options())
	out := logtest.Documents{}
	files, err := p.Pack(w.trust)
	check(w.t, err)
	maps.Copy(out, files)
	_, err = p.PackRoll(w.t.Context(), src, func(path string, doc []byte) error { out[path] = doc; return nil }, func(int64, int64) {})
	return out, err
}

// audited is what an audit of a folder says.
func (w *world) audited(d logtest.Documents) *audit.Report {
	w.t.Helper()
	got, err := audit.Run(w.t.Context(), d, audit.Options{Trust: w.trust, Copy: true, Layout: evidence.Layout{Folder: true}})
	if err != nil && got == nil {
		w.t.Fatal(err)
	}
	return got.Report
}

// TestPackRoll: a folder holds the roll, and an audit of the folder counts it as one of the
// service does.
func TestPackRoll(t *testing.T) {
	w, _ := rolled(t)
	dir, err := w.folder(w.served())
	check(t, err)
	run := w.audited
	r := run(dir)
	if len(r.Findings) > 0 {
		t.Errorf("%+v", r.Findings)
	}
	var lines []string
	for path := range dir {
		if strings.Contains(path, "/roll") {
			lines = append(lines, path)
		}
	}
	slices.Sort(lines)
	if want := []string{"river/roll.jsonl", "river/roll/1.jsonl", "river/roll/2.jsonl", "river/roll/3.jsonl", "river/roll/4.jsonl"}; !slices.Equal(lines, want) {
		t.Errorf("%q", lines)
	}
	for what, change := range map[string]func(logtest.Documents){
		"a batch left out":       func(d logtest.Documents) { d["river/roll.jsonl"] = cutLine(d["river/roll.jsonl"], 1) },
		"rows of another batch":  func(d logtest.Documents) { d["river/roll/4.jsonl"] = d["river/roll/1.jsonl"] },
		"rows that are missing":  func(d logtest.Documents) { delete(d, "river/roll/1.jsonl") },
		"another name in a row":  func(d logtest.Documents) { d["river/roll/4.jsonl"] = cutLine(d["river/roll/1.jsonl"], 1) },
		"a row less":             func(d logtest.Documents) { d["river/roll/1.jsonl"] = cutLine(d["river/roll/1.jsonl"], 0) },
		"the withdrawal changed": func(d logtest.Documents) { d["river/roll/2.jsonl"] = d["river/roll/3.jsonl"] },
	} {
		bad := dir.Clone()
		change(bad)
		if r := run(bad); len(r.Findings) == 0 {
			t.Errorf("%s: nothing was found", what)
		}
	}
	delete(dir, "river/roll.jsonl")
	if r := run(dir); !slices.ContainsFunc(r.NotChecked, func(s string) bool { return strings.Contains(s, "roll of endorsers") }) {
		t.Errorf("without its roll: %q", r.NotChecked)
	}
}

// TestPackRollMoved: what is of another moment is read again, and what a batch withholds is
// never written.
func TestPackRollMoved(t *testing.T) {
	w, rows := rolled(t)
	served := w.served()
	l := evidence.Layout{}
	grown := func() source {
		w.pub.Endorse(2, "Zebunnisa")
		return source{served, map[string][]byte{l.Roll(slug): w.served()[l.Roll(slug)]}}
	}
	ahead := w.pub.Batches[0].Rows[2].Disclosure.Digest()
	withheldAhead := bytes.Join([][]byte{cutLine(served[l.RollRows(slug, 1)], 2), []byte(`{"withheld":"` + ahead + `"}` + "\n")}, nil)
	for what, c := range map[string]struct {
		src   evidence.Source
		moved bool
	}{
		"a batch more":                      {grown(), true},
		"a row that is withheld in advance": {source{served, map[string][]byte{l.RollRows(slug, 1): withheldAhead}}, true},
		"a withheld row that is served":     {source{served, map[string][]byte{l.RollRows(slug, 1): rows}}, false},
		"rows of another batch":             {source{served, map[string][]byte{l.RollRows(slug, 4): served[l.RollRows(slug, 1)]}}, false},
	} {
		dir, err := w.folder(c.src)
		var damaged *evidence.DamagedError
		if c.moved != errors.Is(err, evidence.ErrMoved) || !c.moved && !errors.As(err, &damaged) {
			t.Errorf("%s: %v", what, err)
		}
		if _, ok := dir["river/roll.jsonl"]; ok {
			t.Errorf("%s: the roll was written", what)
		}
	}
	if dir, err := w.folder(served); err != nil || len(dir["river/roll.jsonl"]) == 0 {
		t.Errorf("%v", err)
	}
}

// TestRollOfSeveralKeys: a batch has one signature, so no reader takes one that stands in the
// log under a policy that asks for two. Before and after such a time it may stand.
func TestRollOfSeveralKeys(t *testing.T) {
	for under, bad := range map[int]bool{1: false, 2: true} {
		w := newWorld(t)
		first, second := w.pub.Signer, logtest.NewSigner(t)
		before := w.pub.Endorse(2, "Amina Saleh")
		w.pub.ChangePolicy(2, first, second)
		if under == 1 {
			w.pub.ChangePolicy(1, first, second)
		}
		w.pub.EndRoll(statement.BatchWithhold, "A stolen key says so.", before...)
		if under == 1 {
			w.pub.ChangePolicy(2, first, second)
		}
		p := mustOpen(t, w.served(), w.options())
		list, err := p.Roll(t.Context(), w.served())
		var damaged *evidence.DamagedError
		if bad != errors.As(err, &damaged) || !bad && (err != nil || len(list) != 2) {
			t.Errorf("under a policy of %d: %v", under, err)
		}
		dir, err := p.Pack(w.trust)
		check(t, err)
		folder := logtest.Merge(dir, w.pub.Documents(evidence.Layout{Folder: true}, w.log.Size()))
		r := w.audited(folder)
		if found := slices.ContainsFunc(r.Findings, func(f audit.Finding) bool {
			return f.Rule == audit.RuleRoll && strings.Contains(f.Detail, "asks for 2")
		}); found != bad || len(r.Findings) > 0 != bad {
			t.Errorf("under a policy of %d: %+v", under, r.Findings)
		}
	}
}

// source serves documents, and some others in their place.
type source struct {
	logtest.Documents
	other map[string][]byte
}

// Fetch implements evidence.Source.
func (s source) Fetch(ctx context.Context, path string) ([]byte, error) {
	if b, ok := s.other[path]; ok {
		return b, nil
	}
	return s.Documents.Fetch(ctx, path)
}

// cutLine drops a line, counted from 0.
func cutLine(doc []byte, n int) []byte {
	lines := bytes.SplitAfter(doc, []byte("\n"))
	return bytes.Join(slices.Delete(lines, n, n+1), nil)
}
