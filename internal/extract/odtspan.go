package extract

import (
	"encoding/xml"
	"maps"
	"strings"
)

// An odtStyle is one style: what it says, and the style that it goes on from.
type odtStyle struct {
	parent string
	props  map[string]string
}

// odtStyles are the styles of an OpenDocument text by family and name.
type odtStyles struct {
	byName map[string]*odtStyle
	fonts  map[string]bool // that travel in the file
	worded map[string]bool // list styles whose markers are words
	paged  bool            // pages have a colour or a picture
	twice  bool            // two styles have one name
	seen   map[string]bool // those of the part that is read
}

// odtProps are the properties that are kept of a style.
var odtProps = set("display condition color background-color use-window-font-color font-size font-name text-scale letter-spacing text-position " +
	"text-line-through-style text-line-through-type text-transform margin-left margin-right margin-top margin-bottom text-indent line-height wrap run-through " +
	"font-size-complex font-size-asian font-name-complex font-name-asian opacity row-height")

// An odtLook is what a style and its parents say.
type odtLook struct {
	props             map[string]string
	through           bool // drawn over the words, or under them
	behindText, moved bool
}

func (s *odtStyles) read(x *xmlReader, e xml.StartElement) error {
	name := attr(e, "name")
	switch e.Name.Local {
	case "font-face":
		return x.inside(func(e xml.StartElement) error {
			s.fonts[name] = s.fonts[name] || e.Name.Local == "font-face-src"
			_, err := x.skip()
			return err
		}, nil)
	case "list-style", "outline-style":
		return s.readList(x, name)
	case "page-layout":
		return x.inside(func(e xml.StartElement) error {
			if c := attr(e, "background-color"); c != "" && c != "transparent" && !strings.EqualFold(c, "#ffffff") || attr(e, "fill") != "" && attr(e, "fill") != "none" {
				s.paged = true
			}
			return x.inside(func(e xml.StartElement) error {
				s.paged = s.paged || e.Name.Local == "background-image"
				_, err := x.skip()
				return err
			}, nil)
		}, nil)
	case "style", "default-style":
	default:
		_, err := x.skip()
		return err
	}
	st := &odtStyle{parent: attr(e, "parent-style-name"), props: map[string]string{}}
	key := attr(e, "family") + "/" + name
	s.twice = s.twice || s.seen[key]
	s.seen[key] = true
	s.byName[key] = st // the default of a family has no name
	return x.inside(func(e xml.StartElement) error {
		if strings.HasSuffix(e.Name.Local, "-properties") {
			for _, a := range e.Attr {
				if odtProps[a.Name.Local] {
					st.props[a.Name.Local] = a.Value
				}
			}
		}
		_, err := x.skip()
		return err
	}, nil)
}

// readList looks for list styles whose markers are words.
func (s *odtStyles) readList(x *xmlReader, name string) error {
	return x.inside(func(e xml.StartElement) error {
		for _, a := range []string{"num-prefix", "num-suffix", "bullet-char", "num-list-format"} {
			if hasWord(strings.Map(unnumbered, attr(e, a))) {
				if s.worded == nil {
					s.worded = map[string]bool{}
				}
				s.worded[name] = true
			}
		}
		_, err := x.skip()
		return err
	}, nil)
}

// unnumbered takes off the numbers of levels that a format names.
func unnumbered(r rune) rune {
	if r >= '0' && r <= '9' {
		return -1
	}
	return r
}

// look is what a style says, over what is said around it.
func (s *odtStyles) look(family, name string, around map[string]string) odtLook {
	own := map[string]string{}
	for range maxBasedOn {
		st := s.byName[family+"/"+name]
		if st == nil {
			break
		}
		for k, v := range st.props {
			if _, set := own[k]; !set {
				own[k] = v
			}
		}
		if name == "" {
			break
		}
		if name = st.parent; name == "" && around != nil {
			break // the default of a family is no look of its own
		}
	}
	l := odtLook{props: own}
	l.through = own["wrap"] == "run-through"
	l.behindText = own["run-through"] == "background"
	for _, k := range []string{"margin-left", "margin-right", "margin-top", "margin-bottom", "text-indent"} {
		n, unit := length(own[k])
		l.moved = l.moved || unit > 0 && (n*unit < -48 || n*unit > 600)
	}
	if n, unit := length(own["line-height"]); own["line-height"] != "" && (unit > 0 && n*unit < 4 || strings.HasSuffix(own["line-height"], "%") && n < 30) {
		l.moved = true
	}
	if around != nil {
		l.props = maps.Clone(around)
		maps.Copy(l.props, own)
	}
	return l
}

func (s *odtStyles) back(family, name string, around shade) shade {
	return s.look(family, name, nil).behind(around)
}

// behind is the colour that a look paints behind its words.
func (l odtLook) behind(around shade) shade {
	return around.under(strings.TrimPrefix(l.props["background-color"], "#"))
}

// sight says whether a reader sees words of this look.
func (s *odtStyles) sight(l odtLook, back shade) sight {
	p := l.props
	fore := shadeOf(strings.TrimPrefix(p["color"], "#"))
	if p["use-window-font-color"] == "true" {
		fore.known = false
	}
	size, unit := length(p["font-size"])
	scale, _ := length(p["text-scale"])
	tight, perTight := length(p["letter-spacing"])
	position := strings.Fields(p["text-position"] + " 0%")
	lifted, _ := length(position[0])
	switch {
	case p["display"] == "none" || p["display"] == "condition" && p["condition"] == "":
		return sight{hidden: true}
	case p["display"] == "condition":
		return sight{doubt: "words that are shown on a condition"}
	case unit > 0 && size*unit <= 2.7, p["text-scale"] != "" && scale <= 10:
		return sight{hidden: true}
	case inkOn(fore, back) != sight{}:
		return inkOn(fore, back)
	case unit > 0 && size*unit <= 5.4, small(p["font-size-complex"]), small(p["font-size-asian"]):
		return sight{doubt: "words too small to read"}
	case p["text-line-through-style"] != "" && p["text-line-through-style"] != "none", p["text-line-through-type"] != "" && p["text-line-through-type"] != "none":
		return sight{doubt: "words that are struck through"}
	case p["text-transform"] != "" && p["text-transform"] != "none":
		return sight{doubt: "capitals that are not in the file"}
	case perTight > 0 && tight*perTight <= -4, lifted > 90, lifted < -90:
		return sight{doubt: "letters are moved over others"}
	case p["opacity"] != "" && p["opacity"] != "100%" && p["use-window-font-color"] != "true":
		return sight{doubt: "words that hardly show"}
	case s.fonts[p["font-name"]], s.fonts[p["font-name-complex"]], s.fonts[p["font-name-asian"]]:
		return sight{doubt: "letters of a font that travels in the file"}
	}
	return sight{}
}

// small tells a size too small to read.
func small(v string) bool {
	n, unit := length(v)
	return unit > 0 && n*unit <= 5.4
}

// spans reads what stands in a line, which looks as given.
func (o *odt) spans(l odtLook) error {
	look := o.styles.sight(l, l.behind(o.back))
	return o.x.inside(func(e xml.StartElement) error { return o.span(e, l) }, func(s string) {
		if look.hidden {
			if strings.TrimSpace(s) != "" {
				o.out.leave(WarnHidden, 1)
			}
			return
		}
		from := o.out.mark()
		o.out.words(s)
		if look.doubt != "" {
			o.out.doubt(from, look.doubt)
		}
	})
}

func (o *odt) span(e xml.StartElement, l odtLook) error {
	switch e.Name.Local {
	case "span", "a", "meta", "meta-field", "ruby", "ruby-base":
		return o.spans(o.styles.look("text", attr(e, "style-name"), l.props))
	case "s", "tab":
		o.out.blank = true
	case "line-break":
		o.out.lineEnd()
	case "annotation":
		return o.left(WarnComments)
	case "note":
		return o.left(WarnMargins)
	case "hidden-paragraph":
		o.doubt = "a paragraph that is shown on a condition"
	case "number":
		return o.drop() // programs count for themselves
	case "hidden-text":
		o.doubt = "words that are shown on a condition"
		return o.drop()
	case "ruby-text", "script":
		return o.left(WarnHidden)
	case "conditional-text", "expression", "database-display", "variable-get", "user-field-get":
		from := o.out.mark()
		err := o.spans(l)
		o.out.doubt(from, "a field whose words change when the file is opened")
		return err
	case "date", "time", "page-number", "page-count", "word-count", "character-count", "paragraph-count", "chapter", "file-name", "variable-set":
		from := o.out.mark()
		err := o.spans(l)
		if attr(e, "fixed") != "true" || attr(e, "display") == "none" {
			o.out.doubt(from, "a field whose words change when the file is opened")
		}
		return err
	case "annotation-end", "bookmark", "bookmark-start", "bookmark-end", "change", "change-start", "change-end", "soft-page-break", "reference-mark", "reference-mark-start", "reference-mark-end":
	case "frame", "custom-shape", "rect", "ellipse", "g", "line", "path", "polygon", "polyline", "connector", "caption", "circle", "control":
		return o.drawing(e)
	default:
		return o.spans(l) // fields such as a date: their result is shown
	}
	return o.drop()
}
