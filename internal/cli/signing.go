package cli

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/sijil/sijil/internal/publisher"
	"github.com/sijil/sijil/keys"
)

// addSigning adds the flags of every command by which a publisher signs.
func (f *publishFlags) addSigning(c *cobra.Command) {
	c.Flags().StringVar(&f.server, "server", "", "the service's `URL` (default: the trust file's)")
	c.Flags().StringVar(&f.trust, "trust", "", "the trust `FILE` (default: $XDG_CONFIG_HOME/sijil/trust.json)")
	c.Flags().StringVar(&f.key, "key", "sijil.key", keyUsage)
	f.pass.add(c)
}

// pinned reads the name of a publication, a slug or an address, and the trust file,
// which must pin it.
func (f *publishFlags) pinned(env Env, name string) (slug, path string, trust *keys.Trust, err error) {
	slug, server, err := publicationName(name)
	if err != nil {
		return "", "", nil, err
	}
	if f.server == "" {
		f.server = server
	}
	if path, err = env.trustPath(f.trust); err != nil {
		return "", "", nil, err
	}
	if trust, err = env.loadTrust(f.trust); err != nil {
		return "", "", nil, err
	}
	if _, ok := trust.Genesis(slug); !ok {
		return "", "", nil, withHint(fmt.Errorf("%q is not pinned in %s", slug, path), "pin it with `sijil trust init URL --publication %s`", slug)
	}
	return slug, path, trust, nil
}

// signing opens the key. What is signed waits beside what is remembered of the log:
// there is no draft folder to put it into.
func (f *publishFlags) signing(ctx context.Context, env Env, slug, path string, trust *keys.Trust) (*publisher.Publisher, func(*publisher.Result) error, error) {
	signer, err := f.pass.openKey(ctx, env, f.key)
	if err != nil {
		return nil, nil, err
	}
	state, err := env.state(trust)
	if err != nil {
		return nil, nil, err
	}
	return f.publisher(env, trust, path, filepath.Join(state.Path(), "outbox", slug), signer)
}

// sayAwaiting says that a record waits for other signatures.
func sayAwaiting(env Env, slug string, r *publisher.Result) error {
	fmt.Fprintf(env.Stdout, "signed; awaiting %d more: %d of %d signatures are there\nrecord:  %s\ngenesis: %s\nentry:   %d of the log\n",
		r.Want-r.Have, r.Have, r.Want, r.Record, r.Genesis, r.Index)
	fmt.Fprintf(env.Stderr, "nothing has changed yet; whoever holds another key of the publication signs with: sijil cosign %s --key FILE\n", slug)
	return nil
}
