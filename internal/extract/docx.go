package extract

import (
	"encoding/xml"
	"path"
	"slices"
	"strconv"
	"strings"
)

// A docx reads the body of a Word file.
type docx struct {
	x      *xmlReader
	out    *lines
	styles *wordStyles
	boxes  []*lines // the texts of boxes that stand in the paragraph
	back   shade    // what stands behind the text here
	field  []bool   // open fields: whether the result has begun
	deaf   int      // fields whose instruction is being read
	merge  bool     // the end of the last paragraph is deleted
	inList bool     // the last paragraph was an item
	cut    bool     // the row that is read is of one height
	says   string   // the instruction of the field that is read
}

// readDOCX reads a Word file.
func readDOCX(a *archive) (*Copy, error) {
	main, err := relation(a, "_rels/.rels", "", "officeDocument")
	if err != nil {
		return nil, err
	}
	if main == "" || !a.has(main) {
		return nil, damaged("a Word file without its text")
	}
	dir, base := path.Split(main)
	rels := dir + "_rels/" + base + ".rels"
	styles, err := readWordStyles(a, dir, rels)
	if err != nil {
		return nil, err
	}
	part, err := a.part(main)
	if err != nil {
		return nil, err
	}
	d := &docx{x: newXML(part), out: &lines{}, styles: styles, back: shade{known: true, rgb: white}}
	if err := d.document(); err != nil {
		return nil, err
	}
	if d.styles.twice {
		d.out.cover = "two styles have one name"
	}
	if d.deaf > 0 {
		d.out.cover = "a field without an end"
	}
	if err := d.leftOut(a, dir); err != nil {
		return nil, err
	}
	return d.out.copy(DOCX)
}

// relationTypes are what the names of the types of relations begin with.
var relationTypes = []string{"http://schemas.openxmlformats.org/officeDocument/2006/relationships/", "http://purl.oclc.org/ooxml/officeDocument/relationships/"}

// relation finds the part that another names by a type of relation: a file may hold
// several texts, and only the one that is named is shown.
func relation(a *archive, rels, dir, kind string) (string, error) {
	part, err := a.part(rels)
	if part == nil || err != nil {
		return "", err
	}
	x := newXML(part)
	if _, err := x.root(); err != nil {
		return "", err
	}
	found := ""
	err = x.inside(func(e xml.StartElement) error {
		if slices.ContainsFunc(relationTypes, func(s string) bool { return attr(e, "Type") == s+kind }) && attr(e, "TargetMode") != "External" {
			if found != "" {
				return damaged("two of its parts are for one thing")
			}
			if found = attr(e, "Target"); !strings.HasPrefix(found, "/") {
				found = dir + found
			}
			found = strings.TrimPrefix(path.Clean(found), "/")
		}
		_, err := x.skip()
		return err
	}, nil)
	return found, err
}

// leftOut counts what stands beside the text. Word always writes notes for the
// lines that part them from the text; those hold no words.
func (d *docx) leftOut(a *archive, dir string) error {
	for name := range a.files {
		kind, ok := strings.CutPrefix(name, dir)
		if !ok || !strings.HasSuffix(name, ".xml") {
			continue
		}
		code := ""
		for prefix, c := range map[string]string{"comments.": WarnComments, "footnotes.": WarnMargins, "endnotes.": WarnMargins, "header": WarnMargins, "footer": WarnMargins} {
			if strings.HasPrefix(kind, prefix) {
				code = c
			}
		}
		if code == "" {
			continue
		}
		part, err := a.part(name)
		if err != nil {
			return err
		}
		x := newXML(part)
		if _, err := x.root(); err != nil {
			return err
		}
		if text, err := x.skip(); err != nil {
			return err
		} else if text {
			d.out.leave(code, 1)
		}
	}
	return nil
}

func (d *docx) document() error {
	root, err := d.x.root()
	if err != nil {
		return err
	}
	if root.Name.Local != "document" {
		return damaged("a Word file without its text")
	}
	return d.x.inside(func(e xml.StartElement) error {
		if e.Name.Local == "background" {
			// Word shows it where the settings say so, others always.
			if c := shadeOf(attr(e, "color")); attr(e, "color") != "auto" && !(c.known && same(c.rgb, white)) || attr(e, "themeColor") != "" {
				d.back.known = false
				d.out.cover = "words on a page that is not white"
			}
		}
		if e.Name.Local != "body" {
			return d.drop(e)
		}
		return d.blocks(paragraph{})
	}, nil)
}

// drop reads past an element that shows nothing.
func (d *docx) drop(xml.StartElement) error {
	_, err := d.x.skip()
	return err
}

// blocks reads paragraphs and tables, and what may hold them.
func (d *docx) blocks(p paragraph) error {
	return d.x.inside(func(e xml.StartElement) error { return d.block(e, p) }, nil)
}

func (d *docx) block(e xml.StartElement, p paragraph) error {
	switch e.Name.Local {
	case "p":
		return d.paragraph(p)
	case "tbl":
		d.out.end(emptyLine)
		if err := d.table(p); err != nil {
			return err
		}
		d.out.end(emptyLine)
		return nil
	case "sdt", "sdtContent", "customXml", "ins", "moveTo", "smartTag":
		return d.holder(e, func() error { return d.blocks(p) })
	case "AlternateContent":
		return d.branch(func() error { return d.blocks(p) })
	case "del", "moveFrom":
		return d.left(WarnDeleted)
	case "altChunk":
		d.out.leave(WarnAttachments, 1)
		d.out.cover = "a file is shown inside the document that cannot be read"
	}
	return d.unknown(e)
}

// unknown reads past an element of which some programs may show the words.
func (d *docx) unknown(xml.StartElement) error {
	text, err := d.x.skip()
	if text {
		d.out.leave(WarnHidden, 1)
		d.out.cover = "a part that not every program shows"
	}
	return err
}

// holder reads what an element holds. A control bound to data shows the data,
// whatever stands in the control.
func (d *docx) holder(e xml.StartElement, read func() error) error {
	if e.Name.Local != "sdt" {
		return read()
	}
	from, bound := d.out.mark(), false
	err := d.x.inside(func(e xml.StartElement) error {
		switch e.Name.Local {
		case "sdtContent":
			return read()
		case "sdtPr":
			return d.x.inside(func(e xml.StartElement) error {
				bound = bound || e.Name.Local == "dataBinding"
				return d.drop(e)
			}, nil)
		}
		return d.drop(e)
	}, nil)
	if bound {
		d.out.doubt(from, "a field shows data from elsewhere in the document")
	}
	return err
}

// branch reads the first of several renderings of one thing. Which of them is shown
// depends on the program, so that others with other words put all in doubt.
func (d *docx) branch(read func() error) error {
	taken := false
	var words string
	return d.x.inside(func(e xml.StartElement) error {
		if e.Name.Local != "Choice" && e.Name.Local != "Fallback" {
			return d.drop(e)
		}
		from, boxes := d.out.mark(), len(d.boxes)
		if !taken {
			taken = true
			err := read()
			words = d.since(from, boxes)
			return err
		}
		out, outer := d.out, d.boxes
		d.out, d.boxes = &lines{}, nil
		err := read()
		other := d.since(0, 0)
		d.out, d.boxes = out, outer
		if other != words {
			d.out.cover = "parts of which not every program shows the same words"
		}
		return err
	}, nil)
}

// since is what was read since a mark, in the text and in boxes, without blanks.
func (d *docx) since(from, boxes int) string {
	all := string(d.out.buf[from:])
	for _, b := range d.boxes[boxes:] {
		all += " " + string(b.buf)
	}
	return strings.Join(strings.Fields(all), "")
}

// left leaves out an element, and counts it when there are words in it.
func (d *docx) left(code string) error {
	text, err := d.x.skip()
	if text {
		d.out.leave(code, 1)
	}
	return err
}

// table reads cell by cell. What a table's style paints behind its text is not
// looked up, so that the background is not known there.
func (d *docx) table(p paragraph) error {
	outer := d.back
	defer func() { d.back = outer }()
	return d.x.inside(func(e xml.StartElement) error {
		switch e.Name.Local {
		case "tblPr":
			return d.x.inside(func(e xml.StartElement) error {
				switch e.Name.Local {
				case "tblStyle":
					d.back.known = false
				case "tblpPr":
					d.out.doubt(max(0, d.out.mark()-1), "a table that is placed may lie over the words")
				case "shd":
					d.back = d.back.under(d.styles.colour(e, "fill", "themeFill"))
				}
				return d.drop(e)
			}, nil)
		case "trPr":
			return d.x.inside(func(e xml.StartElement) error {
				height, err := strconv.Atoi(attr(e, "val"))
				if e.Name.Local == "trHeight" && attr(e, "hRule") == "exact" && (err != nil || height < 2000) || e.Name.Local == "hidden" {
					d.cut = true
				}
				return d.drop(e)
			}, nil)
		case "tr":
			around, from := d.cut, d.out.mark()
			d.cut = false
			err := d.table(p)
			if d.cut {
				d.out.doubt(from, "words that may be cut off")
			}
			d.cut = around
			return err
		case "ins", "sdt", "sdtContent", "customXml":
			return d.holder(e, func() error { return d.table(p) })
		case "tc":
			return d.cell(p)
		case "del", "moveFrom":
			return d.left(WarnDeleted)
		}
		return d.drop(e)
	}, nil)
}

func (d *docx) cell(p paragraph) error {
	outer := d.back
	defer func() { d.back = outer }()
	p.cell = true
	d.out.end(nextLine)
	err := d.x.inside(func(e xml.StartElement) error {
		if e.Name.Local != "tcPr" {
			return d.block(e, p)
		}
		return d.x.inside(func(e xml.StartElement) error {
			if e.Name.Local == "shd" {
				d.back = d.back.under(d.styles.colour(e, "fill", "themeFill"))
			}
			return d.drop(e)
		}, nil)
	}, nil)
	d.out.end(nextLine)
	return err
}
