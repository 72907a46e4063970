package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/sijil/sijil/internal/publish"
	"github.com/sijil/sijil/internal/store"
)

type restoreOptions struct{ from, data, logKey, observerKey string }

func newRestore(stdout io.Writer) *cobra.Command {
	var o restoreOptions
	c := &cobra.Command{
		Use:   "restore --from DIR|FILE.tar --data DIR",
		Short: "Make a data folder from a copy that sijild backup made",
		Long: `Make a data folder from a copy that sijild backup made. The copy is read, checked
like sijild check does, and left as it is; a data folder that holds anything is
refused.

A log that goes on from an older copy than what somebody was shown forks, and
everybody who saw more can prove it. So serve refuses a restored folder until you
have said, with sijild accept, that nobody saw more than it holds, and every
witness has said the same.`,
		Example: "  sijild restore --from /backup/sijil-2031-05-06.tar --data /var/lib/sijil --log-key /media/key/log.key --observer-key /media/key/observer.key",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			last, err := restore(cmd.Context(), o)
			if err != nil {
				return err
			}
			fmt.Fprintf(stdout, "restored and checked: %d entries, root %s, in %s\n", last.Size, last.Root, o.data)
			fmt.Fprintf(stdout, "It is served only when you have said that nobody was shown more than these %d entries: whoever\nwas would see the log go back, and then fork. Ask mirrors, publishers and witnesses. Then either\n", last.Size)
			fmt.Fprintf(stdout, "  sijild accept --data %s --entries %d\nor, if there was more and no newer copy is left,\n  sijild freeze --data %s --confirm HOST\n", o.data, last.Size, o.data)
			if o.logKey != "" {
				fmt.Fprintf(stdout, "The log key stays where it is: serve with --log-key %s, or put it into the folder.\n", o.logKey)
			}
			return nil
		},
	}
	dataFlag(c, &o.data)
	c.Flags().StringVar(&o.from, "from", "", "the copy: a `DIR|FILE.tar`")
	c.Flags().StringVar(&o.logKey, "log-key", "", "the log key's `FILE`, if the copy holds no keys; it is not copied")
	c.Flags().StringVar(&o.observerKey, "observer-key", "", "the observer key's `FILE`, if the copy holds no keys; it is copied")
	c.MarkFlagRequired("from")
	return c
}

// restore builds the data folder under another name and renames it when it is
// whole and sound. If we die before, a folder named DATA.new-… is left that nobody
// uses.
func restore(ctx context.Context, o restoreOptions) (last publish.Checkpoint, err error) {
	data := filepath.Clean(o.data)
	if list, err := os.ReadDir(data); err == nil && len(list) > 0 {
		return last, fmt.Errorf("%s is not empty: a copy is never put over a data folder, which may be the newer one", data)
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return last, err
	}
	if err := os.MkdirAll(filepath.Dir(data), 0o755); err != nil {
		return last, err
	}
	temp, err := os.MkdirTemp(filepath.Dir(data), filepath.Base(data)+".new-*")
	if err != nil {
		return last, err
	}
	defer os.RemoveAll(temp)
	if err := unpack(ctx, o.from, temp); err != nil {
		return last, err
	}
	if err := checkSums(ctx, temp); err != nil {
		return last, fmt.Errorf("%s: %w; take another copy", o.from, err)
	}
	if err := os.Remove(filepath.Join(temp, sumsFile)); err != nil {
		return last, err
	}
	if err := findKeys(o, temp); err != nil {
		return last, err
	}
	if err := checkCopy(ctx, temp, o.logKey); err != nil {
		return last, fmt.Errorf("%s is not sound: %w; take another copy", o.from, err)
	}
	if last, err = markedCopy(ctx, temp); err != nil {
		return last, err
	}
	if err := syncTree(temp); err != nil {
		return last, err
	}
	if err := os.Remove(data); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return last, err
	}
	return last, errors.Join(os.Rename(temp, data), syncPath(filepath.Dir(data)))
}

func unpack(ctx context.Context, from, to string) error {
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	if info.IsDir() {
		return copyTree(ctx, from, to)
	}
	return unpackTar(ctx, from, to)
}

// findKeys sees to it that the folder has an observer key, and that there is a log
// key to check it with.
func findKeys(o restoreOptions, dir string) error {
	if o.observerKey != "" {
		if err := copySecret(o.observerKey, filepath.Join(dir, observerKeyFile)); err != nil {
			return err
		}
	}
	var missing error
	if _, err := os.Stat(filepath.Join(dir, observerKeyFile)); err != nil {
		missing = errors.New("the copy holds no observer key: give --observer-key FILE")
	}
	if _, err := os.Stat(filepath.Join(dir, logKeyFile)); err != nil && o.logKey == "" {
		missing = errors.Join(errors.New("the copy holds no log key: give --log-key FILE"), missing)
	}
	return missing
}

// markedCopy requires the mark of a copy, and returns its last checkpoint.
func markedCopy(ctx context.Context, dir string) (last publish.Checkpoint, err error) {
	rows, err := store.Open(ctx, dir)
	if err != nil {
		return last, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	if _, err := rows.Setting(ctx, settingCopied); err != nil {
		return last, fmt.Errorf("this is not a copy that sijild backup made: %w", err)
	}
	return rows.LastCheckpoint(ctx)
}
