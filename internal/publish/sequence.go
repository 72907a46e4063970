package publish

import (
	"fmt"

	"github.com/sijil/sijil/log"
)

// Sequence returns the sequence number of a record of a publication.
func (s *Service) Sequence(slug string, record log.Digest) (int64, error) {
	p, err := s.find(slug)
	if err != nil {
		return 0, err
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	for i, e := range p.entries {
		if e.record.Digest() == record {
			return int64(i), nil
		}
	}
	return 0, fmt.Errorf("record %w", ErrUnknown)
}
