package site

import (
	"fmt"

	"github.com/sijil/sijil/internal/match"
)

// listView is the verdict on the signatory list.
type listView struct {
	Sentence string
	Groups   []nameGroup
	Known    string
}

type nameGroup struct {
	Heading string
	Names   []namePair
	More    string
}

// namePair is a name of the list, one of the copy, or the two together.
type namePair struct{ Published, Copy []run }

// maxNames is how many names of one group are shown.
const maxNames = 300

// listOf says how the copy's list relates to the version's.
func listOf(sc *screen, v *match.Verdict) *listView {
	if v.Version == 0 {
		return nil
	}
	g := v.Signatories
	words := map[string]string{
		match.ListSame:         "The signatory list of the copy is the one of this version.",
		match.ListAltered:      "The signatory list of the copy is not the one of this version.",
		match.ListAbsent:       "The copy holds no signatory list, so none was compared.",
		match.ListUndetermined: "The signatory list of the copy could not be checked to the end.",
	}
	l := &listView{Sentence: words[g.Status]}
	extra := "In the copy, not in the list"
	if g.Status == match.ListUndetermined {
		extra = "In the copy, and perhaps among the withheld names"
	}
	added := nameGroup{Heading: extra, More: moreNames(len(g.Added))}
	for _, n := range g.Added[:min(len(g.Added), maxNames)] {
		added.Names = append(added.Names, namePair{Copy: sc.copied(n.Name, maxName)})
	}
	missing := nameGroup{Heading: "In the list, missing in the copy", More: moreNames(len(g.Missing))}
	for _, n := range g.Missing[:min(len(g.Missing), maxNames)] {
		missing.Names = append(missing.Names, namePair{Published: sc.published(n.Name, maxName)})
	}
	changed := nameGroup{Heading: "Written differently", More: moreNames(len(g.Changed))}
	for _, n := range g.Changed[:min(len(g.Changed), maxNames)] {
		p := namePair{Published: sc.published(n.Published, maxName)}
		if disguised(n.Published, n.Copy) {
			p.Copy = sc.lookalike(n.Copy, n.Published, maxName)
		} else {
			p.Copy = sc.copied(n.Copy, maxName)
		}
		changed.Names = append(changed.Names, p)
	}
	for _, group := range []nameGroup{added, changed, missing} {
		if len(group.Names) > 0 {
			l.Groups = append(l.Groups, group)
		}
	}
	l.Known = known(g)
	return l
}

func moreNames(n int) string {
	if n <= maxNames {
		return ""
	}
	return fmt.Sprintf("And %d more.", n-maxNames)
}

// known says how much is known of the signatories: listed is not endorsed.
func known(g match.Signatories) string {
	k := g.Known
	if k.Listed+g.Withheld == 0 {
		return ""
	}
	s := fmt.Sprintf("The publisher lists %s.", signatoryCount(k.Listed+g.Withheld, g.Withheld))
	if confirmed := k.ConfirmedDomain + k.ConfirmedMail + k.Signed; confirmed > 0 {
		s += fmt.Sprintf(" Confirmed: %d by domain, %d by mail, %d by a signature of their own.", k.ConfirmedDomain, k.ConfirmedMail, k.Signed)
	} else {
		s += " That they are listed is the publisher’s statement; no endorsement of their own is recorded here."
	}
	if k.Withdrawn+k.Denied > 0 {
		s += fmt.Sprintf(" Withdrawn: %d. Denied: %d.", k.Withdrawn, k.Denied)
	}
	return s
}
