package site

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/sijil/sijil/internal/endorsement"
	"github.com/sijil/sijil/internal/invitation"
	"github.com/sijil/sijil/internal/publish"
)

// inviteAnswer says what came of looking at a domain, or what to write in a mail; or why
// an invitation cannot be used.
type inviteAnswer struct {
	page
	Tone, Icon, Heading, Sentence string
	Paragraphs                    []string
	Detail                        string // of what went wrong, in the words of a program
	Said                          []string
	Known                         *signatoryView
	Mail                          *mailView
	Domain, File, Label           string
	Lines                         []string // for the domain
	LinesNote                     string
	DomainAction                  string
	Back                          string
	PublicationPath               string
}

// mailView is a mail to send.
type mailView struct {
	To, Subject, Line, Domain, Expires string
	Link                               string
}

// inviteAgain leads from an answer back to the invitation.
func (v *visit) inviteAgain() (answer, error) {
	kind, lang := v.asked()
	return v.elsewhere(invitePath(v.variable("token")) + inviteQuery(kind, lang)), nil
}

// answerTo begins the page that answers a form of the invitation's page.
func (v *visit) answerTo(i *publish.Invited) inviteAnswer {
	kind, lang := v.asked()
	at := invitePath(v.variable("token")) + inviteQuery(kind, lang)
	v.stays = at
	a := inviteAnswer{page: v.head(v.Say("invite_title")), Back: v.to(at), PublicationPath: v.to(publicationPath(i.Slug))}
	a.Invite = v.inviteScript
	return a
}

// closed says why an invitation cannot be used. It names no person.
func (v *visit) closed(i *publish.Invited, err error) (answer, error) {
	var say [3]string
	status := http.StatusGone
	switch {
	case errors.Is(err, invitation.ErrInvalid):
		say, status = [3]string{"invite_invalid", "invite_invalid_why", "invite_invalid_do"}, http.StatusForbidden
	case errors.Is(err, invitation.ErrExpired):
		say = [3]string{"invite_expired", "invite_expired_why", "invite_expired_do"}
	case errors.Is(err, publish.ErrInvitationUsed):
		say = [3]string{"invite_used", "invite_used_why", "invite_used_do"}
	case errors.Is(err, endorsement.ErrNoEntry):
		say = [3]string{"invite_withheld", "invite_withheld_why", "invite_withheld_do"}
	default:
		return answer{}, err
	}
	view := inviteAnswer{page: v.head(v.Say(say[0])), Tone: toneOpen, Icon: iconUnchecked, Heading: v.Say(say[0]), Sentence: v.Say(say[1]), Paragraphs: []string{v.Say(say[2])}}
	view.Invite = v.inviteScript
	if i != nil {
		view.PublicationPath = v.to(publicationPath(i.Slug))
		for _, k := range i.Keys {
			view.Lines = append(view.Lines, i.KeyLine(k))
		}
		if len(view.Lines) > 0 {
			view.LinesNote = v.Say("invite_used_key")
		}
		if len(view.Lines) > 0 && i.ByDomain {
			view.DomainAction = v.to(invitePath(v.variable("token")) + "/domain")
		}
	}
	return answer{template: "inviteanswer", view: view, status: status, private: true}, nil
}

// inviteDomain looks at the domain of the entry. An invitation that was used does for
// that: anybody may ask, and what counts is what the domain says.
func (v *visit) inviteDomain() (answer, error) {
	ctx, token := v.r.Context(), v.variable("token")
	i, err := v.invited.Invited(ctx, token)
	if err != nil && !errors.Is(err, publish.ErrInvitationUsed) {
		return v.closed(i, err)
	}
	used := err != nil
	view := v.answerTo(i)
	view.DomainAction = v.to(invitePath(token)+"/domain") + strings.TrimPrefix(v.stays, invitePath(token))
	got, err := v.invited.CheckDomain(ctx, i.Slug, i.Entry, nil)
	if errors.Is(err, endorsement.ErrNoEntry) {
		return v.closed(i, err)
	}
	if err != nil {
		return v.domainFailed(view, err)
	}
	view.Domain = got.Domain
	if len(got.Found) == 0 {
		view.Tone, view.Icon, view.Heading, view.Sentence = toneOpen, iconUnknown, v.Say("domain_none"), v.Say("domain_none_why", "domain", got.Domain)
		view.Paragraphs = []string{v.Say("domain_none_do")}
		view.File, view.Label = "https://"+got.Domain+"/.well-known/sijil.txt", "_sijil."+got.Domain
		if kind, _ := v.asked(); !used {
			view.Lines = []string{i.Line(kind)}
		}
		return answer{template: "inviteanswer", view: view, private: true}, nil
	}
	view.Tone, view.Icon, view.Heading, view.Sentence = toneSame, iconSame, v.Say("domain_spoke"), v.Say("domain_old")
	if len(got.Recorded) > 0 {
		view.Sentence = v.Say("domain_new")
	}
	for _, kind := range got.Found {
		view.Said = append(view.Said, v.Say(foundWords[kind]))
	}
	if !got.UnknownKey {
		view.DomainAction = "" // there is nothing to look for
	} else {
		view.Tone, view.Icon = toneOpen, iconUnchecked
		view.Paragraphs = append(view.Paragraphs, v.Say("domain_unknown_key"))
	}
	if i, err := v.invited.Invited(ctx, token); err == nil {
		known := v.signatory(i.Version, i.Number-1, i.Standing)
		known.Text = v.newScreen().published(i.Signatory.Name, maxName)
		view.Known = &known
	}
	return answer{template: "inviteanswer", view: view, private: true}, nil
}

// foundWords say what kind of line stands at a domain.
var foundWords = map[string]string{"endorsement": "found_endorsement", "withdrawal": "found_withdrawal", "denial": "found_denial", "key": "found_key"}

// domainFailed says why a domain was not, or could not be, taken at its word.
func (v *visit) domainFailed(view inviteAnswer, err error) (answer, error) {
	status := http.StatusConflict
	var invalid *publish.InvalidError
	var say [2]string
	switch {
	case errors.Is(err, publish.ErrDomainSilent):
		say, status, view.Detail = [2]string{"domain_silent", "domain_silent_why"}, http.StatusBadGateway, err.Error()
	case errors.Is(err, publish.ErrAmbiguous):
		say = [2]string{"domain_ambiguous", "domain_ambiguous_why"}
	case errors.Is(err, publish.ErrNoDomain):
		say, view.DomainAction = [2]string{"domain_nowhere", "domain_nowhere_why"}, ""
	case errors.As(err, &invalid):
		say, view.Detail = [2]string{"domain_wrong", "domain_wrong_why"}, err.Error()
	default:
		return v.refused(view, err)
	}
	view.Tone, view.Icon, view.Heading, view.Sentence = toneOpen, iconUnchecked, v.Say(say[0]), v.Say(say[1])
	return answer{template: "inviteanswer", view: view, status: status, private: true}, nil
}

// refused answers what keeps anything from being taken in; other errors are returned.
func (v *visit) refused(view inviteAnswer, err error) (answer, error) {
	var frozen *publish.FrozenError
	id, status := "", http.StatusServiceUnavailable
	switch {
	case errors.As(err, &frozen):
		id, status = "refused_frozen", http.StatusGone
	case errors.Is(err, publish.ErrTooMany):
		id, status = "refused_many", http.StatusForbidden
	case errors.Is(err, publish.ErrFull), errors.Is(err, publish.ErrBusy):
		id = "refused_busy"
	case errors.Is(err, publish.ErrNoMail):
		id, status = "refused_mail", http.StatusConflict
	default:
		return answer{}, err
	}
	view.Tone, view.Icon, view.Heading, view.Sentence, view.DomainAction = toneOpen, iconUnchecked, v.Say("refused"), v.Say(id), ""
	return answer{template: "inviteanswer", view: view, status: status, private: true}, nil
}

// inviteMail gives the mail to send.
func (v *visit) inviteMail() (answer, error) {
	i, err := v.invited.Invited(v.r.Context(), v.variable("token"))
	if err != nil {
		return v.closed(i, err)
	}
	kind, lang := v.asked()
	view := v.answerTo(i)
	_, n, err := v.find(i.Slug, i.Version)
	if err != nil {
		return answer{}, err
	}
	_, lang = v.readLanguage(n, lang)
	got, err := v.invited.NewMailCode(v.r.Context(), i.Slug, i.Version, i.Entry, kind, lang, v.variable("token"))
	if errors.Is(err, endorsement.ErrNoEntry) {
		return v.closed(i, err)
	}
	if errors.Is(err, publish.ErrNoDomain) {
		return v.domainFailed(view, err)
	}
	if err != nil {
		return v.refused(view, err)
	}
	view.Heading = v.Say("mail_heading")
	view.Mail = &mailView{To: got.To, Subject: got.Subject, Line: got.Line, Domain: i.Signatory.Domain, Expires: got.Expires.UTC().Format(time.RFC3339),
		Link: "mailto:" + url.PathEscape(got.To) + "?subject=" + url.PathEscape(got.Subject) + "&body=" + url.PathEscape(got.Line+"\r\n")}
	return answer{template: "inviteanswer", view: view, private: true}, nil
}
