package log

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// maxNote bounds a signed note: a checkpoint with a hundred cosignatures is
// under 20 KB.
const maxNote = 64 << 10

// ErrNoPolicy is returned by every verification that is given no policy: whom
// to trust is always somebody's decision, never a default.
var ErrNoPolicy = errors.New("no witness policy given")

var errUnknownKeys = errors.New("not signed by a key in the policy")

// openNote verifies the signature lines of a C2SP signed-note whose keys the
// policy knows; there is at least one. Lines of unknown keys may stand beside them.
//
// sumdb/note reads base64 leniently: four or sixteen texts would carry the same
// signature. Here each line has one, as in the browser's verifier, so that a note
// in which any byte of a known line was changed is refused.
func openNote(b []byte, p Policy) (*note.Note, error) {
	if p == nil {
		return nil, ErrNoPolicy
	}
	if len(b) > maxNote {
		return nil, fmt.Errorf("signed note is over %d bytes", maxNote)
	}
	n, err := note.Open(b, p)
	if err != nil {
		var unverified *note.UnverifiedNoteError
		if errors.As(err, &unverified) {
			err = fmt.Errorf("%w for %q", errUnknownKeys, p.Origin())
		}
		return nil, err
	}
	for line := range strings.Lines(string(b[len(n.Text)+1:])) {
		sig := strings.TrimSuffix(line[strings.LastIndexByte(line, ' ')+1:], "\n")
		if _, err := base64.StdEncoding.Strict().DecodeString(sig); err != nil {
			return nil, errors.New("a signature line is not in its one base64 encoding")
		}
	}
	return n, nil
}

// openLogNote is openNote for what the log signs alone, and no witness.
func openLogNote(b []byte, p Policy) (*note.Note, error) {
	n, err := openNote(b, p)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(n.Sigs, func(s note.Signature) bool { return s.Name == p.Origin() }) {
		return nil, fmt.Errorf("not signed by the log %q", p.Origin())
	}
	return n, nil
}
