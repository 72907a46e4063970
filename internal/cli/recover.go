package cli

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/sijil/sijil/internal/publisher"
)

func newRecover(env Env) *cobra.Command {
	var f policyFlags
	c := &cobra.Command{
		Use:   "recover SLUG|URL",
		Short: "Replace lost publisher keys, with a recovery key, after a delay in public",
		Long: `Announce, with a recovery key that the genesis names, which keys will sign from then
on; and, run again after the days that the genesis names, put them in force. In between
everybody sees the announcement, and whatever is signed with the keys in force ends it:
so a stolen recovery key can be answered.

The delay is counted by the witnesses' clocks: a log without witnesses knows none. A
publication without recovery keys cannot be recovered, by anybody.`,
		Example: `  sijil recover river --add new.pub --remove sha256:… --reason "Both laptops were lost." --key recovery.key
  sijil recover river --key recovery.key        # later: how long to wait, and then the last step`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return runRecover(cmd, env, args[0], f) },
	}
	f.addEdit(c, "why, as a line of `TEXT` that everybody will read")
	f.addSigning(c)
	return c
}

func runRecover(cmd *cobra.Command, env Env, name string, f policyFlags) error {
	e, err := f.edit()
	if err != nil {
		return err
	}
	slug, path, trust, err := f.pinned(env, name)
	if err != nil {
		return err
	}
	p, save, err := f.signing(cmd.Context(), env, slug, path, trust)
	if err != nil {
		return err
	}
	got, err := p.Recover(cmd.Context(), slug, e)
	switch {
	case errors.Is(err, publisher.ErrNoRecovery):
		return withHint(err, "recovery keys are named when the publication is opened (sijil publish --recovery-key), and never later")
	case err != nil:
		return f.explain(err, "")
	}
	if err := save(got.Result); err != nil {
		return err
	}
	switch {
	case got.Complete:
		fmt.Fprintf(env.Stdout, "recovered: the policy of %s is in force\nrecord:  %s\nentry:   %d of the log %s\n", slug, got.Record, got.Index, trust.Policy().Origin())
	case got.Until.IsZero():
		fmt.Fprintf(env.Stdout, "announced; the witnesses have not seen it yet\nrecord:  %s\n", got.Record)
		fmt.Fprintf(env.Stderr, "run `sijil recover %s` again in a moment: the delay begins when they have\n", slug)
	default:
		fmt.Fprintf(env.Stdout, "announced: it stands in public since %s, and can be completed from %s on\nrecord:  %s\n", got.From.Format(time.RFC3339), got.Until.Format(time.RFC3339), got.Record)
	}
	return nil
}
