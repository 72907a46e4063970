package text

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/unicode/norm"
)

func canonical(t testing.TB, edition, in string) string {
	t.Helper()
	f, err := ParseEdition(edition, []byte(in))
	if err != nil {
		t.Fatalf("Parse(%q): %v", in, err)
	}
	return string(f.Canonical())
}

// The example of the package comment.
func TestWorkedExample(t *testing.T) {
	f, err := Parse([]byte("‣ Stop  the\nwar : “now”"))
	if err != nil {
		t.Fatal(err)
	}
	want := []Token{
		{Text: "•", Start: 0, End: 3, Class: Marker, Breaks: 1},
		{Text: "Stop", Start: 4, End: 8},
		{Text: "the", Start: 10, End: 13},
		{Text: "war", Start: 14, End: 17, Breaks: 1},
		{Text: ":", Start: 18, End: 19, Class: Punctuation},
		{Text: `"`, Start: 20, End: 23, Class: Punctuation},
		{Text: "now", Start: 23, End: 26},
		{Text: `"`, Start: 26, End: 29, Class: Punctuation},
	}
	if diff := cmp.Diff(want, f.Tokens); diff != "" {
		t.Errorf("tokens (-want +got):\n%s", diff)
	}
	if got := string(f.Canonical()); got != `• Stop the war : " now "` {
		t.Errorf("canonical form %q", got)
	}
	if f.Digest() != sha256.Sum256(f.Canonical()) {
		t.Error("digest is not that of the canonical form")
	}
}

// A move to another Unicode version changes what this edition says of new
// characters: it must be a decision, not an update of the compiler.
func TestUnicodeVersion(t *testing.T) {
	if unicode.Version != "15.0.0" || norm.Version != "15.0.0" {
		t.Fatalf("unicode %s, norm %s: %s is defined over 15.0.0", unicode.Version, norm.Version, Edition)
	}
}

// vectorsOf is where the vectors of each edition are.
var vectorsOf = map[string]string{Edition: "", Edition0: "0"}

func readVectors(t *testing.T, edition, name string, to any) {
	t.Helper()
	b, err := os.ReadFile(vectorFile(edition, name))
	if err != nil {
		t.Fatal(err)
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(to); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

func vectorFile(edition, name string) string {
	return filepath.Join("..", "..", "docs", "testvectors", "text", vectorsOf[edition], name)
}

// eachEdition runs a test on each edition: both are readable for ever.
func eachEdition(t *testing.T, test func(t *testing.T, edition string)) {
	if len(vectorsOf) != len(Editions()) {
		t.Fatalf("editions %v, vectors of %d", Editions(), len(vectorsOf))
	}
	for _, e := range Editions() {
		t.Run(strings.TrimPrefix(e, "sijil-text/"), func(t *testing.T) { test(t, e) })
	}
}

func TestUnknownEdition(t *testing.T) {
	for _, e := range []string{"", "sijil-text/2", "sijil-text/01"} {
		if _, err := ParseEdition(e, []byte("a")); err == nil || !strings.Contains(err.Error(), "sijil-text/1 and sijil-text/0") {
			t.Errorf("ParseEdition(%q): %v", e, err)
		}
		if _, _, err := DigestEdition(e, []byte("a")); err == nil {
			t.Errorf("DigestEdition(%q): no error", e)
		}
	}
}

type pair struct {
	Name string `json:"name"`
	A    string `json:"a"`
	B    string `json:"b"`
}

func TestVectorsEqual(t *testing.T) {
	eachEdition(t, func(t *testing.T, edition string) {
		var pairs []pair
		readVectors(t, edition, "equal.json", &pairs)
		if len(pairs) < 40 {
			t.Fatalf("%d pairs: the file is not whole", len(pairs))
		}
		for _, p := range pairs {
			if p.A == p.B {
				t.Errorf("%s: the two inputs are the same bytes", p.Name)
			}
			if a, b := canonical(t, edition, p.A), canonical(t, edition, p.B); a != b {
				t.Errorf("%s:\n%+q\n%+q", p.Name, a, b)
			}
		}
	})
}

func TestVectorsDifferent(t *testing.T) {
	eachEdition(t, func(t *testing.T, edition string) {
		var pairs []pair
		readVectors(t, edition, "different.json", &pairs)
		if len(pairs) < 40 {
			t.Fatalf("%d pairs: the file is not whole", len(pairs))
		}
		for _, p := range pairs {
			if a, b := canonical(t, edition, p.A), canonical(t, edition, p.B); a == b {
				t.Errorf("%s: both are %+q", p.Name, a)
			}
		}
	})
}

type tokenVector struct {
	Text     string `json:"text"`
	Start    int    `json:"start"`
	End      int    `json:"end"`
	Class    string `json:"class"`
	Breaks   int    `json:"breaks"`
	Bulleted bool   `json:"bulleted,omitempty"`
}

var classNames = map[Class]string{Word: "word", Punctuation: "punctuation", Marker: "marker", Bullet: "bullet", Hidden: "hidden"}

func tokenVectors(f *Form) []tokenVector {
	var out []tokenVector
	for _, k := range f.Tokens {
		out = append(out, tokenVector{k.Text, k.Start, k.End, classNames[k.Class], int(k.Breaks), k.Bulleted})
	}
	return out
}

func TestVectorsTokens(t *testing.T) {
	eachEdition(t, func(t *testing.T, edition string) {
		var cases []struct {
			Name     string        `json:"name"`
			Input    string        `json:"input"`
			Tokens   []tokenVector `json:"tokens"`
			Warnings []Warning     `json:"warnings"`
		}
		readVectors(t, edition, "tokens.json", &cases)
		if len(cases) < 10 {
			t.Fatalf("%d cases: the file is not whole", len(cases))
		}
		for _, c := range cases {
			f, err := ParseEdition(edition, []byte(c.Input))
			if err != nil {
				t.Errorf("%s: %v", c.Name, err)
				continue
			}
			if diff := cmp.Diff(c.Tokens, tokenVectors(f)); diff != "" {
				t.Errorf("%s: tokens (-want +got):\n%s", c.Name, diff)
			}
			if diff := cmp.Diff(c.Warnings, f.Warnings); diff != "" {
				t.Errorf("%s: warnings (-want +got):\n%s", c.Name, diff)
			}
		}
	})
}

func TestRefused(t *testing.T) {
	eachEdition(t, func(t *testing.T, edition string) {
		var cases []struct {
			Name  string `json:"name"`
			Input []byte `json:"input"` // base64: the input need not be UTF-8
			Code  string `json:"code"`
			At    int    `json:"at"`
		}
		readVectors(t, edition, "refused.json", &cases)
		cases = append(cases, cases[0])
		cases[len(cases)-1].Name, cases[len(cases)-1].Input = "too large", bytes.Repeat([]byte("a"), MaxBytes+1)
		cases[len(cases)-1].Code, cases[len(cases)-1].At = CodeTooLarge, 0
		for _, c := range cases {
			_, err := ParseEdition(edition, c.Input)
			var e *InputError
			if !errors.As(err, &e) || e.Code != c.Code || e.At != c.At {
				t.Errorf("%s: %v, want %s at %d", c.Name, err, c.Code, c.At)
			}
		}
	})
	if _, err := Parse([]byte(" \n")); !errors.Is(err, ErrEmpty) {
		t.Errorf("white space: %v", err)
	}
	if _, err := Parse(bytes.Repeat([]byte("!"), MaxTokens+1)); err == nil {
		t.Error("more than MaxTokens tokens were accepted")
	}
	if _, err := Parse(bytes.Repeat([]byte("a"), MaxBytes)); err != nil {
		t.Errorf("MaxBytes bytes: %v", err)
	}
}

func TestWarningsAreBounded(t *testing.T) {
	f, err := Parse([]byte("a" + strings.Repeat("\u200b", 1000)))
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Warnings) != MaxWarnings || f.Warnings[MaxWarnings-1].Code != CodeMore {
		t.Errorf("%d warnings, last %v", len(f.Warnings), f.Warnings[len(f.Warnings)-1])
	}
}
