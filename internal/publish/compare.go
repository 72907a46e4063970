package publish

import (
	"fmt"

	"github.com/sijil/sijil/internal/match"
)

// Compare says how version b of a publication differs from version a.
func (s *Service) Compare(slug string, a, b int) (*match.Comparison, error) {
	before, err := s.version(slug, a)
	if err != nil {
		return nil, err
	}
	after, err := s.version(slug, b)
	if err != nil {
		return nil, err
	}
	c, err := match.Compare(before.edition.ForMatch(), after.edition.ForMatch())
	if err != nil {
		return nil, fmt.Errorf("compare versions %d and %d: %w", a, b, err)
	}
	return c, nil
}
