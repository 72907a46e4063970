package extract

import "strings"

// Words smaller than the first, in pixels, nobody sees; smaller than the second
// hardly anybody reads.
const (
	unseenSize = 1.5
	tinySize   = 5.0
)

// far is how far outside its place an element is certainly off the screen, in
// pixels.
const far = 500

// A look is what of an element's style its words and what is inside it take over.
type look struct {
	color     uint32
	alpha     float64
	named     bool // the colour was set, rather than left to the browser
	back      uint32
	backKnown bool
	size      float64
	invisible bool // visibility
	opacity   float64
	family    string
	reason    string // why the words are in doubt
	uncertain bool   // the background may be set outside the file
	rtl       bool
	shadow    bool // the words may show by their shadow or outline
	pictured  bool // a picture is painted behind the words
	pre       bool
	nowrap    bool
	foot      bool // captions stand below their tables
}

// A box is what of an element's style concerns its place.
type box struct {
	gone     bool    // nothing of it is shown
	display  string  // empty when the browser's own counts
	doubt    string  // of what is in it
	over     string  // why it may lie over other words
	reach    int     // over which
	clipped  float64 // lines that fit
	spills   bool    // what does not fit is shown, and may be covered
	wide     int     // bytes that fit on a line that is not wrapped
	tall     bool    // paints over the lines above and below
	edge     bool    // a bar at the top or foot of the window
	pulled   bool    // moved along the line, which matters between words
	position bool    // what is placed inside counts from it
	painted  bool    // it covers what is behind it, words or none
}

// How far what lies over others reaches.
const (
	overParent = iota
	overContainer
	overAll
)

// apply works out the look of an element in another.
func (l look) apply(p props, sh *sheet) (look, box) {
	b := box{display: p["display"]}
	l.colors(p)
	l.sizes(p)
	l.words(p, sh)
	b.hide(p, l)
	b.place(p, sh)
	return l, b
}

// unseen tells whether words of this look are certainly not seen.
func (l look) unseen() bool {
	if l.invisible || l.opacity < 0.05 || l.size < unseenSize || l.alpha < 0.05 && !l.shadow {
		return true
	}
	return !l.shadow && l.backKnown && !l.uncertain && same(blend(l.color, l.back, l.alpha), l.back)
}

// doubtful says why words of this look may not be read.
func (l look) doubtful() string {
	switch {
	case l.reason != "":
		return l.reason
	case l.opacity < 0.35:
		return "words that hardly show"
	case l.size < tinySize:
		return "words too small to read"
	case l.pictured:
		return "words on a picture that may hide them"
	}
	over := blend(l.color, l.back, l.alpha*l.opacity)
	if l.named && faint(over, l.back) {
		return "words that hardly show on their background"
	}
	return ""
}

func (l *look) colors(p props) {
	if v := p["opacity"]; v != "" && !reset(v) {
		n, unit := number(v)
		if unit == "%" {
			n /= 100
		}
		if unit == "?" {
			l.reason = "what shows cannot be told from the style"
		} else {
			l.opacity *= min(max(n, 0), 1)
		}
	}
	if v := p["background-color"]; v != "" && !reset(v) {
		rgb, alpha, ok := parseColor(v)
		switch {
		case !ok:
			l.backKnown = false
			l.reason = "a colour that cannot be told from the style"
		case alpha > 0:
			l.backKnown = l.backKnown || alpha == 1
			l.back = blend(rgb, l.back, alpha)
			l.uncertain = l.uncertain && alpha < 1
			l.pictured = l.pictured && alpha < 1
		}
	}
	if v := p["background-image"]; v != "" && v != "none" && !reset(v) {
		l.backKnown = false
		l.pictured = true
	}
	if v := p["box-shadow"] + p["border-image"]; strings.Contains(v, "inset") || p["border-image"] != "" {
		l.backKnown = false
	}
	for _, k := range []string{"text-shadow", "-webkit-text-stroke", "-webkit-text-stroke-width"} {
		if v := p[k]; v != "" && !reset(v) {
			l.shadow = v != "none" && v != "0"
		}
	}
	for _, k := range []string{"color", "-webkit-text-fill-color"} {
		v := p[k]
		if v == "" || v == "inherit" || v == "unset" || v == "currentcolor" {
			continue
		}
		rgb, alpha, ok := parseColor(v)
		switch {
		case reset(v):
			l.color, l.alpha = black, 1
		case !ok:
			l.reason = "a colour that cannot be told from the style"
		case alpha < 0.05 && p["background-clip"]+p["-webkit-background-clip"] != "":
			l.reason = "words painted by their background"
		default:
			l.color, l.alpha, l.named = rgb, alpha, true
		}
	}
}

// sizes works out the size of the words.
func (l *look) sizes(p props) {
	v := p["font-size"]
	if v == "" || v == "inherit" || v == "unset" {
		return
	}
	if reset(v) {
		l.size = normalSize
		return
	}
	if n, ok := fontWords[v]; ok {
		if n == 0 {
			n = l.sizeOf(v)
		}
		l.size = n
		return
	}
	n, ok := pixels(v, l.size)
	if strings.HasSuffix(v, "%") {
		n, ok = n/percent*l.size/100, true
	}
	if !ok {
		l.reason = "a size that cannot be told from the style"
		return
	}
	l.size = n
}

func (l *look) sizeOf(word string) float64 {
	if word == "smaller" {
		return l.size / 1.2
	}
	return l.size * 1.2
}

// words works out what else changes what is read.
func (l *look) words(p props, sh *sheet) {
	switch v := p["visibility"]; {
	case v == "hidden" || v == "collapse":
		l.invisible = true
	case v == "visible" || v == "initial":
		l.invisible = false
	case strings.Contains(v, "("):
		l.reason = "what shows cannot be told from the style"
	}
	switch v := p["white-space"]; {
	case v == "":
	case strings.HasPrefix(v, "pre") || v == "break-spaces":
		l.pre, l.nowrap = true, v == "pre"
	default:
		l.pre, l.nowrap = false, v == "nowrap"
	}
	if v := p["caption-side"]; v != "" {
		l.foot = v != "top" && v != "block-start"
	}
	if v := p["direction"]; v == "rtl" || v == "ltr" {
		l.rtl = v == "rtl"
	}
	if v := p["font-family"]; v != "" && !reset(v) {
		l.family = v
	}
	if len(sh.fonts) > 0 && strings.Contains(l.family, "var(") {
		l.reason = "letters of a font that travels in the file"
	}
	for name := range sh.fonts {
		if strings.Contains(strings.ToLower(l.family), name) {
			l.reason = "letters of a font that travels in the file"
		}
	}
	for _, k := range tricky {
		if v := p[k]; v != "" {
			l.reason = first(wordTricks(k, v), l.reason)
		}
	}
	if v := p["text-transform"]; v == "none" && l.reason == transformed {
		l.reason = ""
	}
	if p["animation-name"] != "" && p["animation-name"] != "none" && sh.moves {
		l.reason = "words that an animation may hide"
	}
}

const untold = "what shows cannot be told from the style"

const transformed = "capitals that are not in the file"

// tricky are the properties that wordTricks knows.
var tricky = []string{
	"unicode-bidi", "text-transform", "-webkit-text-security", "text-decoration-line", "letter-spacing", "word-spacing", "line-height",
	"filter", "mask", "mask-image", "-webkit-mask-image", "mix-blend-mode", "offset-path", "writing-mode", "vertical-align",
	"font-size-adjust", "mask-box-image", "text-decoration-thickness", "text-underline-offset",
	"-webkit-text-stroke", "-webkit-text-stroke-width",
}

// wordTricks says what a declaration does to words, apart from hiding them.
func wordTricks(name, v string) string {
	if v == "none" || v == "normal" || v == "auto" || reset(v) {
		return ""
	}
	if strings.Contains(v, "(") && (name == "line-height" || name == "vertical-align" || name == "unicode-bidi" || name == "text-decoration-line" && strings.Contains(v, "var(")) {
		return untold
	}
	switch name {
	case "font-size-adjust":
		return "a size that cannot be told from the style"
	case "text-decoration-thickness":
		if n, ok := pixels(v, normalSize); v != "from-font" && (!ok || n > 5) {
			return "words under a thick line"
		}
	case "text-underline-offset":
		if n, ok := pixels(v, normalSize); !ok || n < -2 {
			return "words that are struck through"
		}
	case "unicode-bidi":
		if strings.Contains(v, "override") {
			return "the order of the letters is turned round"
		}
	case "text-transform":
		return transformed
	case "-webkit-text-security":
		return "letters are replaced by signs"
	case "text-decoration-line":
		if strings.Contains(v, "line-through") {
			return "words that are struck through"
		}
		for _, f := range fields(v) {
			if n, ok := pixels(f, normalSize); ok && n > 5 {
				return "words under a thick line"
			}
		}
	case "letter-spacing", "word-spacing":
		if n, ok := pixels(v, normalSize); !ok || n < -3 {
			return "letters stand on each other"
		}
	case "line-height":
		if n, unit := number(v); unit == "" && n < 0.5 || unit == "%" && n < 50 || unit == "px" && n < 6 || unit == "em" && n < 0.5 {
			return "lines stand on each other"
		}
	case "filter", "mask", "mask-image", "-webkit-mask-image", "mask-box-image", "mix-blend-mode", "offset-path":
		return "words that a picture effect may hide"
	case "vertical-align":
		if n, ok := pixels(v, normalSize); ok && (n > 10 || n < -10) {
			return "words that are moved"
		}
	case "-webkit-text-stroke", "-webkit-text-stroke-width":
		for _, f := range fields(v) {
			if n, ok := pixels(f, normalSize); ok && n > 1 || strings.Contains(f, "calc(") || strings.Contains(f, "var(") {
				return "words that hardly show"
			}
		}
	case "writing-mode":
		if v != "horizontal-tb" {
			return "the words run from top to foot"
		}
	}
	return ""
}

// differs tells whether two looks show words differently.
func differs(a, b look) bool { return a.unseen() != b.unseen() || a.doubtful() != b.doubtful() }
