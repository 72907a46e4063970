package match

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
)

// disguises are what changes nothing, whatever it is put upon.
var disguises = newDisguises()

func newDisguises() map[string]func(s string) string {
	all := map[string]func(s string) string{}
	for _, name := range []string{
		"as it is", "CRLF", "NFD", "straight quotes", "no-break spaces", "no French spacing", "dashes", "direction marks",
		"Arabic digits", "other bullets", "no bullets", "dash bullets", "numbered", "indented", "double spaced", "mail quoting",
		"forwarded", "link after", "asterisk bullets", "soft hyphens", "tatweel", "zero-width", "BOM", "typewriter dashes", "matter after",
	} {
		all[name] = presentation[name]
	}
	look := func(name, do string, st step) {
		all[name] = func(s string) string { return looks[do](s, st) }
	}
	look("bold lines", "around-lines", step{With: "*"})
	look("italic lines", "around-lines", step{With: "_"})
	look("quoted twice", "quote-lines", step{With: ">> "})
	look("Persian digits", "persian-digits", step{})
	look("presentation forms", "presentation-forms", step{})
	look("lettered", "letter-list", step{With: "%s)"})
	look("numbered 1)", "number-list", step{With: "%d)"})
	look("numbered demands", "number-items", step{With: "%d."})
	look("demands with dashes", "itemise", step{With: "- "})
	look("line separators", "all", step{Find: "\n", With: "\u2028"})
	look("emoji around", "sub", step{Find: `(?s)\A(.*)\z`, With: "🚨 🚨\n\n${1}\n\n\n\n\n🙏\n"})
	return all
}

// quoting is what no other disguise may follow: it writes before each line.
var quoting = map[string]bool{"mail quoting": true, "quoted twice": true}

// disguise puts one disguise upon s, and may wrap it.
func disguise(rng *rand.Rand, s string) (string, string) {
	names := slices.Sorted(maps.Keys(disguises))
	first := names[rng.IntN(len(names))]
	how := first
	s = disguises[first](s)
	if rng.IntN(2) == 0 && !quoting[first] && strings.Contains(s, "\n") && !strings.Contains(s, "\r") {
		s = wrap(s, 20+rng.IntN(100))
		how += ", wrapped"
	}
	return s, how
}
