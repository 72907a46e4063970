package extract

import "strings"

// hide tells whether an element shows nothing, or is cut off.
func (b *box) hide(p props, l look) {
	switch v := p["display"]; {
	case v == "none":
		b.gone = true
	case strings.Contains(v, "("):
		b.doubt = "what shows cannot be told from the style"
	}
	if p["content-visibility"] == "hidden" || l.opacity < 0.05 {
		b.gone = true
	}
	if v := p["content"]; v != "" && v != "normal" && v != "none" && !reset(v) {
		b.doubt = "a picture stands in place of the words"
	}
	b.clip(p)
	if v := p["text-indent"]; v != "" {
		if n, ok := pixels(v, l.size); !ok || n < -50 || n > 2000 {
			b.doubt = "words that may stand outside the page"
		}
	}
	if p["all"] != "" {
		b.doubt = "what shows cannot be told from the style"
	}
	if v := p["-webkit-line-clamp"]; v != "" && v != "none" && !reset(v) {
		b.doubt = "words that may be cut off"
	}
	b.transform(p)
	b.overflow(p, l)
}

// clip reads what is cut out of an element.
func (b *box) clip(p props) {
	v := p["clip"]
	if args, ok := strings.CutPrefix(v, "rect("); ok && absolute(p) {
		big := false
		for _, f := range strings.FieldsFunc(strings.TrimSuffix(args, ")"), func(r rune) bool { return r == ',' || r == ' ' }) {
			n, ok := pixels(f, normalSize)
			big = big || !ok || n > 1
		}
		if !big {
			b.gone = true
		} else {
			b.doubt = "words that may be cut off"
		}
	}
	v = p["clip-path"]
	if v == "" || v == "none" || reset(v) {
		return
	}
	b.doubt = "words that may be cut off"
	name, args, _ := strings.Cut(v, "(")
	first, _, _ := strings.Cut(strings.TrimSuffix(args, ")"), " ")
	n, unit := number(first)
	if name == "inset" && unit == "%" && n >= 50 || name == "circle" && n == 0 && unit != "?" {
		b.gone = true
	}
}

func absolute(p props) bool { return p["position"] == "absolute" || p["position"] == "fixed" }

// transform reads what moves, shrinks or turns an element.
func (b *box) transform(p props) {
	for _, k := range []string{"transform", "translate", "scale", "rotate", "zoom"} {
		v := p[k]
		if v == "" || v == "none" || v == "normal" || reset(v) {
			continue
		}
		for _, f := range strings.Split(v, ")") {
			name, args, call := strings.Cut(strings.TrimSpace(f), "(")
			if !call {
				name, args = k, name
			}
			for _, a := range strings.FieldsFunc(args, func(r rune) bool { return r == ',' || r == ' ' }) {
				b.moved(name, a)
			}
		}
	}
}

func (b *box) moved(name, arg string) {
	n, unit := number(arg)
	if unit == "%" && (name == "zoom" || name == "scale") {
		n /= 100
	}
	switch {
	case unit == "?" || strings.HasPrefix(name, "matrix") || strings.HasPrefix(name, "skew") || strings.HasPrefix(name, "persp"):
		b.doubt = "words that are moved"
	case strings.HasPrefix(name, "scale") || name == "zoom":
		if n >= 0 && n < 0.1 {
			b.gone = true
		} else if n < 0.4 {
			b.doubt = "words too small to read"
		}
	case strings.HasPrefix(name, "translate"):
		px, ok := pixels(arg, normalSize)
		switch {
		case unit == "%" && ok && (n <= -50 || n > 200):
			b.over, b.reach = "words that are moved", overContainer
		case unit == "%":
		case !ok || px < -far || px > 10*far:
			b.gone = b.gone || ok
			if !ok {
				b.doubt = "words that are moved"
			}
		case px > 4 || px < -4:
			b.over, b.reach = "words that are moved", overParent
		}
	case strings.HasPrefix(name, "rotate") && unit == "deg" && n != 0 && name != "rotatez" && name != "rotate":
		b.doubt = "words that are turned"
	}
}

// overflow reads whether what does not fit is cut off.
func (b *box) overflow(p props, l look) {
	v := p["overflow"] + " " + p["overflow-x"] + " " + p["overflow-y"]
	if !strings.Contains(v, "hidden") && !strings.Contains(v, "clip") {
		return
	}
	for _, k := range []string{"height", "max-height", "width", "max-width"} {
		n, ok := pixels(p[k], l.size)
		if p[k] == "" || !ok {
			continue
		}
		if n <= 1 {
			b.gone = true
			return
		}
		if _, unit := number(p[k]); strings.HasSuffix(k, "height") && unit != "%" && !strings.HasSuffix(unit, "vh") {
			b.clipped = n / max(l.size, 1)
		}
		if strings.HasSuffix(k, "width") && n < 3*l.size {
			b.doubt = "words that may be cut off"
		}
	}
}

// place reads where an element stands.
func (b *box) place(p props) {
	offset := func(k string) (float64, bool) {
		v := p[k]
		if v == "" || v == "auto" || reset(v) {
			return 0, false
		}
		n, ok := pixels(v, normalSize)
		return n, ok
	}
	top, hasTop := offset("top")
	left, hasLeft := offset("left")
	right, hasRight := offset("right")
	bottom, hasBottom := offset("bottom")
	switch p["position"] {
	case "absolute", "fixed":
		b.position = true
		if top <= -far || left <= -far || left > 10*far || top > 1000*far || right <= -far || bottom <= -10*far {
			b.gone = true
			return
		}
		b.over, b.reach = "something may lie over the words", overContainer
		if p["position"] == "fixed" {
			b.reach = overAll
			full := hasTop && hasBottom || strings.HasPrefix(p["height"], "100")
			b.edge = !full && (hasTop && top <= 0 || hasBottom && bottom <= 0)
		}
	case "relative", "sticky", "-webkit-sticky":
		b.position = true
		moved := func(n float64, has bool) bool { return has && (n > 2 || n < -2) }
		if p["position"] == "relative" && (moved(top, hasTop) || moved(left, hasLeft) || moved(right, hasRight) || moved(bottom, hasBottom)) {
			b.over, b.reach = "words that are moved", overParent
		}
	}
	b.margins(p)
	b.flow(p)
	b.painted = p["background-image"] != "" && p["background-image"] != "none" || paints(p["background-color"])
}

func paints(v string) bool {
	_, alpha, ok := parseColor(v)
	return v != "" && !reset(v) && (!ok || alpha > 0.05)
}

func (b *box) margins(p props) {
	for _, k := range []string{"margin-top", "margin-bottom", "margin-left", "margin-right"} {
		n, ok := pixels(p[k], normalSize)
		switch {
		case !ok || n > -4:
		case (k == "margin-left" || k == "margin-top") && n <= -4*far:
			b.gone = true
		case k == "margin-top" || k == "margin-bottom" || n < -40:
			b.over, b.reach = "words that are moved over others", overParent
		default:
			b.pulled = true
		}
	}
}

// flow reads what changes the order of things.
func (b *box) flow(p props) {
	const detail = "the order of the parts is changed"
	if n, unit := number(p["order"]); unit == "" && n != 0 {
		b.over, b.reach = detail, overParent
	}
	for _, k := range []string{"grid-row", "grid-column", "grid-row-start", "grid-column-start", "grid-area"} {
		if v := p[k]; v != "" && v[0] >= '0' && v[0] <= '9' {
			b.over, b.reach = detail, overParent
		}
	}
	b.pulled = b.pulled || p["float"] == "left" || p["float"] == "right"
	if strings.Contains(p["flex-direction"]+p["flex-wrap"], "reverse") {
		b.doubt = detail
	}
}
