package match

import (
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"

	"github.com/sijil/sijil/internal/browsertest"
)

var pairs = flag.Int("pairs", 2000, "how many random copies the browser's engine is asked about")

// engine is the browser's, with the publications of one index.
type engine struct {
	t    *testing.T
	page *browsertest.Page
	x    *Index
}

func newEngine(t *testing.T, pubs ...Publication) *engine {
	t.Helper()
	page := browsertest.LoadPage(t, "match/match.ts", "match")
	type version struct {
		Number    int               `json:"number"`
		Texts     map[string][]byte `json:"texts"`
		PlaceDate string            `json:"placeDate"`
		Names     []map[string]any  `json:"names"`
		Retracted bool              `json:"retracted"`
	}
	type publication struct {
		Slug     string    `json:"slug"`
		Genesis  string    `json:"genesis"`
		Versions []version `json:"versions"`
	}
	var all []publication
	for _, p := range pubs {
		q := publication{Slug: p.Slug, Genesis: p.Genesis}
		for _, v := range p.Versions {
			w := version{v.Number, v.Texts, v.PlaceDate, []map[string]any{}, v.Retracted}
			for _, n := range v.Names {
				w.Names = append(w.Names, map[string]any{"text": n.Text, "withheld": n.Withheld})
			}
			q.Versions = append(q.Versions, w)
		}
		all = append(all, q)
	}
	page.Do(t, chromedp.Evaluate(fmt.Sprintf(`(() => {
		globalThis.bytes = b => Uint8Array.from(atob(b), c => c.charCodeAt(0));
		const pubs = %s;
		for (const p of pubs) for (const v of p.versions) v.texts = new Map(Object.entries(v.texts).map(([k, b]) => [k, bytes(b)]));
		globalThis.index = match.newIndex(pubs);
	})()`, browsertest.JSON(t, all)), nil))
	return &engine{t: t, page: page, x: newTestIndex(t, pubs...)}
}

// agree asks both engines about copies, and fails where their verdicts differ in
// anything.
func (e *engine) agree(copies []string, slug string) {
	e.t.Helper()
	wrong := 0
	const most = 400
	for len(copies) > 0 && wrong < 5 {
		batch := copies[:min(most, len(copies))]
		copies = copies[len(batch):]
		var sent []string
		for _, c := range batch {
			sent = append(sent, base64.StdEncoding.EncodeToString([]byte(c)))
		}
		var got []string
		e.page.Do(e.t, chromedp.Evaluate(fmt.Sprintf(`%s.map(b => JSON.stringify(match.check(index, bytes(b), %q)))`, browsertest.JSON(e.t, sent), slug), &got))
		for i, c := range batch {
			if diff := cmp.Diff(asMap(e.t, []byte(browsertest.JSON(e.t, e.x.Check([]byte(c), slug)))), asMap(e.t, []byte(got[i]))); diff != "" {
				e.t.Errorf("(-Go +browser):\n%s%q", diff, c)
				if wrong++; wrong == 5 {
					break
				}
			}
		}
	}
}

func asMap(t *testing.T, b []byte) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatalf("%s: %v", b, err)
	}
	return v
}

// TestBrowserCorpus: the browser's engine gives every copy of the corpus the verdict
// that this package gives, to the last member.
func TestBrowserCorpus(t *testing.T) {
	invented := newEngine(t, valleys(), harbour())
	var copies, real []string
	for _, f := range readCorpus(t) {
		for _, r := range f.Recipes {
			if strings.HasPrefix(r.Bases[0], "casablanca") && !hasCasablanca() {
				continue
			}
			for _, c := range r.copies(t) {
				if c.pub == "casablanca" {
					real = append(real, c.in)
				} else {
					copies = append(copies, c.in)
				}
			}
		}
	}
	invented.agree(copies, "")
	invented.agree(copies[:200], "harbour")
	if len(real) > 0 {
		p, _, _ := casablanca(t)
		newEngine(t, valleys(), harbour(), p).agree(real, "")
	}
	if n := len(copies) + len(real); n < 1400 {
		t.Errorf("%d copies only", n)
	}
}

// TestBrowserMutations: and every random copy. `make agree` tries 100,000.
func TestBrowserMutations(t *testing.T) {
	rng := rand.New(rand.NewPCG(*mutationSeed, 3))
	_, bases := mutationBases(t)
	withheld := valleys()
	withheld.Versions[1].Names[2] = Name{Withheld: true}
	withheld.Versions[1].Names[5] = Name{Withheld: true}
	retracted := valleys()
	retracted.Versions[1].Retracted = true
	worlds := [][]Publication{{valleys(), harbour()}, {withheld}, {retracted, harbour()}}
	made := make([][]string, len(worlds))
	for i := range *pairs {
		made[i%len(worlds)] = append(made[i%len(worlds)], randomCopy(rng, bases))
	}
	// A browser has its time: each is asked about as many as it answers in it.
	const most = 5000
	for i, world := range worlds {
		for copies := range slices.Chunk(made[i], most) {
			t.Run(fmt.Sprint(i), func(t *testing.T) { newEngine(t, world...).agree(copies, "") })
		}
	}
	t.Logf("%d random copies", *pairs)
}

// randomCopy is a copy with up to four mutations, disguised, cut, joined with another
// one, or shuffled.
func randomCopy(rng *rand.Rand, bases []base) string {
	b := bases[rng.IntN(len(bases))]
	s := b.join(rng.IntN(2) == 0)
	for range rng.IntN(4) {
		mutated, _, _ := b.mutate(rng, true)
		lines := strings.Split(mutated, "\n")
		b.text = strings.Split(mutated, "\n")[:min(len(lines), len(b.text))]
		s = b.join(rng.IntN(2) == 0)
	}
	switch rng.IntN(8) {
	case 0:
		lines := strings.Split(s, "\n")
		rng.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
		s = strings.Join(lines, "\n")
	case 1:
		other := bases[rng.IntN(len(bases))]
		s += other.join(rng.IntN(2) == 0)
	case 2, 3:
		from := rng.IntN(len(s))
		s = strings.ToValidUTF8(s[from:from+rng.IntN(len(s)-from)], "")
	case 4:
		words := strings.Fields(s)
		for range 1 + rng.IntN(len(words)/2) {
			words[rng.IntN(len(words))] = words[rng.IntN(len(words))]
		}
		s = strings.Join(words, " ")
	}
	if rng.IntN(3) > 0 {
		s, _ = disguise(rng, s)
	}
	return s
}
