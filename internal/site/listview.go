package site

import (
	"slices"
	"strings"

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
type namePair struct {
	Published, Copy []run
	Known           *knownView // where the pages say how names are known
}

// maxNames is how many names of one group are shown.
const maxNames = 300

// listOf says how the copy's list relates to the version's.
func (v *visit) listOf(sc *screen, verdict *match.Verdict) *listView {
	if verdict.Version == 0 {
		return nil
	}
	g := verdict.Signatories
	l := &listView{Sentence: v.Say("list_" + g.Status)}
	extra := "list_added"
	if g.Status == match.ListUndetermined {
		extra = "list_perhaps"
	}
	added := nameGroup{Heading: v.Say(extra), More: v.moreNames(len(g.Added))}
	for _, n := range g.Added[:min(len(g.Added), maxNames)] {
		added.Names = append(added.Names, namePair{Copy: sc.copied(n.Name, maxName)})
	}
	missing := nameGroup{Heading: v.Say("list_missing"), More: v.moreNames(len(g.Missing))}
	for _, n := range g.Missing[:min(len(g.Missing), maxNames)] {
		missing.Names = append(missing.Names, namePair{Published: sc.published(n.Name, maxName)})
	}
	changed := nameGroup{Heading: v.Say("list_changed"), More: v.moreNames(len(g.Changed))}
	for _, n := range g.Changed[:min(len(g.Changed), maxNames)] {
		p := namePair{Published: sc.published(n.Published, maxName)}
		if disguised(n.Published, n.Copy) {
			p.Copy = sc.lookalike(n.Copy, n.Published, maxName)
		} else {
			p.Copy = sc.copied(n.Copy, maxName)
		}
		changed.Names = append(changed.Names, p)
	}
	l.Groups = slices.DeleteFunc([]nameGroup{added, changed, missing}, func(g nameGroup) bool { return len(g.Names) == 0 })
	l.Known = v.known(g)
	return l
}

func (v *visit) moreNames(n int) string {
	if n <= maxNames {
		return ""
	}
	return v.Say("list_more", "count", n-maxNames)
}

// known says how much is known of the signatories: listed is not endorsed.
func (v *visit) known(g match.Signatories) string {
	var said []string
	say := func(id string, n int) {
		if n > 0 {
			said = append(said, v.Say(id, "count", n))
		}
	}
	say("standing_signed", g.Known.Signed)
	say("standing_mail", g.Known.ConfirmedMail)
	say("standing_domain", g.Known.ConfirmedDomain)
	say("standing_denied", g.Known.Denied)
	say("standing_withdrawn", g.Known.Withdrawn)
	if len(said) > 0 {
		say("standing_listed", g.Known.Listed)
		say("count_withheld", g.Withheld)
		return strings.Join(said, " · ")
	}
	n := g.Known.Listed + g.Withheld
	if n == 0 {
		return ""
	}
	s := v.Say("list_listed", "count", n)
	if g.Withheld > 0 {
		s += " (" + v.Say("count_withheld", "count", g.Withheld) + ")"
	}
	return s
}
