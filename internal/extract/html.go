package extract

import (
	"bytes"
	"context"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/charset"
)

// What a page may hold.
const (
	maxHTML       = 5 << 20
	maxHTMLDepth  = 512
	maxHTMLNodes  = 400_000
	maxAttributes = 1000 // of one element
	maxRoots      = 100  // html and body tags: each adds to the first
)

// formatting are elements that a browser opens again behind a block that was
// closed around them, so that few bytes can make many elements.
var formatting = set("a b big code em font i nobr s small strike strong tt u")

// void are elements without an end.
var void = set("area base basefont bgsound br col embed frame hr img input keygen link meta param source track wbr")

// readHTML reads a page in whatever charset it says it is in.
func readHTML(ctx context.Context, file []byte) (*Copy, error) {
	if len(file) > maxHTML {
		return nil, tooLarge("a page of more than 5 MiB")
	}
	return readPage(ctx, decodeHTML(file), &lines{})
}

// decodeHTML does what browsers do, and takes UTF-8 where the page says nothing
// and is UTF-8 throughout: it was saved as a file.
func decodeHTML(file []byte) []byte {
	start := bytes.ToLower(file[:min(len(file), 1024)])
	if !bytes.Contains(start, []byte("charset")) && utf8.Valid(file) {
		return bytes.TrimPrefix(file, []byte("\ufeff"))
	}
	enc, _, _ := charset.DetermineEncoding(file, "")
	out, err := enc.NewDecoder().Bytes(file)
	if err != nil {
		return bytes.ToValidUTF8(file, []byte("\ufffd"))
	}
	return out
}

// readPage reads a page in UTF-8 behind what out holds.
func readPage(ctx context.Context, page []byte, out *lines) (*Copy, error) {
	doc, err := parsePage(page)
	if err != nil {
		return nil, err
	}
	p := &pageReader{ctx: ctx, out: out, sh: newSheet()}
	if err := p.collect(doc, 0); err != nil {
		return nil, err
	}
	out.leave(WarnStyles, p.sh.outside)
	p.frames = []frame{{block: true}}
	p.children(doc, look{color: black, alpha: 1, back: white, backKnown: true, size: normalSize, opacity: 1, uncertain: p.sh.outside > 0 || p.sh.dark})
	p.close(box{})
	p.bars()
	if p.sh.complex {
		out.cover = "a style that is too complex to tell what it hides"
	}
	if err := ctx.Err(); err != nil {
		return nil, &Error{CodeTooSlow, "it took too long", alone}
	}
	if p.tooDeep {
		return nil, tooDeep()
	}
	return out.copy(HTML)
}

// parsePage parses a page after it was seen to be within bounds.
func parsePage(page []byte) (doc *html.Node, err error) {
	if len(page) > 3*maxHTML {
		return nil, tooLarge("a page of more than 5 MiB")
	}
	if err := scanPage(page); err != nil {
		return nil, err
	}
	// The parser panics on nesting that the scan does not see.
	defer func() {
		if recover() != nil {
			doc, err = nil, tooDeep()
		}
	}()
	if doc, err = html.Parse(bytes.NewReader(page)); err != nil {
		return nil, tooDeep()
	}
	return doc, nil
}

// scanPage bounds the work and the memory that parsing a page takes.
func scanPage(page []byte) error {
	z := html.NewTokenizer(bytes.NewReader(page))
	depth, nodes, roots := 0, 0, 0
	open := map[string]int{}
	opened := 0
	for {
		switch z.Next() {
		case html.ErrorToken:
			return nil
		case html.StartTagToken:
			raw, more := z.TagName()
			name := string(raw)
			attributes := 0
			for ; more; attributes++ {
				_, _, more = z.TagAttr()
			}
			if attributes > maxAttributes {
				return tooLarge("a page with too many parts")
			}
			if name == "html" || name == "body" {
				roots++
			}
			if formatting[name] {
				open[name]++
				opened++
			}
			if !void[name] && !optional[name] {
				depth++
			}
			nodes += attributes / 4
		case html.EndTagToken:
			raw, _ := z.TagName()
			name := string(raw)
			if open[name] > 0 {
				open[name]--
				opened--
			}
			if !optional[name] && depth > 0 {
				depth--
			}
		}
		nodes += 1 + min(opened, maxHTMLDepth)
		switch {
		case depth > maxHTMLDepth:
			return tooDeep()
		case nodes > maxHTMLNodes || roots > maxRoots:
			return tooLarge("a page with too many parts")
		}
	}
}

// optional are elements whose end may be left out: the next one ends them.
var optional = set("p li dt dd option optgroup tr td th tbody thead tfoot colgroup rt rp html body head")

// collect reads the style sheets of a page.
func (p *pageReader) collect(n *html.Node, depth int) error {
	if depth > 2*maxHTMLDepth {
		return tooDeep()
	}
	if n.Type == html.ElementNode {
		p.styleOf(n)
		if n.Data == "template" {
			if _, shadow := lookup(n, "shadowrootmode"); shadow {
				p.out.cover = "words that are shown in place of others"
			}
			return nil // a sheet in it styles nothing
		}
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if err := p.collect(c, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// styleOf takes in what an element says of the style of others.
func (p *pageReader) styleOf(n *html.Node) {
	media := strings.ToLower(strings.TrimSpace(attribute(n, "media")))
	sometimes := media != "" && media != "all" && media != "screen"
	sometimes = sometimes || attribute(n, "title") != "" // of styles with names one counts
	switch n.Data {
	case "body":
		p.sh.link, p.sh.visited = legacyColor(strings.ToLower(attribute(n, "link"))), legacyColor(strings.ToLower(attribute(n, "vlink")))
	case "style":
		if t := strings.ToLower(attribute(n, "type")); t != "" && t != "text/css" {
			return
		}
		var source strings.Builder
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			source.WriteString(c.Data)
		}
		p.sh.add(source.String(), sometimes)
	case "link":
		rel := " " + strings.ToLower(attribute(n, "rel")) + " "
		if !strings.Contains(rel, " stylesheet ") || strings.Contains(rel, " alternate ") {
			return
		}
		if strings.HasPrefix(strings.ToLower(strings.TrimSpace(attribute(n, "href"))), "data:") {
			p.sh.complex = true
			return
		}
		p.sh.outside++
	case "meta":
		p.meta(n)
	case "script":
		switch t := strings.ToLower(attribute(n, "type")); {
		case t == "", t == "module", strings.Contains(t, "javascript"), strings.Contains(t, "ecmascript"):
			p.out.leave(WarnScripts, 1)
		}
		if twofold(n) {
			p.out.cover = "a program whose end not every browser finds at one place"
		}
	}
	for _, a := range n.Attr {
		if strings.HasPrefix(a.Key, "on") && a.Val != "" {
			p.out.leave(WarnScripts, 1)
			break
		}
	}
	if strings.Contains(attribute(n, "style"), "color-scheme") {
		p.sh.dark = true
	}
}

// twofold tells a program in a comment that holds the tag of another: parsers do not
// agree about where it ends, and what is shown begins.
func twofold(n *html.Node) bool {
	if n.FirstChild == nil {
		return false
	}
	_, hidden, is := strings.Cut(strings.ToLower(n.FirstChild.Data), "<!--")
	return is && strings.Contains(hidden, "<script")
}

// forbidsStyle tells a policy under which style in the page may not count.
func forbidsStyle(policy string) bool {
	for d := range strings.FieldsFuncSeq(policy, func(r rune) bool { return r == ';' || r == ',' }) {
		name, _, _ := strings.Cut(strings.TrimSpace(d), " ")
		if !strings.HasPrefix(name, "style-src") && name != "default-src" {
			continue
		}
		if name == "default-src" && strings.Contains(policy, "style-src") {
			continue
		}
		if !strings.Contains(d, "'unsafe-inline'") || strings.Contains(d, "'nonce-") || strings.Contains(d, "'sha") {
			return true
		}
	}
	return false
}

// meta reads what makes a page go away at once, or shows it light on dark.
func (p *pageReader) meta(n *html.Node) {
	content := strings.ToLower(attribute(n, "content"))
	switch {
	case strings.EqualFold(attribute(n, "http-equiv"), "content-security-policy"):
		if forbidsStyle(content) {
			p.out.cover = "a page that forbids its own style"
		}
	case strings.EqualFold(attribute(n, "http-equiv"), "refresh"):
		if wait, _, there := strings.Cut(content, ";"); there {
			if s, unit := number(strings.TrimSpace(wait)); unit == "?" || s < 60 {
				p.out.cover = "the page is replaced by another"
			}
		}
	case strings.EqualFold(attribute(n, "name"), "color-scheme"):
		p.sh.dark = p.sh.dark || strings.Contains(content, "dark")
	}
}
