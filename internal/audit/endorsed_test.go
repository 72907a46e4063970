package audit

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/sijil/sijil/internal/endorsement"
	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/internal/signatory"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// endorsed is a world whose publication was endorsed, and more. In the log stand
//
//	310  the enrolment of Delta's key, for the first entry of version 1
//	311  Delta's endorsement
//	312  what the second entry's domain says: it endorses
//	313  the third entry's domain denies
//	314  Delta withdraws
//	315  Delta endorses again
//	316  a stranger's claim about the first entry: nobody has confirmed the key
//	340  the policy change: one of one key becomes two of three
//	350  the redaction of the second entry, with 351
//	400  a proposal: one of two signatures
//	550  version 2, with 551
//	560  Delta endorses version 2
type endorsed struct {
	*world
	observer, delta, stranger *keys.Signer
	keys                      []*keys.Signer
	asides                    []aside
	proposal                  *log.Bundle
	note                      []byte // of the observer key
	withheld                  signatory.Disclosure
}

// aside is a record that belongs to no chain.
type aside struct {
	bundle *log.Bundle
	key    *keys.PublicKey
	index  int64
	gone   bool // by the redaction
}

const (
	enrolledAt, endorsedAt, observedAt, deniedAt, withdrawnAt, againAt, strangeAt = 310, 311, 312, 313, 314, 315, 316

	policyAt, redactedAt, proposedAt, laterAt = 340, 350, 400, 560
)

// newEndorsed makes that world. meddle may change what the redaction names; Optional.
func newEndorsed(t testing.TB, meddle func(x *endorsed, payloads []log.Digest) []log.Digest) *endorsed {
	t.Helper()
	x := &endorsed{observer: logtest.NewSigner(t), delta: logtest.NewSigner(t), stranger: logtest.NewSigner(t)}
	x.keys = []*keys.Signer{nil, logtest.NewSigner(t), logtest.NewSigner(t)}
	x.world = newWorld(t, func(w *world, index int64) {
		x.world = w
		switch index {
		case enrolledAt:
			x.see(&statement.Enrolment{Sighted: x.sighted(0), Key: x.delta.Public().SPKI(), Seen: *x.seen()})
		case endorsedAt:
			x.claim(x.delta, x.endorsement(1, "2026-03-01T00:00:00Z"))
		case observedAt:
			x.see(&statement.Observation{Sighted: x.sighted(1), Claim: statement.ClaimEndorsement, Seen: x.seen(), Version: x.version(1)})
		case deniedAt:
			x.see(&statement.Observation{Sighted: x.sighted(2), Claim: statement.ClaimDenial, Seen: x.seen(), Version: x.version(1)})
		case withdrawnAt:
			x.claim(x.delta, &statement.Withdrawal{About: x.about(1, "2026-03-02T00:00:00Z")})
		case againAt:
			x.claim(x.delta, x.endorsement(1, "2026-03-03T00:00:00Z"))
		case strangeAt:
			x.claim(x.stranger, &statement.Denial{About: x.about(1, "2026-03-04T00:00:00Z")})
		case policyAt:
			x.keys[0] = w.signer
			w.pub.ChangePolicy(2, x.keys...)
		case redactedAt:
			payloads := []log.Digest{x.at(observedAt).bundle.Envelope.Digest()}
			if meddle != nil {
				payloads = meddle(x, payloads)
			}
			x.withheld = w.pub.Lists[0][1]
			w.pub.Redact(1, 1, payloads...)
			x.at(observedAt).gone = true
		case proposedAt:
			x.proposal = w.rival(x.keys[1], "Another.")
			w.log.Publish(x.proposal, x.keys[1].Public())
		case laterAt:
			x.claim(x.delta, x.endorsement(2, "2026-04-01T00:00:00Z"))
		}
	})
	x.serveRecord(x.proposal)
	x.note = x.observerNote(x.observer)
	return x
}

func (x *endorsed) observerNote(s *keys.Signer) []byte {
	x.t.Helper()
	b, err := log.SignObserver(x.log.Signer, [][]byte{s.Public().SPKI()})
	check(x.t, err)
	return b
}

func (x *endorsed) version(n int) statement.VersionName {
	sequence := map[int]int{1: 1, 2: 4}[n]
	return statement.VersionName{Number: n, Record: x.pub.Bundles[sequence].Envelope.Digest()}
}

func (x *endorsed) sighted(entry int) statement.Sighted {
	return statement.Sighted{Domain: []string{"delta.example", "spring.example", "radio.example"}[entry], Entry: x.pub.Commitment(1, entry), Issued: "2026-03-01T00:00:00Z",
		Log: statement.NameOf(x.log.Key), Publication: x.pub.Genesis()}
}

func (x *endorsed) seen() *statement.Seen {
	return &statement.Seen{Means: statement.MeansDomain, Via: "dns", Document: log.Sum([]byte("x"))}
}

func (x *endorsed) about(version int, issued string) statement.About {
	return statement.About{Entry: x.pub.Commitment(version, 0), Issued: issued, Log: statement.NameOf(x.log.Key), Publication: x.pub.Genesis(), Version: x.version(version)}
}

func (x *endorsed) endorsement(version int, issued string) statement.Claim {
	return &statement.Endorsement{About: x.about(version, issued), Text: statement.ReadText{Language: "en", SHA256: log.Sum([]byte(logtest.River()[version-1].Texts["en"]))}}
}

func (x *endorsed) claim(s *keys.Signer, c statement.Claim) {
	x.t.Helper()
	payload, err := statement.EncodeClaim(c)
	check(x.t, err)
	x.add(s, payload)
}

func (x *endorsed) see(s statement.Sighting) {
	x.t.Helper()
	payload, err := statement.EncodeSighting(s)
	check(x.t, err)
	x.add(x.observer, payload)
}

func (x *endorsed) add(s *keys.Signer, payload []byte) {
	b := logtest.Sign(x.t, s, payload)
	x.asides = append(x.asides, aside{bundle: b, key: s.Public(), index: x.log.Publish(b, s.Public())})
}

func (x *endorsed) at(index int64) *aside {
	x.t.Helper()
	i := slices.IndexFunc(x.asides, func(a aside) bool { return a.index == index })
	if i < 0 {
		x.t.Fatalf("nothing stands at %d", index)
	}
	return &x.asides[i]
}

// line is a record's line in the document, at the log's size.
func (x *endorsed) line(a aside) []byte {
	x.t.Helper()
	b, err := x.log.Complete(a.bundle, a.key, a.index, x.log.Size()).Marshal()
	check(x.t, err)
	return []byte(`{"bundle":` + string(b) + `,"key":"` + base64.StdEncoding.EncodeToString(a.key.SPKI()) + "\"}\n")
}

// served is what an honest service serves.
func (x *endorsed) served() logtest.Documents {
	d := x.world.served()
	var doc []byte
	for _, a := range x.asides {
		if !a.gone {
			doc = append(doc, x.line(a)...)
		}
	}
	d[lines], d[layout.Observer()] = doc, x.note
	return d
}

var lines = layout.Endorsements(slug, 1)

// linesOf cuts the document.
func linesOf(d logtest.Documents) [][]byte { return slices.Collect(bytes.Lines(d[lines])) }

// without drops lines by their number in the document, from 0.
func without(d logtest.Documents, numbers ...int) {
	var out []byte
	for i, l := range linesOf(d) {
		if !slices.Contains(numbers, i) {
			out = append(out, l...)
		}
	}
	d[lines] = out
}

// Lines of the honest document.
const (
	lineEnrolment, lineEndorsement, lineDenial, lineWithdrawal, lineAgain, lineStrange, lineLater = 0, 1, 2, 3, 4, 5, 6
)

// TestEndorsed: all of it is clean, and says of each signatory what it should.
func TestEndorsed(t *testing.T) {
	x := newEndorsed(t, nil)
	d := x.served()
	if n := len(linesOf(d)); n != 7 {
		t.Fatalf("%d lines", n)
	}
	audited(t, d, x.options(), []found{})
	p, err := evidence.Open(t.Context(), d, evidence.Options{Trust: x.trust, Slug: slug})
	check(t, err)
	want := []endorsement.Known{endorsement.Signed, endorsement.Withheld, endorsement.Denied}
	for i, s := range p.Book().Version(1) {
		if s.Known != want[i] {
			t.Errorf("entry %d is %s, want %s", i, s.Known, want[i])
		}
	}
}

// TestTamperedEndorsements alters what a source serves of what signatories said, and of
// what goes with it.
func TestTamperedEndorsements(t *testing.T) {
	x := newEndorsed(t, nil)
	honest := x.served()
	hidden := func(indexes ...int64) []found {
		var out []found
		for _, i := range indexes {
			path := bundle1
			if i >= 512 {
				path = bundle2
			}
			out = append(out, found{RuleWithheld, i, path})
		}
		return out
	}
	wrong := func(n int) []found { return slices.Repeat([]found{{RuleAside, -1, lines}}, n) }
	order := func(index int64) found { return found{RuleAside, index, lines} }
	then := func(all ...[]found) []found { return slices.Concat(all...) }
	alter := func(number int, change func(line []byte) []byte) func(d logtest.Documents) {
		return func(d logtest.Documents) {
			all := linesOf(d)
			all[number] = change(bytes.Clone(all[number]))
			d[lines] = bytes.Join(all, nil)
		}
	}
	swap := func(d logtest.Documents, a, b int) {
		all := linesOf(d)
		all[a], all[b] = all[b], all[a]
		d[lines] = bytes.Join(all, nil)
	}
	replace := func(old, new string) func([]byte) []byte {
		return func(l []byte) []byte {
			if !bytes.Contains(l, []byte(old)) {
				t.Fatalf("a line does not hold %s", old)
			}
			return bytes.Replace(l, []byte(old), []byte(new), 1)
		}
	}
	key := func(s *keys.Signer) string { return base64.StdEncoding.EncodeToString(s.Public().SPKI()) }
	unsigned := func(s *keys.Signer, c statement.Claim) []byte { // signed, and not in the log
		payload, err := statement.EncodeClaim(c)
		check(t, err)
		b := logtest.Sign(t, s, payload)
		honestly := x.at(endorsedAt)
		full := x.log.Complete(honestly.bundle, honestly.key, endorsedAt, worldSize)
		b.VerificationMaterial.LogEntries = full.VerificationMaterial.LogEntries
		data, err := b.Marshal()
		check(t, err)
		return []byte(`{"bundle":` + string(data) + `,"key":"` + key(s) + "\"}\n")
	}
	redaction, proposal := layout.Record(slug, x.pub.Bundles[3].Envelope.Digest()), layout.Record(slug, x.proposal.Envelope.Digest())
	version2 := layout.Record(slug, x.pub.Bundles[4].Envelope.Digest())
	list1 := layout.Signatories(slug, 1)
	// broken is what follows where the chain cannot be read on: the head, what stands
	// in the log under publisher keys, what the redaction accounts for, version 2's.
	broken := func(first found, rest ...found) []found {
		out := append(hidden(observedAt, laterAt), first, found{RuleHead, 551, layout.Head(slug)})
		return append(append(out, rest...), found{RuleAside, -1, lines}, found{RuleUnredacted, version1At, list1})
	}
	atRedaction := []found{{RuleUnlisted, proposedAt, proposal}, {RuleWithheld, 350, redaction}, {RuleWithheld, 351, redaction}, {RuleWithheld, 550, version2}, {RuleWithheld, 551, version2}}
	policy := layout.Record(slug, x.pub.Bundles[2].Envelope.Digest())
	for _, c := range []struct {
		name   string
		tamper func(d logtest.Documents)
		want   []found
	}{
		// Lines.
		{"hidden enrolment", func(d logtest.Documents) { without(d, lineEnrolment) }, hidden(enrolledAt)},
		{"hidden endorsement", func(d logtest.Documents) { without(d, lineEndorsement) }, hidden(endorsedAt)},
		{"hidden denial", func(d logtest.Documents) { without(d, lineDenial) }, hidden(deniedAt)},
		{"hidden withdrawal", func(d logtest.Documents) { without(d, lineWithdrawal) }, hidden(withdrawnAt)},
		{"hidden last word", func(d logtest.Documents) { without(d, lineAgain) }, hidden(againAt)},
		{"hidden, of a later version", func(d logtest.Documents) { without(d, lineLater) }, hidden(laterAt)},
		{"hidden withdrawal and denial", func(d logtest.Documents) { without(d, lineDenial, lineWithdrawal) }, hidden(deniedAt, withdrawnAt)},
		{"everything hidden, the observer's key known", func(d logtest.Documents) { d[lines] = nil }, hidden(enrolledAt, deniedAt)},
		{"no document, the observer's key known", func(d logtest.Documents) { delete(d, lines) }, hidden(enrolledAt, deniedAt)},
		{"a line altered", alter(lineDenial, replace(`"sig":"M`, `"sig":"N`)), then(hidden(deniedAt), wrong(1))},
		{"a payload altered", alter(lineWithdrawal, func(l []byte) []byte { return replace(`"payload":"ey`, `"payload":"ez`)(l) }), then(hidden(withdrawnAt), wrong(1))},
		{"a proof altered", alter(lineEndorsement, replace(`"treeSize":"600"`, `"treeSize":"599"`)), then(hidden(endorsedAt), wrong(1))},
		{"an index altered", alter(lineEndorsement, replace(`"logIndex":"311"`, `"logIndex":"312"`)), then(hidden(endorsedAt), wrong(1))},
		{"another key beside it", alter(lineEndorsement, replace(key(x.delta), key(x.stranger))), then(hidden(endorsedAt), wrong(1))},
		{"the observer's key beside a claim", alter(lineEndorsement, replace(key(x.delta), key(x.observer))), then(hidden(endorsedAt), wrong(1))},
		{"a member more", alter(lineStrange, replace(`,"key":`, `,"kez":1,"key":`)), wrong(1)},
		{"white space", alter(lineStrange, replace(`{"bundle":`, `{ "bundle":`)), wrong(1)},
		{"an empty line", alter(lineStrange, func(l []byte) []byte { return append(l, '\n') }), wrong(1)},
		{"no end of the last line", func(d logtest.Documents) { d[lines] = bytes.TrimSuffix(d[lines], []byte("\n")) }, then(hidden(laterAt), wrong(1))},
		{"cut in the middle", func(d logtest.Documents) { d[lines] = d[lines][:len(d[lines])-100] }, then(hidden(laterAt), wrong(1))},
		{"two lines swapped", func(d logtest.Documents) { swap(d, lineWithdrawal, lineAgain) }, []found{order(withdrawnAt)}},
		{"reversed", func(d logtest.Documents) {
			all := linesOf(d)
			slices.Reverse(all)
			d[lines] = bytes.Join(all, nil)
		}, []found{order(enrolledAt), order(endorsedAt), order(deniedAt), order(withdrawnAt), order(againAt), order(strangeAt)}},
		{"a line twice", func(d logtest.Documents) { d[lines] = append(bytes.Clone(linesOf(d)[0]), d[lines]...) }, []found{order(enrolledAt)}},
		{"a claim that the log does not hold", func(d logtest.Documents) {
			d[lines] = append(bytes.Clone(d[lines]), unsigned(x.delta, &statement.Denial{About: x.about(1, "2026-05-01T00:00:00Z")})...)
		}, wrong(1)},
		// The observer's key.
		{"no word for the observer's key", func(d logtest.Documents) { delete(d, layout.Observer()) }, wrong(2)},
		{"another observer key", func(d logtest.Documents) { d[layout.Observer()] = x.observerNote(logtest.NewSigner(t)) }, wrong(2)},
		{"the word for it altered", func(d logtest.Documents) { flip(d, layout.Observer(), 60) }, then([]found{{RuleObserver, -1, layout.Observer()}}, wrong(2))},
		{"a word for it by another log", func(d logtest.Documents) {
			b, err := log.SignObserver(logtest.New(t, "https://sijil.example/").Signer, [][]byte{x.observer.Public().SPKI()})
			check(t, err)
			d[layout.Observer()] = b
		}, then([]found{{RuleObserver, -1, layout.Observer()}}, wrong(2))},
		{"signatory's key as the observer's", func(d logtest.Documents) { d[layout.Observer()] = x.observerNote(x.delta) }, then(hidden(endorsedAt, withdrawnAt, againAt, laterAt), wrong(6))},
		// Names.
		{"a name missing without a redaction", func(d logtest.Documents) {
			d[list1] = bytes.Replace(d[list1], []byte(`"`+string(x.pub.Lists[0][2])+`"`), []byte("null"), 1)
		}, []found{{RuleUnredacted, version1At, list1}}},
		{"a withheld name served", func(d logtest.Documents) {
			d[list1] = bytes.Replace(d[list1], []byte("null"), []byte(`"`+string(x.withheld)+`"`), 1)
		}, []found{{RuleServed, version1At, list1}}},
		{"what was said about a withheld name served", func(d logtest.Documents) {
			all := linesOf(d)
			d[lines] = bytes.Join(slices.Insert(all, 2, x.line(*x.at(observedAt))), nil)
		}, []found{{RuleServed, observedAt, lines}}},
		// The chain.
		{"no redaction", func(d logtest.Documents) { delete(d, records(3)) }, broken(found{RuleGap, -1, records(3)}, atRedaction...)},
		{"the redaction's second signature missing", func(d logtest.Documents) { delete(d, second(3)) }, broken(found{RuleMissing, -1, second(3)}, atRedaction...)},
		{"the redaction's second signature is the first", func(d logtest.Documents) { d[second(3)] = d[records(3)] }, broken(found{RuleRecordKey, -1, second(3)}, atRedaction...)},
		{"the redaction's second signature is another's", func(d logtest.Documents) { d[second(3)] = d[second(4)] }, broken(found{RuleRecordKey, -1, second(3)}, atRedaction...)},
		{"no policy change", func(d logtest.Documents) { delete(d, records(2)) },
			broken(found{RuleGap, -1, records(2)}, found{RuleWithheld, policyAt, policy}, found{RuleWithheld, 350, redaction}, found{RuleWithheld, 550, version2})},
		{"the proposal is not served", func(d logtest.Documents) { delete(d, proposal) }, []found{{RuleWithheld, proposedAt, proposal}}},
		{"head before the threshold", func(d logtest.Documents) { x.head(d, 4, 550, worldSize) }, []found{{RuleHead, 550, layout.Head(slug)}}},
		{"head at the proposal", func(d logtest.Documents) {
			d[layout.Head(slug)] = x.log.Head(log.Head{Genesis: x.pub.Genesis(), Record: x.proposal.Envelope.Digest(), Index: proposedAt, TreeSize: worldSize})
		}, []found{{RuleHead, proposedAt, layout.Head(slug)}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := honest.Clone()
			c.tamper(d)
			audited(t, d, x.options(), c.want)
		})
	}
}

// TestTamperedRedactions: a redaction that names too few records leaves some that nobody
// can account for; one that names another entry's shows it as soon as that one is served.
func TestTamperedRedactions(t *testing.T) {
	for _, c := range []struct {
		name     string
		payloads func(x *endorsed, honest []log.Digest) []log.Digest
		want     []found
	}{
		{"names too few", func(*endorsed, []log.Digest) []log.Digest { return nil }, []found{{RuleWithheld, observedAt, bundle1}}},
		{"names another's denial", func(x *endorsed, honest []log.Digest) []log.Digest {
			return append(honest, x.at(deniedAt).bundle.Envelope.Digest())
		}, []found{{RuleServed, deniedAt, lines}}},
		{"names a withdrawal instead", func(x *endorsed, _ []log.Digest) []log.Digest {
			return []log.Digest{x.at(withdrawnAt).bundle.Envelope.Digest()}
		}, []found{{RuleWithheld, observedAt, bundle1}, {RuleServed, withdrawnAt, lines}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := newEndorsed(t, c.payloads)
			audited(t, x.served(), x.options(), c.want)
		})
	}
}

// TestSaidTwice: a signatory who signs the same twice, and a stranger who makes a second
// signature of the first, are nothing to find.
func TestSaidTwice(t *testing.T) {
	x := newEndorsed(t, nil)
	again := signAgain(t, x.delta, x.at(withdrawnAt).bundle)
	x.log.Publish(again, x.delta.Public())
	d := x.served()
	if !strings.Contains(string(d[lines]), x.delta.Public().Hint()) {
		t.Fatal("no line of Delta's")
	}
	audited(t, d, x.options(), []found{})
}

// TestUnattached: what a key signed before it was enrolled, and nobody serves, has a name of
// its own; what it signed afterwards is hidden.
func TestUnattached(t *testing.T) {
	x := newEndorsed(t, nil)
	bare := func() int64 { // a signature over a file, as the door takes it
		payload := fmt.Appendf(nil, `{"file":%d}`, x.log.Size())
		return x.log.Publish(logtest.Sign(t, x.stranger, payload), x.stranger.Public())
	}
	early := bare()
	audited(t, x.served(), x.options(), []found{})
	x.see(&statement.Enrolment{Sighted: x.sighted(2), Key: x.stranger.Public().SPKI(), Seen: *x.seen()})
	late := bare()
	const at = "tile/entries/002.p/91"
	audited(t, x.served(), x.options(), []found{{RuleWithheld, late, at}, {RuleUnattached, early, at}})
}
