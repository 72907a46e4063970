package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/sijil/sijil/internal/publisher"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// maxKeyFile bounds a public key in PEM, in bytes.
const maxKeyFile = 16 << 10

type policyFlags struct {
	publishFlags
	add, remove []string
	threshold   int
	reason      string
}

func newPolicy(env Env) *cobra.Command {
	var f policyFlags
	c := &cobra.Command{
		Use:   "policy SLUG|URL",
		Short: "Change who signs for a publication, and how many must",
		Long: `Sign and publish a new publication policy, under the one in force: add and remove
keys, and say how many of them must sign each record from then on. Where several
signatures are needed now, the others sign with sijil cosign.

Replace a key that may have been seen by others at once: add the new one and remove
the old one in one command. If too few keys are left to reach the threshold, the
publication can never change again; nobody can take it over.`,
		Example: `  sijil policy river --add second.pub --add third.pub --threshold 2 --reason "Two of three sign." --key secretariat.key
  sijil policy river --add new.pub --remove sha256:… --reason "A laptop was lost." --key secretariat.key`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return runPolicy(cmd, env, args[0], f) },
	}
	f.addEdit(c, "what changes and why, as a line of `TEXT` that everybody will read")
	c.MarkFlagRequired("reason")
	f.addSigning(c)
	return c
}

// addEdit adds the flags that say what changes in a policy.
func (f *policyFlags) addEdit(c *cobra.Command, reason string) {
	c.Flags().StringArrayVar(&f.add, "add", nil, "add the public key in `FILE`; can be given again")
	c.Flags().StringArrayVar(&f.remove, "remove", nil, "remove the key with this `DIGEST`, or in this file; can be given again")
	c.Flags().IntVar(&f.threshold, "threshold", 0, "how many keys must sign (default: as many as now)")
	c.Flags().StringVar(&f.reason, "reason", "", reason)
}

func runPolicy(cmd *cobra.Command, env Env, name string, f policyFlags) error {
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
	res, err := p.SetPolicy(cmd.Context(), slug, e)
	if err != nil {
		return f.explain(err, "")
	}
	if err := save(res); err != nil {
		return err
	}
	if res.Awaiting() {
		return sayAwaiting(env, slug, res)
	}
	fmt.Fprintf(env.Stdout, "the policy of %s: %d of these keys sign\n", slug, res.Publication.Chain().Threshold())
	for _, k := range res.Publication.Chain().Keys() {
		fmt.Fprintf(env.Stdout, "key:     %s\n", k.Digest())
	}
	fmt.Fprintf(env.Stdout, "record:  %s\nentry:   %d of the log %s\n", res.Record, res.Index, trust.Policy().Origin())
	return nil
}

func (f policyFlags) edit() (e publisher.PolicyEdit, err error) {
	e = publisher.PolicyEdit{Threshold: f.threshold, Reason: f.reason}
	if e.Add, err = readPublicKeys(f.add); err != nil {
		return e, err
	}
	for _, s := range f.remove {
		d, err := log.ParseDigest(s)
		if err != nil {
			list, err := readPublicKeys([]string{s})
			if err != nil {
				return e, usage("--remove %s: neither the digest of a key (sha256:…) nor a file with one", plain(s))
			}
			d = list[0].Digest()
		}
		e.Remove = append(e.Remove, d)
	}
	return e, nil
}

func readPublicKeys(files []string) ([]*keys.PublicKey, error) {
	out := make([]*keys.PublicKey, len(files))
	for i, file := range files {
		b, err := readFile(file, maxKeyFile)
		if err != nil {
			return nil, err
		}
		if out[i], err = keys.ParsePublicKeyPEM(b); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
	}
	return out, nil
}

// firstPolicy is the policy of a new publication; nil for the signer's key alone.
func (f publishFlags) firstPolicy(signer *keys.PublicKey) (*statement.Policy, error) {
	if len(f.cosigners)+len(f.recoveryKeys) == 0 && f.threshold <= 1 {
		return nil, nil
	}
	others, err := readPublicKeys(f.cosigners)
	if err != nil {
		return nil, err
	}
	if f.threshold < 1 || f.threshold > len(others)+1 {
		return nil, usage("--threshold %d: want 1 to %d, the number of keys", f.threshold, len(others)+1)
	}
	policy := statement.NewPolicy(f.threshold, append([]*keys.PublicKey{signer}, others...)...)
	recovery, err := readPublicKeys(f.recoveryKeys)
	if err != nil {
		return nil, err
	}
	if len(recovery) > 0 {
		policy = policy.WithRecovery(f.recoveryDays, recovery...)
	}
	return &policy, nil
}
