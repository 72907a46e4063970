package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/sijil/sijil/log"
)

type freezeOptions struct {
	serveOptions
	successor, confirm string
}

func newFreeze(stdout, stderr io.Writer) *cobra.Command {
	var o freezeOptions
	c := &cobra.Command{
		Use:   "freeze --data DIR --confirm HOST",
		Short: "End the log for good, and name its successor",
		Long: `End the log: sign a last statement over its newest checkpoint, after which no
record is ever taken again. The service goes on serving readers, and shows them
the statement and the successor's address; a mirror keeps both.

It cannot be undone: the log's own signature says that no larger tree will follow,
and any larger tree is from then on proof of misbehaviour. Stop the service first.`,
		Example: "  sijild freeze --data /var/lib/sijil --successor https://new.example.org --confirm sijil.example.org",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			f, err := freeze(cmd.Context(), o, slog.New(slog.NewTextHandler(stderr, nil)))
			if err != nil {
				return err
			}
			fmt.Fprintf(stdout, "frozen: the log %s ends with %d entries\nroot:      %s\nsuccessor: %s\n", f.Origin, f.Size, f.Root, orNone(f.Successor))
			return nil
		},
	}
	dataFlag(c, &o.data)
	c.Flags().StringVar(&o.successor, "successor", "", "the base address `URL` of the log that goes on")
	c.Flags().StringVar(&o.confirm, "confirm", "", "the log's name `HOST`, to show that this log is meant")
	c.Flags().StringVar(&o.logKey, "log-key", "", "the log key's `FILE`, if it is not in the data folder")
	clusterFlags(c, &o.cluster)
	c.MarkFlagRequired("confirm")
	return c
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// freeze opens the service, which finishes what a crash left, and stores the
// statement. If we die before that, the log goes on and nobody has seen one.
func freeze(ctx context.Context, o freezeOptions, logger *slog.Logger) (_ log.Freeze, err error) {
	o.ending = true
	s, err := open(ctx, o.serveOptions, logger)
	if err != nil {
		return log.Freeze{}, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	switch {
	case s.frozen != nil:
		return s.frozen.Freeze(), errors.New("the log is frozen already")
	case o.confirm != s.key.Origin():
		return log.Freeze{}, fmt.Errorf("--confirm %s: the log in %s is %s; nothing was changed", o.confirm, o.data, s.key.Origin())
	}
	if s.cluster != nil {
		if err := s.cluster.drained(ctx); err != nil {
			return log.Freeze{}, err
		}
	}
	last := s.tiles.Latest()
	f := log.Freeze{Size: int64(last.Size), Root: last.Root, Successor: o.successor}
	if last.Size == 0 {
		return f, errors.New("the log is empty: there is nothing to freeze, just do not serve it")
	}
	note, err := log.SignFreeze(s.signer, f)
	if err != nil {
		return f, err
	}
	f.Origin = s.key.Origin()
	return f, s.rows.PutSettings(ctx, map[string]string{settingFrozen: string(note)})
}
