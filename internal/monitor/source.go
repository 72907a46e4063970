package monitor

import (
	"context"
	"regexp"
	"sync"

	"github.com/sijil/sijil/internal/evidence"
)

// maxKept bounds what a look keeps of a service's documents, in bytes.
const maxKept = 64 << 20

// lasting are the paths whose documents do not change, or not in what they prove.
var lasting = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`/(text\.[^/]+\.txt|records/[0-9]+(\.[0-9]+)?\.bundle\.json)$`)
})

// source fetches for one look what does not change once, though audit and evidence
// both read it.
type source struct {
	evidence.Source

	mu   sync.Mutex // guards what follows
	kept map[string][]byte
	size int
}

func newSource(s *Service) *source { return &source{Source: s.Source, kept: map[string][]byte{}} }

// Fetch implements evidence.Source.
func (s *source) Fetch(ctx context.Context, path string) ([]byte, error) {
	if !lasting().MatchString(path) {
		return s.Source.Fetch(ctx, path)
	}
	s.mu.Lock()
	b, ok := s.kept[path]
	s.mu.Unlock()
	if ok {
		return b, nil
	}
	b, err := s.Source.Fetch(ctx, path)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.size+len(b) <= maxKept {
		s.kept[path], s.size = b, s.size+len(b)
	}
	return b, nil
}

// forget has everything fetched again.
func (s *source) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept, s.size = map[string][]byte{}, 0
}
