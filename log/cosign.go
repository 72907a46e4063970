package log

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	cosignature "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
)

// Cosign adds to a signed checkpoint those of a witness's signature lines that
// verify over it and are of a witness in the policy. Of two cosignatures of one
// witness the newer one stays. The log's line comes first, the others follow in
// the order of their names. One bad line does not spoil the others: faults says
// what was left out, and why.
func Cosign(checkpoint, lines []byte, p Policy) (out []byte, faults []error, err error) {
	n, err := openNote(checkpoint, p)
	if err != nil {
		return nil, nil, fmt.Errorf("checkpoint: %w", err)
	}
	sigs := n.Sigs
	for line := range strings.Lines(string(lines)) {
		s, err := openLine(n.Text, line, p)
		if err == nil {
			sigs, err = addSignature(sigs, s)
		}
		if err != nil {
			faults = append(faults, err)
		}
	}
	slices.SortStableFunc(sigs, func(a, b note.Signature) int {
		return strings.Compare(order(a, p), order(b, p))
	})
	out, err = note.Sign(&note.Note{Text: n.Text, Sigs: sigs})
	return out, faults, err
}

// order puts the log's own signature before all others.
func order(s note.Signature, p Policy) string {
	if s.Name == p.Origin() {
		return ""
	}
	return fmt.Sprintf("%s %08x", s.Name, s.Hash)
}

// openLine verifies one signature line over a note's text.
func openLine(text, line string, p Policy) (note.Signature, error) {
	const most = 8 << 10 // one of ML-DSA-44 has 3.3 KB
	if len(line) > most {
		return note.Signature{}, fmt.Errorf("a signature line of %d bytes", len(line))
	}
	n, err := openNote([]byte(text+"\n"+strings.TrimSuffix(line, "\n")+"\n"), p)
	switch {
	case errors.Is(err, errUnknownKeys):
		return note.Signature{}, errors.New("a signature line by a key that is not in the policy")
	case err != nil:
		return note.Signature{}, errors.New("a signature line that is malformed, or does not verify over this checkpoint")
	case len(n.Sigs) != 1 || n.Sigs[0].Name == p.Origin():
		return note.Signature{}, errors.New("a signature line that is no cosignature")
	}
	return n.Sigs[0], nil
}

func addSignature(sigs []note.Signature, s note.Signature) ([]note.Signature, error) {
	i := slices.IndexFunc(sigs, func(o note.Signature) bool { return o.Name == s.Name && o.Hash == s.Hash })
	if i < 0 {
		return append(slices.Clone(sigs), s), nil
	}
	old, err := cosignedAt(sigs[i])
	if err != nil {
		return sigs, err
	}
	at, err := cosignedAt(s)
	if err != nil || !at.After(old) {
		return sigs, err
	}
	sigs = slices.Clone(sigs)
	sigs[i] = s
	return sigs, nil
}

func cosignedAt(s note.Signature) (time.Time, error) {
	t, err := cosignature.CoSigV1Timestamp(s)
	if err != nil {
		return t, fmt.Errorf("cosignature of %q: %w", clip(s.Name), err)
	}
	return t, nil
}
