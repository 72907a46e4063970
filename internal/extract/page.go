package extract

import (
	"context"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/net/html"
)

// A pageReader goes through a parsed page.
type pageReader struct {
	ctx     context.Context
	out     *lines
	sh      *sheet
	frames  []frame // of the elements around, the page's own first
	lists   int     // lists that are open
	tooDeep bool
	padded  bool  // the page leaves room at its top
	edges   []int // where bars stand in the text
	named   bool  // a picture with a name in letters stands behind the words
	spoken  int   // where
}

// A frame is an open element.
type frame struct {
	from      int
	doubt     string
	block     bool
	container bool // what is placed inside counts from it
	filled    bool // shows something that is no text
	spills    bool // words in it may stand where the next parts do
}

// ends says how an element parts lines when no style says otherwise.
var ends = func() map[string]int {
	m := map[string]int{}
	for tag := range set("p h1 h2 h3 h4 h5 h6 blockquote ul ol dl pre table figure hr menu dir fieldset form xmp listing plaintext search hgroup") {
		m[tag] = emptyLine
	}
	for tag := range set("div li dt dd tr td th caption section article header footer main nav aside address figcaption legend summary details " +
		"html body center thead tbody tfoot dialog optgroup option title") {
		m[tag] = nextLine
	}
	return m
}()

// silent are elements that show nothing of what is in them, and are no news.
var silent = set("script style head title meta link base noframes area param source track colgroup col frameset rp")

// silentDrawn are such elements of drawings and formulas.
var silentDrawn = set("annotation annotation-xml desc metadata defs symbol")

// fallbacks are elements that show something else than the text in them.
var fallbacks = set("iframe object video audio canvas embed applet picture progress meter")

func (p *pageReader) children(n *html.Node, l look) {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		switch c.Type {
		case html.TextNode:
			p.text(c.Data, l)
		case html.ElementNode:
			p.element(c, l)
		}
	}
}

func (p *pageReader) text(s string, l look) {
	if l.unseen() {
		if strings.TrimSpace(s) != "" {
			p.out.leave(WarnHidden, 1)
		}
		return
	}
	from := p.out.mark()
	after := p.named && p.spoken == from && p.out.owed == sameLine
	if l.pre {
		p.out.kept(s)
	} else {
		p.out.words(s)
	}
	if p.out.mark() > from {
		if after {
			p.out.doubt(from, spoken)
		}
		p.named = false
	}
	if why := l.doubtful(); why != "" {
		p.out.doubt(from, why)
	}
}

func (p *pageReader) element(n *html.Node, around look) {
	if len(p.frames) > 2*maxHTMLDepth {
		p.tooDeep = true
		return
	}
	if n.Namespace != "" && silentDrawn[n.Data] {
		return
	}
	st := p.sh.style(n)
	mute := silent[n.Data]
	if mute && !st.shows() {
		return
	}
	l, b := p.resolve(st, around)
	switch hidden := p.hiddenByTag(n); {
	case b.gone || hidden && !(st.shows() && restyled[n.Data]):
		if !mute {
			p.leave(n)
		}
		return
	case hidden || mute:
		b.doubt = "words that the style shows"
	}
	switch n.Data {
	case "pre", "textarea", "xmp", "listing", "plaintext":
		if st.cases[0]["white-space"] == "" {
			l.pre = true
		}
	case "body", "html":
		p.room(st.cases[0])
		l.pictured = false // a page's own background is no trick
	case "table":
		l.uncertain = l.uncertain || hasColumns(n)
	}
	end := lineEnds(n.Data, b.display)
	if end == emptyLine && p.lists > 0 {
		end = nextLine
	}
	switch display := strings.TrimSpace(b.display); {
	case b.over != "":
	case end == sameLine && b.tall && (display == "" || display == "inline"):
		b.over, b.reach = "something may lie over the words", overParent
	case display == "table-header-group" && n.Data != "thead", display == "table-footer-group" && n.Data != "tfoot",
		l.foot && (n.Data == "caption" || display == "table-caption"):
		b.over, b.reach = "the order of the parts is changed", overParent
	}
	if b.pulled && end == sameLine && b.over == "" {
		b.over, b.reach = "words that are moved along the line", overParent
	}
	p.frames = append(p.frames, frame{from: p.out.mark(), block: end > 0, container: b.position, doubt: b.doubt})
	p.out.end(end)
	p.inside(n, l)
	p.checkDirection(st.cases[0], l)
	if v := st.cases[0]["background-image"]; end == sameLine && v != "" && v != "none" && p.frames[len(p.frames)-1].from == p.out.mark() {
		p.out.leave(WarnPictures, 1)
	}
	p.generated(n, st, l)
	p.close(b)
	p.out.end(end)
}

// resolve works out the look and place of an element. Where it may be shown and
// may be hidden, it is read, and in doubt.
func (p *pageReader) resolve(st styled, around look) (look, box) {
	if first := st.cases[0]; p.sh.moves && first["animation-name"] != "" && first["animation-name"] != "none" {
		shown := props{}
		for k, v := range first {
			if k != "opacity" && k != "visibility" && k != "display" && k != "transform" {
				shown[k] = v
			}
		}
		st.cases = append(st.cases, shown)
	}
	l, b := around.apply(st.cases[0], p.sh)
	unsure := st.more
	for _, c := range st.cases[1:] {
		l2, b2 := around.apply(c, p.sh)
		unsure = unsure || b.gone != b2.gone || differs(l, l2)
		if b.gone || !b2.gone && l.unseen() && !l2.unseen() {
			b2.doubt = first(b2.doubt, b.doubt)
			l, b = l2, b2
		}
		b.doubt = first(b.doubt, b2.doubt)
		if b.over == "" {
			b.over, b.reach, b.edge = b2.over, b2.reach, b2.edge
		}
	}
	if unsure {
		b.doubt = "words that are hidden at times"
	}
	return l, b
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func lineEnds(tag, display string) int {
	switch d, _, _ := strings.Cut(display, " "); d {
	case "", "initial", "inherit", "unset", "revert":
		return ends[tag]
	case "inline", "inline-block", "inline-flex", "inline-grid", "inline-table", "contents", "ruby":
		return sameLine
	}
	return max(ends[tag], nextLine)
}

// restyled are elements that browsers hide by a style of their own, which a page may
// overrule.
var restyled = set("dialog datalist noembed noframes area param source track colgroup col rp script style head title meta link base")

// shows tells whether a page's style may show what browsers hide.
func (st styled) shows() bool {
	return slices.ContainsFunc(st.cases, func(c props) bool { return c["display"] != "" && c["display"] != "none" && !reset(c["display"]) })
}

// hiddenByTag tells what an element's own nature hides.
func (p *pageReader) hiddenByTag(n *html.Node) bool {
	_, open := lookup(n, "open")
	switch n.Data {
	case "template":
		_, shadow := lookup(n, "shadowrootmode") // shown, and all of it in doubt
		return !shadow
	case "noscript", "noembed", "datalist":
		return true
	case "dialog":
		return !open
	}
	if n.Parent == nil || n.Parent.Data != "details" {
		return false
	}
	if _, open = lookup(n.Parent, "open"); open {
		return false
	}
	if n.Data != "summary" {
		return true
	}
	for c := n.PrevSibling; c != nil; c = c.PrevSibling {
		if p.sh.work++; c.Data == "summary" && c.Type == html.ElementNode {
			return true // only the first is shown
		}
	}
	return false
}

// leave counts what is hidden, when there are words in it.
func (p *pageReader) leave(n *html.Node) {
	if hasWords(n) {
		p.out.leave(WarnHidden, 1)
	}
}

func hasWords(n *html.Node) bool {
	if n.Type == html.TextNode && strings.TrimSpace(n.Data) != "" {
		return true
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if (c.Type != html.ElementNode || !silent[c.Data]) && hasWords(c) {
			return true
		}
	}
	return false
}

// checkDirection doubts words that run from right to left and are of a script that
// does not.
func (p *pageReader) checkDirection(c props, l look) {
	if c["direction"] != "rtl" || !l.rtl {
		return
	}
	from := p.frames[len(p.frames)-1].from
	latin := false
	if !p.look(len(p.out.buf) - from) {
		return
	}
	for _, r := range string(p.out.buf[from:]) {
		if unicode.In(r, unicode.Arabic, unicode.Hebrew, unicode.Syriac, unicode.Thaana) {
			return
		}
		latin = latin || unicode.IsLetter(r)
	}
	if latin {
		p.out.doubt(from, "the order of the words is turned round")
	}
}

// hasColumns tells whether columns of a table, which no cell stands in, may paint
// behind its words.
func hasColumns(n *html.Node) bool {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.Data == "col" || c.Data == "colgroup" {
			return true
		}
	}
	return false
}

// look counts the bytes of text that are looked at again, and tells whether there
// were not too many.
func (p *pageReader) look(n int) bool {
	p.sh.work += n / 16
	p.sh.complex = p.sh.complex || p.sh.work > maxMatching
	return p.sh.work <= maxMatching
}
