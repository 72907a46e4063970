package cli

import (
	"bufio"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/sijil/sijil/internal/match"
	"github.com/sijil/sijil/internal/publisher"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/log"
)

type cosignFlags struct {
	publishFlags
	record string
	yes    bool
}

func newCosign(env Env) *cobra.Command {
	var f cosignFlags
	c := &cobra.Command{
		Use:   "cosign SLUG|URL",
		Short: "Sign a record that waits for signatures, after reading it",
		Long: `Where a publication's policy asks for several signatures, whoever publishes signs
first, and the record waits. This command fetches what waits for your key, verifies
it, shows what it says and what it would change, and signs after you have agreed.`,
		Example: `  sijil cosign river --key second.key
  sijil cosign river --key second.key --record sha256:… --yes   # in scripts: this record and no other`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return runCosign(cmd, env, args[0], f) },
	}
	c.Flags().StringVar(&f.record, "record", "", "sign the record with this `DIGEST` and no other")
	c.Flags().BoolVar(&f.yes, "yes", false, "do not ask: for scripts, with --record")
	f.addSigning(c)
	return c
}

func runCosign(cmd *cobra.Command, env Env, name string, f cosignFlags) error {
	if f.yes && f.record == "" {
		return usage("--yes signs without a look: say with --record what you have looked at")
	}
	slug, path, trust, err := f.pinned(env, name)
	if err != nil {
		return err
	}
	p, save, err := f.signing(cmd.Context(), env, slug, path, trust)
	if err != nil {
		return err
	}
	waiting, err := p.Proposals(cmd.Context(), slug)
	if err != nil {
		return f.explain(err, "")
	}
	one, err := f.choose(waiting)
	if err != nil {
		return err
	}
	if err := showProposal(env, one); err != nil {
		return err
	}
	if err := f.confirm(env); err != nil {
		return err
	}
	res, err := p.Cosign(cmd.Context(), slug, one)
	if err != nil {
		return f.explain(err, "")
	}
	if err := save(res); err != nil {
		return err
	}
	if res.Awaiting() {
		return sayAwaiting(env, slug, res)
	}
	fmt.Fprintf(env.Stdout, "signed: the record is complete\nrecord:  %s\ngenesis: %s\nentry:   %d of the log %s\n", res.Record, res.Genesis, res.Index, trust.Policy().Origin())
	return nil
}

func (f cosignFlags) choose(waiting []*publisher.Proposal) (*publisher.Proposal, error) {
	if f.record != "" {
		want, err := log.ParseDigest(f.record)
		if err != nil {
			return nil, usage("--record: %v", err)
		}
		for _, w := range waiting {
			if w.Record == want {
				return w, nil
			}
		}
		return nil, withHint(publisher.ErrNothingToSign, "the record %s does not wait for this key: run the command without --record to see what does", want)
	}
	switch len(waiting) {
	case 0:
		return nil, withHint(publisher.ErrNothingToSign, "see `sijil history`")
	case 1:
		return waiting[0], nil
	}
	var list strings.Builder
	for _, w := range waiting {
		fmt.Fprintf(&list, "\n  %s  %s", w.Record, proposalKind(w.Statement))
	}
	return nil, usage("several records wait for a signature: choose one with --record%s", list.String())
}

func proposalKind(s statement.Statement) string {
	switch s := s.(type) {
	case *statement.Version:
		return fmt.Sprintf("version %d", s.Version)
	case *statement.PolicyChange:
		return "a new publication policy"
	case *statement.Retraction:
		if s.Version == nil {
			return "the retraction of the publication, for ever"
		}
		return fmt.Sprintf("the retraction of version %d, for ever", s.Version.Number)
	case *statement.Redaction:
		return "the withholding of one name"
	}
	return "a record"
}

// showProposal says what would be signed, and what it would change.
func showProposal(env Env, w *publisher.Proposal) error {
	fmt.Fprintf(env.Stdout, "record %s: %s\nsigned by %d of the %d that are needed\n", w.Record, proposalKind(w.Statement), w.Have, w.Want)
	switch s := w.Statement.(type) {
	case *statement.Version:
		fmt.Fprintf(env.Stdout, "reason: %s\n", plain(s.Reason))
		return showProposedVersion(env, w)
	case *statement.PolicyChange:
		fmt.Fprintf(env.Stdout, "reason: %s\n", plain(s.Reason))
		for _, spki := range s.Policy.Keys {
			fmt.Fprintf(env.Stdout, "key:    %s\n", log.Sum(spki))
		}
		fmt.Fprintf(env.Stdout, "needed: %d of %d\n", s.Policy.Threshold, len(s.Policy.Keys))
	case *statement.Retraction:
		fmt.Fprintf(env.Stdout, "reason: %s\n", plain(s.Reason))
	case *statement.Redaction:
		fmt.Fprintf(env.Stdout, "entry:  %s\n", s.Entry)
	}
	return nil
}

func showProposedVersion(env Env, w *publisher.Proposal) error {
	latest, ok := w.Publication.Latest()
	if !ok {
		v := w.Edition.ForMatch()
		for _, lang := range slices.Sorted(maps.Keys(v.Texts)) {
			fmt.Fprintf(env.Stdout, "\n-- text %s\n", lang)
			for l := range strings.Lines(string(v.Texts[lang])) {
				fmt.Fprintln(env.Stdout, plain(strings.TrimSuffix(l, "\n")))
			}
		}
		fmt.Fprintf(env.Stdout, "\n-- signatories\n")
		for _, n := range v.Names {
			fmt.Fprintf(env.Stdout, "%s\n", plain(n.Text))
		}
		return nil
	}
	c, err := match.Compare(latest.Edition.ForMatch(), w.Edition.ForMatch())
	if err != nil {
		return err
	}
	env.marks().comparison(c, true)
	return nil
}

func (f cosignFlags) confirm(env Env) error {
	if f.yes {
		return nil
	}
	file, ok := env.Stdin.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return usage("there is no terminal to ask whether you agree: give --record DIGEST and --yes")
	}
	fmt.Fprint(env.Stderr, "Sign it? Type yes: ")
	answer, err := bufio.NewReader(file).ReadString('\n')
	if err != nil || strings.TrimSpace(answer) != "yes" {
		return errors.New("nothing was signed")
	}
	return nil
}
