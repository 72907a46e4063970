package match

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// The corpus under testdata/corpus holds the verdicts to copies. A copy is not
// pasted there but made: a recipe names a base, steps that change it and the
// verdict that is wanted. For instance
//
//	{"name": "a number", "bases": ["en"],
//	 "steps": [{"do": "replace", "find": "412", "with": "421"}],
//	 "want": {"changes": [{"op": "replace", "class": "number", "published": "412", "copy": "421"}]}}
//
// What a recipe does not say is the ordinary case: see [want]. A recipe with several
// bases or widths is one recipe and makes several copies.
type recipeFile struct {
	About   string   `json:"about"`
	Kind    string   `json:"kind"` // "altered", "innocent" or "other"
	Recipes []recipe `json:"recipes"`
}

type recipe struct {
	Name string `json:"name"`
	// Bases are languages, then what stands below the text: "en", "fr,ar",
	// "en+list1" (list of version 1, with place and date), "en+place", "casablanca",
	// "casablanca+list", "harbour+list".
	Bases  []string `json:"bases"`
	Steps  []step   `json:"steps"`
	Widths []int    `json:"widths,omitempty"` // from, to, step: wrapped at each
	Want   want     `json:"want"`
}

// A step changes the page. Lines of the text are counted from 1, empty ones not;
// negative numbers count from the end. Words are those between spaces.
type step struct {
	Do    string `json:"do"`
	In    string `json:"in,omitempty"` // "text" (where it is left out), "list" or "place"
	Line  int    `json:"line,omitempty"`
	To    int    `json:"to,omitempty"` // a line
	Word  int    `json:"word,omitempty"`
	Count int    `json:"count,omitempty"` // of words; 1 where it is left out
	Find  string `json:"find,omitempty"`  // must be there
	With  string `json:"with,omitempty"`
}

// A want is the verdict, as far as the copy decides it. "<old 1>" in a string
// stands for the words that step 1 took away, "<new 1>" for those it put there.
type want struct {
	Verdict      string       `json:"verdict,omitempty"`   // that of the file's kind
	Version      *int         `json:"version,omitempty"`   // that of the base's list; without one, the latest
	Also         *[]int       `json:"also,omitempty"`      // without a list, the other versions
	Languages    *[]string    `json:"languages,omitempty"` // those of the base
	Changes      []wantChange `json:"changes,omitempty"`
	List         string       `json:"list,omitempty"` // the status: same with a list, absent without
	Added        []string     `json:"added,omitempty"`
	Missing      []string     `json:"missing,omitempty"`
	Changed      [][2]string  `json:"changed,omitempty"` // published, copy
	Warnings     []string     `json:"warnings,omitempty"`
	Tolerances   []string     `json:"tolerances,omitempty"`
	May          []string     `json:"may,omitempty"` // tolerances that only some bases or widths use
	Surroundings int          `json:"surroundings,omitempty"`
	Reason       string       `json:"reason,omitempty"`
}

type wantChange struct {
	Op        string `json:"op"`
	Class     string `json:"class"`
	Published string `json:"published,omitempty"`
	Copy      string `json:"copy,omitempty"`
}

func readCorpus(t *testing.T) map[string]recipeFile {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", "corpus", "*.json"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no recipes: %v", err)
	}
	files := map[string]recipeFile{}
	for _, p := range paths {
		b, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		var f recipeFile
		d := json.NewDecoder(bytes.NewReader(b))
		d.DisallowUnknownFields()
		if err := d.Decode(&f); err != nil {
			t.Fatalf("%s: %v", p, err)
		}
		if f.Kind != "altered" && f.Kind != "innocent" && f.Kind != "other" || d.More() {
			t.Fatalf("%s: kind %q, or more than one object", p, f.Kind)
		}
		files[filepath.Base(p)] = f
	}
	return files
}

// A corpusBase is a page of a publication before the steps.
type corpusBase struct {
	pub       string // slug
	version   int
	also      []int
	languages []string
	list      bool
	page      page
}

// A page is a copy that is being made: its parts, or, once a step has rendered
// it, the whole.
type page struct {
	lines []string // of the text; empty ones between paragraphs
	place string
	list  []string
	whole string
	ready bool
	took  []string // by each step
	put   []string
}

var valleysTexts = map[string]string{"en": valleysEN, "fr": valleysFR, "ar": valleysAR}

// newBase reads a base's name. It skips the test where the text is not there.
func newBase(t *testing.T, name string) corpusBase {
	t.Helper()
	head, tail, _ := strings.Cut(name, "+")
	b := corpusBase{}
	var text, place string
	var list []string
	switch head {
	case "casablanca":
		p, _, l := casablanca(t)
		b.pub, b.version, b.languages = p.Slug, 1, []string{"en"}
		text, place, list = string(p.Versions[0].Texts["en"]), p.Versions[0].PlaceDate, l
	case "harbour":
		v := harbour().Versions[0]
		b.pub, b.version, b.languages = "harbour", 1, []string{"en"}
		text = string(v.Texts["en"])
		for _, n := range v.Names {
			list = append(list, n.Text)
		}
	default:
		b.pub, b.version, b.also, b.languages = "seven-valleys", 2, []int{1}, strings.Split(head, ",")
		for i, lang := range b.languages {
			if valleysTexts[lang] == "" {
				t.Fatalf("base %q", name)
			}
			if i > 0 {
				text += "\n"
			}
			text += valleysTexts[lang]
		}
		place, list = valleysPlace, secondList
	}
	switch tail {
	case "":
		place, list = "", nil
	case "place":
		list = nil
	case "list1":
		b.version, list = 1, firstList
	case "list", "list2":
	default:
		t.Fatalf("base %q", name)
	}
	if b.list = len(list) > 0; b.list {
		b.also = nil
	}
	b.page = page{lines: strings.Split(strings.TrimSuffix(text, "\n"), "\n"), place: place, list: append([]string(nil), list...)}
	return b
}

// render puts the parts together, as people forward them.
func (p *page) render() string {
	if p.ready {
		return p.whole
	}
	p.whole, p.ready = strings.Join(p.lines, "\n")+"\n", true
	if p.place != "" {
		p.whole += "\n" + p.place + "\n"
	}
	if len(p.list) > 0 {
		p.whole += "\n• " + strings.Join(p.list, "\n• ") + "\n"
	}
	return p.whole
}

var reference = regexp.MustCompile(`<(old|new) (\d+)>`)

// expand replaces the references to what the steps took and put.
func (p *page) expand(s string) (string, error) {
	var err error
	out := reference.ReplaceAllStringFunc(s, func(ref string) string {
		m := reference.FindStringSubmatch(ref)
		i, _ := strconv.Atoi(m[2])
		if i < 1 || i > len(p.took) {
			err = fmt.Errorf("%s: no such step", ref)
			return ""
		}
		if m[1] == "new" {
			return p.put[i-1]
		}
		return p.took[i-1]
	})
	return out, err
}
