// Package statement holds the predicates that records are made of: in-toto
// Statement v1 documents, parsed strictly and encoded in one way (RFC 8785).
//
// A genesis record's payload, for example (one line in reality):
//
//	{"_type":"https://in-toto.io/Statement/v1",
//	 "predicate":{"log":{"keyId":"sha256:…","origin":"log.example"},
//	              "policy":{"keys":["MFkw…"],"recoveryKeys":[],"threshold":1},
//	              "slug":"river","title":{"en":"River Declaration"}},
//	 "predicateType":"urn:sijil:publication:v1",
//	 "subject":[{"digest":{"sha256":"…"},"name":"policy"}]}
//
// Parse accepts exactly what Encode writes. Statements say nothing about who
// signed them or where they stand in a chain; see package chain.
package statement

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/sijil/sijil/internal/jcs"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// MaxPayload bounds a statement, in bytes.
const MaxPayload = 1 << 20

const statementType = "https://in-toto.io/Statement/v1"

// Predicate types of the statements this edition reads.
const (
	TypePublication = "urn:sijil:publication:v1"
	TypeVersion     = "urn:sijil:version:v1"
	TypePolicy      = "urn:sijil:policy:v1"
	TypeRecovery    = "urn:sijil:recovery:v1"
	TypeRetraction  = "urn:sijil:retraction:v1"
	TypeRedaction   = "urn:sijil:redaction:v1"
	TypeEndorsement = "urn:sijil:endorsement:v1"
	TypeWithdrawal  = "urn:sijil:withdrawal:v1"
	TypeDenial      = "urn:sijil:denial:v1"
	TypeEnrolment   = "urn:sijil:enrolment:v1"
	TypeObservation = "urn:sijil:observation:v1"
	TypeRelease     = "urn:sijil:release:v1"
	TypeBatch       = "urn:sijil:batch:v1"
)

// Statement is a statement of a chain: a *Publication, a *Version, a
// *PolicyChange, a *Recovery, a *Retraction or a *Redaction.
type Statement interface {
	// Header returns what every statement of a chain says.
	Header() Header
	document
}

// document is any statement: of a chain, a Claim, a Sighting, a *Batch, or a *Release.
type document interface {
	// Subjects are the digests the statement is about; see the formats page.
	subjects() []subject
	predicateType() string
	check() error
}

// ordered is a document that gives its members in the order of RFC 8785, which takes one
// pass to encode.
type ordered interface{ inOrder() any }

// Header is the part common to all statements of a chain. Publication and
// Previous are zero, and Sequence is 0, in the genesis record alone.
type Header struct {
	Log         LogName
	Publication log.Digest // genesis record digest
	Sequence    int64
	Previous    log.Digest // record digest of the record before
}

// LogName says which log a statement is meant for.
type LogName struct {
	KeyID  log.Digest `json:"keyId"`
	Origin string     `json:"origin"`
}

// NameOf returns the name of a log with this key.
func NameOf(k *keys.LogKey) LogName { return LogName{KeyID: k.ID(), Origin: k.Origin()} }

type subject struct {
	Digest subjectDigest `json:"digest"`
	Name   string        `json:"name"`
}

type subjectDigest struct {
	SHA256 string `json:"sha256"`
}

// wireOut is wire with the predicate as a value, to be encoded in one go.
type wireOut struct {
	Type          string    `json:"_type"`
	Predicate     any       `json:"predicate"`
	PredicateType string    `json:"predicateType"`
	Subject       []subject `json:"subject"`
}

type wire struct {
	Type          string          `json:"_type"`
	Predicate     json.RawMessage `json:"predicate"`
	PredicateType string          `json:"predicateType"`
	Subject       []subject       `json:"subject"`
}

// Encode returns the statement's payload bytes, after checking every rule.
func Encode(s Statement) ([]byte, error) { return encode(s) }

func encode(s document) ([]byte, error) {
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("%s: %w", s.predicateType(), err)
	}
	predicate := any(s)
	if o, ok := s.(ordered); ok {
		predicate = o.inOrder()
	}
	b, err := jcs.Marshal(wireOut{Type: statementType, Predicate: predicate, PredicateType: s.predicateType(), Subject: s.subjects()})
	if err != nil {
		return nil, err
	}
	if len(b) > MaxPayload {
		return nil, fmt.Errorf("%s: %d bytes, at most %d", s.predicateType(), len(b), MaxPayload)
	}
	return b, nil
}

// Parse reads a payload; it accepts exactly what Encode writes. Errors name the
// member and the rule.
func Parse(payload []byte) (Statement, error) {
	w, err := parseWire(payload)
	if err != nil {
		return nil, err
	}
	s, err := parsePredicate(w)
	if err != nil {
		return nil, err
	}
	if err := roundTrip(s, payload); err != nil {
		return nil, err
	}
	return s, nil
}

func parseWire(payload []byte) (wire, error) {
	var w wire
	if len(payload) > MaxPayload {
		return w, fmt.Errorf("statement: over %d bytes", MaxPayload)
	}
	if err := jcs.Decode(payload, &w); err != nil {
		return w, fmt.Errorf("statement: %w", err)
	}
	if w.Type != statementType {
		return w, fmt.Errorf("statement: _type is not %s", statementType)
	}
	return w, nil
}

// roundTrip refuses a payload that is not what encode writes of s.
func roundTrip(s document, payload []byte) error {
	again, err := encode(s)
	if err != nil {
		return err
	}
	if string(again) != string(payload) {
		return fmt.Errorf("%s: %w, or its subjects are not those of its predicate", s.predicateType(), jcs.ErrNotCanonical)
	}
	return nil
}

func parsePredicate(w wire) (Statement, error) {
	var s Statement
	switch w.PredicateType {
	case TypePublication:
		s = new(Publication)
	case TypeVersion:
		s = &Version{texts: textsFrom(w.Subject)}
	case TypePolicy:
		s = new(PolicyChange)
	case TypeRecovery:
		s = new(Recovery)
	case TypeRetraction:
		s = new(Retraction)
	case TypeRedaction:
		s = new(Redaction)
	case "":
		return nil, errors.New("statement: no predicateType")
	default:
		return nil, fmt.Errorf("statement: predicate type %q is not known to this edition", clip(w.PredicateType))
	}
	if err := jcs.Decode(w.Predicate, s); err != nil {
		return nil, fmt.Errorf("%s: %w", w.PredicateType, err)
	}
	return s, nil
}

func (l LogName) check() error {
	if l.Origin == "" || l.KeyID.IsZero() {
		return errors.New("log: want origin and keyId")
	}
	return nil
}

func clip(s string) string {
	const most = 80
	if len(s) <= most {
		return s
	}
	return s[:most] + "…"
}

// Artifact returns a digest that a stock client can be asked to find among the
// statement's subjects: a text file's, the publication policy's, or the record's
// that is retracted.
func Artifact(s Statement) log.Digest {
	all := s.subjects()
	if len(all) == 0 {
		return log.Digest{}
	}
	d, err := log.ParseDigest("sha256:" + all[len(all)-1].Digest.SHA256)
	if err != nil {
		return log.Digest{}
	}
	return d
}
