package publish

import (
	"context"
	"errors"
	"fmt"
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
	// Leaves returns the hashes of the entries at indexes, which Latest covers, as they
	// stand in its tree.
	Leaves(indexes []int64) ([]tlog.Hash, error)
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
	// Reserve writes a record's signature before it is logged, all or nothing. For
	// a genesis it also uses up the token. ErrTaken: the slug, or the place in
	// the chain, belongs to another record, or the key has signed this one.
	// ErrToken: the token cannot be used. ErrStale: the publication is not at the
	// reservation's revision, or the records that a redaction names are not those
	// that are here, or it sets a policy and a batch of the roll is on its way.
	// ErrPublisherKey: it names a key of the door.
	Reserve(ctx context.Context, r Reservation) error
	// Settle says that a reserved signature is in the log: its index, the first
	// complete bundle, and the head that now holds. ErrSettled: another process said
	// so before.
	Settle(ctx context.Context, s Settlement) error
	// Records calls yield for every record, by publication, in sequence order; of
	// one sequence number, the chain's last.
	Records(ctx context.Context, yield func(Stored) error) error
	// FirstBundle returns the bundle that Settle stored.
	FirstBundle(ctx context.Context, record, key log.Digest) ([]byte, error)
	// Withhold deletes a disclosure wherever it stands, and everything outside the
	// chains that is about its entry, so that no byte of it is left in the folder. mails
	// are those about it, by their digests: other processes may have them in their vaults.
	Withhold(ctx context.Context, genesis log.Digest, entry string, disclosure signatory.Disclosure, mails []log.Digest) error
	// Token returns what is known of a token by its digest; ErrToken if none.
	Token(ctx context.Context, digest log.Digest) (Token, error)

	AsideStore
	RollStore
	MailStore
	DoorStore
	ReleaseStore
}

// AsideStore keeps the records that belong to no chain. What writes is durable when
// it returns nil.
type AsideStore interface {
	// ReserveAside writes a record before it is logged, and uses up its invitation.
	// ErrTaken: the record is there. ErrInvitationUsed: it let another one in.
	// ErrStale: see Store.Reserve.
	ReserveAside(ctx context.Context, a Aside) error
	// SettleAside says that it is in the log; again is no error.
	SettleAside(ctx context.Context, record, key log.Digest, index int64) error
	// Asides calls yield for those that a selection names, as they are at one moment, by
	// log index; reserved ones first. yield does not call the store.
	Asides(ctx context.Context, which AsideSelection, yield func(Aside) error) error
	// AsidePlaces calls yield with the log index of each of a publication that is in the log,
	// in their order.
	AsidePlaces(ctx context.Context, genesis log.Digest, yield func(index int64)) error
	// LastAside returns the log index of a publication's newest that is in the log; -1
	// without any.
	LastAside(ctx context.Context, genesis log.Digest) (int64, error)
	// Enrolled calls yield with the digest of every key for which an enrolment is there, in
	// whichever publication, and maybe several times.
	Enrolled(ctx context.Context, yield func(key log.Digest) error) error
	// GoneMails calls yield with the digest of every mail that Withhold was told of.
	GoneMails(ctx context.Context, yield func(log.Digest) error) error
	// InvitationUsed reports whether an invitation, by its digest, has let a record in.
	InvitationUsed(ctx context.Context, digest log.Digest) (bool, error)
	// MarkSeen says when a domain was last seen to say what it said of an entry.
	MarkSeen(ctx context.Context, genesis log.Digest, entry string, at time.Time) error
	// Seen calls yield for all that MarkSeen said last.
	Seen(ctx context.Context, yield func(genesis log.Digest, entry string, at time.Time)) error
}

// Aside is a record that belongs to no chain: a claim or a sighting. Index is -1
// while it is reserved and not settled.
type Aside struct {
	Record     log.Digest
	SPKI       []byte // the signer's key
	Genesis    log.Digest
	Entry      string      // commitment of the list entry that it is about
	Enrols     *log.Digest // the key that it enrols; nil where it is no enrolment
	Bundle     []byte      // without a log entry
	Invitation *log.Digest // that lets it in. Optional
	Index      int64
	// Revision of the publication that the writer knows. 0: it is not compared.
	Revision int64
}

// AsideSelection names the records that belong to no chain of which all that is set here
// holds.
type AsideSelection struct {
	Genesis log.Digest
	Entry   string
	Record  log.Digest
	Enrols  log.Digest // key
	// From and To: only those that stand in the log at From or after it, and before To.
	// Optional: To 0.
	From, To int64
	Kind     AsideKind
	// Reserved: only those that are not in the log yet.
	Reserved bool
}

// AsideKind is a part of the records that belong to no chain.
type AsideKind int

// The values of AsideKind.
const (
	AllAsides AsideKind = iota
	Enrolments
	NoEnrolments
)

// ErrDomainSilent: a domain could not be asked. Domains wraps it, with words that can
// be shown; nothing is known. The caller answers 502.
var ErrDomainSilent = errors.New("the domain could not be asked")

// Domains asks what an organisation's own domain says.
type Domains interface {
	// Look reads the domain's file and its DNS records. An error (ErrDomainSilent)
	// means that nothing is known, and never that something was removed.
	Look(ctx context.Context, domain string) ([]DomainSaid, error)
}

// DomainSaid is what one place of a domain says.
type DomainSaid struct {
	Via         string      // "file" or "dns"
	Document    log.Digest  // SHA-256 of what was read; zero where there is nothing
	Certificate *log.Digest // SHA-256 of the TLS certificate over which a file came
	Lines       []DomainLine
}

// DomainLine is one line: a claim of a kind (statement.ClaimEndorsement and the
// others) about a version, or, where Kind is "key", the digest of a key.
type DomainLine struct {
	Kind        string
	Publication log.Digest
	Version     int
	Record      log.Digest
	Entry       string
	Key         log.Digest
}

var (
	// ErrTaken: see Store.Reserve. The caller answers 409.
	ErrTaken = errors.New("taken by another record")
	// ErrStale: another process has written about the publication. The caller
	// catches up, and tries again; who cannot answers 503.
	ErrStale = fmt.Errorf("%w: the publication has moved", ErrBusy)
	// ErrMoving: records came and went while they were read. The caller answers 503.
	ErrMoving = errors.New("records came or went during each of several tries to read them: ask again")
	// ErrAway: what the service runs on cannot be reached; whether the write happened is
	// not known. The caller answers 503.
	ErrAway = errors.New("the database cannot be reached for now; if you sent a record, send the same one again: it is never taken twice")
	// ErrSettled: the signature was settled before. The caller goes on from that.
	ErrSettled = errors.New("settled before")
	// ErrInvitationUsed: an invitation lets one record in. The caller answers 403.
	ErrInvitationUsed = errors.New("the invitation was used before")
	// ErrToken: the token is unknown, used, expired or for another slug. The
	// caller answers 403.
	ErrToken = errors.New("the token is not valid")
	// ErrFull: see Tree.Room. The caller answers 503.
	ErrFull = errors.New("the service is short of disk space and takes no records for now")
)

// Reservation is one signature of a record on its way into the log. The first one
// brings the record's content.
type Reservation struct {
	Record   log.Digest
	Genesis  log.Digest
	Sequence int64
	Slug     string
	Key      log.Digest  // of the signer
	Bundle   []byte      // as submitted, without a log entry
	Takes    bool        // the last signature that the record needs: it takes the place in the chain
	Content  Content     // of a version's first signature; else empty
	Token    *log.Digest // of a genesis: the token's digest
	Now      time.Time   // to judge the token by
	// Revision of the publication that the writer knows; the write swaps it for the
	// next. Of a genesis: none, and it becomes 1.
	Revision int64
	// Names are the keys that the record's policy names, if it sets one.
	Names []log.Digest
	// Withholds is the entry of a redaction that takes its place: Payloads records
	// are about it, and none of them is on its way. "" for other records.
	Withholds string
	Payloads  int
}

// Content is what stands beside a version's record.
type Content struct {
	Texts       map[string][]byte
	Disclosures []signatory.Disclosure // in list order, "" for a withheld one
}

// Settlement is a signature that is in the log.
type Settlement struct {
	Record  log.Digest
	Genesis log.Digest
	Key     log.Digest
	Index   int64
	Bundle  []byte // complete
	Head    []byte // signed note, where the record now is the chain's head; else nil
}

// Stored is a record as the store has it.
type Stored struct {
	Record     log.Digest
	Genesis    log.Digest
	Sequence   int64
	Slug       string
	Signatures []StoredSignature // in the order in which they came
	Content    Content
	State      RecordState
	Head       []byte // the publication's, with its newest settled record; else nil
	Revision   int64  // the publication's
}

// StoredSignature is one signature of a record. Index is -1 while it is reserved
// and not settled.
type StoredSignature struct {
	Key    log.Digest
	Bundle []byte
	Index  int64
}

// RecordState says how far a record has come.
type RecordState int

const (
	// Proposed records wait for signatures. Another may take their place.
	Proposed RecordState = iota
	// Taken: the place in the chain is the record's, and the log is being asked.
	Taken
	// Settled records are of the chain.
	Settled
)

// Token is a single-use permission to create one publication.
type Token struct {
	Slug         string
	Expires      time.Time
	Used         bool
	AllowSimilar bool // the operator has said that a look-alike slug is meant
}
