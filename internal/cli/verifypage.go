package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/log"
)

func newVerifyPage(env Env) *cobra.Command {
	var f verifyFlags
	c := &cobra.Command{
		Use:   "verify-page FILE",
		Short: "Check that a portable verifier, or another released file, is genuine",
		Long: `Check a saved copy of the portable verifier (or of any released file) against the
operator's newest release: its digest must stand in a statement that the pinned release
key signed and the log holds. The file itself is not sent anywhere, and not run.

Exit status 0: genuine. 1: it is not in the newest release. 3: it could not be checked.`,
		Example: "  sijil verify-page verifier.html\n  sijil verify-page --json verifier.html",
		Args:    cobra.ExactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return runVerifyPage(cmd.Context(), env, args[0], f) },
	}
	c.Flags().StringVar(&f.server, "server", "", "the service's `URL` (default: the trust file's)")
	c.Flags().StringVar(&f.trust, "trust", "", "the trust `FILE` (default: $XDG_CONFIG_HOME/sijil/trust.json)")
	c.Flags().StringVar(&f.offline, "offline", "", "read the release from the folder `DIR` (release.bundle.json), and ask no network")
	c.Flags().BoolVar(&f.json, "json", false, "print one JSON object")
	c.MarkFlagsMutuallyExclusive("server", "offline")
	return c
}

type pageReport struct {
	Genuine bool       `json:"genuine"`
	SHA256  log.Digest `json:"sha256"`
	Name    string     `json:"name"`   // the file's, in the release
	Issued  string     `json:"issued"` // the operator's claim of when
	Record  log.Digest `json:"record"` // the release's
	Index   int64      `json:"log_index"`
	Trust   string     `json:"trust"`
}

func runVerifyPage(ctx context.Context, env Env, name string, f verifyFlags) error {
	trust, word, err := f.loadTrust(env)
	if err != nil {
		return err
	}
	b, err := readFile(name, maxReleased)
	if err != nil {
		return &statusError{code: exitUsage, err: err}
	}
	src, o, err := f.source(env, trust, "", evidence.Memory{})
	if err != nil {
		return &statusError{code: exitUsage, err: err}
	}
	ctx, cancel := context.WithTimeout(ctx, verifyTimeout)
	defer cancel()
	release, err := evidence.OpenRelease(ctx, src, o)
	switch {
	case errors.Is(err, evidence.ErrNoReleaseKey):
		return withHint(&statusError{code: exitUnchecked, err: err}, "pin it with sijil trust init, if the operator has one")
	case errors.Is(err, fs.ErrNotExist):
		return withHint(&statusError{code: exitUnchecked, err: errors.New("the service shows no release")}, "ask the operator for it")
	case err != nil:
		return &statusError{code: exitUnchecked, err: err}
	}
	r := pageReport{SHA256: log.Sum(b), Issued: release.Statement().Issued, Record: release.Record(), Index: release.Index(), Trust: word}
	if word == "" {
		state, err := env.state(trust)
		if err != nil {
			return err
		}
		if r.Trust, err = trustWordOf(state, trust, trust.ReleaseKey().Digest()); err != nil {
			return err
		}
	}
	r.Name, r.Genuine = release.Statement().Holds(r.SHA256)
	return r.print(env, f.json, release)
}

func (r pageReport) print(env Env, asJSON bool, release *evidence.Release) error {
	switch {
	case asJSON:
		enc := json.NewEncoder(env.Stdout)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(r); err != nil {
			return err
		}
	case r.Genuine:
		fmt.Fprintf(env.Stdout, "✓ genuine: this is %s of the operator's newest release, %q\n  signed %s, entry %d of the log %s\n  %s\n",
			r.Name, release.Statement().Name, r.Issued, r.Index, release.Checkpoint().Origin(), r.SHA256)
	default:
		fmt.Fprintf(env.Stdout, "✗ not in the operator's newest release (%q, signed %s): do not go by what it shows\n  %s\n",
			release.Statement().Name, r.Issued, r.SHA256)
	}
	if !r.Genuine {
		return &statusError{code: exitFailed}
	}
	return nil
}
