package cli

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sijil/sijil/internal/audit"
	"github.com/sijil/sijil/internal/clientstate"
	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log/client"
)

type auditFlags struct {
	trust             string
	json, quiet, full bool
	vault, identity   string
}

func newAudit(env Env) *cobra.Command {
	var f auditFlags
	c := &cobra.Command{
		Use:   "audit [URL|DIR]",
		Short: "Read a whole log and check everything in it",
		Long: `Read a whole log and all its publications, from a service or from a folder, and
check everything: every tile against the signed checkpoint, every entry and its
signature, every publication's chain, texts, lists and head, and that nothing a
publisher key signed is hidden. For people who do not want to take the operator's
word. Nobody is trusted but the trust file.

A folder holds the same files as a service (checkpoint, tile/…, api/v1/…), or is
one that sijil export wrote. A second audit of a service goes on where the first
one ended, after proving that the log only grew; --full reads everything again.

Exit status: 0 nothing was found; 1 findings; 3 it could not be finished; 4 proof
that the log misbehaved.`,
		Example: `  sijil audit
  sijil audit https://sijil.example.org --json > report.json
  sijil audit ./mirror --trust trust.json`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			where := ""
			if len(args) == 1 {
				where = args[0]
			}
			return runAudit(cmd.Context(), env, where, f)
		},
	}
	c.Flags().StringVar(&f.trust, "trust", "", "the trust `FILE` (default: $XDG_CONFIG_HOME/sijil/trust.json)")
	c.Flags().BoolVar(&f.json, "json", false, "print the report as one JSON object")
	c.Flags().BoolVar(&f.quiet, "quiet", false, "show no progress, and print nothing if nothing was found")
	c.Flags().StringVar(&f.vault, "vault", "", "verify the raw mails in the folder `DIR` too, with --identity")
	c.Flags().StringVar(&f.identity, "identity", "", "the age private keys in `FILE` that open them")
	c.MarkFlagsRequiredTogether("vault", "identity")
	c.Flags().BoolVar(&f.full, "full", false, "read everything again, also what an earlier audit has checked")
	return c
}

func runAudit(ctx context.Context, env Env, where string, f auditFlags) error {
	a, err := f.open(env, where)
	if err != nil {
		return err
	}
	if a.options.Mail, err = f.mails(); err != nil {
		return err
	}
	bar := newProgress(env, f.quiet)
	a.options.Progress = bar.show
	got, runErr := audit.Run(ctx, a.src, a.options)
	bar.clear()
	got.Report.Notices = append(a.notices, got.Report.Notices...)
	a.keep(env, got)
	if err := f.print(env, a, got.Report); err != nil {
		return err
	}
	return a.end(env, got.Report, runErr)
}

// auditing is an audit that is ready to run.
type auditing struct {
	where   string // as it is shown and remembered
	folder  bool
	src     evidence.Source
	state   *clientstate.Dir
	options audit.Options
	notices []string
}

func (f auditFlags) open(env Env, where string) (*auditing, error) {
	a := &auditing{where: where}
	if where != "" && !strings.Contains(where, "://") {
		if err := a.openFolder(where); err != nil {
			return nil, err
		}
	}
	trust, err := f.loadTrust(env, a)
	if err != nil {
		return nil, err
	}
	if a.src == nil {
		if a.where == "" {
			a.where = trust.BaseURL()
		}
		src, err := client.NewHTTP(a.where, env.HTTP)
		if err != nil {
			return nil, &statusError{code: exitUsage, err: err}
		}
		a.src, a.where = src, strings.TrimSuffix(a.where, "/")
	}
	if a.state, err = env.state(trust); err != nil {
		return nil, err
	}
	if a.options.Memory, err = a.state.Load(); err != nil {
		return nil, err
	}
	a.options.Trust = trust
	a.options.Wrong = func(err error) bool { return errors.Is(err, client.ErrTooLarge) }
	if !a.folder {
		a.options.Wait, a.options.Now = moment, env.Clock()
	}
	if !a.folder && !f.full {
		a.resume()
	}
	return a, nil
}

// moment lets a service finish what it is doing.
func moment(ctx context.Context) error {
	select {
	case <-time.After(time.Second):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// loadTrust returns the trust file. An exported folder brings its own, which is
// used only where there is no other.
func (f auditFlags) loadTrust(env Env, a *auditing) (*keys.Trust, error) {
	if !a.options.Layout.Folder {
		return env.loadTrust(f.trust)
	}
	t, word, err := verifyFlags{trust: f.trust, offline: a.where}.loadTrust(env)
	if word != "" {
		a.notices = append(a.notices, "the pins are the folder's own, and were compared with nothing: name a trust file of yours with --trust")
	}
	return t, err
}

// openFolder finds out what kind of folder it is.
func (a *auditing) openFolder(dir string) error {
	info, err := os.Stat(dir)
	if err == nil && !info.IsDir() {
		err = fmt.Errorf("%s is no folder", dir)
	}
	if err != nil {
		return withHint(&statusError{code: exitUsage, err: err}, "name the address of a service (https://…), or a folder with its files")
	}
	a.src, a.folder, a.options.Copy = client.NewDir(dir), true, true
	a.options.Layout.Folder = !isMirror(dir)
	return nil
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// resume takes up where the last audit of this service ended.
func (a *auditing) resume() {
	b, err := a.state.LoadAudit(a.where)
	if err == nil && b != nil {
		a.options.State, err = audit.ParseState(b)
	}
	if err != nil {
		a.notices = append(a.notices, fmt.Sprintf("what an earlier audit has checked is not used, everything is read again: %s: %v", a.state.AuditPath(a.where), err))
	}
}

// keep remembers what was seen. Failing to is no reason to keep the report back.
func (a *auditing) keep(env Env, got *audit.Result) {
	var err error
	if got.Memory != nil {
		err = a.state.Save(*got.Memory)
	}
	switch {
	case a.folder:
	case got.State != nil:
		err = errors.Join(err, a.state.SaveAudit(a.where, got.State.Marshal()))
	case got.Report.Outcome != audit.Incomplete:
		err = errors.Join(err, a.state.DropAudit(a.where))
	}
	if err != nil {
		fmt.Fprintf(env.Stderr, "sijil: warning: what was seen of the log cannot be remembered: %v\n", err)
	}
}

func (f auditFlags) print(env Env, a *auditing, r *audit.Report) error {
	if f.json {
		return printJSON(env.Stdout, r)
	}
	if !f.quiet || r.Outcome != audit.Clean {
		printAudit(env.Stdout, a.where, r)
	}
	return nil
}

// end returns the exit status: proof before findings, findings before what
// could not be checked.
func (a *auditing) end(env Env, r *audit.Report, err error) error {
	var paths []string
	for _, m := range r.Misbehaviour {
		path, err := a.state.SaveProof(m, env.Clock())
		if err != nil {
			fmt.Fprintf(env.Stderr, "sijil: warning: the proof cannot be written: %v\n", err)
			continue
		}
		paths = append(paths, path)
	}
	switch {
	case r.Outcome == audit.Misbehaving:
		return withHint(&statusError{code: exitMisbehaved, err: r.Misbehaviour[0]},
			"the proof, two notes signed by the log's key, is in %s: show it to the operator, the publishers and other readers", strings.Join(paths, ", "))
	case r.Outcome == audit.Found:
		return &statusError{code: exitFailed, err: err}
	case err != nil:
		hint := "check the network and the address, then run it again: it goes on where it stopped"
		if a.folder {
			hint = "check that the folder can be read, then run it again"
		}
		return withHint(&statusError{code: exitUnchecked, err: fmt.Errorf("the audit could not be finished: %w", err)}, "%s", hint)
	}
	return nil
}

// sourceName is what a report calls the source: an address without what may be
// secret in it.
func sourceName(where string) string {
	if u, err := url.Parse(where); err == nil && u.Host != "" {
		return u.Redacted()
	}
	return where
}
