package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/sijil/sijil/internal/metrics"
	"github.com/sijil/sijil/keys"
)

// ready says whether records are accepted, and what is amiss although they are.
func (s *service) ready(ctx context.Context) (notes []string, err error) {
	if s.frozen != nil {
		return []string{"the log is frozen: it is for reading"}, nil
	}
	if err := s.uses.Ready(ctx); err != nil {
		return nil, err
	}
	if q := s.public.State(); q.Missing != nil {
		why := "the witness quorum is not reached" // the whole error names addresses, and is in the log
		var quorum *keys.QuorumError
		if errors.As(q.Missing, &quorum) {
			why = quorum.Error()
		}
		notes = append(notes, fmt.Sprintf("readers are shown %d of %d entries: %s", q.Shown, q.Latest, why))
	}
	return notes, nil
}

// snapshot is what the metrics show.
func (s *service) snapshot() metrics.Snapshot {
	q := s.public.State()
	out := metrics.Snapshot{Latest: q.Latest, Public: q.Shown, QuorumMissing: q.Missing != nil, Cosigned: q.Cosigned,
		Accepting: s.frozen == nil && s.uses.Ready(context.Background()) == nil}
	if c := s.cluster; c != nil {
		out.FrontEnd = &metrics.FrontEnd{Leads: c.leads.Load(), Elections: c.elected.Load()}
	}
	out.Publications, out.Records = s.uses.Count()
	for _, w := range s.witness.States() {
		out.Witnesses = append(out.Witnesses, metrics.Witness{Name: w.Name, Up: w.Err == nil && !w.Seen.IsZero(), Entries: w.Size})
	}
	return out
}
