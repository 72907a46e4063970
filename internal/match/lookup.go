package match

import (
	"github.com/sijil/sijil/internal/match/shingle"
	"github.com/sijil/sijil/internal/text"
)

// MaxFingerprints is how many fingerprints one look-up may have.
const MaxFingerprints = 4096

// Fingerprints returns what a copy is looked up by where its text is not to leave
// the device: docs/formats/lookup.md. The longest copies send the first of theirs.
func Fingerprints(copied []byte) ([]uint32, error) {
	form, err := text.Parse(copied)
	if err != nil {
		return nil, err
	}
	fps := shingle.Standard.Keep(form.Tokens)
	return fps[:min(len(fps), MaxFingerprints)], nil
}

// A Lead is a publication that may be where a copy comes from: a hint, which only a
// comparison confirms.
type Lead struct {
	Publication string `json:"publication"`
	Genesis     string `json:"genesis"`
	Shared      int    `json:"shared"` // fingerprints
}

// Lookup returns the publications that share most fingerprints, the best first, at
// most limit of them.
func (x *Index) Lookup(fingerprints []uint32, limit int) []Lead {
	x.mu.RLock()
	t, texts := x.tiers[len(x.tiers)-1], x.texts
	view := t.index.View()
	x.mu.RUnlock()
	only := func(id uint32) bool { return int(id) < len(texts) && texts[id] != nil }
	leads := []Lead{}
	seen := map[string]bool{}
	for _, c := range view.Find(fingerprints, shingle.Search{Limit: 4 * limit, Long: maxPostings, Visits: maxVisits, Only: only}) {
		p := texts[c.ID].refs()[0].version.pub
		if !seen[p.slug] && len(leads) < limit {
			seen[p.slug] = true
			leads = append(leads, Lead{p.slug, p.genesis, int(c.Votes)})
		}
	}
	return leads
}
