package evidence_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/sijil/sijil/internal/browsertest"
	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/internal/extract"
	"github.com/sijil/sijil/internal/jcs"
	"github.com/sijil/sijil/internal/logtest"
)

// asked is what a browser is asked: the documents that differ from the true ones
// (nil: there is none), and what it remembers.
type asked struct {
	Name   string            `json:"name"`
	Docs   map[string][]byte `json:"docs"`
	Memory json.RawMessage   `json:"memory"`
	Now    float64           `json:"now"` // 0: an exported folder has no time
	Folder bool              `json:"folder"`
	Copies [][]byte          `json:"copies"`
	Parts  int               `json:"parts"` // records of a full part; 0: as in production

	memory evidence.Memory
	tiles  logtest.Documents
}

// told is what it says.
type told struct {
	Code     string            `json:"code"` // "": all verified
	Detail   string            `json:"detail"`
	Records  []string          `json:"records"` // digests
	Verdicts []json.RawMessage `json:"verdicts"`
	Known    [][]standing      `json:"known"` // by version
	Remember json.RawMessage   `json:"remember"`
}

// standing is how a list entry is known.
type standing struct {
	Entry string `json:"entry"`
	Known string `json:"known"`
	Left  *left  `json:"left"`
}

type left struct {
	Kind      string `json:"kind"`
	Record    string `json:"record"`
	Index     int64  `json:"index"`
	Issued    string `json:"issued"`
	Publisher bool   `json:"publisher"`
}

func standingsOf(p *evidence.Publication) (out [][]standing) {
	latest, _ := p.Latest()
	for n := 1; latest.Edition != nil && n <= latest.Edition.Statement().Version; n++ {
		list := []standing{}
		for _, s := range p.Book().Version(n) {
			x := standing{Entry: s.Entry, Known: string(s.Known)}
			if l := s.Left; l != nil {
				x.Left = &left{l.Kind, l.Record.String(), l.Index, l.Issued, l.Publisher}
			}
			list = append(list, x)
		}
		out = append(out, list)
	}
	return out
}

// reader is the browser's reading of a publication, with the true documents.
type reader struct {
	page *browsertest.Page
	w    *world
	docs logtest.Documents
}

func newReader(t *testing.T, w *world, docs logtest.Documents) *reader {
	page := browsertest.LoadPage(t, "engine.ts", "engine")
	trust, err := w.trust.Marshal()
	check(t, err)
	page.Do(t, chromedp.Evaluate(fmt.Sprintf(`(async () => {
		const bytes = b => Uint8Array.from(atob(b), c => c.charCodeAt(0));
		const docs = new Map(Object.entries(%s).map(([p, b]) => [p, bytes(b)]));
		const trust = await engine.parseTrust(bytes(%s));
		globalThis.ask = async (a, by) => {
			const changed = new Map(Object.entries(a.docs ?? {}).map(([p, b]) => [p, b === null ? undefined : bytes(b)]));
			const served = async p => changed.has(p) ? changed.get(p) : docs.get(p);
			const fetch = by ? p => by(p, served) : served;
			try {
				const now = a.now || undefined;
				const p = await engine.openPublication(fetch, {trust, slug: %q, memory: a.memory ?? undefined, now, folder: a.folder, partRecords: a.parts || undefined});
				const index = engine.indexOf([p]);
				const verdicts = (a.copies ?? []).map(b => engine.checkEvidence(p, index, {form: "text", text: bytes(b), warnings: [], doubts: []}, "pinned", now));
				const known = p.records.filter(r => r.edition).map((_, i) => engine.standings(p.book, i + 1));
				return {code: "", records: p.records.map(r => r.digest), verdicts, known, remember: p.remember};
			} catch (e) {
				return {code: engine.uncheckedFor("", e).reason.code, detail: String(e.message)};
			}
		};
	})()`, browsertest.JSON(t, docs), browsertest.JSON(t, trust), slug), nil, browsertest.Await))
	return &reader{page: page, w: w, docs: docs}
}

// askGo is the same question to this program.
func (r *reader) askGo(t *testing.T, a asked) told {
	t.Helper()
	docs := logtest.Merge(r.docs, a.tiles)
	for p, b := range a.Docs {
		if b == nil {
			delete(docs, p)
		} else {
			docs[p] = b
		}
	}
	o := r.w.options().PartRecords(a.Parts)
	o.Memory, o.Copy = a.memory, a.Folder
	o.Layout.Folder = a.Folder
	if a.Folder {
		o.Consistent = nil
	}
	if a.Now > 0 {
		o.Now = time.Unix(int64(a.Now), 0)
	}
	p, err := evidence.Open(context.Background(), docs, o)
	if err != nil {
		return told{Code: evidence.Unchecked("", err).Reason.Code, Detail: err.Error()}
	}
	out := told{Known: standingsOf(p)}
	for _, rec := range p.Records() {
		out.Records = append(out.Records, rec.Digest().String())
	}
	for _, c := range a.Copies {
		v, err := p.Check(extract.Plain(c), "pinned", o.Now)
		check(t, err)
		out.Verdicts = append(out.Verdicts, json.RawMessage(browsertest.JSON(t, v)))
	}
	return out
}

// ask holds the browser's answers against this program's, and returns how many times it
// refused.
func (r *reader) ask(t *testing.T, all []asked) (refused int) {
	t.Helper()
	wrong := 0
	for batch := range slices.Chunk(all, 200) {
		var got []told
		r.page.Do(t, chromedp.Evaluate(fmt.Sprintf(`(async () => { const out = []; for (const a of %s) out.push(await ask(a)); return out })()`,
			browsertest.JSON(t, batch)), &got, browsertest.Await))
		for i, a := range batch {
			want, have := r.askGo(t, a), got[i]
			if have.Code != "" {
				refused++
			}
			same := want.Code == have.Code && slices.Equal(want.Records, have.Records) && cmp.Equal(want.Known, have.Known, cmpopts.EquateEmpty()) && len(want.Verdicts) == len(have.Verdicts)
			for k := range min(len(want.Verdicts), len(have.Verdicts)) {
				same = same && cmp.Diff(decoded(t, want.Verdicts[k]), decoded(t, have.Verdicts[k])) == ""
			}
			if !same && wrong < 8 {
				wrong++
				t.Errorf("%s:\nGo      %q %s %v %s\nbrowser %q %s %v %s\nknown (-Go +browser):\n%s", a.Name, want.Code, want.Detail, want.Records, want.Verdicts, have.Code, have.Detail, have.Records, have.Verdicts, cmp.Diff(want.Known, have.Known))
			}
		}
	}
	return refused
}

func decoded(t *testing.T, b []byte) (v any) {
	t.Helper()
	check(t, json.Unmarshal(b, &v))
	return v
}

func copies() [][]byte {
	var out [][]byte
	for _, e := range logtest.River() {
		for _, lang := range slices.Sorted(maps.Keys(e.Texts)) {
			s := e.Texts[lang]
			out = append(out, []byte(s), []byte(strings.ReplaceAll(s, "\n", "\n\n")), []byte(strings.Replace(s, " ", " not ", 3)))
		}
	}
	return append(out, []byte("The weather is fine today, and will be tomorrow.\n"), []byte("\xff"))
}

// TestBrowser: what verifies here verifies in the browser, with the same verdicts, and
// the lying server convinces neither.
func TestBrowser(t *testing.T) {
	w := witnessed(t)
	w.pub.Retract(1, "A demand was missing.")
	docs := w.served()
	r := newReader(t, w, docs)
	now := float64(time.Now().Unix())
	good := []asked{
		{Name: "now", Now: now, Copies: copies()},
		{Name: "offline", Copies: copies()},
		{Name: "stale", Now: now + 25*3600, Copies: copies()},
	}
	if n := r.ask(t, good); n != 1 {
		t.Errorf("%d of the true answers were refused", n)
	}
	lies := slices.Concat(dropped(docs), swapped(docs), fields(t, docs))
	if len(lies) < 300 {
		t.Errorf("only %d lies", len(lies))
	}
	refused := r.ask(t, lies)
	t.Logf("%d lies, %d refused", len(lies), refused)
	flipped := flipsOf(docs, 1500)
	refused = r.ask(t, flipped)
	t.Logf("%d flips, %d refused", len(flipped), refused)
}

// TestBrowserCosigned is TestBrowser where several keys sign, others take their place,
// and a name is withheld.
func TestBrowserCosigned(t *testing.T) {
	w := newCosigned(t, 2)
	told := w.lies()
	w.pub.Retract(1, "A demand was missing.")
	w.pub.Redact(2, 1)
	docs := w.served()
	r := newReader(t, w.world, docs)
	e := logtest.River()[1]
	listed := []byte(e.Texts["en"] + "\n" + strings.Join(e.Names, "\n") + "\n")
	if n := r.ask(t, []asked{{Name: "now", Now: float64(time.Now().Unix()), Copies: append(copies(), listed)}, {Name: "offline", Copies: copies()}}); n != 0 {
		t.Fatalf("%d of the true answers were refused", n)
	}
	var lies []asked
	add := func(name string, change func(logtest.Documents)) {
		changed := docs.Clone()
		change(changed)
		a := asked{Name: name, Docs: map[string][]byte{}}
		for p := range logtest.Merge(docs, changed) {
			if b, ok := changed[p]; !ok || string(b) != string(docs[p]) {
				a.Docs[p] = b
			}
		}
		lies = append(lies, a)
	}
	want := 0
	for name, c := range told {
		add(name, c.change)
		if c.path != "" {
			want++
		}
	}
	alone := w.log.Fork(w.log.Size()) // its witnesses have not seen this
	unseen := func(record, nth int) []byte {
		s := w.pub.Signatures(record)[nth-1]
		b, err := alone.Complete(s.Bundle, s.Key, s.Index, w.log.Size()).Marshal()
		check(t, err)
		return b
	}
	add("no witness of the second signature", func(d logtest.Documents) { d[secondPath(3)] = unseen(3, 2) })
	add("nor of the first, and there is no second", func(d logtest.Documents) { d[recordPath(3)] = unseen(3, 1); delete(d, secondPath(3)) })
	add("nor of the first, and the second is a copy", func(d logtest.Documents) { d[recordPath(3)] = unseen(3, 1); d[secondPath(3)] = d[recordPath(3)] })
	add("nor of one before a record that is missing", func(d logtest.Documents) { d[secondPath(3)] = unseen(3, 2); delete(d, recordPath(4)) })
	if refused := r.ask(t, lies); refused != want+4 {
		t.Errorf("%d of %d lies refused, want %d", refused, len(lies), want+4)
	}
	more := slices.Concat(dropped(docs), swapped(docs), fields(t, docs))
	t.Logf("%d further lies, %d refused", len(more), r.ask(t, more))
	flipped := flipsOf(docs, 500)
	t.Logf("%d flips, %d refused", len(flipped), r.ask(t, flipped))
}

// TestBrowserEarlySignature: the browser too holds each signature's place in the log
// to the record before.
func TestBrowserEarlySignature(t *testing.T) {
	w := earlySignature(t)
	if n := newReader(t, w.world, w.docs).ask(t, []asked{{Name: "a signature before the record that it follows"}}); n != 1 {
		t.Error("it was not refused")
	}
}

// TestBrowserChain: the browser holds the chain to the same rules.
func TestBrowserChain(t *testing.T) {
	unknown := newWorld(t).pub.Redaction(1, 0).Entry
	for name, c := range map[string]struct {
		grow func(w *world)
		good bool
	}{
		"a version after the end":   {func(w *world) { w.pub.Retract(0, "x"); w.pub.Add(logtest.River()[0]) }, false},
		"a policy after the end":    {func(w *world) { w.pub.Retract(0, "x"); w.pub.ChangePolicy(1, w.pub.Signer) }, false},
		"a redaction after the end": {func(w *world) { w.pub.Retract(0, "x"); w.pub.Redact(2, 2) }, true},
		"a name withheld twice":     {func(w *world) { w.pub.Redact(1, 0); w.pub.Redact(1, 0) }, false},
		"one name, then another":    {func(w *world) { w.pub.Redact(1, 0); w.pub.Redact(2, 1) }, true},
		"a name that nobody listed": {func(w *world) { r := w.pub.Redaction(1, 0); r.Entry = unknown; w.pub.Append(r) }, false},
		"the old key after its removal": {func(w *world) {
			old := w.pub.Signer
			w.pub.ChangePolicy(1, logtest.NewSigner(t))
			w.pub.Signer = old
			w.pub.Add(logtest.River()[0])
		}, false},
		"the new key before its policy": {func(w *world) { w.pub.Signer = logtest.NewSigner(t); w.pub.ChangePolicy(1, w.pub.Signer) }, false},
		"one signature where two are asked for": {func(w *world) {
			w.pub.ChangePolicy(2, w.pub.Signer, logtest.NewSigner(t))
			w.pub.Cosigners = nil
			w.pub.Retract(1, "x")
		}, false},
		"two signatures where one was asked for": {func(w *world) {
			w.pub.ChangePolicy(2, w.pub.Signer, logtest.NewSigner(t))
			w.pub.ChangePolicy(1, w.pub.Signer)
			w.pub.Retract(1, "x")
		}, true},
	} {
		w := newWorld(t)
		c.grow(w)
		if refused := newReader(t, w, w.served()).ask(t, []asked{{Name: name, Copies: copies()}}); (refused == 0) != c.good {
			t.Errorf("%s: refused %v", name, refused > 0)
		}
	}
}

// TestBrowserNotes: the browser reads lines of strangers, and the spelling of signatures, as
// this package does.
func TestBrowserNotes(t *testing.T) {
	w := newWorld(t)
	docs := w.served()
	checkpointPath := evidence.Layout{}.Checkpoint()
	last := bytes.LastIndexByte(docs[checkpointPath], '=') - 1
	spelt := bytes.Clone(docs[checkpointPath])
	spelt[last] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[strings.IndexByte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", spelt[last])|1]
	asks := []asked{{Name: "unused bits of the signature", Docs: map[string][]byte{checkpointPath: spelt}}}
	want := 1
	for line, good := range map[string]bool{
		"— noise.example AAAAAAAAAAAA\n": true, "— noise.example AAAAAAAB\n": true, "— noise.example AAAAAAB=\n": false, "— noise.example AAAAAAA\n": false,
		"— noise\u0085example AAAAAAAAAAAA\n": false, "— noise\u00a0example AAAAAAAAAAAA\n": false, "— noise\u3000example AAAAAAAAAAAA\n": false,
		"— noise\ufeffexample AAAAAAAAAAAA\n": true, "— noise\u200bexample AAAAAAAAAAAA\n": true, "— noise+example AAAAAAAAAAAA\n": false,
		"—  AAAAAAAAAAAA\n": false, "noise.example AAAAAAAAAAAA\n": false, "— noise.example AAAA\n": false, "— noise.example AAAAAAAAAAAA \n": false,
	} {
		if !good {
			want++
		}
		asks = append(asks, asked{Name: line, Docs: map[string][]byte{checkpointPath: append(bytes.Clone(docs[checkpointPath]), line...)}})
	}
	if n := newReader(t, w, docs).ask(t, asks); n != want {
		t.Errorf("%d of %d notes were refused, want %d", n, len(asks), want)
	}
}

// TestBrowserVector: the vectors open in the browser.
func TestBrowserVector(t *testing.T) {
	for name, records := range vectors {
		v := readVector(t, name)
		r := newReader(t, &world{t: t, trust: v.trust}, v.docs)
		good := asked{Name: name}
		for _, c := range v.Copies {
			good.Copies = append(good.Copies, []byte(c.Copy))
		}
		if n := r.ask(t, []asked{good}); n != 0 {
			t.Errorf("%s, with %d records, was refused", name, records)
		}
		var broken []asked
		for path, b := range v.docs {
			broken = append(broken, asked{Name: name + ": a byte before " + path, Docs: map[string][]byte{path: append([]byte("x"), b...)}})
		}
		if n := r.ask(t, broken); n != len(broken) {
			t.Errorf("%s: %d of %d damaged documents were refused", name, n, len(broken))
		}
	}
}

// dropped leaves documents out, or empties or cuts them.
func dropped(docs logtest.Documents) (out []asked) {
	for _, p := range slices.Sorted(maps.Keys(docs)) {
		out = append(out, asked{Name: "without " + p, Docs: map[string][]byte{p: nil}},
			asked{Name: "empty " + p, Docs: map[string][]byte{p: {}}},
			asked{Name: "half of " + p, Docs: map[string][]byte{p: docs[p][:len(docs[p])/2]}},
			asked{Name: "twice " + p, Docs: map[string][]byte{p: append(slices.Clone(docs[p]), docs[p]...)}})
	}
	return out
}

// swapped serves each document in the place of each other one.
func swapped(docs logtest.Documents) (out []asked) {
	for p := range docs {
		for q := range docs {
			if p != q {
				out = append(out, asked{Name: q + " as " + p, Docs: map[string][]byte{p: docs[q]}})
			}
		}
	}
	return out
}

// fields changes each value in each JSON document, which stays in its one encoding.
func fields(t *testing.T, docs logtest.Documents) (out []asked) {
	for _, p := range slices.Sorted(maps.Keys(docs)) {
		if !strings.HasSuffix(p, ".json") {
			continue
		}
		changes := 0
		for n := 0; ; n++ {
			var v any
			check(t, json.Unmarshal(docs[p], &v))
			at := n
			lied, ok := lie(v, &at)
			if !ok {
				break
			}
			b, err := jcs.Marshal(lied)
			check(t, err)
			out = append(out, asked{Name: fmt.Sprintf("%s, value %d", p, n), Docs: map[string][]byte{p: b}})
			changes++
		}
		if changes < 5 {
			t.Errorf("%s: %d values only", p, changes)
		}
	}
	return out
}

// lie changes the value that is number *at in v, going deep.
func lie(v any, at *int) (any, bool) {
	if *at == 0 {
		*at--
		return other(v), true
	}
	*at--
	switch v := v.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			if *at == 0 { // first the member itself
				*at--
				delete(v, k)
				return v, true
			}
			*at--
			if changed, ok := lie(v[k], at); ok {
				v[k] = changed
				return v, true
			}
		}
	case []any:
		for i := range v {
			if changed, ok := lie(v[i], at); ok {
				v[i] = changed
				return v, true
			}
		}
	}
	return v, false
}

func other(v any) any {
	switch v := v.(type) {
	case string:
		if v == "" {
			return "x"
		}
		b := []byte(v)
		c := &b[len(b)/2]
		if *c == 'A' {
			*c = 'B'
		} else {
			*c = 'A'
		}
		return string(b)
	case float64:
		return v + 1
	case []any:
		return append(v, v...)
	case map[string]any:
		v["more"] = true
		return v
	}
	return "other"
}

func flipsOf(docs logtest.Documents, n int) (out []asked) {
	rng := rand.New(rand.NewPCG(4, 4))
	paths := slices.Sorted(maps.Keys(docs))
	for len(out) < n {
		p := paths[rng.IntN(len(paths))]
		f := flip{p, rng.IntN(len(docs[p])), 1 << rng.IntN(8)}
		out = append(out, asked{Name: fmt.Sprintf("%+v", f), Docs: map[string][]byte{p: turned(docs[p], f)}})
	}
	return out
}

// TestBrowserMemory: a browser that has seen more of a log is not shown less, and
// proves what cannot be true.
func TestBrowserMemory(t *testing.T) {
	w := newWorld(t)
	tiles := w.log.Tiles(w.log.Size())
	docs := logtest.Merge(w.served(), tiles)
	r := newReader(t, w, docs)
	memory := func(m evidence.Memory) json.RawMessage {
		heads := map[string]string{}
		for g, n := range m.Heads {
			heads[g.String()] = string(n)
		}
		out := map[string]any{"heads": heads}
		if m.Checkpoint != nil {
			out["checkpoint"] = string(m.Checkpoint)
		}
		return json.RawMessage(browsertest.JSON(t, out))
	}
	var all []asked
	add := func(name string, m evidence.Memory, docs map[string][]byte) {
		all = append(all, asked{Name: name, Memory: memory(m), memory: m, Docs: docs})
	}
	for size := range w.log.Size() + 1 {
		add(fmt.Sprintf("seen %d", size), remembered(w.log, size), nil)
	}
	fork := w.log.Fork(3)
	for range 4 {
		fork.Append([]byte("another history"))
	}
	for size := int64(3); size <= fork.Size(); size++ {
		add(fmt.Sprintf("seen %d of a fork", size), remembered(fork, size), nil)
	}
	for p := range tiles {
		add("a wrong tile", remembered(w.log, 2), map[string][]byte{p: make([]byte, len(tiles[p]))})
	}
	add("no memory that it can read", evidence.Memory{Checkpoint: []byte("x\n")}, nil)
	for _, a := range all {
		want := r.askGo(t, a)
		var got told
		r.page.Do(t, chromedp.Evaluate(fmt.Sprintf(`ask(%s)`, browsertest.JSON(t, a)), &got, browsertest.Await))
		// Go's reader in this test proves consistency from the log itself, so a wrong
		// tile is the browser's alone.
		if a.Name == "a wrong tile" {
			if got.Code != "damaged-evidence" && got.Code != "" {
				t.Errorf("%s: %+v", a.Name, got)
			}
			continue
		}
		if want.Code != got.Code {
			t.Errorf("%s: Go %q (%s), browser %q (%s)", a.Name, want.Code, want.Detail, got.Code, got.Detail)
		}
	}
	if len(all) < 12 {
		t.Errorf("%d cases only", len(all))
	}
}
