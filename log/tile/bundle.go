package tile

import (
	"encoding/binary"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// AppendEntry appends an entry to an entry bundle and returns it.
func AppendEntry(bundle, entry []byte) ([]byte, error) {
	if len(entry) > MaxEntry {
		return nil, fmt.Errorf("entry bundle: an entry of %d bytes, at most %d", len(entry), MaxEntry)
	}
	bundle = binary.BigEndian.AppendUint16(bundle, uint16(len(entry)))
	return append(bundle, entry...), nil
}

// EncodeBundle encodes 1 to 256 entries.
func EncodeBundle(entries [][]byte) ([]byte, error) {
	if len(entries) < 1 || len(entries) > Width {
		return nil, fmt.Errorf("entry bundle: %d entries, want 1 to %d", len(entries), Width)
	}
	size := 0
	for _, e := range entries {
		size += 2 + len(e)
	}
	bundle := make([]byte, 0, size)
	for i, e := range entries {
		var err error
		if bundle, err = AppendEntry(bundle, e); err != nil {
			return nil, fmt.Errorf("entry %d: %w", i, err)
		}
	}
	return bundle, nil
}

// ParseBundle reads an entry bundle of exactly width entries, with nothing
// after them. The entries share the bundle's memory.
func ParseBundle(bundle []byte, width int) ([][]byte, error) {
	entries, rest, err := CutBundle(bundle, width)
	if err != nil {
		return nil, err
	}
	if len(rest) > 0 {
		return nil, fmt.Errorf("entry bundle: %d bytes after entry %d, the last", len(rest), width-1)
	}
	return entries, nil
}

// CutBundle reads the first width entries of an entry bundle, and returns what
// follows them: a partial bundle is the beginning of every wider one.
func CutBundle(bundle []byte, width int) (entries [][]byte, rest []byte, err error) {
	if width < 1 || width > Width {
		return nil, nil, fmt.Errorf("entry bundle: width %d, want 1 to %d", width, Width)
	}
	entries = make([][]byte, 0, width)
	for i := range width {
		if len(bundle) < 2 {
			return nil, nil, fmt.Errorf("entry bundle: ends before entry %d of %d", i, width)
		}
		n := int(binary.BigEndian.Uint16(bundle))
		bundle = bundle[2:]
		if len(bundle) < n {
			return nil, nil, fmt.Errorf("entry bundle: entry %d has %d of its %d bytes", i, len(bundle), n)
		}
		entries = append(entries, bundle[:n:n])
		bundle = bundle[n:]
	}
	return entries, bundle, nil
}

// CheckEntries checks that the entries hash to data, the bytes of an
// authenticated tile of level 0, one by one from its first.
func CheckEntries(data []byte, entries [][]byte) error {
	if len(data) < len(entries)*tlog.HashSize {
		return fmt.Errorf("entry bundle: %d entries under a tile of %d bytes", len(entries), len(data))
	}
	for i, e := range entries {
		if tlog.RecordHash(e) != tlog.Hash(data[i*tlog.HashSize:][:tlog.HashSize]) {
			return fmt.Errorf("entry bundle: entry %d is not the one that the tree holds", i)
		}
	}
	return nil
}
