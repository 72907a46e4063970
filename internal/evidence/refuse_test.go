package evidence_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/internal/match"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

var served = evidence.Layout{}

func recordPath(n int64) string { return served.Bundle(slug, n) }

// complete returns the bundle's bytes with a proof at the log's size.
func (w *world) complete(b *log.Bundle, index int64) []byte {
	w.t.Helper()
	data, err := w.log.Complete(b, w.pub.Signer.Public(), index, w.log.Size()).Marshal()
	check(w.t, err)
	return data
}

// head signs a head of the publication, as a lying log would.
func (w *world) head(record log.Digest, index, size int64) []byte {
	return w.log.Head(log.Head{Genesis: w.pub.Genesis(), Record: record, Index: index, TreeSize: size})
}

// TestRefusals: what a lying or damaged source may do with its documents, and
// what the reader is told.
func TestRefusals(t *testing.T) {
	w := newWorld(t)
	stranger := logtest.New(t, "https://sijil.example/")
	other := w.log.Publication("lake", w.pub.Signer, logtest.River()...)
	thief := logtest.NewSigner(t)
	impostor := w.log.Publication(slug, thief, logtest.River()...)
	forgedByThief := w.thiefsVersion(thief)
	twice, twiceAt := w.sameNumberAgain()
	size, last := w.log.Size(), w.pub.Bundles[2].Envelope.Digest()
	docs := w.served()
	for name, c := range map[string]struct {
		change func(d logtest.Documents)
		path   string
		says   string
	}{
		"no checkpoint":                        {func(d logtest.Documents) { delete(d, "checkpoint") }, "checkpoint", "is missing"},
		"checkpoint of a log of the same name": {func(d logtest.Documents) { d["checkpoint"] = stranger.Checkpoint(0) }, "checkpoint", "not signed by a key in the policy"},
		"head for a checkpoint":                {func(d logtest.Documents) { d["checkpoint"] = d[served.Head(slug)] }, "checkpoint", "size invalid"},
		"checkpoint for a head":                {func(d logtest.Documents) { d[served.Head(slug)] = d["checkpoint"] }, served.Head(slug), "want six lines"},
		"no head":                              {func(d logtest.Documents) { delete(d, served.Head(slug)) }, served.Head(slug), "is missing"},
		"head by another key": {func(d logtest.Documents) {
			d[served.Head(slug)] = stranger.Head(log.Head{Genesis: w.pub.Genesis(), Record: last, Index: 4, TreeSize: size})
		}, served.Head(slug), "not signed by a key in the policy"},
		"head of another publication": {func(d logtest.Documents) {
			d[served.Head(slug)] = other.Documents(served, size)[served.Head("lake")]
		}, served.Head(slug), "the trust file pins " + w.pub.Genesis().String()},
		"head with another index":        {func(d logtest.Documents) { d[served.Head(slug)] = w.head(last, 5, size) }, served.Head(slug), "says log index 5, the record is at 4"},
		"head that names no record":      {func(d logtest.Documents) { d[served.Head(slug)] = w.head(log.Sum(nil), 5, size) }, recordPath(3), "is missing"},
		"head of a tree that nobody saw": {func(d logtest.Documents) { d[served.Head(slug)] = w.head(last, 4, size+1) }, served.Head(slug), "no checkpoint covers"},
		"no genesis record":              {func(d logtest.Documents) { delete(d, recordPath(0)) }, recordPath(0), "is missing"},
		"genesis of another publication": {func(d logtest.Documents) { d[recordPath(0)] = w.complete(other.Bundles[0], other.Indexes[0]) }, recordPath(0), "another slug or log"},
		"genesis by somebody else for the same slug": {func(d logtest.Documents) {
			for path, b := range impostor.Documents(served, size) {
				if path != served.Head(slug) {
					d[path] = b
				}
			}
		}, recordPath(0), "the genesis record is " + impostor.Genesis().String() + ", the trust file pins"},
		"version for a genesis":          {func(d logtest.Documents) { d[recordPath(0)] = d[recordPath(1)] }, recordPath(0), "want a statement of type urn:sijil:publication:v1"},
		"no version 1":                   {func(d logtest.Documents) { delete(d, recordPath(1)) }, recordPath(1), "is missing"},
		"version 1 left out":             {func(d logtest.Documents) { d[recordPath(1)] = d[recordPath(2)] }, recordPath(1), "the record has sequence number 2, the next is 1"},
		"versions swapped":               {func(d logtest.Documents) { d[recordPath(1)], d[recordPath(2)] = d[recordPath(2)], d[recordPath(1)] }, recordPath(1), "the record has sequence number 2, the next is 1"},
		"version 1 again":                {func(d logtest.Documents) { d[recordPath(2)] = d[recordPath(1)] }, recordPath(2), "the record has sequence number 1, the next is 2"},
		"a version number twice":         {func(d logtest.Documents) { d[recordPath(2)] = w.complete(twice, twiceAt) }, recordPath(2), "the record is version 1, the next is version 2"},
		"version of another publication": {func(d logtest.Documents) { d[recordPath(1)] = w.complete(other.Bundles[1], other.Indexes[1]) }, recordPath(1), "the record is for publication " + other.Genesis().String()},
		"version by another key":         {func(d logtest.Documents) { d[recordPath(1)] = forgedByThief }, recordPath(1), "not signed by a key of the publication policy"},
		"record that is not logged": {func(d logtest.Documents) {
			b, err := w.pub.Bundles[1].Marshal()
			check(t, err)
			d[recordPath(1)] = b
		}, recordPath(1), "holds no log entry"},
		"record logged elsewhere": {func(d logtest.Documents) {
			index := stranger.Publish(w.pub.Bundles[1], w.pub.Signer.Public())
			b, err := stranger.Complete(w.pub.Bundles[1], w.pub.Signer.Public(), index, stranger.Size()).Marshal()
			check(t, err)
			d[recordPath(1)] = b
		}, recordPath(1), "entry is from another log"},
		"bundle in another encoding": {func(d logtest.Documents) { d[recordPath(1)] = append(bytes.Clone(d[recordPath(1)]), '\n') }, recordPath(1), "not in RFC 8785 form"},
		"no text":                    {func(d logtest.Documents) { delete(d, served.Text(slug, 1, "ar")) }, served.Text(slug, 1, "ar"), "is missing"},
		"text of the other version":  {func(d logtest.Documents) { d[served.Text(slug, 2, "en")] = d[served.Text(slug, 1, "en")] }, served.Version(slug, 2), "version 2: text en is"},
		"texts exchanged": {func(d logtest.Documents) {
			d[served.Text(slug, 1, "en")], d[served.Text(slug, 1, "ar")] = d[served.Text(slug, 1, "ar")], d[served.Text(slug, 1, "en")]
		}, served.Version(slug, 1), "the record says"},
		"no list":                   {func(d logtest.Documents) { delete(d, served.Signatories(slug, 1)) }, served.Signatories(slug, 1), "is missing"},
		"list of the other version": {func(d logtest.Documents) { d[served.Signatories(slug, 2)] = d[served.Signatories(slug, 1)] }, served.Version(slug, 2), "version 2: the signatory list is"},
	} {
		t.Run(name, func(t *testing.T) {
			changed := docs.Clone()
			c.change(changed)
			p, err := evidence.Open(context.Background(), changed, w.options())
			var bad *evidence.DamagedError
			if p != nil || !errors.As(err, &bad) {
				t.Fatalf("Open = %v, %v, want a DamagedError", p, err)
			}
			if bad.Path != c.path || !strings.Contains(bad.Err.Error(), c.says) {
				t.Errorf("%s: %v\nwant %s: …%s…", bad.Path, bad.Err, c.path, c.says)
			}
			if v := evidence.Unchecked(slug, err); v.Verdict != match.Unchecked || v.Reason.Code != match.ReasonDamaged || v.Reason.Hint == "" {
				t.Errorf("verdict %+v", v)
			}
		})
	}
	mustOpen(t, docs, w.options()) // what was changed was a copy
}

// thiefsVersion is version 1, signed and logged by a key that is not in the
// publication policy.
func (w *world) thiefsVersion(thief *keys.Signer) []byte {
	w.t.Helper()
	b := logtest.Sign(w.t, thief, w.pub.Bundles[1].Envelope.Payload)
	index := w.log.Publish(b, thief.Public())
	data, err := w.log.Complete(b, thief.Public(), index, w.log.Size()).Marshal()
	check(w.t, err)
	return data
}

// sameNumberAgain is the record after version 1, by the publisher, that calls
// itself version 1 too.
func (w *world) sameNumberAgain() (*log.Bundle, int64) {
	w.t.Helper()
	s, err := statement.Parse(w.pub.Bundles[2].Envelope.Payload)
	check(w.t, err)
	v := s.(*statement.Version)
	v.Version = 1
	b := logtest.SignStatement(w.t, w.pub.Signer, v)
	return b, w.log.Publish(b, w.pub.Signer.Public())
}

// TestRecordBeforeItsPredecessor: the log holds a version at a lower index than
// the genesis record it follows.
func TestRecordBeforeItsPredecessor(t *testing.T) {
	l := logtest.New(t, "https://sijil.example/")
	signer, edition := logtest.NewSigner(t), logtest.River()[0]
	pub := &logtest.Publication{Log: l, Slug: slug, Signer: signer, Bundles: []*log.Bundle{l.Genesis(slug, edition.Title(), signer)}, Indexes: []int64{1}}
	pub.Add(edition) // at index 0
	l.Publish(pub.Bundles[0], signer.Public())
	trust, err := l.Trust().Pin(slug, pub.Genesis())
	check(t, err)
	_, err = evidence.Open(context.Background(), pub.Documents(served, l.Size()), evidence.Options{Trust: trust, Slug: slug, Stock: newStock(t, trust)})
	var bad *evidence.DamagedError
	if !errors.As(err, &bad) || bad.Path != recordPath(1) || !strings.Contains(err.Error(), "stands in the log before the record it follows") {
		t.Errorf("Open = %v", err)
	}
}

// TestNobodyToTrust: whom to trust is never a default.
func TestNobodyToTrust(t *testing.T) {
	w := newWorld(t)
	docs, ctx := w.served(), context.Background()
	o := w.options()
	o.Trust = nil
	if _, err := evidence.Open(ctx, docs, o); !errors.Is(err, log.ErrNoPolicy) {
		t.Errorf("without trust: %v", err)
	}
	o.Trust = w.trust.WithoutPublications()
	_, err := evidence.Open(ctx, docs, o)
	if !errors.Is(err, evidence.ErrNotPinned) {
		t.Errorf("not pinned: %v", err)
	}
	if v := evidence.Unchecked(slug, err); v.Reason.Code != match.ReasonNotPinned {
		t.Errorf("not pinned: verdict %+v", v.Reason)
	}
	if o.Trust, err = w.log.Trust().Pin(slug, log.Sum([]byte("another genesis"))); err != nil {
		t.Fatal(err)
	}
	if _, err := evidence.Open(ctx, docs, o); err == nil || !strings.Contains(err.Error(), "the trust file pins "+log.Sum([]byte("another genesis")).String()) {
		t.Errorf("pinned to another genesis: %v", err)
	}
}

// TestStockVerifierDecidesToo: a bundle that the stock verifier refuses does not
// count, though our own verifier accepts it.
func TestStockVerifierDecidesToo(t *testing.T) {
	w := newWorld(t)
	o := w.options()
	o.Stock = newStock(t, logtest.New(t, "https://sijil.example/").Trust()) // trusts another log
	_, err := evidence.Open(context.Background(), w.served(), o)
	var bad *evidence.DamagedError
	if !errors.As(err, &bad) || bad.Path != recordPath(0) || !strings.Contains(err.Error(), "sigstore:") {
		t.Errorf("Open = %v, want the stock verifier's refusal of record 0", err)
	}
}

// unreachable is a source whose network fails at one document.
type unreachable struct {
	logtest.Documents
	path string
}

var errNetwork = errors.New("connection reset")

func (u unreachable) Fetch(ctx context.Context, path string) ([]byte, error) {
	if path == u.path {
		return nil, errNetwork
	}
	return u.Documents.Fetch(ctx, path)
}

// TestNetworkIsNotDamage: a document that could not be fetched is not called
// damaged, whichever it is.
func TestNetworkIsNotDamage(t *testing.T) {
	w := newWorld(t)
	docs := w.served()
	for path := range docs {
		_, err := evidence.Open(context.Background(), unreachable{docs, path}, w.options())
		var bad *evidence.DamagedError
		if !errors.Is(err, errNetwork) || errors.As(err, &bad) {
			t.Errorf("%s: %v", path, err)
		}
		if v := evidence.Unchecked(slug, err); v.Reason.Code != match.ReasonUnreachable {
			t.Errorf("%s: verdict %+v", path, v.Reason)
		}
	}
}
