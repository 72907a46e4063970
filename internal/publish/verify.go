package publish

import (
	"context"
	"time"

	"github.com/sijil/sijil/internal/match"
)

// Verify compares a copy with what was published under slug, or with
// everything where slug is empty. It keeps nothing of the copy. The verdict is
// this service's word: readers who check for themselves use their own pins.
func (s *Service) Verify(_ context.Context, slug string, copied []byte) *match.Verdict {
	v := s.index.Check(copied, slug)
	c := s.Tree.Latest()
	v.Log, v.Trust = s.name.Origin, match.TrustServer
	v.Evidence.TreeSize = c.Size
	v.AsOf = s.Clock().UTC().Truncate(time.Second).Format(time.RFC3339)
	v.Current = match.CurrentUndetermined
	if v.Version == 0 {
		return v
	}
	v.Current = match.CurrentNo
	if v.Version == v.LatestVersion && !v.Retracted {
		v.Current = match.CurrentYes
	}
	if p, err := s.find(v.Publication); err == nil {
		if e, ok := p.version(v.Version); ok {
			v.Evidence.LogIndex, v.Evidence.Record = e.index, e.record.Digest().String()
		}
	}
	return v
}
