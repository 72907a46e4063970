package text

// A Span is a range of bytes of the original.
type Span struct{ Start, End int }

// DropBullets returns the tokens without the bullets at line starts, in a slice of
// its own if there are any, and where those were. A token that one stood before on
// its line is Bulleted. It is what edition 0 saw, and what a comparison wants:
// whether such a bullet marks an item, only the published text can tell.
func DropBullets(tokens []Token) ([]Token, []Span) {
	n := 0
	for i := range tokens {
		if tokens[i].marksItem() {
			n++
		}
	}
	if n == 0 {
		return tokens, nil
	}
	kept, dropped := make([]Token, 0, len(tokens)-n), make([]Span, 0, n)
	breaks, bulleted := 0, false
	for _, t := range tokens {
		breaks += int(t.Breaks)
		if t.Breaks > 0 {
			bulleted = false
		}
		if t.marksItem() {
			bulleted = true
			dropped = append(dropped, Span{t.Start, t.End})
			continue
		}
		t.Breaks, t.Bulleted = uint8(min(breaks, 255)), bulleted
		breaks, bulleted = 0, false
		kept = append(kept, t)
	}
	return kept, dropped
}

// marksItem reports whether t is a bullet at a line start.
func (t *Token) marksItem() bool { return t.Class == Marker && isBullet(t.Text) }
