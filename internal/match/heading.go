package match

import (
	"strings"
	"sync"
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
