package cli

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/sijil/sijil/internal/publisher"
	"github.com/sijil/sijil/internal/remote"
	"github.com/sijil/sijil/internal/roll"
	"github.com/sijil/sijil/internal/rollimport"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/log"
)

type importFlags struct {
	publishFlags
	version                 int
	withdraw, withhold      bool
	reason, errors, journal string
	batch                   int
	dryRun, json, yes       bool
}

func newImport(env Env) *cobra.Command {
	var f importFlags
	c := &cobra.Command{
		Use:   "import SLUG|URL FILE.csv",
		Short: "Hand in the endorsers of a petition, as many as there are",
		Long: `Read endorsers from a CSV file, verify each row, and publish them in signed batches of
at most 10,000. They stand in the publication's roll, beside the signatory list: the log
holds salted digests of them alone, and names can be withheld later.

The heading names the columns: name, kind (person or organisation; default person),
language, role, country (two capitals), domain; disclosure, where a row has been given its
salt before; bundle and key, where the endorser has signed an endorsement of this version
(a Sigstore bundle, and base64 of the key's SubjectPublicKeyInfo). A row without a
signature is listed: it has your word alone. So has one whose key nobody has confirmed;
its signature is verified and counted apart.

Rows that cannot be taken are left out and written to FILE.errors.csv, with why. The
import can be stopped at any moment: the same command goes on where it stopped, and takes
no row twice. What it remembers is in FILE.import.

With --withdraw or --withhold the file has the column commitment or disclosure, and names
endorsers who withdrew, or whose names are to be served no more, for ever.`,
		Example: `  sijil import river endorsers.csv --version 2 --key secretariat.key --dry-run
  sijil import river endorsers.csv --version 2 --key secretariat.key
  sijil import river gone.csv --withdraw --reason "By their letters of May." --key secretariat.key`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error { return runImport(cmd, env, args[0], args[1], f) },
	}
	c.Flags().IntVar(&f.version, "version", 0, "they endorse version `N` (default: the latest)")
	c.Flags().BoolVar(&f.withdraw, "withdraw", false, "they no longer endorse")
	c.Flags().BoolVar(&f.withhold, "withhold", false, "their names are served no more, for ever")
	c.MarkFlagsMutuallyExclusive("withdraw", "withhold", "version")
	c.Flags().StringVar(&f.reason, "reason", "", "why, or on whose request, as a line of `TEXT` that everybody will read")
	c.Flags().StringVar(&f.errors, "errors", "", "write rows that cannot be taken to `FILE` (default: beside the CSV file)")
	c.Flags().StringVar(&f.journal, "journal", "", "remember in the folder `DIR` how far the import came (default: beside the CSV file)")
	c.Flags().IntVar(&f.batch, "batch", statement.MaxBatch, "hand in at most `N` rows at a time")
	c.Flags().BoolVar(&f.dryRun, "dry-run", false, "verify the file, and publish nothing")
	c.Flags().BoolVar(&f.json, "json", false, "print one JSON object")
	c.Flags().BoolVar(&f.yes, "yes", false, "with --withhold: do not ask, for scripts")
	f.addSigning(c)
	return c
}

func (f importFlags) change() string {
	switch {
	case f.withdraw:
		return statement.BatchWithdraw
	case f.withhold:
		return statement.BatchWithhold
	}
	return statement.BatchAdd
}

func runImport(cmd *cobra.Command, env Env, name, path string, f importFlags) error {
	if f.change() != statement.BatchAdd && f.reason == "" {
		return usage("say with --reason why, or on whose request: everybody will read it")
	}
	if f.batch < 1 || f.batch > statement.MaxBatch {
		return usage("--batch %d: want 1 to %d", f.batch, statement.MaxBatch)
	}
	if err := f.confirm(env); err != nil {
		return err
	}
	slug, trustPath, trust, err := f.pinned(env, name)
	if err != nil {
		return err
	}
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	p, _, err := f.signing(cmd.Context(), env, slug, trustPath, trust)
	if err != nil {
		return err
	}
	pub, err := p.ForRoll(cmd.Context(), slug)
	if errors.Is(err, publisher.ErrNoRoll) {
		return withHint(err, "let one key sign for as long as you import: `sijil policy %s --threshold 1`, signed by as many keys as now, and afterwards --threshold %d again", slug, pub.Chain().Threshold())
	}
	if err != nil {
		return err
	}
	r, err := chosenVersion(pub, f.version)
	if err != nil {
		return err
	}
	place, err := roll.PlaceOf(pub.Chain(), statement.VersionName{Number: r.Edition.Statement().Version, Record: r.Digest()})
	if err != nil {
		return err
	}
	bar := newProgress(env, f.json)
	bar.what = "MB"
	c := rollimport.Config{
		File: file, Journal: cmp.Or(f.journal, path+".import"), Errors: cmp.Or(f.errors, path+".errors.csv"), Slug: slug, Change: f.change(), Reason: f.reason, Place: place,
		Server: remote.New(cmp.Or(f.server, trust.BaseURL()), env.HTTP), Signer: p.Signer, Rand: rand.Reader, Clock: env.Clock, DryRun: f.dryRun, BatchRows: f.batch,
		Newest: func(ctx context.Context) (int64, log.Digest, error) { return p.NewestBatch(ctx, slug) },
		Verify: p.Logged,
		Wait:   pause,
		Show:   func(r rollimport.Result) { bar.show(r.Offset>>20, info.Size()>>20) },
	}
	res, err := rollimport.Run(cmd.Context(), c)
	bar.clear()
	return f.report(env, c, slug, place.Version.Number, res, err)
}

// pause waits longer each time, up to half a minute.
func pause(ctx context.Context, n int) error {
	t := time.NewTimer(min(time.Second<<min(n-1, 5), 30*time.Second))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (f importFlags) confirm(env Env) error {
	if !f.withhold || f.yes || f.dryRun {
		return nil
	}
	return askToWithhold(env, "the names of all entries that the file lists")
}

// report says what was imported. Rows that were refused make the command fail.
func (f importFlags) report(env Env, c rollimport.Config, slug string, version int, r rollimport.Result, err error) error {
	if err != nil && r.Rows > 0 {
		err = withHint(err, "%d rows are in the log; the same command goes on after them", r.Accepted)
	}
	switch {
	case errors.Is(err, rollimport.ErrDone):
		err = withHint(err, "to import it a second time, which adds every row again, move %s away", c.Journal)
	case errors.Is(err, rollimport.ErrOther):
		err = withHint(err, "name another folder with --journal, or move %s away", c.Journal)
	}
	if err != nil {
		return err
	}
	if f.json {
		out := struct {
			Publication string `json:"publication"`
			Version     int    `json:"version,omitempty"`
			Change      string `json:"change"`
			DryRun      bool   `json:"dry_run"`
			rollimport.Result
			Errors string `json:"errors_file,omitempty"`
		}{Publication: slug, Change: c.Change, DryRun: c.DryRun, Result: r}
		if c.Change == statement.BatchAdd {
			out.Version = version
		}
		if r.Refused > 0 {
			out.Errors = c.Errors
		}
		enc := json.NewEncoder(env.Stdout)
		enc.SetIndent("", "  ")
		if err := enc.Encode(out); err != nil {
			return err
		}
	} else {
		f.say(env, c, slug, version, r)
	}
	if r.Refused > 0 {
		return withHint(fmt.Errorf("%d of %d rows were not taken", r.Refused, r.Rows), "see %s; put them right in a file of their own, and import that", c.Errors)
	}
	return os.Remove(c.Errors) // empty
}

func (f importFlags) say(env Env, c rollimport.Config, slug string, version int, r rollimport.Result) {
	done := map[string]string{statement.BatchAdd: "imported", statement.BatchWithdraw: "withdrawn", statement.BatchWithhold: "withheld"}[c.Change]
	if c.DryRun {
		done = "verified, and published nothing"
	}
	what := fmt.Sprintf("%d endorsers of %s", r.Accepted, slug)
	if c.Change == statement.BatchAdd {
		what += fmt.Sprintf(" version %d, %d of them with a signature", version, r.Signed)
	}
	fmt.Fprintf(env.Stdout, "%s: %s\n", done, what)
	if r.Resumed > 0 {
		fmt.Fprintf(env.Stdout, "resumed: after row %d\n", r.Resumed)
	}
	if n := len(r.Batches); n > 0 {
		first, last := r.Batches[0], r.Batches[n-1]
		fmt.Fprintf(env.Stdout, "batches: %d to %d of the roll\nentries: %d to %d of the log\n", first.Number, last.Number, first.Index, last.Index)
	}
}
