// Package rollimport is the publisher's side of a roll: it reads a CSV file of endorsers,
// of any size, verifies each row, signs batches of at most 10,000 of them, and hands these
// to the service one after the other. Memory is that of a few batches.
//
// It can be killed at any moment and begun again with the same file: it goes on behind the
// last batch that is in the log, and no row is there twice. Rows that cannot be taken are
// written to a file of errors and left out.
package rollimport

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"github.com/sijil/sijil/internal/remote"
	"github.com/sijil/sijil/internal/roll"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// Server takes batches. remote.Client is one.
type Server interface {
	AddBatch(ctx context.Context, slug string, body []byte) (*remote.Receipt, error)
}

// Config says what is imported. All is required but where it says otherwise.
type Config struct {
	File    io.ReadSeeker
	Journal string // the folder that remembers how far the import came
	Errors  string // the file of rows that cannot be taken
	Slug    string
	Change  string // statement.BatchAdd or another
	Reason  string // why, or on whose request. Optional with BatchAdd
	Place   roll.Place
	Server  Server
	Signer  *keys.Signer
	Rand    io.Reader // a cryptographic source, safe for concurrent use
	Clock   func() time.Time
	// Newest reads the roll as the service has it, and verifies it: the number and record
	// of its newest batch, 0 and the genesis before the first.
	Newest func(ctx context.Context) (number int64, record log.Digest, err error)
	// Verify checks the service's bundle for a batch, and returns its log index.
	Verify func(bundle []byte, record log.Digest) (index int64, err error)
	// Wait waits before something is sent again: the nth time, from 1.
	Wait func(ctx context.Context, n int) error
	// Show is told how far it has come. Optional.
	Show func(Result)
	// BatchRows is how many rows a batch has at most. Optional; default statement.MaxBatch.
	BatchRows int
	// DryRun verifies the rows, and sends and keeps nothing but the file of errors.
	DryRun bool
}

// Result says what was imported.
type Result struct {
	Rows     int64  `json:"rows"`
	Accepted int64  `json:"accepted"`
	Signed   int64  `json:"signed"` // of the accepted, with a signature of the endorser
	Refused  int64  `json:"refused"`
	Resumed  int64  `json:"resumed"` // rows of an earlier run
	Batches  []Done `json:"batches"`
	Offset   int64  `json:"-"` // in the file
}

// Errors of Run.
var (
	// ErrOther: the journal is that of another file or publication. The caller has the
	// person move it away, or name another one.
	ErrOther = errors.New("the journal is that of another import")
	// ErrDone: this file was imported before, to its end.
	ErrDone = errors.New("this file was imported before")
)

// tries bounds how often one batch is sent again, and signed anew.
const tries = 20

// importer is an import under way.
type importer struct {
	Config
	journal  journal
	progress progress
	errors   *os.File
	number   int64 // of the newest batch
	previous log.Digest
	resumed  int64
}

// Run imports the file, or goes on with it. The result tells how far it came, also after
// an error.
func Run(ctx context.Context, c Config) (Result, error) {
	i := &importer{Config: c, journal: journal{c.Journal}}
	err := i.run(ctx)
	if i.errors != nil {
		err = errors.Join(err, i.errors.Close())
	}
	return i.result(), err
}

func (i *importer) result() Result {
	p := i.progress
	return Result{Rows: p.Rows, Accepted: p.Accepted, Signed: p.Signed, Refused: p.Refused, Resumed: i.resumed, Batches: p.Batches, Offset: p.Offset}
}

func (i *importer) run(ctx context.Context) error {
	sum, err := digest(i.File)
	if err != nil {
		return err
	}
	if err := i.begin(ctx, sum); err != nil {
		return err
	}
	r, err := newReader(i.File, i.Change, i.progress.Offset, i.progress.Rows)
	if err != nil {
		return err
	}
	r.most = cmp.Or(i.BatchRows, statement.MaxBatch)
	// The next chunk is read while one is on its way.
	ctx, cancel := context.WithCancel(ctx)
	ready := make(chan chunk)
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		defer close(ready)
		i.read(ctx, r, ready)
	}()
	defer func() { cancel(); <-gone }()
	for c := range ready {
		if c.err != nil {
			return c.err
		}
		if err := i.send(ctx, c); err != nil {
			return err
		}
		if i.Show != nil {
			i.Show(i.result())
		}
	}
	if err := ctx.Err(); err != nil || i.DryRun {
		return err
	}
	i.progress.Completed = true
	return i.journal.done(i.progress)
}

// chunk is what makes one batch, and where the next one begins in the file.
type chunk struct {
	items  []item
	offset int64
	err    error
}

func (i *importer) read(ctx context.Context, r *reader, ready chan<- chunk) {
	for {
		list, offset, err := r.next()
		if err == nil && len(list) == 0 {
			return
		}
		c := chunk{offset: offset, err: err}
		if err == nil {
			c.items = r.prepare(list, i.Change, i.Place, i.Rand)
		}
		select {
		case ready <- c:
		case <-ctx.Done():
			return
		}
		if err != nil {
			return
		}
	}
}

// begin reads the journal, sends again what waits in it, and opens the file of errors at
// the place where the import stands.
func (i *importer) begin(ctx context.Context, sum log.Digest) error {
	fresh := progress{File: sum, Genesis: i.Place.Publication, Change: i.Change, Version: i.Place.Version.Number, Batches: []Done{}}
	if i.DryRun {
		i.progress = fresh
		return i.openErrors()
	}
	p, waits, body, err := i.journal.load()
	if err != nil {
		return err
	}
	is := p
	if waits != nil && p.File.IsZero() {
		is = waits.Next
	}
	if p.File.IsZero() {
		p = fresh
	}
	switch {
	case is.File.IsZero():
	case is.File != sum || is.Genesis != fresh.Genesis || is.Change != fresh.Change || is.Version != fresh.Version:
		return fmt.Errorf("%w: of another file, publication, version or change", ErrOther)
	case p.Completed:
		i.progress = p
		return ErrDone
	}
	i.progress = p
	if waits != nil {
		receipt, err := i.deliver(ctx, body)
		if err == nil {
			err = i.settle(*waits, receipt)
		}
		if _, again := refusal(err); err != nil && !again {
			return err
		}
		// It was refused, so it is not there: its rows are read again.
	}
	i.resumed = i.progress.Rows
	if err := i.openErrors(); err != nil {
		return err
	}
	i.number, i.previous, err = i.Newest(ctx)
	return err
}

func (i *importer) openErrors() (err error) {
	if i.errors, err = os.OpenFile(i.Errors, os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return err
	}
	if err := i.errors.Truncate(i.progress.Errors); err != nil {
		return err
	}
	_, err = i.errors.Seek(i.progress.Errors, io.SeekStart)
	return err
}

// next is the progress after a chunk, and the rows of it that can be taken. The others are
// in the file of errors when it returns.
func (i *importer) next(c chunk) (p progress, good []*item, err error) {
	p = i.progress
	p.Offset, p.Rows = c.offset, p.Rows+int64(len(c.items))
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	if p.Errors == 0 {
		_ = w.Write([]string{"row", "problem"}) // a buffer takes everything
	}
	for n := range c.items {
		x := &c.items[n]
		if x.err != nil {
			p.Refused++
			_ = w.Write([]string{strconv.FormatInt(x.row, 10), x.err.Error()})
			continue
		}
		good = append(good, x)
		p.Accepted++
		if x.endorser != nil && x.endorser.Claim != nil {
			p.Signed++
		}
	}
	w.Flush()
	if p.Refused == i.progress.Refused {
		return p, good, nil
	}
	if err := i.errors.Truncate(i.progress.Errors); err != nil {
		return p, nil, err
	}
	if _, err := i.errors.WriteAt(out.Bytes(), i.progress.Errors); err != nil {
		return p, nil, err
	}
	p.Errors += int64(out.Len())
	return p, good, i.errors.Sync()
}

// sign makes the batch that follows the roll's newest.
func (i *importer) sign(good []*item, next progress) (pending, []byte, error) {
	d := roll.NewDocument()
	var rows bytes.Buffer
	for _, x := range good {
		line := []byte(roll.Commitment(x.entry) + "\n")
		if x.endorser == nil {
			d.Add(roll.Commitment(x.entry))
		} else {
			d.Add(x.endorser.Line())
			var err error
			if line, err = x.endorser.Row.Marshal(); err != nil {
				return pending{}, nil, err
			}
		}
		rows.Write(line)
	}
	s := &statement.Batch{Change: i.Change, Count: d.Count(), Issued: i.Clock().UTC().Truncate(time.Second).Format(time.RFC3339), Log: i.Place.Log,
		Number: i.number + 1, Previous: i.previous, Publication: i.Place.Publication, Reason: i.Reason, Rows: d.Digest()}
	if i.Change == statement.BatchAdd {
		s.Version = &i.Place.Version
	}
	payload, err := statement.EncodeBatch(s)
	if err != nil {
		return pending{}, nil, err
	}
	b, err := i.Signer.Sign(i.Rand, payload)
	if err != nil {
		return pending{}, nil, err
	}
	bundle, err := b.Marshal()
	if err != nil {
		return pending{}, nil, err
	}
	var body bytes.Buffer
	fmt.Fprintf(&body, "{\"bundle\":%s,\"key\":%q}\n", bundle, base64.StdEncoding.EncodeToString(i.Signer.Public().SPKI()))
	body.Write(rows.Bytes())
	next.Batches = append(next.Batches[:len(next.Batches):len(next.Batches)], Done{Number: s.Number, Record: b.Envelope.Digest(), Index: -1, Rows: s.Count})
	return pending{Body: log.Sum(body.Bytes()), Record: b.Envelope.Digest(), Number: s.Number, Next: next}, body.Bytes(), nil
}

// settle verifies the service's answer, and notes that the batch is done.
func (i *importer) settle(w pending, receipt *remote.Receipt) error {
	index, err := i.Verify(receipt.Bundle, w.Record)
	if err != nil {
		return fmt.Errorf("the service accepted batch %d, and its answer does not verify: %w", w.Number, err)
	}
	w.Next.Batches[len(w.Next.Batches)-1].Index = index
	if err := i.journal.done(w.Next); err != nil {
		return err
	}
	i.progress, i.number, i.previous = w.Next, w.Number, w.Record
	return nil
}
