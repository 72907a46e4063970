package signatory

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"

	"github.com/sijil/sijil/internal/jcs"
)

// Limits of a whole list.
const (
	MaxSignatories = 10_000
	MaxFile        = 8 << 20 // bytes of a signatories.json
)

// digestSize is the length of a commitment: base64url of 32 bytes.
const digestSize = 43

// Commitments are the digests of a list's disclosures, in list order.
type Commitments []string

// Commit returns the commitments of d. A withheld ("") disclosure has none and
// is an error: use List.Commitments for a list that was opened.
func Commit(d []Disclosure) (Commitments, error) {
	c := make(Commitments, len(d))
	for i := range d {
		if d[i] == "" {
			return nil, fmt.Errorf("entry %d: no disclosure to commit to", i+1)
		}
		c[i] = d[i].Digest()
	}
	if err := c.validate(); err != nil {
		return nil, err
	}
	return c, nil
}

// Document returns the commitments document, whose SHA-256 is the statement
// subject "signatories". An empty list is the two bytes [].
func (c Commitments) Document() []byte {
	out := make([]byte, 0, 2+len(c)*(digestSize+3))
	out = append(out, '[')
	for i, digest := range c {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, '"')
		out = append(out, digest...) // base64url needs no escapes
		out = append(out, '"')
	}
	return append(out, ']')
}

// ParseCommitments reads a commitments document.
func ParseCommitments(b []byte) (Commitments, error) {
	if limit := 2 + MaxSignatories*(digestSize+3); len(b) > limit {
		return nil, fmt.Errorf("commitments: %d bytes, at most %d", len(b), limit)
	}
	var c Commitments
	if err := jcs.Unmarshal(b, &c); err != nil {
		return nil, fmt.Errorf("commitments: %w", err)
	}
	if c == nil {
		return nil, errors.New("commitments: null is not a list")
	}
	if err := c.validate(); err != nil {
		return nil, fmt.Errorf("commitments: %w", err)
	}
	return c, nil
}

func (c Commitments) validate() error {
	if len(c) > MaxSignatories {
		return fmt.Errorf("%d entries, at most %d", len(c), MaxSignatories)
	}
	seen := make(map[string]int, len(c))
	for i, digest := range c {
		if !IsCommitment(digest) {
			return fmt.Errorf("entry %d: %.60q is not a SHA-256 digest in base64url", i+1, digest)
		}
		if first, ok := seen[digest]; ok {
			return fmt.Errorf("entry %d: the same commitment as entry %d", i+1, first)
		}
		seen[digest] = i + 1
	}
	return nil
}

// IsCommitment reports whether s is the one spelling of a SHA-256 digest in base64url,
// which an entry's commitment is.
func IsCommitment(s string) bool {
	raw, err := base64.RawURLEncoding.DecodeString(s)
	return err == nil && len(raw) == 32 && base64.RawURLEncoding.EncodeToString(raw) == s
}

// Entry is one line of an opened list. Of a withheld entry the commitment alone
// is known and Signatory is zero.
type Entry struct {
	Signatory  Signatory
	Commitment string
	Withheld   bool
}

// List is what a version's record commits to, joined with the disclosures that
// are still public. Only Open and Parse make one, so each entry of a List has
// been found to hash to its commitment. Whether the commitments are those of a
// record is for the caller to check, by the digest of their document.
type List struct {
	entries     []Entry
	disclosures []Disclosure
}

// Open joins the commitments with their disclosures, "" for a withheld one.
func Open(c Commitments, d []Disclosure) (*List, error) {
	if err := c.validate(); err != nil {
		return nil, fmt.Errorf("signatory list: %w", err)
	}
	if len(d) != len(c) {
		return nil, fmt.Errorf("signatory list: %d disclosures for %d commitments", len(d), len(c))
	}
	l := &List{entries: make([]Entry, len(c)), disclosures: slices.Clone(d)}
	size := len(`{"commitments":[],"disclosures":[]}`)
	for i, digest := range c {
		l.entries[i] = Entry{Commitment: digest, Withheld: d[i] == ""}
		size += digestSize + len(d[i]) + len(`"",null,`)
		if d[i] == "" {
			continue
		}
		parsed, s, _, err := ParseDisclosure(string(d[i]))
		if err != nil {
			return nil, fmt.Errorf("signatory list: entry %d: %w", i+1, err)
		}
		if parsed.Digest() != digest {
			return nil, fmt.Errorf("signatory list: entry %d: the disclosure does not hash to its commitment", i+1)
		}
		l.entries[i].Signatory = s
	}
	if size > MaxFile {
		return nil, fmt.Errorf("signatory list: about %d bytes, at most %d", size, MaxFile)
	}
	return l, nil
}

// Entries returns the list in order.
func (l *List) Entries() []Entry { return slices.Clone(l.entries) }

// Len returns the number of entries, withheld ones included.
func (l *List) Len() int { return len(l.entries) }

// Disclosures returns the disclosures in order, "" for a withheld one.
func (l *List) Disclosures() []Disclosure { return slices.Clone(l.disclosures) }

// Commitments returns the commitments in order.
func (l *List) Commitments() Commitments {
	c := make(Commitments, len(l.entries))
	for i := range l.entries {
		c[i] = l.entries[i].Commitment
	}
	return c
}

// Withhold returns a copy of the list without the disclosure of the entry with
// this commitment. The name and its salt are gone from the copy and from its
// encoding; to withhold it for good, every other copy has to be deleted too.
func (l *List) Withhold(commitment string) (*List, error) {
	for i := range l.entries {
		if l.entries[i].Commitment != commitment {
			continue
		}
		out := &List{entries: l.Entries(), disclosures: l.Disclosures()}
		out.entries[i] = Entry{Commitment: commitment, Withheld: true}
		out.disclosures[i] = ""
		return out, nil
	}
	return nil, fmt.Errorf("signatory list: no entry has the commitment %.60q", commitment)
}
