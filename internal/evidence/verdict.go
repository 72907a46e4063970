package evidence

import (
	"errors"
	"fmt"
	"time"

	"github.com/sijil/sijil/internal/endorsement"
	"github.com/sijil/sijil/internal/extract"
	"github.com/sijil/sijil/internal/match"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/keys"
)

// Check compares a copy with the verified versions and returns the verdict with
// its evidence. trust is "pinned" or "first-use"; now is the time at which the
// documents were fetched, or zero when they came from an exported folder: then
// nobody here can say what is current.
func (p *Publication) Check(copy *extract.Copy, trust string, now time.Time) (*match.Verdict, error) {
	pub := match.Publication{Slug: p.slug, Genesis: p.Genesis().String()}
	for _, r := range p.records {
		if r.Edition == nil {
			continue
		}
		version := r.Edition.ForMatch()
		_, version.Retracted = p.Retraction(version.Number)
		pub.Versions = append(pub.Versions, version)
	}
	x := match.NewLocalIndex()
	if len(pub.Versions) > 0 {
		if err := x.Put(pub); err != nil {
			return nil, fmt.Errorf("prepare: %w", err)
		}
	}
	v := x.CheckCopy(copy, p.slug)
	p.Attach(v, trust, now)
	return v, nil
}

// Attach fills in what the matcher cannot know: log, trust, currency and
// evidence. A retracted version is never current, and a version that was
// replaced never is again.
func (p *Publication) Attach(v *match.Verdict, trust string, now time.Time) {
	v.Publication, v.Genesis = p.slug, p.Genesis().String()
	v.Log, v.Trust = p.checkpoint.Origin(), trust
	if latest, ok := p.Latest(); ok {
		v.LatestVersion = latest.Edition.Statement().Version
	}
	v.Evidence.TreeSize = p.checkpoint.Size()
	v.Evidence.Witnesses = p.checkpoint.Witnesses()
	if !now.IsZero() && p.fresh {
		v.AsOf = now.UTC().Truncate(time.Second).Format(time.RFC3339)
	}
	v.Current = match.CurrentUndetermined
	if v.Verdict == match.Unknown && v.AsOf == "" {
		// Only a fresh view of the log can say that nothing is recorded.
		v.Verdict = match.Unchecked
		v.Reason = match.Reason{Code: match.ReasonNotFresh,
			Detail: "no version here is the source of the copy, and this is not a fresh view of the log: a newer version may be",
			Hint:   "check again with a connection to the service"}
	}
	if v.Version == 0 {
		return
	}
	_, v.Retracted = p.Retraction(v.Version)
	if r, ok := p.Version(v.Version); ok {
		v.Signatories.Known = endorsement.ForVerdict(p.book.Version(v.Version), r.Edition.List())
	}
	switch {
	case v.Version < v.LatestVersion || v.Retracted:
		v.Current = match.CurrentNo
	case v.AsOf != "":
		v.Current = match.CurrentYes
	}
	for _, r := range p.records {
		if s, ok := r.Statement.(*statement.Version); ok && s.Version == v.Version {
			v.Evidence.LogIndex, v.Evidence.Record = r.Index, r.Digest().String()
		}
	}
}

// Unchecked returns the verdict for a copy that could not be checked, with the
// cause of an Open that failed, why and what to do. *Misbehaviour is for the
// caller: it is more than an unchecked copy.
func Unchecked(slug string, err error) *match.Verdict {
	v := match.NewUnchecked(match.ReasonUnreachable, err.Error(), "check the network and the address, then try again; nothing is known about the copy")
	v.Publication = slug
	var damaged *DamagedError
	var bad *Misbehaviour
	var stale *StaleError
	var quorum *keys.QuorumError
	switch {
	case errors.As(err, &bad):
		v.Reason.Code, v.Reason.Hint = match.ReasonMisbehaved, "keep the proof and show it to the operator, the publisher and other readers; trust nothing this log says until it is explained"
	case errors.As(err, &stale):
		v.Reason.Code, v.Reason.Hint = match.ReasonStale, "a newer version may be withheld from you: try again later, from another network, or ask the operator why no witness has seen the log"
	case errors.As(err, &quorum):
		v.Reason.Code, v.Reason.Hint = match.ReasonQuorum, "fewer witnesses than your trust file asks for have seen this: try again later, or ask the operator"
	case errors.As(err, &damaged):
		v.Reason.Code, v.Reason.Hint = match.ReasonDamaged, "the service or folder gave a document that does not verify; try again later, ask the operator, or use an exported folder"
	case errors.Is(err, ErrNotPinned):
		v.Reason.Code, v.Reason.Hint = match.ReasonNotPinned, "pin the publication first: `sijil trust init URL --publication "+slug+"`"
	}
	return v
}
