package browsertest

import (
	"crypto/ed25519"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestEd25519: where a browser has no Ed25519, the badge's own says what Go's says, of good
// signatures, of each with a bit turned, and of points and numbers at the edges.
func TestEd25519(t *testing.T) {
	ctx := Load(t, "ed25519/ed25519.ts", "ed")
	type question struct {
		Key, Signature, Message []byte
	}
	var all []question
	rng := rand.New(rand.NewPCG(1, 25519))
	random := func(n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(rng.Uint32())
		}
		return b
	}
	for i := range 12 {
		private := ed25519.NewKeyFromSeed(random(32))
		q := question{[]byte(private.Public().(ed25519.PublicKey)), nil, random(i * 9)}
		q.Signature = ed25519.Sign(private, q.Message)
		all = append(all, q)
		for range 6 {
			bad := question{slices.Clone(q.Key), slices.Clone(q.Signature), append([]byte{0}, q.Message...)[1:]}
			switch b := [][]byte{bad.Key, bad.Signature, bad.Message}[rng.IntN(3)]; {
			case len(b) > 0:
				b[rng.IntN(len(b))] ^= 1 << rng.IntN(8)
			default:
				bad.Signature[63] ^= 1
			}
			all = append(all, bad)
		}
		// S plus the order is the same number, and no signature.
		order := []byte{0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10}
		more := question{q.Key, slices.Clone(q.Signature), q.Message}
		carry := 0
		for k, x := range order {
			sum := int(more.Signature[32+k]) + int(x) + carry
			more.Signature[32+k], carry = byte(sum), sum>>8
		}
		all = append(all, more, question{q.Key, q.Signature[:63], q.Message})
	}
	// Points of small order, and encodings of y beyond the prime.
	for _, first := range []byte{0, 1, 2, 0xec, 0xed, 0xee, 0xff} {
		for _, last := range []byte{0, 0x7f, 0x80, 0xff} {
			key := make([]byte, 32)
			if first > 2 {
				for k := range key {
					key[k] = 0xff
				}
			}
			key[0], key[31] = first, last
			for _, r := range [][]byte{key, append([]byte{1}, make([]byte, 31)...)} {
				all = append(all, question{key, append(slices.Clone(r), make([]byte, 32)...), []byte("m")})
			}
		}
	}
	var got []bool
	Run(t, ctx, chromedp.Evaluate(`(async () => {
		const bytes = b => Uint8Array.from(atob(b ?? ""), c => c.charCodeAt(0));
		const out = [];
		for (const q of `+JSON(t, all)+`) out.push(await ed.verify(bytes(q.Key), bytes(q.Signature), bytes(q.Message)));
		return out;
	})()`, &got, Await))
	good := 0
	for i, q := range all {
		want := len(q.Signature) == 64 && ed25519.Verify(q.Key, q.Message, q.Signature)
		if want {
			good++
		}
		if got[i] != want {
			t.Errorf("%d: %v, Go %v: %x", i, got[i], want, q)
		}
	}
	if good < 12 {
		t.Errorf("%d good ones only", good)
	}
	t.Logf("%d signatures, %d good", len(all), good)
}
