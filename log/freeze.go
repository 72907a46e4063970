package log

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// FreezeType is the first line of every freeze note.
const FreezeType = "urn:sijil:freeze:v1"

// maxSuccessor bounds a successor's address, in bytes.
const maxSuccessor = 500

// Freeze is the log's signed statement that it has ended: no tree will ever be
// larger. Together with a checkpoint of a larger tree it proves that the log
// misbehaved.
type Freeze struct {
	Origin    string // the log's
	Size      int64  // of its last tree
	Root      tlog.Hash
	Successor string // the base address of the log that goes on; empty for none
}

// VerifiedFreeze is a freeze note whose signature by the log's key was verified.
// Only OpenFreeze makes one.
type VerifiedFreeze struct {
	freeze Freeze
	note   []byte
}

// Freeze returns the statement.
func (v *VerifiedFreeze) Freeze() Freeze { return v.freeze }

// Note returns the signed note's bytes.
func (v *VerifiedFreeze) Note() []byte { return append([]byte(nil), v.note...) }

// Text is the unsigned text, one value a line; "-" stands for no successor.
func (f Freeze) Text() string {
	successor := f.Successor
	if successor == "" {
		successor = "-"
	}
	return fmt.Sprintf("%s\n%s\n%d\n%s\n%s\n", FreezeType, f.Origin, f.Size, f.Root, successor)
}

// SignFreeze makes the signed note; the signer's name becomes the origin.
func SignFreeze(signer note.Signer, f Freeze) ([]byte, error) {
	f.Origin = signer.Name()
	if _, err := parseFreeze(f.Text()); err != nil {
		return nil, fmt.Errorf("sign freeze: %w", err)
	}
	b, err := note.Sign(&note.Note{Text: f.Text()}, signer)
	if err != nil {
		return nil, fmt.Errorf("sign freeze: %w", err)
	}
	return b, nil
}

// OpenFreeze verifies the log's signature and parses the note.
func OpenFreeze(b []byte, p Policy) (*VerifiedFreeze, error) {
	n, err := openLogNote(b, p)
	if err != nil {
		return nil, fmt.Errorf("freeze: %w", err)
	}
	f, err := parseFreeze(n.Text)
	if err != nil {
		return nil, fmt.Errorf("freeze: %w", err)
	}
	if f.Origin != p.Origin() {
		return nil, fmt.Errorf("freeze: origin is %q, want %q", clip(f.Origin), p.Origin())
	}
	return &VerifiedFreeze{freeze: f, note: append([]byte(nil), b...)}, nil
}

// Conflicts reports whether the log, having said this, cannot have signed the
// checkpoint: a larger tree, or another one of the same size.
func (f Freeze) Conflicts(c *Checkpoint) bool {
	return f.Origin == c.Origin() && (c.Size() > f.Size || c.Size() == f.Size && c.Root() != f.Root)
}

func parseFreeze(text string) (Freeze, error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 6 || lines[5] != "" {
		return Freeze{}, errors.New("want five lines")
	}
	if lines[0] != FreezeType {
		return Freeze{}, fmt.Errorf("first line is %q, want %q", clip(lines[0]), FreezeType)
	}
	f := Freeze{Origin: lines[1], Successor: lines[4]}
	var err error
	if f.Size, err = strconv.ParseInt(lines[2], 10, 64); err != nil || f.Size < 0 {
		return Freeze{}, fmt.Errorf("tree size: %q is no number", clip(lines[2]))
	}
	root, err := base64.StdEncoding.DecodeString(lines[3])
	if err != nil || len(root) != tlog.HashSize {
		return Freeze{}, errors.New("root hash: want 32 bytes in base64")
	}
	f.Root = tlog.Hash(root)
	if f.Successor == "-" {
		f.Successor = ""
	} else if err := checkSuccessor(f.Successor); err != nil {
		return Freeze{}, err
	}
	if f.Text() != text {
		return Freeze{}, errors.New("not the one encoding of its values")
	}
	return f, nil
}

func checkSuccessor(s string) error {
	u, err := url.Parse(s)
	if err != nil || len(s) > maxSuccessor || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" ||
		u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || u.String() != s {
		return fmt.Errorf("successor %q: want https://HOST or http://HOST", clip(s))
	}
	return nil
}
