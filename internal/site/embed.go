package site

import (
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"strings"

	"rsc.io/qr"

	"github.com/sijil/sijil/internal/publish"
)

// embedPage shows a webmaster what to put on a page, and what it will look like.
type embedPage struct {
	page
	Slug, PublicationPath, Genesis string
	Titles                         []title
	Snippet, Plain                 string
	Text                           *textView // of the preview
	BadgePath, CheckPath           string
}

func (v *visit) embed() (answer, error) {
	p, err := v.publicationOf()
	if err != nil {
		return answer{}, err
	}
	t := v.titles(p.Title)
	view := embedPage{
		page: v.head(v.Say("title_embed", "title", t[0].Text)), Slug: p.Slug, PublicationPath: v.to(publicationPath(p.Slug)), Genesis: p.Genesis.String(), Titles: t,
		BadgePath: v.to(badgePath(p.Slug)), CheckPath: v.to(pageCheckPath) + "?publication=" + p.Slug,
	}
	view.Invite = v.inviteScript // for its buttons
	view.Plain = fmt.Sprintf("<a href=\"%s%s?publication=%s\" referrerpolicy=\"unsafe-url\"><img src=\"%s%s\" width=\"220\" height=\"44\" alt=\"%s\"></a>",
		v.base, pageCheckPath, p.Slug, v.base, v.to(badgePath(p.Slug)), html.EscapeString(v.Say("badge_check")))
	if v.badgeScript != "" {
		view.Badge = v.badgeScript
		view.Snippet = fmt.Sprintf("<script type=\"module\" src=\"%s%s\"\n  integrity=\"%s\" crossorigin=\"anonymous\"></script>\n<sijil-badge publication=\"%s\" genesis=\"%s\" lang=\"%s\">%s</sijil-badge>",
			v.base, v.badgeScript, v.badgeIntegrity, p.Slug, p.Genesis, v.Language, view.Plain)
	}
	if n := len(p.Versions); n > 0 {
		c, err := v.contentOf(p, p.Versions[n-1])
		if err != nil {
			return answer{}, err
		}
		view.Text = &c.Texts[0]
	}
	return answer{template: "embed", view: view}, nil
}

// badge is the picture for pages without scripts. It claims nothing.
func (v *visit) badge() (document, error) {
	if _, err := v.publicationOf(); err != nil {
		return document{}, err
	}
	words := html.EscapeString(v.Say("badge_check"))
	x, shift := 46, 0 // of the words, and of the drawing
	if v.Direction() == "rtl" {
		x, shift = 174, 168
	}
	body := fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" width="220" height="44" viewBox="0 0 220 44" role="img" aria-label="%s" lang="%s" direction="%s">`+
		`<rect x="1" y="1" width="218" height="42" rx="8" fill="#fff" stroke="#0b5563" stroke-width="1.5"/>`+
		`<g transform="translate(%d)"><circle cx="23" cy="20" r="7.5" fill="none" stroke="#0b5563" stroke-width="2.4"/><path d="M28.5 25.5l6 6" stroke="#0b5563" stroke-width="3" stroke-linecap="round"/></g>`+
		`<text x="%d" y="20" font-family="system-ui,sans-serif" font-size="14" font-weight="600" fill="#1d1c1a">%s</text>`+
		`<text x="%d" y="35" font-family="system-ui,sans-serif" font-size="11" fill="#5a5852">Sijil سجل</text></svg>`,
		words, v.Language, v.Direction(), shift, x, words, x)
	return document{contentType: "image/svg+xml", body: []byte(body), shared: true}, nil
}

// qr is a code that leads to the check of a copy against the publication. What it says
// is behind the #, which browsers do not send.
func (v *visit) qr() (document, error) {
	p, err := v.publicationOf()
	if err != nil {
		return document{}, err
	}
	if v.base == unknownBase {
		return document{}, publish.ErrUnknown
	}
	body, err := qrSVG(v.base + "/#check=" + p.Slug + "&genesis=" + p.Genesis.Hex())
	return document{contentType: "image/svg+xml", body: body}, err
}

// qrSVG draws a code, with the four modules of margin that ISO/IEC 18004 asks for.
func qrSVG(content string) ([]byte, error) {
	code, err := qr.Encode(content, qr.M)
	if err != nil {
		return nil, err
	}
	const margin = 4
	n := code.Size + 2*margin
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h%dv%dH0z"/><path fill="#000" d="`, n, n, n, n)
	for y := range code.Size {
		for x := 0; x < code.Size; x++ {
			from := x
			for x < code.Size && code.Black(x, y) {
				x++
			}
			if x > from {
				fmt.Fprintf(&b, "M%d %dh%dv1h-%dz", from+margin, y+margin, x-from, x-from)
			}
		}
	}
	b.WriteString(`"/></svg>`)
	return []byte(b.String()), nil
}

// oEmbedOf is where a publication's page is described for embedding.
func (v *visit) oEmbedOf(slug string) string {
	return v.base + "/oembed?format=json&url=" + url.QueryEscape(v.base+publicationPath(slug))
}

// oEmbed describes a publication's page as a link (oEmbed 1.0): what consumers show
// without a frame of ours.
func (v *visit) oEmbed() (document, error) {
	q := v.r.URL.Query()
	if f := q.Get("format"); f != "" && f != "json" {
		return document{}, &statusError{http.StatusNotImplemented}
	}
	rest, ok := strings.CutPrefix(q.Get("url"), v.base+"/")
	if !ok || v.base == unknownBase {
		return document{}, &statusError{http.StatusNotFound}
	}
	rest, _, _ = strings.Cut(rest, "#")
	rest, _, _ = strings.Cut(rest, "?")
	path := "/" + rest
	if _, plain, ok := languageOf(path); ok {
		path = plain
	}
	slug, _, _ := strings.Cut(strings.TrimPrefix(path, "/p/"), "/")
	p, err := v.service.Publication(slug)
	if err != nil || !strings.HasPrefix(path, "/p/") {
		return document{}, &statusError{http.StatusNotFound}
	}
	b, err := json.Marshal(map[string]any{
		"version": "1.0", "type": "link", "title": oneLine(v.titles(p.Title)[0].Text), "provider_name": "Sijil", "provider_url": v.base, "cache_age": 3600,
	})
	return document{contentType: "application/json; charset=utf-8", body: b, shared: true}, err
}
