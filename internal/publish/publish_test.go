package publish_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"maps"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/sijil/sijil/internal/chain"
	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/internal/publish"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/internal/store"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

var errDown = errors.New("the log is down")

// ledger is the virtual log as the use cases see it, with ways to fail.
type ledger struct {
	mu      sync.Mutex
	log     *logtest.Log
	known   map[string]uint64
	refuse  bool          // fail before the entry is in
	lose    bool          // fail after the entry is in: the answer is lost
	arrived chan struct{} // optional: told when an entry is in
	release chan struct{} // optional: waited for before the answer
}

func (l *ledger) Append(_ context.Context, entry []byte) (uint64, bool, error) {
	l.mu.Lock()
	if l.refuse {
		l.mu.Unlock()
		return 0, false, errDown
	}
	index, duplicate := l.known[string(entry)]
	if !duplicate {
		index = uint64(l.log.Append(entry))
		l.known[string(entry)] = index
	}
	lose := l.lose
	l.mu.Unlock()
	if l.arrived != nil {
		l.arrived <- struct{}{}
		<-l.release
	}
	if lose {
		return 0, false, errDown
	}
	return index, duplicate, nil
}

func (l *ledger) Cover(context.Context, uint64) (publish.Checkpoint, error) { return l.Latest(), nil }

func (l *ledger) Latest() publish.Checkpoint {
	l.mu.Lock()
	defer l.mu.Unlock()
	size := l.log.Size()
	return publish.Checkpoint{Size: size, Root: l.log.Root(size), Note: l.log.Checkpoint(size)}
}

func (l *ledger) Room() error { return nil }

func (l *ledger) Prove(index, size int64) (tlog.RecordProof, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return tlog.ProveRecord(size, index, l.log)
}

func (l *ledger) Leaves(indexes []int64) ([]tlog.Hash, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	stored := make([]int64, len(indexes))
	for i, x := range indexes {
		stored[i] = tlog.StoredHashIndex(0, x)
	}
	return l.log.ReadHashes(stored)
}

// world is a service over a real store and a virtual log.
type world struct {
	t       *testing.T
	dir     string
	rows    *store.Store
	ledger  *ledger
	service *publish.Service
	now     time.Time
	// Taken up by open.
	door     publish.Door
	observer *keys.Signer
	domains  publish.Domains
	wrap     func(publish.Store) publish.Store // Optional
	readOnly bool
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir(), now: logtest.Start}
	must(t, store.Create(w.dir))
	w.ledger = &ledger{log: logtest.New(t, "https://log.example"), known: map[string]uint64{}}
	must(t, w.open())
	return w
}

// open opens the service as after a crash: nothing but store and log are left.
func (w *world) open() error {
	w.t.Helper()
	if w.rows != nil {
		must(w.t, w.rows.Close())
	}
	var err error
	w.rows, err = store.Open(w.t.Context(), w.dir)
	must(w.t, err)
	rows := w.rows
	w.t.Cleanup(func() { _ = rows.Close() })
	var kept publish.Store = w.rows
	if w.wrap != nil {
		kept = w.wrap(kept)
	}
	w.service, err = publish.Open(w.t.Context(), publish.Config{Log: w.ledger, Tree: w.ledger, Public: w.ledger.Latest, Store: kept, Door: w.door, Signer: w.ledger.log.Signer,
		Observer: w.observer, Domains: w.domains, ReadOnly: w.readOnly, Trust: w.ledger.log.Trust(), Clock: func() time.Time { return w.now }, Logger: slog.New(slog.DiscardHandler)})
	return err
}

func (w *world) token(slug string, similar bool) string {
	w.t.Helper()
	token := "token " + slug
	must(w.t, w.rows.AddToken(w.t.Context(), log.Sum([]byte(token)), publish.Token{Slug: slug, Expires: w.now.Add(time.Hour), AllowSimilar: similar}))
	return token
}

// author is a publisher with a chain.
type author struct {
	slug     string
	signer   *keys.Signer
	genesis  []byte
	digest   log.Digest
	previous log.Digest
	n        int
}

func (w *world) author(slug string) *author {
	s := logtest.NewSigner(w.t)
	b := w.ledger.log.Genesis(slug, logtest.River()[0].Title(), s)
	data, err := b.Marshal()
	must(w.t, err)
	return &author{slug: slug, signer: s, genesis: data, digest: b.Envelope.Digest(), previous: b.Envelope.Digest()}
}

func (w *world) next(a *author, reason string) ([]byte, publish.Content, log.Digest) {
	w.t.Helper()
	e := logtest.River()[a.n%2]
	e.Reason = reason
	v, d := e.Version(w.t, statement.NameOf(w.ledger.log.Key), a.digest, a.previous, a.n+1, nil)
	b := logtest.SignStatement(w.t, a.signer, v)
	data, err := b.Marshal()
	must(w.t, err)
	return data, publish.Content{Texts: e.Files(), Disclosures: d}, b.Envelope.Digest()
}

func (w *world) create(slug string) *author {
	w.t.Helper()
	a := w.author(slug)
	_, err := w.service.Create(w.t.Context(), w.token(slug, true), a.genesis)
	must(w.t, err)
	return a
}

func (w *world) submit(a *author, reason string) *publish.Receipt {
	w.t.Helper()
	data, c, digest := w.next(a, reason)
	r, err := w.service.Submit(w.t.Context(), a.slug, data, c)
	must(w.t, err)
	a.previous, a.n = digest, a.n+1
	return r
}

func (w *world) head(slug string) log.Head {
	w.t.Helper()
	note, err := w.service.Head(publish.Latest, slug)
	must(w.t, err)
	h, err := log.OpenHead(note, w.ledger.log.Policy)
	must(w.t, err)
	return h.Head()
}

// TestResume: a record that was interrupted on either side of the log is in it
// exactly once after the next start, and its publisher is answered then.
func TestResume(t *testing.T) {
	for name, fail := range map[string]func(*ledger){
		"before the entry is in": func(l *ledger) { l.refuse = true },
		"the answer is lost":     func(l *ledger) { l.lose = true },
	} {
		for _, restart := range []bool{true, false} {
			t.Run(name, func(t *testing.T) {
				w := newWorld(t)
				a := w.create("river")
				data, c, digest := w.next(a, "Interrupted.")
				fail(w.ledger)
				if _, err := w.service.Submit(t.Context(), "river", data, c); !errors.Is(err, errDown) {
					t.Fatalf("Submit: %v", err)
				}
				if restart {
					if err := w.open(); !errors.Is(err, errDown) {
						t.Fatalf("a service opened over a log that is down: %v", err)
					}
				}
				w.ledger.refuse, w.ledger.lose = false, false
				if restart {
					must(t, w.open())
				}
				r, err := w.service.Submit(t.Context(), "river", data, c)
				must(t, err)
				if r.Created || r.Record != digest || r.Index != 1 || w.ledger.log.Size() != 2 {
					t.Errorf("receipt %+v, %d entries", r, w.ledger.log.Size())
				}
				if h := w.head("river"); h.Record != digest || h.Index != 1 {
					t.Errorf("head %+v", h)
				}
				a.previous, a.n = digest, 1
				w.submit(a, "After it.")
			})
		}
	}
}

// TestInterruptedBlocksRivals: while a record is reserved, nobody else gets its
// place.
func TestInterruptedBlocksRivals(t *testing.T) {
	w := newWorld(t)
	a := w.create("river")
	data, c, digest := w.next(a, "First.")
	w.ledger.refuse = true
	_, err := w.service.Submit(t.Context(), "river", data, c)
	if !errors.Is(err, errDown) {
		t.Fatal(err)
	}
	w.ledger.refuse = false
	rival, c2, _ := w.next(a, "Rival.")
	_, err = w.service.Submit(t.Context(), "river", rival, c2)
	var conflict *chain.ConflictError
	if !errors.As(err, &conflict) || conflict.Head != digest {
		t.Fatalf("rival: %v", err)
	}
}

// TestInterruptedGenesis: the same for the record that creates a publication.
func TestInterruptedGenesis(t *testing.T) {
	w := newWorld(t)
	a := w.author("river")
	token := w.token("river", false)
	w.ledger.lose = true
	if _, err := w.service.Create(t.Context(), token, a.genesis); !errors.Is(err, errDown) {
		t.Fatal(err)
	}
	if _, err := w.service.Publication("river"); !errors.Is(err, publish.ErrUnknown) {
		t.Errorf("a publication is shown before its genesis is in the log: %v", err)
	}
	w.ledger.lose = false
	must(t, w.open())
	r, err := w.service.Create(t.Context(), token, a.genesis)
	must(t, err)
	if r.Created || w.ledger.log.Size() != 1 {
		t.Errorf("receipt %+v, %d entries", r, w.ledger.log.Size())
	}
}

// TestHeadsNeverConflict: in the moment between a record's being in the log and
// its being settled, the head that is served is the one before; no two heads
// that are ever served conflict.
func TestHeadsNeverConflict(t *testing.T) {
	w := newWorld(t)
	a := w.create("river")
	heads := []log.Head{w.head("river")}
	for range 4 {
		w.ledger.arrived, w.ledger.release = make(chan struct{}), make(chan struct{})
		data, c, digest := w.next(a, "Again.")
		done := make(chan error)
		go func() {
			_, err := w.service.Submit(context.Background(), "river", data, c)
			done <- err
		}()
		<-w.ledger.arrived // the entry is in the tree, and nobody has settled it
		between := w.head("river")
		if between.Record != a.previous {
			t.Errorf("the head in between is %+v", between)
		}
		heads = append(heads, between)
		close(w.ledger.release)
		must(t, <-done)
		w.ledger.arrived = nil
		a.previous, a.n = digest, a.n+1
		w.create([]string{"one-more", "two-more", "three-more", "four-more"}[a.n-1]) // the tree grows elsewhere
		heads = append(heads, w.head("river"))
	}
	for i, x := range heads {
		for _, y := range heads[i+1:] {
			if x.Conflicts(y) {
				t.Errorf("%+v conflicts with %+v", x, y)
			}
		}
	}
}

// TestFirstBundleStays: the identical record gets the very bytes of the first
// answer, also when the log has grown and after a restart.
func TestFirstBundleStays(t *testing.T) {
	w := newWorld(t)
	a := w.create("river")
	data, c, _ := w.next(a, "First version.")
	first, err := w.service.Submit(t.Context(), "river", data, c)
	must(t, err)
	w.create("harbour")
	must(t, w.open())
	again, err := w.service.Submit(t.Context(), "river", data, c)
	must(t, err)
	if again.Created || !bytes.Equal(first.Bundle, again.Bundle) {
		t.Error("another bundle, or a new record")
	}
}

// TestTokensAndSlugs: who may create what.
func TestTokensAndSlugs(t *testing.T) {
	w := newWorld(t)
	w.create("river-delta")
	a := w.author("river-dalta")
	var similar *publish.SimilarError
	if _, err := w.service.Create(t.Context(), w.token("river-dalta", false), a.genesis); !errors.As(err, &similar) {
		t.Errorf("a look-alike slug: %v", err)
	}
	late := w.author("harbour")
	token := w.token("harbour", false)
	w.now = w.now.Add(2 * time.Hour)
	if _, err := w.service.Create(t.Context(), token, late.genesis); !errors.Is(err, publish.ErrToken) {
		t.Errorf("an expired token: %v", err)
	}
	if got := len(w.service.Publications()); got != 1 || w.ledger.log.Size() != 1 {
		t.Errorf("%d publications, %d entries", got, w.ledger.log.Size())
	}
}

// TestStoredTextChanged: a row that was changed behind our back stops the start.
func TestStoredTextChanged(t *testing.T) {
	w := newWorld(t)
	a := w.create("river")
	data, c, _ := w.next(a, "First version.")
	spoilt := maps.Clone(c.Texts)
	spoilt["en"] = append(bytes.Clone(spoilt["en"]), 'x')
	if _, err := w.service.Submit(t.Context(), "river", data, publish.Content{Texts: spoilt, Disclosures: c.Disclosures}); err == nil {
		t.Fatal("a text that was not signed is accepted")
	}
	must(t, w.rows.Reserve(t.Context(), publish.Reservation{Record: digestOf(t, data), Genesis: a.digest, Sequence: 1, Slug: "river", Bundle: data, Revision: 2,
		Content: publish.Content{Texts: spoilt, Disclosures: c.Disclosures}, Now: w.now}))
	if err := w.open(); err == nil {
		t.Error("the service starts with a text that was not signed")
	}
}

func digestOf(t *testing.T, data []byte) log.Digest {
	t.Helper()
	b, err := log.ParseBundle(data)
	must(t, err)
	return b.Envelope.Digest()
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
