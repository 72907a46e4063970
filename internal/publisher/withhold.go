package publisher

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/log"
)

// Withhold publishes a redaction of one list entry, by its commitment: the service
// then serves its name no more, nor the records about it.
func (p *Publisher) Withhold(ctx context.Context, slug, entry string) (*Result, error) {
	done := func(r *Result) bool {
		_, gone := r.Publication.Chain().Withheld(entry)
		return gone
	}
	return p.say(ctx, slug, redactName, done, func(pub *evidence.Publication, h statement.Header) (statement.Statement, error) {
		b, err := p.Source.Fetch(ctx, evidence.Layout{}.Payloads(slug, entry))
		if err != nil {
			return nil, err
		}
		var here struct {
			Payloads []log.Digest `json:"payloads"`
		}
		if err := json.Unmarshal(b, &here); err != nil {
			return nil, fmt.Errorf("what the service says of the entry: %w", err)
		}
		if here.Payloads == nil {
			here.Payloads = []log.Digest{}
		}
		return &statement.Redaction{Entry: entry, Issued: p.issued(), Log: h.Log, Payloads: here.Payloads, Previous: h.Previous, Publication: h.Publication, Sequence: h.Sequence}, nil
	})
}
