package text

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestDropBullets(t *testing.T) {
	f, err := Parse([]byte("▪ a • b\n•\n\n● c\n> ◦ d\n•"))
	if err != nil {
		t.Fatal(err)
	}
	kept, dropped := DropBullets(f.Tokens)
	type token struct {
		Text     string
		Breaks   uint8
		Bulleted bool
	}
	var got []token
	for _, k := range kept {
		got = append(got, token{k.Text, k.Breaks, k.Bulleted})
	}
	want := []token{{"a", 1, true}, {"•", 0, false}, {"b", 0, false}, {"c", 3, true}, {">", 1, false}, {"d", 0, true}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("tokens (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]Span{{0, 3}, {12, 15}, {17, 20}, {25, 28}, {31, 34}}, dropped); diff != "" {
		t.Errorf("dropped (-want +got):\n%s", diff)
	}
	if again, none := DropBullets(kept); none != nil || !slices.Equal(again, kept) {
		t.Error("a second time something was dropped")
	}
}

// checkEditions: without the bullets at line starts, edition 1 sees what edition 0
// saw, bullets inside a line as one, shorthand controls as hidden and a manifest as
// one warning. Only marks on signs are read in another way.
func checkEditions(t *testing.T, in []byte) {
	t.Helper()
	one, err := Parse(in)
	zero, err0 := ParseEdition(Edition0, in)
	if (err == nil) != (err0 == nil) && !isTooMany(err) {
		t.Fatalf("%+q: %v, in edition 0 %v", in, err, err0)
	}
	if err != nil || err0 != nil {
		return
	}
	for i := range zero.Tokens {
		if r, _ := utf8.DecodeRuneInString(zero.Tokens[i].Text); unicode.Is(unicode.M, r) {
			return // a mark on a sign is what else differs
		}
	}
	kept, _ := DropBullets(one.Tokens)
	seen := slices.Clone(zero.Tokens)
	for i := range seen {
		if seen[i].Class == Marker && i < len(kept) {
			seen[i].Class = kept[i].Class // edition 0 saw too many
		}
		if r, _ := utf8.DecodeRuneInString(seen[i].Text); seen[i].Class == Bullet {
			seen[i].Text = BulletOf([]byte(seen[i].Text))
		} else if shorthand(r) {
			seen[i].Class = Hidden
		}
	}
	if diff := cmp.Diff(seen, kept); diff != "" {
		t.Errorf("%+q: edition 0 (-), edition 1 without bullets (+):\n%s", in, diff)
	}
	if !strings.Contains(string(in), "\ufeff") && in[0] != 0xef && !slices.Equal(one.Warnings, zero.Warnings) {
		t.Errorf("%+q: warnings %v, in edition 0 %v", in, one.Warnings, zero.Warnings)
	}
}

func isTooMany(err error) bool {
	var e *InputError
	return errors.As(err, &e) && e.Code == CodeTokens
}
