package text

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/unicode/norm"
)

func canonical(t testing.TB, in string) string {
	t.Helper()
	f, err := Parse([]byte(in))
	if err != nil {
		t.Fatalf("Parse(%q): %v", in, err)
	}
	return string(f.Canonical())
}

// The example of the package comment.
func TestWorkedExample(t *testing.T) {
	f, err := Parse([]byte("• Stop the war :"))
	if err != nil {
		t.Fatal(err)
	}
	want := []Token{
		{Text: "Stop", Start: 4, End: 8, Breaks: 1, Bulleted: true},
		{Text: "the", Start: 9, End: 12},
		{Text: "war", Start: 13, End: 16},
		{Text: ":", Start: 17, End: 18, Class: Punctuation},
	}
	if diff := cmp.Diff(want, f.Tokens); diff != "" {
		t.Errorf("tokens (-want +got):\n%s", diff)
	}
	if got := string(f.Canonical()); got != "Stop the war :" {
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

func readVectors(t *testing.T, name string, to any) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "docs", "testvectors", "text", name))
	if err != nil {
		t.Fatal(err)
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(to); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

type pair struct {
	Name string `json:"name"`
	A    string `json:"a"`
	B    string `json:"b"`
}

func TestVectorsEqual(t *testing.T) {
	var pairs []pair
	readVectors(t, "equal.json", &pairs)
	if len(pairs) < 40 {
		t.Fatalf("%d pairs: the file is not whole", len(pairs))
	}
	for _, p := range pairs {
		if p.A == p.B {
			t.Errorf("%s: the two inputs are the same bytes", p.Name)
		}
		if a, b := canonical(t, p.A), canonical(t, p.B); a != b {
			t.Errorf("%s:\n%+q\n%+q", p.Name, a, b)
		}
	}
}

func TestVectorsDifferent(t *testing.T) {
	var pairs []pair
	readVectors(t, "different.json", &pairs)
	if len(pairs) < 40 {
		t.Fatalf("%d pairs: the file is not whole", len(pairs))
	}
	for _, p := range pairs {
		if a, b := canonical(t, p.A), canonical(t, p.B); a == b {
			t.Errorf("%s: both are %+q", p.Name, a)
		}
	}
}

func TestVectorsTokens(t *testing.T) {
	type token struct {
		Text     string `json:"text"`
		Start    int    `json:"start"`
		End      int    `json:"end"`
		Class    string `json:"class"`
		Breaks   int    `json:"breaks"`
		Bulleted bool   `json:"bulleted"`
	}
	var cases []struct {
		Name     string    `json:"name"`
		Input    string    `json:"input"`
		Tokens   []token   `json:"tokens"`
		Warnings []Warning `json:"warnings"`
	}
	readVectors(t, "tokens.json", &cases)
	if len(cases) < 10 {
		t.Fatalf("%d cases: the file is not whole", len(cases))
	}
	names := map[Class]string{Word: "word", Punctuation: "punctuation", Marker: "marker", Bullet: "bullet", Hidden: "hidden"}
	for _, c := range cases {
		f, err := Parse([]byte(c.Input))
		if err != nil {
			t.Errorf("%s: %v", c.Name, err)
			continue
		}
		var got []token
		for _, k := range f.Tokens {
			got = append(got, token{k.Text, k.Start, k.End, names[k.Class], int(k.Breaks), k.Bulleted})
		}
		if diff := cmp.Diff(c.Tokens, got); diff != "" {
			t.Errorf("%s: tokens (-want +got):\n%s", c.Name, diff)
		}
		if diff := cmp.Diff(c.Warnings, f.Warnings); diff != "" {
			t.Errorf("%s: warnings (-want +got):\n%s", c.Name, diff)
		}
	}
}

func TestRefused(t *testing.T) {
	var cases []struct {
		Name  string `json:"name"`
		Input []byte `json:"input"` // base64: the input need not be UTF-8
		Code  string `json:"code"`
		At    int    `json:"at"`
	}
	readVectors(t, "refused.json", &cases)
	cases = append(cases, cases[0])
	cases[len(cases)-1].Name, cases[len(cases)-1].Input = "too large", bytes.Repeat([]byte("a"), MaxBytes+1)
	cases[len(cases)-1].Code, cases[len(cases)-1].At = CodeTooLarge, 0
	for _, c := range cases {
		_, err := Parse(c.Input)
		var e *InputError
		if !errors.As(err, &e) || e.Code != c.Code || e.At != c.At {
			t.Errorf("%s: %v, want %s at %d", c.Name, err, c.Code, c.At)
		}
	}
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

// Every code point alone, between letters, between digits and after a sign has a
// canonical form that is a fixed point and in NFC. The bulk of the Han and Hangul
// blocks and the private planes, where all neighbours are alike, is sampled.
func TestEveryCodePoint(t *testing.T) {
	for r := rune(1); r <= utf8.MaxRune; r++ {
		if bulk := r > 0x3400 && r < 0xf800 || r > 0x20000 && r < 0xe0000 || r > 0xe0200; bulk && r%97 != 0 || !utf8.ValidRune(r) {
			continue
		}
		c := string(r)
		checkProperties(t, []byte(c+" a"+c+"b ="+c+"\u0338 1"+c+"2"))
	}
}

// checkProperties holds what is true of every input; the fuzz target and the walk
// over all code points share it.
func checkProperties(t *testing.T, in []byte) {
	t.Helper()
	f, err := Parse(in)
	if err != nil {
		if _, _, other := Digest(in); other == nil || other.Error() != err.Error() {
			t.Fatalf("%+q: Parse says %v, Digest %v", in, err, other)
		}
		var e *InputError
		if !errors.As(err, &e) || e.At < 0 || e.At > len(in) {
			t.Fatalf("%+q: error %v", in, err)
		}
		return
	}
	canon := f.Canonical()
	if sum, warnings, err := Digest(in); err != nil || sum != f.Digest() || len(warnings) != len(f.Warnings) {
		t.Errorf("%+q: Digest: %x, %v, %v, unlike Parse", in, sum, warnings, err)
	}
	if !norm.NFC.IsNormal(canon) {
		t.Errorf("%+q: canonical form %+q is not NFC", in, canon)
	}
	end := 0
	words := make([]string, 0, len(f.Tokens))
	for i, k := range f.Tokens {
		if k.Start < end || k.End < k.Start || k.End > len(in) {
			t.Fatalf("%+q: token %d %+v after offset %d", in, i, k, end)
		}
		end = k.End
		words = append(words, k.Text)
	}
	if got := strings.Join(words, " "); got != string(canon) {
		t.Errorf("%+q: tokens give %+q, canonical form is %+q", in, got, canon)
	}
	again, err := Parse(canon)
	if err != nil {
		t.Fatalf("%+q: canonical form %+q: %v", in, canon, err)
	}
	if got := again.Canonical(); !bytes.Equal(got, canon) {
		t.Errorf("%+q: canonical form %+q has canonical form %+q", in, canon, got)
	}
	if len(again.Tokens) != len(f.Tokens) {
		t.Errorf("%+q: %d tokens, its canonical form has %d", in, len(f.Tokens), len(again.Tokens))
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"• One:\n18- Two  (a) b\r\n> • c", "l’eau «x» 1,000.5 ١٬٠٠٠٫٥ -- …....", "e\u0301\u200b=\u0338\u0301x",
		"\u202eabc\u2066\U000e0041", "\ufefflam \ufefb \ufb01 ـ", "\u1100\u1161\u11a8 \u0958\u0301", "...\u0301 -\u00ad-",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		checkProperties(t, in)
		// A decomposed copy is the same text.
		if a, err := Parse(in); err == nil {
			if b, err := Parse(norm.NFD.Bytes(in)); err == nil && !bytes.Equal(a.Canonical(), b.Canonical()) {
				t.Errorf("%+q: NFD changes %+q to %+q", in, a.Canonical(), b.Canonical())
			}
		}
	})
}

var sample = strings.Repeat("We, the people of the seven valleys, call on every council to reopen the roads: food, water and medicine must pass.\n", 57)

func BenchmarkParse(b *testing.B) {
	arabic := strings.Repeat("نحن سكان الوديان السبعة ندعو كل المجالس إلى إعادة فتح الطرق، وإلى مرور الغذاء والماء والدواء.\n", 50)
	french := strings.Repeat("Nous, les habitants des sept vallées, appelons à rouvrir l’accès : l’eau et les médicaments doivent passer.\n", 60)
	for _, c := range []struct{ name, in string }{{"latin", sample}, {"french", french}, {"arabic", arabic}} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(c.in)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Parse([]byte(c.in)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkDigest includes the SHA-256 of the canonical form.
func BenchmarkDigest(b *testing.B) {
	b.SetBytes(int64(len(sample)))
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := Digest([]byte(sample)); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSHA256 hashes the same bytes, to compare with.
func BenchmarkSHA256(b *testing.B) {
	b.SetBytes(int64(len(sample)))
	for b.Loop() {
		sha256.Sum256([]byte(sample))
	}
}

// fold.json lists every folded code point, for implementations in other languages.
func TestVectorsFold(t *testing.T) {
	var want map[string]string
	readVectors(t, "fold.json", &want)
	got := map[string]string{}
	for r := rune(1); r <= utf8.MaxRune; r++ {
		if c := classTable().of(r); c == cSpace || c == cLineEnd || c.skipped() || c == cRebuildSign || !utf8.ValidRune(r) {
			continue
		}
		s := scanner{b: []byte("1" + string(r)), class: classTable()} // "1" lets bullets stay
		if err := s.scan(); err != nil {
			t.Fatal(err)
		}
		f := s.finish()
		if to := strings.TrimPrefix(strings.TrimPrefix(f.canon, "1"), " "); to != norm.NFC.String(string(r)) {
			got[strings.ToUpper(strconv.FormatInt(int64(r), 16))] = to
		}
	}
	if os.Getenv("UPDATE_VECTORS") != "" {
		b, err := json.MarshalIndent(got, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join("..", "..", "docs", "testvectors", "text", "fold.json"), append(b, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
		want = got
	}
	if diff := cmp.Diff(want, got); diff != "" || len(got) < 700 {
		t.Errorf("%d folds (-want +got):\n%s", len(got), diff)
	}
}
