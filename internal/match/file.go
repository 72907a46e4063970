package match

import (
	"fmt"

	"github.com/sijil/sijil/internal/extract"
	"github.com/sijil/sijil/internal/text"
)

// CheckCopy says what a file is of which c was extracted, among the versions of the
// publication slug, or of all when slug is empty. Where the file may show a reader
// something else than c says, the verdict is unchecked; of a picture it is at best
// consistent.
func (x *Index) CheckCopy(c *extract.Copy, slug string) *Verdict {
	if v := x.checkPublished(c.File, slug); v != nil {
		return v
	}
	v, spans := x.check(c.Text, slug)
	switch {
	case c.Form == extract.Picture:
		v = asPicture(v, c)
	case c.Form != extract.Text && v.Verdict == Identical:
		v.Verdict = Authentic // the file's own bytes are others
	}
	v.doubt(c.Doubts, len(c.Text), spans)
	for _, w := range c.Warnings {
		v.Warnings = append(v.Warnings, Warning(w))
	}
	return v
}

// checkPublished is for files that are a published text as they stand, whatever form
// their signs make them look like; nil for others.
func (x *Index) checkPublished(file []byte, slug string) *Verdict {
	if file == nil {
		return nil
	}
	if v := x.checkIdentical(file, slug); v != nil {
		return v
	}
	sum, warnings, err := text.Digest(file)
	if err != nil {
		return nil
	}
	refs := x.lookup(x.canon, sum, slug)
	if len(refs) == 0 {
		return nil
	}
	v := exact(Authentic, refs)
	for _, w := range warnings {
		v.Warnings = append(v.Warnings, Warning(w))
	}
	return v
}

// doubt makes the verdict unchecked where it rests on a passage that may be shown
// otherwise than the copy, of size bytes, has it.
func (v *Verdict) doubt(doubts []extract.Doubt, size int, spans []extract.Span) {
	if d, ok := doubted(v, doubts, size, spans); ok {
		v.Verdict = Unchecked
		v.Reason = Reason{ReasonHidden, fmt.Sprintf("a reader of this file may see something else than it says at byte %d: %s", d.At, d.Detail), hints[ReasonHidden]}
	}
}

// doubted returns the first doubt on which the verdict rests. One that stands
// elsewhere, beside the text, does not matter; an alteration that stands outside
// all doubts is one whatever they hide.
func doubted(v *Verdict, doubts []extract.Doubt, size int, spans []extract.Span) (extract.Doubt, bool) {
	if len(doubts) == 0 || v.Verdict == Unchecked {
		return extract.Doubt{}, false
	}
	if v.Verdict == Unknown {
		// What is shown may be a registered text, if most of it is in doubt.
		bytes := 0
		for _, d := range doubts {
			bytes += d.End - d.At
		}
		return doubts[0], 2*bytes >= size
	}
	if v.Verdict == Altered && sureChange(v, doubts) {
		return extract.Doubt{}, false
	}
	for _, d := range doubts {
		for _, s := range spans {
			if d.At < s.End && s.At < d.End || d.At == d.End && d.At >= s.At && d.At <= s.End {
				return d, true
			}
		}
	}
	return extract.Doubt{}, false
}

// sureChange reports whether words were changed or added outside all doubts.
// Missing words may be those that a doubt hides.
func sureChange(v *Verdict, doubts []extract.Doubt) bool {
	sure := func(at int, copied string) bool {
		for _, d := range doubts {
			if at < d.End && d.At < at+max(1, len(copied)) {
				return false
			}
		}
		return copied != ""
	}
	for _, ch := range v.Changes {
		if ch.Op != OpMove && sure(ch.At, ch.Copy) {
			return true
		}
	}
	for _, n := range v.Signatories.Added {
		if sure(n.At, n.Name) {
			return true
		}
	}
	for _, n := range v.Signatories.Changed {
		if sure(n.At, n.Copy) {
			return true
		}
	}
	return false
}

// covering returns the tokens of the copy that a passage of n tokens at a byte
// offset has.
func covering(tokens []text.Token, at, n int) []text.Token {
	for i := range tokens {
		if tokens[i].Start >= at {
			return tokens[i:min(len(tokens), i+n)]
		}
	}
	return nil
}
