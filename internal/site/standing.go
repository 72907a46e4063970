package site

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/sijil/sijil/internal/endorsement"
	"github.com/sijil/sijil/internal/publish"
	"github.com/sijil/sijil/internal/roll"
	"github.com/sijil/sijil/internal/statement"
)

// signatoryView is one entry of a version's list: the name, and how it is known.
type signatoryView struct {
	nameView
	knownView
	Number      int // its place in the list, from 1
	Domain      string
	Ways        []wayView
	Left        *leftView
	Unconfirmed bool
}

// knownView says in an icon and a word how an entry is known.
type knownView struct {
	Class, Icon, Word string
	Strong            string // that several ways agree, in words
}

// wayView is one way in which a signatory was seen to endorse, in words: the message ID
// with the domain, and when. Version is that of the endorsement, where it is another one
// with the same text.
type wayView struct {
	ID, Domain, Issued string
	Version            int
	Index              int
	Path               string // of the log entry; may be empty
	Weak, Gone         bool
	LastSeen           string // of a domain
}

// leftView says that a signatory withdrew, or denies.
type leftView struct {
	ID, Issued, Reason string
	Publisher          bool
	Index              int
	Path               string
}

// countView is how many entries are known in one way, with a link to the first of them.
type countView struct {
	knownView
	Path string
}

// Icons of how a signatory is known, as the path data of a 24 by 24 drawing.
var knownIcons = map[endorsement.Known]string{
	endorsement.Signed:          "M4 20h16M6.5 16l1-4L16 3.5 19.5 7 11 15.5z",
	endorsement.ConfirmedMail:   "M3.5 6h17v12h-17zM4 6.5l8 6.5 8-6.5",
	endorsement.ConfirmedDomain: "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17M3.5 12h17M12 3.5c4.5 5 4.5 12 0 17M12 3.5c-4.5 5-4.5 12 0 17",
	roll.Unconfirmed:            "M4 20h9M17.5 20h.1M6.5 16l1-4L16 3.5 19.5 7 11 15.5z",
	endorsement.Listed:          "M9 6h11M9 12h11M9 18h11M4.5 6h.1M4.5 12h.1M4.5 18h.1",
	endorsement.Withdrawn:       "M9.5 6L4 11.5 9.5 17M4.5 11.5H15a5 5 0 0 1 0 9",
	endorsement.Denied:          "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17M6 6l12 12",
	endorsement.Withheld:        "M5 12h14",
}

// shownFirst is the order in which signatories are shown: the strongest first, then what
// a reader must not miss, then what the publisher alone says.
var shownFirst = []endorsement.Known{endorsement.Signed, endorsement.ConfirmedMail, endorsement.ConfirmedDomain, endorsement.Denied, endorsement.Withdrawn, endorsement.Listed, endorsement.Withheld}

// knownWords are the IDs of the words for one entry, and for several with their number.
var knownWords = map[endorsement.Known][2]string{
	endorsement.Signed:          {"known_signed", "known_signed_count"},
	endorsement.ConfirmedMail:   {"known_mail", "known_mail_count"},
	endorsement.ConfirmedDomain: {"known_domain", "known_domain_count"},
	roll.Unconfirmed:            {"known_unconfirmed", "known_unconfirmed_count"},
	endorsement.Listed:          {"known_listed", "known_listed_count"},
	endorsement.Withdrawn:       {"known_withdrawn", "known_withdrawn_count"},
	endorsement.Denied:          {"known_denied", "known_denied_count"},
	endorsement.Withheld:        {"known_withheld", "known_withheld_count"},
}

func (v *visit) knownAs(k endorsement.Known) knownView {
	return knownView{Class: string(k), Icon: knownIcons[k], Word: v.Say(knownWords[k][0])}
}

// knownOf is how an entry is known.
func (v *visit) knownOf(s publish.EntryStanding) knownView {
	k := v.knownAs(s.Known)
	if s.Known == endorsement.ConfirmedDomain && !slices.ContainsFunc(s.Ways, func(w endorsement.Way) bool { return !w.Gone }) {
		k.Class, k.Word = k.Class+" once", v.Say("known_once")
	}
	if n := s.Independent(); n > 1 && s.Left == nil {
		k.Strong = v.Say("known_ways", "count", n)
	}
	return k
}

// signatories shows a version's list, the strongest first, and counts it. names are in the
// order of the list; shown are their places in the order in which those of one standing are
// shown.
func (v *visit) signatories(slug string, version int, names []nameView, shown []int) ([]signatoryView, []countView, error) {
	standings, err := v.service.Standings(v.r.Context(), slug, version)
	if err != nil {
		return nil, nil, err
	}
	if len(standings) != len(names) {
		return nil, nil, nil // a name was withheld in between
	}
	out := make([]signatoryView, len(names))
	order := slices.Clone(shown)
	for i, s := range standings {
		out[i] = v.signatory(version, i, s)
		out[i].nameView = names[i]
	}
	rank := func(i int) int { return slices.Index(shownFirst, standings[i].Known) }
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(len(out[b].Strong), 0)-cmp.Compare(len(out[a].Strong), 0))
	})
	sorted := make([]signatoryView, len(out))
	counts := map[endorsement.Known]int{}
	first := map[endorsement.Known]int{}
	for i, j := range order {
		sorted[i] = out[j]
		k := standings[j].Known
		if counts[k]++; counts[k] == 1 {
			first[k] = out[j].Number
		}
	}
	var list []countView
	for _, k := range shownFirst {
		if counts[k] > 0 {
			view := v.knownAs(k)
			view.Word = v.Say(knownWords[k][1], "count", counts[k])
			list = append(list, countView{view, "#signatory-" + strconv.Itoa(first[k])})
		}
	}
	return sorted, list, nil
}

// signatory is one entry, without its name, at its place from 0.
func (v *visit) signatory(version, place int, s publish.EntryStanding) signatoryView {
	out := signatoryView{knownView: v.knownOf(s), Number: place + 1, Domain: s.Domain, Unconfirmed: s.Unconfirmed && s.Known != endorsement.Signed}
	ways := slices.Clone(s.Ways)
	slices.SortStableFunc(ways, func(a, b endorsement.Way) int { return cmp.Compare(strength[b.Means], strength[a.Means]) })
	for _, w := range ways {
		x := wayView{ID: wayWords[w.Means], Domain: w.Domain, Issued: w.Issued, Index: int(w.Index), Path: v.entryOf(w.Index), Weak: w.Weak, Gone: w.Gone}
		if w.Version != version {
			x.Version = w.Version
		}
		if w.Means == statement.MeansDomain && !w.Gone {
			x.LastSeen = s.LastSeen
		}
		out.Ways = append(out.Ways, x)
	}
	if l := s.Left; l != nil {
		id := "left_withdrawal"
		if l.Kind == statement.ClaimDenial {
			id = "left_denial"
		}
		out.Left = &leftView{ID: id, Issued: l.Issued, Reason: l.Reason, Publisher: l.Publisher, Index: int(l.Index), Path: v.entryOf(l.Index)}
	}
	return out
}

// strength orders the ways, and wayWords says each.
var (
	strength = map[string]int{"key": 3, statement.MeansPasskey: 3, statement.MeansMail: 2, statement.MeansDomain: 1}
	wayWords = map[string]string{"key": "way_key", statement.MeansPasskey: "way_passkey", statement.MeansMail: "way_mail", statement.MeansDomain: "way_domain"}
)

// proposals says what waits for signatures, a line each.
func (v *visit) proposals(p publish.Summary) []string {
	var out []string
	for _, x := range p.Proposals {
		what := v.recordHeading(publish.RecordSummary{Type: x.Type, Version: x.Version})
		switch {
		case x.Type == "retraction" && x.Version > 0:
			what = v.Say("propose_retraction", "number", x.Version)
		case x.Type == "retraction":
			what = v.Say("propose_whole")
		case x.Type == "redaction":
			what = v.Say("propose_redaction")
		}
		out = append(out, v.Say("proposal", "what", what, "have", x.Have, "want", x.Want))
	}
	return out
}
