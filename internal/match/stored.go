package match

import (
	"crypto/sha256"
	"slices"
	"sync/atomic"

	"github.com/sijil/sijil/internal/text"
)

// A stored text is one published text file as the index holds it, shared by the
// versions that contain the same bytes: its bytes, and what finds it. Its words
// are made again when a copy is compared with it.
type stored struct {
	raw    []byte
	sum    [sha256.Size]byte
	canon  [sha256.Size]byte // digest of the canonical form
	bare   [sha256.Size]byte // the same without bullets at line starts
	id     uint32            // in the index's texts
	tokens int
	at     atomic.Pointer[[]ref] // never empty; a new slice with each version that has the text
}

func (d *stored) refs() []ref { return *d.at.Load() }

func (d *stored) add(refs ...ref) {
	var all []ref
	if old := d.at.Load(); old != nil {
		all = slices.Clone(*old)
	}
	all = append(all, refs...)
	d.at.Store(&all)
}

// A ref says which text of which version a stored text is.
type ref struct {
	version *version
	lang    string
}

// A doc is a stored text while a copy is compared with it. Its ids are those of
// one comparison.
type doc struct {
	*stored
	form    *text.Form // without bullets at line starts
	ids     []uint32
	bullets map[int][]text.Span // those, by the token behind them
}

// A parsed text is what the cache keeps of a stored one: its tokens, and for each
// of them the index of its text among the different words.
type parsed struct {
	form  *text.Form
	words []string
	local []uint32
	// bullets are those at line starts, which form is without.
	bullets map[int][]text.Span
}

// parse makes the words of a stored text; nil cannot happen, as they were made
// when it was added.
func (x *Index) parse(d *stored) *parsed {
	v := x.cache.get(d, func() (any, int) {
		form, dropped, err := parse(d.raw)
		if err != nil {
			return (*parsed)(nil), 1
		}
		p := &parsed{form: &text.Form{Tokens: slices.Clip(slices.Clone(form.Tokens))}, local: make([]uint32, len(form.Tokens)), bullets: bulletsBefore(form.Tokens, dropped)}
		seen := make(map[string]uint32, len(form.Tokens)/2)
		for i := range form.Tokens {
			w := form.Tokens[i].Text
			id, ok := seen[w]
			if !ok {
				id = uint32(len(p.words))
				seen[w] = id
				p.words = append(p.words, w)
			}
			p.local[i] = id
		}
		return p, len(p.local)
	})
	return v.(*parsed)
}

// A vocabulary numbers the words of one copy.
type vocabulary map[string]uint32

// localIDs is where the ids of words begin that a published text has and the copy
// has not. They are that text's own: it is compared with the copy alone.
const localIDs = 1 << 31

// number gives each token of the copy the id of its text.
func (v vocabulary) number(tokens []text.Token) []uint32 {
	ids := make([]uint32, len(tokens))
	for i := range tokens {
		id, ok := v[tokens[i].Text]
		if !ok {
			id = uint32(len(v))
			v[tokens[i].Text] = id
		}
		ids[i] = id
	}
	return ids
}

// doc gives the tokens of a published text their ids.
func (v vocabulary) doc(d *stored, p *parsed) *doc {
	table := make([]uint32, len(p.words))
	for i, w := range p.words {
		id, ok := v[w]
		if !ok {
			id = localIDs + uint32(i)
		}
		table[i] = id
	}
	ids := make([]uint32, len(p.local))
	for i, k := range p.local {
		ids[i] = table[k]
	}
	return &doc{stored: d, form: p.form, ids: ids, bullets: p.bullets}
}
