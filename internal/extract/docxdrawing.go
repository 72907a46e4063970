package extract

import (
	"encoding/xml"
	"slices"
	"strconv"
	"strings"
)

// Distances from its paragraph up to which a drawing is taken to lie over that
// paragraph alone, in English metric units: one inch.
const nearby = 914400

// drawing reads the boxes of a drawing, whose text follows the paragraph, and
// doubts the paragraph when the drawing lies over it.
func (d *docx) drawing(p *paragraph) error {
	var w drawn
	if err := d.shapes(&w, p); err != nil {
		return err
	}
	if w.picture {
		d.out.leave(WarnPictures, 1)
	}
	const detail = "a drawing lies over the words"
	switch {
	case !w.over:
	case w.far:
		d.out.cover = detail
	default:
		p.doubt = detail
	}
	return nil
}

// drawn is what is known of a drawing.
type drawn struct{ over, far, wrapped, picture bool }

func (d *docx) shapes(w *drawn, p *paragraph) error {
	return d.x.inside(func(e xml.StartElement) error {
		switch e.Name.Local {
		case "txbxContent":
			return d.box(p)
		case "AlternateContent":
			return d.branch(func() error { return d.shapes(w, p) })
		case "wrapNone":
			w.over = true
		case "wrapSquare", "wrapTight", "wrapThrough", "wrapTopAndBottom":
			w.wrapped = true
		case "positionV":
			w.far = w.far || !slices.Contains([]string{"paragraph", "line"}, attr(e, "relativeFrom"))
		case "blip", "imagedata", "OLEObject", "chart", "relIds":
			w.picture = true
		}
		if style := attr(e, "style"); strings.HasPrefix(e.Name.Space, "urn:") && strings.Contains(style, "absolute") && !strings.Contains(style, "z-index:-") {
			w.over = true
		}
		if err := d.shapes(w, p); err != nil {
			return err
		}
		if attr(e, "behindDoc") == "1" || attr(e, "behindDoc") == "true" {
			w.over = false
		}
		return nil
	}, func(s string) {
		if n, err := strconv.Atoi(strings.TrimSpace(s)); err == nil && (n > nearby || n < -nearby) {
			w.far = true
		}
	})
}

// box reads the text of a box for itself.
func (d *docx) box(p *paragraph) error {
	outer, boxes, back, merge, inList := d.out, d.boxes, d.back, d.merge, d.inList
	d.out, d.boxes, d.back.known = &lines{}, nil, false
	err := d.blocks(paragraph{cell: p.cell})
	d.boxes = append(boxes, d.out)
	d.out, d.back, d.merge, d.inList = outer, back, merge, inList
	return err
}
