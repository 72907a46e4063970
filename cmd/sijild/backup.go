package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/sijil/sijil/internal/publish"
	"github.com/sijil/sijil/internal/store"
	"github.com/sijil/sijil/internal/tilewriter"
	"github.com/sijil/sijil/internal/trillianlog"
	"github.com/sijil/sijil/internal/trilliansqlite"
)

const (
	rowsFile     = "sijil.sqlite"    // in the data folder
	trillianFile = "trillian.sqlite" // in trillianDir
	tarSuffix    = ".tar"
)

type backupOptions struct {
	data, logKey, out string
	keys              bool
}

// backed says what a copy holds.
type backed struct {
	last    publish.Checkpoint
	damaged int // files of the service's own tiles that are wrong; the copy's are not
}

func newBackup(stdout, stderr io.Writer) *cobra.Command {
	var o backupOptions
	c := &cobra.Command{
		Use:   "backup --data DIR --out DIR|FILE.tar",
		Short: "Copy a data folder, while the service runs",
		Long: `Copy a data folder, while the service runs or does not: into a new folder, or into
one file if its name ends in .tar. The copy is one moment of the log, is checked
like sijild check does before it gets its name, and holds no keys unless you say
--keys: a copy of the log key belongs elsewhere.

Writers wait for some milliseconds. Run it as the service's user. A restored copy
that is older than what anybody was shown must never go on: see sijild restore.`,
		Example: "  sijild backup --data /var/lib/sijil --out /backup/sijil-$(date +%F).tar",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			got, err := backup(cmd.Context(), o)
			if err != nil {
				return err
			}
			if got.damaged > 0 {
				fmt.Fprintf(stderr, "sijild: warning: %d files of %s are not what was written; the copy has them made again, and the service does when it starts: check the disk\n", got.damaged, filepath.Join(o.data, tilesDir))
			}
			fmt.Fprintf(stdout, "copied and checked: %d entries, root %s, in %s\n", got.last.Size, got.last.Root, o.out)
			if !o.keys {
				fmt.Fprintln(stdout, "without keys: keep log.key and observer.key apart, you need both to restore")
			}
			return nil
		},
	}
	dataFlag(c, &o.data)
	c.Flags().StringVar(&o.out, "out", "", "the copy: a `DIR|FILE.tar` that does not exist")
	c.Flags().StringVar(&o.logKey, "log-key", "", "the log key's `FILE`, if it is not in the data folder")
	c.Flags().BoolVar(&o.keys, "keys", false, "copy the log's and the observer's private keys too: whoever has the copy is the log")
	c.MarkFlagRequired("out")
	return c
}

// backup builds the copy under another name. If we die, a folder or file named
// OUT.new-… is left that is no copy.
func backup(ctx context.Context, o backupOptions) (got backed, err error) {
	if _, err := os.Lstat(o.out); err == nil {
		return got, fmt.Errorf("%s exists: a copy gets a name of its own", o.out)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return got, err
	}
	if err := folderOnly(o.data, "back the whole database up, Trillian's tables with ours, by one pg_dump, and the folder's files by themselves"); err != nil {
		return got, err
	}
	if o.logKey == "" {
		o.logKey = filepath.Join(o.data, logKeyFile)
	}
	out := filepath.Clean(o.out)
	temp, err := os.MkdirTemp(filepath.Dir(out), filepath.Base(out)+".new-*")
	if err != nil {
		return got, err
	}
	defer os.RemoveAll(temp)
	if err := copyDatabases(ctx, o.data, temp); err != nil {
		return got, err
	}
	if got, err = finishCopy(ctx, o, temp); err != nil {
		return got, err
	}
	if err := copyKeys(o, temp); err != nil {
		return got, err
	}
	if err := checkCopy(ctx, temp, o.logKey); err != nil {
		return got, fmt.Errorf("the copy is not sound, and was not kept: %w", err)
	}
	if err := writeSums(ctx, temp); err != nil {
		return got, err
	}
	if strings.HasSuffix(out, tarSuffix) {
		return got, packTar(ctx, temp, out)
	}
	return got, errors.Join(os.Rename(temp, out), syncPath(filepath.Dir(out)))
}

// copyDatabases copies both databases as they were at one moment.
func copyDatabases(ctx context.Context, from, to string) (err error) {
	if _, err := os.Stat(filepath.Join(from, trillianDir, trillianFile)); err != nil {
		return fmt.Errorf("%s %w: %w", from, errNoData, err)
	}
	if err := os.Mkdir(filepath.Join(to, trillianDir), 0o700); err != nil {
		return err
	}
	ours, trillians, err := oneMoment(ctx, from)
	if err != nil {
		return err
	}
	return errors.Join(
		ours.CopyTo(ctx, filepath.Join(to, rowsFile)), ours.Close(),
		trillians.CopyTo(ctx, filepath.Join(to, trillianDir, trillianFile)), trillians.Close(),
	)
}

// oneMoment opens both databases as they are at one moment. Two states taken one
// after the other would not do, in either order. Ours first: Trillian's would hold
// entries whose records ours lacks, and an audit would call them hidden. Trillian's
// first: ours would name entries, and a checkpoint, that Trillian's lacks: a rollback.
//
// A record reaches our rows before the log, and an index or a checkpoint reaches
// our rows after it. So while nobody can write our rows, every entry that Trillian
// holds, or gets, is of a record in them; and all that they claim is in Trillian
// already. In that pause both are opened, which takes milliseconds; they are copied
// at leisure afterwards.
func oneMoment(ctx context.Context, from string) (ours, trillians *store.Snapshot, err error) {
	resume, err := store.Pause(ctx, from)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, resume()) }()
	if ours, err = store.OpenSnapshot(ctx, filepath.Join(from, rowsFile)); err != nil {
		return nil, nil, err
	}
	if trillians, err = store.OpenSnapshot(ctx, filepath.Join(from, trillianDir, trillianFile)); err != nil {
		return nil, nil, errors.Join(err, ours.Close())
	}
	return ours, trillians, nil
}

// finishCopy marks the copy as one, and gives it all that is not in the databases.
func finishCopy(ctx context.Context, o backupOptions, to string) (got backed, err error) {
	rows, err := store.Open(ctx, to)
	if err != nil {
		return got, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	if err := rows.DropSettings(ctx, settingAccepted); err != nil {
		return got, err
	}
	if err := rows.ReplaceSetting(ctx, settingCopied, time.Now().UTC().Format(time.RFC3339)); err != nil {
		return got, err
	}
	if got.last, err = rows.LastCheckpoint(ctx); err != nil {
		return got, err
	}
	if got.damaged, err = copyTiles(ctx, o.data, to, rows, got.last); err != nil {
		return got, err
	}
	for _, dir := range []string{vaultDir, scriptsDir} {
		if err := copyFlat(ctx, filepath.Join(o.data, dir), filepath.Join(to, dir)); err != nil {
			return got, err
		}
	}
	return got, nil
}

// copyTiles copies the full tiles under the copied checkpoint: they were durable
// before it was stored, and never change. The right edge does change, so it is made
// from the copied log; and all of it is proved against the checkpoint.
func copyTiles(ctx context.Context, from, to string, rows *store.Store, last publish.Checkpoint) (damaged int, err error) {
	dir := filepath.Join(to, tilesDir)
	if err := tilewriter.CopyFull(ctx, filepath.Join(from, tilesDir), dir, uint64(last.Size)); err != nil {
		return 0, err
	}
	text, err := rows.Setting(ctx, settingTree)
	if err != nil {
		return 0, err
	}
	tree, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("setting %q: %w", settingTree, err)
	}
	storage, err := trilliansqlite.Open(filepath.Join(to, trillianDir), trilliansqlite.Options{})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, storage.Close()) }()
	reader, err := trillianlog.OpenReader(ctx, trillianlog.Options{Log: storage.LogStorage(), Admin: storage.AdminStorage(), TreeID: tree})
	if err != nil {
		return 0, err
	}
	w, err := tilewriter.Open(ctx, tilewriter.Options{
		Dir: dir, Source: reader, Checkpoints: checkpoints{rows}, Logger: slog.New(slog.DiscardHandler), ProveAll: true,
		Sign: func(uint64, tlog.Hash) ([]byte, error) { return nil, errReadOnly },
	})
	if err != nil {
		return 0, err
	}
	if err := w.Close(); err != nil {
		return 0, err
	}
	list, err := os.ReadDir(filepath.Join(dir, tilewriter.DamagedDir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, err
	}
	return len(list), os.RemoveAll(filepath.Join(dir, tilewriter.DamagedDir))
}

// checkCopy is sijild check.
func checkCopy(ctx context.Context, dir, logKey string) error {
	found, err := checkData(ctx, serveOptions{data: dir, logKey: logKey})
	if err == nil && len(found) > 0 {
		err = errors.New(strings.Join(found, "; "))
	}
	return err
}

func copyKeys(o backupOptions, to string) error {
	if !o.keys {
		return nil
	}
	return errors.Join(copySecret(o.logKey, filepath.Join(to, logKeyFile)), copySecret(filepath.Join(o.data, observerKeyFile), filepath.Join(to, observerKeyFile)))
}

func copySecret(from, to string) error {
	b, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return createSecret(to, b)
}
