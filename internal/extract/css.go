package extract

import (
	"slices"
	"strings"
)

// What a page's own style sheets may hold. Beyond it nobody knows what is shown.
const (
	maxRules    = 20_000
	maxSelector = 512 // tokens
	maxCSSDepth = 16
	maxDecls    = 100_000
	maxFonts    = 200
)

// A decl is one declaration, of a property that matters here.
type decl struct {
	name, value string
	important   bool
	some        bool // not every browser knows the name
}

// A cssRule is what its declarations are for one selector. A rule that applies
// only sometimes, such as on a small screen, is a maybe.
type cssRule struct {
	sel   selector
	decls []decl
	maybe bool
	order int
}

// A sheet is what the style sheets of one page say.
type sheet struct {
	rules   []cssRule
	decls   int
	index   map[string][]int
	fonts   map[string]bool // families whose letters are in the file
	outside int             // sheets that are not in the file
	complex bool            // what is hidden cannot be told
	moves   bool            // there are animations of what hides
	dark    bool            // the page may be shown light on dark
	minus   bool            // a custom property may be below zero
	link    string          // the colours of links that the body names
	visited string
	work    int // compounds that were compared
}

func newSheet() *sheet { return &sheet{index: map[string][]int{}, fonts: map[string]bool{}} }

// add reads one style sheet.
func (sh *sheet) add(source string, maybe bool) {
	l := &cssLexer{s: source}
	sh.block(l, maybe, 0)
}

// block reads rules up to the brace that ends them, or the end.
func (sh *sheet) block(l *cssLexer, maybe bool, depth int) {
	if depth > maxCSSDepth {
		sh.complex = true
		l.i = len(l.s)
		return
	}
	var prelude []cssToken
	for {
		t := l.next()
		switch {
		case t.kind == 0:
			return
		case t.kind == '}' && depth > 0:
			return
		case t.kind == '{':
			sh.rule(prelude, l, maybe)
			prelude = prelude[:0]
		case t.kind == '@' && len(prelude) == 0:
			sh.atRule(strings.ToLower(t.text), l, maybe, depth)
		case len(prelude) == 0 && (t.kind == ' ' || t.kind == 'c'):
		default:
			if len(prelude) <= maxSelector {
				prelude = append(prelude, t)
			}
		}
	}
}

func (sh *sheet) atRule(name string, l *cssLexer, maybe bool, depth int) {
	var prelude []cssToken
	t := l.next()
	for ; t.kind != 0 && t.kind != ';' && t.kind != '{' && t.kind != '}'; t = l.next() {
		if len(prelude) <= maxSelector {
			prelude = append(prelude, t)
		}
	}
	switch s := joined(prelude); {
	case name == "import":
		sh.outside++
	case name == "namespace" && !strings.Contains(s, "1999/xhtml") && (strings.HasPrefix(strings.TrimSpace(s), "url(") || strings.HasPrefix(strings.TrimSpace(s), `"`)):
		sh.complex = true // every selector asks for elements of another language
	}
	if t.kind != '{' {
		return
	}
	switch name {
	case "media":
		sh.block(l, maybe || !always(prelude), depth+1)
	case "supports", "layer", "container", "scope", "document", "-moz-document", "starting-style":
		sh.block(l, true, depth+1)
	case "counter-style":
		sh.complex = true // markers may say anything
		sh.skipBlock(l)
	case "font-face":
		sh.fontFace(sh.declarations(l))
	case "keyframes", "-webkit-keyframes", "-moz-keyframes":
		sh.moves = sh.skipBlock(l) || sh.moves
	default:
		sh.skipBlock(l)
	}
}

// always tells a media query that every screen answers.
func always(prelude []cssToken) bool {
	s := strings.TrimSpace(joined(prelude))
	return s == "" || s == "all" || s == "screen"
}

// skipBlock reads to the end of a block, and tells whether a property that can
// hide words is named in it.
func (sh *sheet) skipBlock(l *cssLexer) bool {
	touchy := false
	for depth := 1; depth > 0; {
		t := l.next()
		switch t.kind {
		case 0:
			return touchy
		case '{':
			depth++
		case '}':
			depth--
		case 'i':
			touchy = touchy || hiding[strings.ToLower(t.text)]
		}
	}
	return touchy
}

func (sh *sheet) fontFace(decls []decl) {
	family, inside := "", false
	for _, d := range decls {
		switch d.name {
		case "font-family":
			family = strings.Trim(d.value, `"`)
		case "size-adjust":
			inside = true
		case "src":
			inside = inside || strings.Contains(d.value, "data:")
		}
	}
	if inside && family != "" {
		sh.fonts[strings.ToLower(family)] = true
		sh.complex = sh.complex || len(sh.fonts) > maxFonts
	}
}

// rule keeps the declarations that matter for each of the selectors.
func (sh *sheet) rule(prelude []cssToken, l *cssLexer, maybe bool) {
	decls := sh.declarations(l)
	decls = slices.DeleteFunc(decls, func(d decl) bool { return d.name == "src" || d.name == "size-adjust" })
	if len(decls) == 0 {
		return
	}
	if len(prelude) > maxSelector {
		sh.complex = true
		return
	}
	// One selector that a browser does not know drops the whole rule.
	parts := splitTokens(prelude, ',')
	var sels []selector
	for _, part := range parts {
		sel, ok := parseSelector(part)
		if ok {
			sels = append(sels, sel)
		}
		maybe = maybe || len(parts) > 1 && (sel.odd || !ok && !sel.last().never)
	}
	for _, sel := range sels {
		sh.complex = sh.complex || sel.untold
		if sh.decls += len(decls); len(sh.rules) >= maxRules || sh.decls > maxDecls {
			sh.complex = true
			return
		}
		sh.index[sel.key()] = append(sh.index[sel.key()], len(sh.rules))
		sh.rules = append(sh.rules, cssRule{sel: sel, decls: decls, maybe: maybe, order: len(sh.rules)})
	}
}

// splitTokens splits at a sign that stands in no brackets.
func splitTokens(ts []cssToken, sign byte) [][]cssToken {
	var out [][]cssToken
	depth, from := 0, 0
	for i, t := range ts {
		switch t.kind {
		case '(', '[', 'f':
			depth++
		case ')', ']':
			depth--
		case sign:
			if depth == 0 {
				out = append(out, ts[from:i])
				from = i + 1
			}
		}
	}
	return append(out, ts[from:])
}

// declarations reads a block of declarations. A rule nested in it makes the sheet
// complex when it can hide words.
func (sh *sheet) declarations(l *cssLexer) []decl {
	var out []decl
	name, colon := "", false
	var value []cssToken
	flush := func() {
		if strings.HasPrefix(name, "--") {
			sh.minus = sh.minus || belowZero(joined(value))
		} else if colon && len(out) < maxRules {
			out = appendDecl(out, name, value)
		}
		name, colon, value = "", false, value[:0]
	}
	for depth := 0; ; {
		t := l.next()
		switch {
		case t.kind == 0 || t.kind == '}' && depth == 0:
			flush()
			return out
		case t.kind == ';' && depth == 0:
			flush()
		case t.kind == '{':
			sh.complex = sh.skipBlock(l) || sh.complex
			name, colon, value = "", false, value[:0]
			depth = 0
		case !colon && t.kind == ':':
			colon = true
		case !colon && t.kind == 'i' && name == "":
			name = strings.ToLower(t.text)
		case !colon && t.kind != ' ':
			name = "?" // no browser takes this for a declaration
		case colon && len(value) < maxSelector:
			value = append(value, t)
			fallthrough
		default:
			if t.kind == '(' || t.kind == '[' || t.kind == 'f' {
				depth++
			} else if (t.kind == ')' || t.kind == ']') && depth > 0 {
				depth--
			}
		}
	}
}

// joined writes tokens as one string: words in lower case, strings in quotes.
func joined(ts []cssToken) string {
	var b strings.Builder
	for _, t := range ts {
		switch t.kind {
		case 's':
			b.WriteString(`"` + strings.ReplaceAll(t.text, `"`, "") + `"`)
		case 'f':
			b.WriteString(t.text + "(")
		case 'u':
			b.WriteString("url(" + t.text + ")")
		case '#', '@':
			b.WriteString(string(rune(t.kind)) + strings.ToLower(t.text))
		default:
			b.WriteString(strings.ToLower(t.text))
		}
	}
	return b.String()
}
