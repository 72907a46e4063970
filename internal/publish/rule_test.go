package publish_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sijil/sijil/internal/chain"
	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/internal/publish"
	"github.com/sijil/sijil/internal/signatory"
	"github.com/sijil/sijil/internal/sigstore"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// TestRace: of two records for one place exactly one wins, the other is told the
// head; nothing else changes.
func TestRace(t *testing.T) {
	w := newWorld(t)
	a := w.create("river")
	w.submit(a, "First version.")
	for round := range 50 {
		before, head := w.ledger.log.Size(), a.previous
		var wg sync.WaitGroup
		var receipts [2]*publish.Receipt
		var errs [2]error
		var digests [2]log.Digest
		for i := range 2 {
			data, c, digest := w.next(a, fmt.Sprintf("Round %d, writer %d.", round, i))
			digests[i] = digest
			wg.Go(func() { receipts[i], errs[i] = w.service.Submit(context.Background(), "river", data, c) })
		}
		wg.Wait()
		won := 0
		if errs[0] != nil {
			won = 1
		}
		var conflict *chain.ConflictError
		if errs[won] != nil || !errors.As(errs[1-won], &conflict) {
			t.Fatalf("round %d: %v, %v", round, errs[0], errs[1])
		}
		want := &chain.ConflictError{Head: digests[won], Sequence: int64(a.n + 1), Detail: conflict.Detail}
		if diff := cmp.Diff(want, conflict); diff != "" || digests[won] == head {
			t.Errorf("round %d: the loser is told (-want +got):\n%s", round, diff)
		}
		if receipts[won].Record != digests[won] || !receipts[won].Created || receipts[won].Index != before || w.ledger.log.Size() != before+1 {
			t.Errorf("round %d: receipt %+v, %d entries", round, receipts[won], w.ledger.log.Size())
		}
		a.previous, a.n = digests[won], a.n+1
	}
	if h := w.head("river"); h.Record != a.previous || h.Index != w.ledger.log.Size()-1 {
		t.Errorf("head %+v", h)
	}
}

// TestVersionWhileCreating: a version that arrives as soon as the publication can
// be found does not disturb the answer to its genesis.
func TestVersionWhileCreating(t *testing.T) {
	w := newWorld(t)
	for round := range 30 {
		slug := fmt.Sprintf("river-%s", strings.Repeat(string(rune('a'+round%26)), 4+2*(round/26)))
		a := w.author(slug)
		token := w.token(slug, true)
		data, c, _ := w.next(a, "First version.")
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for {
					_, err := w.service.Submit(context.Background(), slug, data, c)
					if errors.Is(err, publish.ErrUnknown) {
						continue // not yet
					}
					if err != nil {
						t.Errorf("version: %v", err)
					}
					return
				}
			})
		}
		r, err := w.service.Create(context.Background(), token, a.genesis)
		if err != nil || r.Record != a.digest {
			t.Errorf("genesis: %+v, %v", r, err)
		}
		wg.Wait()
	}
	if got, want := w.ledger.log.Size(), int64(2*30); got != want {
		t.Errorf("%d entries, want %d", got, want)
	}
}

// TestRefused: each wrong submission is refused for its own reason and changes
// nothing.
func TestRefused(t *testing.T) {
	w := newWorld(t)
	a := w.create("river")
	lake := w.create("lake")
	w.submit(a, "First version.")
	data, good, _ := w.next(a, "Second version.")
	signed := func(change func(v *statement.Version)) []byte {
		b, err := log.ParseBundle(data)
		must(t, err)
		s, err := statement.Parse(b.Envelope.Payload)
		must(t, err)
		v := s.(*statement.Version)
		change(v)
		out, err := logtest.SignStatement(t, a.signer, v).Marshal()
		must(t, err)
		return out
	}
	same := signed(func(*statement.Version) {})
	thief := &author{slug: "river", signer: logtest.NewSigner(t), digest: a.digest, previous: a.previous, n: a.n}
	stolen, stolenContent, _ := w.next(thief, "Second version.")
	lakeData, lakeContent, _ := w.next(lake, "First version.")
	otherLog := statement.NameOf(logtest.New(t, "https://log.example").Key)
	logged := func() []byte {
		s, err := w.service.Bundle(publish.Public, "river", 1, 1)
		must(t, err)
		return s
	}()
	texts := func(change func(map[string][]byte)) publish.Content {
		c := publish.Content{Texts: maps.Clone(good.Texts), Disclosures: good.Disclosures}
		change(c.Texts)
		return c
	}
	names := func(d ...signatory.Disclosure) publish.Content {
		return publish.Content{Texts: good.Texts, Disclosures: d}
	}
	for name, c := range map[string]struct {
		data    []byte
		content publish.Content
		want    string
	}{
		"garbage":                 {[]byte("{}"), good, "invalid: bundle: not in RFC 8785 form"},
		"other white space":       {append(bytes.Clone(same), '\n'), good, "invalid: bundle: not in RFC 8785 form"},
		"a bundle from the log":   {logged, good, "invalid: bundle: holds a log entry already"},
		"a genesis":               {lake.genesis, publish.Content{}, "foreign publication"},
		"of another publication":  {lakeData, lakeContent, "foreign publication"},
		"for another log":         {signed(func(v *statement.Version) { v.Log = otherLog }), good, "foreign log"},
		"by another key":          {stolen, stolenContent, "unauthorised"},
		"one number too far":      {signed(func(v *statement.Version) { v.Sequence++; v.Version++ }), good, "conflict: the record has sequence number 3, the next is 2"},
		"on the genesis":          {signed(func(v *statement.Version) { v.Previous = a.digest }), good, "conflict: the record follows"},
		"a text left out":         {same, texts(func(x map[string][]byte) { delete(x, "ar") }), "invalid: version 2: 1 texts given"},
		"a text more":             {same, texts(func(x map[string][]byte) { x["fr"] = x["en"] }), "invalid: version 2: 3 texts given"},
		"another text":            {same, texts(func(x map[string][]byte) { x["en"] = append(bytes.Clone(x["en"]), ' ') }), "invalid: version 2: text en is"},
		"no list":                 {same, names(), "invalid: signatory list: 0 disclosures for 3 commitments"},
		"names in another order":  {same, names(good.Disclosures[1], good.Disclosures[0], good.Disclosures[2]), "invalid: signatory list: entry 1"},
		"a disclosure of another": {same, names(lakeContent.Disclosures[0], good.Disclosures[1], good.Disclosures[2]), "invalid: signatory list: entry 1"},
		"a disclosure of nothing": {same, names("x", good.Disclosures[1], good.Disclosures[2]), "invalid: signatory list: entry 1"},
	} {
		entries, head := w.ledger.log.Size(), w.head("river")
		r, err := w.service.Submit(t.Context(), "river", c.data, c.content)
		if r != nil || !strings.Contains(kind(err), c.want) {
			t.Errorf("%s: %v, %s, want …%s…", name, r, kind(err), c.want)
		}
		if w.ledger.log.Size() != entries || w.head("river") != head {
			t.Errorf("%s: something changed", name)
		}
	}
	if _, err := w.service.Submit(t.Context(), "nowhere", same, good); !errors.Is(err, publish.ErrUnknown) {
		t.Errorf("an unknown slug: %v", err)
	}
	n := 0
	must(t, w.rows.Records(t.Context(), func(publish.Stored) error { n++; return nil }))
	if n != 3 {
		t.Errorf("%d records are stored, want 3", n)
	}
	if r, err := w.service.Submit(t.Context(), "river", same, good); err != nil || !r.Created {
		t.Errorf("the right one, in the end: %v", err)
	}
}

// kind says which of the errors a caller branches on err is, then its text.
func kind(err error) string {
	var invalid *publish.InvalidError
	var foreign *chain.ForeignError
	var conflict *chain.ConflictError
	switch {
	case errors.As(err, &invalid):
		return "invalid: " + err.Error()
	case errors.As(err, &foreign):
		return "foreign " + foreign.What
	case errors.As(err, &conflict):
		return "conflict: " + err.Error()
	case errors.Is(err, chain.ErrUnauthorised):
		return "unauthorised"
	}
	return fmt.Sprint(err)
}

// TestCreateRefused: who may not create what, and that a refusal uses nothing.
func TestCreateRefused(t *testing.T) {
	w := newWorld(t)
	a := w.create("river")
	b := w.author("harbour")
	token, late := w.token("harbour", false), "late"
	must(t, w.rows.AddToken(t.Context(), log.Sum([]byte(late)), publish.Token{Slug: "harbour", Expires: w.now}))
	unsigned := logtest.Sign(t, logtest.NewSigner(t), payload(t, b.genesis))
	forged, err := unsigned.Marshal()
	must(t, err)
	elsewhere, err := logtest.New(t, "https://log.example").Genesis("harbour", map[string]string{"en": "x"}, b.signer).Marshal()
	must(t, err)
	rival := w.author("river")
	version, _, _ := w.next(a, "x")
	for name, c := range map[string]struct {
		token string
		data  []byte
		want  string
	}{
		"no token":             {"", b.genesis, "token is not valid"},
		"a guessed token":      {"token", b.genesis, "token is not valid"},
		"another slug's token": {"token river", b.genesis, "it has been used"},
		"an expired token":     {late, b.genesis, "it has expired"},
		"a token for another":  {token, w.author("lake").genesis, "it is for another slug"},
		"by a key not in it":   {token, forged, "unauthorised"},
		"for another log":      {token, elsewhere, "foreign log"},
		"a version":            {token, version, "invalid: genesis: want"},
		"a slug that is taken": {token, rival.genesis, `conflict: the slug "river" belongs to another publication`},
		"garbage":              {token, []byte("x"), "invalid: bundle"},
	} {
		r, err := w.service.Create(t.Context(), c.token, c.data)
		if r != nil || !strings.Contains(kind(err), c.want) {
			t.Errorf("%s: %v, %s, want …%s…", name, r, kind(err), c.want)
		}
		if w.ledger.log.Size() != 1 {
			t.Fatalf("%s: %d entries", name, w.ledger.log.Size())
		}
	}
	first, err := w.service.Create(t.Context(), token, b.genesis)
	must(t, err)
	// The same once more needs no token, and is answered the same.
	for _, token := range []string{token, "", "nonsense"} {
		again, err := w.service.Create(t.Context(), token, b.genesis)
		if err != nil || again.Created || !bytes.Equal(again.Bundle, first.Bundle) || again.Index != 1 {
			t.Errorf("again: %+v, %v", again, err)
		}
	}
	if w.ledger.log.Size() != 2 {
		t.Errorf("%d entries", w.ledger.log.Size())
	}
	// A look-alike needs the operator's word.
	lookalike := w.author("harb0ur")
	if _, err := w.service.Create(t.Context(), w.token("harb0ur", true), lookalike.genesis); err != nil {
		t.Errorf("a look-alike with the operator's word: %v", err)
	}
}

func payload(t *testing.T, data []byte) []byte {
	t.Helper()
	b, err := log.ParseBundle(data)
	must(t, err)
	return b.Envelope.Payload
}

// TestSecondSignatureIsNotTheSame: the same statement signed again is another
// envelope: it does not get the first one's bundle, nor a place of its own.
func TestSecondSignatureIsNotTheSame(t *testing.T) {
	w := newWorld(t)
	a := w.create("river")
	data, c, _ := w.next(a, "First version.")
	_, err := w.service.Submit(t.Context(), "river", data, c)
	must(t, err)
	again, err := logtest.Sign(t, a.signer, payload(t, data)).Marshal()
	must(t, err)
	var conflict *chain.ConflictError
	if _, err := w.service.Submit(t.Context(), "river", again, c); !errors.As(err, &conflict) {
		t.Errorf("%v", err)
	}
	genesis, err := logtest.Sign(t, a.signer, payload(t, a.genesis)).Marshal()
	must(t, err)
	if _, err := w.service.Create(t.Context(), "", genesis); !errors.As(err, &conflict) {
		t.Errorf("%v", err)
	}
}

// forgetful is the real store, whose answer to Settle is lost once: before the
// write, or after it.
type forgetful struct {
	publish.Store
	before, after bool
}

var errLost = errors.New("the disk did not answer")

func (f *forgetful) Settle(ctx context.Context, s publish.Settlement) error {
	if f.before {
		f.before = false
		return errLost
	}
	if err := f.Store.Settle(ctx, s); err != nil {
		return err
	}
	if f.after {
		f.after = false
		return errLost
	}
	return nil
}

// TestCrashAroundSettle: a service that dies before or after a record was settled
// finds it once, at its first index, when it is opened again.
func TestCrashAroundSettle(t *testing.T) {
	for name, f := range map[string]forgetful{"before": {before: true}, "after": {after: true}} {
		for _, genesis := range []bool{true, false} {
			w := newWorld(t)
			f := f
			a := w.author("river")
			token := w.token("river", false)
			if !genesis {
				_, err := w.service.Create(t.Context(), token, a.genesis)
				must(t, err)
			}
			f.Store = w.rows
			dying, err := publish.Open(t.Context(), publish.Config{Log: w.ledger, Tree: w.ledger, Public: w.ledger.Latest, Store: &f, Signer: w.ledger.log.Signer,
				Trust: w.ledger.log.Trust(), Clock: func() time.Time { return w.now }, Logger: slog.New(slog.DiscardHandler)})
			must(t, err)
			data, c, digest := w.next(a, "First version.")
			if genesis {
				_, err = dying.Create(t.Context(), token, a.genesis)
				digest = a.digest
			} else {
				_, err = dying.Submit(t.Context(), "river", data, c)
			}
			if !errors.Is(err, errLost) {
				t.Fatalf("%s: %v", name, err)
			}
			size := w.ledger.log.Size()
			w.create("elsewhere") // the log goes on
			must(t, w.open())
			if h := w.head("river"); h.Record != digest || h.Index != size-1 || w.ledger.log.Size() != size+1 {
				t.Errorf("%s: head %+v, %d entries", name, h, w.ledger.log.Size())
			}
			if genesis {
				a.previous = a.digest
			} else {
				a.previous, a.n = digest, 1
			}
			w.submit(a, "After it.")
		}
	}
}

// full is a tree without room for another checkpoint.
type full struct{ *ledger }

func (full) Room() error { return publish.ErrFull }

func TestNoRoom(t *testing.T) {
	w := newWorld(t)
	a := w.create("river")
	s, err := publish.Open(t.Context(), publish.Config{Log: w.ledger, Tree: full{w.ledger}, Public: w.ledger.Latest, Store: w.rows, Signer: w.ledger.log.Signer,
		Trust: w.ledger.log.Trust(), Clock: func() time.Time { return w.now }, Logger: slog.New(slog.DiscardHandler)})
	must(t, err)
	data, c, _ := w.next(a, "First version.")
	if _, err := s.Submit(t.Context(), "river", data, c); !errors.Is(err, publish.ErrFull) {
		t.Errorf("version: %v", err)
	}
	b, token := w.author("lake"), w.token("lake", false)
	if _, err := s.Create(t.Context(), token, b.genesis); !errors.Is(err, publish.ErrFull) {
		t.Errorf("genesis: %v", err)
	}
	if err := s.Ready(t.Context()); !errors.Is(err, publish.ErrFull) {
		t.Errorf("ready: %v", err)
	}
	// What is there stays readable, and nothing was used up.
	if _, err := s.Head(publish.Public, "river"); err != nil {
		t.Error(err)
	}
	if _, err := w.service.Create(t.Context(), token, b.genesis); err != nil {
		t.Errorf("with room again: %v", err)
	}
}

// TestEverythingServedVerifies: what a reader is served of a publication at any
// moment opens with the reader's own verifier, and no two of its heads conflict.
func TestEverythingServedVerifies(t *testing.T) {
	w := newWorld(t)
	rng := rand.New(rand.NewPCG(1, 2))
	a, b := w.create("river"), w.create("lake")
	trust, err := w.ledger.log.Trust().Pin("river", a.digest)
	must(t, err)
	r := newReader(t, w, trust)
	r.look()
	for range 40 {
		switch rng.IntN(5) {
		case 0:
			w.submit(a, "Another version.")
		case 1:
			w.submit(b, "Another version.")
		case 2: // the answer is lost, with the entry in the log or not
			data, c, digest := w.next(a, "Interrupted.")
			w.ledger.lose, w.ledger.refuse = rng.IntN(2) == 0, rng.IntN(2) == 0
			_, err := w.service.Submit(t.Context(), "river", data, c)
			if w.ledger.lose || w.ledger.refuse {
				if !errors.Is(err, errDown) {
					t.Fatal(err)
				}
			}
			r.look()
			w.ledger.lose, w.ledger.refuse = false, false
			_, err = w.service.Submit(t.Context(), "river", data, c)
			must(t, err)
			a.previous, a.n = digest, a.n+1
		case 3:
			must(t, w.open())
		case 4: // an entry of another kind
			w.ledger.mu.Lock()
			w.ledger.log.Append([]byte(fmt.Sprint("noise ", rng.Uint64())))
			w.ledger.mu.Unlock()
		}
		r.look()
	}
	if len(r.heads) < 40 || a.n < 5 {
		t.Errorf("%d heads, %d versions", len(r.heads), a.n)
	}
	for i, x := range r.heads {
		for _, y := range r.heads[i+1:] {
			if x.Conflicts(y) {
				t.Fatalf("%+v conflicts with %+v", x, y)
			}
		}
	}
}

// reader is a client that remembers, and asks the service as the API does.
type reader struct {
	t      *testing.T
	w      *world
	o      evidence.Options
	memory evidence.Memory
	heads  []log.Head
}

func newReader(t *testing.T, w *world, trust *keys.Trust) *reader {
	t.Helper()
	root, err := trust.TrustedRootJSON()
	must(t, err)
	stock, err := sigstore.New(root)
	must(t, err)
	return &reader{t: t, w: w, o: evidence.Options{Trust: trust, Slug: "river", Stock: stock}}
}

func (r *reader) look() {
	r.t.Helper()
	r.o.Memory = r.memory
	p, err := evidence.Open(r.t.Context(), r, r.o)
	must(r.t, err)
	r.heads = append(r.heads, p.Head().Head())
	r.memory = p.Remember(r.memory)
}

// Fetch implements evidence.Source over the service's own methods.
func (r *reader) Fetch(_ context.Context, path string) ([]byte, error) {
	s, rest := r.w.service, strings.TrimPrefix(path, "api/v1/publications/river/")
	var n int
	var lang string
	switch {
	case path == "checkpoint":
		return s.Checkpoint(publish.Public)
	case rest == "head":
		return s.Head(publish.Public, "river")
	case scan(rest, "records/%d.bundle.json", &n):
		return s.Bundle(publish.Public, "river", int64(n), 1)
	case scan(rest, "versions/%d/signatories.json", &n):
		return s.Signatories("river", n)
	case scan(rest, "versions/%d/text.%2s.txt", &n, &lang):
		return s.Text("river", n, lang)
	}
	return nil, fmt.Errorf("%s: %w", path, fs.ErrNotExist)
}

func scan(s, format string, to ...any) bool {
	n, err := fmt.Sscanf(s, format, to...)
	return err == nil && n == len(to)
}
