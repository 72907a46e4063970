package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/sijil/sijil/internal/publish"
)

// ErrConflict: the stored checkpoint is not the one that was to be replaced.
// The caller stops: somebody else signs with the same key.
var ErrConflict = errors.New("the last checkpoint is another one")

// LastCheckpoint returns the last checkpoint that the log signed; the zero value
// when none was ever signed.
func (s *Store) LastCheckpoint(ctx context.Context) (publish.Checkpoint, error) {
	return s.checkpoint(ctx, "latest")
}

// SwapCheckpoint replaces old by new, durably, or returns ErrConflict and
// changes nothing. old is the zero value for the first.
func (s *Store) SwapCheckpoint(ctx context.Context, old, new publish.Checkpoint) error {
	return s.swap(ctx, "latest", old, new)
}

// Public returns the checkpoint that readers were shown last; the zero value
// when there was none.
func (s *Store) Public(ctx context.Context) (publish.Checkpoint, error) {
	return s.checkpoint(ctx, "public")
}

// SwapPublic is SwapCheckpoint for the checkpoint that readers are shown.
func (s *Store) SwapPublic(ctx context.Context, old, new publish.Checkpoint) error {
	return s.swap(ctx, "public", old, new)
}

func (s reading) checkpoint(ctx context.Context, view string) (publish.Checkpoint, error) {
	var c publish.Checkpoint
	var root []byte
	err := s.row(ctx, `SELECT size, root, note FROM checkpoint WHERE view = ?`, view).Scan(&c.Size, &root, &c.Note)
	if errors.Is(err, sql.ErrNoRows) {
		return publish.Checkpoint{}, nil
	}
	if err != nil {
		return publish.Checkpoint{}, fmt.Errorf("store: checkpoint: %w", err)
	}
	if copy(c.Root[:], root) != len(c.Root) {
		return publish.Checkpoint{}, errors.New("store: checkpoint: the root is not 32 bytes")
	}
	return c, nil
}

func (s *Store) swap(ctx context.Context, view string, old, new publish.Checkpoint) error {
	return s.queue.doOne(ctx, func(t *tx) error {
		done, err := false, error(nil)
		if old.Note == nil {
			done, err = t.execOne(`INSERT INTO checkpoint (view, size, root, note) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`, view, new.Size, new.Root[:], new.Note)
		} else {
			done, err = t.execOne(`UPDATE checkpoint SET size = ?, root = ?, note = ? WHERE view = ? AND note = ?`, new.Size, new.Root[:], new.Note, view, old.Note)
		}
		if err != nil {
			return fmt.Errorf("store: checkpoint: %w", err)
		}
		if !done {
			return ErrConflict
		}
		return nil
	})
}

// Setting returns a value that init wrote; ErrNotFound if there is none.
func (s *Store) Setting(ctx context.Context, name string) (string, error) {
	var v string
	err := s.row(ctx, `SELECT value FROM setting WHERE name = ?`, name).Scan(&v)
	if errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("store: setting %q: %w", name, ErrNotFound)
	}
	if err != nil {
		return "", fmt.Errorf("store: setting %q: %w", name, err)
	}
	return v, nil
}

// SettingNames calls yield with the name of every setting.
func (s *Store) SettingNames(ctx context.Context, yield func(name string)) error {
	return s.each(ctx, func(rows *sql.Rows) error {
		var name string
		if err := rows.Scan(&name); err != nil {
			return err
		}
		yield(name)
		return nil
	}, `SELECT name FROM setting`)
}

// PutSettings writes values once; an existing name is an error.
func (s *Store) PutSettings(ctx context.Context, values map[string]string) error {
	return s.queue.do(ctx, func(t *tx) error {
		for name, value := range values {
			if _, err := t.exec(`INSERT INTO setting (name, value) VALUES (?, ?)`, name, value); err != nil {
				return fmt.Errorf("store: setting %q: %w", name, err)
			}
		}
		return nil
	})
}

// SetPolicy replaces the setting of the witness policy. What readers were shown
// last becomes the newest that the log signed, if they may have seen that: under
// a policy without a quorum they did.
func (s *Store) SetPolicy(ctx context.Context, name, text string, shown bool) error {
	return s.queue.do(ctx, func(t *tx) error {
		done, err := t.execOne(`UPDATE setting SET value = ? WHERE name = ?`, text, name)
		if err != nil {
			return fmt.Errorf("store: setting %q: %w", name, err)
		}
		if !done {
			return fmt.Errorf("store: setting %q: %w", name, ErrNotFound)
		}
		if !shown {
			return nil
		}
		_, err = t.exec(`INSERT INTO checkpoint (view, size, root, note) SELECT 'public', size, root, note FROM checkpoint WHERE view = 'latest'
			ON CONFLICT (view) DO UPDATE SET size = excluded.size, root = excluded.root, note = excluded.note`)
		if err != nil {
			return fmt.Errorf("store: checkpoint: %w", err)
		}
		return nil
	})
}
