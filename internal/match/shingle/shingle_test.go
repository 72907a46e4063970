package shingle

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sijil/sijil/internal/match/synthetic"
	"github.com/sijil/sijil/internal/text"
)

func tokens(t testing.TB, s string) []text.Token {
	t.Helper()
	f, err := text.Parse([]byte(s))
	if err != nil {
		t.Fatal(err)
	}
	return f.Tokens
}

// TestWorkedExample is the one of the package comment.
func TestWorkedExample(t *testing.T) {
	tok := tokens(t, "Open the gates of all seven dams")
	want := []string{"31b6c8d3 cfcdd549", "e3925ed3 300a7968", "8387ef1e 84bc6b11", "2bc6a0c3 793d87cb"}
	var got []string
	for _, h := range Standard.hashes(tok) {
		got = append(got, fmt.Sprintf("%08x %08x", h>>32, uint32(h)))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got := Standard.Keep(tok); !slices.Equal(got, []uint32{0xe3925ed3}) {
		t.Errorf("kept: %x", got)
	}
}

// A vector is one text with its fingerprints.
type vector struct {
	Why    string   `json:"why"`
	Text   string   `json:"text"`
	Words  int      `json:"words"`
	Window int      `json:"window"`
	Folded []string `json:"folded"`
	All    []string `json:"all"`
	Keep   []string `json:"keep"`
}

func (v *vector) compute(t *testing.T) vector {
	o := Options{Words: v.Words, Window: v.Window}
	w := vector{Why: v.Why, Text: v.Text, Words: v.Words, Window: v.Window, Folded: []string{}, All: []string{}, Keep: []string{}}
	tok := tokens(t, v.Text)
	for i := range tok {
		if f := word(&tok[i]); f != "" {
			w.Folded = append(w.Folded, f)
		}
	}
	for _, fp := range o.All(tok) {
		w.All = append(w.All, fmt.Sprintf("%08x", fp))
	}
	for _, fp := range o.Keep(tok) {
		w.Keep = append(w.Keep, fmt.Sprintf("%08x", fp))
	}
	return w
}

// TestVectors: docs/testvectors/lookup is part of docs/formats/lookup.md.
// UPDATE_VECTORS=1 writes what this package says of the texts.
func TestVectors(t *testing.T) {
	name := filepath.Join("..", "..", "..", "docs", "testvectors", "lookup", "fingerprints.json")
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var want, got []vector
	if err := json.Unmarshal(b, &want); err != nil {
		t.Fatal(err)
	}
	for i := range want {
		got = append(got, want[i].compute(t))
	}
	if os.Getenv("UPDATE_VECTORS") != "" {
		b, err := json.MarshalIndent(got, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, append(b, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, got); diff != "" || len(want) < 8 {
		t.Errorf("%d vectors (-want +got):\n%s", len(want), diff)
	}
}

// TestFoldedAlike: what people change when they retype a text leaves its
// fingerprints; what is another word does not.
func TestFoldedAlike(t *testing.T) {
	base := Standard.All(tokens(t, "We, the délégués of Vallée Sept, أعلن أَهْلُ الوديان στους δρόμους"))
	for _, s := range []string{
		"WE THE DELEGUES OF VALLEE SEPT اعلن اهل الوديان ΣΤΟΥΣ ΔΡΟΜΟΥΣ",
		"we the délégués — of «vallée» sept: أعلن أهل الوديان στους δρομους!",
		"• We\nthe de\u0301le\u0301gue\u0301s of\u200b Vallée\n\nSept أعلن أهل الوديـان στους δρόμους",
	} {
		if diff := cmp.Diff(base, Standard.All(tokens(t, s))); diff != "" {
			t.Errorf("%q: %s", s, diff)
		}
	}
	for _, s := range []string{"We the delegue of Vallee", "We the 2 delegues of", "We the delegues off Vallee"} {
		for _, fp := range Standard.All(tokens(t, s)) {
			if slices.Contains(base, fp) {
				t.Errorf("%q shares %08x", s, fp)
			}
		}
	}
	if got := Standard.All(tokens(t, "Only three words")); len(got) != 0 {
		t.Errorf("three words have %x", got)
	}
}

// TestKeepCovers: of each window one shingle is kept, so two texts that share
// Words+Window-1 neighbouring words share a fingerprint.
func TestKeepCovers(t *testing.T) {
	corpus := synthetic.New(3)
	for _, o := range []Options{Standard, Fine, {Words: 1, Window: 1}, {Words: 2, Window: 5}, {Words: 4, Window: 1}} {
		for i := range 20 {
			words := strings.Fields(string(corpus.Text(i)))
			keep := o.Keep(tokens(t, strings.Join(words, " ")))
			n := o.Words + o.Window - 1
			for i := 0; i+n <= len(words); i++ {
				all := o.All(tokens(t, "other words before "+strings.Join(words[i:i+n], " ")+" and behind it"))
				if !slices.ContainsFunc(all, func(fp uint32) bool { return slices.Contains(keep, fp) }) {
					t.Fatalf("%+v: words %d to %d are not found", o, i, i+n)
				}
			}
			all := o.All(tokens(t, strings.Join(words, " ")))
			if o.Window == 1 && !slices.Equal(all, keep) {
				t.Errorf("%+v keeps %d of %d", o, len(keep), len(all))
			}
			if share := float64(len(keep)) / float64(len(all)); o.Window > 1 && share > 2.6/float64(o.Window+1) {
				t.Errorf("%+v keeps %.2f of the shingles", o, share)
			}
		}
	}
}
