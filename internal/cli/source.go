package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sijil/sijil/internal/evidence"
)

// sourceFlags say where a publication is read from, and whom to trust.
type sourceFlags struct {
	server, offline, trust string
	json                   bool
}

func (f *sourceFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.server, "server", "", "the service's `URL` (default: the trust file's)")
	c.Flags().StringVar(&f.offline, "offline", "", "read from the folder `DIR`, which sijil export or sijil mirror wrote, and ask no network")
	c.Flags().StringVar(&f.trust, "trust", "", "the trust `FILE` (default: $XDG_CONFIG_HOME/sijil/trust.json)")
	c.Flags().BoolVar(&f.json, "json", false, "print one JSON object")
	c.MarkFlagsMutuallyExclusive("server", "offline")
}

// opened is a publication that was verified, and how.
type opened struct {
	*evidence.Publication
	trust string // pinned or first-use
	asOf  string // when this was the newest there is; "" where nobody can say
}

// open fetches and verifies a publication, as verify does.
func (f sourceFlags) open(ctx context.Context, env Env, slug string) (*opened, error) {
	v := verifyFlags{trust: f.trust, server: f.server, offline: f.offline}
	trust, word, err := v.loadTrust(env)
	if err != nil {
		return nil, err
	}
	if slug, err = onlySlug(trust, slug); err != nil {
		return nil, err
	}
	state, err := env.state(trust)
	if err != nil {
		return nil, err
	}
	memory, err := state.Load()
	if err != nil {
		return nil, err
	}
	src, o, err := v.source(env, trust, slug, memory)
	if err != nil {
		return nil, &statusError{code: exitUsage, err: err}
	}
	pub, err := evidence.Open(ctx, src, o)
	var bad *evidence.Misbehaviour
	if errors.As(err, &bad) {
		return nil, misbehaved(env, trust, bad)
	}
	if err != nil {
		return nil, withHint(&statusError{code: exitUnchecked, err: err}, "%s", strings.TrimSuffix(evidence.Unchecked(slug, err).Reason.Hint, "; nothing is known about the copy"))
	}
	if err := state.Save(pub.Remember(memory)); err != nil {
		fmt.Fprintf(env.Stderr, "sijil: warning: what was seen of the log cannot be remembered: %v\n", err)
	}
	if word == "" {
		if word, err = trustWord(state, trust, slug); err != nil {
			return nil, err
		}
	}
	out := &opened{Publication: pub, trust: word}
	if v.offline == "" && pub.Fresh() {
		out.asOf = env.Clock().UTC().Truncate(time.Second).Format(time.RFC3339)
	}
	return out, nil
}
