package extract

import (
	"slices"
	"strings"
)

// barReach is how many bytes of text a bar may lie over that stays at the top or
// foot of the window.
const barReach = 300

// close ends the innermost frame, and gives its doubts to what they are about.
func (p *pageReader) close(b box) {
	i := len(p.frames) - 1
	f := p.frames[i]
	words := p.out.mark() > f.from
	if b.wide > 0 && words && p.look(p.out.mark()-f.from) && longest(p.out.buf[f.from:]) > b.wide {
		f.doubt = first(f.doubt, "words that may be cut off")
	}
	if b.clipped > 0 && words && p.look(p.out.mark()-f.from) && linesNeeded(p.out.buf[f.from:]) > b.clipped {
		if !b.spills {
			f.doubt = first(f.doubt, "words that may be cut off")
		} else if i > 0 {
			p.frames[p.outer(i)].spills = true
		}
	}
	if f.doubt != "" {
		p.out.doubt(f.from, f.doubt)
	}
	p.frames = p.frames[:i]
	if i == 0 {
		return
	}
	if f.filled {
		p.frames[i-1].filled = true
	}
	for k := range p.frames {
		if b.painted && p.frames[k].spills {
			p.frames[k].doubt = first(p.frames[k].doubt, "something may lie over the words")
		}
	}
	if b.over == "" || !words && !f.filled && !b.painted {
		return
	}
	if b.edge {
		p.edges = append(p.edges, p.out.mark())
		return
	}
	over := &p.frames[p.covered(b.reach)]
	over.doubt = first(over.doubt, b.over)
}

// covered is the frame that something of that reach may lie over. One that is
// placed counts from the nearest frame that is placed itself.
func (p *pageReader) covered(reach int) int {
	if reach == overAll {
		return 0
	}
	for i, f := range slices.Backward(p.frames) {
		if reach == overParent && f.block || reach == overContainer && f.container && f.block {
			return i
		}
	}
	return 0
}

// outer is the nearest block around a frame.
func (p *pageReader) outer(i int) int {
	for i--; i > 0 && !p.frames[i].block; i-- {
	}
	return i
}

// longest is the length of the longest line.
func longest(b []byte) int {
	n := 0
	for line := range strings.SplitSeq(strings.TrimSpace(string(b)), "\n") {
		n = max(n, len(line))
	}
	return n
}

// linesNeeded is how many lines of a narrow column the text takes.
func linesNeeded(b []byte) float64 {
	n := 0.0
	for line := range strings.SplitSeq(strings.TrimSpace(string(b)), "\n") {
		n += 1 + float64(len(line)/60)
	}
	return n
}

// room notes whether the page leaves room for a bar at its top.
func (p *pageReader) room(c props) {
	v := c["padding-top"]
	if v == "" {
		v, _, _ = strings.Cut(c["padding"], " ")
	}
	if v == "" {
		v = c["margin-top"]
	}
	if n, ok := pixels(v, normalSize); ok && n >= 24 {
		p.padded = true
	}
}

// bars doubts what a bar at the edge of the window may lie over for good: what
// comes next in the text, unless the page leaves room for it, and the end.
func (p *pageReader) bars() {
	const detail = "a bar may lie over the words"
	n := p.out.mark()
	for _, at := range p.edges {
		if !p.padded {
			p.out.doubtSpan(at, min(at+barReach, n), detail)
		}
	}
}
