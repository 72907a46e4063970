package text

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/unicode/norm"
)

// Every code point alone, between letters, between digits and after a sign has a
// canonical form that is a fixed point and in NFC. The bulk of the Han and Hangul
// blocks and the private planes, where all neighbours are alike, is sampled.
func TestEveryCodePoint(t *testing.T) {
	for r := rune(1); r <= utf8.MaxRune; r++ {
		if bulk := r > 0x3400 && r < 0xf800 || r > 0x20000 && r < 0xe0000 || r > 0xe0200; bulk && r%97 != 0 || !utf8.ValidRune(r) {
			continue
		}
		c := string(r)
		for _, e := range Editions() {
			checkProperties(t, e, []byte(c+" a"+c+"b ="+c+"\u0338 1"+c+"2"))
		}
		checkEditions(t, []byte(c+" a"+c+"b\n"+c+"1. ="+c+"\u0338 1"+c+"2"))
	}
}

// checkProperties holds what is true of every input; the fuzz target and the walk
// over all code points share it.
func checkProperties(t *testing.T, edition string, in []byte) {
	t.Helper()
	f, err := ParseEdition(edition, in)
	if err != nil {
		if _, _, other := DigestEdition(edition, in); other == nil || other.Error() != err.Error() {
			t.Fatalf("%+q: Parse says %v, Digest %v", in, err, other)
		}
		var e *InputError
		if !errors.As(err, &e) || e.At < 0 || e.At > len(in) {
			t.Fatalf("%+q: error %v", in, err)
		}
		return
	}
	canon := f.Canonical()
	if sum, warnings, err := DigestEdition(edition, in); err != nil || sum != f.Digest() || len(warnings) != len(f.Warnings) {
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
	again, err := ParseEdition(edition, canon)
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
		checkEditions(t, in)
		for _, e := range Editions() {
			checkProperties(t, e, in)
			// A decomposed copy is the same text.
			if a, err := ParseEdition(e, in); err == nil {
				if b, err := ParseEdition(e, norm.NFD.Bytes(in)); err == nil && !bytes.Equal(a.Canonical(), b.Canonical()) {
					t.Errorf("%s, %+q: NFD changes %+q to %+q", e, in, a.Canonical(), b.Canonical())
				}
			}
		}
	})
}

// fold.json lists every folded code point, for implementations in other languages.
func TestVectorsFold(t *testing.T) {
	eachEdition(t, func(t *testing.T, edition string) {
		var want map[string]string
		readVectors(t, edition, "fold.json", &want)
		got := folded(t, edition)
		if os.Getenv("UPDATE_VECTORS") != "" && edition == Edition {
			b, err := json.MarshalIndent(got, "", " ")
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(vectorFile(edition, "fold.json"), append(b, '\n'), 0o644); err != nil {
				t.Fatal(err)
			}
			want = got
		}
		if diff := cmp.Diff(want, got); diff != "" || len(got) < 700 {
			t.Errorf("%d folds (-want +got):\n%s", len(got), diff)
		}
	})
}

// folded asks the scanner for each code point that it folds.
func folded(t *testing.T, edition string) map[string]string {
	t.Helper()
	got := map[string]string{}
	for r := rune(1); r <= utf8.MaxRune; r++ {
		if c := classTable().of(r); c == cSpace || c == cLineEnd || c.skipped() || c == cRebuildSign || !utf8.ValidRune(r) {
			continue
		}
		f, err := ParseEdition(edition, []byte("1"+string(r))) // "1" lets bullets stay
		if err != nil {
			t.Fatal(err)
		}
		if to := strings.TrimPrefix(strings.TrimPrefix(f.canon, "1"), " "); to != norm.NFC.String(string(r)) {
			got[strings.ToUpper(strconv.FormatInt(int64(r), 16))] = to
		}
	}
	return got
}
