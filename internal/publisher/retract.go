package publisher

import (
	"context"
	"errors"
	"fmt"

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
	return p.say(ctx, slug, retractName, func(r *Result) bool { return r.Version == version }, func(pub *evidence.Publication, h statement.Header) (statement.Statement, error) {
		if err := retractable(pub, version); err != nil {
			return nil, err
		}
		s := &statement.Retraction{Issued: p.issued(), Reason: reason, Log: h.Log, Publication: h.Publication, Previous: h.Previous, Sequence: h.Sequence}
		if r, ok := pub.Version(version); ok {
			s.Version = &statement.VersionName{Number: version, Record: r.Digest()}
		}
		return s, nil
	})
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
