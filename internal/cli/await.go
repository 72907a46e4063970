package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/internal/publisher"
	"github.com/sijil/sijil/log"
)

// await waits until readers are shown what was published, where their trust
// files ask for witnesses. That it takes long is no failure: the record is in
// the log.
func (f publishFlags) await(ctx context.Context, env Env, p *publisher.Publisher, res *publisher.Result) error {
	if !p.Open.Trust.Policy().Quorum() {
		return nil
	}
	fmt.Fprintln(env.Stderr, "waiting for the witnesses …")
	pub, err := shown(ctx, p, res.Record, f.wait)
	if err != nil {
		return err
	}
	if pub == nil {
		fmt.Fprintf(env.Stdout, "witness: not yet; readers see it as soon as the quorum has cosigned it\n")
		return nil
	}
	fmt.Fprintf(env.Stdout, "witness: cosigned by %d; readers see it now\n", pub.Checkpoint().Witnesses())
	state, err := env.state(p.Open.Trust)
	if err != nil {
		return err
	}
	memory, err := state.Load()
	if err != nil {
		return err
	}
	return state.Save(pub.Remember(memory))
}

// shown asks every half second; nil when it is not shown in time.
func shown(ctx context.Context, p *publisher.Publisher, record log.Digest, wait time.Duration) (*evidence.Publication, error) {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		pub, err := p.Shown(ctx, record)
		if ctx.Err() != nil {
			return nil, nil
		}
		if err != nil || pub != nil {
			return pub, err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, nil
		}
	}
}
