package extract

import (
	"strings"

	"golang.org/x/net/html"
)

// compare tells whether one element is what a compound asks for. Where browsers
// do not agree about the case of letters, or the sheet asks what is not known, the
// answer is perhaps.
func (sh *sheet) compare(c *compound, n *html.Node) int {
	if sh.work++; sh.work > maxMatching {
		sh.complex = true
		return no
	}
	if c.never || c.tag != "" && c.tag != n.Data && !strings.EqualFold(c.tag, n.Data) {
		return no
	}
	m := yes
	if c.maybe {
		m = perhaps
	}
	if c.id != "" {
		m = min(m, alike(attribute(n, "id"), c.id))
	}
	for _, class := range c.classes {
		if m == no {
			return no
		}
		m = min(m, sh.hasClass(attribute(n, "class"), class))
	}
	for i := range c.attrs {
		sh.work += 1 + len(attribute(n, c.attrs[i].name))/32
		m = min(m, c.attrs[i].test(n))
	}
	for _, name := range c.child {
		m = min(m, sh.placed(name, n))
	}
	for i := range c.not {
		m = min(m, yes-sh.compare(&c.not[i], n))
	}
	for _, list := range c.any {
		best := no
		for i := range list {
			best = max(best, sh.compare(&list[i], n))
		}
		m = min(m, best)
	}
	return m
}

// alike compares names that some pages write in any case.
func alike(a, b string) int {
	switch {
	case a == b:
		return yes
	case strings.EqualFold(a, b):
		return perhaps
	}
	return no
}

func (sh *sheet) hasClass(list, class string) int {
	sh.work += len(list) / 32
	best := no
	for f := range strings.FieldsSeq(list) {
		if best = max(best, alike(f, class)); best == yes {
			break
		}
	}
	return best
}

func (a *attrTest) test(n *html.Node) int {
	v, has := lookup(n, a.name)
	if !has {
		return no
	}
	if a.op == 0 {
		return yes
	}
	exact, folded := a.holds(v, a.value), a.holds(strings.ToLower(v), strings.ToLower(a.value))
	switch {
	case exact:
		return yes
	case folded:
		return perhaps
	}
	return no
}

func (a *attrTest) holds(v, want string) bool {
	switch a.op {
	case '~':
		for f := range strings.FieldsSeq(v) {
			if f == want {
				return true
			}
		}
		return false
	case '|':
		return v == want || strings.HasPrefix(v, want+"-")
	case '^':
		return want != "" && strings.HasPrefix(v, want)
	case '$':
		return want != "" && strings.HasSuffix(v, want)
	case '*':
		return want != "" && strings.Contains(v, want)
	}
	return v == want
}

// placed answers a structural pseudo-class.
func (sh *sheet) placed(name string, n *html.Node) int {
	ok := false
	switch name {
	case "root", "scope":
		ok = n.Parent != nil && n.Parent.Type == html.DocumentNode
	case "first-child":
		ok = sh.step('+', n) == nil
	case "last-child":
		ok = sh.nextElement(n) == nil
	case "only-child":
		ok = sh.step('+', n) == nil && sh.nextElement(n) == nil
	case "empty":
		ok = n.FirstChild == nil
	case "link", "any-link":
		_, ok = lookup(n, "href")
	}
	if ok {
		return yes
	}
	return no
}

func (sh *sheet) nextElement(n *html.Node) *html.Node {
	for n = n.NextSibling; n != nil && n.Type != html.ElementNode; n = n.NextSibling {
		sh.work++
	}
	return n
}

// lookup is an attribute of an element, and whether it is there.
func lookup(n *html.Node, name string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val, true
		}
	}
	return "", false
}

func attribute(n *html.Node, name string) string { v, _ := lookup(n, name); return v }
