package evidence_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sijil/sijil/internal/chain"
	"github.com/sijil/sijil/internal/endorsement"
	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/internal/extract"
	"github.com/sijil/sijil/internal/jcs"
	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/internal/match"
	"github.com/sijil/sijil/internal/signatory"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// spoken is the world in which signatories speak. Version 3 has the texts of 2, version 4
// its English one alone.
type spoken struct {
	*world
	one, two, stranger *keys.Signer
}

func newSpoken(t testing.TB) *spoken {
	t.Helper()
	w := &spoken{world: newWorld(t), one: logtest.NewSigner(t), two: logtest.NewSigner(t), stranger: logtest.NewSigner(t)}
	again := logtest.River()[1]
	w.pub.Add(again)
	again.Texts = map[string]string{"en": again.Texts["en"], "ar": logtest.River()[0].Texts["ar"]}
	w.pub.Add(again)
	return w
}

// speak has the first signatory sign, the second confirm by its domain and withdraw, and
// the third deny.
func (w *spoken) speak() {
	w.t.Helper()
	w.claim(w.one, statement.ClaimEndorsement, 2, 0, "en")
	w.enrol(w.one, 0, "wells.example", 0)
	w.see(statement.MeansDomain, statement.ClaimEndorsement, 1, 1, "")
	w.see(statement.MeansMail, statement.ClaimWithdrawal, 1, 1, "")
	w.passkey(w.two, statement.ClaimEndorsement, 1, 0, "ar")
	w.see(statement.MeansMail, statement.ClaimDenial, 1, 2, "")
}

func (w *spoken) claimed(kind string, version, entry int, language string) statement.Claim {
	w.t.Helper()
	c, err := statement.NewClaim(kind, w.pub.About(version, entry), w.pub.Text(version, language), "")
	check(w.t, err)
	return c
}

func (w *spoken) claim(s *keys.Signer, kind string, version, entry int, language string) {
	w.t.Helper()
	w.pub.Claim(s, w.claimed(kind, version, entry, language))
}

func (w *spoken) enrol(s *keys.Signer, entry int, domain string, hours int) {
	w.t.Helper()
	at := w.pub.Sighted(1, entry, domain)
	at.Issued = logtest.Start.Add(time.Duration(hours) * time.Hour).Format(time.RFC3339)
	cert := log.Sum([]byte("certificate"))
	w.pub.See(&statement.Enrolment{Sighted: at, Key: s.Public().SPKI(), Seen: statement.Seen{Means: statement.MeansDomain, Via: "file", Document: log.Sum([]byte("lines")), Certificate: &cert}})
}

func (w *spoken) see(means, kind string, version, entry int, language string) {
	w.t.Helper()
	how := statement.Seen{Means: means, Document: log.Sum([]byte("lines"))}
	if means == statement.MeansMail {
		how.Signer, how.Selector, how.KeyRecord, how.Weak = "wells.example", "s1", "v=DKIM1; p=AAAA", entry == 0
	} else {
		how.Via = "dns"
	}
	o := &statement.Observation{Sighted: w.pub.Sighted(version, entry, "wells.example"), Claim: kind, Seen: &how, Version: w.pub.VersionName(version)}
	if language != "" {
		read := w.pub.Text(version, language)
		o.Text = &read
	}
	w.pub.See(o)
}

func (w *spoken) passkey(s *keys.Signer, kind string, version, entry int, language string) {
	w.t.Helper()
	c := w.claimed(kind, version, entry, language)
	payload, err := statement.EncodeClaim(c)
	check(w.t, err)
	o := &statement.Observation{Sighted: w.pub.Sighted(version, entry, ""), Claim: kind, Version: w.pub.VersionName(version),
		Passkey: &statement.Passkey{AuthenticatorData: []byte("data"), ClientDataJSON: []byte("{}"), Key: s.Public().SPKI(), Payload: payload, Signature: []byte("signature")}}
	if e, ok := c.(*statement.Endorsement); ok {
		o.Text = &e.Text
	}
	w.pub.See(o)
}

func said() string { return served.Endorsements(slug, 1) }

// TestEndorsements: what is said is verified, stands in the log's order, and is counted.
func TestEndorsements(t *testing.T) {
	w := newSpoken(t)
	p := mustOpen(t, w.served(), w.options())
	if p.Observer() != nil || len(p.Asides()) != 0 || p.Book() == nil {
		t.Errorf("nobody has said anything: %v, %d", p.Observer(), len(p.Asides()))
	}
	w.speak()
	p = mustOpen(t, w.served(), w.options())
	if len(p.Asides()) != len(w.pub.Asides) || len(p.Observer().Keys()) != 1 {
		t.Errorf("%d of %d records, %d observer keys", len(p.Asides()), len(w.pub.Asides), len(p.Observer().Keys()))
	}
	for i, a := range p.Asides() {
		if want := w.pub.Asides[i]; a.Index != want.Index || a.Digest() != want.Bundle.Envelope.Digest() || a.Key.Digest() != want.Key.Digest() {
			t.Errorf("record %d is %s at %d", i, a.Digest(), a.Index)
		}
	}
	for n, want := range []match.Known{{Listed: 1, Withdrawn: 1, Denied: 1}, {Listed: 1, Signed: 1, Withdrawn: 1}} {
		e, _ := p.Version(n + 1)
		file, _ := e.Edition.Text("en")
		v, err := p.Check(extract.Plain(file), "pinned", time.Time{})
		check(t, err)
		if diff := cmp.Diff(want, v.Signatories.Known); diff != "" {
			t.Errorf("version %d is known as (-want +got):\n%s", v.Version, diff)
		}
	}
	w.stock = newStock(t, w.trust)
	o := w.options()
	o.Stock, o.Passkeys = w.stock, func(*statement.Passkey) error { return errors.New("not signed") }
	var bad *evidence.DamagedError
	if _, err := evidence.Open(context.Background(), w.served(), o); !errors.As(err, &bad) || bad.Path != said() || !strings.HasPrefix(bad.Err.Error(), "line 5: ") {
		t.Errorf("an assertion that does not verify: %v", err)
	}
}

// lieAbout is a change to the document, and what the reader says of it; "": it says
// nothing, as it cannot know.
type lieAbout struct {
	change func(d logtest.Documents)
	path   string
	says   string
}

// lies are those that a server can tell.
func (w *spoken) lies() map[string]lieAbout {
	w.t.Helper()
	lake := w.log.Publication("lake", w.pub.Signer, logtest.River()...)
	thief := logtest.NewSigner(w.t)
	extra := func(s *keys.Signer, payload []byte) logtest.Signature {
		a := w.pub.Aside(s, payload)
		w.pub.Asides = w.pub.Asides[:len(w.pub.Asides)-1]
		return a
	}
	payload := func(b []byte, err error) []byte { check(w.t, err); return b }
	endorses := w.claimed(statement.ClaimEndorsement, 2, 0, "en")
	foreign := payload(statement.EncodeClaim(&statement.Endorsement{About: lake.About(1, 0), Text: lake.Text(1, "en")}))
	otherLog := w.pub.About(1, 0)
	otherLog.Log.Origin = "other.example"
	seen := w.pub.Asides[1].Bundle.Envelope.Payload
	if s, err := statement.ParseSighting(seen); err != nil || s.At().Entry == "" {
		w.t.Fatal("the second line is no sighting", err)
	}
	observed := w.pub.ObserverNote(w.pub.Observer.Public())
	lines := func() [][]byte {
		var out [][]byte
		for _, a := range w.pub.Asides {
			out = append(out, w.pub.AsideLine(a, w.log.Size()))
		}
		return out
	}
	document := func(change func(l [][]byte) [][]byte) func(logtest.Documents) {
		return func(d logtest.Documents) { d[said()] = bytes.Join(change(lines()), nil) }
	}
	add := func(a logtest.Signature) func(logtest.Documents) {
		return document(func(l [][]byte) [][]byte { return append(l, w.pub.AsideLine(a, w.log.Size())) })
	}
	member := func(change func(map[string]any)) func(logtest.Documents) {
		return document(func(l [][]byte) [][]byte {
			var v map[string]any
			check(w.t, json.Unmarshal(l[0], &v))
			change(v)
			b, err := jcs.Marshal(v)
			check(w.t, err)
			l[0] = append(b, '\n')
			return l
		})
	}
	note := served.Observer()
	stranger := logtest.New(w.t, "https://sijil.example/")
	return map[string]lieAbout{
		"none":                              {func(d logtest.Documents) { delete(d, said()) }, "", ""},
		"an empty one":                      {func(d logtest.Documents) { d[said()] = nil }, "", ""},
		"the last left out":                 {document(func(l [][]byte) [][]byte { return l[:len(l)-1] }), "", ""},
		"the first left out":                {document(func(l [][]byte) [][]byte { return l[1:] }), "", ""},
		"the lines turned round":            {document(func(l [][]byte) [][]byte { slices.Reverse(l); return l }), said(), "line 2: stands in the log before the line that it follows"},
		"two lines exchanged":               {document(func(l [][]byte) [][]byte { l[2], l[3] = l[3], l[2]; return l }), said(), "line 4: stands in the log before"},
		"a line twice":                      {document(func(l [][]byte) [][]byte { return append([][]byte{l[0]}, l...) }), said(), "line 2: stands in the log before"},
		"all lines twice":                   {document(func(l [][]byte) [][]byte { return append(l, l...) }), said(), "line 7: stands in the log before"},
		"a line without end":                {document(func(l [][]byte) [][]byte { l[5] = l[5][:len(l[5])-1]; return l }), said(), "line 6 has no end"},
		"a line cut":                        {document(func(l [][]byte) [][]byte { l[5] = append(l[5][:len(l[5])/2], '\n'); return l }), said(), "line 6: "},
		"an empty line":                     {document(func(l [][]byte) [][]byte { return append(l, []byte("\n")) }), said(), "line 7: "},
		"an empty line before":              {document(func(l [][]byte) [][]byte { return append([][]byte{[]byte("\n")}, l...) }), said(), "line 1: "},
		"carriage returns":                  {document(func(l [][]byte) [][]byte { l[0] = append(l[0][:len(l[0])-1], "\r\n"...); return l }), said(), "line 1: "},
		"a space":                           {document(func(l [][]byte) [][]byte { l[0] = append([]byte(" "), l[0]...); return l }), said(), "line 1: "},
		"null":                              {document(func(l [][]byte) [][]byte { return append(l, []byte("null\n")) }), said(), "line 7: "},
		"another member":                    {member(func(v map[string]any) { v["more"] = true }), said(), "line 1: "},
		"no key":                            {member(func(v map[string]any) { delete(v, "key") }), said(), "line 1: "},
		"no bundle":                         {member(func(v map[string]any) { v["bundle"] = nil }), said(), "line 1: "},
		"another's key":                     {member(func(v map[string]any) { v["key"] = w.two.Public().SPKI() }), said(), "line 1: "},
		"the observer's key":                {member(func(v map[string]any) { v["key"] = w.pub.Observer.Public().SPKI() }), said(), "line 1: "},
		"a key of no kind":                  {member(func(v map[string]any) { v["key"] = []byte("key") }), said(), "line 1: "},
		"another publication":               {add(extra(w.one, foreign)), said(), "line 7: the record is for publication " + lake.Genesis().String()},
		"another log":                       {add(extra(w.one, payload(statement.EncodeClaim(&statement.Denial{About: otherLog})))), said(), "line 7: the record is for log other.example"},
		"a claim by the observer":           {add(extra(w.pub.Observer, payload(statement.EncodeClaim(endorses)))), said(), "line 7: statement: predicate type"},
		"a sighting by a thief":             {add(extra(thief, seen)), said(), "line 7: statement: predicate type"},
		"a record of the chain":             {add(w.pub.Signatures(1)[0]), said(), "line 7: statement: predicate type"},
		"a claim of a stranger":             {add(extra(w.stranger, payload(statement.EncodeClaim(endorses)))), "", ""},
		"the same claim, signed by another": {add(extra(w.two, payload(statement.EncodeClaim(endorses)))), "", ""},
		"no observer note":                  {func(d logtest.Documents) { delete(d, note) }, said(), "line 2: statement: predicate type"},
		"an empty observer note":            {func(d logtest.Documents) { d[note] = nil }, note, ""},
		"another observer's":                {func(d logtest.Documents) { d[note] = w.pub.ObserverNote(thief.Public()) }, said(), "line 2: statement: predicate type"},
		"the observer of before":            {func(d logtest.Documents) { d[note] = w.pub.ObserverNote(thief.Public(), w.pub.Observer.Public()) }, "", ""},
		"a signatory for an observer":       {func(d logtest.Documents) { d[note] = w.pub.ObserverNote(w.pub.Observer.Public(), w.one.Public()) }, said(), "line 1: statement: predicate type"},
		"a note of another log": {func(d logtest.Documents) {
			b, err := log.SignObserver(stranger.Signer, [][]byte{w.pub.Observer.Public().SPKI()})
			check(w.t, err)
			d[note] = b
		}, note, "not signed by a key in the policy"},
		"a head for an observer note":    {func(d logtest.Documents) { d[note] = d[served.Head(slug)] }, note, "first line is"},
		"an observer note for a head":    {func(d logtest.Documents) { d[served.Head(slug)] = observed }, served.Head(slug), ""},
		"a note in the document's place": {func(d logtest.Documents) { d[said()] = observed }, said(), "line 1: "},
		"of another tree": {func(d logtest.Documents) {
			fork := w.log.Fork(w.log.Size() - 1)
			for fork.Size() < w.log.Size() {
				fork.Append([]byte("another history"))
			}
			a := w.pub.Asides[0]
			b, err := fork.Complete(a.Bundle, a.Key, a.Index, fork.Size()).Marshal()
			check(w.t, err)
			var v map[string]any
			check(w.t, json.Unmarshal(lines()[0], &v))
			v["bundle"] = json.RawMessage(b)
			line, err := jcs.Marshal(v)
			check(w.t, err)
			d[said()] = append(line, '\n')
		}, "", "misbehaved"},
	}
}

// TestLiesAboutEndorsements: what a lying or damaged document may say, and what the reader
// is told.
func TestLiesAboutEndorsements(t *testing.T) {
	w := newSpoken(t)
	w.speak()
	lies := w.lies()
	docs := w.served()
	mustOpen(t, docs, w.options())
	for name, c := range lies {
		changed := docs.Clone()
		c.change(changed)
		p, err := evidence.Open(context.Background(), changed, w.options())
		var bad *evidence.DamagedError
		var fork *evidence.Misbehaviour
		switch {
		case c.says == "misbehaved":
			if !errors.As(err, &fork) {
				t.Errorf("%s: %v", name, err)
			}
		case c.path == "":
			if p == nil || err != nil {
				t.Errorf("%s: %v", name, err)
			}
		case p != nil || !errors.As(err, &bad):
			t.Errorf("%s: %v, %v, want a DamagedError", name, p, err)
		case bad.Path != c.path || !strings.Contains(bad.Err.Error(), c.says):
			t.Errorf("%s: %s: %v\nwant %s: …%s…", name, bad.Path, bad.Err, c.path, c.says)
		}
	}
}

// TestEndorsementBits: no flipped bit changes what is known.
func TestEndorsementBits(t *testing.T) {
	w := newSpoken(t)
	w.speak()
	docs := w.served()
	want := standingsOf(mustOpen(t, docs, w.options()))
	rng := rand.New(rand.NewPCG(7, 7))
	for range 300 {
		path := []string{said(), said(), said(), served.Observer()}[rng.IntN(4)]
		f := flip{path, rng.IntN(len(docs[path])), 1 << rng.IntN(8)}
		changed := docs.Clone()
		changed[path] = turned(docs[path], f)
		p, err := evidence.Open(context.Background(), changed, w.options())
		if err == nil && !cmp.Equal(want, standingsOf(p)) {
			t.Errorf("%+v: %v", f, standingsOf(p))
		}
	}
}

// TestEndorsementsUnreachable: a document that could not be asked for is not one that is
// missing.
func TestEndorsementsUnreachable(t *testing.T) {
	w := newSpoken(t)
	w.speak()
	for _, path := range []string{said(), served.Observer()} {
		if p, err := evidence.Open(context.Background(), unreachable{w.served(), path}, w.options()); p != nil || !errors.Is(err, errNetwork) || errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// TestWithheldInDocument: a withheld entry's records may be left out, or not.
func TestWithheldInDocument(t *testing.T) {
	w := newSpoken(t)
	w.speak()
	w.pub.Redact(1, 2)
	// A server that shows no names hides none that said something.
	hidden := w.served()
	for v := range w.pub.Lists {
		w.pub.Lists[v] = slices.Repeat([]signatory.Disclosure{""}, 3)
	}
	p := mustOpen(t, w.served(), w.options())
	file, _ := p.Records()[1].Edition.Text("en")
	v, err := p.Check(extract.Plain(file), "pinned", time.Time{})
	check(t, err)
	if got := v.Signatories.Known; got != (match.Known{Withdrawn: 1}) {
		t.Errorf("known: %+v", got)
	}
	p = mustOpen(t, hidden, w.options())
	if got := p.Book().Version(1)[2].Known; got != endorsement.Withheld {
		t.Errorf("the entry is %s", got)
	}
}

// FuzzOpenAside: what is read of a line is what was signed.
func FuzzOpenAside(f *testing.F) {
	w := newSpoken(f)
	w.speak()
	policy := w.trust.Policy()
	observers := map[log.Digest]bool{w.pub.Observer.Public().Digest(): true}
	c, _, err := chain.Start(w.pub.Bundles[0])
	check(f, err)
	for _, b := range w.pub.Bundles[1:] {
		r, err := c.Next(b)
		check(f, err)
		c.Advance(r)
	}
	known := map[log.Digest]int64{}
	open := func(line []byte) (*evidence.Aside, error) {
		a, _, err := evidence.OpenAside(line, c, observers, policy, func(*statement.Passkey) error { return nil })
		return a, err
	}
	for _, a := range w.pub.Asides {
		line := bytes.TrimSuffix(w.pub.AsideLine(a, w.log.Size()), []byte("\n"))
		if _, err := open(line); err != nil {
			f.Fatalf("the seed does not open: %v", err)
		}
		known[a.Bundle.Envelope.Digest()] = a.Index
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		a, err := open(line)
		if err != nil {
			if a != nil {
				t.Fatal("a record with an error")
			}
			return
		}
		if index, ok := known[a.Digest()]; !ok || index != a.Index || (a.Claim == nil) == (a.Sighting == nil) {
			t.Fatalf("%s at %d was never signed", a.Digest(), a.Index)
		}
	})
}

// TestBrowserEndorsements: the browser knows each signatory as this program does, and is
// told no lie that this one is not.
func TestBrowserEndorsements(t *testing.T) {
	w := newSpoken(t)
	w.speak()
	lies := w.lies()
	docs := w.served()
	r := newReader(t, w.world, docs)
	e := logtest.River()[1]
	listed := []byte(e.Texts["en"] + "\n" + strings.Join(e.Names, "\n") + "\n")
	if n := r.ask(t, []asked{{Name: "now", Now: float64(time.Now().Unix()), Copies: append(copies(), listed)}}); n != 0 {
		t.Fatalf("%d of the true answers were refused", n)
	}
	nameless := docs.Clone()
	for v := range w.pub.Lists {
		w.pub.Lists[v] = slices.Repeat([]signatory.Disclosure{""}, 3)
	}
	maps.DeleteFunc(nameless, func(p string, _ []byte) bool { return !strings.HasSuffix(p, "/signatories.json") })
	for p := range nameless {
		nameless[p] = w.served()[p]
	}
	if n := r.ask(t, []asked{{Name: "no names", Docs: nameless, Copies: append(copies(), listed)}}); n != 0 {
		t.Error("a list without names was refused")
	}
	var all []asked
	want := 0
	for name, c := range lies {
		changed := docs.Clone()
		c.change(changed)
		a := asked{Name: name, Docs: map[string][]byte{}, Copies: [][]byte{listed}}
		for p := range logtest.Merge(docs, changed) {
			if b, ok := changed[p]; !ok || string(b) != string(docs[p]) {
				a.Docs[p] = b
				if ok && b == nil {
					a.Docs[p] = []byte{}
				}
			}
		}
		if c.path != "" || c.says != "" {
			want++
		}
		all = append(all, a)
	}
	if refused := r.ask(t, all); refused != want {
		t.Errorf("%d of %d lies refused, want %d", refused, len(all), want)
	}
	few := logtest.Documents{said(): docs[said()], served.Observer(): docs[served.Observer()]}
	more := slices.Concat(dropped(few), lineFields(t, docs), flipsOf(few, 300))
	t.Logf("%d further lies, %d refused", len(more), r.ask(t, more))
}

// lineFields changes each value in each line.
func lineFields(t *testing.T, docs logtest.Documents) (out []asked) {
	t.Helper()
	lines := bytes.SplitAfter(docs[said()], []byte("\n"))
	for i, line := range lines[:len(lines)-1] {
		for _, a := range fields(t, logtest.Documents{"line.json": line}) {
			changed := slices.Clone(lines)
			changed[i] = append(a.Docs["line.json"], '\n')
			out = append(out, asked{Name: fmt.Sprintf("line %d, %s", i+1, a.Name), Docs: map[string][]byte{said(): bytes.Join(changed, nil)}})
		}
	}
	return out
}

// TestBrowserStories: whatever of all that can be said is shown, the browser knows the
// same of everybody.
func TestBrowserStories(t *testing.T) {
	w := newSpoken(t)
	rng := rand.New(rand.NewPCG(11, 11))
	pick := func(list ...string) string { return list[rng.IntN(len(list))] }
	kinds := []string{statement.ClaimEndorsement, statement.ClaimEndorsement, statement.ClaimWithdrawal, statement.ClaimDenial}
	publisher := logtest.NewSigner(t)
	for i := range 90 {
		if i == 45 {
			w.pub.ChangePolicy(1, publisher)
		}
		signer := []*keys.Signer{w.one, w.two, w.stranger, publisher, w.pub.Signer}[rng.IntN(5)]
		version, entry := 1+rng.IntN(4), rng.IntN(2)
		switch rng.IntN(4) {
		case 0:
			w.enrol(signer, entry, pick("wells.example", "wells.example", "springs.example"), i*4)
		case 1:
			w.claim(signer, pick(kinds...), version, entry, pick("en", "ar"))
		case 2:
			w.passkey(signer, pick(kinds...), version, entry, pick("en", "ar"))
		default:
			w.see(pick(statement.MeansDomain, statement.MeansMail), pick(kinds...), version, entry, pick("", "en", "ar"))
			w.see(statement.MeansDomain, statement.ClaimAbsence, version, entry, "")
		}
	}
	docs := w.served()
	lines := bytes.SplitAfter(docs[said()], []byte("\n"))
	r := newReader(t, w.world, docs)
	all := []asked{{Name: "all of it", Copies: copies()}}
	for i := range 250 {
		var some [][]byte
		for _, line := range lines {
			if rng.IntN(12) < 1+i%6 {
				some = append(some, line)
			}
		}
		all = append(all, asked{Name: fmt.Sprintf("story %d", i), Docs: map[string][]byte{said(): bytes.Join(some, nil)}})
	}
	if n := r.ask(t, all); n != 0 {
		t.Errorf("%d stories were refused", n)
	}
	seen := map[string]int{}
	for _, a := range all {
		for _, list := range r.askGo(t, a).Known {
			for _, s := range list {
				seen[s.Known]++
			}
		}
	}
	if len(seen) < 6 {
		t.Errorf("the stories tell only of %v", seen)
	}
}
