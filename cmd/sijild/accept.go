package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/sijil/sijil/internal/store"
	"github.com/sijil/sijil/internal/witness"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// Settings of a copy. sijild backup writes the first into every copy, so that the
// guard comes along however the copy gets back to where the service looks for it.
const (
	settingCopied   = "copied"   // when the copy was made
	settingAccepted = "accepted" // the operator's word: nobody saw more than so many entries
)

var (
	errRestored = errors.New("this is a restored copy")
	errSilent   = errors.New("a witness does not say what it saw")
)

// askTimeout bounds how long witnesses are waited for at the start.
const askTimeout = 5 * time.Second

// mayGoOn refuses to go on from a folder that is behind what others have seen,
// before anything is signed. The folder by itself cannot tell: an older copy of all
// of it agrees with itself. So:
//
//  1. a restored copy waits for the operator's word, since the log may have signed
//     more for publishers than any witness saw;
//  2. at every start each witness is asked, and one that saw more ends it;
//  3. of a restored copy every witness has to have answered once.
//
// Otherwise a witness that cannot be reached stops nobody: the folder was not
// restored by sijild, and readers are not shown what the quorum has not cosigned.
func (s *service) mayGoOn(ctx context.Context, o serveOptions, p *keys.Policy, logger *slog.Logger) error {
	if s.frozen != nil || o.ending {
		return nil
	}
	last, err := s.rows.LastCheckpoint(ctx)
	if err != nil {
		return err
	}
	copied, err := restored(ctx, s.rows, last.Size)
	if err != nil {
		return err
	}
	note := last.Note
	if note == nil { // the empty tree, which every tree continues
		empty, err := tlog.TreeHash(0, nil)
		if err != nil {
			return err
		}
		if note, err = log.SignCheckpoint(s.signer, 0, empty); err != nil {
			return err
		}
	}
	c := witness.NewCollector(witness.Config{Policy: p, Clock: o.clock(), Timeout: askTimeout})
	silent, err := c.Seen(ctx, note)
	if err != nil {
		return err
	}
	for _, w := range silent {
		if copied {
			return fmt.Errorf("%w: %q: %w", errSilent, w.Name, w.Err)
		}
		logger.WarnContext(ctx, "a witness does not say what it saw", "witness", w.Name, "error", w.Err)
	}
	if !copied {
		return nil
	}
	// If we die before this, the same is asked again.
	return s.rows.DropSettings(ctx, settingCopied, settingAccepted)
}

// restored reports whether the folder is a copy that has not been served since; it
// refuses one that the operator has not accepted.
func restored(ctx context.Context, rows *store.Store, size int64) (bool, error) {
	made, err := rows.Setting(ctx, settingCopied)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	accepted, err := rows.Setting(ctx, settingAccepted)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return false, err
	}
	if accepted != strconv.FormatInt(size, 10) {
		return true, fmt.Errorf("%w, made %s, of %d entries: whoever was shown more since would see the log go back, and then fork", errRestored, made, size)
	}
	return true, nil
}

func newAccept(stdout io.Writer) *cobra.Command {
	var data string
	var entries int64
	c := &cobra.Command{
		Use:   "accept --data DIR --entries N",
		Short: "Say that nobody was shown more than a restored copy holds",
		Long: `Say that nobody was shown more than a restored copy holds: no publisher has a
bundle, no mirror and no reader a checkpoint of more than N entries. serve then goes
on from it, once every witness has said that it saw no more either. If it is not
true, whoever saw more has proof that the log forked, and the log is worth nothing
from then on: end it with sijild freeze instead.`,
		Example: "  sijild accept --data /var/lib/sijil --entries 4711",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := accept(cmd.Context(), data, entries); err != nil {
				return err
			}
			fmt.Fprintf(stdout, "accepted: the log goes on from %d entries, unless a witness saw more\n", entries)
			return nil
		},
	}
	dataFlag(c, &data)
	c.Flags().Int64Var(&entries, "entries", 0, "the number `N` of entries of the largest tree that anybody was shown")
	c.MarkFlagRequired("entries")
	return c
}

func accept(ctx context.Context, data string, entries int64) (err error) {
	rows, err := openRows(ctx, data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	if _, err := rows.Setting(ctx, settingCopied); errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("%s is not a restored copy: there is nothing to accept", data)
	} else if err != nil {
		return err
	}
	last, err := rows.LastCheckpoint(ctx)
	if err != nil {
		return err
	}
	if entries != last.Size {
		return fmt.Errorf("this copy holds %d entries, not %d: it cannot go on", last.Size, entries)
	}
	return rows.ReplaceSetting(ctx, settingAccepted, strconv.FormatInt(entries, 10))
}
