package domain

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/sijil/sijil/internal/signatory"
	"github.com/sijil/sijil/log"
)

// Kind is what a line says.
type Kind string

// The kinds. The zero Kind is none.
const (
	Endorsement Kind = "endorsement" // we endorse this version
	Withdrawal  Kind = "withdrawal"  // we endorsed this version and no longer do
	Denial      Kind = "denial"      // we are listed there and never endorsed it
	Key         Kind = "key"         // statements under this key are ours, for this entry
)

const (
	maxLine    = 300 // bytes; the longest line that there is has fewer
	maxVersion = 999_999_999
)

// Line is one thing that a domain says of one entry of a publication's signatory list.
// A key line has no version and no record; the other kinds have no key.
type Line struct {
	Kind Kind
	// Publication is the digest of its genesis record.
	Publication log.Digest
	// Version, 1 to 999,999,999, and Record, the digest of its record.
	Version int
	Record  log.Digest
	// Entry is the commitment to the list's entry, 43 characters of base64url.
	Entry string
	// Key is the SHA-256 of a public key's DER SubjectPublicKeyInfo.
	Key log.Digest
}

// String returns the line as it stands in a file or TXT record, without a line end.
func (l Line) String() string {
	if l.Kind == Key {
		return fmt.Sprintf("sijil-key/v1 publication=%s entry=%s key=%s", l.Publication, l.Entry, l.Key)
	}
	return fmt.Sprintf("sijil-%s/v1 publication=%s version=%d record=%s entry=%s", l.Kind, l.Publication, l.Version, l.Record, l.Entry)
}

// ParseLine accepts exactly what String writes of a valid line. Its errors name the
// rule that is broken and repeat nothing of s.
func ParseLine(s string) (Line, error) {
	if len(s) > maxLine {
		return Line{}, fmt.Errorf("longer than %d bytes", maxLine)
	}
	words := strings.Split(s, " ")
	l := Line{Kind: Kind(strings.TrimSuffix(strings.TrimPrefix(words[0], "sijil-"), "/v1"))}
	members := []member{{"publication", digest(&l.Publication)}, {"version", l.setVersion}, {"record", digest(&l.Record)}, {"entry", l.setEntry}}
	switch l.Kind {
	case Endorsement, Withdrawal, Denial:
	case Key:
		members = []member{members[0], members[3], {"key", digest(&l.Key)}}
	default:
		return Line{}, errors.New("not sijil-endorsement/v1, sijil-withdrawal/v1, sijil-denial/v1 or sijil-key/v1")
	}
	if len(words) != 1+len(members) {
		return Line{}, fmt.Errorf("not %d members with one space before each", len(members))
	}
	for i, m := range members {
		value, ok := strings.CutPrefix(words[i+1], m.name+"=")
		if !ok {
			return Line{}, fmt.Errorf("member %d is not %s=", i+1, m.name)
		}
		if err := m.set(value); err != nil {
			return Line{}, fmt.Errorf("%s: %w", m.name, err)
		}
	}
	if l.String() != s {
		return Line{}, errors.New("not the one spelling of this line")
	}
	return l, nil
}

// member reads one member of a line.
type member struct {
	name string
	set  func(value string) error
}

func digest(d *log.Digest) func(string) error {
	return func(s string) error {
		got, err := log.ParseDigest(s)
		if err != nil || got.IsZero() {
			return errors.New("not sha256: and the 64 lower-case hex digits of a digest")
		}
		*d = got
		return nil
	}
}

func (l *Line) setVersion(s string) error {
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > maxVersion {
		return fmt.Errorf("not a number from 1 to %d", maxVersion)
	}
	l.Version = n
	return nil
}

func (l *Line) setEntry(s string) error {
	if !signatory.IsCommitment(s) {
		return errors.New("not a commitment, 43 characters of base64url")
	}
	l.Entry = s
	return nil
}

// said is what a file or record set says.
type said struct {
	lines  []Line
	faults []string
}

// read reads texts of one line each; what says the same again counts once. Lines of
// other programs are ignored; one that is meant for this one, and is none, is a fault.
func read(texts []string) (said, error) {
	var s said
	seen := map[Line]bool{}
	for i, text := range texts {
		l, err := ParseLine(text)
		switch {
		case err != nil && strings.HasPrefix(strings.ToLower(strings.TrimSpace(text)), "sijil-") && len(s.faults) < maxFaults:
			s.faults = append(s.faults, fmt.Sprintf("line %d: %v", i+1, err))
		case err != nil || seen[l]:
		case len(s.lines) == maxLines:
			return said{}, fmt.Errorf("%w: more than %d lines", ErrRefused, maxLines)
		default:
			seen[l] = true
			s.lines = append(s.lines, l)
		}
	}
	return s, nil
}

// texts parts a file into its lines. Editors write a byte order mark before a file and
// CR LF after its lines; neither is part of a line.
func texts(body []byte) []string {
	body = bytes.TrimPrefix(body, []byte("\ufeff"))
	out := strings.Split(string(body), "\n")
	for i := range out {
		out[i] = strings.TrimSuffix(out[i], "\r")
	}
	return out
}
