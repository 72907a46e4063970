package site

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/sijil/sijil/internal/publish"
	"github.com/sijil/sijil/internal/signatory"
	"github.com/sijil/sijil/internal/statement"
)

// Invitations is what the pages for the invited need of the use cases. Safe for
// concurrent use.
type Invitations interface {
	// Invited opens an invitation; see publish.Service for its errors.
	Invited(ctx context.Context, text string) (*publish.Invited, error)
	// CheckDomain looks at what the domain of a list entry says, and records it.
	CheckDomain(ctx context.Context, slug, entry string, spki []byte) (*publish.DomainCheck, error)
	// NewMailCode gives what a mail has to say.
	NewMailCode(ctx context.Context, slug string, version int, entry, kind, language, invited string) (*publish.MailInstruction, error)
}

// invitePage is where an invitation leads: what is asked, and the ways to answer.
type invitePage struct {
	page
	Slug, PublicationPath string
	Titles                []title
	Title1                string // one title, for sentences
	Name                  string
	Number                int // of the version
	VersionPath           string
	Issued, Date          string
	Newer                 *link // the latest version, where it is another one
	Before                *link // what changed since the version that was endorsed before
	Retracted             *retractionView
	Until                 string
	Place                 placeView
	Known                 signatoryView
	Tongues               []choiceLink
	Text                  textView
	Kind                  string // of claim
	Kinds                 []choiceLink
	Heading, Means        string
	Points                []string
	ways
}

// placeView is an entry of the list, exactly as it stands.
type placeView struct {
	Number, Of                  int
	Name, Role                  []run
	Lang, Kind, Country, Domain string
}

// ways are the ways to answer; what is empty is not offered.
type ways struct {
	Domain, File, Label string // the list's domain, and the two places in it
	Line                string
	DomainAction        string
	MailAction          string
	Passkey             *passkeyView
	Tool, Cosign        string // commands
}

// passkeyView is what the script of this page needs.
type passkeyView struct {
	Claim, Post, Invitation, Party, User, KeyLine string
	Reason                                        bool // a reason can be given
}

// choiceLink leads to the same page with another choice.
type choiceLink struct {
	Path, Text, Lang string
	Here             bool
}

// kinds are what an invited signatory can say, in the order in which it is offered.
var kinds = []string{statement.ClaimEndorsement, statement.ClaimWithdrawal, statement.ClaimDenial}

// inviteWords are, for each kind: the choice, the heading, what the heading over the
// meaning is, and what it means.
var inviteWords = map[string]struct {
	choice, heading, means string
	points                 []string
}{
	statement.ClaimEndorsement: {"invite_do_endorsement", "invite_heading_endorsement", "invite_means_endorsement", []string{"invite_point_stand", "invite_point_version", "invite_point_ever"}},
	statement.ClaimWithdrawal:  {"invite_do_withdrawal", "invite_heading_withdrawal", "invite_means_withdrawal", []string{"invite_point_withdraw", "invite_point_stays", "invite_point_again"}},
	statement.ClaimDenial:      {"invite_do_denial", "invite_heading_denial", "invite_means_denial", []string{"invite_point_deny", "invite_point_stays", "invite_point_again"}},
}

// asked is what the invited chose: what to say, and in which language to read. It is in
// the address, so that everything works without a script.
func (v *visit) asked() (kind, lang string) {
	q := v.r.URL.Query()
	if kind = q.Get("say"); !slices.Contains(kinds, kind) {
		kind = statement.ClaimEndorsement
	}
	return kind, q.Get("text")
}

// inviteQuery is the other way round.
func inviteQuery(kind, lang string) string {
	q := url.Values{}
	if kind != statement.ClaimEndorsement {
		q.Set("say", kind)
	}
	if lang != "" {
		q.Set("text", lang)
	}
	if len(q) == 0 {
		return ""
	}
	return "?" + q.Encode()
}

func (v *visit) invite() (answer, error) {
	token := v.variable("token")
	i, err := v.invited.Invited(v.r.Context(), token)
	if err != nil {
		return v.closed(i, err)
	}
	p, n, err := v.find(i.Slug, i.Version)
	if err != nil {
		return answer{}, err
	}
	kind, lang := v.asked()
	w := inviteWords[kind]
	name := i.Signatory.Name
	view := invitePage{page: v.head(v.Say("invite_title")), Slug: p.Slug, PublicationPath: v.to(publicationPath(p.Slug)), Titles: v.titles(n.Title), Name: name,
		Number: n.Version, VersionPath: v.to(versionPath(p.Slug, n.Version)), Issued: n.Issued, Date: v.dated(n.Date, n.Place), Retracted: v.retractionOf(p.Slug, n.Retracted),
		Until: i.Until.UTC().Format(time.RFC3339), Place: v.placeOf(i), Known: v.signatory(n.Version, i.Number-1, i.Standing), Kind: kind, Heading: w.heading, Means: w.means, Points: w.points}
	view.Title1, view.Known.Text = oneLine(view.Titles[0].Text), view.Place.Name
	view.Invite = v.inviteScript
	if last := p.Versions[len(p.Versions)-1]; last.Version != n.Version {
		view.Newer = &link{Path: v.to(versionPath(p.Slug, last.Version)), Text: v.version(last.Version)}
	}
	if n.Version > 1 {
		before, err := v.endorsedBefore(p.Slug, n.Version, i.Standing.Entry)
		if err != nil {
			return answer{}, err
		}
		view.Before = &link{Path: v.to(comparePath(p.Slug, before, n.Version)), Text: v.Say("changed_since", "number", before)}
	}
	if view.Text, view.Tongues, err = v.inviteText(token, kind, lang, p, n); err != nil {
		return answer{}, err
	}
	for _, k := range kinds {
		view.Kinds = append(view.Kinds, choiceLink{Path: v.to(invitePath(token)) + inviteQuery(k, lang) + "#ways", Text: v.Say(inviteWords[k].choice), Here: k == kind})
	}
	view.ways = v.waysOf(token, kind, view.Text.Lang, i)
	return answer{template: "invite", view: view, private: true}, nil
}

// endorsedBefore is the newest version before another that an entry has endorsed; else the
// one before that.
func (v *visit) endorsedBefore(slug string, version int, entry string) (int, error) {
	for n := version - 1; n > 0; n-- {
		list, err := v.service.Standings(v.r.Context(), slug, n)
		if err != nil {
			return 0, err
		}
		if slices.ContainsFunc(list, func(s publish.EntryStanding) bool { return s.Entry == entry && len(s.Ways) > 0 }) {
			return n, nil
		}
	}
	return version - 1, nil
}

// placeOf shows the entry.
func (v *visit) placeOf(i *publish.Invited) placeView {
	sc := v.newScreen()
	id := "invite_person"
	if i.Signatory.Kind == signatory.Organisation {
		id = "invite_organisation"
	}
	return placeView{Number: i.Number, Of: i.Of, Name: sc.published(i.Signatory.Name, maxName), Role: sc.published(i.Signatory.Role, maxName), Lang: i.Signatory.Language, Kind: v.Say(id),
		Country: i.Signatory.Country, Domain: i.Signatory.Domain}
}

// readLanguage is the language in which the invited read: the one that was chosen, else
// the page's; and all that there are.
func (v *visit) readLanguage(n publish.VersionSummary, chosen string) (all []string, lang string) {
	for _, t := range n.Texts {
		all = append(all, t.Language)
	}
	slices.SortStableFunc(all, func(a, b string) int { return cmp.Compare(v.rank(a), v.rank(b)) })
	if len(all) > 0 && !slices.Contains(all, chosen) {
		chosen = all[0]
	}
	return all, chosen
}

// inviteText is the version's text in the language that was chosen, else in the page's,
// with links to the others.
func (v *visit) inviteText(token, kind, chosen string, p publish.Summary, n publish.VersionSummary) (textView, []choiceLink, error) {
	langs, chosen := v.readLanguage(n, chosen)
	body, err := v.service.Text(p.Slug, n.Version, chosen)
	if err != nil {
		return textView{}, nil, err
	}
	t := v.readable(v.newScreen(), string(body))
	t.ID, t.Lang, t.Dir, t.Language, t.Path = "text", chosen, direction(chosen), v.languageName(chosen), textPath(p.Slug, n.Version, chosen)
	var list []choiceLink
	for _, l := range langs {
		list = append(list, choiceLink{Path: v.to(invitePath(token)) + inviteQuery(kind, l) + "#text", Text: v.languageName(l), Lang: l, Here: l == chosen})
	}
	return t, list, nil
}

// waysOf are the ways that this service offers for what is to be said.
func (v *visit) waysOf(token, kind, lang string, i *publish.Invited) ways {
	w := ways{Domain: i.Signatory.Domain}
	query := inviteQuery(kind, lang)
	if w.Domain != "" {
		w.File, w.Label, w.Line = "https://"+w.Domain+"/.well-known/sijil.txt", "_sijil."+w.Domain, i.Line(kind)
		if i.ByDomain {
			w.DomainAction = v.to(invitePath(token)+"/domain") + query
		}
		if i.ByMail {
			w.MailAction = v.to(invitePath(token)+"/mail") + query
		}
	}
	claim := claimPath(i.Slug, i.Version, kind, i.Entry, lang)
	if party := partyOf(v.base); i.ByPasskey && party != "" {
		w.Passkey = &passkeyView{Claim: claim, Post: apiPath(i.Slug) + "/passkey-claims", Invitation: token, Party: party, User: i.Signatory.Name,
			KeyLine: strings.TrimSuffix(i.KeyLine([32]byte{}), strings.Repeat("0", 64)), Reason: kind != statement.ClaimEndorsement}
	}
	w.Tool, w.Cosign = v.commands(token, kind, lang, claim, i)
	return w
}

// partyOf is the host to which passkeys of this service belong: none where a browser
// makes none.
func partyOf(base string) string {
	u, err := url.Parse(base)
	if err != nil || u.Scheme != "https" && u.Hostname() != "localhost" {
		return ""
	}
	return u.Hostname()
}

// commands are for whoever has a key.
func (v *visit) commands(token, kind, lang, claim string, i *publish.Invited) (tool, cosign string) {
	what := map[string]string{statement.ClaimEndorsement: " --language " + lang, statement.ClaimWithdrawal: " --withdraw", statement.ClaimDenial: " --deny"}[kind]
	tool = "sijil trust init " + v.base + " --publication " + i.Slug + "\nsijil keygen --out ours\n" +
		"sijil endorse " + i.Slug + " --version " + itoa(i.Version) + " --entry " + itoa(i.Number) + what + " --key ours.key \\\n  --invitation " + token
	cosign = "curl -fo statement.json '" + v.base + claim + "'\n" +
		"cosign generate-key-pair\n" +
		"cosign attest-blob --key cosign.key --statement statement.json --bundle bundle.json \\\n  --use-signing-config=false --tlog-upload=false\n" +
		"jq -n --slurpfile b bundle.json --arg k \"$(grep -v -- ----- cosign.pub | tr -d '\\n')\" \\\n" +
		"  '{bundle: $b[0], key: $k, invitation: \"" + token + "\"}' |\n" +
		"curl -f -H 'Content-Type: application/json' --data-binary @- '" + v.base + apiPath(i.Slug) + "/claims'"
	return tool, cosign
}
