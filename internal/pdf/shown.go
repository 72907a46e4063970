package pdf

import (
	"image"
	"math"
	"slices"
	"unicode"

	"github.com/klippa-app/go-pdfium/enums"
	"github.com/klippa-app/go-pdfium/references"
	"github.com/klippa-app/go-pdfium/requests"
)

const (
	// maxPixels bounds the picture of a page that is drawn to see its ink.
	maxPixels = 3_000_000
	// pixelsPerPoint is the scale of that picture where it is not too large.
	pixelsPerPoint = 1.5
	// paleInk is the least difference of brightness, of 255, that a reader sees.
	paleInk = 24
	// tiny is the height in points under which text is nothing to a reader.
	tiny = 2.0
)

// Why the shown and the extracted may differ.
const (
	doubtCovered   = "something is drawn over it"
	doubtBetween   = "something is drawn among its words"
	doubtInvisible = "the text is an invisible layer over a picture"
	doubtOverlap   = "two characters stand at one place"
	doubtNote      = "a note, stamp or field lies over it"
)

// A thing is something drawn on a page.
type thing struct {
	kind  enums.FPDF_PAGEOBJ
	box   rect
	order int
	// ghost: text that is not drawn. filled: a path that covers what is under it.
	ghost, filled bool
}

// look finds out which glyphs a reader sees.
func (p *page) look(f frame) error {
	things, err := p.things(f)
	if err != nil {
		return err
	}
	ink, err := p.draw()
	if err != nil {
		return err
	}
	for i := range p.glyphs {
		g := &p.glyphs[i]
		if unicode.Is(unicode.Cf, g.r) {
			continue
		}
		outside := g.box.x1 < 0 || g.box.y1 < 0 || g.box.x0 > p.width || g.box.y0 > p.height
		if outside || g.box.height() < tiny || !ink.shows(g.box) {
			g.gone = true
			p.hidden++
		}
	}
	p.doubtThings(things)
	p.doubtOverlaps()
	return p.doubtNotes(f)
}

// things lists what is drawn, in the order in which it is.
func (p *page) things(f frame) ([]thing, error) {
	n, err := p.in.FPDFPage_CountObjects(&requests.FPDFPage_CountObjects{Page: p.ref})
	if err != nil {
		return nil, err
	}
	if n.Count > maxObjects {
		return nil, tooSlow
	}
	var out []thing
	for i := range n.Count {
		o, err := p.in.FPDFPage_GetObject(&requests.FPDFPage_GetObject{Page: p.ref, Index: i})
		if err != nil {
			return nil, err
		}
		t, ok, err := p.thing(o.PageObject, f)
		if err != nil {
			return nil, err
		}
		if ok {
			t.order = i
			out = append(out, t)
		}
	}
	return out, nil
}

func (p *page) thing(o references.FPDF_PAGEOBJECT, f frame) (thing, bool, error) {
	kind, err := p.in.FPDFPageObj_GetType(&requests.FPDFPageObj_GetType{PageObject: o})
	if err != nil {
		return thing{}, false, err
	}
	b, err := p.in.FPDFPageObj_GetBounds(&requests.FPDFPageObj_GetBounds{PageObject: o})
	if err != nil {
		return thing{}, false, nil // nothing that is drawn has no bounds
	}
	t := thing{kind: kind.Type, box: f.rect(float64(b.Left), float64(b.Bottom), float64(b.Right), float64(b.Top))}
	switch kind.Type {
	case enums.FPDF_PAGEOBJ_TEXT:
		mode, err := p.in.FPDFTextObj_GetTextRenderMode(&requests.FPDFTextObj_GetTextRenderMode{PageObject: o})
		if err != nil {
			return thing{}, false, err
		}
		t.ghost = mode.TextRenderMode == enums.FPDF_TEXTRENDERMODE_INVISIBLE || mode.TextRenderMode == enums.FPDF_TEXTRENDERMODE_CLIP
	case enums.FPDF_PAGEOBJ_PATH:
		mode, err := p.in.FPDFPath_GetDrawMode(&requests.FPDFPath_GetDrawMode{PageObject: o})
		if err != nil {
			return thing{}, false, err
		}
		t.filled = mode.FillMode != enums.FPDF_FILLMODE_NONE
		if !t.filled && !mode.Stroke {
			return thing{}, false, nil
		}
	case enums.FPDF_PAGEOBJ_IMAGE:
		p.pictures++
	}
	return t, true, nil
}

// doubtThings marks the glyphs over which, or among which, something else is
// drawn, and those that are an invisible layer.
func (p *page) doubtThings(things []thing) {
	var texts, others []thing
	for _, t := range things {
		if t.kind == enums.FPDF_PAGEOBJ_TEXT {
			texts = append(texts, t)
		} else if t.box.x1 > 0 && t.box.y1 > 0 && t.box.x0 < p.width && t.box.y0 < p.height {
			others = append(others, t)
		}
	}
	for i := range p.glyphs {
		g := &p.glyphs[i]
		if g.gone {
			continue
		}
		x, y := (g.box.x0+g.box.x1)/2, (g.box.y0+g.box.y1)/2
		first := math.MaxInt
		ghost := false
		for _, t := range texts {
			if x > t.box.x0-0.5 && x < t.box.x1+0.5 && g.y > t.box.y0-1 && g.y < t.box.y1+1 {
				first = min(first, t.order)
				ghost = ghost || t.ghost
			}
		}
		g.order = first
		if ghost {
			g.doubt = doubtInvisible
		}
		for _, t := range others {
			if t.order > first && t.covers(x, y) {
				g.doubt = doubtCovered
			}
		}
	}
	for _, l := range makeLines(p.glyphs) {
		for _, t := range others {
			if l.mixes(t) {
				p.doubtRange(l, t.box)
			}
		}
	}
}

// covers reports whether what is drawn hides, or strikes out, what is at a place.
func (t *thing) covers(x, y float64) bool {
	switch {
	case t.kind == enums.FPDF_PAGEOBJ_PATH && !t.filled:
		return t.box.height() < 3 && t.box.holds(x, y+t.box.height()/2)
	case t.kind == enums.FPDF_PAGEOBJ_FORM:
		return false // its parts are drawn with the text; the ink tells
	}
	return t.box.holds(x, y)
}

// mixes reports whether something is drawn on the line among its words: a word may
// be a picture, or a line may strike a word out. What is larger than the line is
// its background, what is below the baseline underlines it, and what stands before
// or after the words is a bullet or a frame.
func (l *line) mixes(t thing) bool {
	low, high := l.y+0.12*l.size, l.y+0.6*l.size
	if t.kind == enums.FPDF_PAGEOBJ_FORM || t.box.y1 < low || t.box.y0 > high {
		return false
	}
	if t.box.height() > 1.6*l.size && t.box.width() > 3*l.size || t.box.y0 <= l.box.y0+0.5 && t.box.y1 >= l.box.y1-0.5 && t.box.width() >= 0.9*l.box.width() {
		return false
	}
	if t.box.width() < 1 { // the side of a table cell
		return false
	}
	first, last := l.box.x1, l.box.x0
	under := 0.0 // width of the words that are drawn over it
	for i := range l.glyphs {
		g := &l.glyphs[i]
		first, last = min(first, g.box.x0), max(last, g.box.x1)
		if g.order > t.order {
			under += max(0, min(g.box.x1, t.box.x1)-max(g.box.x0, t.box.x0))
		}
	}
	if t.box.height() > 0.5*l.size && under > 0.5*t.box.width() {
		return false // words marked with a colour
	}
	return t.box.x0 < last-1 && t.box.x1 > first+1
}

// doubtRange marks the glyphs of a line beside and under something drawn there.
func (p *page) doubtRange(l line, box rect) {
	box.x0, box.x1 = box.x0-l.size, box.x1+l.size
	for i := range p.glyphs {
		g := &p.glyphs[i]
		if !g.gone && g.doubt == "" && math.Abs(g.y-l.y) < 0.5 && g.box.x1 > box.x0 && g.box.x0 < box.x1 {
			g.doubt = doubtBetween
		}
	}
}

// doubtOverlaps marks different characters that stand at one place: what is seen
// there is neither. The same character twice is how some producers make bold.
func (p *page) doubtOverlaps() {
	order := make([]int, 0, len(p.glyphs))
	for i := range p.glyphs {
		if g := &p.glyphs[i]; !g.gone && !unicode.Is(unicode.M, g.r) {
			order = append(order, i)
		}
	}
	slices.SortFunc(order, func(a, b int) int {
		ga, gb := &p.glyphs[a], &p.glyphs[b]
		switch {
		case ga.box.x0 < gb.box.x0:
			return -1
		case ga.box.x0 > gb.box.x0:
			return 1
		}
		return a - b
	})
	for k, i := range order {
		a := &p.glyphs[i]
		for _, j := range order[k+1 : min(len(order), k+1+200)] {
			b := &p.glyphs[j]
			if b.box.x0 > a.box.x0+0.5*a.box.width() {
				break
			}
			shared := min(a.box.x1, b.box.x1) - b.box.x0
			if shared < 0.6*min(a.box.width(), b.box.width()) || math.Abs(a.y-b.y) > 0.4*min(a.size, b.size) {
				continue
			}
			oneShape := a.x == b.x && a.y == b.y // letters of one ligature
			if a.r == b.r {
				// The ff of a ligature comes in one go; a second drawing comes later.
				b.gone = !(oneShape && j == i+1 && a.order == b.order)
				continue
			}
			if oneShape {
				continue
			}
			a.doubt, b.doubt = doubtOverlap, doubtOverlap
		}
	}
}

// doubtNotes marks what lies under an annotation that shows something of its own.
func (p *page) doubtNotes(f frame) error {
	n, err := p.in.FPDFPage_GetAnnotCount(&requests.FPDFPage_GetAnnotCount{Page: p.ref})
	if err != nil {
		return err
	}
	for i := range min(n.Count, 1000) {
		a, err := p.in.FPDFPage_GetAnnot(&requests.FPDFPage_GetAnnot{Page: p.ref, Index: i})
		if err != nil {
			continue // damaged: it is not shown either
		}
		kind, err := p.in.FPDFAnnot_GetSubtype(&requests.FPDFAnnot_GetSubtype{Annotation: a.Annotation})
		if err != nil {
			return err
		}
		switch kind.Subtype {
		case enums.FPDF_ANNOT_SUBTYPE_LINK, enums.FPDF_ANNOT_SUBTYPE_TEXT, enums.FPDF_ANNOT_SUBTYPE_POPUP,
			enums.FPDF_ANNOT_SUBTYPE_HIGHLIGHT, enums.FPDF_ANNOT_SUBTYPE_UNDERLINE, enums.FPDF_ANNOT_SUBTYPE_FILEATTACHMENT:
			continue
		}
		r, err := p.in.FPDFAnnot_GetRect(&requests.FPDFAnnot_GetRect{Annotation: a.Annotation})
		if err != nil {
			continue
		}
		box := f.rect(float64(r.Rect.Left), float64(r.Rect.Bottom), float64(r.Rect.Right), float64(r.Rect.Top))
		for k := range p.glyphs {
			if g := &p.glyphs[k]; g.box.meets(box) {
				g.doubt = doubtNote
			}
		}
	}
	return nil
}

// inkMap is the brightness of a drawn page.
type inkMap struct {
	pix           *image.Gray
	scale, height float64
}

func (p *page) draw() (*inkMap, error) {
	scale := pixelsPerPoint
	if area := p.width * p.height * scale * scale; area > maxPixels {
		scale *= math.Sqrt(maxPixels / area)
	}
	w, h := max(1, int(p.width*scale)), max(1, int(p.height*scale))
	r, err := p.in.RenderPageInPixels(&requests.RenderPageInPixels{
		Page: p.ref, Width: w, Height: h, RenderFlags: enums.FPDF_RENDER_FLAG_ANNOT, ImageFormat: requests.RenderImageFormatGrayscale,
	})
	if err != nil {
		return nil, err
	}
	defer r.Cleanup()
	drawn, ok := r.Result.RenderedImage.(*image.Gray)
	if !ok {
		return nil, errNotGray
	}
	b := drawn.Bounds()
	m := &inkMap{pix: image.NewGray(b), scale: float64(b.Dx()) / p.width, height: p.height}
	for y := range b.Dy() { // the picture lives in the sandbox
		copy(m.pix.Pix[y*m.pix.Stride:][:b.Dx()], drawn.Pix[y*drawn.Stride:])
	}
	return m, nil
}

// shows reports whether anything can be seen at a place.
func (m *inkMap) shows(box rect) bool {
	x0, x1 := int(math.Floor(box.x0*m.scale)), int(math.Ceil(box.x1*m.scale))
	y0, y1 := int(math.Floor((m.height-box.y1)*m.scale)), int(math.Ceil((m.height-box.y0)*m.scale))
	b := m.pix.Bounds()
	x0, x1, y0, y1 = max(x0, 0), min(max(x1, x0+1), b.Dx()), max(y0, 0), min(max(y1, y0+1), b.Dy())
	low, high := uint8(255), uint8(0)
	for y := y0; y < y1; y++ {
		for _, v := range m.pix.Pix[y*m.pix.Stride+min(x0, b.Dx()) : y*m.pix.Stride+max(x1, min(x0, b.Dx()))] {
			low, high = min(low, v), max(high, v)
		}
	}
	return int(high)-int(low) >= paleInk
}
