package statement

import (
	"errors"
	"fmt"

	"github.com/sijil/sijil/internal/jcs"
	"github.com/sijil/sijil/log"
)

// maxPayloads bounds what one redaction takes away beside the name.
const maxPayloads = 1000

// Redaction is the statement by which a publisher says that one list entry is
// withheld from now on, in every version: its disclosure and the payloads of the
// records about it are served no more. Nothing takes it back.
type Redaction struct {
	Entry  string  `json:"entry"`  // commitment of the list entry
	Issued string  `json:"issued"` // the publisher's claim of when it was signed, RFC 3339 UTC
	Log    LogName `json:"log"`
	// Payloads are the digests of the records about the entry (endorsements,
	// enrolments, observations), sorted: what an audit need not find.
	Payloads    []log.Digest `json:"payloads"`
	Previous    log.Digest   `json:"previous"`
	Publication log.Digest   `json:"publication"`
	Sequence    int64        `json:"sequence"`
}

// Header returns the statement's place.
func (r *Redaction) Header() Header {
	return Header{Log: r.Log, Publication: r.Publication, Sequence: r.Sequence, Previous: r.Previous}
}

func (r *Redaction) predicateType() string { return TypeRedaction }

// subjects: the commitment, as the digest that it is, and the payloads' list.
func (r *Redaction) subjects() []subject {
	entry, err := commitmentDigest(r.Entry)
	if err != nil {
		return nil
	}
	doc, err := jcs.Marshal(r.Payloads)
	if err != nil {
		return nil
	}
	return []subject{newSubject(subjectEntry, entry), newSubject("payloads", log.Sum(doc))}
}

func (r *Redaction) check() error {
	if err := r.Header().check(); err != nil {
		return err
	}
	if err := checkIssued(r.Issued); err != nil {
		return err
	}
	if _, err := commitmentDigest(r.Entry); err != nil {
		return err
	}
	if r.Payloads == nil || len(r.Payloads) > maxPayloads {
		return fmt.Errorf("payloads: want a list of at most %d record digests", maxPayloads)
	}
	for i, d := range r.Payloads {
		if d.IsZero() {
			return errors.New("payloads: want record digests")
		}
		if i > 0 && r.Payloads[i-1].String() >= d.String() {
			return errors.New("payloads: they are sorted, and each stands once")
		}
	}
	return nil
}
