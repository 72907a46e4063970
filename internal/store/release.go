package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/sijil/sijil/internal/publish"
)

const SettingRelease = "release"

type release struct {
	Bundle []byte `json:"bundle"`
	Index  int64  `json:"index"`
}

// Release implements publish.ReleaseStore.
func (s *Store) Release(ctx context.Context) ([]byte, int64, error) {
	text, err := s.Setting(ctx, SettingRelease)
	if errors.Is(err, ErrNotFound) {
		return nil, 0, fmt.Errorf("release %w", publish.ErrUnknown)
	}
	if err != nil {
		return nil, 0, err
	}
	var r release
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		return nil, 0, fmt.Errorf("store: release: %w", err)
	}
	return r.Bundle, r.Index, nil
}

// PutRelease implements publish.ReleaseStore.
func (s *Store) PutRelease(ctx context.Context, bundle []byte, index int64) error {
	text, err := json.Marshal(release{Bundle: bundle, Index: index})
	if err != nil {
		return fmt.Errorf("store: release: %w", err)
	}
	return s.ReplaceSetting(ctx, SettingRelease, string(text))
}

// ReplaceSetting writes a value, whatever it was before.
func (s *Store) ReplaceSetting(ctx context.Context, name, value string) error {
	return s.queue.do(ctx, func(t *tx) error {
		if _, err := t.exec(`INSERT INTO setting (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value`, name, value); err != nil {
			return fmt.Errorf("store: setting %q: %w", name, err)
		}
		return nil
	})
}
