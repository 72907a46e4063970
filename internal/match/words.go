package match

import (
	"strings"

	"github.com/sijil/sijil/internal/text"
)

// The closed word lists by which changes are classified, in English, French and
// Arabic. They decide only how a change is called, never whether it is one.
var (
	negations = set(`not no never none nor neither nobody nothing nowhere without cannot cant wont dont
		ne n'est n'a n'ont n'était pas non jamais aucun aucune sans ni rien personne nul nulle
		لا لم لن ليس ليست ليسوا لسنا غير دون بدون بلا عدم أبدا`)
	monthNames = set(`january february march april may june july august september october november december
		jan feb mar apr jun jul aug sep oct nov dec
		janvier février mars avril mai juin juillet août septembre octobre novembre décembre
		يناير فبراير مارس أبريل ابريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر
		كانون شباط آذار نيسان أيار حزيران تموز آب أيلول تشرين جانفي فيفري أفريل ماي جوان جويلية أوت شتنبر نونبر دجنبر غشت يوليوز
		monday tuesday wednesday thursday friday saturday sunday
		lundi mardi mercredi jeudi vendredi samedi dimanche
		الاثنين الثلاثاء الأربعاء الخميس الجمعة السبت الأحد`)
	numberNames = set(`zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen
		sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety
		hundred hundreds thousand thousands million millions billion billions half dozen dozens
		first third fourth fifth sixth seventh eighth ninth tenth twice
		zéro deux trois quatre cinq sept huit neuf dix onze douze treize quatorze quinze seize
		vingt trente quarante cinquante soixante cent cents mille milliers millions milliards
		premier première deuxième troisième quatrième cinquième
		واحد واحدة اثنان اثنين اثنتان ثلاثة ثلاث أربعة أربع خمسة خمس ستة ست سبعة سبع ثمانية ثمان ثماني تسعة تسع عشرة عشر
		عشرون عشرين ثلاثون ثلاثين أربعون أربعين خمسون خمسين مئة مائة مئتان ألف آلاف مليون ملايين مليار`)
)

func set(words string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(words) {
		m[w] = true
	}
	return m
}

// pick returns the tokens that are in the set, lower-cased, in their order.
func pick(tokens []text.Token, in map[string]bool) string {
	var s strings.Builder
	for i := range tokens {
		if w := strings.ToLower(tokens[i].Text); in[w] && tokens[i].Text != "may" { // the verb
			s.WriteString(" " + w)
		}
	}
	return s.String()
}

func months(tokens []text.Token) string      { return pick(tokens, monthNames) }
func hasMonth(tokens []text.Token) bool      { return months(tokens) != "" }
func numberWords(tokens []text.Token) string { return pick(tokens, numberNames) }

// negates reports whether a negation comes, goes or changes its place among the
// words, or a word is turned into its opposite by a prefix.
func negates(pub, cp []text.Token) bool {
	if negationCount(pub) != negationCount(cp) {
		return true
	}
	if len(pub) != len(cp) {
		return false
	}
	for i := range pub {
		p, c := strings.ToLower(pub[i].Text), strings.ToLower(cp[i].Text)
		for _, prefix := range []string{"un", "in", "im", "il", "ir", "non", "dis"} {
			if len(p) > 3 && c == prefix+p || len(c) > 3 && p == prefix+c {
				return true
			}
		}
	}
	return false
}

func negationCount(tokens []text.Token) int {
	n := 0
	for i := range tokens {
		w := strings.ToLower(tokens[i].Text)
		if negations[w] || strings.HasSuffix(w, "n't") {
			n++
		}
	}
	return n
}

// tokenText joins tokens for a reader.
func tokenText(tokens []text.Token) string {
	var s strings.Builder
	for i := range tokens {
		if i > 0 {
			s.WriteByte(' ')
		}
		s.WriteString(tokens[i].Text)
	}
	return s.String()
}
