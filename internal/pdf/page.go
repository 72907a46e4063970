package pdf

import (
	"math"
	"unicode"

	"github.com/klippa-app/go-pdfium"
	"github.com/klippa-app/go-pdfium/requests"

	"github.com/sijil/sijil/internal/extract"
)

// A rect is a box in points as the page is shown: x to the right, y upwards.
type rect struct{ x0, y0, x1, y1 float64 }

func (r rect) width() float64  { return r.x1 - r.x0 }
func (r rect) height() float64 { return r.y1 - r.y0 }

func (r rect) meets(s rect) bool {
	return r.x0 < s.x1 && s.x0 < r.x1 && r.y0 < s.y1 && s.y0 < r.y1
}

func (r rect) holds(x, y float64) bool { return x > r.x0 && x < r.x1 && y > r.y0 && y < r.y1 }

// A glyph is one character and where it stands.
type glyph struct {
	r     rune
	x, y  float64 // origin: the left end of its baseline
	box   rect    // what it takes up on its line
	size  float64 // height of its line, as far as its neighbours tell
	word  int     // how many spaces stand before it in the file
	made  int     // how many of them PDFium made up
	order int     // of the text it belongs to, among what is drawn
	// doubt says why what is shown there may be another character.
	doubt string
	gone  bool // not visible
}

// A page is what was read of one page.
type page struct {
	in            pdfium.Pdfium
	ref           requests.Page
	width, height float64
	glyphs        []glyph // in the order of the file
	turned        int     // characters that do not stand upright
	hidden        int     // characters without ink
	pictures      int
	lines         []line
}

func (p *page) read(left int) error {
	place, err := p.frame()
	if err != nil {
		return err
	}
	text, err := p.in.FPDFText_LoadPage(&requests.FPDFText_LoadPage{Page: p.ref})
	if err != nil {
		return err
	}
	n, err := p.in.FPDFText_CountChars(&requests.FPDFText_CountChars{TextPage: text.TextPage})
	if err != nil {
		return err
	}
	if n.Count > left {
		return &extract.Error{Code: extract.CodeTooLarge, Detail: "the PDF holds too much text", Hint: "check only the pages of the declaration"}
	}
	word, made := 0, 0
	for i := range n.Count {
		u, err := p.in.FPDFText_GetUnicode(&requests.FPDFText_GetUnicode{TextPage: text.TextPage, Index: i})
		if err != nil {
			return err
		}
		r := rune(u.Unicode)
		if r == 0 {
			continue
		}
		if unicode.IsSpace(r) {
			// Where a space stands is not to be trusted, that there is one is.
			is, err := p.in.FPDFText_IsGenerated(&requests.FPDFText_IsGenerated{TextPage: text.TextPage, Index: i})
			if err != nil {
				return err
			}
			if word++; is.IsGenerated {
				made++
			}
			continue
		}
		g := glyph{r: r, word: word, made: made}
		if ok, err := p.locate(&g, requests.FPDFText_GetCharOrigin{TextPage: text.TextPage, Index: i}, place); err != nil {
			return err
		} else if ok {
			p.glyphs = append(p.glyphs, g)
		}
	}
	if _, err := p.in.FPDFText_ClosePage(&requests.FPDFText_ClosePage{TextPage: text.TextPage}); err != nil {
		return err
	}
	p.measure()
	if len(p.glyphs) > 0 {
		if err := p.look(place); err != nil {
			return err
		}
	}
	return nil
}

// locate fills in where a character stands; it reports false for one that does not
// stand upright.
func (p *page) locate(g *glyph, at requests.FPDFText_GetCharOrigin, f frame) (bool, error) {
	angle, err := p.in.FPDFText_GetCharAngle(&requests.FPDFText_GetCharAngle{TextPage: at.TextPage, Index: at.Index})
	if err != nil {
		return false, err
	}
	if upright := math.Remainder(float64(angle.CharAngle)+float64(f.quarter)*math.Pi/2, 2*math.Pi); math.Abs(upright) > 0.05 {
		p.turned++
		return false, nil
	}
	o, err := p.in.FPDFText_GetCharOrigin(&at)
	if err != nil {
		return false, err
	}
	b, err := p.in.FPDFText_GetLooseCharBox(&requests.FPDFText_GetLooseCharBox{TextPage: at.TextPage, Index: at.Index})
	if err != nil {
		return false, err
	}
	g.x, g.y = f.point(o.X, o.Y)
	g.box = f.rect(float64(b.Rect.Left), float64(b.Rect.Bottom), float64(b.Rect.Right), float64(b.Rect.Top))
	g.size = g.box.height()
	return !math.IsNaN(g.x+g.y+g.size) && !math.IsInf(g.x+g.y+g.size, 0), nil
}

// measure gives each glyph the height of its line: boxes of joined letters are as
// high as their ink alone, those of their neighbours as high as the font.
func (p *page) measure() {
	const near = 8
	for i := range p.glyphs {
		g := &p.glyphs[i]
		for _, h := range p.glyphs[max(0, i-near):min(len(p.glyphs), i+near+1)] {
			if math.Abs(h.y-g.y) < 1 {
				g.size = max(g.size, h.box.height())
			}
		}
	}
}

// A frame turns the coordinates of a page into those of the page as shown.
type frame struct {
	box     rect // the visible part, in the page's own coordinates
	quarter int  // quarter turns clockwise
}

func (p *page) frame() (frame, error) {
	b, err := p.in.FPDF_GetPageBoundingBox(&requests.FPDF_GetPageBoundingBox{Page: p.ref})
	if err != nil {
		return frame{}, err
	}
	turn, err := p.in.FPDFPage_GetRotation(&requests.FPDFPage_GetRotation{Page: p.ref})
	if err != nil {
		return frame{}, err
	}
	f := frame{rect{float64(b.Rect.Left), float64(b.Rect.Bottom), float64(b.Rect.Right), float64(b.Rect.Top)}, int(turn.PageRotation)}
	p.width, p.height = f.box.width(), f.box.height()
	if f.quarter%2 == 1 {
		p.width, p.height = p.height, p.width
	}
	return f, nil
}

func (f frame) point(x, y float64) (float64, float64) {
	x, y = x-f.box.x0, y-f.box.y0
	w, h := f.box.width(), f.box.height()
	switch f.quarter {
	case 1:
		return y, w - x
	case 2:
		return w - x, h - y
	case 3:
		return h - y, x
	}
	return x, y
}

func (f frame) rect(x0, y0, x1, y1 float64) rect {
	ax, ay := f.point(x0, y0)
	bx, by := f.point(x1, y1)
	return rect{min(ax, bx), min(ay, by), max(ax, bx), max(ay, by)}
}
