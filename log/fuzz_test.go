package log_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/asn1"
	"math/big"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/log"
)

// twin returns the other valid signature (r, n-s).
func twin(t *testing.T, sig []byte, key *ecdsa.PublicKey) []byte {
	t.Helper()
	var v struct{ R, S *big.Int }
	_, err := asn1.Unmarshal(sig, &v)
	check(t, err)
	v.S.Sub(elliptic.P256().Params().N, v.S)
	out, err := asn1.Marshal(v)
	check(t, err)
	return out
}

// FuzzParseEntry: what parses encodes to the same bytes.
func FuzzParseEntry(f *testing.F) {
	var v entryVectors
	readVectors(f, "entry.json", &v)
	if _, err := log.ParseEntry([]byte(v.Entry)); err != nil {
		f.Fatalf("the seed does not parse: %v", err)
	}
	f.Add([]byte(v.Entry))
	for _, r := range v.Refused {
		f.Add([]byte(r.Entry))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := log.ParseEntry(b)
		if err != nil {
			return
		}
		if again, err := e.Marshal(); err != nil || !bytes.Equal(again, b) {
			t.Fatalf("parsed %q, encodes as %q (%v)", b, again, err)
		}
	})
}

// FuzzParseBundle: what parses encodes to the same bytes.
func FuzzParseBundle(f *testing.F) {
	x := newLogged(f)
	unlogged, err := x.signed.Marshal()
	check(f, err)
	for _, seed := range [][]byte{x.data, unlogged} {
		if _, err := log.ParseBundle(seed); err != nil {
			f.Fatalf("the seed does not parse: %v", err)
		}
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		parsed, err := log.ParseBundle(b)
		if err != nil {
			return
		}
		if again, err := parsed.Marshal(); err != nil || !bytes.Equal(again, b) {
			t.Fatalf("parsed %q, encodes as %q (%v)", b, again, err)
		}
	})
}

// FuzzNoteText: a text that the log signed is a head, a checkpoint, a freeze or
// nothing, never two of them; and what is read of it writes the same text.
func FuzzNoteText(f *testing.F) {
	l := logtest.New(f, "https://sijil.example")
	for _, name := range []string{"checkpoint.json", "head.json"} {
		var v noteVectors
		readVectors(f, name, &v)
		if len(v.Accepted) == 0 {
			f.Fatal("no seeds")
		}
		for _, a := range v.Accepted {
			f.Add(a.Text)
		}
		for _, r := range v.Refused {
			f.Add(r.Text)
		}
	}
	f.Add(log.Freeze{Origin: "sijil.example", Size: 7, Successor: "https://next.example"}.Text())
	f.Fuzz(func(t *testing.T, text string) {
		b, err := note.Sign(&note.Note{Text: text}, l.Signer)
		if err != nil {
			return
		}
		c, noCheckpoint := log.OpenCheckpoint(b, l.Policy)
		h, noHead := log.OpenHead(b, l.Policy)
		z, noFreeze := log.OpenFreeze(b, l.Policy)
		kinds := 0
		for _, err := range []error{noCheckpoint, noHead, noFreeze} {
			if err == nil {
				kinds++
			}
		}
		if kinds > 1 {
			t.Fatalf("%q is %d kinds at once", text, kinds)
		}
		if noFreeze == nil && z.Freeze().Text() != text {
			t.Fatalf("%q is read as %+v", text, z.Freeze())
		}
		if noCheckpoint == nil && log.CheckpointText(c.Origin(), c.Size(), c.Root()) != text {
			t.Fatalf("%q is read as size %d, root %x", text, c.Size(), c.Root())
		}
		if noHead == nil && (h.Head().Text() != text || h.Head().Conflicts(h.Head())) {
			t.Fatalf("%q is read as %+v", text, h.Head())
		}
	})
}
