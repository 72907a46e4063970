package extract

import (
	"bytes"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

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
		p.name(attribute(n, "alt"))
		return
	case n.Data == "object" || n.Data == "applet":
		p.out.leave(WarnPictures, 1)
		me.filled = true
		me.doubt = "words in place of something else"
	case fallbacks[n.Data] && n.Data != "picture":
		p.out.leave(WarnPictures, 1)
		me.filled = true
		if n.FirstChild != nil {
			p.leave(n)
		}
		return
	case n.Data == "svg":
		me.filled = true
		me.doubt = first(me.doubt, "words in a drawing")
	case n.Data == "math":
		me.doubt = first(me.doubt, "words in a formula")
	case n.Data == "marquee":
		me.doubt = first(me.doubt, "words that move")
	case n.Data == "textarea" || n.Data == "button" || n.Data == "hr":
		me.filled = true
	case n.Data == "table" && footFirst(n), n.Data == "fieldset" && late(n, "legend"), n.Data == "details" && late(n, "summary"):
		me.doubt = first(me.doubt, "the order of the parts is changed")
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
		me.filled = true
		p.input(n, l)
		return
	case n.Data == "select":
		me.filled = true
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

// spoken is the doubt about words beside a picture that browsers may write out.
const spoken = "a picture among the words has a name that may be shown"

// name doubts what stands on one line with a picture that has a name in letters:
// where the picture is missing, browsers show the name.
func (p *pageReader) name(alt string) {
	if !hasLetters(alt) {
		return
	}
	at := p.out.mark()
	p.named, p.spoken = true, at
	if p.out.owed == sameLine && at > 0 {
		from := max(bytes.LastIndexByte(p.out.buf, '\n')+1, at-40)
		for from < at && !utf8.RuneStart(p.out.buf[from]) {
			from++
		}
		p.out.doubt(from, spoken)
	}
}

// footFirst tells a table whose foot, which is shown last, stands before other rows, or
// whose head, which is shown first, behind some.
func footFirst(n *html.Node) bool {
	foot, rows := false, false
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		switch c.Data {
		case "tfoot":
			foot = true
		case "thead":
			if rows {
				return true
			}
		case "tbody", "tr":
			if rows = true; foot {
				return true
			}
		}
	}
	return false
}

// late tells an element whose title, which is shown first, stands behind other parts.
func late(n *html.Node, title string) bool {
	before := false
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.Type == html.ElementNode && c.Data == title {
			return before
		}
		before = before || hasWords(c)
	}
	return false
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
		size, _ := strconv.Atoi(attribute(n, "size"))
		if size <= 0 {
			size = 20
		}
		switch strings.ToLower(attribute(n, "type")) {
		case "submit", "button", "reset":
			size = len(v)
		case "number", "date", "time", "month", "week", "datetime-local":
			size = 0
		}
		if len(v) > size {
			p.frames[len(p.frames)-1].doubt = "words that may be cut off"
		}
		p.text(v, l)
		return
	}
	p.text(attribute(n, "placeholder"), l)
}

// choice shows the option that is chosen when the page is opened.
func (p *pageReader) choice(n *html.Node, l look) {
	var chosen, first *html.Node
	others := 0
	_, open := lookup(n, "multiple")
	if size := attribute(n, "size"); open || size != "" && size != "1" {
		p.children(n, l)
		p.frames[len(p.frames)-1].doubt = "a list of which a part is shown"
		return
	}
	var visit func(*html.Node)
	visit = func(n *html.Node) {
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			if c.Data == "option" && c.Type == html.ElementNode {
				others++
				if _, is := lookup(c, "selected"); is {
					chosen = c
				}
				if _, off := lookup(c, "disabled"); first == nil && !off {
					first = c
				}
			}
			visit(c)
		}
	}
	visit(n)
	if chosen == nil {
		chosen = first
	}
	if chosen == nil {
		return
	}
	p.out.leave(WarnHidden, others-1)
	if label := attribute(chosen, "label"); label != "" {
		p.text(label, l)
		return
	}
	for c := chosen.FirstChild; c != nil; c = c.NextSibling {
		if c.Type == html.TextNode {
			p.text(c.Data, l)
		}
	}
}

// generated doubts an element that shows words which stand in the style.
func (p *pageReader) generated(n *html.Node, st styled, l look) {
	why := ""
	for _, c := range st.cases {
		if hasLetters(quoted(c["list-style-type"])) || hasLetters(quoted(c["quotes"])) {
			why = "the style shows words of its own"
		}
	}
	parts := map[string]props{}
	for _, r := range st.pseudo {
		pseudo, name, _ := strings.Cut(r.name, " ")
		if parts[pseudo] == nil {
			parts[pseudo] = props{}
		}
		parts[pseudo][name] = r.value
		if name == "content" && showsWords(n.Data, pseudo, r.value) {
			why = "the style shows words of its own"
		}
	}
	for _, pseudo := range slices.Sorted(maps.Keys(parts)) {
		c := parts[pseudo]
		own, place := l.apply(c, p.sh)
		if v := c["background-image"]; v != "" && v != "none" {
			p.out.leave(WarnPictures, 1)
		}
		switch {
		case (pseudo == "before" || pseudo == "after") && place.over != "" && place.painted:
			why = first(why, place.over)
			if leaves(c) {
				around := &p.frames[p.outer(len(p.frames)-1)]
				around.doubt = first(around.doubt, place.over)
			}
		case (pseudo == "first-line" || pseudo == "first-letter") && (own.unseen() || own.doubtful() != "" && own.doubtful() != l.doubtful() || place.gone):
			why = first(why, "words that the style hides")
		}
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

// leaves tells a box that may stand outside the element that it is generated in.
func leaves(c props) bool {
	for _, k := range []string{"top", "right", "bottom", "left", "margin-top", "margin-right", "margin-bottom", "margin-left"} {
		if belowZero(c[k]) || strings.Contains(c[k], "var(") {
			return true
		}
	}
	return false
}

// showsWords tells whether generated content has words. Numbers of items and
// headings are markers, which are not written out.
func showsWords(tag, pseudo, v string) bool {
	if strings.Contains(v, "attr(") || strings.Contains(v, "var(") || strings.Contains(v, "url(") {
		return true
	}
	if strings.Contains(v, "counter") && (pseudo == "after" || tag != "li" && tag != "dt" && !(len(tag) == 2 && tag[0] == 'h')) {
		return true
	}
	return hasLetters(quoted(v)) || strings.ContainsFunc(quoted(v), tells)
}

// tells tells a sign that changes what the words beside it say.
func tells(r rune) bool {
	return unicode.In(r, unicode.N, unicode.M, unicode.Sc) && r != 0xfe0e && r != 0xfe0f || strings.ContainsRune("%‰?¬≠", r)
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
