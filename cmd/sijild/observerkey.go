package main

import (
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/sijil/sijil/internal/durable"
	"github.com/sijil/sijil/internal/store"
	"github.com/sijil/sijil/keys"
)

const settingObservers = "observers" // PEM blocks: observer keys that sign, or signed before; the newest first

func newObserverKey(stdout io.Writer) *cobra.Command {
	var data string
	c := &cobra.Command{
		Use:   "observer-key --data DIR",
		Short: "Replace the key under which the service signs what it saw",
		Long: `Replace the observer key by a new one, while the service is stopped. What the old
one signed stays valid: the log goes on vouching for it beside the new one. If the
old key's file is lost, its public half is not known here any more, and what it
signed cannot be checked: restore the file first, if you can.`,
		Example: "  sijild observer-key --data /var/lib/sijil",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			key, err := replaceObserver(cmd.Context(), data)
			if err != nil {
				return err
			}
			fmt.Fprintf(stdout, "the observer key is %s\n", key.Digest())
			return nil
		},
	}
	dataFlag(c, &data)
	return c
}

// replaceObserver holds the service's lock. The old key is noted before it is
// replaced: dying in between leaves it in use and noted, which is the same.
func replaceObserver(ctx context.Context, data string) (_ *keys.PublicKey, err error) {
	lock, err := alone(ctx, data)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	rows, err := openRows(ctx, data)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	old, err := loadObserver(data)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	if old != nil {
		if err := noteObserver(ctx, rows, old.Public()); err != nil {
			return nil, err
		}
	}
	temp := filepath.Join(data, observerKeyFile+".new")
	if err := os.Remove(temp); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	if err := createObserverKey(temp); err != nil {
		return nil, err
	}
	b, err := os.ReadFile(temp)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(durable.Replace(filepath.Join(data, observerKeyFile), b, 0o600), os.Remove(temp)); err != nil {
		return nil, err
	}
	key, err := loadObserver(data)
	if err != nil {
		return nil, err
	}
	return key.Public(), nil
}

// noteObserver keeps an observer key's public half with the rows that it signed: they can
// be checked where its file is not, in a backup without keys.
func noteObserver(ctx context.Context, rows *store.Store, key *keys.PublicKey) error {
	noted, err := notedObservers(ctx, rows)
	if err != nil {
		return err
	}
	text := key.PEM()
	for _, k := range noted {
		if k.Digest() == key.Digest() {
			return nil
		}
		text = append(text, k.PEM()...)
	}
	return rows.ReplaceSetting(ctx, settingObservers, string(text))
}

// notedObservers are the keys that noteObserver kept.
func notedObservers(ctx context.Context, rows *store.Store) ([]*keys.PublicKey, error) {
	text, err := rows.Setting(ctx, settingObservers)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out []*keys.PublicKey
	for rest := []byte(text); len(rest) > 0; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return nil, fmt.Errorf("setting %q: not PEM", settingObservers)
		}
		k, err := keys.ParsePublicKeyPEM(pem.EncodeToMemory(block))
		if err != nil {
			return nil, fmt.Errorf("setting %q: %w", settingObservers, err)
		}
		out = append(out, k)
	}
	return out, nil
}
