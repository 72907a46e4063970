package audit

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"slices"
	"testing"

	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

const slug = "river"

// world is a log of 600 entries of strangers, among which the publication river
// stands: genesis at 10, versions at 300 and 550.
type world struct {
	t      testing.TB
	log    *logtest.Log
	pub    *logtest.Publication
	signer *keys.Signer
	trust  *keys.Trust
	others []*keys.Signer
	extra  logtest.Documents
}

const (
	worldSize  = 600
	genesisAt  = 10
	version1At = 300
	version2At = 550
)

// newWorld makes the world. meddle is called with each index before an entry is
// appended there, and may append another one; Optional.
func newWorld(t testing.TB, meddle func(w *world, index int64)) *world {
	t.Helper()
	w := &world{t: t, log: logtest.New(t, "https://sijil.example/"), signer: logtest.NewSigner(t), extra: logtest.Documents{}}
	for range 3 {
		w.others = append(w.others, logtest.NewSigner(t))
	}
	for w.log.Size() < worldSize {
		index := w.log.Size()
		if meddle != nil {
			if meddle(w, index); w.log.Size() != index {
				continue
			}
		}
		switch index {
		case genesisAt:
			g := w.log.Genesis(slug, logtest.River()[0].Title(), w.signer)
			w.pub = &logtest.Publication{Log: w.log, Slug: slug, Signer: w.signer, Bundles: []*log.Bundle{g}, Indexes: []int64{w.log.Publish(g, w.signer.Public())}}
		case version1At, version2At:
			w.pub.Add(logtest.River()[len(w.pub.Editions)])
		default:
			w.stranger(index)
		}
	}
	if w.pub != nil {
		var err error
		w.trust, err = w.log.Trust().Pin(slug, w.pub.Genesis())
		check(t, err)
	}
	return w
}

// stranger appends an entry of somebody else, over a digest of his own.
func (w *world) stranger(index int64) {
	s := w.others[index%3]
	b := logtest.Sign(w.t, s, fmt.Appendf(nil, "stranger %d", index))
	w.log.Publish(b, s.Public())
}

// served is everything that an honest service serves at the log's size.
func (w *world) served() logtest.Documents { return w.servedAt(w.log.Size()) }

func (w *world) servedAt(size int64) logtest.Documents {
	w.t.Helper()
	listing, err := w.trust.Marshal()
	check(w.t, err)
	return logtest.Merge(w.log.Tiles(size), w.pub.Documents(evidence.Layout{}, size),
		logtest.Documents{evidence.Layout{}.Trust(): listing}, w.extra)
}

// serveRecord makes a record's payload known by its digest.
func (w *world) serveRecord(b *log.Bundle) {
	data, err := b.Marshal()
	check(w.t, err)
	w.extra[evidence.Layout{}.Record(slug, b.Envelope.Digest())] = data
}

// rival signs another record after the newest of the chain.
func (w *world) rival(signer *keys.Signer, reason string) *log.Bundle {
	w.t.Helper()
	n := len(w.pub.Bundles)
	e := logtest.River()[min(n-1, 1)]
	e.Reason = reason
	v, _ := e.Version(w.t, statement.NameOf(w.log.Key), w.pub.Genesis(), w.pub.Bundles[n-1].Envelope.Digest(), n, nil)
	return logtest.SignStatement(w.t, signer, v)
}

func (w *world) options() Options { return Options{Trust: w.trust} }

// signAgain signs the same statement again.
func signAgain(t testing.TB, s *keys.Signer, b *log.Bundle) *log.Bundle {
	t.Helper()
	out, err := s.Sign(rand.Reader, b.Envelope.Payload)
	check(t, err)
	if bytes.Equal(out.Signature(), b.Signature()) {
		t.Fatal("the signature is the same")
	}
	return out
}

// flip returns the documents with one bit of one of them changed.
func flip(d logtest.Documents, path string, at int) logtest.Documents {
	b := slices.Clone(d[path])
	if at < 0 {
		at += len(b)
	}
	b[at] ^= 1
	d[path] = b
	return d
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// found is what a test says of a finding.
type found struct {
	Rule  Rule
	Index int64
	Path  string
}

func foundIn(r *Report) []found {
	out := []found{}
	for _, f := range r.Findings {
		out = append(out, found{f.Rule, f.Index, f.Path})
	}
	return out
}
