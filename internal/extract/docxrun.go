package extract

import (
	"encoding/xml"
	"strconv"
	"strings"
)

// A paragraph is what its properties say.
type paragraph struct {
	style   string
	look    wordLook // of its style
	shd     string
	item    bool
	doubt   string
	deleted bool // its end is deleted: it runs into the next
	cell    bool
}

func (d *docx) paragraph(p paragraph) error {
	p.style = d.styles.paragraph
	p.look = d.styles.chain(p.style)
	p.doubt = p.look["paragraph"]
	from := d.out.mark()
	boxes := d.boxes
	d.boxes = nil
	begun := false
	// Properties come first; the line begins when they are known.
	err := d.x.inside(func(e xml.StartElement) error {
		if e.Name.Local == "pPr" && !begun {
			return d.properties(&p)
		}
		if !begun {
			begun = true
			d.begin(&p)
		}
		return d.inline(e, &p)
	}, nil)
	if err != nil {
		return err
	}
	if !begun {
		d.begin(&p)
	}
	if p.doubt != "" {
		d.out.doubt(from, p.doubt)
	}
	d.merge = p.deleted
	d.inList = p.item
	d.owe(p)
	for _, b := range d.boxes {
		d.out.add(b, emptyLine)
		d.owe(p)
	}
	d.boxes = boxes
	return nil
}

// begin parts the paragraph from the one before. Items of a list follow each
// other line by line.
func (d *docx) begin(p *paragraph) {
	if p.look == nil {
		p.look = wordLook{}
	}
	if d.merge {
		d.out.owed = sameLine
		return
	}
	if p.item && d.inList && d.out.owed == emptyLine {
		d.out.owed = nextLine
	}
}

func (d *docx) owe(p paragraph) {
	if p.deleted {
		return
	}
	if p.cell {
		d.out.end(nextLine)
		return
	}
	d.out.end(emptyLine)
}

func (d *docx) properties(p *paragraph) error {
	return d.x.inside(func(e xml.StartElement) error {
		switch e.Name.Local {
		case "pStyle":
			p.style = attr(e, "val")
			p.look = d.styles.chain(p.style)
			p.doubt = first(p.doubt, p.look["paragraph"])
			p.item = p.item || d.styles.isList(p.style)
		case "numPr":
			p.item = true
			return d.x.inside(func(e xml.StartElement) error {
				if id := attr(e, "val"); e.Name.Local == "numId" {
					p.item = id != "0"
					if d.styles.worded[id] {
						p.doubt = "the numbering shows words"
					}
				}
				return d.drop(e)
			}, nil)
		case "shd":
			p.shd = d.styles.colour(e, "fill", "themeFill")
		case "framePr":
			p.doubt = "a frame may lie over other words"
		case "spacing":
			if n, err := strconv.Atoi(attr(e, "line")); err == nil && n < 150 && attr(e, "lineRule") == "exact" {
				p.doubt = "lines stand on each other"
			}
		case "ind":
			for _, a := range e.Attr {
				if n, err := strconv.Atoi(a.Value); err == nil && (n > 9000 || n < -3000) {
					p.doubt = "words may stand outside the page"
				}
			}
		case "rPr":
			end := wordLook{}
			err := d.styles.readLook(d.x, end, nil)
			p.deleted = end["del"] == "on"
			return err
		}
		return d.drop(e)
	}, nil)
}

// inline reads what stands in a line.
func (d *docx) inline(e xml.StartElement, p *paragraph) error {
	more := func() error {
		return d.x.inside(func(e xml.StartElement) error { return d.inline(e, p) }, nil)
	}
	switch e.Name.Local {
	case "r":
		return d.run(p)
	case "del", "moveFrom":
		return d.left(WarnDeleted)
	case "AlternateContent":
		return d.branch(more)
	case "ins", "moveTo", "hyperlink", "smartTag", "sdt", "sdtContent", "customXml", "bdo", "dir", "oMath", "oMathPara":
		from := d.out.mark()
		err := d.holder(e, more)
		if e.Name.Local == "bdo" {
			d.out.doubt(from, "the order of the letters is turned round")
		}
		return err
	case "fldSimple":
		from := d.out.mark()
		err := more()
		if dirty(e) || !settled(attr(e, "instr")) {
			d.out.doubt(from, "a field whose words change when the file is opened")
		}
		return err
	}
	if strings.HasSuffix(e.Name.Space, "/math") {
		if e.Name.Local == "t" {
			return d.x.inside(d.drop, d.out.words)
		}
		return more()
	}
	return d.unknown(e)
}

// quiet are the fields that show their result and change it only when asked.
var quiet = set("HYPERLINK REF PAGEREF NOTEREF TOC SEQ MERGEFIELD FORMTEXT QUOTE INCLUDEPICTURE ADDIN CITATION BIBLIOGRAPHY DOCPROPERTY TITLE AUTHOR")

// settled tells a field of which the result that stands in the file is shown.
func settled(instruction string) bool {
	f := strings.Fields(instruction)
	return len(f) > 0 && quiet[strings.ToUpper(f[0])]
}

func dirty(e xml.StartElement) bool {
	v := attr(e, "dirty")
	return v == "1" || v == "true" || v == "on"
}

func (d *docx) run(p *paragraph) error {
	direct := wordLook{}
	from := d.out.mark()
	look := d.sight(p, direct)
	shown, aside := d.out, &lines{}
	if look.hidden {
		d.out = aside
	}
	err := d.x.inside(func(e xml.StartElement) error {
		if e.Name.Local == "rPr" {
			if err := d.styles.readLook(d.x, direct, nil); err != nil {
				return err
			}
			look = d.sight(p, direct)
			if d.out = shown; look.hidden {
				d.out = aside
			}
			return nil
		}
		return d.piece(e, p)
	}, nil)
	d.out = shown
	if err != nil {
		return err
	}
	if look.hidden && len(aside.buf) > 0 {
		d.out.leave(WarnHidden, 1)
	}
	if look.doubt != "" {
		d.out.doubt(from, look.doubt)
	}
	return nil
}

// A sight says whether a reader sees a run.
type sight struct {
	hidden bool
	doubt  string
}

// sight judges a run; a run without properties is judged by its paragraph's style.
func (d *docx) sight(p *paragraph, direct wordLook) sight {
	look := d.styles.resolve(p.look, direct)
	back := d.back.under(p.look["shd"]).under(p.shd).under(look["shd"]).under(look["highlight"])
	size, _ := strconv.Atoi(look["sz"])
	if complex, err := strconv.Atoi(look["szCs"]); err == nil && complex <= 8 {
		return sight{doubt: "words too small to read"}
	}
	wide, _ := strconv.Atoi(look["w"])
	tight, _ := strconv.Atoi(look["spacing"])
	lifted, _ := strconv.Atoi(look["position"])
	fore := shadeOf(look["color"])
	switch {
	case look["vanish"] == "on":
		return sight{hidden: true}
	case look["sz"] != "" && size <= 4, look["w"] != "" && wide <= 10:
		return sight{hidden: true}
	case inkOn(fore, back) != sight{}:
		return inkOn(fore, back)
	case look["sz"] != "" && size <= 8:
		return sight{doubt: "words too small to read"}
	case look["strike"] == "on" || look["dstrike"] == "on":
		return sight{doubt: "words that are struck through"}
	case look["caps"] == "on":
		return sight{doubt: "capitals that are not in the file"}
	case tight <= -60, lifted >= 40, lifted <= -40:
		return sight{doubt: "letters are moved over others"}
	case look["textFill"] != "" || look["fitText"] != "" || look["eastAsianLayout"] != "":
		return sight{doubt: "words that an effect may hide"}
	case d.styles.travels(look["rFonts"]):
		return sight{doubt: "letters of a font that travels in the file"}
	}
	return sight{}
}

// piece reads one thing in a run.
func (d *docx) piece(e xml.StartElement, p *paragraph) error {
	switch e.Name.Local {
	case "AlternateContent":
		return d.branch(func() error {
			return d.x.inside(func(e xml.StartElement) error { return d.piece(e, p) }, nil)
		})
	case "fldChar":
		d.fieldChar(e, p)
		return d.drop(e)
	case "drawing", "pict", "object":
		return d.drawing(p)
	case "delText":
		return d.left(WarnDeleted)
	case "footnoteReference", "endnoteReference", "commentReference":
		return d.drop(e)
	case "instrText":
		return d.x.inside(d.drop, func(s string) {
			if len(d.says) < 1000 {
				d.says += s
			}
		})
	case "pgNum", "dayShort", "dayLong", "monthShort", "monthLong", "yearShort", "yearLong":
		p.doubt = "the program shows words of its own"
	}
	if d.deaf > 0 {
		return d.left(WarnHidden)
	}
	switch e.Name.Local {
	case "ruby":
		return d.x.inside(func(e xml.StartElement) error { return d.inRuby(e, p) }, nil)
	case "t":
		return d.x.inside(d.drop, d.text(attr(e, "space") == "preserve"))
	case "tab", "ptab":
		d.out.blank = true
	case "br", "cr":
		d.out.lineEnd()
	case "noBreakHyphen":
		d.out.write("\u2011")
	case "softHyphen":
		d.out.write("\u00ad")
	case "sym":
		d.symbol(e)
	default:
		return d.unknown(e)
	}
	return d.drop(e)
}

// inRuby reads the words that have a reading above them, and leaves the reading.
func (d *docx) inRuby(e xml.StartElement, p *paragraph) error {
	if e.Name.Local == "rubyBase" {
		return d.x.inside(func(e xml.StartElement) error { return d.inline(e, p) }, nil)
	}
	return d.left(WarnHidden)
}

// text takes one w:t. Blanks at its ends count only where the file keeps them.
func (d *docx) text(keep bool) func(string) {
	return func(s string) {
		if !keep {
			s = strings.Trim(s, " \t\r\n")
		}
		d.out.words(s)
	}
}

// symbol writes a character of a symbol font. Those that stand for bullets have a
// private number, which says nothing without the font.
func (d *docx) symbol(e xml.StartElement) {
	n, err := strconv.ParseUint(attr(e, "char"), 16, 16)
	if err != nil || n < ' ' {
		return
	}
	from := d.out.mark()
	d.out.write(string(rune(n)))
	d.out.doubt(from, "a sign of a symbol font")
}

// fieldChar follows the parts of a field: its instruction is not shown, its result
// is.
func (d *docx) fieldChar(e xml.StartElement, p *paragraph) {
	unsettled := func() {
		if strings.TrimSpace(d.says) != "" && !settled(d.says) || dirty(e) {
			p.doubt = "a field whose words change when the file is opened"
		}
		d.says = ""
	}
	switch attr(e, "fldCharType") {
	case "begin":
		unsettled()
		d.field = append(d.field, true)
		d.deaf++
	case "separate":
		unsettled()
		if n := len(d.field); n > 0 && d.field[n-1] {
			d.field[n-1] = false
			d.deaf--
		}
	case "end":
		if n := len(d.field); n > 0 {
			unsettled()
			if d.field[n-1] {
				d.deaf--
			}
			d.field = d.field[:n-1]
		}
	}
}
