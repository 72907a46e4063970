package statement

import (
	"errors"
	"fmt"

	"github.com/sijil/sijil/internal/jcs"
	"github.com/sijil/sijil/log"
)

// MaxBatch is how many rows one batch has at most.
const MaxBatch = 10_000

// What a batch does to a roll.
const (
	BatchAdd      = "add"      // these endorse a version, the publisher says
	BatchWithdraw = "withdraw" // these no longer do
	BatchWithhold = "withhold" // the names of these are served no more, for ever
)

// Batch is the statement by which a publisher adds endorsers to the publication's roll,
// or ends or withholds some of its entries. It belongs to no chain; the batches of a roll
// follow one another by themselves. The rows are in a document of their own, by
// commitments alone.
type Batch struct {
	Change string  `json:"change"`
	Count  int     `json:"count"`  // rows of the document
	Issued string  `json:"issued"` // the publisher's claim of when it was signed, RFC 3339 UTC
	Log    LogName `json:"log"`
	Number int64   `json:"number"` // place in the roll, from 1
	// Previous is the record digest of the batch before; the genesis digest of the first.
	Previous    log.Digest `json:"previous"`
	Publication log.Digest `json:"publication"`
	// Reason says why, or on whose request. Of an addition it is optional.
	Reason string     `json:"reason,omitempty"`
	Rows   log.Digest `json:"rows"` // SHA-256 of the document
	// Version is what the added ones endorse; nil otherwise.
	Version *VersionName `json:"version,omitempty"`
}

func (b *Batch) predicateType() string { return TypeBatch }

// subjects: the document of rows, and the version's record.
func (b *Batch) subjects() []subject {
	out := []subject{newSubject("rows", b.Rows)}
	if b.Version != nil {
		out = append(out, newSubject("version", b.Version.Record))
	}
	return out
}

func (b *Batch) check() error {
	if err := b.Log.check(); err != nil {
		return err
	}
	if err := checkIssued(b.Issued); err != nil {
		return err
	}
	switch {
	case b.Publication.IsZero():
		return errors.New("publication: want the genesis digest")
	case b.Number < 1:
		return fmt.Errorf("number %d: want 1 or more", b.Number)
	case b.Previous.IsZero() || (b.Number == 1) != (b.Previous == b.Publication):
		return errors.New("previous: want the record digest of the batch before, or of the first the genesis digest")
	case b.Count < 1 || b.Count > MaxBatch:
		return fmt.Errorf("count %d: want 1 to %d rows", b.Count, MaxBatch)
	case b.Rows.IsZero():
		return errors.New("rows: want the SHA-256 of the document")
	}
	return b.checkChange()
}

func (b *Batch) checkChange() error {
	switch b.Change {
	case BatchAdd:
		if b.Version == nil || b.Version.Number < 1 || b.Version.Record.IsZero() {
			return errors.New("version: want the version that is endorsed, by number and record digest")
		}
		return checkLine("reason", b.Reason, maxReason)
	case BatchWithdraw, BatchWithhold:
		if b.Version != nil {
			return errors.New("version: only an addition names one")
		}
		return checkReason(b.Reason, "why, or on whose request")
	}
	return fmt.Errorf("change %q: want %s, %s or %s", clip(b.Change), BatchAdd, BatchWithdraw, BatchWithhold)
}

// EncodeBatch returns a batch's payload bytes, after checking every rule.
func EncodeBatch(b *Batch) ([]byte, error) { return encode(b) }

// ParseBatch reads a payload; it accepts exactly what EncodeBatch writes. ErrNoBatch: it
// is another statement.
func ParseBatch(payload []byte) (*Batch, error) {
	w, err := parseWire(payload)
	if err != nil {
		return nil, err
	}
	if w.PredicateType != TypeBatch {
		return nil, fmt.Errorf("%w: predicate type %q", ErrNoBatch, clip(w.PredicateType))
	}
	b := new(Batch)
	if err := jcs.Decode(w.Predicate, b); err != nil {
		return nil, fmt.Errorf("%s: %w", w.PredicateType, err)
	}
	return b, roundTrip(b, payload)
}

// ErrNoBatch: a statement is not a batch of a roll. The audit then asks what else it is.
var ErrNoBatch = errors.New("statement: not a batch")
