package audit

import (
	"cmp"
	"slices"
	"strings"

	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/log"
)

// maxFindings bounds the findings of one rule that a report lists; more are
// counted.
const maxFindings = 1000

// Finding is one thing that is wrong.
type Finding struct {
	Rule        Rule              `json:"rule"`
	Index       int64             `json:"index"`       // in the log; -1 if it is not about one entry
	Path        string            `json:"path"`        // of the document, as the source has it
	Publication string            `json:"publication"` // its slug; empty if it is about the log
	Detail      string            `json:"detail"`
	Evidence    map[string]string `json:"evidence"` // digests, indices and keys to look further with
}

// Outcomes of an audit.
const (
	Clean       = "clean"
	Found       = "findings"
	Incomplete  = "incomplete"   // it could not be finished; what was checked is clean
	Misbehaving = "misbehaviour" // there is proof that the log broke its promise
)

// Report is the result of an audit.
type Report struct {
	Outcome      string         `json:"outcome"`
	Log          string         `json:"log"`
	LogKey       log.Digest     `json:"log_key"`
	TreeSize     int64          `json:"tree_size"` // -1 without a checkpoint
	Root         string         `json:"root"`      // base64
	Witnesses    int            `json:"witnesses"`
	Entries      Entries        `json:"entries"`
	Publications []Publication  `json:"publications"`
	Findings     []Finding      `json:"findings"`
	Counts       map[Rule]int64 `json:"counts"` // of all findings, also those not listed
	NotChecked   []string       `json:"not_checked"`
	Notices      []string       `json:"notices"`
	Reason       string         `json:"reason"` // why it is incomplete

	Misbehaviour []*evidence.Misbehaviour `json:"misbehaviour"`
}

// Entries counts the log's entries.
type Entries struct {
	Checked int64 `json:"checked"` // read now
	Earlier int64 `json:"earlier"` // checked by an earlier audit, and proved to be in this tree
}

// Publication says what was audited of one publication.
type Publication struct {
	Slug    string     `json:"slug"`
	Genesis log.Digest `json:"genesis"` // zero if none could be read
	Trust   string     `json:"trust"`   // "pinned" by the trust file, or "listed" by the source alone
	Records int        `json:"records"`
	Head    int64      `json:"head"` // log index of the newest record; -1 without a head
	// Claims are statements that signatories signed, Sightings what the service signed
	// that it saw: observed, and not proved.
	Claims    int `json:"claims"`
	Sightings int `json:"sightings"`
	// Batches of the roll, the rows that they add, and how many of these have a signature
	// that was verified.
	Batches         int   `json:"batches"`
	Endorsers       int64 `json:"endorsers"`
	EndorsersSigned int64 `json:"endorsers_signed"`
}

func newReport(p log.Policy, key log.Digest) *Report {
	return &Report{Outcome: Clean, Log: p.Origin(), LogKey: key, TreeSize: -1, Publications: []Publication{}, Findings: []Finding{},
		Counts: map[Rule]int64{}, NotChecked: []string{}, Notices: []string{}, Misbehaviour: []*evidence.Misbehaviour{}}
}

func (r *Report) add(f Finding) {
	if r.Counts[f.Rule]++; r.Counts[f.Rule] > maxFindings {
		return
	}
	if f.Evidence == nil {
		f.Evidence = map[string]string{}
	}
	f.Detail = clip(f.Detail)
	r.Findings = append(r.Findings, f)
}

// finish sorts the findings, the log's before the publications', and settles
// the outcome.
func (r *Report) finish() {
	slices.SortStableFunc(r.Findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Publication, b.Publication), cmp.Compare(a.Rule.order(), b.Rule.order()), cmp.Compare(a.Index, b.Index), cmp.Compare(a.Path, b.Path))
	})
	switch {
	case len(r.Misbehaviour) > 0:
		r.Outcome = Misbehaving
	case len(r.Findings) > 0:
		r.Outcome = Found
	case r.Reason != "":
		r.Outcome = Incomplete
	}
}

// clip bounds what a report repeats of its input.
func clip(s string) string {
	const most = 600
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
