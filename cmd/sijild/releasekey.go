package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/sijil/sijil/internal/store"
	"github.com/sijil/sijil/keys"
)

const settingReleaseKey = "release-key" // PEM; absent: nothing is released

func newReleaseKey(stdout io.Writer) *cobra.Command {
	var data string
	c := &cobra.Command{
		Use:   "release-key --data DIR KEY.pub",
		Short: "Set the key that signs releases: the portable verifier, and programs",
		Long: `Set the key by which the operator says which files are genuine. It goes into every
reader's trust file, which never replaces one that it has: make the key with
sijil keygen, keep it offline, and set it before readers pin this log. The service
takes it up when it starts.`,
		Example: "  sijil keygen --out release\n  sijild release-key --data /var/lib/sijil release.pub",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			key, err := setReleaseKey(cmd.Context(), data, args[0])
			if err != nil {
				return err
			}
			fmt.Fprintf(stdout, "the release key is %s\n", key.Digest())
			return nil
		},
	}
	dataFlag(c, &data)
	return c
}

func setReleaseKey(ctx context.Context, data, file string) (_ *keys.PublicKey, err error) {
	key, err := readPublicKey(file)
	if err != nil {
		return nil, err
	}
	rows, err := openRows(ctx, data)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	if err := notAPublisher(ctx, rows, key); err != nil {
		return nil, err
	}
	return key, rows.ReplaceSetting(ctx, settingReleaseKey, string(key.PEM()))
}

// withReleaseKey adds the release key, if one is set, to what the service pins.
func withReleaseKey(ctx context.Context, rows *store.Store, trust *keys.Trust) (*keys.Trust, error) {
	text, err := rows.Setting(ctx, settingReleaseKey)
	if errors.Is(err, store.ErrNotFound) {
		return trust, nil
	}
	if err != nil {
		return nil, err
	}
	key, err := keys.ParsePublicKeyPEM([]byte(text))
	if err != nil {
		return nil, fmt.Errorf("setting %q: %w", settingReleaseKey, err)
	}
	return trust.WithReleaseKey(key)
}
