package publisher

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/internal/statement"
)

// NotRetractableError: there is nothing of that number to withdraw, or it was
// withdrawn before. The caller tells the person, and nothing was signed.
type NotRetractableError struct {
	Version int // 0: the publication
	Detail  string
}

func (e *NotRetractableError) Error() string { return e.Detail }

// Retract withdraws a version, or the whole publication where version is 0. It
// cannot be undone. A retraction that waits in the outbox is sent first, and is
// the answer when it is the one that is asked for.
func (p *Publisher) Retract(ctx context.Context, slug string, version int, reason string) (*Result, error) {
	if p.Rand == nil {
		p.Rand = rand.Reader
	}
	p.Open.Slug = slug
	pub, err := evidence.Open(ctx, p.Source, p.Open)
	if err != nil {
		return nil, fmt.Errorf("verify the publication before signing: %w", err)
	}
	if err := p.mayPublish(pub); err != nil {
		return nil, err
	}
	sent, err := p.deliver(ctx, slug, retractName)
	if err != nil {
		return nil, err
	}
	if sent != nil {
		if pub = sent.Publication; sent.Version == version {
			return sent, nil
		}
	}
	s, err := p.retraction(pub, version, reason)
	if err != nil {
		return nil, err
	}
	if err := p.sign(retractName, s, nil, nil); err != nil {
		return nil, err
	}
	return p.deliver(ctx, slug, retractName)
}

// retractable returns nil when version (0: the publication) stands and can be
// withdrawn, else a *NotRetractableError.
func retractable(pub *evidence.Publication, version int) error {
	if r, gone := pub.Retraction(version); gone {
		s, ok := r.Statement.(*statement.Retraction)
		switch {
		case !ok:
			return errors.New("a retraction that is none")
		case s.Version == nil:
			return &NotRetractableError{version, "the publication was retracted on " + s.Issued + ": nothing can follow"}
		}
		return &NotRetractableError{version, fmt.Sprintf("version %d was retracted on %s", version, s.Issued)}
	}
	if version == 0 {
		return nil
	}
	if _, ok := pub.Version(version); !ok {
		return &NotRetractableError{version, fmt.Sprintf("there is no version %d", version)}
	}
	return nil
}

// retraction builds the statement that follows pub's head.
func (p *Publisher) retraction(pub *evidence.Publication, version int, reason string) (*statement.Retraction, error) {
	if err := retractable(pub, version); err != nil {
		return nil, err
	}
	records := pub.Records()
	head := records[len(records)-1]
	s := &statement.Retraction{
		Issued: p.Clock().UTC().Truncate(time.Second).Format(time.RFC3339), Reason: reason,
		Log: statement.NameOf(p.Open.Trust.Policy().Log()), Publication: pub.Genesis(), Previous: head.Digest(),
		Sequence: head.Statement.Header().Sequence + 1,
	}
	if r, ok := pub.Version(version); ok {
		s.Version = &statement.VersionName{Number: version, Record: r.Digest()}
	}
	return s, nil
}
