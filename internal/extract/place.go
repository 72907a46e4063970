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
		if n, ok := pixels(v, l.size); !ok || n < -50 || n > 200 {
			b.doubt = "words that may stand outside the page"
		}
	}
	if p["all"] != "" {
		b.doubt = untold
	}
	for _, k := range []string{"position", "overflow", "overflow-x", "overflow-y", "float", "flex-direction", "flex-wrap", "list-style-type", "contain"} {
		if strings.Contains(p[k], "(") && !strings.Contains(p[k], "url(") {
			b.doubt = untold
		}
	}
	if v := p["contain"]; strings.Contains(v, "size") || strings.Contains(v, "strict") {
		b.doubt = "words that may be cut off"
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

// overflow reads whether what does not fit is cut off, or shown where other things
// stand.
func (b *box) overflow(p props, l look) {
	v := p["overflow"] + " " + p["overflow-x"] + " " + p["overflow-y"]
	cuts := strings.Contains(v, "hidden") || strings.Contains(v, "clip") || strings.Contains(p["contain"], "paint") || strings.Contains(p["contain"], "content")
	scrolls := strings.Contains(v, "auto") || strings.Contains(v, "scroll")
	if l.nowrap {
		b.wide = 120
		if cuts {
			b.wide = 60
		}
	}
	for _, k := range []string{"height", "max-height", "width", "max-width"} {
		n, ok := pixels(p[k], l.size)
		if p[k] == "" || !ok {
			if cuts && strings.Contains(p[k], "(") {
				b.doubt = "words that may be cut off"
			}
			continue
		}
		high := strings.HasSuffix(k, "height")
		_, unit := number(p[k])
		known := unit != "%" && (!strings.Contains(unit, "v") || n < 600)
		switch {
		case cuts && n <= 1:
			b.gone = true
			return
		case !known:
		case !high && n < 3*l.size && (cuts || scrolls || n < 2*l.size && p["display"] == "block"):
			b.doubt = "words that may be cut off"
		case !high && cuts && l.nowrap:
			b.wide = int(2 * n / max(l.size, 1))
		case !high:
		case k == "height" && cuts, n < l.size, scrolls && n < 3*l.size:
			b.doubt = "words that may be cut off"
		case cuts:
			b.clipped = n / max(l.size, 1) / 2
		case !scrolls:
			b.clipped, b.spills = n/max(l.size, 1), true
		}
	}
}

// place reads where an element stands.
func (b *box) place(p props, sh *sheet) {
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
			for _, k := range []string{"height", "min-height", "padding-top", "padding-bottom"} {
				n, ok := pixels(p[k], normalSize)
				full = full || p[k] != "" && p[k] != "auto" && (!ok || n > 150)
			}
			b.edge = !full && (hasTop && top <= 0 || hasBottom && bottom <= 0)
		}
	case "relative", "sticky", "-webkit-sticky":
		b.position = true
		moved := func(n float64, has bool) bool { return has && (n > 2 || n < -2) }
		if p["position"] == "relative" && (moved(top, hasTop) || moved(left, hasLeft) || moved(right, hasRight) || moved(bottom, hasBottom)) {
			b.over, b.reach = "words that are moved", overParent
		}
	}
	if strings.Contains(p["position"], "(") {
		b.over, b.reach = untold, overContainer
	}
	b.margins(p)
	for _, k := range []string{"top", "left", "right", "bottom", "margin-top", "margin-right", "margin-bottom", "margin-left"} {
		if v := p[k]; b.over == "" && strings.Contains(v, "(") && (k[0] == 'm' || p["position"] == "relative") &&
			(belowZero(v) || strings.Contains(v, "var(") && sh.minus || k[0] != 'm') {
			b.over, b.reach = "words that are moved", overParent
		}
	}
	b.flow(p)
	b.painted = p["background-image"] != "" && p["background-image"] != "none" || paints(p["background-color"])
	b.paint(p)
}

// paint reads what an element paints beside its background.
func (b *box) paint(p props) {
	largest := func(v string) (n float64) {
		for _, f := range fields(v) {
			if px, ok := pixels(f, normalSize); ok {
				n = max(n, px)
			} else if strings.Contains(f, "calc(") || strings.Contains(f, "var(") {
				n = max(n, far)
			}
		}
		return n
	}
	if largest(p["border"]) > 9 && !strings.Contains(p["border"], "transparent") {
		b.painted = true
		b.tall = true
	}
	b.tall = b.tall || b.painted && max(largest(p["padding-top"]), largest(p["padding-bottom"])) > 13
	if p["backdrop-filter"] != "" && p["backdrop-filter"] != "none" {
		b.painted = true
	}
	if n, ok := pixels(p["outline-offset"], normalSize); max(largest(p["outline"]), largest(p["outline-width"])) > 5 || p["outline-offset"] != "" && (!ok || n < -3) {
		b.painted = true
		b.doubt = "an outline may lie over the words"
		if b.over == "" {
			b.over, b.reach = b.doubt, overParent
		}
	}
	if v := p["box-shadow"]; b.over == "" && wideShadow(v) {
		b.painted = true
		b.over, b.reach = "a shadow may lie over the words", overParent
	}
}

// wideShadow tells a shadow that covers what stands beside its box.
func wideShadow(v string) bool {
	if strings.Contains(v, "var(") || strings.Contains(v, "calc(") {
		return true
	}
	depth := 0
	for _, one := range strings.FieldsFunc(v, func(r rune) bool {
		switch r {
		case '(':
			depth++
		case ')':
			depth--
		}
		return depth <= 0 && r == ','
	}) {
		var lengths []float64
		alpha := 1.0
		for _, f := range fields(one) {
			if n, ok := pixels(f, normalSize); ok {
				lengths = append(lengths, n)
			} else if _, a, ok := parseColor(f); ok {
				alpha = a
			}
		}
		lengths = append(lengths, 0, 0, 0, 0)
		reach := max(lengths[0], -lengths[0], lengths[1], -lengths[1]) + lengths[3] - lengths[2]/2
		if reach > 8 && alpha > 0.4 && !strings.Contains(one, "inset") {
			return true
		}
	}
	return false
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
	if n, unit := number(p["order"]); unit == "" && n != 0 || strings.Contains(p["order"], "(") {
		b.over, b.reach = detail, overParent
	}
	for _, k := range []string{"grid-row", "grid-column", "grid-row-start", "grid-column-start", "grid-row-end", "grid-column-end", "grid-area"} {
		if v := p[k]; v != "" && strings.IndexByte("-0123456789", v[0]) >= 0 || strings.Contains(v, "(") {
			b.over, b.reach = detail, overParent
		}
	}
	for _, k := range []string{"grid-auto-rows", "grid-template-rows", "grid-auto-columns", "grid-template-columns", "grid-template", "grid"} {
		for _, f := range fields(p[k]) {
			if n, unit := number(f); unit != "?" && n < 12 && !(unit == "fr" && n >= 0.5) && unit != "%" && unit != "em" && unit != "rem" || strings.Contains(f, "calc(") || strings.Contains(f, "var(") {
				b.doubt = "words that may be covered"
			}
		}
	}
	b.pulled = b.pulled || p["float"] == "left" || p["float"] == "right"
	if strings.Contains(p["flex-direction"]+p["flex-wrap"], "reverse") {
		b.doubt = detail
	}
}
