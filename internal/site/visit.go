package site

import (
	"cmp"
	"html/template"
	"net/http"
	"strings"

	"github.com/sijil/sijil/internal/message"
	"github.com/sijil/sijil/internal/publish"
)

// visit is one request, in the language that it is answered in.
type visit struct {
	*site
	*message.Printer
	prefix string // "/fr" where the address names the language, else ""
	path   string // without the prefix
	stays  string // where other languages lead from what answers a form; empty: to the first page
	r      *http.Request
}

// visit decides the language: the one that the address names, else the one that the
// browser asks for.
func (s *site) visit(r *http.Request) *visit {
	v := &visit{site: s, r: r, path: r.URL.Path}
	if lang, ok := r.Context().Value(languageKey{}).(string); ok {
		v.Printer, v.prefix = s.messages.In(lang), "/"+lang
		return v
	}
	v.Printer = s.messages.Negotiate(r.Header.Get("Accept-Language"))
	return v
}

// languageOf splits "/fr/p/river" into "fr" and "/p/river".
func languageOf(path string) (lang, rest string, ok bool) {
	for _, l := range message.Languages {
		if rest, ok := strings.CutPrefix(path, "/"+l); ok && (rest == "" || rest[0] == '/') {
			return l, cmp.Or(rest, "/"), true
		}
	}
	return "", path, false
}

// page is the part of every view model that the layout shows.
type page struct {
	Title   string // of the window
	Lang    string
	Dir     string
	Prefix  string // before the path of every page
	Style   string
	Script  string
	Engine  string // what Script loads
	Badge   string // script of the badge; only where a page shows one
	Invite  string // script of the pages for the invited; only there
	Words   string // the script's messages
	Favicon string
	Frozen  *frozenView // the log has ended
	Switch  []languageLink
	Feeds   []link // of a publication
	OEmbed  string // address of a description for embedding
}

// languageLink leads to the same page in another language.
type languageLink struct {
	Path, Lang, Name string
	Address          string // with the service's, where it is known
	Here             bool
}

// frozenView says that the log has ended, on every page.
type frozenView struct {
	Size      int
	Successor string // an address, if there is one
}

// names of the languages, each in itself.
var names = map[string]string{"en": "English", "fr": "Français", "ar": "العربية"}

func (v *visit) head(title string) page {
	p := page{
		Title: title, Lang: v.Language, Dir: v.Direction(), Prefix: v.prefix, Style: v.style, Script: v.script, Engine: v.engine,
		Words: v.scriptWords[v.Language], Favicon: v.favicon, Frozen: v.frozen,
	}
	query := ""
	if v.r.URL.RawQuery != "" && v.r.Method != http.MethodPost {
		query = "?" + v.r.URL.Query().Encode()
	}
	path := v.path
	if v.r.Method == http.MethodPost {
		path, query = cmp.Or(v.stays, "/"), "" // a verdict is not kept, in any language
	}
	base := v.base
	if base == unknownBase {
		base = ""
	}
	for _, l := range message.Languages {
		to := "/" + l + path + query
		p.Switch = append(p.Switch, languageLink{Path: to, Address: base + to, Lang: l, Name: names[l], Here: l == v.Language})
	}
	return p
}

// to is the path of a page, in the language that the address names.
func (v *visit) to(path string) string { return v.prefix + path }

// version names a version within a sentence.
func (v *visit) version(number int) string { return v.Say("version", "number", number) }

// counted describes a list by its numbers.
func (v *visit) counted(listed, withheld int) string {
	s := v.Say("count_signatories", "count", listed)
	if withheld > 0 {
		s = v.Say("and_semicolon", "a", s, "b", v.Say("count_withheld", "count", withheld))
	}
	return s
}

// elsewhere answers a form that chooses something with the page at another address.
func (v *visit) elsewhere(path string) answer { return answer{elsewhere: v.to(path)} }

// functions are what templates call: t is a message as markup, s as plain text.
func functions(p *message.Printer) template.FuncMap {
	return template.FuncMap{
		"t":    p.HTML,
		"s":    p.Say,
		"time": func(issued string) template.HTML { return timeOf(p, issued) },
		"link": func(path, text string) message.Link { return message.Link{Path: path, Text: text} },
		"code": func(s string) template.HTML {
			return template.HTML(`<code dir="ltr">` + template.HTMLEscapeString(s) + "</code>") //nolint:gosec // escaped
		},
	}
}

// timeOf is an instant for people, marked up for programs.
func timeOf(p *message.Printer, issued string) template.HTML {
	return template.HTML(`<time datetime="` + template.HTMLEscapeString(issued) + `">` + template.HTMLEscapeString(instant(p, issued)) + "</time>") //nolint:gosec // escaped
}

// publicationOf returns the publication that the address names.
func (v *visit) publicationOf() (publish.Summary, error) {
	return v.service.Publication(v.variable("slug"))
}
