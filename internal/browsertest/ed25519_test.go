package browsertest

import (
	"crypto/ed25519"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"filippo.io/edwards25519"
	"github.com/chromedp/chromedp"
)

// signed is a signature that somebody may show.
type signed struct {
	Kind      string `json:"kind"`
	Key       []byte `json:"key"`
	Signature []byte `json:"signature"`
	Message   []byte `json:"message"`

	odd bool // a key of small order, or not in its one encoding
}

// forger makes signatures at the edges of the rules.
type forger struct {
	t   *testing.T
	rnd *rand.Rand
	out []signed
}

func (f *forger) bytes(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(f.rnd.Uint32())
	}
	return b
}

func (f *forger) scalar() *edwards25519.Scalar {
	s, err := new(edwards25519.Scalar).SetUniformBytes(f.bytes(64))
	if err != nil {
		f.t.Fatal(err)
	}
	return s
}

func base(s *edwards25519.Scalar) *edwards25519.Point {
	return new(edwards25519.Point).ScalarBaseMult(s)
}

func (f *forger) point(b []byte) *edwards25519.Point {
	p, err := new(edwards25519.Point).SetBytes(b)
	if err != nil {
		f.t.Fatal(err)
	}
	return p
}

// challenge is k of RFC 8032, 5.1.7.
func (f *forger) challenge(r, key, message []byte) *edwards25519.Scalar {
	sum := sha512.Sum512(slices.Concat(r, key, message))
	k, err := new(edwards25519.Scalar).SetUniformBytes(sum[:])
	if err != nil {
		f.t.Fatal(err)
	}
	return k
}

// add takes in a signature whose point R is encoded as r, by secret, under key.
func (f *forger) add(kind string, r []byte, nonce *edwards25519.Scalar, key []byte, secret *edwards25519.Scalar, odd bool) {
	message := f.bytes(f.rnd.IntN(100))
	s := edwards25519.NewScalar().MultiplyAdd(f.challenge(r, key, message), secret, nonce)
	f.out = append(f.out, signed{Kind: kind, Key: key, Signature: slices.Concat(r, s.Bytes()), Message: message, odd: odd})
}

// order is that of the group, little-endian.
var order = []byte{0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 31: 0x10}

// plusOrder adds the group's order to a number of 32 bytes, n times.
func plusOrder(s []byte, n int) []byte {
	out := slices.Clone(s)
	for range n {
		carry := 0
		for i := range out {
			carry += int(out[i]) + int(order[i])
			out[i], carry = byte(carry), carry>>8
		}
	}
	return out
}

// small returns every encoding of a point of small order that edwards25519 reads, the
// one encoding of each first.
func (f *forger) small() (canonical, others [][]byte) {
	var ys [][]byte
	for y := range 20 {
		ys = append(ys, append([]byte{byte(y)}, make([]byte, 31)...)) // y
		p := slices.Repeat([]byte{0xff}, 32)
		p[0], p[31] = byte(0xec+y), 0x7f // p - 1 + y
		ys = append(ys, p)
	}
	// The two of order 8, from any point that has such a part.
	for {
		p, err := new(edwards25519.Point).SetBytes(f.bytes(32))
		if err != nil {
			continue
		}
		minusOne := edwards25519.NewScalar().Subtract(edwards25519.NewScalar(), f.one())
		p.Add(new(edwards25519.Point).ScalarMult(minusOne, p), p) // [L]p
		four := new(edwards25519.Point).Add(p, p)
		four.Add(four, four)
		if four.Equal(edwards25519.NewIdentityPoint()) == 1 {
			continue
		}
		ys = append(ys, p.Bytes(), new(edwards25519.Point).Add(new(edwards25519.Point).Add(p, p), p).Bytes())
		break
	}
	for _, y := range ys {
		for _, sign := range []byte{0, 0x80} {
			b := slices.Clone(y)
			b[31] = b[31]&0x7f | sign
			p, err := new(edwards25519.Point).SetBytes(b)
			if err != nil || new(edwards25519.Point).MultByCofactor(p).Equal(edwards25519.NewIdentityPoint()) != 1 {
				continue
			}
			if slices.Equal(p.Bytes(), b) {
				canonical = append(canonical, b)
			} else {
				others = append(others, b)
			}
		}
	}
	return canonical, others
}

func (f *forger) one() *edwards25519.Scalar {
	one, err := edwards25519.NewScalar().SetCanonicalBytes(append([]byte{1}, make([]byte, 31)...))
	if err != nil {
		f.t.Fatal(err)
	}
	return one
}

// forge makes honest signatures and those that a program may take for such.
func (f *forger) forge() {
	zero := edwards25519.NewScalar()
	canonical, others := f.small()
	if len(canonical) != 8 || len(others) < 6 {
		f.t.Fatalf("%d points of small order, %d other encodings", len(canonical), len(others))
	}
	for range 40 {
		a, r := f.scalar(), f.scalar()
		key := base(a).Bytes()
		f.add("honest", base(r).Bytes(), r, key, a, false)
		good := f.out[len(f.out)-1]
		for n := 1; n <= 14; n++ {
			x := good
			x.Kind, x.Signature = "S past the order", slices.Concat(good.Signature[:32], plusOrder(good.Signature[32:], n))
			f.out = append(f.out, x)
		}
		for range 10 {
			x := good
			x.Kind, x.Signature, x.Message, x.Key = "flipped", slices.Clone(x.Signature), append(slices.Clone(x.Message), 0), slices.Clone(x.Key)
			part := [][]byte{x.Signature, x.Key, x.Message}[f.rnd.IntN(3)]
			part[f.rnd.IntN(len(part))] ^= 1 << f.rnd.IntN(8)
			f.out = append(f.out, x)
		}
		for _, t := range canonical {
			mixed := new(edwards25519.Point).Add(base(a), f.point(t)).Bytes()
			f.add("a key with a part of small order", base(r).Bytes(), r, mixed, a, false)
			f.add("R with a part of small order", new(edwards25519.Point).Add(base(r), f.point(t)).Bytes(), r, key, a, false)
			f.add("both", new(edwards25519.Point).Add(base(r), f.point(t)).Bytes(), r, mixed, a, false)
			f.add("a key of small order", base(r).Bytes(), r, t, zero, true)
			f.add("R of small order", t, zero, key, a, false)
			f.add("both of small order", t, zero, t, zero, true)
		}
		for _, t := range others {
			f.add("a key in another encoding", base(r).Bytes(), r, t, zero, true)
			f.add("R in another encoding", t, zero, key, a, false)
		}
	}
	good := f.out[0]
	for n := range 64 {
		f.out = append(f.out, signed{Kind: "cut", Key: good.Key, Signature: good.Signature[:n], Message: good.Message})
	}
	f.out = append(f.out, signed{Kind: "no points", Key: slices.Repeat([]byte{0xff}, 32), Signature: good.Signature, Message: good.Message, odd: true})
}

// TestEd25519: what browsers without Ed25519 are given accepts nothing that Go refuses,
// and refuses of the rest only keys that nobody has.
func TestEd25519(t *testing.T) {
	script, err := os.ReadFile(filepath.Join("..", "..", "web", "static", "ed25519.js"))
	if err != nil {
		t.Fatal(err)
	}
	f := &forger{t: t, rnd: rand.New(rand.NewPCG(*seed, 1))}
	f.forge()
	ctx := Load(t, "log/note.ts", "note")
	var got struct{ Own, Native []bool }
	Run(t, ctx, chromedp.Evaluate(fmt.Sprintf(`(async () => {
		const bytes = b => Uint8Array.from(atob(b), c => c.charCodeAt(0));
		const own = (await import("data:text/javascript;base64,%s")).verify;
		const all = async verify => {
			const out = [];
			for (const s of %s) out.push(await verify(bytes(s.key), bytes(s.signature), bytes(s.message)).catch(() => false));
			return out;
		};
		return {Own: await all(own), Native: await all(note.webCryptoEd25519)};
	})()`, base64.StdEncoding.EncodeToString(script), JSON(t, f.out)), &got, Await))
	if len(got.Own) != len(f.out) || len(got.Native) != len(f.out) {
		t.Fatalf("%d and %d answers to %d questions", len(got.Own), len(got.Native), len(f.out))
	}
	type count struct{ asked, goes, own, native int }
	counts := map[string]*count{}
	for i, s := range f.out {
		want := len(s.Signature) == 64 && ed25519.Verify(s.Key, s.Message, s.Signature)
		if got.Own[i] && !want || want && !got.Own[i] && !s.odd {
			t.Errorf("%s: key %x, signature %x, message %x: Go says %v", s.Kind, s.Key, s.Signature, s.Message, want)
		}
		if s.odd && got.Own[i] {
			t.Errorf("%s: key %x is accepted", s.Kind, s.Key)
		}
		if counts[s.Kind] == nil {
			counts[s.Kind] = &count{}
		}
		c := counts[s.Kind]
		c.asked++
		for n, good := range map[*int]bool{&c.goes: want, &c.own: got.Own[i], &c.native: got.Native[i]} {
			if good {
				*n++
			}
		}
	}
	for kind, c := range counts {
		t.Logf("%s: %d; accepted by Go %d, by the script %d, by this browser %d", kind, c.asked, c.goes, c.own, c.native)
	}
	// What is refused proves nothing where Go never accepts.
	for kind, both := range map[string]bool{"honest": false, "a key with a part of small order": true, "both": true, "R of small order": true, "a key of small order": true} {
		if c := counts[kind]; c.goes == 0 || both && c.goes == c.asked {
			t.Errorf("%s: Go accepts %d of %d", kind, c.goes, c.asked)
		}
	}
}
