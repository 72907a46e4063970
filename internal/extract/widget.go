package extract

import (
	"maps"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/net/html"
)

// inside reads what is in an element, as its kind asks.
func (p *pageReader) inside(n *html.Node, l look) {
	me := &p.frames[len(p.frames)-1]
	switch {
	case n.Data == "br":
		p.out.lineEnd()
		return
	case n.Data == "img" || n.Data == "image":
		p.out.leave(WarnPictures, 1)
		me.filled = true
		return
	case fallbacks[n.Data] && n.Data != "picture":
		p.out.leave(WarnPictures, 1)
		me.filled = true
		if n.FirstChild != nil {
			p.leave(n)
		}
		return
	case n.Data == "svg":
		me.filled = true
	case n.Namespace == "svg" && n.Data == "text":
		p.out.end(nextLine)
		me.doubt = "words in a drawing"
	case n.Data == "q":
		p.text("\u201c", l)
		p.children(n, l)
		p.text("\u201d", l)
		return
	case n.Data == "rt":
		me.doubt = "words above others"
	case n.Data == "input":
		p.input(n, l)
		return
	case n.Data == "select":
		p.choice(n, l)
		return
	case n.Data == "ul" || n.Data == "ol" || n.Data == "menu" || n.Data == "dir":
		p.lists++
		defer func() { p.lists-- }()
	case n.Data == "details":
		p.details(n)
	}
	p.children(n, l)
}

// details counts the words that stand bare in a closed fold: the elements in it
// are counted one by one.
func (p *pageReader) details(n *html.Node) {
	if _, open := lookup(n, "open"); open {
		return
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.Type == html.TextNode && strings.TrimSpace(c.Data) != "" {
			p.out.leave(WarnHidden, 1)
			c.Data = ""
		}
	}
}

// input shows its value, or what it says where the value is missing.
func (p *pageReader) input(n *html.Node, l look) {
	switch strings.ToLower(attribute(n, "type")) {
	case "hidden", "password", "checkbox", "radio", "range", "color", "file", "image":
		return
	}
	if v := attribute(n, "value"); v != "" {
		p.text(v, l)
		return
	}
	p.text(attribute(n, "placeholder"), l)
}

// choice shows the option that is chosen when the page is opened.
func (p *pageReader) choice(n *html.Node, l look) {
	var chosen *html.Node
	others := 0
	var visit func(*html.Node)
	visit = func(n *html.Node) {
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			if c.Data == "option" && c.Type == html.ElementNode {
				others++
				if _, is := lookup(c, "selected"); is || chosen == nil {
					chosen = c
				}
			}
			visit(c)
		}
	}
	visit(n)
	if chosen == nil {
		return
	}
	p.out.leave(WarnHidden, others-1)
	for c := chosen.FirstChild; c != nil; c = c.NextSibling {
		if c.Type == html.TextNode {
			p.text(c.Data, l)
		}
	}
}

// generated doubts an element that shows words which stand in the style.
func (p *pageReader) generated(n *html.Node, st styled, l look) {
	why := ""
	if v := st.cases[0]["list-style-type"]; hasLetters(quoted(v)) {
		why = "the style shows words of its own"
	}
	parts := map[string]props{}
	for _, r := range st.pseudo {
		pseudo, name, _ := strings.Cut(r.name, " ")
		if parts[pseudo] == nil {
			parts[pseudo] = props{}
		}
		parts[pseudo][name] = r.value
		if name == "content" && showsWords(n.Data, r.value) {
			why = "the style shows words of its own"
		}
	}
	for _, pseudo := range slices.Sorted(maps.Keys(parts)) {
		c := parts[pseudo]
		own, place := l.apply(c, p.sh)
		switch {
		case (pseudo == "before" || pseudo == "after") && place.over != "" && place.painted:
			why = first(why, place.over)
		case (pseudo == "first-line" || pseudo == "first-letter") && (own.unseen() || own.doubtful() != "" && own.doubtful() != l.doubtful() || place.gone):
			why = first(why, "words that the style hides")
		}
	}
	if hasLetters(quoted(st.cases[0]["quotes"])) {
		why = "the style shows words of its own"
	}
	if why == "" {
		return
	}
	i := len(p.frames) - 1
	if p.out.mark() == p.frames[i].from {
		i = p.covered(overParent) // an element without words shows them among those of its parent
	}
	p.frames[i].doubt = first(p.frames[i].doubt, why)
}

// showsWords tells whether generated content has words. Numbers of items and
// headings are markers, which are not written out.
func showsWords(tag, v string) bool {
	if strings.Contains(v, "attr(") || strings.Contains(v, "var(") || strings.Contains(v, "url(") {
		return true
	}
	if strings.Contains(v, "counter") && tag != "li" && tag != "dt" && !(len(tag) == 2 && tag[0] == 'h') {
		return true
	}
	return hasLetters(quoted(v))
}

// quoted is what stands in the strings of a value.
func quoted(v string) string {
	var b strings.Builder
	for i, part := range strings.Split(v, `"`) {
		if i%2 == 1 {
			b.WriteString(part)
		}
	}
	return b.String()
}

func hasLetters(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) })
}
