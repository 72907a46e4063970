// Package rollimport is the publisher's side of a roll: it reads a CSV file of endorsers,
// of any size, verifies each row, signs batches of at most 10,000 of them, and hands these
// to the service, of which two are on their way at a time: it verifies one while it takes the
// other in. Memory is that of a few batches.
//
// It can be killed at any moment and begun again with the same file: it goes on behind the
// last batch that is in the log, and no row is there twice. Rows that cannot be taken are
// written to a file of errors and left out.
package rollimport

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
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

// importer is an import under way.
type importer struct {
	Config
	journal journal
	errors  *os.File
	done    standing // what is in the log
	tip     standing // what is signed
	sent    []*sent  // in between, in their order
	resumed int64
}

// standing is how far an import has come, and the roll's newest batch there.
type standing struct {
	progress progress
	number   int64
	record   log.Digest
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
	p := i.done.progress
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
	r, err := newReader(i.File, i.Change, i.done.progress.Offset, i.done.progress.Rows)
	if err != nil {
		return err
	}
	r.most = cmp.Or(i.BatchRows, statement.MaxBatch)
	// The next chunk is read while others are on their way.
	ctx, cancel := context.WithCancel(ctx)
	ready := make(chan chunk)
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		defer close(ready)
		i.read(ctx, r, ready)
	}()
	defer func() {
		cancel()
		<-gone
		i.abandon()
	}()
	for c := range ready {
		if c.err != nil {
			return errors.Join(c.err, i.settle(ctx, 0))
		}
		if err := i.send(ctx, c, 1); err != nil {
			return err
		}
		if err := i.settle(ctx, window-1); err != nil {
			return err
		}
	}
	if err := i.settle(ctx, 0); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil || i.DryRun {
		return err
	}
	i.done.progress.Completed = true
	return i.journal.done(i.done.progress)
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
		i.done.progress, i.tip.progress = fresh, fresh
		return i.openErrors()
	}
	p, waits, err := i.journal.load()
	if err != nil {
		return err
	}
	is := p
	if p.File.IsZero() {
		p = fresh
		if len(waits) > 0 {
			is = waits[0].Next
		}
	}
	switch {
	case is.File.IsZero():
	case is.File != sum || is.Genesis != fresh.Genesis || is.Change != fresh.Change || is.Version != fresh.Version:
		return fmt.Errorf("%w: of another file, publication, version or change", ErrOther)
	case p.Completed:
		i.done.progress = p
		return ErrDone
	}
	i.done.progress = p
	if err := i.sendAgain(ctx, waits); err != nil {
		return err
	}
	i.resumed = i.done.progress.Rows
	if err := i.openErrors(); err != nil {
		return err
	}
	i.done.number, i.done.record, err = i.Newest(ctx)
	i.tip = i.done
	return err
}

func (i *importer) openErrors() (err error) {
	if i.errors, err = os.OpenFile(i.Errors, os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return err
	}
	return i.errors.Truncate(i.done.progress.Errors)
}
