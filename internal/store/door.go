package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/sijil/sijil/internal/publish"
	"github.com/sijil/sijil/log"
)

// DoorKey is a key of the door, as an operator sees it.
type DoorKey struct {
	Key    log.Digest
	Note   string
	Listed bool
	Wrote  bool
}

// DoorKeys implements publish.DoorStore.
func (s *Store) DoorKeys(ctx context.Context, yield func(key log.Digest)) error {
	list, err := s.AllDoorKeys(ctx)
	for _, k := range list {
		if k.Wrote {
			yield(k.Key)
		}
	}
	return err
}

// AllDoorKeys lists every key that was listed or has written.
func (s *Store) AllDoorKeys(ctx context.Context) ([]DoorKey, error) {
	var out []DoorKey
	err := s.each(ctx, func(rows *sql.Rows) error {
		var k DoorKey
		var key []byte
		if err := rows.Scan(&key, &k.Note, &k.Listed, &k.Wrote); err != nil {
			return err
		}
		if copy(k.Key[:], key) != len(k.Key) {
			return errors.New("door key: a digest is not 32 bytes")
		}
		out = append(out, k)
		return nil
	}, `SELECT key, note, listed, wrote FROM door_key ORDER BY key`)
	return out, err
}

// MarkDoorKey implements publish.DoorStore.
func (s *Store) MarkDoorKey(ctx context.Context, key log.Digest) error {
	return s.queue.do(ctx, func(t *tx) error {
		var named int
		if err := t.row(`SELECT count(*) FROM publisher_key WHERE key = ?`, key[:]).Scan(&named); err != nil {
			return fmt.Errorf("store: door key: %w", err)
		}
		if named > 0 {
			return publish.ErrPublisherKey
		}
		_, err := t.exec(`INSERT INTO door_key (key, note, listed, wrote) VALUES (?, '', 0, 1) ON CONFLICT (key) DO UPDATE SET wrote = 1`, key[:])
		if err != nil {
			return fmt.Errorf("store: door key: %w", err)
		}
		return nil
	})
}

// Listed implements publish.DoorStore.
func (s *Store) Listed(ctx context.Context, key log.Digest) (bool, error) {
	var listed bool
	err := s.row(ctx, `SELECT listed FROM door_key WHERE key = ?`, key[:]).Scan(&listed)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("store: door key: %w", err)
	}
	return listed, nil
}

// claimKeys makes keys publisher keys, unless one of them is the door's.
func (t *tx) claimKeys(keys []log.Digest) error {
	for _, key := range keys {
		var door int
		if err := t.row(`SELECT count(*) FROM door_key WHERE key = ? AND (listed = 1 OR wrote = 1)`, key[:]).Scan(&door); err != nil {
			return fmt.Errorf("store: publisher key: %w", err)
		}
		if door > 0 {
			return publish.ErrPublisherKey
		}
		if _, err := t.exec(`INSERT INTO publisher_key (key) VALUES (?) ON CONFLICT DO NOTHING`, key[:]); err != nil {
			return fmt.Errorf("store: publisher key: %w", err)
		}
	}
	return nil
}

// ListDoorKey lets a key write, or no longer.
func (s *Store) ListDoorKey(ctx context.Context, key log.Digest, note string, listed bool) error {
	return s.queue.do(ctx, func(t *tx) error {
		_, err := t.exec(`INSERT INTO door_key (key, note, listed, wrote) VALUES (?, ?, ?, 0)
			ON CONFLICT (key) DO UPDATE SET listed = excluded.listed, note = CASE excluded.note WHEN '' THEN door_key.note ELSE excluded.note END`, key[:], note, listed)
		if err != nil {
			return fmt.Errorf("store: door key: %w", err)
		}
		return nil
	})
}

// PublisherKeys calls yield with every key that the door takes for a publisher's.
func (s *Store) PublisherKeys(ctx context.Context, yield func(key log.Digest) error) error {
	return s.digests(ctx, yield, `SELECT key FROM publisher_key`)
}
