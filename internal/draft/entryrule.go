package draft

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sijil/sijil/internal/signatory"
)

// finding is what a rule says; a Flag is a finding with a place and a decision.
type finding struct {
	rule    Rule
	file    string
	line    int
	excerpt string
	with    int
	reason  string
	repair  []Proposal
}

// examineEntry applies the rules that need one entry alone.
func examineEntry(e Entry) []finding {
	var out []finding
	for _, rule := range []func(Entry) (finding, bool){
		destroyedAddress, twoOnOneLine, gluedNumber, probablePerson, invisibleInName,
	} {
		if f, ok := rule(e); ok {
			f.excerpt = e.Name
			out = append(out, f)
		}
	}
	return out
}

var hiddenMail = expression(`(?i)\[?\s*e-?mail[\s\x{a0}]*(protected|protégé)\s*\]?`)

func destroyedAddress(e Entry) (finding, bool) {
	if !hiddenMail().MatchString(e.Name) {
		return finding{}, false
	}
	return finding{rule: DestroyedAddress, reason: "a web page's protection against mail harvesters replaced what stood here, " +
		"and nothing of it is left: ask the organisation for its name and correct the entry, or remove it"}, true
}

var (
	leadingNumber = expression(`^([0-9٠-٩۰-۹]{1,4})\s*([-–.)]\s*)?(\p{L}.*)$`)
	inlineNumber  = expression(`[\s\x{a0}]+(?:[0-9٠-٩۰-۹]{1,3}[-–.)]|[•●▪■])[\s\x{a0}]*([0-9٠-٩۰-۹]{0,3}\p{L})`)
	ordinalEnding = expression(`(?i)^(st|nd|rd|th|er|re|e|è|ème|eme|ère|nde?)([^\p{L}]|$)`)
)

// gluedNumber finds a list number that stuck to a name. "8th", "3D" and "7amleh"
// are names.
func gluedNumber(e Entry) (finding, bool) {
	m := leadingNumber().FindStringSubmatch(e.Name)
	if m == nil || ordinalEnding().MatchString(m[3]) {
		return finding{}, false
	}
	if m[2] == "" && (!leadingNumberTouches(e.Name) || !startsName(m[3])) {
		return finding{}, false
	}
	return finding{rule: GluedNumber, reason: "the number " + m[1] + " stands before the name; it looks like a leftover of a numbered list",
		repair: []Proposal{{Name: m[3]}}}, true
}

// leadingNumberTouches reports whether a letter follows the digits at once.
func leadingNumberTouches(s string) bool {
	rest := strings.TrimLeftFunc(s, unicode.IsDigit)
	r, _ := utf8.DecodeRuneInString(rest)
	return unicode.IsLetter(r)
}

// startsName reports whether s begins with a capital (or a letter of a script
// without capitals) and a first word of at least three letters.
func startsName(s string) bool {
	s = strings.TrimLeftFunc(s, unicode.IsDigit)
	r, _ := utf8.DecodeRuneInString(s)
	first := words(s)[0]
	return (unicode.IsUpper(r) || !unicode.IsLower(r)) && utf8.RuneCountInString(first) >= 3
}

// twoOnOneLine finds a list number or bullet inside a line, with a name on both
// sides.
func twoOnOneLine(e Entry) (finding, bool) {
	var parts []Proposal
	at := 0
	for _, m := range inlineNumber().FindAllStringSubmatchIndex(e.Name, -1) {
		left, right := trim(e.Name[at:m[0]]), e.Name[m[2]:]
		if utf8.RuneCountInString(left) < 3 || utf8.RuneCountInString(right) < 3 || !startsName(right) {
			continue
		}
		parts = append(parts, Proposal{Name: left})
		at = m[2]
	}
	if len(parts) == 0 {
		return finding{}, false
	}
	parts = append(parts, Proposal{Name: trim(e.Name[at:])})
	return finding{rule: TwoOnOneLine, reason: "a list number or bullet stands inside the line; it looks like more than one signatory",
		repair: parts}, true
}

func invisibleInName(e Entry) (finding, bool) {
	clean := removeInvisible(e.Name)
	if clean == e.Name {
		return finding{}, false
	}
	f := finding{rule: Invisible, reason: "the name holds characters that nobody sees", repair: []Proposal{{Name: clean}}}
	if strings.ContainsRune(e.Name, utf8.RuneError) || clean == "" {
		f.reason = "the name holds characters that nobody sees, or that were lost in an earlier conversion"
		f.repair = nil
	}
	return f, true
}

func removeInvisible(s string) string {
	return trim(strings.Map(func(r rune) rune {
		if invisible(r) {
			return -1
		}
		return r
	}, s))
}

// roleWords say what one person does. Plurals are missing on purpose: "lawyers"
// are an organisation.
var roleWords = setOf(`activist unionist lawyer attorney journalist professor researcher writer author poet artist
	engineer physician doctor hydrologist economist historian sociologist teacher scholar fisherman farmer
	spokesperson chairperson chairman chairwoman president director coordinator secretary treasurer member minister
	deputy senator mayor blogger defender expert consultant filmmaker photographer academic student
	militant militante avocat avocate journaliste professeur professeure chercheur chercheuse écrivain écrivaine
	poète artiste ingénieur ingénieure médecin économiste historien historienne sociologue enseignant enseignante
	pêcheur agriculteur porte-parole président présidente directeur directrice coordinateur coordinatrice
	librarian nurse translator photojournalist musician singer actor actress dentist pharmacist geographer biologist geologist
	retired bibliothécaire infirmier infirmière traducteur traductrice musicien musicienne comédien comédienne cinéaste
	réalisateur réalisatrice géographe biologiste retraité retraitée
	secrétaire trésorier trésorière membre ministre député députée sénateur maire syndicaliste activiste
	défenseur défenseuse hydrologue universitaire étudiant étudiante
	ناشط ناشطة محام محامي محامية صحفي صحفية صحافي صحافية أستاذ أستاذة باحث باحثة كاتب كاتبة شاعر شاعرة فنان فنانة
	مهندس مهندسة طبيب طبيبة نقابي نقابية عضو عضوة رئيس رئيسة مدير مديرة منسق منسقة نائب نائبة وزير وزيرة
	ممرض ممرضة مترجم مترجمة موسيقي موسيقية ممثل ممثلة مخرج مخرجة متقاعد متقاعدة صيدلي صيدلانية
	حقوقي حقوقية فاعل فاعلة مناضل مناضلة جامعي جامعية أكاديمي أكاديمية صياد مزارع مزارعة`)

var personTitle = expression(`^(Dr|Pr|Prof|Mr|Mrs|Ms|Mme|Mlle|Me|M)\.?\s+\p{Lu}|^(د\.|الدكتور |الدكتورة |أ\.د\.|الأستاذ |الأستاذة )`)

// probablePerson finds a name followed by a role, an academic or polite title, or a name
// that is a person's by its first word.
// An entry that already is a person with a role was decided.
func probablePerson(e Entry) (finding, bool) {
	if e.Role != "" || hiddenMail().MatchString(e.Name) {
		return finding{}, false
	}
	if personTitle().MatchString(e.Name) {
		return finding{rule: ProbablePerson, reason: "the title at the start is that of a person"}, true
	}
	if bareName(e.Name) {
		return finding{rule: ProbablePerson, reason: "it begins with a given name, and nothing says that it is an organisation: if it is one, correct its kind"}, true
	}
	name, role := splitRole(e.Name)
	if name == "" || !hasRoleWord(role) && !bareName(name) || namesOrganisation(name) {
		return finding{}, false
	}
	return finding{rule: ProbablePerson, reason: "a role follows the name: it looks like a person, not an organisation",
		repair: []Proposal{{Name: name, Role: role}}}, true
}

func hasRoleWord(s string) bool {
	for _, w := range words(s) {
		if roleWords[strings.ToLower(w)] {
			return true
		}
	}
	return false
}

var roleBreak = expression(`\s*[,،;(]\s*|\s+[-–—:]\s*|\s*[-–—:]\s+`)

// splitRole splits "Name role" at a comma, dash or bracket, or where the capitals
// end, or (in Arabic) at the role word. The name has two to four words.
func splitRole(s string) (name, role string) {
	if m := roleBreak().FindStringIndex(s); m != nil {
		name, role = s[:m[0]], strings.TrimRight(s[m[1]:], ") ")
		if personName(name) {
			return trim(name), trim(role)
		}
	}
	fields := strings.Fields(s)
	for i := 2; i < len(fields) && i <= 4; i++ {
		r, _ := utf8.DecodeRuneInString(fields[i])
		arabic := unicode.Is(unicode.Arabic, r)
		if !unicode.IsLower(r) && !(arabic && roleWords[fields[i]]) {
			continue
		}
		name, role = strings.Join(fields[:i], " "), strings.Join(fields[i:], " ")
		if personName(name) {
			return name, role
		}
		return "", ""
	}
	return "", ""
}

// personName reports whether s has the form of a person's name.
func personName(s string) bool {
	fields := strings.Fields(s)
	if len(fields) < 2 || len(fields) > 4 {
		return false
	}
	for _, w := range fields {
		r, _ := utf8.DecodeRuneInString(w)
		if !unicode.IsLetter(r) || unicode.IsLower(r) && !nameParticle[w] {
			return false
		}
	}
	return true
}

var nameParticle = setOf(`al el ben bin ibn abu bint de du van von da di ould`)

func setOf(list string) map[string]bool {
	out := map[string]bool{}
	for w := range strings.FieldsSeq(list) {
		out[w] = true
	}
	return out
}

// guessKind is the kind an entry starts with.
func guessKind(name string) signatory.Kind {
	if _, person := probablePerson(Entry{Name: name}); person {
		return signatory.Person
	}
	return signatory.Organisation
}
