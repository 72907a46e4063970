package extract

import (
	"encoding/xml"
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
}

// maxBasedOn bounds how long a chain of styles is followed.
const maxBasedOn = 32

func readWordStyles(a *archive, dir, rels string) (*wordStyles, error) {
	s := &wordStyles{byID: map[string]*wordStyle{}, defaults: wordLook{}, embedded: map[string]bool{}, worded: map[string]bool{}}
	readers := map[string]func(*xmlReader) error{"/styles": s.read, "/fontTable": s.readFonts, "/numbering": s.readNumbering}
	for kind, read := range readers {
		name, err := relation(a, rels, dir, kind)
		if err != nil {
			return nil, err
		}
		if name == "" {
			name = dir + strings.TrimPrefix(kind, "/") + ".xml"
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
		case "lvlText":
			if hasWord(attr(e, "val")) {
				abstract[id], s.worded[id] = true, true
			}
		}
		return x.inside(look, nil)
	}
	return x.inside(look, nil)
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
				return x.inside(func(xml.StartElement) error { return readLook(x, s.defaults, nil) }, nil)
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
	s.byID[id] = st
	if on := attr(e, "default"); attr(e, "type") == "paragraph" && (on == "1" || on == "true") {
		s.paragraph = id
	}
	return x.inside(func(e xml.StartElement) error {
		switch e.Name.Local {
		case "basedOn":
			st.based = attr(e, "val")
		case "rPr":
			return readLook(x, st.look, nil)
		case "pPr":
			return x.inside(func(e xml.StartElement) error {
				st.list = st.list || e.Name.Local == "numPr"
				if e.Name.Local == "shd" {
					st.look["shd"] = attr(e, "fill")
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
func readLook(x *xmlReader, look wordLook, other func(xml.StartElement)) error {
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
			look[name] = attr(e, "val")
			if theme := attr(e, "themeColor"); theme == "background1" || theme == "light1" {
				look[name] = "FFFFFF"
			}
		case "shd":
			look[name] = attr(e, "fill")
		case "highlight":
			look[name] = highlights[attr(e, "val")]
		case "rFonts":
			look[name] = strings.ToLower(attr(e, "ascii"))
		case "sz", "rStyle", "w", "spacing", "position":
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
