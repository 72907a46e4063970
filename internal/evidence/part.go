package evidence

import (
	"bytes"
	"errors"
	"io/fs"

	"github.com/sijil/sijil/internal/endorsement"
)

// saidPart is a part of what signatories said, as it was served.
type saidPart struct {
	path string
	doc  []byte
}

// partTries is how often the parts are read where they do not fit together: between two
// answers records come, and go.
const partTries = 3

// EndorsementParts is how many parts what signatories said has, the last one included, which
// is not full.
func (p *Publication) EndorsementParts() int { return len(p.asides)/p.partRecords + 1 }

// fetchEndorsements gets what signatories said, before the head: what it speaks of is then
// of the head's tree, even while somebody publishes and others endorse.
func (r *reader) fetchEndorsements() (err error) {
	for range partTries {
		r.said, err = r.fetchParts()
		if !errors.Is(err, endorsement.ErrNoPart) && !errors.Is(err, endorsement.ErrOrder) {
			return err
		}
	}
	return err
}

func (r *reader) fetchParts() (out []saidPart, err error) {
	size, last := 0, int64(-1)
	for n := 1; ; n++ {
		part := saidPart{path: r.o.Layout.Endorsements(r.o.Slug, n)}
		if n > endorsement.MaxParts {
			return nil, &DamagedError{Path: part.path, Err: endorsement.ErrTooMuch}
		}
		part.doc, err = r.src.Fetch(r.ctx, part.path)
		switch {
		case errors.Is(err, fs.ErrNotExist) && n == 1:
			return nil, nil // as good as an empty one, which anybody can serve
		case errors.Is(err, fs.ErrNotExist):
			return nil, &DamagedError{Path: part.path, Err: endorsement.ErrNoPart}
		case err != nil:
			return nil, err
		}
		full, err := endorsement.Full(part.doc, r.o.partRecords)
		if size += len(part.doc); size > endorsement.MaxBytes {
			err = endorsement.ErrTooMuch
		}
		first, end := ends(part.doc)
		if first >= 0 && first <= last {
			err = endorsement.ErrOrder
		}
		if err != nil {
			return nil, &DamagedError{Path: part.path, Err: err}
		}
		if out = append(out, part); !full {
			return out, nil
		}
		last = end
	}
}

// ends is where the first and the last line say that they stand in the log, which is not
// verified; -1 where they do not say it.
func ends(part []byte) (first, last int64) {
	part = bytes.TrimSuffix(part, []byte("\n"))
	line, _, _ := bytes.Cut(part, []byte("\n"))
	return placeOf(line), placeOf(part[bytes.LastIndexByte(part, '\n')+1:])
}

func placeOf(line []byte) int64 {
	_, b, _, err := parseAside(line)
	if err != nil || len(b.VerificationMaterial.LogEntries) == 0 {
		return -1
	}
	return b.VerificationMaterial.LogEntries[0].LogIndex
}
