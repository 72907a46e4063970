package endorsement

import (
	"bytes"
	"errors"
	"fmt"
)

// PartRecords is how many records a full part of a publication's document has. No part is
// then larger than what clients take (16 MiB in a browser), as long as no line is larger than
// 32 KiB: a service takes in no record that could become one (MaxBundle).
const PartRecords = 500

// MaxBundle bounds the bundle of a record without its log entry, in bytes. The longest claim
// takes some 13,000; entry, proof and cosignatures add to it in the document.
const MaxBundle = 24 << 10

// MaxParts and MaxBytes bound what a reader takes of one publication's document: a million
// records, in 1 GiB.
const (
	MaxParts = 2_000
	MaxBytes = 1 << 30
)

var (
	// ErrNoPart: a part is full, and the one after it is not there.
	ErrNoPart = errors.New("is missing, and the part before it is full")
	// ErrOrder: a record stands in the log before the one that it follows.
	ErrOrder = errors.New("stands in the log before the line that it follows")
	// ErrTooMuch: a document has more than MaxParts or MaxBytes.
	ErrTooMuch = fmt.Errorf("there are more records about this publication's list entries than are read: %d, in %d MiB. Let the publisher know: a roll of endorsers has room for more", MaxParts*PartRecords, MaxBytes>>20)
)

// Full reports whether a part has as many lines as a part may have, and another one follows.
// It is an error if it has more.
func Full(part []byte, most int) (bool, error) {
	lines := bytes.Count(part, []byte("\n"))
	if len(part) > 0 && part[len(part)-1] != '\n' {
		lines++
	}
	if lines > most {
		return true, fmt.Errorf("has %d lines, and a part has at most %d", lines, most)
	}
	return lines == most, nil
}
