package extract

import (
	"encoding/xml"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"unicode"
)

// colours, as 0xRRGGBB.
const (
	black = 0x000000
	white = 0xffffff
)

// A shade is the colour behind text.
type shade struct {
	known bool
	rgb   uint32
}

// shadeOf reads a colour of six digits.
func shadeOf(hex string) shade {
	n, err := strconv.ParseUint(hex, 16, 24)
	return shade{known: err == nil && len(hex) == 6, rgb: uint32(n)}
}

// under is the shade when another is laid over it: "auto" lays none.
func (s shade) under(hex string) shade {
	if hex == "" || hex == "auto" || hex == "none" || hex == "transparent" {
		return s
	}
	return shadeOf(hex)
}

// highlights are the markers that Word names.
var highlights = map[string]string{
	"black": "000000", "blue": "0000FF", "cyan": "00FFFF", "darkBlue": "000080", "darkCyan": "008080", "darkGray": "808080",
	"darkGreen": "008000", "darkMagenta": "800080", "darkRed": "800000", "darkYellow": "808000", "green": "00FF00",
	"lightGray": "C0C0C0", "magenta": "FF00FF", "red": "FF0000", "white": "FFFFFF", "yellow": "FFFF00", "none": "",
}

// toggles are properties that cancel out when both the paragraph's style and the
// run's set them.
var toggles = []string{"vanish", "strike", "dstrike", "caps"}

// A wordLook is what run properties say, by name; only what matters here is kept.
type wordLook map[string]string

// A wordStyle is one style; look holds its own properties.
type wordStyle struct {
	based string
	list  bool
	look  wordLook
}

// wordStyles are the styles of a Word file.
type wordStyles struct {
	byID      map[string]*wordStyle
	paragraph string // the default paragraph style
	defaults  wordLook
	embedded  map[string]bool // fonts that travel in the file
	worded    map[string]bool // numberings that show words
	theme     map[string]string
	twice     bool // two styles have one name
}

// maxBasedOn bounds how long a chain of styles is followed.
const maxBasedOn = 32

func readWordStyles(a *archive, dir, rels string) (*wordStyles, error) {
	s := &wordStyles{byID: map[string]*wordStyle{}, defaults: wordLook{}, embedded: map[string]bool{}, worded: map[string]bool{}, theme: map[string]string{}}
	readers := []struct {
		kind string
		read func(*xmlReader) error
	}{{"numbering", s.readNumbering}, {"theme", s.readTheme}, {"fontTable", s.readFonts}, {"styles", s.read}}
	for _, r := range readers {
		kind, read := r.kind, r.read
		name, err := relation(a, rels, dir, kind)
		if err != nil {
			return nil, err
		}
		if name == "" {
			continue // no program looks for it elsewhere
		}
		part, err := a.part(name)
		if err != nil {
			return nil, err
		}
		if part == nil {
			continue
		}
		x := newXML(part)
		if _, err := x.root(); err != nil {
			return nil, err
		}
		if err := read(x); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (s *wordStyles) readFonts(x *xmlReader) error {
	return x.inside(func(font xml.StartElement) error {
		return x.inside(func(e xml.StartElement) error {
			if strings.HasPrefix(e.Name.Local, "embed") {
				s.embedded[strings.ToLower(attr(font, "name"))] = true
			}
			_, err := x.skip()
			return err
		}, nil)
	}, nil)
}

// readNumbering looks for numberings whose markers are words. Words generated
// there are shown and stand nowhere in the text.
func (s *wordStyles) readNumbering(x *xmlReader) error {
	abstract := map[string]bool{}
	id := ""
	var look func(xml.StartElement) error
	look = func(e xml.StartElement) error {
		switch e.Name.Local {
		case "abstractNum":
			id = "abstract " + attr(e, "abstractNumId")
		case "num":
			id = attr(e, "numId")
		case "abstractNumId":
			s.worded[id] = s.worded[id] || abstract["abstract "+attr(e, "val")]
		case "numFmt":
			if v := attr(e, "val"); strings.HasSuffix(v, "Text") || v == "custom" {
				abstract[id], s.worded[id] = true, true
			}
		case "lvlText":
			if hasWord(attr(e, "val")) {
				abstract[id], s.worded[id] = true, true
			}
		}
		return x.inside(look, nil)
	}
	return x.inside(look, nil)
}

// numbered tells a numbering that shows words.
func (s *wordStyles) numbered(id string) bool { return s.worded[id] }

// travels tells whether letters of one of the fonts are in the file.
func (s *wordStyles) travels(fonts string) bool {
	for f := range strings.SplitSeq(fonts, "|") {
		if f != "" && (s.embedded[f] || f == "theme" && len(s.embedded) > 0) {
			return true
		}
	}
	return false
}

// readTheme reads the colours that runs name by their place in the theme.
func (s *wordStyles) readTheme(x *xmlReader) error {
	slot, names := "", map[string]string{"dk1": "text1", "lt1": "background1", "dk2": "text2", "lt2": "background2"}
	var look func(xml.StartElement) error
	look = func(e xml.StartElement) error {
		switch name := e.Name.Local; {
		case len(name) == 3 && (names[name] != "") || strings.HasPrefix(name, "accent") || strings.HasSuffix(name, "link"):
			slot = name
			if n := names[name]; n != "" {
				slot = n
			}
		case name == "clrScheme", name == "themeElements", name == "theme":
			slot = ""
		case slot != "" && name == "srgbClr":
			s.theme[slot] = strings.ToUpper(attr(e, "val"))
			slot = ""
		case slot != "" && name == "sysClr":
			s.theme[slot] = strings.ToUpper(attr(e, "lastClr"))
			slot = ""
		case name == "fontScheme", name == "fmtScheme":
			slot = ""
			_, err := x.skip()
			return err
		}
		return x.inside(look, nil)
	}
	return x.inside(look, nil)
}

// colour is the colour of an element that may name one of the theme, lighter or darker.
func (s *wordStyles) colour(e xml.StartElement, own, named string) string {
	v, theme := attr(e, own), attr(e, named)
	if theme == "" || theme == "none" {
		return v
	}
	place := map[string]string{"light1": "background1", "dark1": "text1", "light2": "background2", "dark2": "text2", "hyperlink": "hlink", "followedHyperlink": "folHlink"}[theme]
	if place == "" {
		place = theme
	}
	hex := s.theme[place]
	if hex == "" {
		hex = map[string]string{"background1": "FFFFFF", "text1": "000000"}[place]
	}
	c := shadeOf(hex)
	if !c.known {
		return v
	}
	if n, err := strconv.ParseUint(attr(e, strings.TrimSuffix(named, "Color")+"Tint"), 16, 8); err == nil {
		c.rgb = blend(c.rgb, white, float64(n)/255)
	}
	if n, err := strconv.ParseUint(attr(e, strings.TrimSuffix(named, "Color")+"Shade"), 16, 8); err == nil {
		c.rgb = blend(c.rgb, black, float64(n)/255)
	}
	return fmt.Sprintf("%06X", c.rgb)
}

// hasWord tells whether two letters, or two digits, follow each other.
func hasWord(s string) bool {
	run := 0
	for _, r := range s {
		if run++; !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			run = 0
		}
		if run == 2 {
			return true
		}
	}
	return false
}

func (s *wordStyles) read(x *xmlReader) error {
	return x.inside(func(e xml.StartElement) error {
		switch e.Name.Local {
		case "docDefaults":
			return x.inside(func(xml.StartElement) error {
				return x.inside(func(xml.StartElement) error { return s.readLook(x, s.defaults, nil) }, nil)
			}, nil)
		case "style":
			return s.readStyle(x, e)
		}
		_, err := x.skip()
		return err
	}, nil)
}

func (s *wordStyles) readStyle(x *xmlReader, e xml.StartElement) error {
	st := &wordStyle{look: wordLook{}}
	id := attr(e, "styleId")
	s.twice = s.twice || s.byID[id] != nil
	s.byID[id] = st
	if on := attr(e, "default"); attr(e, "type") == "paragraph" && (on == "1" || on == "true") {
		s.paragraph = id
	}
	return x.inside(func(e xml.StartElement) error {
		switch e.Name.Local {
		case "basedOn":
			st.based = attr(e, "val")
		case "rPr":
			return s.readLook(x, st.look, nil)
		case "pPr":
			return x.inside(func(e xml.StartElement) error {
				st.list = st.list || e.Name.Local == "numPr"
				switch line, err := strconv.Atoi(attr(e, "line")); {
				case e.Name.Local == "shd":
					st.look["shd"] = s.colour(e, "fill", "themeFill")
				case e.Name.Local == "framePr":
					st.look["paragraph"] = "a frame may lie over other words"
				case e.Name.Local == "spacing" && err == nil && line < 150 && attr(e, "lineRule") == "exact":
					st.look["paragraph"] = "lines stand on each other"
				case e.Name.Local == "numPr":
					return x.inside(func(e xml.StartElement) error {
						if e.Name.Local == "numId" && s.numbered(attr(e, "val")) {
							st.look["paragraph"] = "the numbering shows words"
						}
						_, err := x.skip()
						return err
					}, nil)
				}
				_, err := x.skip()
				return err
			}, nil)
		}
		_, err := x.skip()
		return err
	}, nil)
}

// readLook reads run properties; other is called for those that it does not keep.
func (s *wordStyles) readLook(x *xmlReader, look wordLook, other func(xml.StartElement)) error {
	return x.inside(func(e xml.StartElement) error {
		switch name := e.Name.Local; name {
		case "vanish", "strike", "dstrike", "caps", "specVanish":
			switch attr(e, "val") {
			case "0", "false", "off":
				look[name] = "off"
			default:
				look[name] = "on"
			}
		case "color":
			look[name] = s.colour(e, "val", "themeColor")
		case "shd":
			look[name] = s.colour(e, "fill", "themeFill")
		case "highlight":
			look[name] = highlights[attr(e, "val")]
		case "rFonts":
			var fonts []string
			for _, a := range e.Attr {
				fonts = append(fonts, strings.ToLower(a.Value))
				if strings.HasSuffix(a.Name.Local, "heme") {
					fonts = append(fonts, "theme")
				}
			}
			look[name] = strings.Join(fonts, "|")
		case "textFill", "fitText", "eastAsianLayout":
			look[name] = "on"
		case "sz", "szCs", "rStyle", "w", "spacing", "position":
			look[name] = attr(e, "val")
		case "del":
			look[name] = "on"
		default:
			if other != nil {
				other(e)
			}
		}
		_, err := x.skip()
		return err
	}, nil)
}

// chain is what a style and those that it is based on say.
func (s *wordStyles) chain(id string) wordLook {
	look := wordLook{}
	for range maxBasedOn {
		st := s.byID[id]
		if st == nil {
			break
		}
		for k, v := range st.look {
			if _, set := look[k]; !set {
				look[k] = v
			}
		}
		id = st.based
	}
	return look
}

// isList tells whether a paragraph style makes items of a list.
func (s *wordStyles) isList(id string) bool {
	for range maxBasedOn {
		st := s.byID[id]
		if st == nil {
			return false
		}
		if st.list {
			return true
		}
		id = st.based
	}
	return false
}

// resolve is what a run looks like.
func (s *wordStyles) resolve(inParagraph, direct wordLook) wordLook {
	look := maps.Clone(s.defaults)
	maps.Copy(look, inParagraph)
	if id := direct["rStyle"]; id != "" {
		ofRun := s.chain(id)
		for _, t := range toggles {
			if ofRun[t] == "on" && inParagraph[t] == "on" {
				ofRun[t] = "off"
			}
		}
		maps.Copy(look, ofRun)
	}
	maps.Copy(look, direct)
	return look
}

// inkOn judges words of one colour on another: the zero value where they show.
func inkOn(fore, back shade) sight {
	switch {
	case fore.known && !back.known && faint(fore.rgb, white):
		return sight{doubt: "white words on a background that is not known"}
	case fore.known && back.known && same(fore.rgb, back.rgb):
		return sight{hidden: true}
	case fore.known && back.known && faint(fore.rgb, back.rgb):
		return sight{doubt: "words that hardly show on their background"}
	}
	return sight{}
}
