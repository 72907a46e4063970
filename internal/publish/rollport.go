package publish

import (
	"context"

	"github.com/sijil/sijil/internal/endorsement"
	"github.com/sijil/sijil/internal/roll"
	"github.com/sijil/sijil/log"
)

// RollStore keeps the rolls. What writes is durable when it returns nil, and has changed
// nothing when it returns an error; in one process it is called for one publication by one
// caller at a time. Rows are counted, found and served from the settlement of their batch on.
type RollStore interface {
	// ReserveBatch writes a batch, with the rows that it adds, before it is logged.
	// *RowsError: rows that stand there already, or that do not. ErrStale: another process
	// has written to the roll or the chain, or is about to.
	ReserveBatch(ctx context.Context, b NewBatch) error
	// SettleBatch says that the newest batch is in the log, and carries out what it says.
	// After a withholding no byte of the names is left in the folder. ErrSettled: another
	// process has said so.
	SettleBatch(ctx context.Context, genesis log.Digest, number, index int64) error
	// Batches calls yield for all batches, by publication and number. An index of -1 says
	// that the batch is reserved and not settled.
	Batches(ctx context.Context, yield func(StoredBatch) error) error
	// Rows calls yield for the rows of a settled addition, in their order.
	Rows(ctx context.Context, genesis log.Digest, number int64, yield func(roll.Row) error) error
	// Entries is the document of a batch that withdraws or withholds.
	Entries(ctx context.Context, genesis log.Digest, number int64) ([]byte, error)
	// RollCounts counts the endorsers of a publication, as of one moment.
	RollCounts(ctx context.Context, genesis log.Digest) (RollSummary, error)
	// Endorsers returns the endorsers that a query is for, in the order of the roll.
	Endorsers(ctx context.Context, genesis log.Digest, q RollQuery) ([]RollEntry, error)
	// Scrub leaves no byte of what was deleted before in the folder.
	Scrub(ctx context.Context) error
	// Confirm calls signed for the rows of a publication under a key and a domain that are
	// neither withdrawn nor withheld, with the log index of their batch, and makes them
	// signed or unconfirmed by its answer.
	Confirm(ctx context.Context, genesis, key log.Digest, domain string, signed func(index int64) bool) error
}

// NewBatch is a batch on its way into the log.
type NewBatch struct {
	Genesis  log.Digest
	Revision int64 // of the publication, that the writer knows
	Record   log.Digest
	Number   int64
	SPKI     []byte // the signer's key
	Bundle   []byte // without a log entry
	Change   string
	Version  int           // of an addition
	Added    []NewEndorser // of an addition
	Entries  []log.Digest  // of the others
}

// NewEndorser is a row that was verified, and how it is known.
type NewEndorser struct {
	*roll.Endorser
	Known endorsement.Known
}

// StoredBatch is a batch as the store has it.
type StoredBatch struct {
	Genesis log.Digest
	Record  log.Digest
	Number  int64
	SPKI    []byte
	Bundle  []byte
	Index   int64
}

// RowsError says which rows of a batch cannot be taken.
type RowsError struct{ Rows []*roll.RowError }

func (e *RowsError) Error() string { return e.Rows[0].Error() }

// RollQuery says which endorsers are wanted.
type RollQuery struct {
	Version int
	Country string            // Optional.
	Known   endorsement.Known // Optional.
	// Words that the name has, whatever their order; the last is the beginning of one where
	// an asterisk ends it. Optional.
	Words string
	After int64 // place in the roll after which to begin
	Limit int
}

// RollEntry is an endorser in the roll.
type RollEntry struct {
	Place int64 // in the roll, from 1
	Batch int64
	Row   roll.Row
	Known endorsement.Known
}
