package extract

import (
	"encoding/xml"
	"strings"
)

// An odt reads the body of an OpenDocument text.
type odt struct {
	x      *xmlReader
	out    *lines
	styles odtStyles
	boxes  []*lines
	back   shade
	item   int  // depth of lists
	cell   bool // in a table
	inList bool // the last paragraph was an item
	doubt  string
}

// readODT reads an OpenDocument text.
func readODT(a *archive) (*Copy, error) {
	if a.has("META-INF/manifest.xml") {
		manifest, err := a.part("META-INF/manifest.xml")
		if err != nil {
			return nil, err
		}
		if strings.Contains(string(manifest), "encryption-data") {
			return nil, encrypted()
		}
	}
	o := &odt{out: &lines{}, styles: odtStyles{byName: map[string]*odtStyle{}, fonts: map[string]bool{}, seen: map[string]bool{}}, back: shade{known: true, rgb: white}}
	// The document's own styles come last, since they go before the others.
	if err := o.styleSheet(a); err != nil {
		return nil, err
	}
	part, err := a.part("content.xml")
	if err != nil {
		return nil, err
	}
	if part == nil {
		return nil, damaged("an OpenDocument file without its text")
	}
	o.x = newXML(part)
	clear(o.styles.seen)
	o.back.known = !o.styles.paged
	if _, err := o.x.root(); err != nil {
		return nil, err
	}
	if err := o.x.inside(o.top, nil); err != nil {
		return nil, err
	}
	if o.styles.twice {
		o.out.cover = "two styles have one name"
	}
	if o.styles.paged {
		o.out.cover = "words on a page that is not white"
	}
	return o.out.copy(ODT)
}

// styleSheet reads styles.xml, which holds page headers and footers too.
func (o *odt) styleSheet(a *archive) error {
	part, err := a.part("styles.xml")
	if part == nil || err != nil {
		return err
	}
	o.x = newXML(part)
	if _, err := o.x.root(); err != nil {
		return err
	}
	return o.x.inside(o.top, nil)
}

func (o *odt) top(e xml.StartElement) error {
	switch e.Name.Local {
	case "styles", "automatic-styles", "font-face-decls":
		return o.x.inside(func(e xml.StartElement) error { return o.styles.read(o.x, e) }, nil)
	case "master-styles":
		return o.left(WarnMargins)
	case "body":
		return o.x.inside(func(e xml.StartElement) error {
			if e.Name.Local != "text" {
				return o.drop()
			}
			return o.blocks()
		}, nil)
	}
	return o.drop()
}

func (o *odt) drop() error {
	_, err := o.x.skip()
	return err
}

func (o *odt) left(code string) error {
	text, err := o.x.skip()
	if text {
		o.out.leave(code, 1)
	}
	return err
}

func (o *odt) blocks() error { return o.x.inside(o.block, nil) }

func (o *odt) block(e xml.StartElement) error {
	switch e.Name.Local {
	case "p", "h":
		return o.paragraph(e)
	case "list":
		if o.styles.worded[attr(e, "style-name")] {
			o.doubt = "the numbering shows words"
			defer func() { o.doubt = "" }()
		}
		o.item++
		err := o.blocks()
		o.item--
		return err
	case "list-item", "list-header", "numbered-paragraph", "index-body", "index-title", "text-box":
		return o.blocks()
	case "section", "table-of-content", "illustration-index", "table-index", "object-index", "user-index", "alphabetical-index", "bibliography":
		return o.section(e)
	case "table":
		o.out.end(emptyLine)
		err := o.table(e)
		o.out.end(emptyLine)
		return err
	case "tracked-changes":
		return o.changes()
	case "frame", "custom-shape", "rect", "ellipse", "g", "line", "path", "polygon", "polyline", "connector", "caption", "circle", "control", "a":
		return o.drawing(e)
	case "forms", "sequence-decls", "variable-decls", "user-field-decls":
		return o.drop()
	}
	return o.left(WarnHidden)
}

// changes reads the list of changes, which keeps what was deleted.
func (o *odt) changes() error {
	return o.x.inside(func(e xml.StartElement) error {
		return o.x.inside(func(e xml.StartElement) error {
			if e.Name.Local != "deletion" {
				return o.drop()
			}
			return o.x.inside(func(e xml.StartElement) error {
				if e.Name.Local == "change-info" {
					return o.drop()
				}
				return o.left(WarnDeleted)
			}, nil)
		}, nil)
	}, nil)
}

// section is shown unless it is hidden, for good or on a condition.
func (o *odt) section(e xml.StartElement) error {
	switch attr(e, "display") {
	case "none":
		return o.left(WarnHidden)
	case "condition":
		from := o.out.mark()
		err := o.blocks()
		o.out.doubt(from, "a section that is shown on a condition")
		return err
	}
	return o.x.inside(func(e xml.StartElement) error {
		if e.Name.Local == "section-source" {
			o.out.cover = "a section is taken from another file"
		}
		if strings.HasSuffix(e.Name.Local, "-source") {
			return o.drop()
		}
		return o.block(e)
	}, nil)
}

func (o *odt) table(e xml.StartElement) error {
	outer, cell := o.back, o.cell
	defer func() { o.back, o.cell = outer, cell }()
	o.back = o.styles.back("table", attr(e, "style-name"), o.back)
	o.cell = true
	var row func(xml.StartElement) error
	row = func(e xml.StartElement) error {
		hidden := attr(e, "visibility")
		switch e.Name.Local {
		case "table-row", "table-rows", "table-header-rows", "table-row-group":
			if hidden == "collapse" || hidden == "filter" {
				return o.left(WarnHidden)
			}
			n, unit := length(o.styles.look("table-row", attr(e, "style-name"), nil).props["row-height"])
			from := o.out.mark()
			err := o.x.inside(row, nil)
			if unit > 0 && n*unit < 134 {
				o.out.doubt(from, "words that may be cut off")
			}
			return err
		case "table-cell":
			outer := o.back
			o.back = o.styles.back("table-cell", attr(e, "style-name"), o.back)
			o.out.end(nextLine)
			err := o.blocks()
			o.out.end(nextLine)
			o.back = outer
			return err
		case "covered-table-cell":
			return o.left(WarnHidden)
		}
		return o.drop()
	}
	return o.x.inside(row, nil)
}

func (o *odt) paragraph(e xml.StartElement) error {
	boxes, doubt := o.boxes, o.doubt
	o.boxes = nil
	style := o.styles.look("paragraph", attr(e, "style-name"), nil)
	from := o.out.mark()
	if o.item > 0 && o.inList && o.out.owed == emptyLine {
		o.out.owed = nextLine
	}
	back := o.back
	o.back = style.behind(o.back)
	if len(o.styles.worded) > 0 && (o.item > 0 || e.Name.Local == "h") {
		o.doubt = "the numbering shows words"
	}
	if style.moved {
		o.doubt = "words may stand over others or outside the page"
	}
	if err := o.spans(style); err != nil {
		return err
	}
	o.back = back
	if o.doubt != "" {
		o.out.doubt(from, o.doubt)
	}
	o.inList = o.item > 0
	o.owe()
	for _, b := range o.boxes {
		o.out.add(b, emptyLine)
		o.owe()
	}
	o.boxes, o.doubt = boxes, doubt
	return nil
}

func (o *odt) owe() {
	if o.cell {
		o.out.end(nextLine)
		return
	}
	o.out.end(emptyLine)
}

// drawing reads the boxes of a frame or a shape, and doubts the paragraph when
// it lies over the words.
func (o *odt) drawing(e xml.StartElement) error {
	look := o.styles.look("graphic", attr(e, "style-name"), nil)
	outer, boxes, inList, item, back := o.out, o.boxes, o.inList, o.item, o.back
	o.out, o.boxes, o.item, o.back.known = &lines{}, nil, 0, false
	err := o.shape()
	inside := o.out
	o.out, o.inList, o.item, o.back = outer, inList, item, back
	o.boxes = append(boxes, inside)
	over := look.through && !look.behindText && attr(e, "anchor-type") != "as-char"
	switch {
	case !over:
	case attr(e, "anchor-type") == "page" || tooFar(attr(e, "y")):
		o.out.cover = "a drawing lies over the words"
	default:
		o.doubt = "a drawing lies over the words"
	}
	return err
}

// tooFar tells a distance of more than an inch.
func tooFar(s string) bool {
	n, unit := length(s)
	return unit > 0 && (n*unit > 96 || n*unit < -96)
}

func (o *odt) shape() error {
	return o.x.inside(func(e xml.StartElement) error {
		switch e.Name.Local {
		case "image", "object", "object-ole", "plugin", "applet":
			o.out.leave(WarnPictures, 1)
			return o.drop()
		case "p", "h", "list", "table":
			return o.block(e)
		case "text-box", "g", "frame", "a", "custom-shape", "rect", "ellipse", "line", "path":
			return o.shape()
		case "title", "desc":
			return o.drop()
		}
		return o.left(WarnHidden)
	}, nil)
}
