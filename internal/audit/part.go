package audit

import (
	"bytes"
	"context"

	"github.com/sijil/sijil/internal/endorsement"
	"github.com/sijil/sijil/internal/evidence"
)

// partTries is how often the parts are read where they do not fit together: between two
// answers records come, and go.
const partTries = 3

// checkEndorsements reads what signatories said and what the service saw of them. That
// nothing is left out is step 6: every entry under an observer key, or an enrolled one,
// is accounted for.
func (p *publication) checkEndorsements(ctx context.Context) error {
	if err := p.openObserver(ctx); err != nil {
		return err
	}
	for try := 1; ; try++ {
		torn, err := p.readParts(ctx, try < partTries)
		if err != nil || !torn {
			return err
		}
	}
}

// readParts reads part after part. Parts that do not fit together are a finding or, where
// they are to be read again, torn.
func (p *publication) readParts(ctx context.Context, again bool) (torn bool, err error) {
	size, last := 0, int64(-1)
	p.enrolments = nil
	for n := 1; ; n++ {
		path := p.o.Layout.Endorsements(p.slug, n)
		if n > endorsement.MaxParts {
			p.addOnce(path, RuleAside, -1, path, "%v", endorsement.ErrTooMuch)
			return false, nil
		}
		doc, bad, err := p.reader.fetch(ctx, path)
		switch {
		case err != nil:
			return false, err
		case bad != nil && bad.missing && n == 1:
			return false, nil // as good as an empty one
		case bad != nil && bad.missing && again:
			return true, nil
		case bad != nil && bad.missing:
			p.addOnce(path, RuleAside, -1, path, "%v", endorsement.ErrNoPart)
			return false, nil
		case bad != nil:
			p.addOnce(path, RuleAside, -1, path, "%s", bad.why)
			return false, nil
		}
		if size += len(doc); size > endorsement.MaxBytes {
			p.addOnce(path, RuleAside, -1, path, "%v", endorsement.ErrTooMuch)
			return false, nil
		}
		full, err := endorsement.Full(doc, p.o.partRecords)
		if err != nil {
			p.addOnce(path, RuleAside, -1, path, "%v", err)
		}
		if torn, err := p.readPart(ctx, path, doc, &last, again && n > 1); torn || err != nil || !full {
			return torn, err
		}
	}
}

// readPart reads the lines of one part, and no more of them than a part may have: a source
// cannot have an audit read millions of lines that are none. last is where the line before
// them stands in the log. With again, a first line that does not follow is torn.
func (p *publication) readPart(ctx context.Context, path string, doc []byte, last *int64, again bool) (torn bool, err error) {
	for n := 1; len(doc) > 0 && n <= p.o.partRecords; n++ {
		line, rest, ok := bytes.Cut(doc, []byte("\n"))
		if doc = rest; !ok {
			p.addOnce(string(line), RuleAside, -1, path, "line %d has no end", n)
			return false, nil
		}
		a, tree, err := evidence.OpenAside(line, p.chain, p.observers, p.policy, p.passkeys())
		if err != nil {
			p.addOnce(string(line), RuleAside, -1, path, "line %d: %v", n, err)
			continue
		}
		if again && n == 1 && a.Index <= *last {
			return true, nil
		}
		if err := p.compareTrees(ctx, p.checkpoint, tree, true); err != nil {
			return false, err
		}
		if a.Index <= *last {
			p.addOnce(string(line), RuleAside, a.Index, path, "line %d: %v", n, endorsement.ErrOrder)
		}
		*last = a.Index
		p.count(a)
		if err := p.checkMail(ctx, path, a); err != nil {
			return false, err
		}
		if err := p.placeAside(ctx, path, a); err != nil {
			return false, err
		}
	}
	return false, nil
}
