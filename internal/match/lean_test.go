package match

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/sijil/sijil/internal/browsertest"
)

// leanSays asks the badge's first script and the engine about copies of a publication, and
// fails where the first says something else. It returns how often the first said anything,
// by state.
func leanSays(t *testing.T, page *browsertest.Page, p Publication, copies []string) map[string]int {
	t.Helper()
	versions := []map[string]any{}
	for _, v := range p.Versions {
		names := []map[string]any{}
		for _, n := range v.Names {
			names = append(names, map[string]any{"text": n.Text, "withheld": n.Withheld})
		}
		versions = append(versions, map[string]any{"number": v.Number, "texts": v.Texts, "placeDate": v.PlaceDate, "names": names, "retracted": v.Retracted})
	}
	page.Do(t, chromedp.Evaluate(fmt.Sprintf(`(() => {
		globalThis.bytes = b => Uint8Array.from(atob(b), c => c.charCodeAt(0));
		globalThis.pub = {slug: %q, genesis: %q, versions: %s};
		for (const v of pub.versions) v.texts = new Map(Object.entries(v.texts).map(([k, b]) => [k, bytes(b)]));
	})()`, p.Slug, p.Genesis, browsertest.JSON(t, versions)), nil))
	states := map[string]int{}
	wrong := 0
	for len(copies) > 0 {
		batch := copies[:min(400, len(copies))]
		copies = copies[len(batch):]
		var sent []string
		for _, c := range batch {
			sent = append(sent, base64.StdEncoding.EncodeToString([]byte(c)))
		}
		var got []struct{ Lean, Engine string }
		page.Do(t, chromedp.Evaluate(fmt.Sprintf(`trial.matches(pub, %s.map(b => new TextDecoder().decode(bytes(b))))`, browsertest.JSON(t, sent)), &got))
		for i, g := range got {
			if g.Lean == "" {
				continue
			}
			states[g.Lean]++
			if g.Lean != g.Engine && wrong < 5 {
				wrong++
				t.Errorf("%s: %s, the engine %s:\n%q", p.Slug, g.Lean, g.Engine, batch[i])
			}
		}
	}
	return states
}

// TestLeanCorpus: whatever the badge's first script says of a copy, the engine says too.
func TestLeanCorpus(t *testing.T) {
	page := browsertest.LoadPage(t, "lean/trial.ts", "trial")
	var copies []string
	for _, f := range readCorpus(t) {
		for _, r := range f.Recipes {
			if strings.HasPrefix(r.Bases[0], "casablanca") && !hasCasablanca() {
				continue
			}
			for _, c := range r.copies(t) {
				copies = append(copies, c.in)
			}
		}
	}
	one := valleys() // a publication whose text never changed, and whose list grew
	one.Versions[0].Texts = one.Versions[1].Texts
	retracted := valleys()
	retracted.Versions[1].Retracted = true
	withdrawn := harbour()
	for i := range withdrawn.Versions {
		withdrawn.Versions[i].Retracted = true
	}
	pubs := []Publication{valleys(), harbour(), one, retracted, withdrawn}
	if hasCasablanca() {
		p, _, _ := casablanca(t)
		pubs = append(pubs, p)
	}
	for _, p := range pubs {
		for _, v := range p.Versions {
			for _, b := range v.Texts {
				copies = append(copies, string(b), strings.ReplaceAll(string(b), "\n", "\n\n"))
			}
		}
	}
	said := map[string]int{}
	for i, p := range pubs {
		states := leanSays(t, page, p, copies)
		t.Logf("%d %s: %v of %d copies", i, p.Slug, states, len(copies))
		for s, n := range states {
			said[s] += n
		}
	}
	for _, s := range []string{"authentic", "superseded", "retracted"} {
		if said[s] == 0 {
			t.Errorf("nothing was %s", s)
		}
	}
}

// TestLeanMutations: and of random copies, of lists in any order and of lines that were
// moved, as well.
func TestLeanMutations(t *testing.T) {
	page := browsertest.LoadPage(t, "lean/trial.ts", "trial")
	rng := rand.New(rand.NewPCG(*mutationSeed, 7))
	_, bases := mutationBases(t)
	same := valleys()
	same.Versions[0].Texts = same.Versions[1].Texts
	split := valleys() // names that are parts of one another, or one name in two
	split.Versions[1].Names = []Name{{Text: "Union"}, {Text: "Union of Wells"}, {Text: "of Wells"}, {Text: "Harbour, Bridges"}, {Text: "Bridges"}, {Text: "رابطة النبع"}}
	split.Versions[0] = split.Versions[1]
	split.Versions[0].Number = 1
	split.Versions[0].Names = []Name{{Text: "Union of Wells"}, {Text: "Harbour"}, {Text: "Bridges"}, {Text: "Union"}}
	total := 0
	for _, p := range []Publication{valleys(), same, split} {
		var copies []string
		for range *pairs / 3 {
			copies = append(copies, randomCopy(rng, bases), randomPage(rng, p))
		}
		states := leanSays(t, page, p, copies)
		t.Logf("%v of %d copies", states, len(copies))
		for _, n := range states {
			total += n
		}
	}
	if total < *pairs/20 {
		t.Errorf("the first script knows %d copies only", total)
	}
}

// randomPage is a text as pages have it: with lines above, a heading, a place and names
// below, most of them right.
func randomPage(rng *rand.Rand, p Publication) string {
	v := p.Versions[rng.IntN(len(p.Versions))]
	var text string
	for _, b := range v.Texts { // in any order
		text = strings.TrimSpace(string(b))
	}
	pick := func(list ...string) string { return list[rng.IntN(len(list))] }
	gap := func() string { return pick("\n", "\n", "\n\n") }
	if rng.IntN(8) == 0 {
		words := strings.Fields(text)
		i := rng.IntN(len(words))
		text = strings.Replace(text, words[i], pick("not", words[i]+words[i], ""), 1)
	}
	above := ""
	for rng.IntN(3) == 0 {
		above += pick("News", "By the editors, 3 May 2024", "• Home", "Union", "Share · Print", "Harbour, Bridges", strings.Join(strings.Fields(text)[:5], " ")) + gap()
	}
	out := above + text
	heading := func() string {
		return pick("Signed by", "Signed by:", "Signatories", "The undersigned organisations :", "II:", "1. Signatories", "• Signed", "")
	}
	if rng.IntN(4) > 0 {
		if v.PlaceDate != "" && rng.IntN(2) == 0 {
			out += gap() + pick(strings.Split(v.PlaceDate, "\n")...)
		}
		if h := heading(); h != "" {
			out += gap() + h
		}
		names := append([]Name{}, v.Names...)
		if rng.IntN(3) == 0 {
			rng.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
		}
		mark, between := pick("", "", "• ", "- "), pick("\n", "\n", "\n\n", ", ")
		for i, n := range names {
			if n.Withheld || rng.IntN(40) == 0 {
				continue
			}
			sep := between
			if i == 0 {
				sep = gap()
			}
			if rng.IntN(40) == 0 {
				n.Text += pick(" of Wells", "\nof Wells", "s", ",")
			}
			out += sep + mark + n.Text
		}
		if rng.IntN(6) == 0 {
			out += gap() + pick("Follow us", "• Dam Builders", "Share", v.Names[0].Text)
		}
	}
	return out
}
