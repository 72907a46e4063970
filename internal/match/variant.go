package match

// minVariant is how many tokens a passage beside the text has at least before it
// is held against the text once more. Titles are repeated with a site's name on
// many pages and are shorter.
const minVariant = 16

// variants looks at what would be surroundings for passages that are the text with
// changes: the true text followed by an altered one must not pass as authentic. It
// reports them as additions and returns the lines that remain. A passage that
// repeats the text word for word stays among the surroundings.
func (b *builder) variants(parts []*alignment, lines []line) []line {
	kept := lines[:0:0]
	var grams map[uint64]struct{}
	for i := 0; i < len(lines); {
		n := 1
		for i+n < len(lines) && lines[i+n].from == lines[i+n-1].to && b.c.form.Tokens[lines[i+n].from].Breaks == 1 {
			n++
		}
		from, to := lines[i].from, lines[i+n-1].to
		if to-from >= minVariant && grams == nil {
			grams = map[uint64]struct{}{}
			for _, a := range parts {
				for g := range gramSet(a.d.ids) {
					grams[g] = struct{}{}
				}
			}
		}
		if to-from >= minVariant && b.varies(parts, grams, from, to) {
			b.v.Changes = append(b.v.Changes, Change{
				Op: OpInsert, Class: ClassAddition, Copy: b.c.slice(from, to),
				At: b.c.form.Tokens[from].Start, PublishedAt: len(parts[len(parts)-1].d.raw),
			})
			b.changed += to - from
			b.total += to - from
		} else {
			kept = append(kept, lines[i:i+n]...)
		}
		i += n
	}
	return kept
}

// varies reports whether half of the passage's grams are the text's, and the
// passage is no part of it.
func (b *builder) varies(parts []*alignment, grams map[uint64]struct{}, from, to int) bool {
	ids := b.c.ids[from:to]
	shared := 0
	for i := 0; i+gramLen <= len(ids); i++ {
		if _, ok := grams[gram(ids[i:i+gramLen])]; ok {
			shared++
		}
	}
	if 2*shared < len(ids)-gramLen+1 {
		return false
	}
	for _, a := range parts {
		if find(a.d.ids, ids) >= 0 {
			return false
		}
	}
	return true
}
