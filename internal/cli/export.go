package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/keys"
)

type exportFlags struct {
	server, publication, trust, out string
	tiles                           bool
}

func newExport(env Env) *cobra.Command {
	var f exportFlags
	c := &cobra.Command{
		Use:   "export --out DIR",
		Short: "Write a folder of evidence that can be checked offline",
		Long: `Fetch and verify a publication, and write everything that proves it into one
folder: texts, signatory lists, bundles, head, checkpoint and trust file. The
folder is checked with sijil verify --offline, or by stock cosign as the README.txt
in it says.

With --tiles, write the log itself instead, as static files that any web server
can publish and any C2SP tlog-tiles client can read: checkpoint, tiles and entry
bundles. Run again, it adds what is new to the same folder.`,
		Example: "  sijil export --publication river --out river-evidence\n  sijil verify --offline river-evidence forwarded.txt\n  sijil export --tiles --out /srv/www/log",
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
	c.MarkFlagsMutuallyExclusive("tiles", "publication")
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
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
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
	pub, err := f.snapshot(ctx, env, trust, slug)
	var bad *evidence.Misbehaviour
	if errors.As(err, &bad) {
		return verifyFlags{}.reportMisbehaviour(env, trust, "", slug, bad)
	}
	if err != nil {
		return err
	}
	if err := writeEvidence(f.out, pub, trust); err != nil {
		return err
	}
	fmt.Fprintf(env.Stdout, "wrote %s: %d records of %q, to be checked with `sijil verify --offline %s COPY`\n", f.out, len(pub.Records()), slug, f.out)
	return nil
}

// snapshot opens the publication until all its proofs lead to one checkpoint:
// a busy log grows between two answers, and a folder has no tiles to bridge it.
func (f exportFlags) snapshot(ctx context.Context, env Env, trust *keys.Trust, slug string) (*evidence.Publication, error) {
	const tries = 10
	v := verifyFlags{server: f.server}
	state, err := env.state(trust)
	if err != nil {
		return nil, err
	}
	memory, err := state.Load()
	if err != nil {
		return nil, err
	}
	for range tries {
		src, o, err := v.source(env, trust, slug, memory)
		if err != nil {
			return nil, err
		}
		pub, err := evidence.Open(ctx, src, o)
		if err != nil {
			return nil, err
		}
		memory = pub.Remember(memory)
		if err := state.Save(memory); err != nil {
			return nil, err
		}
		if pub.OneTree() {
			return pub, nil
		}
	}
	return nil, withHint(fmt.Errorf("the log grew during each of %d tries", tries), "try again in a quieter moment")
}

// writeEvidence writes the folder under another name and renames it when it is
// whole, so that a folder of the name asked for is always complete.
func writeEvidence(dir string, pub *evidence.Publication, trust *keys.Trust) error {
	parent := filepath.Dir(filepath.Clean(dir))
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return err
	}
	temp, err := os.MkdirTemp(parent, ".sijil-export-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	files, err := pub.Pack(trust)
	if err != nil {
		return err
	}
	for name, b := range files {
		path := filepath.Join(temp, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := createFile(path, b, 0o644); err != nil {
			return err
		}
	}
	if err := os.Chmod(temp, 0o755); err != nil {
		return err
	}
	return os.Rename(temp, dir)
}
