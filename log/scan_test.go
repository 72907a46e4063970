package log_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/log"
)

// sameScan fails unless a Scanner and ParseEntry say the same of b.
func sameScan(t *testing.T, s *log.Scanner, b []byte) bool {
	t.Helper()
	want, wantErr := log.ParseEntry(b)
	got, key, err := s.Scan(b)
	if (err == nil) != (wantErr == nil) {
		t.Fatalf("%q: the scanner says %v, ParseEntry %v", b, err, wantErr)
	}
	if err != nil {
		return false
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("%q: the scanner reads otherwise:\n%s", b, diff)
	}
	if !bytes.Equal(key.SPKI, want.Key) || key.Fingerprint != log.Sum(want.Key) {
		t.Fatalf("%q: the scanner has another key", b)
	}
	return true
}

// FuzzScanEntry: a Scanner reads what ParseEntry reads, and nothing else.
func FuzzScanEntry(f *testing.F) {
	var v entryVectors
	readVectors(f, "entry.json", &v)
	f.Add([]byte(v.Entry))
	for _, r := range v.Refused {
		f.Add([]byte(r.Entry))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var s log.Scanner
		sameScan(t, &s, b)
		sameScan(t, &s, b) // the second time with a known key
	})
}

// TestScanEveryByte changes, drops and doubles every byte of an entry.
func TestScanEveryByte(t *testing.T) {
	signer := logtest.NewSigner(t)
	signed, err := logtest.Sign(t, signer, []byte("{}")).VerifySignature(signer.Public().ECDSA())
	check(t, err)
	entry := signed.Leaf()
	var s log.Scanner
	if !sameScan(t, &s, entry) {
		t.Fatal("the entry does not parse")
	}
	for i := range entry {
		for _, c := range []byte{entry[i] ^ 1, '"', '=', '\n', '\\', 'A'} {
			changed := bytes.Clone(entry)
			changed[i] = c
			sameScan(t, &s, changed)
		}
		sameScan(t, &s, append(bytes.Clone(entry[:i]), entry[i+1:]...))
		sameScan(t, &s, append(bytes.Clone(entry[:i+1]), entry[i:]...))
		sameScan(t, &s, entry[:i])
	}
	sameScan(t, &s, []byte(strings.Replace(string(entry), "0.0.2", "0.0.1", 1)))
	sameScan(t, &s, append(bytes.Clone(entry), bytes.Repeat([]byte(" "), log.MaxEntry)...))
}

func BenchmarkScanEntry(b *testing.B) {
	signer := logtest.NewSigner(b)
	signed, err := logtest.Sign(b, signer, []byte("{}")).VerifySignature(signer.Public().ECDSA())
	check(b, err)
	entry := signed.Leaf()
	var s log.Scanner
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := s.Scan(entry); err != nil {
			b.Fatal(err)
		}
	}
}
