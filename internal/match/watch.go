package match

import (
	"errors"
	"slices"
	"strings"

	"github.com/sijil/sijil/internal/text"
)

// How a name of a signatory list relates to a watched one.
const (
	WatchedSame      = "same"      // the same words
	WatchedContains  = "contains"  // the words stand in it, one after the other
	WatchedResembles = "resembles" // so near that a reader may take one for the other
)

// Watched is a name to look for in signatory lists. Words are compared as names of
// two lists are: by their canonical tokens, without case, Arabic vowel signs and
// letter variants; and here also without what Arabic writers leave out or exchange
// (the hamza on alef, teh marbuta and heh, yeh and alef maqsura).
type Watched struct {
	words  []string
	joined string
}

// maxWatched bounds a name, in bytes.
const maxWatched = 2000

// NewWatched prepares a name. One without a word is an error.
func NewWatched(name string) (*Watched, error) {
	if len(name) > maxWatched {
		return nil, errors.New("the name is too long")
	}
	form, _, err := parse([]byte(name))
	if err != nil {
		return nil, err
	}
	w := &Watched{words: watchWords(form.Tokens)}
	if len(w.words) == 0 {
		return nil, errors.New("the name has no word")
	}
	w.joined = strings.Join(w.words, "")
	return w, nil
}

// Key is what the name is compared by: equal for two spellings of one name.
func (w *Watched) Key() string { return strings.Join(w.words, " ") }

// In says how a name of a list relates to the watched one; "" if it does not.
func (w *Watched) In(name string) string {
	form, _, err := parse([]byte(name))
	if err != nil {
		return "" // a list's names are text: they were verified
	}
	words := watchWords(form.Tokens)
	switch {
	case len(words) == 0:
		return ""
	case slices.Equal(words, w.words):
		return WatchedSame
	}
	for i := 0; i+len(w.words) <= len(words); i++ {
		if slices.Equal(words[i:i+len(w.words)], w.words) {
			return WatchedContains
		}
	}
	if overlap(w.words, words) >= sameSetShare || len(w.words) <= 8 && len(words) <= 12 && fewEdits(w.joined, strings.Join(words, "")) {
		return WatchedResembles
	}
	return ""
}

func watchWords(tokens []text.Token) []string {
	var out []string
	for _, k := range keys(tokens) {
		if k != "" {
			out = append(out, looseArabic.Replace(k))
		}
	}
	return out
}

// looseArabic is read only; a Replacer is safe for concurrent use.
var looseArabic = strings.NewReplacer("أ", "ا", "إ", "ا", "آ", "ا", "ٱ", "ا", "ة", "ه", "ى", "ي")
