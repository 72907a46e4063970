package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
	"github.com/sijil/sijil/log/client"
)

func newTrust(env Env) *cobra.Command {
	c := &cobra.Command{
		Use:   "trust",
		Short: "Decide whom to trust, and see what was decided",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newTrustInit(env), newTrustShow(env))
	return c
}

type trustInitFlags struct {
	out          string
	publications []string
	fingerprints []string
	firstUse     bool
	takePolicy   bool
}

func newTrustInit(env Env) *cobra.Command {
	var f trustInitFlags
	c := &cobra.Command{
		Use:   "init URL",
		Short: "Pin a service's log and publications, after comparing fingerprints",
		Long: `Ask a service for its log key and publications, show their fingerprints, and
write the trust file that pins them. Compare the fingerprints with what the
publisher printed, said or sent by another way: until you have, every verdict
says "trust": "first-use". Run it again to pin more publications; nothing that
is pinned is ever replaced.`,
		Example: `  sijil trust init https://sijil.example.org --publication river
  sijil trust init https://sijil.example.org --publication river \
    --fingerprint sha256:1f0c… --fingerprint sha256:9a4b…     # in scripts`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return runTrustInit(cmd.Context(), env, args[0], f) },
	}
	c.Flags().StringVar(&f.out, "out", "", "write the trust `FILE` (default: $XDG_CONFIG_HOME/sijil/trust.json)")
	c.Flags().StringSliceVar(&f.publications, "publication", nil, "pin this `SLUG` only (default: all there are)")
	c.Flags().StringArrayVar(&f.fingerprints, "fingerprint", nil, "a `FINGERPRINT` that you have from elsewhere; give one for the log, one for its witness policy if that asks for witnesses, one for the release key if there is one, and one for each publication")
	c.Flags().BoolVar(&f.firstUse, "first-use", false, "pin without comparing; verdicts will say so")
	c.Flags().BoolVar(&f.takePolicy, "take-policy", false, "replace the trust file's witness policy by the service's, after comparing it")
	c.MarkFlagsMutuallyExclusive("fingerprint", "first-use")
	return c
}

func runTrustInit(ctx context.Context, env Env, url string, f trustInitFlags) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	src, err := client.NewHTTP(url, env.HTTP)
	if err != nil {
		return &statusError{code: exitUsage, err: err}
	}
	b, err := src.Fetch(ctx, evidence.Layout{}.Trust())
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s answers, but is no Sijil service", url)
	}
	if err != nil {
		return err
	}
	offered, err := keys.ParseTrust(b)
	if err != nil {
		return fmt.Errorf("%s: %w", url, err)
	}
	path, err := env.trustPath(f.out)
	if err != nil {
		return err
	}
	trust, pinned, err := f.merge(env, path, offered)
	if err != nil {
		return err
	}
	compared, err := f.decide(env, trust, pinned)
	if err != nil {
		return err
	}
	if err := saveTrust(path, trust); err != nil {
		return err
	}
	state, err := env.state(trust)
	if err != nil {
		return err
	}
	if err := state.Mark(pinned, compared); err != nil {
		return err
	}
	fmt.Fprintf(env.Stdout, "wrote %s\n", path)
	return nil
}

// merge adds what was asked for to the trust file at path, if there is one. It
// returns the fingerprints that are to be decided on.
func (f trustInitFlags) merge(env Env, path string, offered *keys.Trust) (*keys.Trust, []string, error) {
	slugs := f.publications
	trust, err := existing(path, offered)
	if err != nil {
		return nil, nil, err
	}
	if theirs := offered.Policy(); trust.Policy().String() != theirs.String() {
		if f.takePolicy {
			trust = trust.WithPolicy(theirs)
		} else {
			fmt.Fprintf(env.Stderr, "sijil: notice: the service's witness policy is another one now (%s); yours stays. To take it, add --take-policy.\n", theirs.Fingerprint())
		}
	}
	all := offered.Publications()
	if len(slugs) == 0 {
		for slug := range all {
			slugs = append(slugs, slug)
		}
		sort.Strings(slugs)
	}
	prints := []string{trust.Policy().Log().ID().String()}
	// A policy that is taken is compared whatever it asks for: `quorum none` in
	// the place of witnesses, above all.
	if trust.Policy().Quorum() || f.takePolicy {
		prints = append(prints, trust.Policy().Fingerprint().String())
	}
	if k := offered.ReleaseKey(); k != nil {
		if trust, err = trust.WithReleaseKey(k); err != nil {
			return nil, nil, withHint(err, "ask the operator whether the release key was changed; if so, write a new trust file with --out")
		}
		prints = append(prints, k.Digest().String())
	}
	for _, slug := range slugs {
		genesis, ok := all[slug]
		if !ok {
			return nil, nil, fmt.Errorf("the service has no publication %q", slug)
		}
		if trust, err = trust.Pin(slug, genesis); err != nil {
			return nil, nil, withHint(err, "a slug is never used twice: ask the publisher which of the two is theirs")
		}
		prints = append(prints, genesis.String())
	}
	return trust, prints, nil
}

// existing returns the trust file at path, or one that pins the offered log
// alone. A file that pins another key is never replaced.
func existing(path string, offered *keys.Trust) (*keys.Trust, error) {
	b, err := readFile(path, maxTrustFile)
	if errors.Is(err, fs.ErrNotExist) {
		return offered.WithoutPublications(), nil
	}
	if err != nil {
		return nil, err
	}
	trust, err := keys.ParseTrust(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if trust.Policy().Log().String() != offered.Policy().Log().String() {
		return nil, withHint(fmt.Errorf("%s pins the log key %s; the service now has %s", path, trust.Policy().Log(), offered.Policy().Log()),
			"if the operator has announced a new log, keep the old file and write a new one with --out; otherwise somebody may stand in between")
	}
	return trust, nil
}

// decide shows the fingerprints and finds out whether they were compared.
func (f trustInitFlags) decide(env Env, trust *keys.Trust, prints []string) (compared bool, err error) {
	fmt.Fprintf(env.Stderr, "log %s\n  %s\n", trust.Policy().Origin(), prints[0])
	for slug, genesis := range trust.Publications() {
		if slices.Contains(prints, genesis.String()) {
			fmt.Fprintf(env.Stderr, "publication %s\n  %s\n", slug, genesis)
		}
	}
	showWitnesses(env.Stderr, trust.Policy())
	if k := trust.ReleaseKey(); k != nil {
		fmt.Fprintf(env.Stderr, "release key\n  %s\n", k.Digest())
	}
	if f.firstUse {
		return false, nil
	}
	if len(f.fingerprints) > 0 {
		return true, f.match(prints)
	}
	file, ok := env.Stdin.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return false, usage("there is no terminal to ask: give --fingerprint for the log, a witness policy with a quorum, and each publication, or accept them unseen with --first-use")
	}
	fmt.Fprint(env.Stderr, "Have you compared these with what the publisher gave you by another way?\n[yes / no, pin on first use / anything else stops] ")
	answer, err := bufio.NewReader(file).ReadString('\n')
	if err != nil {
		return false, errors.New("no answer: nothing was pinned")
	}
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "yes", "y", "oui", "نعم":
		return true, nil
	case "no", "n", "non", "لا":
		return false, nil
	}
	return false, errors.New("nothing was pinned")
}

// showWitnesses prints a policy for people to compare.
func showWitnesses(w io.Writer, p *keys.Policy) {
	fmt.Fprintf(w, "witness policy\n  %s\n", p.Fingerprint())
	if !p.Quorum() {
		fmt.Fprintln(w, "  no witnesses (quorum none)")
		return
	}
	for _, x := range p.Witnesses() {
		fmt.Fprintf(w, "  witness %s\n    %s\n", x.Name, x.Fingerprint)
	}
}

// match requires that each fingerprint that is to be pinned was given, and each
// given one is to be pinned.
func (f trustInitFlags) match(prints []string) error {
	for _, p := range prints {
		if !slices.Contains(f.fingerprints, p) {
			return withHint(fmt.Errorf("the service shows the fingerprint %s, which is not among those given", p), "compare again; nothing was pinned")
		}
	}
	for _, p := range f.fingerprints {
		if _, err := log.ParseDigest(p); err != nil {
			return usage("--fingerprint: %v", err)
		}
		if !slices.Contains(prints, p) {
			return withHint(fmt.Errorf("the fingerprint %s is not one that the service shows", p), "compare again; nothing was pinned")
		}
	}
	return nil
}

func newTrustShow(env Env) *cobra.Command {
	var path string
	c := &cobra.Command{
		Use:   "show",
		Short: "Show what the trust file pins, as fingerprints to compare",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			t, err := env.loadTrust(path)
			if err != nil {
				return err
			}
			state, err := env.state(t)
			if err != nil {
				return err
			}
			list, err := state.FirstUse()
			if err != nil {
				return err
			}
			word := func(print string) string {
				if slices.Contains(list, print) {
					return "first-use: not compared"
				}
				return "pinned"
			}
			id := t.Policy().Log().ID().String()
			fmt.Fprintf(env.Stdout, "log %s at %s\n  %s (%s)\n  %s\n", t.Policy().Origin(), t.BaseURL(), id, word(id), t.Policy().Log())
			for slug, genesis := range t.Publications() {
				fmt.Fprintf(env.Stdout, "publication %s\n  %s (%s)\n", slug, genesis, word(genesis.String()))
			}
			if k := t.ReleaseKey(); k != nil {
				fmt.Fprintf(env.Stdout, "release key\n  %s (%s)\n", k.Digest(), word(k.Digest().String()))
			}
			fmt.Fprintf(env.Stdout, "witness policy\n  %s", strings.ReplaceAll(strings.TrimSuffix(t.Policy().String(), "\n"), "\n", "\n  ")+"\n")
			return nil
		},
	}
	c.Flags().StringVar(&path, "trust", "", "the trust `FILE` (default: $XDG_CONFIG_HOME/sijil/trust.json)")
	return c
}
