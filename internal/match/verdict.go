// Package match compares a copy with the published versions and says what it is:
// the verdict.
//
// It is a pure function of the publications that were put into an [Index] and of
// the copy's bytes. It trusts what it is given: whether a published text is really
// the publisher's is decided elsewhere, and so are the fields of a [Verdict] that
// speak of the log, of trust and of being current.
//
// For instance, of the published text (version 1, English)
//
//	Call for water
//	Open the seven gates.
//
// the copy "Call for water\n• Open the nine gates." has the verdict altered, with
// one change: op replace, class number, published "seven", copy "nine", at 27,
// published_at 24.
//
// The text and the signatory list have verdicts of their own, and the headline is
// the worse of the two. docs/formats/verdict.md is the normative description,
// docs/formats/verdict.schema.json its schema.
package match

import "slices"

// Headline verdicts.
const (
	Identical  = "identical"
	Authentic  = "authentic"
	Excerpt    = "excerpt"
	Consistent = "consistent" // a picture, as far as it can be read
	Altered    = "altered"
	Unknown    = "unknown"
	Unchecked  = "unchecked"
)

// Values of Verdict.Current.
const (
	CurrentYes          = "yes"
	CurrentNo           = "no"
	CurrentUndetermined = "undetermined"
)

// Values of Verdict.Trust. The empty string stands only where no trust has been
// settled yet.
const (
	TrustPinned   = "pinned"
	TrustFirstUse = "first-use"
	TrustServer   = "server" // the pins came from the server that answered
)

// Codes of Reason.
const (
	ReasonEmpty         = "empty"
	ReasonTooLarge      = "too-large"
	ReasonInvalidUTF8   = "invalid-utf8"
	ReasonNUL           = "nul-byte"
	ReasonMarks         = "too-many-marks"
	ReasonTokens        = "too-many-tokens"
	ReasonUnreadable    = "unreadable"
	ReasonWithheld      = "withheld-names"
	ReasonNoRecord      = "no-record"
	ReasonNotSimilar    = "not-similar"
	ReasonTooShort      = "too-short"
	ReasonNoPublication = "no-publication"
	ReasonHidden        = "hidden-content"
)

// A Verdict is what the verifier says of a copy, with its evidence. Its JSON form
// is normative: docs/formats/verdict.schema.json. No array in it is null.
type Verdict struct {
	Verdict     string `json:"verdict"`
	Publication string `json:"publication"` // slug
	Genesis     string `json:"genesis"`     // "sha256:…", the publication's true name
	Log         string `json:"log"`         // filled by the caller
	Trust       string `json:"trust"`       // filled by the caller
	Version     int    `json:"version"`     // 0 when no version is named
	// AlsoMatches are the other versions that match equally, in text and list.
	AlsoMatches   []VersionRef  `json:"also_matches"`
	Languages     []string      `json:"languages"` // found in the copy, in its order
	Current       string        `json:"current"`   // filled by the caller
	AsOf          string        `json:"as_of"`     // filled by the caller, RFC 3339
	LatestVersion int           `json:"latest_version"`
	Retracted     bool          `json:"retracted"`
	Similarity    float64       `json:"similarity"`
	Changes       []Change      `json:"changes"`
	Signatories   Signatories   `json:"signatories"`
	Surroundings  []Surrounding `json:"surroundings"`
	Tolerances    []string      `json:"tolerances"`
	Warnings      []Warning     `json:"warnings"`
	Evidence      Evidence      `json:"evidence"` // filled by the caller
	Reason        Reason        `json:"reason"`
}

// A VersionRef names a version of a publication.
type VersionRef struct {
	Publication string `json:"publication"`
	Genesis     string `json:"genesis"`
	Version     int    `json:"version"`
}

// Ops of changes.
const (
	OpReplace = "replace"
	OpInsert  = "insert"
	OpDelete  = "delete"
	OpMove    = "move"
)

// Classes of changes, the gravest first.
const (
	ClassHidden      = "hidden"
	ClassLookalike   = "lookalike"
	ClassOmission    = "omission"
	ClassAddition    = "addition"
	ClassNegation    = "negation"
	ClassDate        = "date"
	ClassNumber      = "number"
	ClassPunctuation = "punctuation"
	ClassCase        = "case"
	ClassAccent      = "accent"
	ClassOrder       = "order"
	ClassName        = "name"
	ClassWording     = "wording"
)

// A Change is one difference between the copy and the published text.
type Change struct {
	Op        string `json:"op"`
	Class     string `json:"class"`
	Published string `json:"published"` // "" for an insertion
	Copy      string `json:"copy"`      // "" for a deletion; invisible characters as <U+202E>
	// At is the byte offset into the copy where Copy stands, or where the deleted
	// words are missing. PublishedAt is the same in the published text file.
	At          int `json:"at"`
	PublishedAt int `json:"published_at"`
}

// Values of Signatories.Status.
const (
	ListSame         = "same"
	ListAltered      = "altered"
	ListAbsent       = "absent"
	ListUndetermined = "undetermined"
)

// Signatories is the verdict on the list.
type Signatories struct {
	Status string `json:"status"`
	// Added are items of the copy that stand for no name of the list; with the
	// status undetermined, those that may be withheld names.
	Added    []AddedName   `json:"added"`
	Missing  []MissingName `json:"missing"`
	Changed  []ChangedName `json:"changed"`
	Withheld int           `json:"withheld"` // names the published list withholds
	Known    Known         `json:"known"`
}

// AddedName is an item of the copy at byte offset At.
type AddedName struct {
	Name string `json:"name"`
	At   int    `json:"at"`
}

// MissingName is the name at Position (from 0) of the published list.
type MissingName struct {
	Name     string `json:"name"`
	Position int    `json:"position"`
}

// ChangedName pairs an item of the copy with the name it comes from.
type ChangedName struct {
	Published string `json:"published"`
	Copy      string `json:"copy"`
	At        int    `json:"at"`
	Position  int    `json:"position"`
}

// Known counts the signatories of the version by what is known of them. This
// package fills Listed; the caller, who knows the endorsements, the rest.
type Known struct {
	Listed          int `json:"listed"`
	ConfirmedDomain int `json:"confirmed-domain"`
	ConfirmedMail   int `json:"confirmed-mail"`
	Signed          int `json:"signed"`
	Withdrawn       int `json:"withdrawn,omitempty"`
	Denied          int `json:"denied,omitempty"`
}

// A Surrounding is matter of the copy before or after the text, on its own lines.
type Surrounding struct {
	Text string `json:"text"`
	At   int    `json:"at"`
}

// A Warning is something the reader of the copy may not see.
type Warning struct {
	Code   string `json:"code"`
	At     int    `json:"at"`
	Detail string `json:"detail"`
}

// Warnings of this package; those of package text are passed on.
const (
	WarnMidSentence = "mid-sentence"
	WarnSpacing     = "spacing"
	// WarnOtherSignatories is a heading of signing with names beside the declaration:
	// who is named there is no signatory of it.
	WarnOtherSignatories = "other-signatories"
	// WarnDoubtful is a word of a picture that was not read with confidence, and
	// differs.
	WarnDoubtful = "doubtful-word"
	// WarnNotWitnessed is a service's: the version is in the log, and not yet in
	// the tree that readers are shown.
	WarnNotWitnessed = "not-witnessed"
)

// Evidence is where the version's record stands in the log.
type Evidence struct {
	LogIndex  int64  `json:"log_index"`
	TreeSize  int64  `json:"tree_size"`
	Record    string `json:"record"`
	Witnesses int    `json:"witnesses"`
}

// Reason says why a copy is unchecked or unknown, and what to do about it.
type Reason struct {
	Code   string `json:"code"`
	Detail string `json:"detail"`
	Hint   string `json:"hint"`
}

// NamesOthers reports whether the copy names signatories beside the declaration, who are
// none of it: no headline may be without that.
func (v *Verdict) NamesOthers() bool {
	return slices.ContainsFunc(v.Warnings, func(w Warning) bool { return w.Code == WarnOtherSignatories })
}

// ExitCode is the tool's exit status for the verdict: 0, 1 or 3.
func (v *Verdict) ExitCode() int {
	switch v.Verdict {
	case Identical, Authentic, Excerpt:
		if v.Retracted {
			return 1
		}
		return 0
	case Altered, Unknown:
		return 1
	}
	return 3
}

// newVerdict returns a verdict that claims nothing.
func newVerdict(headline string) *Verdict {
	return &Verdict{
		Verdict:     headline,
		AlsoMatches: []VersionRef{},
		Languages:   []string{},
		Current:     CurrentUndetermined,
		Changes:     []Change{},
		Signatories: Signatories{
			Status:  ListAbsent,
			Added:   []AddedName{},
			Missing: []MissingName{},
			Changed: []ChangedName{},
		},
		Surroundings: []Surrounding{},
		Tolerances:   []string{},
		Warnings:     []Warning{},
	}
}
