package publish

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/sijil/sijil/internal/endorsement"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// openAsides reads records from the store, in the order of the log; none about an entry that
// is withheld, which the store may still have. Each is what stands in the log at its index,
// which is how it is known that it was verified; those that are not there yet are verified.
func (s *Service) openAsides(ctx context.Context, p *publication, which AsideSelection, yield func(*aside) error) error {
	return s.openAll(ctx, p, which, func(a *aside) error {
		p.mu.RLock()
		_, gone := p.chain.Withheld(a.record.Entry())
		p.mu.RUnlock()
		if gone {
			return nil
		}
		return yield(a)
	})
}

// openAll is openAsides with what is about withheld entries.
func (s *Service) openAll(ctx context.Context, p *publication, which AsideSelection, yield func(*aside) error) error {
	const chunk = 256
	rows := make([]Aside, 0, chunk)
	open := func() error {
		leaves, err := s.leaves(rows)
		if err != nil {
			return err
		}
		opened, errs := make([]*aside, len(rows)), make([]error, len(rows))
		parallel(len(rows), func(i int) { opened[i], errs[i] = s.openAside(p, rows[i], leaves[i]) })
		for i, row := range rows {
			if errs[i] == nil {
				errs[i] = yield(opened[i])
			}
			if errs[i] != nil {
				return fmt.Errorf("record %s: %w", row.Record, errs[i])
			}
		}
		rows = rows[:0]
		return nil
	}
	err := s.Store.Asides(ctx, which, func(a Aside) error {
		if rows = append(rows, a); len(rows) < chunk {
			return nil
		}
		return open()
	})
	if err != nil {
		return err
	}
	return open()
}

// ReadAsides reads every record about a list entry that the store has, and returns what is
// wrong with the first that is damaged.
func (s *Service) ReadAsides(ctx context.Context) error {
	for _, p := range s.all() {
		err := s.openAll(ctx, p, AsideSelection{Genesis: p.genesis}, func(*aside) error { return nil })
		if err != nil {
			return fmt.Errorf("publication %q: %w", p.slug, err)
		}
	}
	return nil
}

// parallel calls do for 0 to n-1, on all processors where that is worth while.
func parallel(n int, do func(i int)) {
	workers := min(runtime.GOMAXPROCS(0), n/8+1)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := w; i < n; i += workers {
				do(i)
			}
		})
	}
	wg.Wait()
}

// leaves are the hashes that stand in the log where the records do.
func (s *Service) leaves(rows []Aside) ([]tlog.Hash, error) {
	var at []int64
	for _, a := range rows {
		if a.Index >= 0 {
			at = append(at, a.Index)
		}
	}
	got, err := s.Tree.Leaves(at)
	if err != nil {
		return nil, err
	}
	out := make([]tlog.Hash, len(rows))
	for i, a := range rows {
		if a.Index >= 0 {
			out[i], got = got[0], got[1:]
		}
	}
	return out, nil
}

// errDamaged: a row does not say what the record in it says.
var errDamaged = errors.New("the database is damaged: check it with `sijild check`, and restore the newest sound copy of the whole folder")

// damaged says so of a row. What is wrong with it is for the operator to read, and no answer
// to whoever asked: they have signed nothing, and named nothing that is not there.
func damaged(err error) error { return fmt.Errorf("%w: %v", errDamaged, err) }

func (s *Service) openAside(p *publication, row Aside, leaf tlog.Hash) (*aside, error) {
	b, err := log.ParseBundle(row.Bundle)
	if err != nil {
		return nil, damaged(err)
	}
	var r *endorsement.Record
	if row.Index < 0 {
		r, err = s.verifyAside(p, b, row.SPKI)
	} else {
		r, err = s.reopen(p, b, row.SPKI, leaf)
	}
	if err != nil {
		return nil, damaged(err)
	}
	key := enrols(r)
	if r.Digest() != row.Record || r.Entry() != row.Entry || (key == nil) != (row.Enrols == nil) || key != nil && *key != *row.Enrols {
		return nil, errDamaged
	}
	return &aside{record: r, bundle: b, size: len(row.Bundle), index: row.Index}, nil
}

func (s *Service) reopen(p *publication, b *log.Bundle, spki []byte, leaf tlog.Hash) (*endorsement.Record, error) {
	key, err := keys.ParsePublicKey(spki)
	if err != nil {
		return nil, err
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	return endorsement.Reopen(b, key, p.chain, s.isObserver(key), leaf)
}
