// Package message says things in the languages of the pages.
//
// Messages are go-i18n v2 catalogues (web/messages/GROUP.LANG.json): a flat object
// from id to a string, or to the plural forms of one ("one", "few", "other", …), with
// values in double braces:
//
//	{"version": "version {{.number}}", "words": {"one": "one word", "other": "{{.count}} words"}}
//
// Catalogues are this project's own and are compiled in. Values are not: what comes
// from a publisher or a stranger is escaped, and isolated from the direction of the
// sentence around it.
package message

import (
	"encoding/json"
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
)

// Languages are those of the catalogues. The first is what anybody gets who asks for
// none of them.
var Languages = [...]string{"en", "fr", "ar"}

// Catalogue holds the messages of all languages. Safe for concurrent use.
type Catalogue struct {
	printers map[string]*Printer
	matcher  language.Matcher
}

// Load reads every file GROUP.LANG.json of a folder.
func Load(files fs.FS, dir string) (*Catalogue, error) {
	ids := map[string]bool{}
	bundle := i18n.NewBundle(language.English)
	bundle.RegisterUnmarshalFunc("json", json.Unmarshal)
	list, err := fs.Glob(files, dir+"/*.json")
	if err != nil {
		return nil, err
	}
	for _, name := range list {
		b, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		file, err := bundle.ParseMessageFileBytes(b, path.Base(name))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		for _, m := range file.Messages {
			ids[m.ID] = true
		}
	}
	c := &Catalogue{printers: map[string]*Printer{}}
	var tags []language.Tag
	for _, l := range Languages {
		tags = append(tags, language.MustParse(l))
		c.printers[l] = &Printer{Language: l, in: i18n.NewLocalizer(bundle, l), ids: ids}
	}
	c.matcher = language.NewMatcher(tags)
	return c, nil
}

// In returns the messages of a language, nil where there is no such catalogue.
func (c *Catalogue) In(lang string) *Printer { return c.printers[lang] }

// Negotiate returns the messages that suit an Accept-Language header best.
func (c *Catalogue) Negotiate(header string) *Printer {
	const longest = 1000 // bytes; a header is a stranger's
	if len(header) > longest {
		header = ""
	}
	tags, _, err := language.ParseAcceptLanguage(header)
	if err != nil {
		tags = nil
	}
	_, i, _ := c.matcher.Match(tags...)
	return c.printers[Languages[i]]
}

// Printer says things in one language.
type Printer struct {
	Language string
	in       *i18n.Localizer
	ids      map[string]bool
}

// Direction is that of the language's script, as the dir attribute has it.
func (p *Printer) Direction() string {
	if p.Language == "ar" {
		return "rtl"
	}
	return "ltr"
}

// Say returns a message as plain text. Values come as name, value pairs; the one
// named "count" chooses the plural form. A message that is not there is its id.
func (p *Printer) Say(id string, pairs ...any) string {
	data := map[string]any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		data[fmt.Sprint(pairs[i])] = plain(pairs[i+1])
	}
	return p.localize(id, data)
}

// Has reports whether there is such a message.
func (p *Printer) Has(id string) bool { return p.ids[id] }

func (p *Printer) localize(id string, data map[string]any) string {
	c := &i18n.LocalizeConfig{MessageID: id, TemplateData: data}
	if n, ok := data["count"]; ok {
		c.PluralCount = n
	}
	s, err := p.in.Localize(c)
	if err != nil {
		return id
	}
	return s
}

// Link is a value that leads somewhere within this service.
type Link struct{ Path, Text string }

// HTML returns a message with its values as markup: strings isolated (bdi), links as
// links, numbers as they are. Everything is escaped.
func (p *Printer) HTML(id string, pairs ...any) template.HTML {
	data, values := map[string]any{}, []string{}
	for i := 0; i+1 < len(pairs); i += 2 {
		name := fmt.Sprint(pairs[i])
		if n, ok := pairs[i+1].(int); ok {
			data[name] = n
			continue
		}
		// A place that no catalogue and no escaped value can hold.
		data[name] = "\x00" + strconv.Itoa(len(values)) + "\x00"
		values = append(values, markup(pairs[i+1]))
	}
	parts := strings.Split(p.localize(id, data), "\x00")
	var out strings.Builder
	for i, part := range parts {
		if i%2 == 0 {
			out.WriteString(template.HTMLEscapeString(part))
		} else if n, err := strconv.Atoi(part); err == nil {
			out.WriteString(values[n])
		}
	}
	return template.HTML(out.String()) //nolint:gosec // every part is escaped above
}

func markup(v any) string {
	switch v := v.(type) {
	case *Link:
		return markup(*v)
	case Link:
		if !strings.HasPrefix(v.Path, "/") && !strings.HasPrefix(v.Path, "#") || strings.HasPrefix(v.Path, "//") {
			return template.HTMLEscapeString(v.Text)
		}
		return `<a href="` + template.HTMLEscapeString(v.Path) + `">` + template.HTMLEscapeString(v.Text) + `</a>`
	case template.HTML:
		return string(v)
	}
	return "<bdi>" + template.HTMLEscapeString(plain(v).(string)) + "</bdi>"
}

// plain is a value as text goes; a number stays one.
func plain(v any) any {
	switch v := v.(type) {
	case int:
		return v
	case int64:
		return int(v)
	case Link:
		return v.Text
	case *Link:
		return v.Text
	}
	return fmt.Sprint(v)
}
