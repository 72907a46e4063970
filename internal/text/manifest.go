package text

import (
	"encoding/binary"
	"fmt"
	"unicode/utf8"
)

// A C2PA text manifest (C2PA specification, appendix A.8) is U+FEFF and a run of
// variation selectors, each of which stands for one byte: a header of magic,
// version and length, and so many bytes more. It is left out as its characters
// are, but with one warning: a manifest of a few thousand bytes would fill the
// list of warnings and hide every other.
const (
	manifestMagic  = "C2PATXT\x00"
	manifestHeader = len(manifestMagic) + 1 + 4
)

// skip leaves out the code point of class c at i, of n bytes, and what belongs to
// it. It returns where to go on.
func (s *scanner) skip(i, n int, c class) int {
	if c != cWarn {
		return i + n
	}
	bom := n == 3 && s.b[i] == 0xef && s.b[i+1] == 0xbb
	if bom && !s.first {
		if length, end := manifest(s.b[i+n:]); end > 0 {
			s.warning(Warning{CodeManifest, i, fmt.Sprintf("%d bytes", length)})
			return i + n + end
		}
	}
	// A byte order mark at the start is no news. Edition 0 took every character
	// that begins with the same byte for one.
	if i > 0 || !bom && !(s.first && n == 3 && s.b[i] == 0xef) {
		s.warn(CodeZeroWidth, i)
	}
	return i + n
}

// manifest returns the length that the manifest at the start of b, after its
// U+FEFF, gives for its content, and where it ends; 0 where there is none, or not
// all of it.
func manifest(b []byte) (length uint32, end int) {
	var header [manifestHeader]byte
	for k := range header {
		v, n := selector(b[end:])
		if n == 0 || k < len(manifestMagic) && v != manifestMagic[k] {
			return 0, 0
		}
		header[k] = v
		end += n
	}
	if header[len(manifestMagic)] != 1 {
		return 0, 0
	}
	length = binary.BigEndian.Uint32(header[len(manifestMagic)+1:])
	for range length {
		_, n := selector(b[end:])
		if n == 0 {
			return 0, 0
		}
		end += n
	}
	return length, end
}

// selector returns the byte that the variation selector at the start of b stands
// for, and its length in b; 0 if there is none.
func selector(b []byte) (byte, int) {
	r, n := utf8.DecodeRune(b)
	switch {
	case r >= 0xfe00 && r <= 0xfe0f:
		return byte(r - 0xfe00), n
	case r >= 0xe0100 && r <= 0xe01ef:
		return byte(r - 0xe0100 + 16), n
	}
	return 0, 0
}
