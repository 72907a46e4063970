package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/sijil/sijil/internal/publish"
	"github.com/sijil/sijil/internal/store"
	"github.com/sijil/sijil/keys"
)

// maxKeyFile bounds a public key's file, in bytes.
const maxKeyFile = 16 << 10

// doorValue is the flag --door.
type doorValue struct{ door *publish.Door }

func (v doorValue) String() string { return string(*v.door) }

func (v doorValue) Type() string { return "string" }

func (v doorValue) Set(s string) error {
	switch d := publish.Door(s); d {
	case publish.DoorOff, publish.DoorListed, publish.DoorOpen:
		*v.door = d
		return nil
	}
	return errors.New("want off, listed or open")
}

func newDoor(stdout io.Writer) *cobra.Command {
	var data, note string
	c := &cobra.Command{
		Use:   "door",
		Short: "Decide which keys may write through the Rekor v2 API",
		Long: `Decide which keys may write entries through the Rekor v2 API (the door), as stock
cosign does. The service takes up a change within a second. Keys of publications
never may: their records come with sijil publish.`,
		Example: "  sijild door allow --data /var/lib/sijil cosign.pub --note 'Well Keepers'\n  sijild door list --data /var/lib/sijil",
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	list := func(use, short string, listed bool) *cobra.Command {
		sub := &cobra.Command{Use: use + " --data DIR KEY.pub", Short: short, Args: cobra.ExactArgs(1),
			Example: "  sijild door " + use + " --data /var/lib/sijil cosign.pub",
			RunE: func(cmd *cobra.Command, args []string) error {
				key, err := listDoorKey(cmd.Context(), data, args[0], note, listed)
				if err != nil {
					return err
				}
				fmt.Fprintf(stdout, "%s %s\n", map[bool]string{true: "allowed", false: "removed"}[listed], key.Digest())
				return nil
			}}
		dataFlag(sub, &data)
		return sub
	}
	allow := list("allow", "Let a key write", true)
	allow.Flags().StringVar(&note, "note", "", "whose key it is, for yourself")
	show := &cobra.Command{Use: "list --data DIR", Short: "List the keys that may write, and those that have", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return showDoorKeys(cmd.Context(), data, stdout) }}
	dataFlag(show, &data)
	c.AddCommand(allow, list("remove", "Let a key write no longer", false), show)
	return c
}

func listDoorKey(ctx context.Context, data, file, note string, listed bool) (_ *keys.PublicKey, err error) {
	key, err := readPublicKey(file)
	if err != nil {
		return nil, err
	}
	rows, err := openRows(ctx, data)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	if listed {
		if err := notAPublisher(ctx, rows, key); err != nil {
			return nil, err
		}
	}
	return key, rows.ListDoorKey(ctx, key.Digest(), note, listed)
}

func readPublicKey(file string) (*keys.PublicKey, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxKeyFile {
		return nil, fmt.Errorf("%s is over %d bytes: want a public key in PEM", file, maxKeyFile)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	key, err := keys.ParsePublicKeyPEM(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return key, nil
}

// notAPublisher spares the operator a key that the service would refuse anyway.
func notAPublisher(ctx context.Context, rows *store.Store, key *keys.PublicKey) error {
	return rows.Records(ctx, func(r publish.Stored) error {
		ok, err := publish.NamesKey(r, key)
		if err != nil || !ok {
			return err
		}
		return fmt.Errorf("%s is a key of the publication %q: its records come with sijil publish", key.Digest(), r.Slug)
	})
}

func showDoorKeys(ctx context.Context, data string, stdout io.Writer) (err error) {
	rows, err := openRows(ctx, data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	all, err := rows.AllDoorKeys(ctx)
	if err != nil {
		return err
	}
	for _, k := range all {
		state := "not allowed"
		if k.Listed {
			state = "allowed"
		}
		if k.Wrote {
			state += ", has written"
		}
		fmt.Fprintf(stdout, "%s  %s  %s\n", k.Key, state, k.Note)
	}
	return nil
}
