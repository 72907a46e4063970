package jcs

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"testing"

	"github.com/cyberphone/json-canonicalization/go/src/webpki.org/jsoncanonicalizer"
)

// FuzzSorted: whatever is taken to be in form already is what a second pass writes.
func FuzzSorted(f *testing.F) {
	for _, s := range []string{`{"a":1,"b":[{"x":"y\n"},null,true,-7,0]}`, `[]`, `{}`, `{"b":1,"a":2}`, `{"a":1,"a":2}`, `{"a":-0}`, `{"a":01}`, `[1.0]`, `[1e3]`, `["\u2028"]`, `["\/"]`,
		`["\u001f"]`, `[123456789012345,1234567890123456789]`, `{"é":1,"z":2}`, `{"\\":1}`, "[\"\xff\"]", `["` + "\u2028" + `"]`, `[1,]`, `{"a":}`, `[tru]`, `"x"`, `7`, ``, `[[[[[[]]]]]]`, `{"a" :1}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if arranged, ok := arrange(b); ok {
			if want, err := jsoncanonicalizer.Transform(b); err != nil || !bytes.Equal(want, arranged) {
				t.Fatalf("%q is arranged as %q, and canonicalised is %q (%v)", b, arranged, want, err)
			}
		}
		if !sorted(b) {
			return
		}
		if !json.Valid(b) {
			t.Fatalf("%q is no JSON", b)
		}
		again, err := jsoncanonicalizer.Transform(b)
		if err != nil || !bytes.Equal(again, b) {
			t.Fatalf("%q is taken for sorted, and canonicalised is %q (%v)", b, again, err)
		}
	})
}

// TestSortedIsNoOpinion: with and without the short cut, random values are written alike.
func TestSortedIsNoOpinion(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	short, byHand := 0, 0
	for range 20_000 {
		var buf bytes.Buffer
		enc := json.NewEncoder(&buf)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(map[string]any{"v": randomValue(rng, 4)}); err != nil {
			t.Fatal(err)
		}
		b := bytes.TrimSuffix(buf.Bytes(), []byte("\n"))
		want, err := jsoncanonicalizer.Transform(b)
		if err != nil {
			t.Fatal(err)
		}
		if arranged, ok := arrange(shuffled(t, rng, b)); ok {
			byHand++
			if !bytes.Equal(arranged, want) {
				t.Fatalf("%q, arranged %q, canonicalised %q", b, arranged, want)
			}
		}
		if sorted(b) {
			short++
			if !bytes.Equal(b, want) {
				t.Fatalf("%q, canonicalised %q", b, want)
			}
		}
	}
	if byHand < short {
		t.Errorf("%d of 20,000 are arranged by hand, %d are sorted", byHand, short)
	}
	if short < 1000 {
		t.Errorf("%d of 20,000 are taken for sorted", short)
	}
}

// shuffled is a document with the members of its objects in another order.
func shuffled(t *testing.T, rng *rand.Rand, b []byte) []byte {
	t.Helper()
	if len(b) == 0 || b[0] != '{' && b[0] != '[' {
		return b
	}
	var parts [][]byte
	open, end := byte('['), byte(']')
	if b[0] == '{' {
		open, end = '{', '}'
		var members map[string]json.RawMessage
		if err := json.Unmarshal(b, &members); err != nil {
			t.Fatal(err)
		}
		for name, v := range members {
			var buf bytes.Buffer
			enc := json.NewEncoder(&buf)
			enc.SetEscapeHTML(false)
			if err := enc.Encode(name); err != nil {
				t.Fatal(err)
			}
			parts = append(parts, append(append(bytes.TrimSpace(buf.Bytes()), ':'), shuffled(t, rng, v)...))
		}
		rng.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
	} else {
		var list []json.RawMessage
		if err := json.Unmarshal(b, &list); err != nil {
			t.Fatal(err)
		}
		for _, v := range list {
			parts = append(parts, shuffled(t, rng, v))
		}
	}
	return append(append([]byte{open}, bytes.Join(parts, []byte(","))...), end)
}

func randomValue(rng *rand.Rand, depth int) any {
	switch n := rng.IntN(9); {
	case n == 0:
		return nil
	case n == 1:
		return rng.IntN(2) == 0
	case n == 2:
		return int64(rng.Uint64()) >> rng.IntN(64)
	case n == 3:
		return rng.NormFloat64()
	case n < 6 || depth == 0:
		return randomString(rng)
	case n < 8:
		out := map[string]any{}
		for range rng.IntN(4) {
			out[randomString(rng)] = randomValue(rng, depth-1)
		}
		return out
	}
	out := []any{}
	for range rng.IntN(4) {
		out = append(out, randomValue(rng, depth-1))
	}
	return out
}

func randomString(rng *rand.Rand) string {
	alphabet := []rune("abcxyz \"\\\n\r\t\b\f\x00\x1f\x7f/<>&é\u2028\u2029\ufffd\U0001f600ﬃ")
	out := []rune{}
	for range rng.IntN(5) {
		out = append(out, alphabet[min(rng.IntN(60), rng.IntN(len(alphabet)))%len(alphabet)])
	}
	return string(out)
}
