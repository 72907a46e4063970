package cli

import (
	"bufio"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/internal/publisher"
	"github.com/sijil/sijil/internal/remote"
	"github.com/sijil/sijil/keys"
)

type retractFlags struct {
	publishFlags
	version     int
	publication bool
	reason      string
	yes         bool
}

func newRetract(env Env) *cobra.Command {
	var f retractFlags
	c := &cobra.Command{
		Use:   "retract SLUG|URL",
		Short: "Withdraw a version, or a whole publication, for ever",
		Long: `Sign and publish a retraction: of one version (--version N), or of the whole
publication (--publication). The publication is named by its slug, or by the
address of its page.

A retraction cannot be undone. Whoever checks a copy of what was withdrawn is
told so, with your reason. After a version is retracted you may publish another
one; the version before does not come back by itself. After the publication is
retracted nothing can follow. What was published stays in the log.

If anything interrupts it, run the same command again: nothing is retracted twice.`,
		Example: `  sijil retract river --version 2 --reason "Published by mistake." --key secretariat.key
  sijil retract river --publication --reason "The organisations have withdrawn it." --yes   # in scripts`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return runRetract(cmd, env, args[0], f) },
	}
	c.Flags().IntVar(&f.version, "version", 0, "withdraw version `N`")
	c.Flags().BoolVar(&f.publication, "publication", false, "withdraw the whole publication")
	c.MarkFlagsMutuallyExclusive("version", "publication")
	c.MarkFlagsOneRequired("version", "publication")
	c.Flags().StringVar(&f.reason, "reason", "", "why it is withdrawn, as a line of `TEXT` that everybody will read")
	c.MarkFlagRequired("reason")
	c.Flags().BoolVar(&f.yes, "yes", false, "do not ask: for scripts")
	f.addSigning(c)
	return c
}

func runRetract(cmd *cobra.Command, env Env, name string, f retractFlags) error {
	if f.version < 1 && !f.publication {
		return usage("--version %d: versions are numbered from 1", f.version)
	}
	if strings.TrimSpace(f.reason) == "" {
		return usage("--reason is empty: say why it is withdrawn")
	}
	slug, path, trust, err := f.pinned(env, name)
	if err != nil {
		return err
	}
	if err := f.confirm(env, slug); err != nil {
		return err
	}
	p, save, err := f.signing(cmd.Context(), env, slug, path, trust)
	if err != nil {
		return err
	}
	res, err := p.Retract(cmd.Context(), slug, f.version, f.reason)
	if err != nil {
		return f.explainRetract(env, trust, err)
	}
	if err := save(res); err != nil {
		return err
	}
	if res.Awaiting() {
		return sayAwaiting(env, slug, res)
	}
	fmt.Fprintf(env.Stdout, "retracted %s\nrecord:  %s\ngenesis: %s\nentry:   %d of the log %s\n", f.what(slug), res.Record, res.Genesis, res.Index, trust.Policy().Origin())
	return nil
}

// what names what is withdrawn.
func (f retractFlags) what(slug string) string {
	if f.publication {
		return "the publication " + slug
	}
	return fmt.Sprintf("%s version %d", slug, f.version)
}

// confirm asks the person to type the slug.
func (f retractFlags) confirm(env Env, slug string) error {
	if f.yes {
		return nil
	}
	file, ok := env.Stdin.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return usage("there is no terminal to ask whether you mean it: give --yes; a retraction cannot be undone")
	}
	fmt.Fprintf(env.Stderr, "This withdraws %s, for everybody and for ever. It cannot be undone.\nThe reason that everybody will read: %s\nType the slug to go on: ", f.what(slug), quote(f.reason))
	answer, err := bufio.NewReader(file).ReadString('\n')
	if err != nil || strings.TrimSpace(answer) != slug {
		return errors.New("that is not the slug: nothing was retracted")
	}
	return nil
}

func (f retractFlags) explainRetract(env Env, trust *keys.Trust, err error) error {
	var never *publisher.NotRetractableError
	var bad *evidence.Misbehaviour
	var problem *remote.Problem
	switch {
	case errors.As(err, &problem) && problem.Status == 409:
		return withHint(err, "somebody else published meanwhile, and nothing was retracted: see what there is with `sijil history`, then decide again")
	case errors.As(err, &never):
		return withHint(err, "nothing was signed; see what there is with `sijil history`")
	case errors.As(err, &bad):
		return misbehaved(env, trust, bad)
	}
	return f.explain(err, "")
}

// publicationName reads a slug, or the address of a publication's page.
func publicationName(s string) (slug, server string, err error) {
	if !strings.Contains(s, "/") {
		slug = s
	} else {
		u, err := url.Parse(s)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return "", "", usage("%q is neither a slug nor the address of a publication's page, such as https://sijil.example.org/p/river", plain(s))
		}
		rest, ok := strings.CutPrefix(u.Path, "/p/")
		if !ok {
			return "", "", usage("%s is not the address of a publication's page: that ends in /p/SLUG", plain(s))
		}
		slug, _, _ = strings.Cut(rest, "/")
		server = u.Scheme + "://" + u.Host
	}
	if err := keys.CheckSlug(slug); err != nil {
		return "", "", usage("%v", err)
	}
	return slug, server, nil
}
