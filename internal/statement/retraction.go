package statement

import (
	"errors"
	"fmt"

	"github.com/sijil/sijil/log"
)

// Retraction is the statement by which a publisher withdraws one version, or
// the whole publication. Nothing takes it back.
type Retraction struct {
	Issued      string     `json:"issued"` // the publisher's claim of when it was signed, RFC 3339 UTC
	Log         LogName    `json:"log"`
	Previous    log.Digest `json:"previous"`
	Publication log.Digest `json:"publication"`
	Reason      string     `json:"reason"` // why, in the publisher's words
	Sequence    int64      `json:"sequence"`
	// Version names the version that is withdrawn. Absent: the whole publication.
	Version *VersionName `json:"version,omitempty"`
}

// VersionName names a version by its number and by its record, so that the
// statement says by itself what it withdraws.
type VersionName struct {
	Number int        `json:"number"`
	Record log.Digest `json:"record"`
}

// Header returns the statement's place.
func (r *Retraction) Header() Header {
	return Header{Log: r.Log, Publication: r.Publication, Sequence: r.Sequence, Previous: r.Previous}
}

// Target is the record that is withdrawn: a version's, or the genesis record for
// the whole publication.
func (r *Retraction) Target() log.Digest {
	if r.Version != nil {
		return r.Version.Record
	}
	return r.Publication
}

func (r *Retraction) predicateType() string { return TypeRetraction }

const subjectRetracted = "retracted"

// subjects: the record digest of what is withdrawn. It is the SHA-256 of that
// record's DSSE PAE, so that a stock client can be asked about it.
func (r *Retraction) subjects() []subject { return []subject{newSubject(subjectRetracted, r.Target())} }

func (r *Retraction) check() error {
	if err := r.Header().check(); err != nil {
		return err
	}
	switch v := r.Version; {
	case v != nil && (v.Number < 1 || int64(v.Number) >= r.Sequence):
		return fmt.Errorf("version: number %d: want that of a version before sequence number %d", v.Number, r.Sequence)
	case v != nil && (v.Record.IsZero() || v.Record == r.Publication):
		return errors.New("version: record: want the record digest of the version")
	}
	if err := checkIssued(r.Issued); err != nil {
		return err
	}
	return checkReason(r.Reason, "why it is withdrawn")
}
