package cli

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/sijil/sijil/internal/evidence"
)

type exportFlags struct {
	server, publication, trust, out string
	tiles, noRoll                   bool
}

func newExport(env Env) *cobra.Command {
	var f exportFlags
	c := &cobra.Command{
		Use:   "export --out DIR",
		Short: "Write a folder of evidence that can be checked offline",
		Long: `Fetch and verify a publication, and write everything that proves it into one
folder: texts, signatory lists, bundles, head, checkpoint and trust file, and a
petition's roll of endorsers, which may be large (--no-roll leaves it out). The
folder is checked with sijil verify --offline, the roll with sijil audit, and texts
by stock cosign as the README.txt in the folder says.

With --tiles, write the log itself instead, as static files that any web server
can publish and any C2SP tlog-tiles client can read: checkpoint, tiles and entry
bundles. Run again, it adds what is new to the same folder.`,
		Example: "  sijil export --publication river --out river-evidence\n  sijil verify --offline river-evidence forwarded.txt\n  sijil audit river-evidence\n  sijil export --tiles --out /srv/www/log",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.tiles {
				return f.exportTiles(cmd.Context(), env)
			}
			return runExport(cmd.Context(), env, f)
		},
	}
	c.Flags().StringVar(&f.server, "server", "", "the service's `URL` (default: the trust file's)")
	c.Flags().StringVar(&f.publication, "publication", "", "the publication's `SLUG` (default: the one that is pinned)")
	c.Flags().StringVar(&f.trust, "trust", "", "the trust `FILE` (default: $XDG_CONFIG_HOME/sijil/trust.json)")
	c.Flags().StringVar(&f.out, "out", "", "write the folder `DIR`; it must not exist, except with --tiles")
	c.Flags().BoolVar(&f.tiles, "tiles", false, "write the whole log as static tiles")
	c.Flags().BoolVar(&f.noRoll, "no-roll", false, "leave out the roll of endorsers")
	c.MarkFlagsMutuallyExclusive("tiles", "publication")
	c.MarkFlagsMutuallyExclusive("tiles", "no-roll")
	c.MarkFlagRequired("out")
	return c
}

// exportTiles writes the log as a static tree.
func (f exportFlags) exportTiles(ctx context.Context, env Env) error {
	from := f.server
	if from == "" {
		trust, err := env.loadTrust(f.trust)
		if err != nil {
			return err
		}
		from = trust.BaseURL()
	}
	return mirrorFlags{trust: f.trust}.run(ctx, env, from, f.out, true)
}

func runExport(ctx context.Context, env Env, f exportFlags) error {
	trust, err := env.loadTrust(f.trust)
	if err != nil {
		return err
	}
	slug, err := onlySlug(trust, f.publication)
	if err != nil {
		return err
	}
	if _, err := os.Lstat(f.out); err == nil {
		return withHint(fmt.Errorf("%s exists", f.out), "export writes a new folder each time: choose another name")
	}
	got, err := f.write(ctx, env, trust, slug)
	var bad *evidence.Misbehaviour
	if errors.As(err, &bad) {
		return verifyFlags{}.reportMisbehaviour(env, trust, "", slug, bad)
	}
	if err != nil {
		return err
	}
	of := ""
	if got.batches > 0 {
		of = fmt.Sprintf(", with its roll of endorsers (batches: %d)", got.batches)
	}
	fmt.Fprintf(env.Stdout, "wrote %s: %d records of %q%s, to be checked with `sijil verify --offline %s COPY`\n", f.out, got.records, slug, of, f.out)
	return nil
}
