package log

import (
	"errors"
	"fmt"
	"slices"
	"time"

	fmtlog "github.com/transparency-dev/formats/log"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Policy says whose signatures a checkpoint needs. keys.Policy is one.
type Policy interface {
	// Origin is the log's origin: the name of its key and the first line of
	// its checkpoints.
	Origin() string
	// Verifier returns the verifier of the log or of a witness
	// (note.Verifiers); unknown ones are *note.UnknownVerifierError.
	Verifier(name string, hash uint32) (note.Verifier, error)
	// Check is given the signatures that verified, and reports what they amount
	// to, or which rule is not met. The log's own signature is always a rule.
	Check(sigs []note.Signature) (Quorum, error)
}

// Quorum is what a policy finds in the signatures of a note.
type Quorum struct {
	Witnesses []string  // names, in the policy, of those that have cosigned
	At        time.Time // see Checkpoint.Cosigned
}

// Checkpoint is a verified C2SP tlog-checkpoint: its signatures satisfied a
// policy. Only OpenCheckpoint makes one; the zero value is no checkpoint.
type Checkpoint struct {
	size   int64
	root   tlog.Hash
	quorum Quorum
	origin string
	note   []byte
}

// Size is the number of entries it covers.
func (c *Checkpoint) Size() int64 { return c.size }

// Root is the RFC 6962 Merkle tree hash of those entries.
func (c *Checkpoint) Root() tlog.Hash { return c.root }

// Witnesses is the number of witnesses whose cosignatures were verified.
func (c *Checkpoint) Witnesses() int { return len(c.quorum.Witnesses) }

// WitnessNames are their names in the policy.
func (c *Checkpoint) WitnessNames() []string { return slices.Clone(c.quorum.Witnesses) }

// Cosigned is the newest time T such that the cosignatures made at T or later
// satisfy the policy's quorum; zero where it asks for none.
func (c *Checkpoint) Cosigned() time.Time { return c.quorum.At }

// Origin is the log's name.
func (c *Checkpoint) Origin() string { return c.origin }

// Note returns the signed note's bytes.
func (c *Checkpoint) Note() []byte { return append([]byte(nil), c.note...) }

// OpenCheckpoint verifies a signed note against the policy and parses it. Lines
// after the root (tlog-checkpoint calls them extensions) are refused: this log
// writes none.
func OpenCheckpoint(b []byte, p Policy) (*Checkpoint, error) {
	n, err := openNote(b, p)
	if err != nil {
		return nil, fmt.Errorf("checkpoint: %w", err)
	}
	quorum, err := p.Check(n.Sigs)
	if err != nil {
		return nil, fmt.Errorf("checkpoint: %w", err)
	}
	size, root, err := parseCheckpoint(n.Text, p.Origin())
	if err != nil {
		return nil, fmt.Errorf("checkpoint: %w", err)
	}
	return &Checkpoint{size: size, root: root, quorum: quorum, origin: p.Origin(), note: append([]byte(nil), b...)}, nil
}

// CheckpointText is the unsigned text of a checkpoint.
func CheckpointText(origin string, size int64, root tlog.Hash) string {
	return string(fmtlog.Checkpoint{Origin: origin, Size: uint64(size), Hash: root[:]}.Marshal())
}

// SignCheckpoint makes the signed note; signer's name must be the origin.
func SignCheckpoint(signer note.Signer, size int64, root tlog.Hash) ([]byte, error) {
	b, err := note.Sign(&note.Note{Text: CheckpointText(signer.Name(), size, root)}, signer)
	if err != nil {
		return nil, fmt.Errorf("sign checkpoint: %w", err)
	}
	return b, nil
}

func parseCheckpoint(text, origin string) (size int64, root tlog.Hash, err error) {
	var c fmtlog.Checkpoint
	rest, err := c.Unmarshal([]byte(text))
	if err != nil {
		return 0, root, err
	}
	if c.Origin != origin {
		return 0, root, fmt.Errorf("origin is %q, want %q", clip(c.Origin), origin)
	}
	if len(rest) > 0 {
		return 0, root, errors.New("unexpected lines after the root hash")
	}
	if len(c.Hash) != tlog.HashSize || c.Size > 1<<62 {
		return 0, root, errors.New("size or root hash out of range")
	}
	size, root = int64(c.Size), tlog.Hash(c.Hash)
	if CheckpointText(origin, size, root) != text {
		return 0, root, errors.New("not the one encoding of its values")
	}
	return size, root, nil
}
