package cli

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

type withholdFlags struct {
	publishFlags
	entry   string
	version int
	yes     bool
}

func newWithhold(env Env) *cobra.Command {
	var f withholdFlags
	c := &cobra.Command{
		Use:   "withhold SLUG|URL",
		Short: "Withhold one name of the list, in every version, for ever",
		Long: `Sign and publish that one list entry is withheld. The service then deletes the name
wherever it keeps it, and everything that was said about the entry. Pages say "one name
withheld", and every proof of every version still verifies. What others have copied
meanwhile cannot be taken back.`,
		Example: "  sijil withhold river --entry \"Amina Saleh\" --key secretariat.key",
		Args:    cobra.ExactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return runWithhold(cmd, env, args[0], f) },
	}
	c.Flags().StringVar(&f.entry, "entry", "", "the list entry: its `NAME`, or its number")
	c.MarkFlagRequired("entry")
	c.Flags().IntVar(&f.version, "version", 0, "look for it in version `N` (default: the latest)")
	c.Flags().BoolVar(&f.yes, "yes", false, "do not ask: for scripts")
	f.addSigning(c)
	return c
}

func runWithhold(cmd *cobra.Command, env Env, name string, f withholdFlags) error {
	slug, path, trust, err := f.pinned(env, name)
	if err != nil {
		return err
	}
	pub, err := sourceFlags{server: f.server, trust: f.trust}.open(cmd.Context(), env, slug)
	if err != nil {
		return err
	}
	r, err := chosenVersion(pub.Publication, f.version)
	if err != nil {
		return err
	}
	e, err := chosenEntry(r, f.entry)
	if err != nil {
		return err
	}
	if e.Withheld {
		return errors.New("this entry is withheld already")
	}
	if err := f.confirm(env, e.Signatory.Name); err != nil {
		return err
	}
	p, save, err := f.signing(cmd.Context(), env, slug, path, trust)
	if err != nil {
		return err
	}
	res, err := p.Withhold(cmd.Context(), slug, e.Commitment)
	if err != nil {
		return f.explain(err, "")
	}
	if err := save(res); err != nil {
		return err
	}
	if res.Awaiting() {
		return sayAwaiting(env, slug, res)
	}
	fmt.Fprintf(env.Stdout, "withheld one name of %s\nrecord:  %s\nentry:   %d of the log %s\n", slug, res.Record, res.Index, trust.Policy().Origin())
	return nil
}

func (f withholdFlags) confirm(env Env, name string) error {
	if f.yes {
		return nil
	}
	return askToWithhold(env, "the name "+quote(name)+" in every version")
}

// askToWithhold asks whether somebody means it.
func askToWithhold(env Env, what string) error {
	file, ok := env.Stdin.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return usage("there is no terminal to ask whether you mean it: give --yes; it cannot be undone")
	}
	fmt.Fprintf(env.Stderr, "This withholds %s, for ever. Type yes to go on: ", what)
	answer, err := bufio.NewReader(file).ReadString('\n')
	if err != nil || strings.TrimSpace(answer) != "yes" {
		return errors.New("nothing was withheld")
	}
	return nil
}
