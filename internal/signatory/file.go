package signatory

import (
	"errors"
	"fmt"

	"github.com/sijil/sijil/internal/jcs"
)

// file is signatories.json. Its bytes are RFC 8785 and nothing else, no final
// newline: the same single rule as for every other JSON document here.
type file struct {
	Commitments Commitments `json:"commitments"`
	Disclosures []*string   `json:"disclosures"`
}

// Encode returns the public file signatories.json.
func (l *List) Encode() ([]byte, error) {
	f := file{Commitments: l.Commitments(), Disclosures: make([]*string, len(l.disclosures))}
	for i, d := range l.disclosures {
		if d != "" {
			s := string(d)
			f.Disclosures[i] = &s
		}
	}
	b, err := jcs.Marshal(f)
	if err != nil {
		return nil, fmt.Errorf("signatories.json: %w", err)
	}
	return b, nil
}

// Parse reads a signatories.json and opens it.
func Parse(b []byte) (*List, error) {
	if len(b) > MaxFile {
		return nil, fmt.Errorf("signatories.json: %d bytes, at most %d", len(b), MaxFile)
	}
	var f file
	if err := jcs.Unmarshal(b, &f); err != nil {
		return nil, fmt.Errorf("signatories.json: %w", err)
	}
	if f.Commitments == nil || f.Disclosures == nil {
		return nil, errors.New("signatories.json: null is not a list")
	}
	d := make([]Disclosure, len(f.Disclosures))
	for i, s := range f.Disclosures {
		switch {
		case s == nil:
		case *s == "":
			return nil, fmt.Errorf("signatories.json: entry %d: an empty disclosure; a withheld one is null", i+1)
		default:
			d[i] = Disclosure(*s)
		}
	}
	l, err := Open(f.Commitments, d)
	if err != nil {
		return nil, fmt.Errorf("signatories.json: %w", err)
	}
	return l, nil
}
