package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/sijil/sijil/internal/publish"
)

// Tiles reads tiles by their names, in that order; nil for one that is not there.
func (s reading) Tiles(ctx context.Context, names []string) ([][]byte, error) {
	got := make(map[string][]byte, len(names))
	err := s.each(ctx, func(rows *sql.Rows) error {
		var name string
		var data []byte
		if err := rows.Scan(&name, &data); err != nil {
			return err
		}
		got[name] = data
		return nil
	}, `SELECT name, data FROM tile WHERE name = ANY(?)`, names)
	out := make([][]byte, len(names))
	for i, name := range names {
		out[i] = got[name]
	}
	return out, err
}

// CountTiles is how many tiles have names that begin with prefix.
func (s reading) CountTiles(ctx context.Context, prefix string) (n int64, err error) {
	if err := s.row(ctx, `SELECT count(*) FROM tile WHERE starts_with(name, ?)`, prefix).Scan(&n); err != nil {
		return 0, fmt.Errorf("store: tiles: %w", err)
	}
	return n, nil
}

// Export runs f in a transaction that ends with a new checkpoint and the tiles that
// it covers, or with nothing changed. No other export runs meanwhile. After an error of the commit it may have happened.
func (s *Store) Export(ctx context.Context, f func(*Export) error) (err error) {
	t, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("store: export: %w", err)
	}
	defer func() {
		if err != nil {
			_ = t.Rollback() // err is what matters
		}
	}()
	e := &Export{reading: reading{t, s.d}, t: t}
	// The first checkpoint has no row to lock yet.
	if _, err = t.ExecContext(ctx, `SELECT pg_advisory_xact_lock($1)`, int64(exportLock)); err != nil {
		return fmt.Errorf("store: export: %w", err)
	}
	if err = f(e); err != nil {
		return err
	}
	if _, err = t.ExecContext(ctx, "NOTIFY "+changedChannel); err != nil {
		return fmt.Errorf("store: export: %w", err)
	}
	if err = t.Commit(); err != nil {
		return fmt.Errorf("store: export: %w", err)
	}
	return nil
}

// Export is the transaction of one round of the exporter.
type Export struct {
	reading
	t *sql.Tx
}

// Last is the stored checkpoint.
func (e *Export) Last(ctx context.Context) (publish.Checkpoint, error) {
	return e.checkpoint(ctx, "latest")
}

// Put writes a tile, over one of that name.
func (e *Export) Put(ctx context.Context, name string, data []byte) error {
	_, err := e.t.ExecContext(ctx, `INSERT INTO tile (name, data) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET data = excluded.data`, name, data)
	if err != nil {
		return fmt.Errorf("store: tile %s: %w", name, err)
	}
	return nil
}

// Keep deletes the tiles whose names begin with prefix, but for those of the list.
func (e *Export) Keep(ctx context.Context, prefix string, names []string) error {
	_, err := e.t.ExecContext(ctx, `DELETE FROM tile WHERE starts_with(name, $1) AND NOT name = ANY($2)`, prefix, names)
	if err != nil {
		return fmt.Errorf("store: tiles: %w", err)
	}
	return nil
}

// Swap replaces the stored checkpoint old by new, or returns ErrConflict.
func (e *Export) Swap(ctx context.Context, old, new publish.Checkpoint) error {
	var res sql.Result
	var err error
	if old.Note == nil {
		res, err = e.t.ExecContext(ctx, `INSERT INTO checkpoint (view, size, root, note) VALUES ('latest', $1, $2, $3) ON CONFLICT DO NOTHING`, new.Size, new.Root[:], new.Note)
	} else {
		res, err = e.t.ExecContext(ctx, `UPDATE checkpoint SET size = $1, root = $2, note = $3 WHERE view = 'latest' AND note = $4 AND size = $5 AND root = $6`,
			new.Size, new.Root[:], new.Note, old.Note, old.Size, old.Root[:])
	}
	if err != nil {
		return fmt.Errorf("store: checkpoint: %w", err)
	}
	n, err := res.RowsAffected()
	if err == nil && n != 1 {
		err = ErrConflict
	}
	return err
}
