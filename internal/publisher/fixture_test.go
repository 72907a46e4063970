package publisher_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/sijil/sijil/internal/chain"
	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/internal/publish"
	"github.com/sijil/sijil/internal/publisher"
	"github.com/sijil/sijil/internal/remote"
	"github.com/sijil/sijil/internal/signatory"
	"github.com/sijil/sijil/internal/sigstore"
	"github.com/sijil/sijil/internal/store"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

const token = "a token"

// ledger is the virtual log as the use cases see it.
type ledger struct {
	mu    sync.Mutex
	log   *logtest.Log
	known map[string]uint64
}

func (l *ledger) Append(_ context.Context, entry []byte) (uint64, bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	index, ok := l.known[string(entry)]
	if !ok {
		index = uint64(l.log.Append(entry))
		l.known[string(entry)] = index
	}
	return index, ok, nil
}

func (l *ledger) Cover(context.Context, uint64) (publish.Checkpoint, error) { return l.Latest(), nil }

func (l *ledger) Latest() publish.Checkpoint {
	l.mu.Lock()
	defer l.mu.Unlock()
	size := l.log.Size()
	return publish.Checkpoint{Size: size, Root: l.log.Root(size), Note: l.log.Checkpoint(size)}
}

func (l *ledger) Prove(index, size int64) (tlog.RecordProof, error) {
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

func (l *ledger) Room() error { return nil }

var (
	errNetwork = errors.New("connection reset")
	errSwallow = errors.New("say yes and do nothing")
)

// service is the real service without HTTP between: it answers a publisher and a
// reader, over a network that can fail.
type service struct {
	t    *testing.T
	uses *publish.Service
	// fail is asked before a call reaches the service, and once it was answered.
	fail  func(call string, arrived bool) error
	calls []string
}

func (s *service) call(name string, do func() (*publish.Receipt, error)) (*remote.Receipt, error) {
	s.calls = append(s.calls, name)
	if err := s.fail(name, false); errors.Is(err, errSwallow) {
		return &remote.Receipt{Created: true}, nil
	} else if err != nil {
		return nil, err
	}
	r, err := do()
	if err != nil {
		return nil, &remote.Problem{Status: status(err), Title: err.Error()}
	}
	if err := s.fail(name, true); err != nil {
		return nil, err
	}
	return &remote.Receipt{Record: r.Record, Sequence: r.Sequence, Index: r.Index, Bundle: r.Bundle, Have: r.Have, Want: r.Want, Created: r.Created}, nil
}

func status(err error) int {
	var conflict *chain.ConflictError
	switch {
	case errors.As(err, &conflict):
		return 409
	case errors.Is(err, chain.ErrUnauthorised), errors.Is(err, publish.ErrToken):
		return 403
	}
	return 400
}

func (s *service) Create(ctx context.Context, token string, bundle []byte) (*remote.Receipt, error) {
	return s.call("create", func() (*publish.Receipt, error) { return s.uses.Create(ctx, token, bundle) })
}

func (s *service) Submit(ctx context.Context, slug string, bundle []byte, texts map[string][]byte, d []signatory.Disclosure) (*remote.Receipt, error) {
	return s.call("submit", func() (*publish.Receipt, error) {
		return s.uses.Submit(ctx, slug, bundle, publish.Content{Texts: texts, Disclosures: d})
	})
}

// Fetch implements evidence.Source.
func (s *service) Fetch(_ context.Context, path string) ([]byte, error) {
	if err := s.fail(path, false); err != nil {
		return nil, err
	}
	view := publish.Public
	if strings.HasPrefix(path, "api/v1/latest/") {
		view = publish.Latest
	}
	path = strings.TrimPrefix(path, "api/v1/latest/")
	if path == "checkpoint" {
		return s.uses.Checkpoint(view)
	}
	path = strings.TrimPrefix(path, "api/v1/")
	slug, rest, _ := strings.Cut(strings.TrimPrefix(path, "publications/"), "/")
	var n int
	var lang string
	switch {
	case rest == "head":
		return s.uses.Head(view, slug)
	case scan(rest, "records/%d.bundle.json", &n):
		return s.uses.Bundle(view, slug, int64(n), 1)
	case scan(rest, "versions/%d/signatories.json", &n):
		return s.uses.Signatories(slug, n)
	case scan(rest, "versions/%d/text.%2s.txt", &n, &lang):
		return s.uses.Text(slug, n, lang)
	}
	return nil, fmt.Errorf("%s: %w", path, fs.ErrNotExist)
}

func scan(s, format string, to ...any) bool {
	n, err := fmt.Sscanf(s, format, to...)
	return err == nil && n == len(to)
}

// desk is a publisher's machine and the service it talks to.
type desk struct {
	t      *testing.T
	ledger *ledger
	server *service
	rows   *store.Store
	signer *keys.Signer
	trust  *keys.Trust // as the trust file has it
	outbox publisher.FolderOutbox
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	dir := t.TempDir()
	must(t, store.Create(dir))
	rows, err := store.Open(t.Context(), dir)
	must(t, err)
	t.Cleanup(func() { must(t, rows.Close()) })
	l := &ledger{log: logtest.New(t, "https://sijil.example"), known: map[string]uint64{}}
	d := &desk{t: t, ledger: l, rows: rows, signer: logtest.NewSigner(t), trust: l.log.Trust(), outbox: publisher.FolderOutbox(t.TempDir() + "/outbox")}
	uses, err := publish.Open(t.Context(), publish.Config{Log: l, Tree: l, Public: l.Latest, Store: rows, Signer: l.log.Signer, Trust: d.trust, Clock: clock, Logger: slog.New(slog.DiscardHandler)})
	must(t, err)
	d.server = &service{t: t, uses: uses}
	d.online()
	must(t, rows.AddToken(t.Context(), log.Sum([]byte(token)), publish.Token{Slug: "river", Expires: clock().Add(time.Hour)}))
	return d
}

func clock() time.Time { return logtest.Start.Add(time.Hour) }

func (d *desk) online() { d.server.fail = func(string, bool) error { return nil } }

// failing makes one call fail, before or after it has arrived.
func (d *desk) failing(call string, arrived bool, err error) {
	d.server.fail = func(c string, a bool) error {
		if c == call && a == arrived {
			return err
		}
		return nil
	}
}

// publish runs the command once, as a process that knows only its files.
func (d *desk) publish(in publisher.Input) (*publisher.Result, error) {
	d.t.Helper()
	return d.process().Publish(d.t.Context(), in, token)
}

// retract does the same with the other command.
func (d *desk) retract(version int, reason string) (*publisher.Result, error) {
	d.t.Helper()
	return d.process().Retract(d.t.Context(), "river", version, reason)
}

func (d *desk) process() *publisher.Publisher {
	d.t.Helper()
	root, err := d.trust.TrustedRootJSON()
	must(d.t, err)
	stock, err := sigstore.New(root)
	must(d.t, err)
	d.server.calls = nil
	return &publisher.Publisher{
		Server: d.server, Source: d.server, Open: evidence.Options{Trust: d.trust, Stock: stock}, Signer: d.signer, Outbox: d.outbox, Clock: clock,
		SaveTrust: func(t *keys.Trust) error { d.trust = t; return nil },
	}
}

// waiting returns the names in the outbox.
func (d *desk) waiting() string {
	d.t.Helper()
	var out []string
	for _, name := range []string{"genesis.json", "version.json", "retraction.json"} {
		b, err := d.outbox.Get(name)
		must(d.t, err)
		if b != nil {
			out = append(out, name)
		}
	}
	return strings.Join(out, " ")
}

func input(n int) publisher.Input {
	e := logtest.River()[n-1]
	in := publisher.Input{Slug: "river", Title: e.Title(), Texts: e.Files(), Reason: e.Reason, Date: "2031-05-04", Place: "Oued Zarg", PlaceDate: map[string]string{"en": "Oued Zarg, May 4, 2031"}}
	for _, name := range e.Names {
		in.Signatories = append(in.Signatories, signatory.Signatory{Name: name, Kind: signatory.Organisation})
	}
	return in
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
