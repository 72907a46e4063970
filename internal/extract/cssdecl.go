package extract

import "strings"

// hiding are the properties by which words may be hidden, moved or replaced.
// Declarations of other properties are not kept.
var hiding = set("display visibility opacity font-size color background-color background-image clip clip-path text-indent " +
	"position top left right bottom overflow overflow-x overflow-y height max-height width max-width transform translate scale " +
	"rotate zoom filter mask mask-image -webkit-mask-image content unicode-bidi direction text-transform order flex-direction " +
	"margin-top margin-left font-size-adjust contain outline outline-offset outline-width grid-row-end grid-column-end grid-auto-rows " +
	"grid-template-rows grid-template-columns grid-auto-columns grid-template grid text-decoration-thickness text-underline-offset min-height " +
	"padding-bottom border backdrop-filter caption-side mask-box-image  margin-right margin-bottom float line-height letter-spacing word-spacing grid-row grid-column grid-area " +
	"grid-row-start grid-column-start content-visibility -webkit-text-fill-color -webkit-text-security font-family animation-name " +
	"list-style-type text-decoration-line color-scheme -webkit-line-clamp all white-space quotes background-clip -webkit-background-clip " +
	"writing-mode offset-path mix-blend-mode padding-top text-shadow -webkit-text-stroke -webkit-text-stroke-width box-shadow border-image vertical-align flex-wrap")

// shorthands that are taken apart.
var shorthands = set("font background margin inset padding padding-block overflow flex-flow list-style animation text-decoration " +
	"inset-inline inset-block margin-block margin-inline -webkit-animation")

func set(words string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(words) {
		m[w] = true
	}
	return m
}

// physical are the names of what depends on how the words run, for words that run as
// ours do; and other names that some browsers have.
var physical = map[string]string{
	"inset-inline-start": "left", "inset-inline-end": "right", "inset-block-start": "top", "inset-block-end": "bottom",
	"margin-inline-start": "margin-left", "margin-inline-end": "margin-right", "margin-block-start": "margin-top", "margin-block-end": "margin-bottom",
	"block-size": "height", "inline-size": "width", "max-block-size": "max-height", "max-inline-size": "max-width", "min-block-size": "min-height",
	"padding-block-start": "padding-top", "padding-block-end": "padding-bottom", "overflow-block": "overflow-y", "overflow-inline": "overflow-x",
	"box-direction": "flex-direction", "box-ordinal-group": "order",
}

// known is the name under which a property is kept, and whether some browsers alone
// know it.
func known(name string) (string, bool) {
	if strings.HasPrefix(name, "border") && name != "border-image" && !strings.HasSuffix(name, "radius") && name != "border-collapse" && name != "border-spacing" {
		return "border", false
	}
	if hiding[name] || shorthands[name] {
		return name, false
	}
	for _, prefix := range []string{"-webkit-", "-moz-"} {
		if rest, is := strings.CutPrefix(name, prefix); is {
			rest, _ = known(rest)
			return rest, true
		}
	}
	if to := physical[name]; to != "" {
		return to, false
	}
	return name, false
}

// fields parts a value at blanks that stand in no brackets.
func fields(v string) []string {
	depth := 0
	return strings.FieldsFunc(v, func(r rune) bool {
		switch r {
		case '(':
			depth++
		case ')':
			depth--
		}
		return depth <= 0 && strings.ContainsRune(" \t\n\r\f", r)
	})
}

// belowZero tells a value that has a minus sign, as against a hyphen.
func belowZero(v string) bool {
	for i := range len(v) - 1 {
		if v[i] == '-' && (i == 0 || strings.IndexByte(" (,*/+", v[i-1]) >= 0) && strings.IndexByte(" (.0123456789", v[i+1]) >= 0 {
			return true
		}
	}
	return strings.Contains(v, "attr(")
}

// appendDecl adds a declaration, taken apart where it is a shorthand.
func appendDecl(out []decl, name string, value []cssToken) []decl {
	name, some := known(name)
	if !hiding[name] && !shorthands[name] && name != "src" && name != "size-adjust" {
		return out
	}
	v := strings.TrimSpace(joined(value))
	important := false
	if i := strings.LastIndexByte(v, '!'); i >= 0 && strings.TrimSpace(v[i+1:]) == "important" {
		v, important = strings.TrimSpace(v[:i]), true
	}
	if v == "" {
		return out
	}
	add := func(name, value string) { out = append(out, decl{name, value, important, some}) }
	switch name {
	case "font":
		size, family := fontParts(v)
		add("font-size", size)
		add("font-family", family)
	case "background":
		color, image := backgroundParts(v)
		add("background-color", color)
		add("background-image", image)
	case "margin":
		sides(v, add, "margin-top", "margin-right", "margin-bottom", "margin-left")
	case "padding":
		sides(v, add, "padding-top", "padding-", "padding-bottom", "padding-")
	case "padding-block":
		sides(v, add, "padding-top", "padding-", "padding-bottom", "padding-")
	case "inset":
		sides(v, add, "top", "right", "bottom", "left")
	case "inset-block", "margin-block", "inset-inline", "margin-inline":
		prefix := strings.TrimPrefix(strings.TrimSuffix(strings.TrimSuffix(name, "-block"), "-inline")+"-", "inset-")
		if strings.HasSuffix(name, "block") {
			sides(v, add, prefix+"top", prefix+"-", prefix+"bottom", prefix+"-")
		} else {
			sides(v, add, prefix+"left", prefix+"-", prefix+"right", prefix+"-")
		}
	case "flex-flow":
		add("flex-direction", v)
	case "list-style":
		add("list-style-type", v)
	case "animation", "-webkit-animation":
		add("animation-name", v)
	case "text-decoration":
		add("text-decoration-line", v)
	default:
		add(name, v)
	}
	return out
}

// sides gives each of four sides its value, as CSS spreads one to four.
func sides(v string, add func(name, value string), names ...string) {
	f := fields(v)
	if len(f) == 0 || len(f) > 4 {
		return
	}
	at := [][]int{{0, 0, 0, 0}, {0, 1, 0, 1}, {0, 1, 2, 1}, {0, 1, 2, 3}}[len(f)-1]
	if len(names) == 4 && strings.HasSuffix(names[1], "-") && len(f) == 2 {
		at = []int{0, 0, 1, 0}
	}
	for i, n := range names {
		if !strings.HasSuffix(n, "-") {
			add(n, f[at[i]])
		}
	}
}

// fontParts finds the size in a font shorthand: the first length, or a word for a
// size; the family follows it.
func fontParts(v string) (size, family string) {
	if strings.Contains(v, "(") {
		return v, v
	}
	parts := strings.Fields(v)
	for i, f := range parts {
		n, _, _ := strings.Cut(f, "/")
		if _, word := fontWords[n]; word || n != "" && (n[0] >= '0' && n[0] <= '9' || n[0] == '.') && !weights[n] {
			return n, strings.Join(parts[i+1:], " ")
		}
	}
	return "initial", v
}

var weights = set("100 200 300 400 500 600 700 800 900")

// backgroundParts finds the colour and the picture in a background.
func backgroundParts(v string) (color, image string) {
	color, image = "transparent", "none"
	if strings.Contains(v, "url(") || strings.Contains(v, "gradient(") || strings.Contains(v, "image") || strings.Contains(v, "var(") {
		image = "unknown"
	}
	if _, _, ok := parseColor(v); ok {
		return v, image
	}
	for _, f := range fields(v) {
		if _, _, ok := parseColor(f); ok || f[0] >= 'a' && !layered[f] && !strings.HasPrefix(f, "url(") && !strings.Contains(f, "gradient(") {
			if color != "transparent" {
				return "?", image // two colours are no value, or layers
			}
			color = strings.Trim(f, ",")
		}
	}
	return color, image
}

// layered are the words of a background that are no colours.
var layered = set("none repeat no-repeat repeat-x repeat-y space round center top left right bottom scroll fixed local cover contain auto " +
	"border-box padding-box content-box text inherit initial unset revert revert-layer center, top, left, right, bottom, no-repeat, repeat, repeat-x, repeat-y, scroll, fixed, cover, contain, none,")
