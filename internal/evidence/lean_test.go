package evidence_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/sijil/sijil/internal/badge"
	"github.com/sijil/sijil/internal/browsertest"
	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/internal/jcs"
	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/internal/signatory"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// document is the badge document of a publication in a virtual log.
func document(t testing.TB, w *world, docs logtest.Documents) *badge.Document {
	t.Helper()
	d := &badge.Document{Checkpoint: string(docs["checkpoint"]), Head: string(docs[evidence.Layout{}.Head(slug)]), Policy: w.trust.Policy().String()}
	for n := range w.pub.Bundles {
		data, ok := docs[evidence.Layout{}.Bundle(slug, int64(n))]
		if !ok {
			break
		}
		b, err := log.ParseBundle(data)
		check(t, err)
		e := b.Entry()
		r, err := badge.NewRecord(e.LogIndex, w.pub.Signatures(n)[0].Key.SPKI(), b.Envelope.Payload, b.Signature(), e.InclusionProof.Hashes)
		check(t, err)
		d.Records = append(d.Records, r)
	}
	for i, e := range w.pub.Editions {
		v, err := badge.NewVersion(w.pub.Lists[i], e.Files())
		check(t, err)
		d.Versions = append(d.Versions, v)
	}
	return d
}

// documents are the same evidence, document by document, in their one encoding: what the
// engine reads. A badge document of which none can be made is no evidence.
func documents(d *badge.Document, origin log.Digest) (docs logtest.Documents, err error) {
	layout := evidence.Layout{}
	docs = logtest.Documents{"checkpoint": []byte(d.Checkpoint), layout.Head(slug): []byte(d.Head)}
	if d.Frozen != "" {
		docs["frozen"] = []byte(d.Frozen)
	}
	lines := strings.Split(d.Checkpoint, "\n")
	if len(lines) < 3 {
		return nil, fmt.Errorf("no checkpoint")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return nil, err
	}
	root, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil {
		return nil, err
	}
	for i, r := range d.Records {
		if len(r.Signature) != 64 {
			return nil, fmt.Errorf("record %d: no signature", i)
		}
		b := &log.Bundle{MediaType: log.BundleMediaType}
		b.Envelope = log.Envelope{PayloadType: log.PayloadType, Payload: []byte(r.Payload), Signatures: []log.EnvelopeSignature{{Sig: derOf(r.Signature)}}}
		hint := log.Sum(r.Key)
		b.VerificationMaterial.PublicKey.Hint = base64.StdEncoding.EncodeToString(hint[:])
		entry, err := (log.Entry{Digest: b.Envelope.Digest(), Signature: b.Signature(), Key: r.Key}).Marshal()
		if err != nil {
			return nil, err
		}
		b.VerificationMaterial.LogEntries = []log.LogEntry{{
			LogIndex: r.Index, LogID: log.LogID{KeyID: origin[:]}, KindVersion: log.NewEntryKind(), CanonicalizedBody: entry,
			InclusionProof: log.Proof{LogIndex: r.Index, RootHash: root, TreeSize: size, Hashes: r.Proof, Checkpoint: log.SignedCheckpoint{Envelope: d.Checkpoint}},
		}}
		if docs[layout.Bundle(slug, int64(i))], err = b.Marshal(); err != nil {
			return nil, err
		}
	}
	for i, v := range d.Versions {
		list := struct {
			Commitments []string                `json:"commitments"`
			Disclosures []*signatory.Disclosure `json:"disclosures"`
		}{[]string{}, []*signatory.Disclosure{}}
		for _, s := range v.Disclosures {
			one := signatory.Disclosure(base64.RawURLEncoding.EncodeToString([]byte(s)))
			list.Disclosures = append(list.Disclosures, &one)
			list.Commitments = append(list.Commitments, one.Digest())
		}
		if docs[layout.Signatories(slug, i+1)], err = jcs.Marshal(list); err != nil {
			return nil, err
		}
		for lang, text := range v.Texts {
			docs[layout.Text(slug, i+1, lang)] = []byte(text)
		}
	}
	return docs, nil
}

func derOf(raw []byte) []byte {
	number := func(b []byte) []byte {
		for len(b) > 1 && b[0] == 0 {
			b = b[1:]
		}
		if b[0] > 127 {
			b = append([]byte{0}, b...)
		}
		return append([]byte{2, byte(len(b))}, b...)
	}
	both := append(number(raw[:32]), number(raw[32:])...)
	return append([]byte{48, byte(len(both))}, both...)
}

// leaning is what the badge's first script is asked.
type leaning struct {
	Name string  `json:"name"`
	Doc  string  `json:"doc"`
	Now  float64 `json:"now"`
	Docs logtest.Documents
}

// lean asks the first script about the copies, with each document, and the engine with the
// same evidence. It returns how often the first said something, by document.
func lean(t *testing.T, w *world, page *browsertest.Page, all []leaning) map[string]int {
	t.Helper()
	trust, err := w.trust.Marshal()
	check(t, err)
	var sent []string
	for _, c := range copies() {
		sent = append(sent, strings.ToValidUTF8(string(c), "?"))
	}
	said := map[string]int{}
	wrong := 0
	for batch := range slices.Chunk(all, 100) {
		for i := range batch {
			var d badge.Document
			if json.Unmarshal([]byte(batch[i].Doc), &d) == nil {
				batch[i].Docs, _ = documents(&d, w.log.Key.ID())
			}
		}
		var got [][]struct{ Lean, Engine string }
		page.Do(t, chromedp.Evaluate(fmt.Sprintf(`(async () => {
			const bytes = b => Uint8Array.from(atob(b), c => c.charCodeAt(0));
			const out = [];
			for (const a of %s) out.push(await trial.evidence(a.doc, new Map(Object.entries(a.Docs ?? {}).map(([p, b]) => [p, bytes(b)])), bytes(%s), %q, %q, a.now, %s));
			return out;
		})()`, browsertest.JSON(t, batch), browsertest.JSON(t, trust), slug, w.pub.Genesis(), browsertest.JSON(t, sent)), &got, browsertest.Await))
		for i, a := range batch {
			for k, g := range got[i] {
				if g.Lean == "" {
					continue
				}
				said[a.Name]++
				if g.Lean != g.Engine && wrong < 8 {
					wrong++
					t.Errorf("%s: %s, the engine %s: %q", a.Name, g.Lean, g.Engine, sent[k])
				}
			}
		}
	}
	return said
}

// TestLean: whatever the badge's first script takes for proved, the engine does, with the
// same states; a document that says anything else than the truth proves nothing.
func TestLean(t *testing.T) {
	w := witnessed(t)
	page := browsertest.LoadPage(t, "lean/trial.ts", "trial")
	now := float64(time.Now().Unix())
	marshal := func(d *badge.Document) string {
		b, err := d.Marshal()
		check(t, err)
		return string(b)
	}
	first := marshal(document(t, w, w.served()))
	w.pub.Retract(1, "A demand was missing.")
	whole := marshal(document(t, w, w.served()))
	w.pub.Retract(2, "This one too.")
	none := marshal(document(t, w, w.served()))
	w.pub.Retract(0, "All of it.")
	all := marshal(document(t, w, w.served()))
	said := lean(t, w, page, []leaning{
		{Name: "before", Doc: first, Now: now}, {Name: "whole", Doc: whole, Now: now}, {Name: "none", Doc: none, Now: now},
		{Name: "all", Doc: all, Now: now}, {Name: "stale", Doc: whole, Now: now + 25*3600}, {Name: "almost stale", Doc: whole, Now: now + 23*3600},
	})
	for name, want := range map[string]bool{"before": true, "whole": true, "none": true, "all": false, "stale": false, "almost stale": true} {
		if (said[name] > 0) != want {
			t.Errorf("%s: %d states", name, said[name])
		}
	}

	var lies []leaning
	for n := 0; ; n++ {
		var v any
		check(t, json.Unmarshal([]byte(whole), &v))
		at := n
		lied, ok := lie(v, &at)
		if !ok {
			break
		}
		b, err := jcs.Marshal(lied)
		check(t, err)
		lies = append(lies, leaning{Name: fmt.Sprintf("value %d", n), Doc: string(b), Now: now})
	}
	lies = append(lies, parts(t, whole, first, none, now)...)
	if len(lies) < 100 {
		t.Errorf("%d lies only", len(lies))
	}
	said = lean(t, w, page, lies)
	for _, l := range lies {
		// A member that nobody knows means nothing: without it, the document is the truth.
		var d badge.Document
		if said[l.Name] > 0 && (json.Unmarshal([]byte(l.Doc), &d) != nil || marshal(&d) != whole) {
			t.Errorf("%s is taken for proof", l.Name)
		}
	}
	rng := rand.New(rand.NewPCG(5, 5))
	var flips []leaning
	for range 1500 {
		b := []byte(whole)
		i, bit := rng.IntN(len(b)), byte(1)<<rng.IntN(7)
		b[i] ^= bit
		flips = append(flips, leaning{Name: fmt.Sprintf("byte %d, bit %d", i, bit), Doc: string(b), Now: now})
	}
	flipped := lean(t, w, page, flips)
	t.Logf("%d lies, %d of them taken; %d flips, %d of them taken", len(lies), len(said), len(flips), len(flipped))
}

// parts are documents made of the parts of several.
func parts(t *testing.T, whole, first, none string, now float64) (out []leaning) {
	t.Helper()
	read := func(s string) map[string]any {
		var v map[string]any
		check(t, json.Unmarshal([]byte(s), &v))
		return v
	}
	for _, from := range []string{first, none} {
		for _, name := range slices.Sorted(maps.Keys(read(whole))) {
			d := read(whole)
			d[name] = read(from)[name]
			b, err := jcs.Marshal(d)
			check(t, err)
			out = append(out, leaning{Name: "another " + name, Doc: string(b), Now: now})
		}
	}
	for name, change := range map[string]func(d map[string]any, records []any){
		"records twice":       func(d map[string]any, records []any) { d["records"] = append(records, records...) },
		"no genesis":          func(d map[string]any, records []any) { d["records"] = records[1:] },
		"no last record":      func(d map[string]any, records []any) { d["records"] = records[:len(records)-1] },
		"records in disorder": func(_ map[string]any, records []any) { records[1], records[2] = records[2], records[1] },
		"no records":          func(d map[string]any, _ []any) { d["records"] = []any{} },
		"spaces": func(d map[string]any, _ []any) {
			r := d["records"].([]any)[1].(map[string]any)
			r["payload"] = r["payload"].(string) + " "
		},
		"a note of the head": func(d map[string]any, _ []any) { d["checkpoint"] = d["head"] },
	} {
		d := read(whole)
		change(d, d["records"].([]any))
		b, err := jcs.Marshal(d)
		check(t, err)
		out = append(out, leaning{Name: name, Doc: string(b), Now: now})
	}
	return out
}

// TestLeanChains: a chain of more than versions and retractions of one signature each has
// no badge document, and one that a service makes up for it proves nothing.
func TestLeanChains(t *testing.T) {
	page := browsertest.LoadPage(t, "lean/trial.ts", "trial")
	now := float64(time.Now().Unix())
	under := func(policy statement.Policy, a *keys.Signer) func() *world {
		return func() *world {
			l := logtest.New(t, "https://sijil.example/")
			genesis := logtest.SignStatement(t, a, &statement.Publication{Log: statement.NameOf(l.Key), Slug: slug, Title: logtest.River()[0].Title(), Policy: policy})
			pub := &logtest.Publication{Log: l, Slug: slug, Signer: a, Bundles: []*log.Bundle{genesis}, Indexes: []int64{l.Publish(genesis, a.Public())}}
			pub.Add(logtest.River()[0])
			trust, err := l.Trust().Pin(slug, pub.Genesis())
			check(t, err)
			return &world{t: t, log: l, pub: pub, trust: trust}
		}
	}
	a, b := logtest.NewSigner(t), logtest.NewSigner(t)
	for name, x := range map[string]struct {
		begin func() *world
		grow  func(w *world)
		want  bool
	}{
		"versions alone":     {func() *world { return newWorld(t) }, func(*world) {}, true},
		"a retraction":       {func() *world { return newWorld(t) }, func(w *world) { w.pub.Retract(1, "x") }, true},
		"another key":        {func() *world { return newWorld(t) }, func(w *world) { w.pub.ChangePolicy(1, logtest.NewSigner(t)) }, false},
		"a version under it": {func() *world { return newWorld(t) }, func(w *world) { w.pub.ChangePolicy(1, logtest.NewSigner(t)); w.pub.Add(logtest.River()[0]) }, false},
		"two are to sign":    {func() *world { return newWorld(t) }, func(w *world) { w.pub.ChangePolicy(2, w.pub.Signer, logtest.NewSigner(t)) }, false},
		"two have signed": {func() *world { return newWorld(t) }, func(w *world) {
			w.pub.ChangePolicy(2, w.pub.Signer, logtest.NewSigner(t))
			w.pub.Add(logtest.River()[0])
		}, false},
		"two from the start":  {under(statement.NewPolicy(2, a.Public(), b.Public()), a), func(*world) {}, false},
		"one of two":          {under(statement.NewPolicy(1, a.Public(), b.Public()), a), func(*world) {}, true},
		"recovery keys":       {under(statement.NewPolicy(1, a.Public()).WithRecovery(30, b.Public()), a), func(*world) {}, false},
		"a name was withheld": {func() *world { return newWorld(t) }, func(w *world) { w.pub.Redact(2, 1) }, false},
	} {
		w := x.begin()
		before, lists := len(w.pub.Bundles), slices.Clone(w.pub.Lists)
		x.grow(w)
		served := w.served()
		copy(w.pub.Lists, lists) // as if no name had been withheld
		whole := document(t, w, served)
		text, err := whole.Marshal()
		check(t, err)
		asked := []leaning{{Name: "whole", Doc: string(text), Now: now}}
		// The same without what came in between, and up to what came.
		for _, records := range [][]badge.Record{append(slices.Clone(whole.Records[:before]), whole.Records[min(before+1, len(whole.Records)):]...), whole.Records[:before]} {
			part := *whole
			part.Records, part.Versions = records, whole.Versions[:min(len(whole.Versions), len(lists)+len(records)-before)]
			text, err := part.Marshal()
			check(t, err)
			asked = append(asked, leaning{Name: "part", Doc: string(text), Now: now})
		}
		if said := lean(t, w, page, asked); (said["whole"] > 0) != x.want || said["part"] > 0 && before < len(whole.Records) {
			t.Errorf("%s: %v", name, said)
		}
	}
}

// TestLeanPolicies: policies of other shapes are the engine's, and no checkpoint passes with
// fewer witnesses than one asks for.
func TestLeanPolicies(t *testing.T) {
	w := witnessed(t)
	page := browsertest.LoadPage(t, "lean/trial.ts", "trial")
	now := float64(time.Now().Unix())
	truth := w.trust
	text := truth.Policy().String()
	var head string
	names := []string{}
	for _, line := range strings.Split(text, "\n") {
		if strings.HasPrefix(line, "log ") || strings.HasPrefix(line, "witness ") {
			head += line + "\n"
		}
		if f := strings.Fields(line); len(f) > 1 && f[0] == "witness" {
			names = append(names, f[1])
		}
	}
	if len(names) != 2 {
		t.Fatal(names)
	}
	for policy, want := range map[string]bool{
		text:                                 true,
		head + "group g 1 w0 w1\nquorum g\n": true, head + "group g 2 w0 w1\nquorum g\n": true, head + "group g all w0 w1\nquorum g\n": true,
		head + "quorum w0\n": false, head + "group g any w1\nquorum g\n": false, head + "group g 1 w0\ngroup h 1 w1 g\nquorum h\n": false,
		head + "group g 3 w0 w1\nquorum g\n": false, head + "group g 2 w0 w0\nquorum g\n": false, head + "group w0 1 w0 w1\nquorum w0\n": false,
		head + "quorum none\n": false, head: false, head + "group none 1 w0 w1\nquorum none\n": false, head + "quorum g\n": false,
		strings.SplitAfter(head, "\n")[0] + "quorum none\n": true, strings.SplitAfter(head, "\n")[0] + "quorum\n": false,
	} {
		d := document(t, w, w.served())
		d.Policy = policy
		b, err := d.Marshal()
		check(t, err)
		// The engine is asked under the same policy; one that it refuses proves nothing.
		p, err := keys.ParsePolicy(policy)
		if err == nil {
			w.trust = truth.WithPolicy(p)
		}
		if said := lean(t, w, page, []leaning{{Name: "it", Doc: string(b), Now: now}}); (said["it"] > 0) != want || want && err != nil {
			t.Errorf("%d states, %v, for\n%s", said["it"], err, policy)
		}
		w.trust = truth
	}
}
