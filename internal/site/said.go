package site

import (
	"html/template"
	"slices"
	"strings"

	"github.com/sijil/sijil/internal/publish"
	"github.com/sijil/sijil/internal/signatory"
	"github.com/sijil/sijil/internal/statement"
)

// saidLine is one thing that a signatory said, in words.
type saidLine struct {
	ID        string // of the message, with who and number
	Who       template.HTML
	Version   int
	Domain    string
	Issued    string
	Reason    string
	Publisher bool
	Index     int
	Path      string // of the log entry; may be empty
	Means     string // in words
}

// saidWords are the messages for what was said.
var saidWords = map[string]string{
	statement.ClaimEndorsement: "said_endorsement", statement.ClaimWithdrawal: "said_withdrawal", statement.ClaimDenial: "said_denial", statement.ClaimAbsence: "said_absence",
}

var meansWords = map[string]string{
	"key": "means_key", statement.MeansPasskey: "means_passkey", statement.MeansMail: "means_mail", statement.MeansDomain: "means_domain",
}

// said tells what signatories said, the newest first: who left, and the rest.
func (v *visit) said(slug string) (left, rest []saidLine, err error) {
	list, err := v.service.Said(v.r.Context(), slug)
	if err != nil {
		return nil, nil, err
	}
	sc := v.newScreen()
	sc.left = len(list) * maxName
	for _, x := range slices.Backward(list) {
		l := saidLine{ID: saidWords[x.Kind], Who: isolated(sc.published(x.Signatory.Name, maxName)), Version: x.Version, Domain: x.Domain, Issued: x.Issued, Reason: x.Reason,
			Publisher: x.Publisher, Index: int(x.Index), Path: v.entryOf(x.Index), Means: v.Say(meansWords[x.Means])}
		if x.Kind == statement.ClaimWithdrawal || x.Kind == statement.ClaimDenial {
			left = append(left, l)
		} else {
			rest = append(rest, l)
		}
	}
	return left, rest, nil
}

// saidItem is what was said, for a feed. A feed stays in other people's readers whatever
// is withheld here later: it names no person.
func (v *visit) saidItem(slug, name string, x publish.Said) feedItem {
	who := oneLine(x.Signatory.Name)
	if x.Signatory.Kind != signatory.Organisation {
		who = v.Say("somebody")
	}
	what := v.Say(saidWords[x.Kind], "who", who, "number", x.Version)
	return feedItem{ID: "urn:" + x.Record.String(), Path: publicationPath(slug), Title: name + ": " + what, Reason: oneLine(x.Reason), Issued: x.Issued, index: x.Index}
}

// isolated is a name for a sentence, as the template "runs" shows it.
func isolated(list []run) template.HTML {
	var b strings.Builder
	b.WriteString(`<bdi class="who">`)
	for _, r := range list {
		if r.Code != "" {
			b.WriteString(`<span class="ch" dir="ltr">` + template.HTMLEscapeString(r.Code) + "</span>")
		} else {
			b.WriteString(template.HTMLEscapeString(r.Text))
		}
	}
	b.WriteString("</bdi>")
	return template.HTML(b.String()) //nolint:gosec // escaped
}
