package audit

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/sijil/sijil/log/tile"
)

// fault says why a document cannot be used: the source answered, and it is not
// there or not what it should be.
type fault struct {
	missing bool
	why     string
}

func (f *fault) rule(otherwise Rule) Rule {
	if f.missing {
		return RuleMissing
	}
	return otherwise
}

// reader tells apart what the source said and what could not be asked. An error
// of its methods ends the audit: nothing is known.
type reader struct {
	src   Source
	wrong func(error) bool
	// fixed are tiles that the source serves wrongly and that were computed from
	// what is below them. Written while nobody reads.
	fixed map[tlog.Tile][]byte
}

func (r *reader) fetch(ctx context.Context, path string) ([]byte, *fault, error) {
	b, err := r.src.Fetch(ctx, path)
	switch {
	case err == nil:
		return b, nil, nil
	case errors.Is(err, fs.ErrNotExist):
		return nil, &fault{missing: true, why: "is missing"}, nil
	case r.wrong != nil && r.wrong(err):
		return nil, &fault{why: err.Error()}, nil
	}
	return nil, nil, fmt.Errorf("%s: %w", path, err)
}

// tile reads a tile or an entry bundle of the width t.W. A log may delete a
// partial one when the full one is there; that begins with it.
func (r *reader) tile(ctx context.Context, t tlog.Tile) ([]byte, *fault, error) {
	if b, ok := r.fixed[t]; ok {
		return b, nil, nil
	}
	b, bad, err := r.fetch(ctx, tile.Path(t))
	if bad != nil && bad.missing && t.W < tile.Width {
		full := t
		full.W = tile.Width
		var fullBad *fault
		b, fullBad, err = r.fetch(ctx, tile.Path(full))
		if err != nil || fullBad != nil && fullBad.missing {
			return nil, bad, err // it is the partial one that was asked for
		}
		if bad = fullBad; bad == nil && t.L != tile.EntriesLevel {
			b = b[:min(len(b), t.W*tlog.HashSize)]
		} else if bad == nil {
			if _, rest, err := tile.CutBundle(b, t.W); err == nil {
				b = b[:len(b)-len(rest)]
			}
		}
	}
	if err != nil || bad != nil {
		return nil, bad, err
	}
	if t.L != tile.EntriesLevel && len(b) != t.W*tlog.HashSize {
		return nil, &fault{why: fmt.Sprintf("has %d bytes, want %d", len(b), t.W*tlog.HashSize)}, nil
	}
	return b, nil, nil
}

// faultError carries a fault through a tile.Verifier.
type faultError struct {
	path string
	*fault
}

func (e *faultError) Error() string { return e.path + " " + e.why }

// verifier reads authenticated tiles of a tree.
func (r *reader) verifier(ctx context.Context, t tlog.Tree) (*tile.Verifier, error) {
	return tile.NewVerifier(t, func(tiles []tlog.Tile) ([][]byte, error) {
		out := make([][]byte, len(tiles))
		for i, t := range tiles {
			b, bad, err := r.tile(ctx, t)
			if err != nil {
				return nil, err
			}
			if bad != nil {
				return nil, &faultError{tile.Path(t), bad}
			}
			out[i] = b
		}
		return out, nil
	})
}

// damaged reports whether an error of a verifier is about what the source
// serves, not about reaching it.
func damaged(err error) bool {
	var wrong *tile.WrongError
	var f *faultError
	return errors.As(err, &wrong) || errors.As(err, &f)
}
