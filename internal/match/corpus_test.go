package match

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// What the corpus has at least, of recipes on the invented declaration alone.
const minRecipes = 300

// Every recipe has exactly the verdict that it wants.
func TestCorpus(t *testing.T) {
	recipes, copies := map[string]int{}, map[string]int{}
	names, made := map[string]string{}, map[string]string{}
	indexes := corpusIndexes(t)
	for file, f := range readCorpus(t) {
		t.Run(strings.TrimSuffix(file, ".json"), func(t *testing.T) {
			for _, r := range f.Recipes {
				if was, twice := names[r.Name]; twice {
					t.Errorf("%s: the name is that of a recipe in %s", r.Name, was)
				}
				names[r.Name] = file
				if len(r.Bases) > 0 && !strings.HasPrefix(r.Bases[0], "casablanca") {
					recipes[f.Kind]++
				}
				t.Run(r.Name, func(t *testing.T) {
					for _, c := range r.copies(t) {
						id := r.Name + ", " + c.how
						if was, twice := made[c.in]; twice {
							t.Errorf("%s makes the copy of %s", id, was)
						}
						made[c.in] = id
						copies[f.Kind]++
						c.check(t, indexes, f.Kind, r.Want)
					}
				})
			}
		})
	}
	t.Logf("recipes %v, copies %v", recipes, copies)
	for _, kind := range []string{"altered", "innocent"} {
		if recipes[kind] < minRecipes && !testing.Short() {
			t.Errorf("%d recipes are %s, want %d", recipes[kind], kind, minRecipes)
		}
	}
}

// corpusIndexes returns the index with every publication, under "", and one where
// the real declaration stands beside them.
func corpusIndexes(t *testing.T) map[string]*Index {
	out := map[string]*Index{"": newTestIndex(t, valleys(), harbour())}
	if hasCasablanca() {
		p, _, _ := casablanca(t)
		out["casablanca"] = newTestIndex(t, valleys(), harbour(), p)
	}
	return out
}

// A madeCopy is one copy that a recipe makes.
type madeCopy struct {
	corpusBase
	how, in string
}

func (r *recipe) copies(t *testing.T) []madeCopy {
	t.Helper()
	var out []madeCopy
	if len(r.Bases) == 0 {
		t.Fatal("no base")
	}
	for _, name := range r.Bases {
		if strings.HasPrefix(name, "casablanca") && !hasCasablanca() {
			continue
		}
		b := newBase(t, name)
		for i, s := range r.Steps {
			if err := b.page.run(s); err != nil {
				t.Fatalf("%s: step %d: %v", name, i+1, err)
			}
		}
		whole := b.page.render()
		if len(r.Widths) == 0 {
			out = append(out, madeCopy{b, name, whole})
			continue
		}
		last := ""
		for w := r.Widths[0]; w <= r.Widths[1]; w += r.Widths[2] {
			if in := wrap(whole, w); in != last {
				out = append(out, madeCopy{b, fmt.Sprintf("%s, width %d", name, w), in})
				last = in
			}
		}
	}
	if len(out) == 0 {
		t.Skip("the declaration is not beside the repository")
	}
	return out
}

// check compares the verdict on the copy with what is wanted.
func (c *madeCopy) check(t *testing.T, indexes map[string]*Index, kind string, w want) {
	t.Helper()
	x := indexes[""]
	if c.pub == "casablanca" {
		x = indexes[c.pub]
	}
	v := check(t, x, c.in, "")
	got := outcome(v)
	want, err := c.outcome(kind, w)
	if err != nil {
		t.Fatal(err)
	}
	got.Tolerances = slices.DeleteFunc(got.Tolerances, func(s string) bool { return slices.Contains(w.May, s) })
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s (-want +got):\n%s%q\n%s", c.how, diff, c.in, describe(v))
	}
	c.places(t, v)
}

// places checks that every offset of the verdict points at the words it speaks of,
// and that the similarity agrees with the rest.
func (c *madeCopy) places(t *testing.T, v *Verdict) {
	t.Helper()
	stands := func(what, at string, off int) {
		if off < 0 || off > len(at) || !strings.HasPrefix(visible([]byte(at[off:])), what) {
			t.Errorf("%s: %q does not stand at %d", c.how, what, off)
		}
	}
	published := ""
	for _, lang := range v.Languages {
		switch c.pub {
		case "seven-valleys":
			published = valleysTexts[lang]
		case "harbour":
			published = string(harbour().Versions[0].Texts["en"])
		default:
			p, _, _ := casablanca(t)
			published = string(p.Versions[0].Texts["en"])
		}
	}
	for _, ch := range v.Changes {
		stands(ch.Copy, c.in, ch.At)
		if len(v.Languages) == 1 && ch.PublishedAt != noPlace {
			stands(ch.Published, published, ch.PublishedAt)
		}
	}
	for _, a := range v.Signatories.Added {
		stands(a.Name, c.in, a.At)
	}
	for _, n := range v.Signatories.Changed {
		stands(n.Copy, c.in, n.At)
	}
	for _, s := range v.Surroundings {
		stands(s.Text, c.in, s.At)
	}
	clean := v.Verdict == Identical || v.Verdict == Authentic || v.Verdict == Excerpt || v.Reason.Code == ReasonHidden
	if (v.Similarity == 1) != clean && v.Signatories.Status != ListUndetermined {
		t.Errorf("%s: %s with similarity %v", c.how, v.Verdict, v.Similarity)
	}
}

// outcome is what of a verdict a recipe decides.
func outcome(v *Verdict) want {
	w := want{
		Verdict: v.Verdict, Version: &v.Version, Also: &[]int{}, Languages: &v.Languages,
		List: v.Signatories.Status, Tolerances: slices.Clone(v.Tolerances), Surroundings: len(v.Surroundings), Reason: v.Reason.Code,
	}
	for _, r := range v.AlsoMatches {
		*w.Also = append(*w.Also, r.Version)
	}
	for _, ch := range v.Changes {
		w.Changes = append(w.Changes, wantChange{ch.Op, ch.Class, ch.Published, ch.Copy})
	}
	for _, a := range v.Signatories.Added {
		w.Added = append(w.Added, a.Name)
	}
	for _, m := range v.Signatories.Missing {
		w.Missing = append(w.Missing, m.Name)
	}
	for _, n := range v.Signatories.Changed {
		w.Changed = append(w.Changed, [2]string{n.Published, n.Copy})
	}
	for _, x := range v.Warnings {
		if !slices.Contains(w.Warnings, x.Code) {
			w.Warnings = append(w.Warnings, x.Code)
		}
	}
	return w
}

// outcome fills in the ordinary case and the references of w.
func (c *madeCopy) outcome(kind string, w want) (want, error) {
	w.May = nil
	if w.Verdict == "" {
		w.Verdict = map[string]string{"altered": Altered, "innocent": Authentic}[kind]
	}
	none := w.Verdict == Unknown || w.Verdict == Unchecked && w.Reason != ReasonWithheld && w.Reason != ReasonHidden
	if w.Version == nil {
		w.Version = &c.version
		if none {
			w.Version = new(int)
		}
	}
	if w.Also == nil {
		w.Also = &c.also
		if none {
			w.Also = nil
		}
	}
	if w.Languages == nil {
		w.Languages = &c.languages
		if none {
			w.Languages = &[]string{}
		}
	}
	if w.Also == nil {
		w.Also = &[]int{}
	}
	switch {
	case w.List != "":
	case len(w.Added)+len(w.Missing)+len(w.Changed) > 0:
		w.List = ListAltered
	case c.list && !none:
		w.List = ListSame
	default:
		w.List = ListAbsent
	}
	var err error
	expand := func(s *string) {
		var e error
		if *s, e = c.page.expand(*s); e != nil {
			err = e
		}
	}
	w.Changes, w.Added, w.Missing, w.Changed = slices.Clone(w.Changes), slices.Clone(w.Added), slices.Clone(w.Missing), slices.Clone(w.Changed)
	for i := range w.Changes {
		expand(&w.Changes[i].Published)
		expand(&w.Changes[i].Copy)
	}
	for i := range w.Added {
		expand(&w.Added[i])
	}
	for i := range w.Missing {
		expand(&w.Missing[i])
	}
	for i := range w.Changed {
		expand(&w.Changed[i][0])
		expand(&w.Changed[i][1])
	}
	return w, err
}
