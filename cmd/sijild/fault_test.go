package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/sijil/sijil/internal/audit"
	"github.com/sijil/sijil/internal/remote"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
	"github.com/sijil/sijil/log/client"
)

// The fault tests: each breaks something many times and counts what came of it. `make
// faults` runs them with full counts and prints their rows as one table; `make test`
// runs the short counts below.
var faultTable = flag.String("fault-table", "", "append each fault test's row to `FILE`")

// fault counts the rounds of one kind of fault, and what must never come of it. All
// counters but rounds have to be zero.
type fault struct {
	what  string
	began time.Time
	note  string // Optional: what the rounds were

	rounds     atomic.Int64
	lost       atomic.Int64 // acknowledged, and not there
	duplicated atomic.Int64 // there twice
	forked     atomic.Int64 // signed trees of which neither continues the other
	undetected atomic.Int64 // damage that nothing found
	wrong      atomic.Int64 // wrong verdicts, findings of an audit, answers that should not be
}

// newFault begins a row, which is written when the test ends.
func newFault(t *testing.T, what string) *fault {
	f := &fault{what: what, began: time.Now()}
	t.Cleanup(func() {
		row := f.row()
		t.Log(row)
		if f.lost.Load()+f.duplicated.Load()+f.forked.Load()+f.undetected.Load()+f.wrong.Load() > 0 {
			t.Error("not all counts are 0")
		}
		if *faultTable == "" || t.Skipped() {
			return
		}
		out, err := os.OpenFile(*faultTable, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
		if err == nil {
			_, err = fmt.Fprintln(out, row)
			err = errors.Join(err, out.Close())
		}
		if err != nil {
			t.Error(err)
		}
	})
	return f
}

// row is the fault as a line of a Markdown table.
func (f *fault) row() string {
	what := f.what
	if f.note != "" {
		what += ": " + f.note
	}
	return fmt.Sprintf("| %s | %d | %d | %d | %d | %d | %d | %s |", what, f.rounds.Load(), f.lost.Load(), f.duplicated.Load(), f.forked.Load(),
		f.undetected.Load(), f.wrong.Load(), time.Since(f.began).Round(time.Second))
}

// ledger is what clients of one log were told: what they may hold against it.
type ledger struct {
	t      *testing.T
	f      *fault
	key    *keys.LogKey
	mu     sync.Mutex
	index  map[log.Digest]int64 // of what was acknowledged
	trees  map[int64]tlog.Hash  // roots of signed trees, by size
	probed int64                // acknowledgements in all
}

func newLedger(t *testing.T, f *fault, key *keys.LogKey) *ledger {
	return &ledger{t: t, f: f, key: key, index: map[log.Digest]int64{}, trees: map[int64]tlog.Hash{}}
}

// acknowledged notes an answer: an entry's digest, its index, and the signed tree that
// covers it.
func (l *ledger) acknowledged(d log.Digest, index int64, e *log.LogEntry) {
	l.tree([]byte(e.InclusionProof.Checkpoint.Envelope))
	l.mu.Lock()
	defer l.mu.Unlock()
	l.probed++
	if old, ok := l.index[d]; ok && old != index {
		l.t.Errorf("record %s was acknowledged at %d, and now at %d", d, old, index)
		l.f.duplicated.Add(1)
	}
	l.index[d] = index
}

// receipt notes the answer to a record.
func (l *ledger) receipt(r *remote.Receipt) {
	b, err := log.ParseBundle(r.Bundle)
	if err != nil || b.Entry() == nil {
		l.t.Errorf("the answer's bundle: %v", err)
		l.f.wrong.Add(1)
		return
	}
	l.acknowledged(r.Record, r.Index, b.Entry())
}

// tree notes a checkpoint that somebody was shown.
func (l *ledger) tree(note []byte) {
	c, err := log.OpenCheckpoint(note, keys.NewPolicy(l.key))
	if err != nil {
		l.t.Errorf("checkpoint: %v", err)
		l.f.wrong.Add(1)
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if root, ok := l.trees[c.Size()]; ok && root != c.Root() {
		l.t.Errorf("two roots of %d entries were signed: %s and %s", c.Size(), root, c.Root())
		l.f.forked.Add(1)
	}
	l.trees[c.Size()] = c.Root()
}

// settle holds everything against the log as it is served: every entry once, the
// acknowledged ones at their index, every tree that was shown a beginning of this one;
// then audits it. It returns how many entries there are.
func (l *ledger) settle(url string) (entries int64) {
	l.t.Helper()
	src, err := client.NewHTTP(url, httpClient)
	check(l.t, err)
	note, err := src.Fetch(l.t.Context(), "api/v1/latest/checkpoint")
	check(l.t, err)
	l.tree(note)
	c, err := log.OpenCheckpoint(note, keys.NewPolicy(l.key))
	check(l.t, err)
	at := map[log.Digest]int64{}
	var hashes hashList
	err = client.Entries(l.t.Context(), src, client.Tree{Size: uint64(c.Size()), Root: c.Root()}, 0, uint64(c.Size()), func(index uint64, entry []byte) error {
		e, err := log.ParseEntry(entry)
		if err != nil {
			return err
		}
		if first, ok := at[e.Digest]; ok {
			l.t.Errorf("record %s stands at %d and at %d", e.Digest, first, index)
			l.f.duplicated.Add(1)
		}
		at[e.Digest] = int64(index)
		stored, err := tlog.StoredHashes(int64(index), entry, &hashes)
		hashes = append(hashes, stored...)
		return err
	})
	check(l.t, err)
	l.mu.Lock()
	defer l.mu.Unlock()
	for d, index := range l.index {
		if got, ok := at[d]; !ok || got != index {
			l.t.Errorf("record %s was acknowledged at %d, and is at %d, %v", d, index, got, ok)
			l.f.lost.Add(1)
		}
	}
	for size, root := range l.trees {
		if size > c.Size() {
			l.t.Errorf("a tree of %d entries was signed, now there are %d", size, c.Size())
			l.f.forked.Add(1)
		} else if got, err := tlog.TreeHash(size, &hashes); err != nil || got != root {
			l.t.Errorf("the root of %d entries was %s and is %s, %v", size, root, got, err)
			l.f.forked.Add(1)
		}
	}
	l.audit(src)
	return c.Size()
}

// audit has sijil audit's engine look at all of it.
func (l *ledger) audit(src *client.HTTP) {
	l.t.Helper()
	b, err := src.Fetch(l.t.Context(), "api/v1/trust.json")
	check(l.t, err)
	trust, err := keys.ParseTrust(b)
	check(l.t, err)
	got, err := audit.Run(l.t.Context(), src, audit.Options{Trust: trust})
	if err != nil || got.Report.Outcome != audit.Clean {
		l.t.Errorf("audit: %v, %+v", err, got.Report)
		l.f.wrong.Add(1)
	}
}

// sound requires that sijild check finds nothing in a folder that nobody serves.
func (f *fault) sound(t *testing.T, data string) {
	t.Helper()
	found, err := checkData(context.WithoutCancel(t.Context()), serveOptions{data: data})
	if err != nil || len(found) > 0 {
		t.Errorf("check: %v, %q", err, found)
		f.wrong.Add(1)
	}
}

// scribe sends one thing after another to a service that may die at any time, each until
// it is acknowledged.
type scribe interface {
	// send sends what is due, and notes the answer; an error that is no answer means
	// that the service died.
	send(t *testing.T, url string, h *http.Client, l *ledger) error
}

// author publishes version after version.
type author struct {
	w     *writer
	due   *signedVersion
	title string
}

func (a *author) send(t *testing.T, url string, h *http.Client, l *ledger) error {
	if a.due == nil {
		v := a.w.sign(t, fmt.Sprintf("%s\n\nText number %d.\n", a.title, a.w.sequence))
		a.due = &v
	}
	a.w.server = remote.New(url, h)
	r, err := a.w.submit(t.Context(), *a.due)
	if err != nil {
		return err
	}
	l.receipt(r)
	a.due = nil
	return nil
}

// knocker writes message after message through the door.
type knocker struct {
	g    *guest
	name string
	n    int
	due  []byte
}

func (k *knocker) send(t *testing.T, url string, h *http.Client, l *ledger) error {
	if k.due == nil {
		k.due = k.g.request(fmt.Sprintf("%s, message %d", k.name, k.n))
		k.n++
	}
	e, err := enterWith(t.Context(), h, url, k.due)
	if err != nil {
		return err
	}
	entry, err := log.ParseEntry(e.CanonicalizedBody)
	check(t, err)
	l.acknowledged(entry.Digest, e.LogIndex, e)
	k.due = nil
	return nil
}

// newcomer creates its publication before it publishes.
type newcomer struct {
	author
	token   string
	genesis []byte
}

func (n *newcomer) send(t *testing.T, url string, h *http.Client, l *ledger) error {
	if n.genesis == nil {
		return n.author.send(t, url, h, l)
	}
	r, err := remote.New(url, h).Create(t.Context(), n.token, n.genesis)
	if err != nil {
		return err
	}
	l.receipt(r)
	n.genesis = nil
	return nil
}

// newNewcomer prepares a publication; nothing is sent yet.
func newNewcomer(t *testing.T, s *running, slug string) *newcomer {
	t.Helper()
	w, bundle, token := s.unborn(t, slug)
	return &newcomer{author: author{w: w, title: slug}, token: token, genesis: bundle}
}
