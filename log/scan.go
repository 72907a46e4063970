package log

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/base64"
)

// The parts of an entry between its three values. An entry has one encoding, so
// everything else in it is fixed.
const (
	scanHead   = `{"apiVersion":"` + entryVersion + `","kind":"` + entryKind + `","spec":{"hashedRekordV002":{"data":{"algorithm":"SHA2_256","digest":"`
	scanSig    = `"},"signature":{"content":"`
	scanKey    = `","verifier":{"keyDetails":"` + keyDetails + `","publicKey":{"rawBytes":"`
	scanTail   = `"}}}}}}`
	digestText = 44 // characters of a digest in base64
)

// maxScanKeys bounds the keys that a Scanner keeps: about 2 MB. A log with more
// is read more slowly.
const maxScanKeys = 4096

// Scanner reads entries: exactly those that ParseEntry reads, with the same
// values, many times as fast. It parses each distinct key once. The zero
// value is ready. Not safe for concurrent use.
type Scanner struct {
	keys map[string]*Scanned // by the key's base64 text
	sig  []byte
}

// Scanned is a key as a Scanner met it.
type Scanned struct {
	Key  *ecdsa.PublicKey
	SPKI []byte
	// Fingerprint is the SHA-256 of SPKI.
	Fingerprint Digest
}

// Scan reads an entry. The entry's signature is valid until the next call.
func (s *Scanner) Scan(b []byte) (Entry, *Scanned, error) {
	if e, key, ok := s.fast(b); ok {
		return e, key, nil
	}
	// Whatever is unusual is left to the parser that explains.
	e, err := ParseEntry(b)
	if err != nil {
		return Entry{}, nil, err
	}
	key, err := newScanned(e.Key)
	if err != nil {
		return Entry{}, nil, err
	}
	return e, key, nil
}

func (s *Scanner) fast(b []byte) (e Entry, key *Scanned, ok bool) {
	if len(b) > MaxEntry {
		return e, nil, false
	}
	rest, ok := bytes.CutPrefix(b, []byte(scanHead))
	if !ok || len(rest) < digestText {
		return e, nil, false
	}
	var digest [33]byte // base64 writes whole groups of three
	if !strict(digest[:], rest[:digestText], len(e.Digest)) {
		return e, nil, false
	}
	e.Digest = Digest(digest[:len(e.Digest)])
	if rest, ok = bytes.CutPrefix(rest[digestText:], []byte(scanSig)); !ok {
		return e, nil, false
	}
	sig, rest, ok := bytes.Cut(rest, []byte(`"`))
	if !ok || len(sig) == 0 || e.Digest.IsZero() {
		return e, nil, false
	}
	if s.sig, ok = s.decode(sig); !ok {
		return e, nil, false
	}
	e.Signature = s.sig
	if rest, ok = bytes.CutPrefix(rest, []byte(scanKey[1:])); !ok {
		return e, nil, false
	}
	text, ok := bytes.CutSuffix(rest, []byte(scanTail))
	if !ok {
		return e, nil, false
	}
	if key = s.key(text); key == nil {
		return e, nil, false
	}
	e.Key = key.SPKI
	return e, key, true
}

// decode reads a signature into the scanner's buffer.
func (s *Scanner) decode(text []byte) ([]byte, bool) {
	buf := s.sig[:cap(s.sig)]
	if need := base64.StdEncoding.DecodedLen(len(text)); len(buf) < need {
		buf = make([]byte, max(need, 96))
	}
	n, err := base64.StdEncoding.Decode(buf, text)
	if err != nil || !sameText(text, buf[:n]) {
		return s.sig, false
	}
	return buf[:n], true
}

// key returns the key of a base64 text, or nil if it is none.
func (s *Scanner) key(text []byte) *Scanned {
	if k, ok := s.keys[string(text)]; ok {
		return k
	}
	spki, err := base64.StdEncoding.DecodeString(string(text))
	if err != nil || !sameText(text, spki) {
		return nil
	}
	k, err := newScanned(spki)
	if err != nil {
		return nil
	}
	if s.keys == nil || len(s.keys) >= maxScanKeys {
		s.keys = make(map[string]*Scanned)
	}
	s.keys[string(text)] = k
	return k
}

func newScanned(spki []byte) (*Scanned, error) {
	key, err := ParseKey(spki)
	if err != nil {
		return nil, err
	}
	return &Scanned{Key: key, SPKI: spki, Fingerprint: sha256.Sum256(spki)}, nil
}

// strict decodes text into dst and reports whether it is the one base64 text of
// want bytes.
func strict(dst, text []byte, want int) bool {
	n, err := base64.StdEncoding.Decode(dst, text)
	return err == nil && n == want && sameText(text, dst[:n])
}

// sameText reports whether text is the one base64 text of b: the decoder
// overlooks line ends and trailing bits.
func sameText(text, b []byte) bool {
	var small [256]byte
	out := small[:]
	if n := base64.StdEncoding.EncodedLen(len(b)); n != len(text) {
		return false
	} else if n > len(out) {
		out = make([]byte, n)
	}
	base64.StdEncoding.Encode(out, b)
	return bytes.Equal(out[:len(text)], text)
}
