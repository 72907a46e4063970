package logtest

import (
	"crypto/rand"
	"slices"
	"strings"

	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/internal/roll"
	"github.com/sijil/sijil/internal/signatory"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/log"
)

// Batch is a batch of a publication's roll, in its place in the log.
type Batch struct {
	Signature
	Rows    []roll.Row // of an addition
	Entries []string   // commitments, of the others
}

// Endorse logs a batch that adds people of these names as endorsers of version n, and
// returns their commitments.
func (p *Publication) Endorse(n int, names ...string) []string {
	p.Log.t.Helper()
	var b Batch
	var entries []string
	for _, name := range names {
		salt, err := signatory.NewSalt(rand.Reader)
		check(p.Log.t, err)
		d, err := signatory.Disclose(signatory.Signatory{Name: name, Kind: signatory.Person}, salt)
		check(p.Log.t, err)
		b.Rows, entries = append(b.Rows, roll.Row{Disclosure: d}), append(entries, d.Digest())
	}
	version := p.VersionName(n)
	p.batch(b, &statement.Batch{Change: statement.BatchAdd, Version: &version}, entries)
	return entries
}

// EndRoll logs a batch that withdraws or withholds entries of the roll. What it withholds
// is served no more.
func (p *Publication) EndRoll(change, reason string, entries ...string) {
	p.Log.t.Helper()
	p.batch(Batch{Entries: entries}, &statement.Batch{Change: change, Reason: reason}, entries)
	if change != statement.BatchWithhold {
		return
	}
	for _, b := range p.Batches {
		for i, r := range b.Rows {
			if c := r.Disclosure.Digest(); r.Withheld == "" && slices.Contains(entries, c) {
				b.Rows[i] = roll.Row{Withheld: c}
			}
		}
	}
}

// batch signs and logs a batch as the roll's next one.
func (p *Publication) batch(b Batch, s *statement.Batch, lines []string) {
	p.Log.t.Helper()
	d := roll.NewDocument()
	for _, l := range lines {
		d.Add(l)
	}
	s.Count, s.Rows, s.Issued, s.Log, s.Publication = d.Count(), d.Digest(), p.Now(), statement.NameOf(p.Log.Key), p.Genesis()
	s.Number, s.Previous = int64(len(p.Batches)+1), p.Genesis()
	if n := len(p.Batches); n > 0 {
		s.Previous = p.Batches[n-1].Bundle.Envelope.Digest()
	}
	payload, err := statement.EncodeBatch(s)
	check(p.Log.t, err)
	bundle := Sign(p.Log.t, p.Signer, payload)
	b.Signature = Signature{bundle, p.Signer.Public(), p.Log.Publish(bundle, p.Signer.Public())}
	p.Batches = append(p.Batches, b)
}

// rolls adds the documents of the roll: rows are served as they are now, whatever the size.
func (p *Publication) rolls(out Documents, layout evidence.Layout, size int64) {
	p.Log.t.Helper()
	doc := []byte{}
	for i, b := range p.Batches {
		if b.Index >= size {
			break
		}
		doc = append(doc, p.AsideLine(b.Signature, size)...)
		rows := strings.Join(append(slices.Clone(b.Entries), ""), "\n")
		for _, r := range b.Rows {
			line, err := r.Marshal()
			check(p.Log.t, err)
			rows += string(line)
		}
		out[layout.RollRows(p.Slug, int64(i+1))] = []byte(rows)
	}
	if len(doc) > 0 {
		out[layout.Roll(p.Slug)] = doc
	}
}

// BatchRecord is the record digest of batch n.
func (p *Publication) BatchRecord(n int) log.Digest { return p.Batches[n-1].Bundle.Envelope.Digest() }
