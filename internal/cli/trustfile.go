package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/sijil/sijil/internal/clientstate"
	"github.com/sijil/sijil/internal/durable"
	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/internal/match"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
	"github.com/sijil/sijil/log/client"
)

const maxTrustFile = 4 << 20

// trustPath returns where the trust file is: the flag, or
// $XDG_CONFIG_HOME/sijil/trust.json.
func (e Env) trustPath(flag string) (string, error) {
	if flag != "" {
		return flag, nil
	}
	base := e.Getenv("XDG_CONFIG_HOME")
	if !filepath.IsAbs(base) {
		home := e.Getenv("HOME")
		if home == "" {
			return "", usage("neither XDG_CONFIG_HOME nor HOME is set: say where the trust file is with --trust")
		}
		base = filepath.Join(home, ".config")
	}
	return filepath.Join(base, "sijil", "trust.json"), nil
}

func (e Env) loadTrust(flag string) (*keys.Trust, error) {
	path, err := e.trustPath(flag)
	if err != nil {
		return nil, err
	}
	b, err := readFile(path, maxTrustFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, withHint(&statusError{code: exitUsage, err: fmt.Errorf("there is no trust file %s", path)},
			"make one with `sijil trust init URL`, or name yours with --trust")
	}
	if err != nil {
		return nil, err
	}
	t, err := keys.ParseTrust(b)
	if err != nil {
		return nil, withHint(fmt.Errorf("%s: %w", path, err), "get the file again from whoever gave it to you, or make it anew with `sijil trust init URL`")
	}
	return t, nil
}

func saveTrust(path string, t *keys.Trust) error {
	b, err := t.Marshal()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return durable.Replace(path, b, 0o644)
}

// state opens what this machine remembers of the log.
func (e Env) state(t *keys.Trust) (*clientstate.Dir, error) {
	base, err := clientstate.Base(e.Getenv)
	if err != nil {
		return nil, err
	}
	return clientstate.Open(base, t.Policy().Log().ID()), nil
}

// trustWord says how well the pins are known: "first-use" until log key and
// genesis were compared out of band.
func trustWord(d *clientstate.Dir, t *keys.Trust, slug string) (string, error) {
	genesis, _ := t.Genesis(slug)
	return trustWordOf(d, t, genesis)
}

// trustWordOf says whether the log, its policy and one more pin were compared.
func trustWordOf(d *clientstate.Dir, t *keys.Trust, pin log.Digest) (string, error) {
	list, err := d.FirstUse()
	if err != nil {
		return "", err
	}
	for _, print := range []log.Digest{t.Policy().Log().ID(), t.Policy().Fingerprint(), pin} {
		if slices.Contains(list, print.String()) {
			return match.TrustFirstUse, nil
		}
	}
	return match.TrustPinned, nil
}

// options returns how to open evidence from a service: with the machine's
// memory, and consistency proofs from the service's tiles.
func (e Env) options(t *keys.Trust, slug string, src client.Fetcher, memory evidence.Memory) evidence.Options {
	return evidence.Options{
		Trust: t, Slug: slug, Memory: memory, Now: e.Clock(),
		Consistent: func(ctx context.Context, old, new *log.Checkpoint) error {
			err := client.Consistency(ctx, src, tree(old), tree(new))
			var bad *client.InconsistentError
			if errors.As(err, &bad) {
				return &evidence.InconsistentError{Have: bad.Have, Proof: bad.Proof}
			}
			return err
		},
	}
}

func tree(c *log.Checkpoint) client.Tree { return client.Tree{Size: uint64(c.Size()), Root: c.Root()} }

// onlySlug returns the publication that was named, or the one that is pinned.
func onlySlug(t *keys.Trust, flag string) (string, error) {
	if flag != "" {
		return flag, nil
	}
	switch n, only := t.Slugs(); n {
	case 1:
		return only, nil
	case 0:
		return "", withHint(usage("the trust file pins no publication"), "pin one with `sijil trust init URL --publication SLUG`")
	default:
		return "", usage("the trust file pins %d publications: name one with --publication, or find it with --search", n)
	}
}
