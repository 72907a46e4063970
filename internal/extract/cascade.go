package extract

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// maxMaybes bounds how many declarations that may or may not apply are tried out
// on one element.
const maxMaybes = 12

// The weights of what is no rule of a sheet: an attribute such as bgcolor yields
// to every rule, a style attribute to none but an important one.
const (
	hintWeight   = -1
	inlineWeight = 1 << 30
)

// props are the values of properties.
type props map[string]string

// A ranked is a declaration with all that decides which of two wins.
type ranked struct {
	decl
	weight, order int
	maybe         bool
}

func (a ranked) compare(b ranked) int {
	rank := func(important bool) int {
		if important {
			return 1
		}
		return 0
	}
	return cmp.Or(cmp.Compare(rank(a.important), rank(b.important)), cmp.Compare(a.weight, b.weight), cmp.Compare(a.order, b.order))
}

// A styled is what the style of an element may be: one or several sets of values,
// and what pseudo-elements show.
type styled struct {
	cases  []props // the first is the one without any maybe
	pseudo []ranked
	more   bool // there are more cases than are tried out
}

// style works out what a page's sheets and attributes say of an element.
func (sh *sheet) style(n *html.Node) styled {
	var all []ranked
	var out styled
	for _, i := range sh.candidates(n) {
		r := &sh.rules[i]
		m := sh.matches(r.sel, n)
		if m == no {
			continue
		}
		for _, d := range r.decls {
			x := ranked{d, r.sel.weight, r.order, r.maybe || m == perhaps || d.some || !valid(d.name, d.value)}
			if r.sel.pseudo != "" {
				out.pseudo = append(out.pseudo, x)
				out.pseudo[len(out.pseudo)-1].name = r.sel.pseudo + " " + d.name
			} else {
				all = append(all, x)
			}
		}
	}
	all = append(all, sh.hints(n)...)
	if s := attribute(n, "style"); s != "" {
		for _, d := range sh.declarations(&cssLexer{s: s}) {
			all = append(all, ranked{d, inlineWeight, 0, d.some || !valid(d.name, d.value)})
		}
	}
	out.cases, out.more = cases(all)
	return out
}

// candidates are the rules whose last compound the element may answer.
func (sh *sheet) candidates(n *html.Node) []int {
	if len(sh.rules) == 0 {
		return nil
	}
	var out []int
	out = append(out, sh.index["*"]...)
	out = append(out, sh.index[strings.ToLower(n.Data)]...)
	if id := attribute(n, "id"); id != "" {
		out = append(out, sh.index["#"+strings.ToLower(id)]...)
	}
	sh.work += len(out)
	seen := map[string]bool{}
	for class := range strings.FieldsSeq(strings.ToLower(attribute(n, "class"))) {
		if sh.work++; !seen[class] && sh.work <= maxMatching {
			seen[class] = true
			out = append(out, sh.index["."+class]...)
			sh.work += len(sh.index["."+class])
		}
	}
	if sh.work > maxMatching {
		sh.complex = true
		return nil
	}
	return out
}

// cases are the sets of values that the declarations may come to: all that is
// certain, each maybe on its own, and all maybes together.
func cases(all []ranked) (out []props, more bool) {
	slices.SortStableFunc(all, ranked.compare)
	sure, every := props{}, props{}
	at := map[string]ranked{}
	for _, r := range all {
		every[r.name] = r.value
		if !r.maybe {
			sure[r.name] = r.value
			at[r.name] = r
		}
	}
	out = []props{sure}
	for _, r := range all {
		won, has := at[r.name]
		if !r.maybe || sure[r.name] == r.value || has && r.compare(won) < 0 {
			continue
		}
		if len(out) > maxMaybes {
			more = true
			break
		}
		p := maps.Clone(sure)
		p[r.name] = r.value
		out = append(out, p)
	}
	if len(out) > 1 {
		out = append(out, every)
	}
	return out, more
}

// hints are what attributes of the page's own language say of colour and size.
func (sh *sheet) hints(n *html.Node) []ranked {
	var out []ranked
	add := func(name, value string) {
		out = append(out, ranked{decl{name: name, value: value}, hintWeight, 0, false})
	}
	for _, a := range n.Attr {
		v := strings.ToLower(strings.TrimSpace(a.Val))
		switch {
		case a.Key == "hidden" && v != "until-found", a.Key == "hidden":
			add("display", "none")
		case a.Key == "bgcolor":
			add("background-color", legacyColor(v))
		case a.Key == "background":
			add("background-image", "unknown")
		case a.Key == "color" && n.Data == "font", a.Key == "text" && n.Data == "body":
			add("color", legacyColor(v))
		case a.Key == "dir" && (v == "rtl" || v == "ltr"):
			add("direction", v)
		}
	}
	switch n.Data {
	case "bdo":
		add("unicode-bidi", "bidi-override")
	case "mark":
		add("background-color", "#ffff00")
		add("color", "#000000")
	case "del", "s", "strike":
		add("text-decoration-line", "line-through")
	case "small", "sub", "sup":
		add("font-size", "smaller")
	case "a":
		if _, link := lookup(n, "href"); link {
			add("color", cmp.Or(sh.link, "#0000ee"))
			if sh.visited != "" {
				add("color", sh.visited)
				out[len(out)-1].maybe = true
			}
		}
	}
	return out
}

// legacyColor adds the sign that attributes may lack.
func legacyColor(v string) string {
	if _, _, ok := parseColor("#" + v); ok && len(v) == 6 {
		return "#" + v
	}
	return v
}
