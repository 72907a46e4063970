package draft

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Weights of the parts of a name: what kind of body it is says little, a country
// or a scope some, a subject more, a proper name most.
const (
	weightType    = 1
	weightPlace   = 2
	weightScope   = 3
	weightSubject = 4
	weightProper  = 8
)

// concept is a meaning with the beginnings of its words in English, French and
// Arabic, folded as fold does. A beginning with "$" is a whole word.
type concept struct {
	id     string
	weight int
	stems  string
}

// concepts are the words that names of civil society are made of. The table
// serves duplicate detection alone: a missing word makes a pair less likely to
// be flagged, a wrong one is a question to a person.
var concepts = []concept{
	{"association", weightType, "associat جمعي"},
	{"organisation", weightType, "organi منظم هييه$"},
	{"centre", weightType, "center$ centers$ centre مركز"},
	{"forum", weightType, "forum منتدي"},
	{"league", weightType, "league ligue رابط"},
	{"network", weightType, "network reseau شبك"},
	{"coalition", weightType, "coalition ايتلاف تحالف alliance"},
	{"committee", weightType, "committee comite لجن"},
	{"union", weightType, "union$ unions$ اتحاد"},
	{"federation", weightType, "federation فدرالي فيدرالي كونفدرالي confederation"},
	{"movement", weightType, "movement mouvement حرك"},
	{"foundation", weightType, "foundation fondation موسس"},
	{"institute", weightType, "institut معهد"},
	{"observatory", weightType, "observato مرصد"},
	{"council", weightType, "council conseil مجلس"},
	{"collective", weightType, "collectif collective تجمع"},
	{"group", weightType, "group$ groupe مجموع"},
	{"initiative", weightType, "initiative مبادر"},
	{"syndicate", weightType, "syndicat نقاب"},
	{"society", weightType, "society$ societe$ مجتمع"},
	{"tunisia", weightPlace, "tunis تونس"},
	{"morocco", weightPlace, "morocc maroc مغرب"},
	{"algeria", weightPlace, "alger جزاير"},
	{"libya", weightPlace, "libya libye ليبي"},
	{"egypt", weightPlace, "egypt مصر"},
	{"palestine", weightPlace, "palestin فلسطين"},
	{"lebanon", weightPlace, "leban liban لبنان"},
	{"syria", weightPlace, "syria syrie سوري"},
	{"jordan", weightPlace, "jordan اردن"},
	{"iraq", weightPlace, "iraq irak عراق"},
	{"sudan", weightPlace, "sudan soudan سودان"},
	{"yemen", weightPlace, "yemen يمن"},
	{"mauritania", weightPlace, "mauritan موريتان"},
	{"senegal", weightPlace, "senegal سنغال"},
	{"arab", weightScope, "arab عربي"},
	{"africa", weightPlace, "africa afrique africain افريق"},
	{"europe", weightPlace, "europ اوروب اورب"},
	{"mediterranean", weightPlace, "mediterran متوسط"},
	{"national", weightScope, "national nationale وطني"},
	{"international", weightScope, "international دولي"},
	{"right", weightSubject, "right$ rights$ droit حقوق"},
	{"human", weightSubject, "human humain homme$ انسان"},
	{"woman", weightSubject, "woman$ women femme نسا مراه$ امراه$"},
	{"feminism", weightSubject, "femini نسوي"},
	{"youth", weightSubject, "youth jeune شباب"},
	{"child", weightSubject, "child enfan طفل$ اطفال طفول"},
	{"worker", weightSubject, "worker travailleu عمال$ شغل"},
	{"justice", weightSubject, "justice عدال"},
	{"freedom", weightSubject, "freedom libert حري"},
	{"democracy", weightSubject, "democra ديمقراط ديموقراط"},
	{"equality", weightSubject, "equality egalite مساواه$"},
	{"defence", weightSubject, "defen دفاع"},
	{"protection", weightSubject, "protect حماي"},
	{"combat", weightSubject, "combat$ lutte مناهض مكافح against$ contre$ ضد$"},
	{"discrimination", weightSubject, "discriminat تمييز"},
	{"racism", weightSubject, "racial racis عنصري"},
	{"independence", weightSubject, "independ استقلال"},
	{"law", weightSubject, "legal law$ lawyer juridi avocat محاما محامي قانون"},
	{"judiciary", weightSubject, "judici magistra قضا"},
	{"economy", weightSubject, "econom اقتصاد"},
	{"social", weightSubject, "social اجتماع"},
	{"development", weightSubject, "develop تنمي"},
	{"ecology", weightSubject, "ecolog ايكولوج"},
	{"environment", weightSubject, "environ بيي"},
	{"climate", weightSubject, "climat مناخ"},
	{"water", weightSubject, "water$ waters$ eau$ eaux$ ماء$ ما$ مياه"},
	{"river", weightSubject, "river$ rivers$ fleuve نهر"},
	{"sea", weightSubject, "sea$ mer$ بحر"},
	{"fishing", weightSubject, "fish peche صياد صيد"},
	{"farming", weightSubject, "farm agricult agricole مزارع فلاح زراع"},
	{"culture", weightSubject, "cultur ثقاف"},
	{"education", weightSubject, "educat تعليم تربي"},
	{"health", weightSubject, "health sante صحه$ صحي"},
	{"press", weightSubject, "press$ presse$ journali صحاف صحف"},
	{"media", weightSubject, "media اعلام"},
	{"peace", weightSubject, "peace paix سلام"},
	{"solidarity", weightSubject, "solidar تضامن"},
	{"citizen", weightSubject, "citizen citoyen مواطن"},
	{"civil", weightSubject, "civil civic مدني"},
	{"action", weightSubject, "action عمل$"},
	{"friend", weightSubject, "friend amis$ amies$ اصدقا صديق"},
	{"guardian", weightSubject, "guardian gardien حراس حماه$ حما$"},
	{"heritage", weightSubject, "heritage patrimoine تراث"},
	{"research", weightSubject, "research recherche بحوث ابحاث بحث$"},
	{"study", weightSubject, "studies study$ etude دراس"},
}

var fillers = setOf(`the of and for to in on a an by with from at its
	le la les l de des du d et pour en au aux a sur un une
	في من على عن الى و مع بين`)

// fold writes a word without case, accents, vowel marks and the spelling
// variants of Arabic letters.
func fold(w string) string {
	var b strings.Builder
	for _, r := range norm.NFD.String(strings.ToLower(w)) {
		switch {
		case unicode.Is(unicode.M, r) || r == 'ـ' || unicode.Is(unicode.Cf, r):
			// hamza and madda above or below an alef are marks after NFD
		case r == 'ى' || r == 'ی':
			b.WriteRune('ي')
		case r == 'ة':
			b.WriteRune('ه')
		case r == 'ء':
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// arabicPrefixes stand before a noun as one word, the longest first.
var arabicPrefixes = []string{"وال", "بال", "كال", "فال", "لل", "ال", "و", "ل", "ب"}

// variants returns a folded word and, in Arabic, the word without what is
// written together with it.
func variants(w string) []string {
	out := []string{w}
	if r, _ := utf8.DecodeRuneInString(w); !unicode.Is(unicode.Arabic, r) {
		return out
	}
	for _, p := range arabicPrefixes {
		if rest, ok := strings.CutPrefix(w, p); ok && utf8.RuneCountInString(rest) >= 3 {
			out = append(out, rest)
		}
	}
	if rest, ok := strings.CutPrefix(w, "ولل"); ok && utf8.RuneCountInString(rest) >= 3 {
		out = append(out, rest)
	}
	return out
}

// conceptOf finds the concept of a folded word.
func conceptOf(w string) (concept, bool) {
	for _, v := range variants(w) {
		for _, s := range stems {
			if v == s.text || !s.exact && strings.HasPrefix(v, s.text) {
				return s.concept, true
			}
		}
	}
	return concept{}, false
}

type stem struct {
	text    string
	exact   bool
	concept concept
}

var stems = readStems()

func readStems() []stem {
	var out []stem
	for _, c := range concepts {
		for s := range strings.FieldsSeq(c.stems) {
			text, exact := strings.CutSuffix(s, "$")
			out = append(out, stem{text, exact, c})
		}
	}
	return out
}

// namesOrganisation reports whether a word of s says what kind of body it is.
func namesOrganisation(s string) bool {
	for _, w := range words(s) {
		if c, ok := conceptOf(fold(w)); ok && c.weight == weightType {
			return true
		}
	}
	return false
}
