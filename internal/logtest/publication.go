package logtest

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/sijil/sijil/internal/edition"
	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/internal/signatory"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/internal/text"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// Edition is what a test publishes as one version.
type Edition struct {
	Texts  map[string]string // by language; the first line is the title
	Names  []string          // of the signatories, in list order
	Reason string
}

// River returns two editions of an invented declaration, in English and Arabic
// and with three signatories each. The second one changes a number, and keeps two
// of the signatories.
func River() []Edition {
	const en = "River Declaration\n\nThe river belongs to all who drink from it. We count %s bridges.\n\n• Open the gates.\n• Test the water twice a year.\n"
	const ar = "إعلان النهر\n\nالنهر ملك لكل من يشرب منه. نحصي %s جسور.\n\n• افتحوا البوابات.\n"
	names := []string{"Union of Well Keepers", "جمعية حراس النبع", "Valley Radio"}
	return []Edition{
		{Texts: map[string]string{"en": fmt.Sprintf(en, "seven"), "ar": fmt.Sprintf(ar, "سبعة")}, Names: names, Reason: "First version."},
		{Texts: map[string]string{"en": fmt.Sprintf(en, "nine"), "ar": fmt.Sprintf(ar, "تسعة")}, Names: []string{names[0], names[1], "Tide Table Society"}, Reason: "Two more bridges were counted."},
	}
}

// Version returns the statement that makes the edition the n-th version of a
// chain that holds versions only, and the disclosures of its list. before are
// those of the version before.
func (e Edition) Version(t testing.TB, name statement.LogName, genesis, previous log.Digest, n int, before []signatory.Disclosure) (*statement.Version, []signatory.Disclosure) {
	t.Helper()
	v := &statement.Version{
		Canonical: text.Edition, Log: name, Publication: genesis, Previous: previous, Sequence: int64(n), Version: n,
		Issued: issued(n), Reason: e.Reason, Title: e.Title(),
	}
	var texts []statement.Text
	for lang, body := range e.Texts {
		d, err := edition.Digests(lang, []byte(body))
		check(t, err)
		texts = append(texts, d)
	}
	v.SetTexts(texts)
	var list []signatory.Signatory
	for _, name := range e.Names {
		list = append(list, signatory.Signatory{Name: name, Kind: signatory.Organisation})
	}
	disclosures, err := signatory.Reuse(before, list, rand.Reader)
	check(t, err)
	v.Signatories.Commitments, err = signatory.Commit(disclosures)
	check(t, err)
	return v, disclosures
}

// Title returns the first line of each text.
func (e Edition) Title() map[string]string {
	out := map[string]string{}
	for lang, body := range e.Texts {
		line, _, _ := bytes.Cut([]byte(body), []byte("\n"))
		out[lang] = string(line)
	}
	return out
}

// Files returns the texts as bytes.
func (e Edition) Files() map[string][]byte {
	out := map[string][]byte{}
	for lang, body := range e.Texts {
		out[lang] = []byte(body)
	}
	return out
}

// Genesis returns a signed genesis record, not logged.
func (l *Log) Genesis(slug string, title map[string]string, signer *keys.Signer) *log.Bundle {
	l.t.Helper()
	return SignStatement(l.t, signer, &statement.Publication{Log: statement.NameOf(l.Key), Slug: slug, Title: title, Policy: statement.NewPolicy(1, signer.Public())})
}

// SignStatement encodes and signs a statement.
func SignStatement(t testing.TB, signer *keys.Signer, s statement.Statement) *log.Bundle {
	t.Helper()
	payload, err := statement.Encode(s)
	check(t, err)
	return Sign(t, signer, payload)
}

// Publication is a publication whose records are in a virtual log.
type Publication struct {
	Log       *Log
	Slug      string
	Signer    *keys.Signer   // signs the next records
	Cosigners []*keys.Signer // sign them too, in this order
	Bundles   []*log.Bundle  // by sequence: the first signature's, without log entry
	Indexes   []int64        // by sequence: of the last signature
	Editions  []Edition
	Lists     [][]signatory.Disclosure // of each version
	Observer  *keys.Signer             // signs what the service sees; See makes one
	Asides    []Signature              // records that belong to no chain, by log index
	Batches   []Batch                  // of the roll
	// PartRecords is how many of them a full part of the document has. 0: as in production.
	PartRecords int
	signed      [][]Signature           // by sequence
	lists       []signatory.Commitments // of each version
	versions    []int                   // by sequence: the number of a version, else 0
}

// Signature is one signature of a record, in its place in the log.
type Signature struct {
	Bundle *log.Bundle // without log entry
	Key    *keys.PublicKey
	Index  int64
}

// Signatures are those of the record with a sequence number.
func (p *Publication) Signatures(sequence int) []Signature {
	if sequence < len(p.signed) {
		return p.signed[sequence]
	}
	return []Signature{{p.Bundles[sequence], p.Signer.Public(), p.Indexes[sequence]}} // a genesis that a test made
}

// Publication logs a genesis record and a version record for each edition.
func (l *Log) Publication(slug string, signer *keys.Signer, editions ...Edition) *Publication {
	l.t.Helper()
	genesis := l.Genesis(slug, editions[0].Title(), signer)
	p := &Publication{Log: l, Slug: slug, Signer: signer, Bundles: []*log.Bundle{genesis}, Indexes: []int64{l.Publish(genesis, signer.Public())}}
	for _, e := range editions {
		p.Add(e)
	}
	return p
}

// Genesis is the genesis digest.
func (p *Publication) Genesis() log.Digest { return p.Bundles[0].Envelope.Digest() }

// Next signs the edition as the next version, without logging it.
func (p *Publication) Next(e Edition) (*log.Bundle, []signatory.Disclosure) {
	p.Log.t.Helper()
	var before []signatory.Disclosure
	if n := len(p.Lists); n > 0 {
		before = p.Lists[n-1]
	}
	last := p.Bundles[len(p.Bundles)-1].Envelope.Digest()
	v, d := e.Version(p.Log.t, statement.NameOf(p.Log.Key), p.Genesis(), last, len(p.Bundles), before)
	v.Version = len(p.Lists) + 1
	return SignStatement(p.Log.t, p.Signer, v), d
}

// Add logs the edition as the next version.
func (p *Publication) Add(e Edition) {
	p.Log.t.Helper()
	b, d := p.Next(e)
	c, err := signatory.Commit(d)
	check(p.Log.t, err)
	p.Editions, p.Lists, p.lists = append(p.Editions, e), append(p.Lists, d), append(p.lists, c)
	p.add(b, len(p.Lists))
}

// add logs a record that Signer has signed, once for each signature.
func (p *Publication) add(b *log.Bundle, version int) {
	p.Log.t.Helper()
	for n := len(p.signed); n < len(p.Bundles); n++ {
		p.signed, p.versions = append(p.signed, p.Signatures(n)), append(p.versions, 0) // the genesis
	}
	all := []Signature{{b, p.Signer.Public(), p.Log.Publish(b, p.Signer.Public())}}
	for _, s := range p.Cosigners {
		again := Sign(p.Log.t, s, b.Envelope.Payload)
		all = append(all, Signature{again, s.Public(), p.Log.Publish(again, s.Public())})
	}
	p.Bundles, p.Indexes = append(p.Bundles, b), append(p.Indexes, all[len(all)-1].Index)
	p.signed, p.versions = append(p.signed, all), append(p.versions, version)
}

// Append logs a statement that makes no version as the next record, whatever it says.
func (p *Publication) Append(s statement.Statement) {
	p.Log.t.Helper()
	p.add(SignStatement(p.Log.t, p.Signer, s), 0)
}

// ChangePolicy logs a policy under which threshold of signers must sign, and has so
// many of them, the first ones, sign what comes next.
func (p *Publication) ChangePolicy(threshold int, signers ...*keys.Signer) {
	p.Log.t.Helper()
	p.Append(p.PolicyChange(threshold, signers...))
	p.Signer, p.Cosigners = signers[0], signers[1:threshold]
}

// PolicyChange is that policy's statement, as the next record.
func (p *Publication) PolicyChange(threshold int, signers ...*keys.Signer) *statement.PolicyChange {
	var list []*keys.PublicKey
	for _, s := range signers {
		list = append(list, s.Public())
	}
	n := len(p.Bundles)
	return &statement.PolicyChange{
		Issued: issued(n), Log: statement.NameOf(p.Log.Key), Policy: statement.NewPolicy(threshold, list...), Previous: p.Bundles[n-1].Envelope.Digest(),
		Publication: p.Genesis(), Reason: "Other keys sign.", Sequence: int64(n),
	}
}

// Commitment is an entry, counted from 0, of version n's list.
func (p *Publication) Commitment(n, entry int) string { return p.lists[n-1][entry] }

// Redaction is the statement that withholds an entry, counted from 0, of version n's
// list, as the next record.
func (p *Publication) Redaction(n, entry int) *statement.Redaction {
	at := len(p.Bundles)
	return &statement.Redaction{
		Entry: p.lists[n-1][entry], Issued: issued(at), Log: statement.NameOf(p.Log.Key), Payloads: []log.Digest{},
		Previous: p.Bundles[at-1].Envelope.Digest(), Publication: p.Genesis(), Sequence: int64(at),
	}
}

// Redact logs that statement, naming the records that go with the entry, and discloses
// the entry no more.
func (p *Publication) Redact(n, entry int, payloads ...log.Digest) {
	p.Log.t.Helper()
	r := p.Redaction(n, entry)
	r.Payloads = append(r.Payloads, payloads...)
	slices.SortFunc(r.Payloads, func(a, b log.Digest) int { return bytes.Compare(a[:], b[:]) })
	p.Append(r)
	for v, list := range p.lists {
		if i := slices.Index(list, r.Entry); i >= 0 {
			p.Lists[v] = slices.Clone(p.Lists[v])
			p.Lists[v][i] = ""
		}
	}
}

// issued is when a test says that a record was signed.
func issued(sequence int) string {
	return Start.Add(time.Duration(sequence) * time.Hour).Format(time.RFC3339)
}

// Retraction signs the retraction of a version, or of the publication where
// version is 0, as the next record, without logging it.
func (p *Publication) Retraction(version int, reason string) *log.Bundle {
	p.Log.t.Helper()
	n := len(p.Bundles)
	r := &statement.Retraction{
		Issued: issued(n), Log: statement.NameOf(p.Log.Key), Publication: p.Genesis(),
		Previous: p.Bundles[n-1].Envelope.Digest(), Reason: reason, Sequence: int64(n),
	}
	for i, v := range p.versions {
		if version > 0 && v == version {
			r.Version = &statement.VersionName{Number: v, Record: p.Bundles[i].Envelope.Digest()}
		}
	}
	if version > 0 && r.Version == nil {
		p.Log.t.Fatalf("there is no version %d", version)
	}
	return SignStatement(p.Log.t, p.Signer, r)
}

// Retract logs the retraction of a version, or of the publication where version
// is 0.
func (p *Publication) Retract(version int, reason string) {
	p.Log.t.Helper()
	p.add(p.Retraction(version, reason), 0)
}

// Fork returns a log with the same key and the first size entries: what its
// operator could show to somebody else.
func (l *Log) Fork(size int64) *Log {
	return &Log{t: l.t, Base: l.Base, Key: l.Key, Signer: l.Signer, Policy: l.Policy,
		entries: slices.Clone(l.entries[:size]), hashes: slices.Clone(l.hashes[:tlog.StoredHashCount(size)])}
}

// Head signs a head.
func (l *Log) Head(h log.Head) []byte {
	l.t.Helper()
	b, err := log.SignHead(l.Signer, h)
	check(l.t, err)
	return b
}

// Documents are what a source serves, by path. It is an evidence.Source.
type Documents map[string][]byte

// Fetch implements evidence.Source.
func (d Documents) Fetch(_ context.Context, path string) ([]byte, error) {
	b, ok := d[path]
	if !ok {
		return nil, fmt.Errorf("%s: %w", path, fs.ErrNotExist)
	}
	return b, nil
}

// Clone returns a copy in which documents can be replaced.
func (d Documents) Clone() Documents { return maps.Clone(d) }

// Documents returns what an honest service serves of the publication when its
// tree has the given size.
func (p *Publication) Documents(layout evidence.Layout, size int64) Documents {
	p.Log.t.Helper()
	out := Documents{layout.Checkpoint(): p.Log.Checkpoint(size)}
	for i, b := range p.Bundles {
		if p.Indexes[i] >= size {
			break
		}
		for n, s := range p.Signatures(i) {
			data, err := p.Log.Complete(s.Bundle, s.Key, s.Index, size).Marshal()
			check(p.Log.t, err)
			out[layout.Cosigned(p.Slug, int64(i), n+1)] = data
		}
		out[layout.Head(p.Slug)] = p.Log.Head(log.Head{Genesis: p.Genesis(), Record: b.Envelope.Digest(), Index: p.Indexes[i], TreeSize: size})
		if i < len(p.versions) && p.versions[i] > 0 {
			p.content(out, layout, p.versions[i])
		}
	}
	p.asides(out, layout, size)
	p.rolls(out, layout, size)
	return out
}

func (p *Publication) content(out Documents, layout evidence.Layout, version int) {
	for lang, body := range p.Editions[version-1].Texts {
		out[layout.Text(p.Slug, version, lang)] = []byte(body)
	}
	list, err := signatory.Open(p.lists[version-1], p.Lists[version-1])
	check(p.Log.t, err)
	out[layout.Signatories(p.Slug, version)], err = list.Encode()
	check(p.Log.t, err)
}
