package extract

import "strings"

// hiding are the properties by which words may be hidden, moved or replaced.
// Declarations of other properties are not kept.
var hiding = set("display visibility opacity font-size color background-color background-image clip clip-path text-indent " +
	"position top left right bottom overflow overflow-x overflow-y height max-height width max-width transform translate scale " +
	"rotate zoom filter mask mask-image -webkit-mask-image content unicode-bidi direction text-transform order flex-direction " +
	"margin-top margin-left margin-right margin-bottom float line-height letter-spacing word-spacing grid-row grid-column grid-area " +
	"grid-row-start grid-column-start content-visibility -webkit-text-fill-color -webkit-text-security font-family animation-name " +
	"list-style-type text-decoration-line color-scheme -webkit-line-clamp all white-space quotes background-clip -webkit-background-clip " +
	"writing-mode offset-path mix-blend-mode padding padding-top text-shadow -webkit-text-stroke -webkit-text-stroke-width box-shadow border-image vertical-align flex-wrap")

// shorthands that are taken apart.
var shorthands = set("font background margin inset overflow flex-flow list-style animation text-decoration " +
	"inset-inline inset-block margin-block margin-inline -webkit-animation")

func set(words string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(words) {
		m[w] = true
	}
	return m
}

// appendDecl adds a declaration, taken apart where it is a shorthand.
func appendDecl(out []decl, name string, value []cssToken) []decl {
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
	add := func(name, value string) { out = append(out, decl{name, value, important}) }
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
	f := strings.Fields(v)
	if len(f) == 0 || len(f) > 4 || strings.ContainsRune(v, '(') {
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
	fields := strings.Fields(v)
	for i, f := range fields {
		n, _, _ := strings.Cut(f, "/")
		if _, word := fontWords[n]; word || n != "" && (n[0] >= '0' && n[0] <= '9' || n[0] == '.') && !weights[n] {
			return n, strings.Join(fields[i+1:], " ")
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
	for _, f := range strings.Fields(v) {
		if _, _, ok := parseColor(f); ok {
			color = f
		}
	}
	if i := strings.Index(v, "rgb"); i >= 0 {
		if j := strings.IndexByte(v[i:], ')'); j > 0 {
			color = v[i : i+j+1]
		}
	}
	return color, image
}
