package match

import (
	"slices"
	"strings"
	"sync"
	"unicode"

	"github.com/sijil/sijil/internal/text"
)

// headings are lines that stand above a signatory list and name nobody; package
// draft takes such a line off the list. One form each, in small letters.
var headings = sync.OnceValue(func() map[string]bool {
	all := map[string]bool{}
	for h := range strings.Lines(`signatories
signatory
the signatories
first signatories
the first signatories
list of signatories
the undersigned
undersigned
signatures
first signatures
signed
signed by
endorsed by
signatory organisations
signatory organizations
signing organisations
signing organizations
undersigned organisations
undersigned organizations
signataires
les signataires
premiers signataires
les premiers signataires
liste des signataires
organisations signataires
les organisations signataires
associations signataires
les associations signataires
premières signatures
signé par
ont signé
الموقعون
الموقعين
الموقّعون
الموقّعين
قائمة الموقعين
قائمة الموقّعين
التوقيعات
المنظمات الموقعة
المنظمات الموقّعة
الجمعيات الموقعة
الجمعيات الموقّعة
الهيئات الموقعة
الهيئات الموقّعة
الجهات الموقعة
الجهات الموقّعة
`) {
		all[strings.TrimSpace(h)] = true
	}
	return all
})

// heading reports whether the tokens, a whole line, are a heading above a list.
func (s *listScan) heading(from, to int) bool {
	t := s.c.form.Tokens
	if s.marked(from) || !t[from].First() || to < len(t) && !t[to].First() {
		return false
	}
	var words []string
	for _, w := range t[from:to] {
		if len(words) == 4 {
			return false
		}
		words = append(words, strings.ToLower(w.Text))
	}
	return headings()[strings.Join(words, " ")]
}

// signing are the words by which a line says that who is named signed, in small letters
// and without vowel signs.
var signing = sync.OnceValue(func() map[string]bool {
	all := map[string]bool{}
	for _, w := range strings.Fields(signingWords) {
		all[w] = true
	}
	return all
})

const signingWords = "" +
	"signed cosigned signatories signatory signers cosigners signatures undersigned endorsed endorsers endorsements " +
	"supporters signataire signataires cosignataires signé signée signés signées cosigné cosignée cosignés signent " +
	"soutiens soutenu soutenue الموقعون الموقعين الموقعة الموقعات موقعون موقعين التوقيعات توقيعات توقيع بتوقيع وقع " +
	"وقعت وقعه وقعها وقعته ووقع المؤيدون المؤيدين المؤيدة أيده أيدها"

const (
	maxHeading = 7 // words of a heading that ends in a colon
	maxTitle   = 4 // and of one that does not
	maxClaimed = 8 // of the line under it
)

// claims warns of surroundings that name signatories of their own: a reader may take them
// for those of the declaration. A heading without a colon is one behind the text alone,
// since above it menus stand.
func (b *builder) claims(lines []line, after int) {
	t := b.c.form.Tokens
	for i, l := range lines {
		colon := l.from
		for colon < l.to && t[colon].Text != ":" {
			colon++
		}
		words, signs, ends := b.speaks(l.from, colon)
		if !signs || words > maxHeading {
			continue
		}
		named := colon < l.to && countWords(t[colon:l.to]) > 0
		if !named && i+1 < len(lines) && (colon < l.to || ends && words <= maxTitle && l.from >= after) {
			next := lines[i+1]
			n, speaks, _ := b.speaks(next.from, next.to)
			lettered := slices.ContainsFunc(t[next.from:next.to], func(t text.Token) bool { return isWord(&t) && !isNumber(&t) })
			named = next.from >= l.to && countWords(t[l.to:next.from]) == 0 && !speaks && lettered && n <= maxClaimed
		}
		if named {
			b.v.Warnings = append(b.v.Warnings, Warning{WarnOtherSignatories, t[l.from].Start, b.excerptOf(l)})
		}
	}
}

// speaks counts words, and tells whether one of them speaks of signing, and whether the last
// of them does, or names who signs, and none is a number.
func (b *builder) speaks(from, to int) (words int, signs, ends bool) {
	numbers := false
	for k := from; k < to; k++ {
		t := &b.c.form.Tokens[k]
		if !isWord(t) {
			continue
		}
		words++
		w := strings.Map(unvowelled, strings.ToLower(t.Text))
		numbers = numbers || isNumber(t)
		ends = signing()[w] || w == "by" || w == "par"
		signs = signs || signing()[w]
	}
	return words, signs, ends && !numbers
}

func isNumber(t *text.Token) bool {
	return strings.ContainsFunc(t.Text, unicode.IsDigit)
}

func unvowelled(r rune) rune {
	if unicode.Is(unicode.Mn, r) {
		return -1
	}
	return r
}
