package evidence_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"

	"github.com/sijil/sijil/internal/browsertest"
	"github.com/sijil/sijil/internal/endorsement"
	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/internal/statement"
)

func saidIn(part int) string { return served.Endorsements(slug, part) }

// lines are the lines of what signatories said, at the log's size.
func (w *spoken) lines() (out [][]byte) {
	w.t.Helper()
	for _, a := range w.pub.Asides {
		out = append(out, w.pub.AsideLine(a, w.log.Size()))
	}
	return out
}

// TestParts: whatever the parts, the same is known, and a folder holds them as they were
// served.
func TestParts(t *testing.T) {
	w := newSpoken(t)
	w.speak()
	all := len(w.pub.Asides)
	want := standingsOf(mustOpen(t, w.served(), w.options()))
	for most := 1; most <= all+1; most++ {
		w.pub.PartRecords = most
		docs, o := w.served(), w.options().PartRecords(most)
		p := mustOpen(t, docs, o)
		if got := p.EndorsementParts(); len(p.Asides()) != all || got != all/most+1 {
			t.Errorf("parts of %d: %d parts, %d records", most, got, len(p.Asides()))
		}
		if diff := cmp.Diff(want, standingsOf(p)); diff != "" {
			t.Errorf("parts of %d (-one +several):\n%s", most, diff)
		}
		files, err := p.Pack(w.trust)
		check(t, err)
		o.Layout.Folder, o.Consistent = true, nil
		if diff := cmp.Diff(want, standingsOf(mustOpen(t, logtest.Documents(files), o))); diff != "" {
			t.Errorf("parts of %d (-served +folder):\n%s", most, diff)
		}
		for n := range all/most + 2 {
			mine, there := files[o.Layout.Endorsements(slug, n+1)]
			theirs, want := docs[saidIn(n+1)]
			if there != want || !bytes.Equal(mine, theirs) {
				t.Errorf("parts of %d: part %d in the folder is not what was served", most, n+1)
			}
		}
	}
}

// partLies are what a server can do to parts of two records each, of which there are three
// and an empty one.
func (w *spoken) partLies() map[string]lieAbout {
	w.t.Helper()
	l := w.lines()
	join := func(lines ...[]byte) []byte { return append([]byte{}, bytes.Join(lines, nil)...) }
	put := func(part int, doc []byte) func(logtest.Documents) {
		return func(d logtest.Documents) { d[saidIn(part)] = doc }
	}
	drop := func(part int) func(logtest.Documents) {
		return func(d logtest.Documents) { delete(d, saidIn(part)) }
	}
	both := func(all ...func(logtest.Documents)) func(logtest.Documents) {
		return func(d logtest.Documents) {
			for _, f := range all {
				f(d)
			}
		}
	}
	const missing, before = "is missing, and the part before it is full", "stands in the log before the line that it follows"
	return map[string]lieAbout{
		"a part left out":                       {drop(2), saidIn(2), missing},
		"the last full part left out":           {drop(3), saidIn(3), missing},
		"the empty last part left out":          {drop(4), saidIn(4), missing},
		"a part left out, the rest moved up":    {both(put(2, join(l[4], l[5])), put(3, []byte{})), "", ""},
		"a part repeated":                       {put(3, join(l[2], l[3])), saidIn(3), before},
		"the first part for the last":           {put(4, join(l[0], l[1])), saidIn(4), before},
		"two parts exchanged":                   {both(put(1, join(l[2], l[3])), put(2, join(l[0], l[1]))), saidIn(2), before},
		"a line twice, in two parts":            {put(2, join(l[1], l[2])), saidIn(2), before},
		"a line twice, in the empty part":       {put(4, l[5]), saidIn(4), before},
		"a line moved up":                       {both(put(1, join(l[0], l[1], l[2])), put(2, l[3])), saidIn(1), "has 3 lines, and a part has at most 2"},
		"all lines in the first part":           {both(put(1, join(l...)), drop(2), drop(3), drop(4)), saidIn(1), "has 6 lines"},
		"a line more in the last part":          {put(3, join(l[4], l[5], l[5])), saidIn(3), "has 3 lines"},
		"an empty line more":                    {put(2, join(l[2], l[3], []byte("\n"))), saidIn(2), "has 3 lines"},
		"half a line more":                      {put(2, join(l[2], l[3], l[4][:9])), saidIn(2), "has 3 lines"},
		"a line moved down":                     {both(put(1, l[0]), put(2, join(l[1], l[2], l[3]))), "", ""},
		"a line moved on, into the next part":   {both(put(2, join(l[2], l[4])), put(3, join(l[3], l[5]))), saidIn(3), before},
		"a line moved back, into the one first": {both(put(1, join(l[0], l[2])), put(2, join(l[1], l[3]))), saidIn(2), before},
		"the lines of a part exchanged":         {put(2, join(l[3], l[2])), saidIn(2), "line 2: " + before},
		"a line left out":                       {put(2, l[2]), "", ""},
		"an empty part in the middle":           {put(2, []byte{}), "", ""},
		"no document":                           {drop(1), "", ""},
		"one that is never asked for":           {put(5, l[0]), "", ""},
		"an empty part that is a line feed":     {put(4, []byte("\n")), saidIn(4), "line 1: "},
		"a part that is no lines":               {put(2, []byte("\n\n")), saidIn(2), "line 1: "},
		"a line without end":                    {put(3, join(l[4], l[5][:len(l[5])-1])), saidIn(3), "line 2 has no end"},
	}
}

// TestLiesAboutParts: what a lying or damaged server may do to parts, and what the reader is
// told, here and in the browser.
func TestLiesAboutParts(t *testing.T) {
	w := newSpoken(t)
	w.speak()
	w.pub.PartRecords = 2
	docs := w.served()
	if d := docs[saidIn(4)]; d == nil || len(d) > 0 || docs[saidIn(5)] != nil {
		t.Fatalf("the last part is %q", d)
	}
	mustOpen(t, docs, w.options().PartRecords(2))
	var all []asked
	refused := 0
	for name, c := range w.partLies() {
		changed := docs.Clone()
		c.change(changed)
		p, err := evidence.Open(context.Background(), changed, w.options().PartRecords(2))
		var bad *evidence.DamagedError
		switch {
		case c.path == "":
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		case p != nil || !errors.As(err, &bad):
			t.Errorf("%s: %v, want a DamagedError", name, err)
		case bad.Path != c.path || !strings.Contains(bad.Err.Error(), c.says):
			t.Errorf("%s: %s: %v\nwant %s: …%s…", name, bad.Path, bad.Err, c.path, c.says)
		}
		if c.path != "" {
			refused++
		}
		a := asked{Name: name, Docs: map[string][]byte{}, Parts: 2}
		for p := range logtest.Merge(docs, changed) {
			if b, ok := changed[p]; !ok || !bytes.Equal(b, docs[p]) {
				a.Docs[p] = b
			}
		}
		all = append(all, a)
	}
	r := newReader(t, w.world, docs)
	if n := r.ask(t, []asked{{Name: "now", Copies: copies(), Parts: 2}}); n != 0 {
		t.Fatal("the true answers were refused")
	}
	if n := r.ask(t, all); n != refused {
		t.Errorf("the browser refused %d of %d, want %d", n, len(all), refused)
	}
}

// TestPartsUnreachable: a part that could not be asked for is not one that is missing.
func TestPartsUnreachable(t *testing.T) {
	w := newSpoken(t)
	w.speak()
	w.pub.PartRecords = 2
	for part := 1; part <= 4; part++ {
		if p, err := evidence.Open(context.Background(), unreachable{w.served(), saidIn(part)}, w.options().PartRecords(2)); p != nil || !errors.Is(err, errNetwork) {
			t.Errorf("part %d: %v", part, err)
		}
	}
}

// endless is a source whose document never ends: each part is full.
type endless struct {
	logtest.Documents
	line func(n int) []byte
	n    int
}

func (e *endless) Fetch(ctx context.Context, path string) ([]byte, error) {
	if strings.Contains(path, "/endorsements.") {
		e.n++
		return e.line(e.n), nil
	}
	return e.Documents.Fetch(ctx, path)
}

// TestEndlessParts: a server that never comes to an end is told so.
func TestEndlessParts(t *testing.T) {
	w := newSpoken(t)
	w.speak()
	large := bytes.Repeat([]byte("x"), 16<<20)
	large[len(large)-1] = '\n'
	for name, line := range map[string]func(int) []byte{
		"short lines": func(int) []byte { return []byte("x\n") },
		"long lines":  func(int) []byte { return large },
	} {
		e := &endless{Documents: w.served(), line: line}
		_, err := evidence.Open(t.Context(), e, w.options().PartRecords(1))
		if !errors.Is(err, endorsement.ErrTooMuch) || e.n > endorsement.MaxParts {
			t.Errorf("%s: %v, after %d parts", name, err, e.n)
		}
	}
}

// turning is a source that grows between two answers.
type turning struct {
	before, after logtest.Documents
	left          int // answers from before
}

func (s *turning) Fetch(ctx context.Context, path string) ([]byte, error) {
	if s.left--; s.left >= 0 {
		return s.before.Fetch(ctx, path)
	}
	return s.after.Fetch(ctx, path)
}

// TestPartsWhileEndorsing: records come in between any two answers, one of them late, before
// others that were there: neither reader takes an honest service for a liar.
func TestPartsWhileEndorsing(t *testing.T) {
	w := newSpoken(t)
	w.speak()
	w.pub.PartRecords = 2
	all := w.pub.Asides
	tiles := func() logtest.Documents { return w.log.Tiles(w.log.Size()) }
	served := func(some []logtest.Signature) logtest.Documents {
		w.pub.Asides = some
		defer func() { w.pub.Asides = all }()
		return logtest.Merge(w.served(), tiles())
	}
	states := map[string]logtest.Documents{}
	for i := 1; i < len(all); i += 2 {
		states[fmt.Sprintf("the first %d", i)] = served(all[:i])
		states[fmt.Sprintf("all but %d", i)] = served(slices.Delete(slices.Clone(all), i, i+1))
	}
	small := served(all[:3])
	w.claim(w.one, statement.ClaimWithdrawal, 2, 0, "")
	w.see(statement.MeansDomain, statement.ClaimEndorsement, 1, 1, "")
	w.log.Append([]byte("and one more"))
	all = w.pub.Asides
	states["of a smaller tree"] = small
	after := served(all)
	r := newReader(t, w.world, after)
	for _, name := range slices.Sorted(maps.Keys(states)) {
		before := states[name]
		answers := 0
		for left := 0; ; left++ {
			s := &turning{before, after, left}
			if _, err := evidence.Open(t.Context(), s, w.options().PartRecords(2)); err != nil {
				t.Errorf("%s, %d answers from before: %v", name, left, err)
			}
			if s.left >= 0 {
				answers = left
				break
			}
		}
		var got []told
		r.page.Do(t, chromedp.Evaluate(fmt.Sprintf(`(async () => {
			const [before, out] = [%s, []];
			for (let left = 0; left <= %d; left++) {
				let n = 0;
				out.push(await ask({parts: 2}, async (path, late) => {
					if (n++ >= left) return late(path);
					return path in before ? Uint8Array.from(atob(before[path]), c => c.charCodeAt(0)) : undefined;
				}));
			}
			return out;
		})()`, browsertest.JSON(t, before), answers), &got, browsertest.Await))
		for left, g := range got {
			if g.Code != "" {
				t.Errorf("%s, %d answers from before, in the browser: %s", name, left, g.Detail)
			}
		}
		if len(got) < 10 {
			t.Errorf("%s: %d answers", name, len(got))
		}
	}
}

// TestManyRecords: two full parts and an empty one, and then one more record, as they are in
// production.
func TestManyRecords(t *testing.T) {
	w := newSpoken(t)
	for range 2 * endorsement.PartRecords {
		w.claim(w.stranger, statement.ClaimDenial, 1, 0, "")
		w.log.Append([]byte("an entry of somebody else")) // so that no two claims are of one hour
	}
	docs := w.served()
	if d := docs[saidIn(3)]; d == nil || len(d) > 0 {
		t.Errorf("the third part has %d bytes", len(d))
	}
	p := mustOpen(t, docs, w.options())
	if n := len(p.Asides()); n != 2*endorsement.PartRecords || p.EndorsementParts() != 3 {
		t.Errorf("%d records in %d parts", n, p.EndorsementParts())
	}
	w.claim(w.one, statement.ClaimEndorsement, 1, 0, "en")
	w.enrol(w.one, 0, "wells.example", 0)
	docs = w.served()
	if n := newReader(t, w.world, docs).ask(t, []asked{{Name: "many records"}, {Name: "the third part left out", Docs: map[string][]byte{saidIn(3): nil}}}); n != 1 {
		t.Errorf("the browser refused %d", n)
	}
	if got := mustOpen(t, docs, w.options()).Book().Version(1)[0].Known; got != endorsement.Signed {
		t.Errorf("the endorsement in the third part is not known: %s", got)
	}
}
