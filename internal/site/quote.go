package site

import (
	"slices"
	"strings"

	"github.com/sijil/sijil/internal/match"
	"github.com/sijil/sijil/internal/text"
)

// quote shows an excerpt inside the published text, so that a reader sees what
// it was taken from. Where it is not found word for word nothing is shown.
func (v *visit) quote(view *verdictPage, sc *screen, verdict *match.Verdict, copied string) {
	if len(verdict.Languages) != 1 {
		return
	}
	lang := verdict.Languages[0]
	published, err := v.service.Text(verdict.Publication, verdict.Version, lang)
	if err != nil {
		return
	}
	from, to, ok := locate(published, copied, verdict.Surroundings)
	if !ok {
		return
	}
	words := 3 * contextWords
	before, _ := tail(string(published[:from]), &words)
	words = 3 * contextWords
	after, _ := headOf(string(published[to:]), &words)
	view.QuotationLang, view.QuotationDir = lang, direction(lang)
	view.Quotation = []mark{
		{Runs: sc.published(before, maxPassage)},
		{Runs: sc.published(string(published[from:to]), 2*maxPassage), Quoted: true},
		{Runs: sc.published(after, maxPassage)},
	}
}

// locate finds the copy's tokens, without those of the lines that surround it, in
// the published text: the byte offsets of the only, or first, place.
func locate(published []byte, copied string, apart []match.Surrounding) (from, to int, ok bool) {
	pub, err := text.Parse(published)
	if err != nil {
		return 0, 0, false
	}
	form, err := text.Parse([]byte(copied))
	if err != nil {
		return 0, 0, false
	}
	theirs, _ := text.DropBullets(pub.Tokens)
	own, _ := text.DropBullets(form.Tokens)
	own = slices.DeleteFunc(slices.Clone(own), outside(copied, apart))
	for i := 0; len(own) > 0 && i+len(own) <= len(theirs); i++ {
		if slices.EqualFunc(theirs[i:i+len(own)], own, func(a, b text.Token) bool { return a.Text == b.Text }) {
			return theirs[i].Start, theirs[i+len(own)-1].End, true
		}
	}
	return 0, 0, false
}

// outside reports of a token whether it stands on a line that is no part of the
// declaration.
func outside(copied string, apart []match.Surrounding) func(text.Token) bool {
	lines := map[int]int{} // start → end
	for _, s := range apart {
		at := clamp(copied, s.At)
		end := strings.IndexByte(copied[at:], '\n')
		if end < 0 {
			end = len(copied) - at
		}
		lines[at] = at + end
	}
	within := 0 // tokens come in order: until here they are on such a line
	return func(t text.Token) bool {
		if end, ok := lines[t.Start]; ok {
			within = end
		}
		return t.Start < within
	}
}
