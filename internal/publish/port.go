package publish

import (
	"context"
	"errors"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/sijil/sijil/internal/signatory"
	"github.com/sijil/sijil/log"
)

// Log is the transparency log's writer.
type Log interface {
	// Append returns once the entry is durable and integrated into the tree.
	// Safe for concurrent use. The same bytes again return the first index and
	// duplicate = true.
	Append(ctx context.Context, entry []byte) (index uint64, duplicate bool, err error)
}

// Tree is what the log has promised: checkpoints and proofs, from our own
// tiles. Safe for concurrent use.
type Tree interface {
	// Cover returns once a signed, persisted checkpoint covers index.
	Cover(ctx context.Context, index uint64) (Checkpoint, error)
	// Latest returns the newest persisted checkpoint; Size 0 and no Note before
	// the first.
	Latest() Checkpoint
	// Prove returns the inclusion proof of index in the tree of a size that is
	// not beyond Latest.
	Prove(index, size int64) (tlog.RecordProof, error)
	// Room returns ErrFull when no checkpoint could be written for want of disk
	// space, so that a record is refused before it is taken in.
	Room() error
}

// Checkpoint is a checkpoint that this process itself signed and persisted. Note
// may hold witnesses' cosignatures too.
type Checkpoint struct {
	Size      int64
	Root      tlog.Hash
	Note      []byte
	Witnesses int // whose cosignatures it holds; kept in memory alone
}

// Store keeps what a publisher hands over. Every method that writes is durable
// when it returns nil, and has changed nothing when it returns an error. Safe
// for concurrent use.
type Store interface {
	// Reserve writes a record before it is logged, all or nothing. For a
	// genesis it also uses up the token. ErrTaken: the slug, or the place in
	// the chain, belongs to another record. ErrToken: the token cannot be used.
	Reserve(ctx context.Context, r Reservation) error
	// Settle says that a reserved record is in the log: its index, the first
	// complete bundle, and the head that now holds.
	Settle(ctx context.Context, s Settlement) error
	// Records calls yield for every record, by publication, in sequence order.
	Records(ctx context.Context, yield func(Stored) error) error
	// FirstBundle returns the bundle that Settle stored.
	FirstBundle(ctx context.Context, record log.Digest) ([]byte, error)
	// Token returns what is known of a token by its digest; ErrToken if none.
	Token(ctx context.Context, digest log.Digest) (Token, error)

	DoorStore
	ReleaseStore
}

var (
	// ErrTaken: see Store.Reserve. The caller answers 409.
	ErrTaken = errors.New("taken by another record")
	// ErrToken: the token is unknown, used, expired or for another slug. The
	// caller answers 403.
	ErrToken = errors.New("the token is not valid")
	// ErrFull: see Tree.Room. The caller answers 503.
	ErrFull = errors.New("the service is short of disk space and takes no records for now")
)

// Reservation is a record on its way into the log.
type Reservation struct {
	Record   log.Digest
	Genesis  log.Digest
	Sequence int64
	Slug     string
	Bundle   []byte      // as submitted, without a log entry
	Content  Content     // of a version; empty for a genesis
	Token    *log.Digest // of a genesis: the token's digest
	Now      time.Time   // to judge the token by
}

// Content is what stands beside a version's record.
type Content struct {
	Texts       map[string][]byte
	Disclosures []signatory.Disclosure // in list order, "" for a withheld one
}

// Settlement is a record that is in the log.
type Settlement struct {
	Record  log.Digest
	Genesis log.Digest
	Index   int64
	Bundle  []byte // complete
	Head    []byte // signed note
}

// Stored is a record as the store has it. Index is -1 while it is reserved and
// not settled.
type Stored struct {
	Reservation
	Index int64
	Head  []byte // the publication's, with its newest settled record; else nil
}

// Token is a single-use permission to create one publication.
type Token struct {
	Slug         string
	Expires      time.Time
	Used         bool
	AllowSimilar bool // the operator has said that a look-alike slug is meant
}
