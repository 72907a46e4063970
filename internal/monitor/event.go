package monitor

import (
	"strings"
	"unicode"

	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/internal/jcs"
	"github.com/sijil/sijil/log"
)

// Type is the stable name of a kind of event. docs/formats/monitor.md is normative; a
// test holds the two together.
type Type string

// The types.
const (
	Following    Type = "following"
	Published    Type = "publication"
	Version      Type = "version"
	Retraction   Type = "retraction"
	PolicyChange Type = "policy"
	Recovery     Type = "recovery"
	Redaction    Type = "redaction"
	Proposal     Type = "proposal"
	Enrolment    Type = "enrolment"
	Endorsement  Type = "endorsement"
	Withdrawal   Type = "withdrawal"
	Denial       Type = "denial"
	Silent       Type = "silent"
	Batch        Type = "batch"
	Named        Type = "named"
	Finding      Type = "finding"
	Resolved     Type = "resolved"
	Misbehaviour Type = "misbehaviour"
	Frozen       Type = "frozen"
	Stale        Type = "stale"
	Fresh        Type = "fresh"
	Unreachable  Type = "unreachable"
	Reachable    Type = "reachable"
)

// Types lists all types in the order of the documentation.
func Types() []Type {
	return []Type{Following, Published, Version, Retraction, PolicyChange, Recovery, Redaction, Proposal, Enrolment, Endorsement, Withdrawal, Denial, Silent,
		Batch, Named, Finding, Resolved, Misbehaviour, Frozen, Stale, Fresh, Unreachable, Reachable}
}

// Event is one thing that happened.
type Event struct {
	ID      string     `json:"id"` // the same whenever the same thing is told
	Type    Type       `json:"type"`
	At      string     `json:"at"` // when the monitor saw it, RFC 3339 UTC
	Log     string     `json:"log"`
	LogKey  log.Digest `json:"log_key"`
	Service string     `json:"service"` // its address
	Summary string     `json:"summary"` // one line for people
	// TreeSize of the newest verified checkpoint; -1 without one.
	TreeSize int64 `json:"tree_size"`

	// Of what happened in a publication.
	Publication string      `json:"publication,omitempty"` // slug
	Genesis     *log.Digest `json:"genesis,omitempty"`
	Trust       string      `json:"trust,omitempty"` // "pinned" by the trust file, or "listed" by the service
	Record      *log.Digest `json:"record,omitempty"`
	LogIndex    *int64      `json:"log_index,omitempty"`
	Sequence    *int64      `json:"sequence,omitempty"`
	Issued      string      `json:"issued,omitempty"` // the signer's word
	Reason      string      `json:"reason,omitempty"` // in the signer's words

	Version   int               `json:"version,omitempty"`
	Title     map[string]string `json:"title,omitempty"`
	Kind      string            `json:"kind,omitempty"` // of a proposal
	Have      int               `json:"have,omitempty"`
	Want      int               `json:"want,omitempty"`
	KeysIn    []log.Digest      `json:"keys_in,omitempty"`
	KeysOut   []log.Digest      `json:"keys_out,omitempty"`
	Threshold *Change           `json:"threshold,omitempty"`
	Days      int               `json:"days,omitempty"` // of a recovery

	Entry       string  `json:"entry,omitempty"` // commitment
	Position    int     `json:"position,omitempty"`
	Name        string  `json:"name,omitempty"`
	Means       string  `json:"means,omitempty"`
	Domain      string  `json:"domain,omitempty"`
	Known       string  `json:"known,omitempty"` // the entry, as it stood when the monitor looked
	ByPublisher bool    `json:"by_publisher,omitempty"`
	Watched     string  `json:"watched,omitempty"` // the name as it was given
	Names       []Match `json:"names,omitempty"`

	// Of a batch of the roll.
	Change string `json:"change,omitempty"` // as in statement.Batch
	Number int64  `json:"number,omitempty"`
	Count  int    `json:"count,omitempty"` // rows

	Rule     string            `json:"rule,omitempty"`
	Path     string            `json:"path,omitempty"`
	Detail   string            `json:"detail,omitempty"`
	Evidence map[string]string `json:"evidence,omitempty"`
	Finding  string            `json:"finding,omitempty"` // ID of the event that is over

	Proof *evidence.Misbehaviour `json:"proof,omitempty"`
	File  string                 `json:"file,omitempty"`

	Publications *int   `json:"publications,omitempty"`
	Size         *int64 `json:"size,omitempty"`
	Successor    string `json:"successor,omitempty"`
	Cosigned     string `json:"cosigned,omitempty"`
	Since        string `json:"since,omitempty"`
	Error        string `json:"error,omitempty"`
}

// Change is a number before and after.
type Change struct {
	Before int `json:"before"`
	After  int `json:"after"`
}

// Match is a name of a signatory list that is, holds or resembles a watched one.
type Match struct {
	Name     string `json:"name"`
	Position int    `json:"position"` // from 1
	Entry    string `json:"entry"`    // commitment
	How      string `json:"how"`      // see package match
}

// JSON is the event in its one encoding (RFC 8785), on one line without its end.
func (e *Event) JSON() ([]byte, error) { return jcs.Marshal(e) }

// identify makes an event's ID of what it is about.
func identify(key log.Digest, t Type, parts ...string) (string, error) {
	b, err := jcs.Marshal(append([]string{key.String(), string(t)}, parts...))
	if err != nil {
		return "", err
	}
	return log.Sum(b).String(), nil
}

// maxLine bounds what an event repeats of others' words, in runes.
const maxLine = 1000

// line makes one line of somebody's words, without what could steer a terminal or
// reorder what is read.
func line(s string) string {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "\ufffd")), " ")
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || unicode.Is(unicode.Cf, r) && r != 0x200c && r != 0x200d {
			return unicode.ReplacementChar
		}
		return r
	}, s)
	if r := []rune(s); len(r) > maxLine {
		s = string(r[:maxLine]) + "…"
	}
	return s
}

// quote sets a name off from the line around it.
func quote(s string) string { return "“\u2068" + line(s) + "\u2069”" }
