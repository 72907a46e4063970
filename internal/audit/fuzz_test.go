package audit

import (
	"bytes"
	"maps"
	"slices"
	"testing"

	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// smallWorld is a log of twelve entries with the publication river.
func smallWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, log: logtest.New(t, "https://sijil.example/"), signer: logtest.NewSigner(t), others: []*keys.Signer{logtest.NewSigner(t), logtest.NewSigner(t), logtest.NewSigner(t)}}
	for i := range int64(4) {
		w.stranger(i)
	}
	w.pub = w.log.Publication(slug, w.signer, logtest.River()...)
	for i := range int64(5) {
		w.stranger(4 + i)
	}
	var err error
	w.trust, err = w.log.Trust().Pin(slug, w.pub.Genesis())
	check(t, err)
	return w
}

// alter carries out a script of changes on documents, two bytes each with an
// operand, and reports whether anything is different afterwards.
func alter(honest logtest.Documents, script []byte) (logtest.Documents, bool) {
	d := honest.Clone()
	paths := slices.Sorted(maps.Keys(honest))
	for ; len(script) >= 4; script = script[4:] {
		path, other := paths[int(script[1])%len(paths)], paths[int(script[2])%len(paths)]
		b := bytes.Clone(d[path])
		at := (int(script[2])<<8 | int(script[3])) % (len(b) + 1)
		switch op, bit := script[0]%7, script[0]/7%8; op {
		case 0:
			if at < len(b) {
				b[at] ^= 1 << bit
			}
			d[path] = b
		case 1:
			d[path] = b[:at]
		case 2:
			delete(d, path)
		case 3:
			d[path], d[other] = d[other], d[path]
		case 4:
			d[path] = append(b, script[3])
		case 5:
			d[path] = slices.Insert(b, at, script[3])
		case 6:
			d[path] = bytes.Repeat(b, 2)
		}
	}
	for _, path := range paths {
		if b, ok := d[path]; !ok || !bytes.Equal(b, honest[path]) {
			return d, true
		}
	}
	return d, false
}

// FuzzAlteredSource: whatever is changed in what a source serves, the audit does
// not panic and does not call it clean.
func FuzzAlteredSource(f *testing.F) {
	w := smallWorld(f)
	honest := w.served()
	if got, err := Run(f.Context(), honest, w.options()); err != nil || got.Report.Outcome != Clean {
		f.Fatalf("the seed is not clean: %v %+v", err, got.Report)
	}
	for path := range byte(len(honest)) {
		for op := range byte(7) {
			f.Add([]byte{op, path, path + 1, 7})
		}
	}
	f.Fuzz(func(t *testing.T, script []byte) {
		if len(script) > 64 {
			return
		}
		d, changed := alter(honest, script)
		got, err := Run(t.Context(), d, w.options())
		check(t, err)
		if clean := got.Report.Outcome == Clean; clean == changed {
			t.Errorf("changed: %v, outcome: %s, %v", changed, got.Report.Outcome, foundIn(got.Report))
		}
	})
}

// FuzzParseState: what parses encodes to the same bytes.
func FuzzParseState(f *testing.F) {
	w := smallWorld(f)
	got, err := Run(f.Context(), w.served(), w.options())
	check(f, err)
	good := got.State.Marshal()
	if _, err := ParseState(good); err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add((&State{}).Marshal())
	body := good[:len(good)-32]
	f.Add(body)
	f.Fuzz(func(t *testing.T, b []byte) {
		sum := log.Sum(b)
		for _, in := range [][]byte{b, append(bytes.Clone(b), sum[:]...)} { // with a right checksum, too
			s, err := ParseState(in)
			if err == nil && !bytes.Equal(s.Marshal(), in) {
				t.Fatalf("%q encodes as %q", in, s.Marshal())
			}
		}
	})
}
