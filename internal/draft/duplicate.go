package draft

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// part is one word of a name, folded, with what it means or how it sounds.
type part struct {
	word    string
	concept string // "" for a proper name or a word that the table lacks
	sound   string
	weight  int
}

// profile is what a name is compared by.
type profile struct {
	parts  []part // none twice
	places map[string]bool
	total  int
	folded string
}

func profileOf(name string) profile {
	p := profile{places: map[string]bool{}, folded: fold(strings.Join(words(name), " "))}
	seen := map[string]bool{}
	for _, w := range words(name) {
		w = fold(w)
		if w == "" || fillers[w] || w == "al" || w == "el" {
			continue
		}
		x := part{word: w, sound: sound(w), weight: weightProper}
		if c, ok := conceptOf(w); ok {
			x.concept, x.weight = c.id, c.weight
			if c.weight == weightPlace {
				p.places[c.id] = true
			}
		} else if utf8.RuneCountInString(w) < 3 {
			x.weight = weightType // initials
		}
		if key := cmp.Or(x.concept, w); !seen[key] {
			seen[key] = true
			p.parts = append(p.parts, x)
			p.total += x.weight
		}
	}
	return p
}

// same reports whether two parts are one: the same word, the same meaning, or
// the same sound in two scripts.
func (x part) same(y part) bool {
	if x.word == y.word || x.concept != "" && x.concept == y.concept {
		return true
	}
	return isArabic(x.word) != isArabic(y.word) && utf8.RuneCountInString(x.sound) >= 2 && x.sound == y.sound
}

// overlap marks the parts of p and q that stand in both.
type overlap struct {
	p, q   []bool
	words  []string
	proper bool // a proper name is among them
}

func compare(p, q profile) overlap {
	o := overlap{p: make([]bool, len(p.parts)), q: make([]bool, len(q.parts))}
	subject, short := false, false
	for i, x := range p.parts {
		for j, y := range q.parts {
			if !x.same(y) {
				continue
			}
			o.p[i], o.q[j] = true, true
			o.words = append(o.words, x.word)
			subject = subject || x.concept != "" && x.concept == y.concept && x.weight == weightSubject
			if max(x.weight, y.weight) < weightProper {
				continue
			}
			if x.word == y.word || utf8.RuneCountInString(x.sound) >= 3 {
				o.proper = true
			} else {
				short = true // two consonants alike prove little alone
			}
		}
	}
	o.joined(p.parts, q.parts, o.p, o.q)
	o.joined(q.parts, p.parts, o.q, o.p)
	o.proper = o.proper || short && subject
	return o
}

// joined finds a word of b that a writes as two: "nile fem" and "nilefem".
func (o *overlap) joined(a, b []part, inA, inB []bool) {
	for i := 1; i < len(a); i++ {
		for j, y := range b {
			if a[i-1].word+a[i].word == y.word {
				inA[i-1], inA[i], inB[j] = true, true, true
				o.words = append(o.words, y.word)
				o.proper = true
			}
		}
	}
}

// A pair is flagged from these shares on.
const (
	shareOfSmaller = 0.75 // with a proper name among what is shared
	shareOfBoth    = 0.90 // without one
)

// likely reports whether two names may be one signatory, and what they share.
func likely(p, q profile) (shared []string, ok bool) {
	if p.folded == q.folded {
		return []string{"every word"}, true
	}
	if disjoint(p.places, q.places) { // the same league in two countries
		return nil, false
	}
	o := compare(p, q)
	inP, inQ := weigh(p.parts, o.p), weigh(q.parts, o.q)
	smaller := float64(inP) / float64(max(p.total, 1))
	if q.total < p.total {
		smaller = float64(inQ) / float64(max(q.total, 1))
	}
	both := float64(inP+inQ) / float64(max(p.total+q.total, 1))
	return o.words, min(inP, inQ) >= weightProper && (o.proper && smaller >= shareOfSmaller || both >= shareOfBoth)
}

func weigh(parts []part, in []bool) (sum int) {
	for i, x := range parts {
		if in[i] {
			sum += x.weight
		}
	}
	return sum
}

func disjoint(a, b map[string]bool) bool {
	for k := range a {
		if b[k] {
			return false
		}
	}
	return len(a) > 0 && len(b) > 0
}

// maxPostings keeps the work bounded: a word that stands in more entries than
// this says nothing about which of them are the same.
const maxPostings = 60

// keys are what two names must have one of in common to be compared at all.
func (p profile) keys() map[string]bool {
	out := map[string]bool{p.folded: true}
	for i, x := range p.parts {
		out[cmp.Or(x.concept, x.word)] = true
		out["#"+x.sound] = true
		if i > 0 {
			out[p.parts[i-1].word+x.word] = true
		}
	}
	return out
}

// duplicates finds pairs; each is reported once, at the later entry.
func duplicates(entries []Entry) map[int][]finding {
	profiles := make([]profile, len(entries))
	postings := map[string][]int{}
	for i, e := range entries {
		profiles[i] = profileOf(e.Name)
		if hiddenMail().MatchString(e.Name) { // nothing is left to compare
			continue
		}
		for key := range profiles[i].keys() {
			if len(postings[key]) <= maxPostings {
				postings[key] = append(postings[key], i)
			}
		}
	}
	earlier := make([]map[int]bool, len(entries))
	for _, list := range postings {
		if len(list) > maxPostings {
			continue
		}
		for n, i := range list {
			if earlier[i] == nil {
				earlier[i] = map[int]bool{}
			}
			for _, j := range list[:n] {
				earlier[i][j] = true
			}
		}
	}
	out := map[int][]finding{}
	for i := range entries {
		for j := range earlier[i] {
			if shared, ok := likely(profiles[j], profiles[i]); ok {
				out[i] = append(out[i], duplicateOf(entries[i], entries[j], shared))
			}
		}
		slices.SortFunc(out[i], func(a, b finding) int { return cmp.Compare(a.with, b.with) })
	}
	return out
}

func duplicateOf(e, first Entry, shared []string) finding {
	return finding{rule: ProbableDuplicate, excerpt: e.Name, with: first.ID,
		reason: fmt.Sprintf("looks like entry %d, %q (in common: %s): keep both as given, or remove one",
			first.ID, first.Name, strings.Join(shared, ", "))}
}
