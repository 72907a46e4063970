package evidence

import (
	"github.com/sijil/sijil/internal/chain"
	"github.com/sijil/sijil/internal/edition"
	"github.com/sijil/sijil/internal/endorsement"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// Publication is a publication of which everything was verified. Only Open
// makes one.
type Publication struct {
	slug       string
	trust      *keys.Trust
	layout     Layout
	checkpoint *log.Checkpoint
	frozen     *log.VerifiedFreeze
	head       *log.VerifiedHead
	records    []Record
	chain      *chain.Chain // as it stands after the last of them
	// retractions are places in records, by the version they withdraw; 0 is the
	// publication.
	retractions map[int]int
	fresh       bool
	oneTree     bool
	notChecked  []string
	observer    *log.VerifiedObserver
	asides      []Aside
	partRecords int // of a full part of them
	book        *endorsement.Book
}

// Record is a verified record in its place.
type Record struct {
	*chain.Record
	Index   int64            // in the log, of its last signature
	Bundles [][]byte         // as they were served, one for each signature
	Edition *edition.Edition // of a version
}

// Slug is the publication's slug.
func (p *Publication) Slug() string { return p.slug }

// Genesis is its true name.
func (p *Publication) Genesis() log.Digest { return p.records[0].Digest() }

// Checkpoint is the newest verified checkpoint.
func (p *Publication) Checkpoint() *log.Checkpoint { return p.checkpoint }

// Frozen is the statement that the log has ended; nil while it goes on.
func (p *Publication) Frozen() *log.VerifiedFreeze { return p.frozen }

// Head is the verified head.
func (p *Publication) Head() *log.VerifiedHead { return p.head }

// Records are the records in sequence order, the genesis first.
func (p *Publication) Records() []Record { return append([]Record(nil), p.records...) }

// Chain is the chain as it stands after the last record.
func (p *Publication) Chain() *chain.Chain { return p.chain.Clone() }

// Fresh reports whether the head speaks of a tree that is at least as large as
// the checkpoint the source handed out before it.
func (p *Publication) Fresh() bool { return p.fresh }

// NotChecked lists, for people, what could not be checked here.
func (p *Publication) NotChecked() []string { return p.notChecked }

// Latest returns the record of the latest version, retracted or not, and false
// before the first.
func (p *Publication) Latest() (Record, bool) {
	for i := len(p.records) - 1; i >= 0; i-- {
		if p.records[i].Edition != nil {
			return p.records[i], true
		}
	}
	return Record{}, false
}

// OneTree reports whether head and all bundles lead to the one checkpoint, so
// that they can be checked together without tiles.
func (p *Publication) OneTree() bool { return p.oneTree }
