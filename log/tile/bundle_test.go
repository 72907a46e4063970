package tile

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/tlog"
)

func TestBundleExample(t *testing.T) {
	entries := [][]byte{[]byte("a"), []byte("bc")}
	want := []byte{0, 1, 'a', 0, 2, 'b', 'c'}
	got, err := EncodeBundle(entries)
	if err != nil || !bytes.Equal(got, want) {
		t.Fatalf("EncodeBundle = %x, %v, want %x", got, err, want)
	}
	back, err := ParseBundle(got, 2)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(entries, back); diff != "" {
		t.Errorf("ParseBundle (-want +got):\n%s", diff)
	}
	first, rest, err := CutBundle(got, 1)
	if err != nil || len(first) != 1 || string(rest) != "\x00\x02bc" {
		t.Errorf("CutBundle = %q, %q, %v", first, rest, err)
	}
}

func TestBundleLimits(t *testing.T) {
	full := make([][]byte, Width)
	for i := range full {
		full[i] = make([]byte, MaxEntry)
	}
	b, err := EncodeBundle(full)
	if err != nil || len(b) != MaxBundle {
		t.Fatalf("the largest bundle: %d bytes, %v, want %d", len(b), err, MaxBundle)
	}
	if _, err := ParseBundle(b, Width); err != nil {
		t.Error(err)
	}
	if _, err := EncodeBundle(append(full, nil)); err == nil {
		t.Error("257 entries encoded")
	}
	if _, err := EncodeBundle(nil); err == nil {
		t.Error("no entries encoded")
	}
	if _, err := EncodeBundle([][]byte{make([]byte, MaxEntry+1)}); err == nil {
		t.Error("an entry of 65,536 bytes encoded")
	}
}

func TestParseBundleRefuses(t *testing.T) {
	for _, tt := range []struct {
		name, bundle string
		width        int
		err          string
	}{
		{"empty", "", 1, "ends before entry 0"},
		{"half a length", "\x00", 1, "ends before entry 0"},
		{"short entry", "\x00\x02a", 1, "entry 0 has 1 of its 2 bytes"},
		{"one entry too few", "\x00\x01a", 2, "ends before entry 1"},
		{"one entry too many", "\x00\x01a\x00\x01b", 1, "3 bytes after entry 0"},
		{"a byte too many", "\x00\x01a\x00", 1, "1 bytes after"},
		{"width 0", "", 0, "width 0"},
		{"width 257", "", 257, "width 257"},
	} {
		got, err := ParseBundle([]byte(tt.bundle), tt.width)
		if err == nil || !strings.Contains(err.Error(), tt.err) || got != nil {
			t.Errorf("%s: %q, %v, want an error with %q", tt.name, got, err, tt.err)
		}
	}
}

func TestCheckEntries(t *testing.T) {
	a, b := tlog.RecordHash([]byte("a")), tlog.RecordHash([]byte("b"))
	data := append(a[:], b[:]...)
	if err := CheckEntries(data, [][]byte{[]byte("a"), []byte("b")}); err != nil {
		t.Error(err)
	}
	err := CheckEntries(data, [][]byte{[]byte("a"), []byte("c")})
	if err == nil || !strings.Contains(err.Error(), "entry 1 is not") {
		t.Errorf("another entry: %v", err)
	}
	if err := CheckEntries(data, make([][]byte, 3)); err == nil {
		t.Error("more entries than hashes passed")
	}
}

// What parses encodes again to the same bytes.
func FuzzParseBundle(f *testing.F) {
	f.Add([]byte{0, 1, 'a', 0, 2, 'b', 'c'}, 2)
	f.Add([]byte{0, 0}, 1)
	f.Add([]byte{0, 1, 'a', 0}, 1)
	f.Add([]byte{255, 255, 'a'}, 1)
	f.Fuzz(func(t *testing.T, b []byte, width int) {
		entries, err := ParseBundle(b, width)
		if err != nil {
			return
		}
		if len(entries) != width {
			t.Fatalf("%d entries, want %d", len(entries), width)
		}
		again, err := EncodeBundle(entries)
		if err != nil || !bytes.Equal(again, b) {
			t.Fatalf("%x parses and encodes again as %x, %v", b, again, err)
		}
	})
}
