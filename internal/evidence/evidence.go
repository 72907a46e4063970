// Package evidence reads what a service (or an exported folder) holds of one
// publication and verifies all of it against a trust file: the one place where
// tool, audit and tests decide what is true. Nothing that the source asserts is
// taken for granted.
//
// Open goes through these steps, in this order:
//
//  1. the trust file pins a genesis digest for the slug;
//  2. the checkpoint is signed as the witness policy asks, and a statement that
//     the log has ended, if there is one, is signed and not contradicted by it;
//  3. the head is signed by the log, for this genesis;
//  4. each record, from genesis to head: its bundles, one for each signature that
//     the publication policy asks for, are in their one encoding; it follows the
//     chain; its signatures are by different keys of the publication policy;
//     their entries, rebuilt, are included under checkpoints that satisfy the
//     witness policy; the stock Sigstore verifier agrees; log indices rise;
//  5. the genesis digest is the pinned one, the last record is the head's;
//  6. what signatories said, and what the service saw of them: each record's form,
//     signature, subject and place in the log;
//  7. all checkpoints met on the way are of one tree, and of the tree this
//     machine saw last;
//  8. texts and signatory lists have the digests the records name.
package evidence

import (
	"context"
	"crypto/ecdsa"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/sijil/sijil/internal/edition"
	"github.com/sijil/sijil/internal/endorsement"
	"github.com/sijil/sijil/internal/signatory"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// maxRecords bounds a chain.
const maxRecords = 100_000

// Source gives documents by path. fs.ErrNotExist means that the source answers
// and has none.
type Source interface {
	Fetch(ctx context.Context, path string) ([]byte, error)
}

// StockVerifier gives a second opinion on a bundle; see package sigstore, and
// docs/decisions/0012-second-opinion.md.
type StockVerifier interface {
	Verify(bundle []byte, key *ecdsa.PublicKey, artifact log.Digest) error
}

// Options say what to open and whom to trust. Trust, Slug and Layout are required.
type Options struct {
	Trust  *keys.Trust
	Slug   string
	Layout Layout
	// Stock must agree on every bundle. Optional: what it checks, this package checks.
	Stock StockVerifier
	// Passkeys verifies WebAuthn assertions. Optional: without it the service's word
	// is taken that it did.
	Passkeys endorsement.PasskeyVerifier
	// Copy says that the source is a folder, which may be older than what this
	// machine has seen. Layout.Folder implies it.
	Copy bool
	// Memory is what this machine saw last of the log. Optional.
	Memory Memory
	// Now is the reader's time, to tell a stale log by: one whose witness quorum
	// is older than MaxAge (default 24 hours) may be hidden news. Optional: no
	// log is stale without it, nor is an exported folder or a frozen log.
	Now    time.Time
	MaxAge time.Duration
	// Consistent proves that one tree extends another (RFC 9162, 2.1.4) from the
	// source's tiles. Nil where there are none: an exported folder.
	Consistent func(ctx context.Context, old, new *log.Checkpoint) error

	partRecords int // of a full part of what signatories said; 0: endorsement.PartRecords
}

// ErrNotPinned: the trust file has no genesis for the slug. The caller asks the
// person to pin it.
var ErrNotPinned = errors.New("not pinned in the trust file")

// DamagedError: a document is missing or does not verify. The caller says
// `unchecked` and names the document.
type DamagedError struct {
	Path string
	Err  error
}

func (e *DamagedError) Error() string { return e.Path + ": " + e.Err.Error() }

func (e *DamagedError) Unwrap() error { return e.Err }

// StaleError: the newest checkpoint's witness quorum is too old. The caller says
// `unchecked`.
type StaleError struct{ Cosigned, Now time.Time }

func (e *StaleError) Error() string {
	return fmt.Sprintf("the witnesses cosigned the newest checkpoint at %s, %d hours ago", e.Cosigned.UTC().Format(time.RFC3339), int(e.Now.Sub(e.Cosigned).Hours()))
}

// Open reads and verifies a publication. Errors: ErrNotPinned, *DamagedError,
// *Misbehaviour, or the source's own (network) errors.
func Open(ctx context.Context, src Source, o Options) (*Publication, error) {
	if o.Trust == nil {
		return nil, log.ErrNoPolicy
	}
	genesis, ok := o.Trust.Genesis(o.Slug)
	if !ok {
		return nil, fmt.Errorf("publication %q: %w", o.Slug, ErrNotPinned)
	}
	o.Copy = o.Copy || o.Layout.Folder
	if o.partRecords == 0 {
		o.partRecords = endorsement.PartRecords
	}
	r := &reader{ctx: ctx, src: src, o: o, policy: o.Trust.Policy(), p: &Publication{slug: o.Slug, trust: o.Trust, layout: o.Layout, partRecords: o.partRecords, retractions: map[int]int{}}}
	if o.Layout.Latest {
		r.policy = r.policy.LogOnly()
	}
	if err := r.openCheckpoint(); err != nil {
		return nil, err
	}
	if err := r.openFrozen(); err != nil {
		return nil, err
	}
	if err := r.fetchEndorsements(); err != nil {
		return nil, err
	}
	if err := r.openHead(genesis); err != nil {
		return nil, err
	}
	if err := r.openRecords(genesis); err != nil {
		return nil, err
	}
	if err := r.openEndorsements(); err != nil {
		return nil, err
	}
	if err := r.compareTrees(); err != nil {
		return nil, err
	}
	if err := r.checkAge(); err != nil {
		return nil, err
	}
	if err := r.openEditions(); err != nil {
		return nil, err
	}
	return r.p, nil
}

// reader holds the state of one Open.
type reader struct {
	ctx    context.Context
	src    Source
	o      Options
	policy *keys.Policy
	p      *Publication
	trees  []*log.Checkpoint // all verified ones met on the way
	said   []saidPart        // of what signatories said; none where there is no document
}

func (r *reader) fetch(path string) ([]byte, error) {
	b, err := r.src.Fetch(r.ctx, path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &DamagedError{Path: path, Err: errors.New("is missing")}
	}
	if err != nil {
		return nil, err
	}
	return b, nil
}

func (r *reader) openCheckpoint() error {
	path := r.o.Layout.Checkpoint()
	b, err := r.fetch(path)
	if err != nil {
		return err
	}
	c, err := log.OpenCheckpoint(b, r.policy)
	if err != nil {
		return &DamagedError{Path: path, Err: err}
	}
	r.p.checkpoint = c
	r.trees = append(r.trees, c)
	return nil
}

func (r *reader) openFrozen() error {
	path := r.o.Layout.Frozen()
	b, err := r.src.Fetch(r.ctx, path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if r.p.frozen, err = log.OpenFreeze(b, r.policy); err != nil {
		return &DamagedError{Path: path, Err: err}
	}
	return nil
}

func (r *reader) openHead(genesis log.Digest) error {
	path := r.o.Layout.Head(r.o.Slug)
	b, err := r.fetch(path)
	if err != nil {
		return err
	}
	h, err := log.OpenHead(b, r.policy)
	if err != nil {
		return &DamagedError{Path: path, Err: err}
	}
	if h.Head().Genesis != genesis {
		return &DamagedError{Path: path, Err: fmt.Errorf("is for genesis %s, the trust file pins %s", h.Head().Genesis, genesis)}
	}
	r.p.head = h
	r.p.fresh = h.Head().TreeSize >= r.p.checkpoint.Size()
	return nil
}

// openEditions fetches texts and lists, and checks them beside each other.
func (r *reader) openEditions() error {
	w := newWorkers()
	err := r.walkEditions(w)
	if failed := w.wait(); failed != nil {
		return failed
	}
	return err
}

func (r *reader) walkEditions(w *workers) error {
	for i, record := range r.p.records {
		v, ok := record.Statement.(*statement.Version)
		if !ok {
			continue
		}
		path := r.o.Layout.Signatories(r.o.Slug, v.Version)
		names, err := r.fetch(path)
		if err != nil {
			return err
		}
		texts := map[string][]byte{}
		for _, t := range v.Texts() {
			if texts[t.Language], err = r.fetch(r.o.Layout.Text(r.o.Slug, v.Version, t.Language)); err != nil {
				return err
			}
		}
		w.start(func() error {
			list, err := signatory.Parse(names)
			if err != nil {
				return &DamagedError{Path: path, Err: err}
			}
			if r.p.records[i].Edition, err = edition.Open(v, texts, list); err != nil {
				return &DamagedError{Path: r.o.Layout.Version(r.o.Slug, v.Version), Err: err}
			}
			return nil
		})
	}
	return nil
}
