package extract

import (
	"strings"

	"golang.org/x/net/html"
)

// maxMatching bounds how many compounds are compared for one page.
const maxMatching = 6_000_000

// Whether a selector matches.
const (
	no = iota
	perhaps
	yes
)

// A compound is what a selector asks of one element.
type compound struct {
	before  byte // how it stands to the compound before it: ' ', '>', '+', '~'
	tag, id string
	classes []string
	attrs   []attrTest
	not     []compound
	any     [][]compound
	child   []string // structural pseudo-classes that are known
	maybe   bool     // asks what is not known
	never   bool     // asks for what is not so when a page is opened
}

type attrTest struct {
	name, value string
	op          byte
}

// A selector is compounds from left to right, what it weighs, and the
// pseudo-element that it is about.
type selector struct {
	parts  []compound
	weight int
	pseudo string
	odd    bool // asks what some browsers may not know
	untold bool // styles what is shown and is no element
}

// last is the compound that was read last.
func (s selector) last() compound {
	if len(s.parts) == 0 {
		return compound{}
	}
	return s.parts[len(s.parts)-1]
}

// The weights of an id, of a class and of a tag.
const (
	idWeight    = 1 << 16
	classWeight = 1 << 8
)

// key is what an element has to have so that the selector can match it.
func (s selector) key() string {
	last := s.last()
	switch {
	case last.id != "":
		return "#" + strings.ToLower(last.id)
	case len(last.classes) > 0:
		return "." + strings.ToLower(last.classes[0])
	case last.tag != "":
		return last.tag
	}
	return "*"
}

// generated are pseudo-elements that show something of their own, or style a part
// of the element.
var generated = set("before after marker first-letter first-line")

// partly are pseudo-elements that show what is in an element, or words of their own.
var partly = set("details-content scroll-marker scroll-marker-group checkmark picker-icon")

// idle are pseudo-classes that ask what a reader has not done yet.
var idle = set("hover active focus focus-visible focus-within visited target fullscreen modal popover-open playing")

// structural are pseudo-classes that are answered exactly.
var structural = set("root first-child last-child only-child link any-link empty scope")

// parseSelector reads one selector; it is not ok when it can match nothing, or
// styles nothing that is read.
func parseSelector(ts []cssToken) (selector, bool) {
	var s selector
	c := compound{before: ' '}
	started, comb := false, byte(0)
	for i := 0; i < len(ts); {
		t := ts[i]
		if strings.IndexByte(" >+~", t.kind) >= 0 {
			if t.kind != ' ' || comb == 0 {
				comb = t.kind
			}
			i++
			continue
		}
		if comb != 0 && started {
			s.odd = s.odd || c.maybe
			s.parts = append(s.parts, c)
			c = compound{before: comb}
		}
		comb, started = 0, true
		n, ok := s.simple(&c, ts[i:])
		if !ok {
			return s, false
		}
		i += n
	}
	s.parts = append(s.parts, c)
	s.odd = s.odd || c.maybe
	return s, started && !c.never
}

// simple reads one simple selector, and returns how many tokens it took.
func (s *selector) simple(c *compound, ts []cssToken) (int, bool) {
	switch t := ts[0]; {
	case t.kind == 'i':
		c.tag = strings.ToLower(t.text)
		s.weight++
	case t.kind == '*':
	case t.kind == '|':
		c.maybe = true // of which language the elements are
	case t.kind == '#':
		c.id = t.text
		s.weight += idWeight
	case t.kind == '.' && len(ts) > 1 && ts[1].kind == 'i':
		c.classes = append(c.classes, ts[1].text)
		s.weight += classWeight
		return 2, true
	case t.kind == '[':
		s.weight += classWeight
		return c.attribute(ts)
	case t.kind == ':':
		return s.colon(c, ts)
	case t.kind == '&':
		c.maybe = true
	default:
		return 0, false
	}
	return 1, true
}

func (c *compound) attribute(ts []cssToken) (int, bool) {
	a := attrTest{}
	for i, t := range ts[1:] {
		switch t.kind {
		case ']':
			c.attrs = append(c.attrs, a)
			return i + 2, a.name != ""
		case 'i', 's', 'n':
			switch {
			case a.name == "":
				a.name = strings.ToLower(t.text)
			case a.op != 0 && a.value == "":
				a.value = t.text
			}
		case '=':
			if a.op == 0 {
				a.op = '='
			}
		case '~', '|', '^', '$', '*':
			a.op = t.kind
		}
	}
	return 0, false
}

// colon reads a pseudo-class or pseudo-element.
func (s *selector) colon(c *compound, ts []cssToken) (int, bool) {
	i := 1
	if i < len(ts) && ts[i].kind == ':' {
		i++
	}
	if i >= len(ts) {
		return 0, false
	}
	name := strings.ToLower(ts[i].text)
	switch {
	case ts[i].kind == 'i' && generated[name]:
		s.pseudo = name
		s.weight++
	case ts[i].kind == 'i' && i == 2 && partly[name]:
		s.untold = true
	case ts[i].kind == 'i' && i == 2:
		return 0, false // ::selection and the like style nothing that is read
	case ts[i].kind == 'i' && idle[name]:
		c.never = true
		s.weight += classWeight
	case ts[i].kind == 'i' && structural[name]:
		c.child = append(c.child, name)
		s.weight += classWeight
	case ts[i].kind == 'i':
		c.maybe = true
		s.weight += classWeight
	case ts[i].kind == 'f':
		return s.function(c, name, ts, i)
	default:
		return 0, false
	}
	return i + 1, true
}

// function reads :not(…), :is(…) and :where(…) of plain compounds; others are
// what nobody knows.
func (s *selector) function(c *compound, name string, ts []cssToken, i int) (int, bool) {
	depth, end := 1, i+1
	for ; end < len(ts) && depth > 0; end++ {
		switch ts[end].kind {
		case '(', 'f':
			depth++
		case ')':
			depth--
		}
	}
	if depth > 0 {
		return 0, false
	}
	if name != "not" && name != "is" && name != "where" {
		c.maybe = true
		s.weight += classWeight
		return end, true
	}
	var inner []compound
	heaviest := 0
	for _, part := range splitTokens(ts[i+1:end-1], ',') {
		one := selector{}
		sub, ok := one.plain(part)
		if !ok {
			c.maybe = true
		}
		inner = append(inner, sub)
		heaviest = max(heaviest, one.weight)
	}
	if name == "not" {
		c.not = append(c.not, inner...)
	} else {
		c.any = append(c.any, inner)
	}
	if name != "where" {
		s.weight += heaviest
	}
	return end, true
}

// plain reads the argument of a function; one of several compounds is not known.
func (s *selector) plain(ts []cssToken) (compound, bool) {
	c := compound{}
	for len(ts) > 0 && ts[0].kind == ' ' {
		ts = ts[1:]
	}
	for len(ts) > 0 && ts[len(ts)-1].kind == ' ' {
		ts = ts[:len(ts)-1]
	}
	for i := 0; i < len(ts); {
		n, ok := s.simple(&c, ts[i:])
		if !ok || len(c.not)+len(c.any) > 0 {
			return compound{maybe: true}, false
		}
		i += n
	}
	return c, true
}

// matches tells whether the selector is about the element.
func (sh *sheet) matches(s selector, n *html.Node) int {
	end := len(s.parts) - 1
	m := sh.compare(&s.parts[end], n)
	if m == no || end == 0 {
		return m
	}
	return min(m, sh.around(s.parts, end, n))
}

// around looks for elements before part i, which matches n already.
func (sh *sheet) around(parts []compound, i int, n *html.Node) int {
	if i == 0 {
		return yes
	}
	best := no
	for o := sh.step(parts[i].before, n); o != nil; o = sh.step(parts[i].before, o) {
		if m := sh.compare(&parts[i-1], o); m != no {
			best = max(best, min(m, sh.around(parts, i-1, o)))
		}
		if best == yes || parts[i].before == '>' || parts[i].before == '+' || sh.work > maxMatching {
			break
		}
	}
	return best
}

// step is the element that a combinator leads to.
func (sh *sheet) step(combinator byte, n *html.Node) *html.Node {
	if combinator == ' ' || combinator == '>' {
		if n.Parent != nil && n.Parent.Type == html.ElementNode {
			return n.Parent
		}
		return nil
	}
	for n = n.PrevSibling; n != nil && n.Type != html.ElementNode; n = n.PrevSibling {
		sh.work++
	}
	return n
}
