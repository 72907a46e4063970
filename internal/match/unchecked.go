package match

import (
	"errors"

	"github.com/sijil/sijil/internal/extract"
)

// Codes of Reason that callers use, who know about logs and networks.
const (
	ReasonUnreachable = "unreachable"
	ReasonDamaged     = "damaged-evidence"
	ReasonMisbehaved  = "log-misbehaved"
	ReasonNotPinned   = "not-pinned"
	ReasonNotFresh    = "not-fresh"
	ReasonQuorum      = "no-quorum"
	ReasonStale       = "stale-log"
	ReasonNoLead      = "no-lead"
)

// NewUnchecked returns the verdict for a copy that could not be checked: why,
// and what to do.
func NewUnchecked(code, detail, hint string) *Verdict {
	v := newVerdict(Unchecked)
	v.Reason = Reason{Code: code, Detail: detail, Hint: hint}
	return v
}

// NewNoLead returns the verdict for a copy of which a look-up by fingerprints at
// the service found no source. That is the service's word alone, and finds whole
// passages only: it does not make the copy unknown.
func NewNoLead(service string) *Verdict {
	return NewUnchecked(ReasonNoLead, "the look-up at "+service+" names no publication that shares a passage of fifteen words with the copy",
		"name the publication with --publication, if you know where the copy should come from")
}

// NotRead returns the verdict for a file of which nothing could be extracted.
func NotRead(err error) *Verdict {
	var e *extract.Error
	if !errors.As(err, &e) {
		return NewUnchecked(ReasonUnreadable, "the file cannot be read", hints[ReasonUnreadable])
	}
	return NewUnchecked(e.Code, e.Detail, e.Hint)
}
