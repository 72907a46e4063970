package match

// Codes of Reason that callers use, who know about logs and networks.
const (
	ReasonUnreachable = "unreachable"
	ReasonDamaged     = "damaged-evidence"
	ReasonMisbehaved  = "log-misbehaved"
	ReasonNotPinned   = "not-pinned"
	ReasonNotFresh    = "not-fresh"
	ReasonQuorum      = "no-quorum"
	ReasonStale       = "stale-log"
	ReasonForm        = "unsupported-form"
)

// NewUnchecked returns the verdict for a copy that could not be checked: why,
// and what to do.
func NewUnchecked(code, detail, hint string) *Verdict {
	v := newVerdict(Unchecked)
	v.Reason = Reason{Code: code, Detail: detail, Hint: hint}
	return v
}
