package evidence_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/internal/extract"
	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/internal/match"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// cosigned is a world whose publication goes from one key to two of three, changes
// one of them, and withholds a name:
//
//	record  0        1          2       3           4       5
//	        genesis  version 1  policy  version 2   policy  redaction
//	keys    a        a          a       a and b     a, b    b, d
type cosigned struct {
	*world
	a, b, c, d *keys.Signer
	docs       logtest.Documents // of earlySignature: what is served
}

func newCosigned(t testing.TB, witnesses int) *cosigned {
	t.Helper()
	l := logtest.New(t, "https://sijil.example/")
	if witnesses > 0 {
		l.Witness(witnesses)
	}
	l.Append([]byte("an entry of somebody else"))
	w := &cosigned{a: logtest.NewSigner(t), b: logtest.NewSigner(t), c: logtest.NewSigner(t), d: logtest.NewSigner(t)}
	editions := logtest.River()
	pub := l.Publication(slug, w.a, editions[0])
	pub.ChangePolicy(2, w.a, w.b, w.c)
	pub.Add(editions[1])
	pub.ChangePolicy(2, w.b, w.d, w.c)
	pub.Redact(1, 0)
	trust, err := l.Trust().Pin(slug, pub.Genesis())
	check(t, err)
	w.world = &world{t: t, log: l, pub: pub, trust: trust, stock: newStock(t, trust)}
	return w
}

func secondPath(n int64) string { return served.Cosigned(slug, n, 2) }

// logged signs a payload, logs it, and returns what leads to it.
func (w *cosigned) logged(s *keys.Signer, payload []byte) func() []byte {
	w.t.Helper()
	b := logtest.Sign(w.t, s, payload)
	index := w.log.Publish(b, s.Public())
	return func() []byte {
		data, err := w.log.Complete(b, s.Public(), index, w.log.Size()).Marshal()
		check(w.t, err)
		return data
	}
}

// TestCosigned: records that several keys sign open, in every layout, and the stock
// verifier agrees on each signature.
func TestCosigned(t *testing.T) {
	w := newCosigned(t, 2)
	o := w.options()
	o.Stock = w.stock
	p := mustOpen(t, w.served(), o)
	records := p.Records()
	if len(records) != 6 || p.Head().Head().Index != w.log.Size()-1 {
		t.Fatalf("%d records, head at %d", len(records), p.Head().Head().Index)
	}
	for i, want := range [][]*keys.Signer{{w.a}, {w.a}, {w.a}, {w.a, w.b}, {w.a, w.b}, {w.b, w.d}} {
		var got, keys []log.Digest
		for _, s := range records[i].Signatures() {
			got = append(got, s.Key.Digest())
		}
		for _, s := range want {
			keys = append(keys, s.Public().Digest())
		}
		if diff := cmp.Diff(keys, got); diff != "" || len(records[i].Bundles) != len(want) || records[i].Index != w.pub.Indexes[i] {
			t.Errorf("record %d at %d, %d bundles, keys (-want +got):\n%s", i, records[i].Index, len(records[i].Bundles), diff)
		}
	}
	r, ok := records[5].Statement.(*statement.Redaction)
	if !ok {
		t.Fatalf("the last record is %T", records[5].Statement)
	}
	if by, ok := p.Chain().Withheld(r.Entry); !ok || by != records[5].Digest() {
		t.Error("the entry is not withheld")
	}
	for _, n := range []int{1, 3} {
		if e := records[n].Edition.List().Entries(); !e[0].Withheld || e[1].Withheld || e[0].Commitment != r.Entry {
			t.Errorf("record %d: list %+v", n, e)
		}
	}
	files, err := p.Pack(w.trust)
	check(t, err)
	o.Layout.Folder, o.Consistent = true, nil
	if diff := cmp.Diff(viewOf(p), viewOf(mustOpen(t, logtest.Documents(files), o))); diff != "" {
		t.Errorf("the evidence pack (-service +pack):\n%s", diff)
	}
	latest := w.options()
	latest.Layout.Latest = true
	mustOpen(t, w.pub.Documents(latest.Layout, w.log.Size()), latest)
}

// TestRedactedName: a text verifies after one of its names is withheld, and what a
// copy says in its place cannot be checked.
func TestRedactedName(t *testing.T) {
	w := newCosigned(t, 0)
	p := mustOpen(t, w.served(), w.options())
	e := logtest.River()[1]
	text := e.Texts["en"]
	for _, c := range []struct {
		name, copy, verdict, status string
	}{
		{"the text", text, match.Identical, match.ListAbsent},
		{"with the names that are left", text + "\n" + e.Names[1] + "\n" + e.Names[2] + "\n", match.Authentic, match.ListSame},
		{"with all its names", text + "\n" + strings.Join(e.Names, "\n") + "\n", match.Unchecked, match.ListUndetermined},
	} {
		v, err := p.Check(extract.Plain([]byte(c.copy)), "pinned", time.Now())
		check(t, err)
		if v.Verdict != c.verdict || v.Version != 2 || v.Signatories.Status != c.status || v.Signatories.Withheld != 1 {
			t.Errorf("%s: %s of version %d, list %+v", c.name, v.Verdict, v.Version, v.Signatories)
		}
	}
}

// TestRedactionAfterRetraction: a name can be withheld when nothing else can follow.
func TestRedactionAfterRetraction(t *testing.T) {
	w := newCosigned(t, 0)
	w.pub.Retract(0, "All of it.")
	w.pub.Redact(2, 1)
	p := mustOpen(t, w.served(), w.options())
	if _, gone := p.Retraction(2); !gone || len(p.Records()) != 8 {
		t.Errorf("%d records, retracted %v", len(p.Records()), gone)
	}
	if v, _ := p.Version(2); !v.Edition.List().Entries()[1].Withheld {
		t.Error("the name is there")
	}
}

// cosignedLie is what a source may do with what it serves, and what the reader is told.
type cosignedLie struct {
	change func(logtest.Documents)
	path   string // of the document that is damaged; "": it verifies all the same
	says   string
}

// lies are about the signatures of records. What is needed for them is in the log
// when it returns.
func (w *cosigned) lies() map[string]cosignedLie {
	version, policy, redaction := w.pub.Bundles[3].Envelope.Payload, w.pub.Bundles[4].Envelope.Payload, w.pub.Bundles[5].Envelope.Payload
	other, _ := w.pub.Next(logtest.River()[0])
	stranger := logtest.NewSigner(w.t)
	firstAgain, secondByC := w.logged(w.a, version), w.logged(w.c, version)
	byStranger, ofNext := w.logged(stranger, version), w.logged(w.b, other.Envelope.Payload)
	tooEarly, tooLate := w.logged(w.d, version), w.logged(w.a, redaction)
	secondOfPolicy := w.logged(w.c, policy)
	type docs = logtest.Documents
	put := func(path string, data func() []byte) func(docs) { return func(d docs) { d[path] = data() } }
	return map[string]cosignedLie{
		"no second bundle":                       {func(d docs) { delete(d, secondPath(3)) }, secondPath(3), "is missing"},
		"no second bundle of a policy":           {func(d docs) { delete(d, secondPath(4)) }, secondPath(4), "is missing"},
		"no second bundle of the head":           {func(d docs) { delete(d, secondPath(5)) }, secondPath(5), "is missing"},
		"no first bundle":                        {func(d docs) { delete(d, recordPath(3)) }, recordPath(3), "is missing"},
		"the first bundle as the second":         {func(d docs) { d[secondPath(3)] = d[recordPath(3)] }, secondPath(3), "the key has signed this record already"},
		"the second by the first's key":          {put(secondPath(3), firstAgain), secondPath(3), "the key has signed this record already"},
		"the second bundle as the first":         {func(d docs) { d[recordPath(3)] = d[secondPath(3)] }, secondPath(3), "the key has signed this record already"},
		"bundles swapped":                        {func(d docs) { d[recordPath(3)], d[secondPath(3)] = d[secondPath(3)], d[recordPath(3)] }, secondPath(3), "stands in the log before the signature that it follows"},
		"second bundles of two records swapped":  {func(d docs) { d[secondPath(3)], d[secondPath(4)] = d[secondPath(4)], d[secondPath(3)] }, secondPath(3), "the signature is over another statement"},
		"the second over another statement":      {put(secondPath(3), ofNext), secondPath(3), "the signature is over another statement"},
		"the second by a stranger":               {put(secondPath(3), byStranger), secondPath(3), "not signed by a key of the publication policy"},
		"the first by a stranger":                {put(recordPath(3), byStranger), recordPath(3), "not signed by a key of the publication policy"},
		"the second by a key that comes later":   {put(secondPath(3), tooEarly), secondPath(3), "not signed by a key of the publication policy"},
		"the second by a key that was removed":   {put(secondPath(5), tooLate), secondPath(5), "not signed by a key of the publication policy"},
		"the first by a key that was removed":    {put(recordPath(5), tooLate), recordPath(5), "not signed by a key of the publication policy"},
		"a third key's, after the next record":   {put(secondPath(3), secondByC), recordPath(4), "stands in the log before the record it follows"},
		"a third key's, of a policy, as it were": {put(secondPath(4), secondOfPolicy), recordPath(5), "stands in the log before the record it follows"},
		"the second is not logged": {func(d docs) {
			b, err := w.pub.Signatures(3)[1].Bundle.Marshal()
			check(w.t, err)
			d[secondPath(3)] = b
		}, secondPath(3), "holds no log entry"},
		"no policy record": {func(d docs) { d[recordPath(2)] = d[recordPath(3)] }, recordPath(2), "the record has sequence number 3, the next is 2"},
		"head at the first signature": {func(d docs) {
			d[served.Head(slug)] = w.head(w.pub.Bundles[5].Envelope.Digest(), w.pub.Signatures(5)[0].Index, w.log.Size())
		}, served.Head(slug), "says log index"},
		"a third bundle":               {put(served.Cosigned(slug, 3, 3), secondByC), "", ""},
		"a second one where one signs": {func(d docs) { d[secondPath(1)] = d[recordPath(1)] }, "", ""},
	}
}

// TestCosignedRefusals: a lying source convinces nobody, and the reader is told which
// document is wrong.
func TestCosignedRefusals(t *testing.T) {
	w := newCosigned(t, 0)
	for name, c := range w.lies() {
		t.Run(name, func(t *testing.T) {
			changed := w.served()
			c.change(changed)
			p, err := evidence.Open(context.Background(), changed, w.options())
			if c.path == "" {
				check(t, err)
				return
			}
			var bad *evidence.DamagedError
			if p != nil || !errors.As(err, &bad) {
				t.Fatalf("Open = %v, %v, want a DamagedError", p, err)
			}
			if bad.Path != c.path || !strings.Contains(bad.Err.Error(), c.says) {
				t.Errorf("%s: %v\nwant %s: …%s…", bad.Path, bad.Err, c.path, c.says)
			}
		})
	}
}

// earlySignature is a world in which the first signature of a record stands in the
// log before the record that it follows.
func earlySignature(t testing.TB) *cosigned {
	l := logtest.New(t, "https://sijil.example/")
	w := &cosigned{a: logtest.NewSigner(t), b: logtest.NewSigner(t)}
	pub := l.Publication(slug, w.a, logtest.River()[0])
	w.world = &world{t: t, log: l, pub: pub}
	r := pub.Redaction(1, 0) // as it will be, after the policy
	r.Previous = logtest.SignStatement(t, w.a, pub.PolicyChange(2, w.a, w.b)).Envelope.Digest()
	r.Issued, r.Sequence = logtest.Start.Add(3*time.Hour).Format(time.RFC3339), 3
	payload, err := statement.Encode(r)
	check(t, err)
	early := w.logged(w.a, payload)
	pub.ChangePolicy(2, w.a, w.b)
	pub.Redact(1, 0)
	if string(pub.Bundles[3].Envelope.Payload) != string(payload) {
		t.Fatal("another statement was signed early")
	}
	w.trust, err = l.Trust().Pin(slug, pub.Genesis())
	check(t, err)
	w.docs = w.served()
	mustOpen(t, w.docs, w.options())
	w.docs[recordPath(3)] = early()
	return w
}

func TestSignatureBeforeThePredecessor(t *testing.T) {
	w := earlySignature(t)
	_, err := evidence.Open(context.Background(), w.docs, w.options())
	var bad *evidence.DamagedError
	if !errors.As(err, &bad) || bad.Path != recordPath(3) || !strings.Contains(err.Error(), "stands in the log before the record it follows") {
		t.Errorf("Open = %v", err)
	}
}

// TestCosignedFlips: a changed byte in any bundle tells the reader the same, or which
// document is damaged.
func TestCosignedFlips(t *testing.T) {
	w := newCosigned(t, 0)
	docs := w.served()
	want := viewOf(mustOpen(t, docs, w.options()))
	all := slices.DeleteFunc(flips(docs, true), func(f flip) bool { return f.at%17 != 0 })
	accepted := 0
	var mu sync.Mutex
	each(all, func(f flip) {
		changed := docs.Clone()
		changed[f.path] = turned(docs[f.path], f)
		p, err := evidence.Open(context.Background(), changed, w.options())
		var bad *evidence.DamagedError
		switch {
		case err == nil:
			if diff := cmp.Diff(want, viewOf(p)); diff != "" {
				t.Errorf("%+v: the reader is told something else (-true +told):\n%s", f, diff)
			}
			mu.Lock()
			accepted++
			mu.Unlock()
		case !errors.As(err, &bad) || !strings.HasPrefix(f.path, bad.Path):
			t.Errorf("%+v: %v, want a DamagedError for the document", f, err)
		}
	})
	if len(all) < 500 || accepted > 20 {
		t.Errorf("%d flips, %d accepted", len(all), accepted)
	}
}
