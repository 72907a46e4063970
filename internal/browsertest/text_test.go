package browsertest

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/sijil/sijil/internal/text"
)

var seed = flag.Uint64("seed", 1, "what the random inputs derive from")

// readText is what both engines say of an input, in one form.
const readText = `(list, edition) => list.map(b => {
	const input = Uint8Array.from(atob(b), c => c.charCodeAt(0));
	try {
		const f = text.parse(input, edition);
		return JSON.stringify([f.tokens.map(t => [t.text, t.start, t.end, t.class, t.breaks, t.bulleted]), f.warnings.map(w => [w.code, w.at, w.detail]), text.canonical(f)]);
	} catch (e) {
		return JSON.stringify([e.code, e.at, e.rule]);
	}
})`

func readTextGo(t testing.TB, b []byte, edition string) string {
	t.Helper()
	var v []any
	f, err := text.ParseEdition(edition, b)
	var bad *text.InputError
	switch {
	case errors.As(err, &bad):
		v = []any{bad.Code, bad.At, bad.Rule}
	case err != nil:
		t.Fatal(err)
	default:
		tokens, warnings := []any{}, []any{}
		for _, x := range f.Tokens {
			tokens = append(tokens, []any{x.Text, x.Start, x.End, x.Class, x.Breaks, x.Bulleted})
		}
		for _, w := range f.Warnings {
			warnings = append(warnings, []any{w.Code, w.At, w.Detail})
		}
		v = []any{tokens, warnings, string(f.Canonical())}
	}
	return marshal(t, v)
}

// marshal writes JSON as JSON.stringify does.
func marshal(t testing.TB, v any) string {
	t.Helper()
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		t.Fatal(err)
	}
	s := strings.TrimSuffix(b.String(), "\n")
	return strings.NewReplacer(`\u2028`, "\u2028", `\u2029`, "\u2029", `\u007f`, "\u007f").Replace(s)
}

// TestText: the browser's canonical form is this program's, on every vector, every
// code point, and random texts.
func TestText(t *testing.T) {
	ctx := Load(t, "text/text.ts", "text")
	inputs := append(vectorStrings(t), everyCodePoint()...)
	r := rand.New(rand.NewPCG(*seed, 7))
	for range 20_000 {
		inputs = append(inputs, randomText(r))
	}
	for _, edition := range text.Editions() {
		wrong := 0
		for batch := range batches(inputs) {
			var got []string
			Run(t, ctx, chromedp.Evaluate(fmt.Sprintf("(%s)(%s, %q)", readText, marshal(t, batch), edition), &got))
			for i, b := range batch {
				if want := readTextGo(t, b, edition); got[i] != want && wrong < 5 {
					wrong++
					t.Errorf("%s: %q\nbrowser %s\nGo      %s", edition, b, got[i], want)
				}
			}
		}
	}
	t.Logf("%d texts in each edition", len(inputs))
}

// batches cuts inputs into what can be sent to a page at once.
func batches(inputs [][]byte) func(yield func([][]byte) bool) {
	return func(yield func([][]byte) bool) {
		const most = 2 << 20
		for len(inputs) > 0 {
			n, size := 0, 0
			for n < len(inputs) && (n == 0 || size+len(inputs[n]) < most) {
				size += len(inputs[n]) + 8
				n++
			}
			if !yield(inputs[:n]) {
				return
			}
			inputs = inputs[n:]
		}
	}
}

// vectorStrings are all strings in the vectors of the canonical form.
func vectorStrings(t testing.TB) [][]byte {
	t.Helper()
	var out [][]byte
	err := filepath.WalkDir(filepath.Join("..", "..", "docs", "testvectors", "text"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		var v any
		if err := json.Unmarshal(b, &v); err != nil {
			return err
		}
		out = append(out, stringsIn(v)...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out) < 500 {
		t.Fatalf("only %d strings in the vectors", len(out))
	}
	return out
}

func stringsIn(v any) (out [][]byte) {
	switch v := v.(type) {
	case string:
		out = append(out, []byte(v))
	case []any:
		for _, x := range v {
			out = append(out, stringsIn(x)...)
		}
	case map[string]any:
		for _, x := range v {
			out = append(out, stringsIn(x)...)
		}
	}
	return out
}

// everyCodePoint puts each code point that a rule speaks of between letters, between
// blanks, and twice. The classes of all others are held by a test of package text.
func everyCodePoint() (out [][]byte) {
	var line strings.Builder
	for r := rune(1); r <= 0xe01ff; r++ {
		if r >= 0x3100 && r <= 0xf8ff && r%97 != 0 || r > 0xffff && r < 0xe0000 && r%97 != 0 && r>>8 != 0x1bc && r>>8 != 0x1d1 || r >= 0xd800 && r <= 0xdfff {
			continue
		}
		fmt.Fprintf(&line, "a%cb %c c\u0301%c %c\u0301 %c%c. 1%c2\n", r, r, r, r, r, r, r)
		if line.Len() > 8<<10 {
			out = append(out, []byte(line.String()))
			line.Reset()
		}
	}
	return append(out, []byte(line.String()))
}

var pieces = []string{
	"a", "B", "é", "e\u0301", "ff", "ﬁ", "ﷲ", "ﻻ", "لا", "عَلِم", "ـ", "٣", "۴", "1", "23", "1,000.5", "،", "؛", "؟", "٫", "٬", "۔",
	" ", " ", " ", "\u00a0", "\u202f", "\n", "\n", "\r\n", "\r", "\u2028", "\t", "•", "◦", "▪", "○", "-", "–", "—", "--", "*", "+", ">", ">>",
	"(", ")", "[", "]", ".", "...", "…", "....", ",", ":", ";", "!", "?", "/", "\"", "“", "”", "«", "»", "'", "’", "‘", "`", "=", "\u0338", "≠",
	"\u00ad", "\u200b", "\u200c", "\u200d", "\u200e", "\u200f", "\ufeff", "\ufe0f", "\ufe00", "\U000e0101", "\u202e", "\u2066", "\u00a0", "\u2800", "\U000e0041",
	"\u0301", "\u0323", "\u064b", "\u0651", "\ufe70", "\ufe71", "\ufc5e", "가", "\u1100", "\u1161", "\u11a8", "漢", "हिन्दी", "Ω", "Å", "\u0378", "\U0001f600", "👨‍👩‍👧",
	"iv", "xii", "aa", "2ⅷⅷ", "ⅷⅷ", "3-", "18-", "1)", "a)", "(b)", "3-day", "U.S.", "not", "no-\nthing", "\x00", "\x01", "\x7f", "\xff", "\xe2\x80", "\ued00", "\U0010ffff",
	"\ufeff\ufe00", manifestText(3), manifestText(0),
}

// manifestText is a C2PA text manifest of n bytes.
func manifestText(n int) string {
	var b strings.Builder
	b.WriteRune(0xfeff)
	for _, c := range append([]byte("C2PATXT\x00\x01\x00\x00\x00"), append([]byte{byte(n)}, make([]byte, n)...)...) {
		if c < 16 {
			b.WriteRune(0xfe00 + rune(c))
		} else {
			b.WriteRune(0xe0100 + rune(c) - 16)
		}
	}
	return b.String()
}

func randomText(r *rand.Rand) []byte {
	var b strings.Builder
	for range 1 + r.IntN(30) {
		p := pieces[r.IntN(len(pieces))]
		if (strings.Contains(p, "\x00") || strings.Contains(p, "\xff")) && r.IntN(20) > 0 {
			continue // most texts are accepted
		}
		for range 1 + r.IntN(12)/10*r.IntN(10) {
			b.WriteString(p)
		}
	}
	return []byte(b.String())
}
