package log

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// HeadType is the first line of every head. No host name holds a colon, so a
// head can never be read as a checkpoint, though the same key signs both.
const HeadType = "urn:sijil:head:v1"

// Head is the log's signed claim which record of a publication was the newest
// in a tree of a given size. Two heads that cannot both be true prove that the
// log misbehaved (see Conflicts).
type Head struct {
	Origin   string // the log's
	Genesis  Digest // the publication
	Record   Digest // its newest record
	Index    int64  // that record's log index
	TreeSize int64  // of the checkpoint the claim is about; Index < TreeSize
}

// VerifiedHead is a head whose signature by the log's key was verified. Only
// OpenHead makes one.
type VerifiedHead struct {
	head Head
	note []byte
}

// Head returns the claim.
func (v *VerifiedHead) Head() Head { return v.head }

// Note returns the signed note's bytes.
func (v *VerifiedHead) Note() []byte { return append([]byte(nil), v.note...) }

// Text is the unsigned text, one value a line.
func (h Head) Text() string {
	return fmt.Sprintf("%s\n%s\n%s\n%s\n%d\n%d\n", HeadType, h.Origin, h.Genesis, h.Record, h.Index, h.TreeSize)
}

// SignHead makes the signed note; the signer's name becomes the origin.
func SignHead(signer note.Signer, h Head) ([]byte, error) {
	h.Origin = signer.Name()
	b, err := note.Sign(&note.Note{Text: h.Text()}, signer)
	if err != nil {
		return nil, fmt.Errorf("sign head: %w", err)
	}
	return b, nil
}

// OpenHead verifies the log's signature and parses the head.
func OpenHead(b []byte, p Policy) (*VerifiedHead, error) {
	n, err := openLogNote(b, p)
	if err != nil {
		return nil, fmt.Errorf("head: %w", err)
	}
	h, err := parseHead(n.Text)
	if err != nil {
		return nil, fmt.Errorf("head: %w", err)
	}
	if h.Origin != p.Origin() {
		return nil, fmt.Errorf("head: origin is %q, want %q", clip(h.Origin), p.Origin())
	}
	return &VerifiedHead{head: h, note: append([]byte(nil), b...)}, nil
}

// Conflicts reports whether two heads of one log and publication cannot both be
// true: the newest record of a larger tree has no smaller index, one index holds
// one record, and one record stands at one index.
func (h Head) Conflicts(other Head) bool {
	if h.Origin != other.Origin || h.Genesis != other.Genesis {
		return false
	}
	small, large := h, other
	if small.TreeSize > large.TreeSize {
		small, large = large, small
	}
	switch {
	case small.Index > large.Index:
		return true
	case small.Index == large.Index:
		return small.Record != large.Record
	case small.TreeSize == large.TreeSize, small.Record == large.Record:
		return true
	default:
		// The larger tree's record must be one that the smaller tree had not.
		return large.Index < small.TreeSize
	}
}

func parseHead(text string) (Head, error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 7 || lines[6] != "" {
		return Head{}, errors.New("want six lines")
	}
	if lines[0] != HeadType {
		return Head{}, fmt.Errorf("first line is %q, want %q", clip(lines[0]), HeadType)
	}
	h := Head{Origin: lines[1]}
	var err error
	if h.Genesis, err = ParseDigest(lines[2]); err != nil {
		return Head{}, fmt.Errorf("genesis: %w", err)
	}
	if h.Record, err = ParseDigest(lines[3]); err != nil {
		return Head{}, fmt.Errorf("record: %w", err)
	}
	if h.Genesis.IsZero() || h.Record.IsZero() {
		return Head{}, errors.New("genesis or record: zeros are no digest")
	}
	if h.Index, err = strconv.ParseInt(lines[4], 10, 64); err != nil {
		return Head{}, fmt.Errorf("log index: %q is no number", clip(lines[4]))
	}
	if h.TreeSize, err = strconv.ParseInt(lines[5], 10, 64); err != nil {
		return Head{}, fmt.Errorf("tree size: %q is no number", clip(lines[5]))
	}
	if h.Index < 0 || h.TreeSize <= h.Index {
		return Head{}, fmt.Errorf("log index %d is not inside a tree of %d", h.Index, h.TreeSize)
	}
	if h.Text() != text {
		return Head{}, errors.New("not the one encoding of its values")
	}
	return h, nil
}
