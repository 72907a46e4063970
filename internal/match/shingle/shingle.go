// Package shingle finds, among very many texts, the few that share passages with
// a copy. It says "look at these first" and nothing more: a hash may collide, so
// what it finds has to be confirmed by comparing words.
//
// A text is turned into fingerprints of 32 bits:
//
//  1. Its words are the tokens of the canonical form (package text) that begin
//     with a letter, a number or a mark and are not hidden. Signs are no words.
//  2. Each word is folded: NFD, without code points of category Mn, every code
//     point in lower case (its simple mapping), a final sigma as any other. What
//     is then empty is left out.
//  3. Each run of Options.Words neighbouring words is a shingle. Its hash starts
//     as the number of words; for each word it is XORed with the FNV-1a hash of
//     the folded word's UTF-8 and then mixed by fmix64, the finaliser of
//     MurmurHash3. All numbers have 64 bits.
//  4. Of each Options.Window neighbouring shingles (of all, when there are fewer)
//     the one whose hash has the least lower half is kept; of equal ones, the
//     last. The fingerprint is the upper half of the hash, so that which shingles
//     are kept says nothing about the values of the fingerprints.
//
// A fingerprint depends on the words alone and means the same on every machine:
// docs/formats/lookup.md is the normative description. Of the worked example
//
//	Open the gates of all seven dams
//
// the four shingles have the hashes
//
//	open the gates of     31b6c8d3 cfcdd549
//	the gates of all      e3925ed3 300a7968
//	gates of all seven    8387ef1e 84bc6b11
//	of all seven dams     2bc6a0c3 793d87cb
//
// and the window, larger than the text, keeps the second: e3925ed3.
//
// A text is added with the fingerprints that are kept and looked for with those
// of all shingles of the copy: a change in the copy may move what a window keeps.
// An Index holds the fingerprints of many texts in flat arrays.
package shingle

import (
	"slices"

	"github.com/sijil/sijil/internal/text"
)

// Options say how a text is cut. Both sides of a look-up use the same Words;
// Window is the index's alone.
type Options struct {
	Words  int // of a shingle
	Window int // shingles of which one is kept
	// Exact makes every token a word, as it stands: nothing is folded, and signs
	// count. Such fingerprints are no part of the format.
	Exact bool
}

var (
	// Standard is for any number of texts: every passage of 15 words that is in
	// both texts is found.
	Standard = Options{Words: 4, Window: 12}
	// Fine is for up to about 100,000 texts: every passage of ten words is found,
	// at 1.6 times the memory, and with more chance hits.
	Fine = Options{Words: 3, Window: 8}
)

// Keep returns the fingerprints by which a text is found, sorted, each once.
func (o Options) Keep(tokens []text.Token) []uint32 {
	hashes := o.hashes(tokens)
	if len(hashes) == 0 {
		return nil
	}
	window := min(max(o.Window, 1), len(hashes))
	out := make([]uint32, 0, 2*len(hashes)/(window+1)+1)
	least := -1
	for end := window; end <= len(hashes); end++ {
		switch last := end - 1; {
		case least < end-window: // it left the window, or there was none
			least = end - window
			for i := least + 1; i < end; i++ {
				if uint32(hashes[i]) <= uint32(hashes[least]) {
					least = i
				}
			}
		case uint32(hashes[last]) <= uint32(hashes[least]):
			least = last
		default:
			continue
		}
		out = append(out, uint32(hashes[least]>>32))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// All returns the fingerprints of all shingles of a copy, sorted, each once.
func (o Options) All(tokens []text.Token) []uint32 {
	out := o.Each(tokens)
	slices.Sort(out)
	return slices.Compact(out)
}

// Each returns the fingerprints of all shingles in the text's order.
func (o Options) Each(tokens []text.Token) []uint32 {
	hashes := o.hashes(tokens)
	out := make([]uint32, len(hashes))
	for i, h := range hashes {
		out[i] = uint32(h >> 32)
	}
	return out
}

// hashes returns the hash of every shingle, in the text's order.
func (o Options) hashes(tokens []text.Token) []uint64 {
	words := make([]uint64, 0, len(tokens))
	for i := range tokens {
		w := tokens[i].Text
		if !o.Exact {
			w = word(&tokens[i])
		}
		if w != "" {
			words = append(words, fnv1a(w))
		}
	}
	if o.Words < 1 || len(words) < o.Words {
		return nil
	}
	out := words[:len(words)-o.Words+1] // word i is not needed after shingle i
	for i := range out {
		h := uint64(o.Words)
		for _, w := range words[i : i+o.Words] {
			h = mix(h ^ w)
		}
		out[i] = h
	}
	return out
}

func fnv1a(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}

// mix is fmix64 of MurmurHash3.
func mix(h uint64) uint64 {
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}
