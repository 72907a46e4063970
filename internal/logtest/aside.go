package logtest

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/sijil/sijil/internal/endorsement"
	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/internal/jcs"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// About is what a claim of entry, counted from 0, of version n's list says.
func (p *Publication) About(n, entry int) statement.About {
	p.Log.t.Helper()
	return statement.About{Entry: p.Entry(n, entry), Issued: p.Now(), Log: statement.NameOf(p.Log.Key), Publication: p.Genesis(), Version: p.VersionName(n)}
}

// Sighted is what a sighting of that entry says.
func (p *Publication) Sighted(n, entry int, domain string) statement.Sighted {
	p.Log.t.Helper()
	return statement.Sighted{Domain: domain, Entry: p.Entry(n, entry), Issued: p.Now(), Log: statement.NameOf(p.Log.Key), Publication: p.Genesis()}
}

// Entry is the commitment of an entry, counted from 0, of version n's list.
func (p *Publication) Entry(n, entry int) string { return p.lists[n-1][entry] }

// Now is the hour of the log: one for each entry.
func (p *Publication) Now() string {
	return Start.Add(time.Duration(p.Log.Size()) * time.Hour).Format(time.RFC3339)
}

// VersionName names version n.
func (p *Publication) VersionName(n int) statement.VersionName {
	p.Log.t.Helper()
	seen := 0
	for _, b := range p.Bundles {
		s, err := statement.Parse(b.Envelope.Payload)
		check(p.Log.t, err)
		if _, ok := s.(*statement.Version); ok {
			seen++
		}
		if seen == n {
			return statement.VersionName{Number: n, Record: b.Envelope.Digest()}
		}
	}
	p.Log.t.Fatalf("there is no version %d", n)
	return statement.VersionName{}
}

// Text is the published text of version n in a language, as one that was read.
func (p *Publication) Text(n int, language string) statement.ReadText {
	return statement.ReadText{Language: language, SHA256: log.Sum([]byte(p.Editions[n-1].Texts[language]))}
}

// Claim logs what a signatory signs.
func (p *Publication) Claim(s *keys.Signer, c statement.Claim) Signature {
	p.Log.t.Helper()
	payload, err := statement.EncodeClaim(c)
	check(p.Log.t, err)
	return p.Aside(s, payload)
}

// See logs what the observer key signs.
func (p *Publication) See(s statement.Sighting) Signature {
	p.Log.t.Helper()
	payload, err := statement.EncodeSighting(s)
	check(p.Log.t, err)
	if p.Observer == nil {
		p.Observer = NewSigner(p.Log.t)
	}
	return p.Aside(p.Observer, payload)
}

// Aside signs and logs a payload that belongs to no chain, whatever it says.
func (p *Publication) Aside(s *keys.Signer, payload []byte) Signature {
	p.Log.t.Helper()
	b := Sign(p.Log.t, s, payload)
	a := Signature{b, s.Public(), p.Log.Publish(b, s.Public())}
	p.Asides = append(p.Asides, a)
	return a
}

// AsideLine is the line of the endorsements document that such a record is, with its
// proof at a size.
func (p *Publication) AsideLine(a Signature, size int64) []byte {
	p.Log.t.Helper()
	b, err := p.Log.Complete(a.Bundle, a.Key, a.Index, size).Marshal()
	check(p.Log.t, err)
	line, err := jcs.Marshal(struct {
		Bundle json.RawMessage `json:"bundle"`
		Key    []byte          `json:"key"`
	}{b, a.Key.SPKI()})
	check(p.Log.t, err)
	return append(line, '\n')
}

// ObserverNote is the log's word for observer keys.
func (p *Publication) ObserverNote(list ...*keys.PublicKey) []byte {
	p.Log.t.Helper()
	var spki [][]byte
	for _, k := range list {
		spki = append(spki, k.SPKI())
	}
	b, err := log.SignObserver(p.Log.Signer, spki)
	check(p.Log.t, err)
	return b
}

// asides adds the documents that there are if anybody said anything.
func (p *Publication) asides(out Documents, layout evidence.Layout, size int64) {
	p.Log.t.Helper()
	if p.Observer != nil {
		out[layout.Observer()] = p.ObserverNote(p.Observer.Public())
	}
	if len(p.Asides) == 0 {
		return
	}
	var lines [][]byte
	for _, a := range p.Asides {
		if a.Index < size {
			lines = append(lines, p.AsideLine(a, size))
		}
	}
	most := p.PartRecords
	if most == 0 {
		most = endorsement.PartRecords
	}
	out.Parts(layout, p.Slug, most, lines)
}

// Parts puts the parts of the endorsements document in the place of those that are there.
func (d Documents) Parts(layout evidence.Layout, slug string, most int, lines [][]byte) {
	for n := 1; d[layout.Endorsements(slug, n)] != nil; n++ {
		delete(d, layout.Endorsements(slug, n))
	}
	for n := range len(lines)/most + 1 {
		d[layout.Endorsements(slug, n+1)] = append([]byte{}, bytes.Join(lines[n*most:min((n+1)*most, len(lines))], nil)...)
	}
}
