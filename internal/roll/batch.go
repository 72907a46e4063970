package roll

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/sijil/sijil/internal/chain"
	"github.com/sijil/sijil/internal/jcs"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// MaxBody bounds the rows of one batch, as they are handed in and served, in bytes.
const MaxBody = 16 << 20

// RowError is what is wrong with a row, from 1.
type RowError struct {
	Row int
	Err error
}

func (e *RowError) Error() string { return fmt.Sprintf("row %d: %v", e.Row, e.Err) }

func (e *RowError) Unwrap() error { return e.Err }

// Record is a verified batch. Only VerifyBatch makes one.
type Record struct {
	*log.Signed
	Key   *keys.PublicKey
	Batch *statement.Batch
}

// VerifyBatch verifies a batch's signature, and that what it speaks of is there: the log,
// the publication and, of an addition, the version. That the key is the publisher's, and
// that the batch follows the one before, it does not say.
func VerifyBatch(b *log.Bundle, key *keys.PublicKey, c *chain.Chain) (*Record, error) {
	if b.VerificationMaterial.PublicKey.Hint != key.Hint() {
		return nil, chain.ErrUnauthorised
	}
	signed, err := b.VerifySignature(key.ECDSA())
	if err != nil {
		return nil, fmt.Errorf("%w: %w", chain.ErrUnauthorised, err)
	}
	s, err := statement.ParseBatch(b.Envelope.Payload)
	if err != nil {
		return nil, err
	}
	if s.Log != c.Log() {
		return nil, &chain.ForeignError{What: "log", Got: s.Log.Origin + " " + s.Log.KeyID.String(), Want: c.Log().Origin + " " + c.Log().KeyID.String()}
	}
	if s.Publication != c.Genesis() {
		return nil, &chain.ForeignError{What: "publication", Got: s.Publication.String(), Want: c.Genesis().String()}
	}
	if s.Version != nil {
		if _, err := PlaceOf(c, *s.Version); err != nil {
			return nil, err
		}
	}
	return &Record{Signed: signed, Key: key, Batch: s}, nil
}

// Follows reports whether a batch is the next one after last, which is nil before the
// first.
func (r *Record) Follows(last *Record) bool {
	if last == nil {
		return r.Batch.Number == 1
	}
	return r.Batch.Number == last.Batch.Number+1 && r.Batch.Previous == last.Digest()
}

// ParseRows reads the lines of an addition, each in its one encoding and ended by LF.
func ParseRows(body []byte) ([]Row, error) {
	lines, err := split(body)
	if err != nil {
		return nil, err
	}
	rows := make([]Row, len(lines))
	err = each(len(lines), func(i int) error {
		if err := jcs.Unmarshal(lines[i], &rows[i]); err != nil {
			return err
		}
		if rows[i].Withheld != "" && (rows[i].Claim != nil || rows[i].Disclosure != "") {
			return errors.New("it is withheld, and served")
		}
		return nil
	})
	return rows, err
}

// Marshal returns the row's line, with its end.
func (r Row) Marshal() ([]byte, error) {
	b, err := jcs.Marshal(r)
	if err != nil {
		return nil, err
	}
	return append(b, '\n'), nil
}

// OpenRows verifies the rows of an addition, on all processors, against its statement.
// withheld says of a row whose name is not served whether that is right; nil: none may be.
// Of those the answer holds the digests alone.
func OpenRows(s *statement.Batch, p Place, rows []Row, withheld func(commitment log.Digest) bool) ([]*Endorser, error) {
	out := make([]*Endorser, len(rows))
	err := each(len(rows), func(i int) (err error) {
		if rows[i].Withheld == "" {
			out[i], err = rows[i].Open(p)
			return err
		}
		e := &Endorser{Row: rows[i]}
		if e.Commitment, e.Evidence, err = ParseLine(rows[i].Withheld); err != nil {
			return err
		}
		if withheld == nil || !withheld(e.Commitment) {
			return fmt.Errorf("%w, and no batch of the publisher says so", ErrWithheld)
		}
		out[i] = e
		return nil
	})
	if err != nil {
		return nil, err
	}
	d := NewDocument()
	seen := make(map[log.Digest]bool, len(out))
	for i, e := range out {
		if seen[e.Commitment] {
			return nil, &RowError{i + 1, errors.New("the commitment stands in the batch twice")}
		}
		seen[e.Commitment] = true
		d.Add(e.Line())
	}
	return out, d.Check(s)
}

// ParseEntries reads the document of a batch that withdraws or withholds.
func ParseEntries(s *statement.Batch, doc []byte) ([]log.Digest, error) {
	lines, err := split(doc)
	if err != nil {
		return nil, err
	}
	d := NewDocument()
	out := make([]log.Digest, len(lines))
	seen := make(map[log.Digest]bool, len(lines))
	for i, l := range lines {
		if out[i], err = ParseCommitment(string(l)); err != nil {
			return nil, &RowError{i + 1, err}
		}
		if seen[out[i]] {
			return nil, &RowError{i + 1, errors.New("the commitment stands in the batch twice")}
		}
		seen[out[i]] = true
		d.Add(string(l))
	}
	return out, d.Check(s)
}

// Document is the running digest of a batch's document.
type Document struct {
	sum hash.Hash
	n   int
}

// NewDocument returns an empty document.
func NewDocument() *Document { return &Document{sum: sha256.New()} }

// Add adds a line, given without its end.
func (d *Document) Add(line string) {
	d.n++
	_, _ = d.sum.Write([]byte(line + "\n")) // a hash takes everything
}

// Digest is the document's SHA-256.
func (d *Document) Digest() log.Digest { return log.Digest(d.sum.Sum(nil)) }

// Count is the number of lines.
func (d *Document) Count() int { return d.n }

// Check holds the document against its statement.
func (d *Document) Check(s *statement.Batch) error {
	if d.n != s.Count {
		return fmt.Errorf("there are %d rows, and the batch says %d", d.n, s.Count)
	}
	if d.Digest() != s.Rows {
		return fmt.Errorf("the rows are not those that were signed: SHA-256 %s, want %s", d.Digest(), s.Rows)
	}
	return nil
}

// split cuts a body into its lines.
func split(body []byte) ([][]byte, error) {
	if len(body) > MaxBody {
		return nil, fmt.Errorf("rows: over %d bytes", MaxBody)
	}
	if len(body) == 0 || body[len(body)-1] != '\n' {
		return nil, errors.New("rows: want lines, each ended by LF")
	}
	if n := bytes.Count(body, []byte("\n")); n > statement.MaxBatch { // 16 million are not split
		return nil, fmt.Errorf("rows: %d, at most %d", n, statement.MaxBatch)
	}
	return bytes.Split(body[:len(body)-1], []byte("\n")), nil
}

// each calls f for 0 to n-1 on all processors, and returns the first row's error.
func each(n int, f func(i int) error) error {
	const chunk = 64
	var next atomic.Int64
	var mu sync.Mutex
	var first *RowError
	var running sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), (n+chunk-1)/chunk) {
		running.Go(func() {
			for {
				to := int(next.Add(chunk))
				for i := to - chunk; i < min(to, n); i++ {
					if err := f(i); err != nil {
						mu.Lock()
						if first == nil || i+1 < first.Row {
							first = &RowError{i + 1, err}
						}
						mu.Unlock()
						return
					}
				}
				if to >= n {
					return
				}
			}
		})
	}
	running.Wait()
	if first != nil {
		return first
	}
	return nil
}

// CheckDocument holds what is served of a batch against its statement, by the digests of
// the rows alone: no disclosure is parsed, and no signature verified. It returns the
// commitments in their order, and which of them are of rows that are not served.
func CheckDocument(s *statement.Batch, doc []byte) (all []log.Digest, hidden []bool, err error) {
	if s.Change != statement.BatchAdd {
		all, err = ParseEntries(s, doc)
		return all, make([]bool, len(all)), err
	}
	rows, err := ParseRows(doc)
	if err != nil {
		return nil, nil, err
	}
	d := NewDocument()
	all, hidden = make([]log.Digest, len(rows)), make([]bool, len(rows))
	for i, r := range rows {
		line, err := r.line()
		if err == nil {
			all[i], _, err = ParseLine(line)
		}
		if err != nil {
			return nil, nil, &RowError{i + 1, err}
		}
		hidden[i] = r.Withheld != ""
		d.Add(line)
	}
	return all, hidden, d.Check(s)
}

// line is the row's line of the document.
func (r Row) line() (string, error) {
	if r.Withheld != "" || r.Claim == nil {
		return r.Withheld + commitmentOf(r), nil
	}
	doc, err := jcs.Marshal(r.Claim)
	return commitmentOf(r) + " " + Commitment(log.Sum(doc)), err
}

func commitmentOf(r Row) string {
	if r.Disclosure == "" {
		return ""
	}
	return r.Disclosure.Digest()
}
