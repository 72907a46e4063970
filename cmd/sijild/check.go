package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/sijil/sijil/internal/audit"
	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/internal/publish"
	"github.com/sijil/sijil/internal/store"
	"github.com/sijil/sijil/internal/tilewriter"
	"github.com/sijil/sijil/internal/trillianlog"
	"github.com/sijil/sijil/internal/trilliansqlite"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

func newCheck(stdout io.Writer) *cobra.Command {
	var o serveOptions
	c := &cobra.Command{
		Use:   "check DIR",
		Short: "Check a data folder against itself, changing nothing",
		Long: `Check everything in a data folder, while the service is stopped: the databases'
own structure, every entry in Trillian's database against the signed checkpoints,
every tile, and every record, text and list as sijil audit checks them. Nothing is
repaired or changed. Exit status 1: something was found, and is named.`,
		Example: "  sijild check /var/lib/sijil",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 || (o.data == "") == (len(args) == 0) {
				return errors.New("name one data folder: sijild check DIR")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				o.data = args[0]
			}
			found, err := checkData(cmd.Context(), o)
			for _, f := range found {
				fmt.Fprintln(stdout, f)
			}
			if err == nil && len(found) > 0 {
				err = fmt.Errorf("%d findings: do not serve this folder before they are explained; the newest sound copy of the whole folder is the cure", len(found))
			}
			if err == nil {
				fmt.Fprintln(stdout, "sound: databases, entries, tiles, checkpoints and records agree")
			}
			return err
		},
	}
	c.Flags().StringVar(&o.data, "data", "", "the data folder `DIR`, as for the other commands")
	c.Flags().StringVar(&o.logKey, "log-key", "", "the log key's `FILE`, if it is not in the data folder")
	return c
}

// checkData returns what was found, one line each. An error says that the check
// could not be finished.
func checkData(ctx context.Context, o serveOptions) (found []string, err error) {
	if err := folderOnly(o.data, "audit it with `sijil audit` over any front end"); err != nil {
		return nil, err
	}
	s := &service{}
	defer func() { err = errors.Join(err, s.Close()) }()
	if s.signer, s.key, err = loadLogKey(o.data, o.logKey); err != nil {
		return nil, err
	}
	if found, err = integrity(ctx, o.data); err != nil || len(found) > 0 {
		return found, err // nothing below could be believed
	}
	if s.storage, err = trilliansqlite.Open(filepath.Join(o.data, trillianDir), trilliansqlite.Options{}); err != nil {
		return nil, err
	}
	if s.rows, err = store.Open(ctx, o.data); err != nil {
		return nil, err
	}
	if found, err = schemas(ctx, o.data); err != nil || len(found) > 0 {
		return found, err
	}
	trust, treeID, err := s.settings(ctx)
	if err != nil {
		return nil, err
	}
	reader, err := trillianlog.OpenReader(ctx, trillianlog.Options{Log: s.storage.LogStorage(), Admin: s.storage.AdminStorage(), TreeID: treeID})
	if err != nil {
		return nil, err
	}
	latest, err := s.rows.LastCheckpoint(ctx)
	if err != nil {
		return nil, err
	}
	public, err := s.rows.Public(ctx)
	if err != nil {
		return nil, err
	}
	t, err := readEntries(ctx, reader)
	if err != nil {
		return []string{err.Error()}, nil // nothing below could be compared with anything
	}
	t.compare("the signed checkpoint", latest.Size, latest.Root, latest.Note != nil)
	t.compare("the signed checkpoint that readers are shown", public.Size, public.Root, public.Note != nil)
	noted, any, err := tilewriter.Noted(filepath.Join(o.data, tilesDir))
	if err != nil {
		t.found = append(t.found, fmt.Sprintf("tiles: %v", err))
	}
	t.compare("the tree that the folder of tiles notes", noted.N, noted.Hash, any)
	if err := t.compareNodes(ctx, reader); err != nil {
		return t.found, err
	}
	if err := s.firstBundles(ctx, t, trust); err != nil || len(t.found) > 0 || latest.Size == 0 {
		return t.found, err
	}
	return s.auditFolder(ctx, o, trust, latest)
}

// integrity has SQLite check both databases.
func integrity(ctx context.Context, data string) (found []string, err error) {
	for _, pattern := range []string{"*.sqlite", trillianDir + "/*.sqlite"} {
		files, err := filepath.Glob(filepath.Join(data, pattern))
		if err != nil || len(files) == 0 {
			return nil, fmt.Errorf("%s %w: there is no %s", data, errNoData, pattern)
		}
		for _, file := range files {
			lines, err := store.Integrity(ctx, file)
			if err != nil {
				return nil, err
			}
			for _, line := range lines {
				found = append(found, fmt.Sprintf("database %s: %s", filepath.Base(file), line))
			}
		}
	}
	return found, nil
}

// schemas compares the definitions in both databases with this program's.
func schemas(ctx context.Context, data string) (found []string, err error) {
	for file, schema := range map[string]string{rowsFile: store.Schema(), filepath.Join(trillianDir, trillianFile): trilliansqlite.Schema()} {
		differ, err := store.SameSchema(ctx, filepath.Join(data, file), schema)
		if err != nil {
			return nil, err
		}
		for _, name := range differ {
			found = append(found, fmt.Sprintf("database %s: the definition of %s is not what it was made with", filepath.Base(file), name))
		}
	}
	return found, nil
}

// auditFolder audits records and tiles as they lie in the folder.
func (s *service) auditFolder(ctx context.Context, o serveOptions, trust *keys.Trust, latest publish.Checkpoint) (found []string, err error) {
	src, uses, err := s.asItLies(ctx, o, trust, latest)
	if err != nil {
		return []string{fmt.Sprintf("records: %v", err)}, nil
	}
	if found, err = s.looseRows(ctx, uses); err != nil {
		return nil, err
	}
	if err := uses.ReadAsides(ctx); err != nil {
		return append(found, fmt.Sprintf("records: %v", err)), nil // an audit would not get beyond it
	}
	reserved := map[string]bool{}
	err = s.rows.Reserved(ctx, func(record, key log.Digest) { reserved[record.String()+" "+key.String()] = true })
	if err != nil {
		return nil, err
	}
	got, err := audit.Run(ctx, src, audit.Options{Trust: trust, Layout: evidence.Layout{Latest: true}, Wrong: damagedTile})
	for _, f := range got.Report.Findings {
		// The service was stopped, or copied, between log and rows: nothing is
		// withheld, its next start gives the record its index and serves it.
		if f.Rule == audit.RuleWithheld && reserved[f.Evidence["record"]+" "+f.Evidence["key"]] {
			continue
		}
		found = append(found, fmt.Sprintf("%s: %s %s: %s", f.Rule, f.Publication, f.Path, f.Detail))
	}
	for _, m := range got.Report.Misbehaviour {
		found = append(found, m.Error())
	}
	return found, err
}

// looseRows finds rows that no record of a chain leads to, and misses those that one does.
func (s *service) looseRows(ctx context.Context, uses *publish.Service) (found []string, err error) {
	err = s.rows.Orphans(ctx, func(record log.Digest) error {
		found = append(found, fmt.Sprintf("records: %s is about a publication that is not here", record))
		return nil
	})
	if err != nil {
		return nil, err
	}
	noted := map[log.Digest]bool{}
	err = s.rows.PublisherKeys(ctx, func(key log.Digest) error {
		noted[key] = true
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, key := range uses.PublisherKeys() {
		if !noted[key] {
			found = append(found, fmt.Sprintf("records: the publisher key %s is not among those that the door refuses", key))
		}
	}
	err = s.rows.SettingNames(ctx, func(name string) {
		if !slices.Contains(settingNames, name) {
			found = append(found, fmt.Sprintf("settings: there is none called %q", name))
		}
	})
	return found, err
}

// settingNames are all settings that a folder may have.
var settingNames = []string{settingURL, settingTree, settingCreated, settingKey, settingPolicy, settingFrozen, settingCopied, settingAccepted, settingObservers, settingReleaseKey, store.SettingRelease}
