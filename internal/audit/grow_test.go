package audit

import (
	"context"
	"fmt"
	"io/fs"
	"sync"
	"testing"

	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/internal/logtest"
)

// late serves some documents from the second request on: they were published
// meanwhile.
type late struct {
	logtest.Documents
	mu     sync.Mutex
	hidden map[string]bool
}

// Fetch implements Source.
func (l *late) Fetch(ctx context.Context, path string) ([]byte, error) {
	l.mu.Lock()
	hidden := l.hidden[path]
	delete(l.hidden, path)
	l.mu.Unlock()
	if hidden {
		return nil, fmt.Errorf("%s: %w", path, fs.ErrNotExist)
	}
	return l.Documents.Fetch(ctx, path)
}

// A record that was not there when it was asked for, and is when a later one is
// found, is no gap.
func TestPublishedMeanwhile(t *testing.T) {
	w := smallWorld(t)
	docs := w.served()
	layout := evidence.Layout{}
	for sequence := int64(0); ; sequence++ {
		path := layout.Bundle(slug, sequence)
		if _, ok := docs[path]; !ok {
			if sequence < 2 {
				t.Fatal("the publication is too short for a gap")
			}
			break
		}
		got, err := Run(t.Context(), &late{Documents: docs, hidden: map[string]bool{path: true}}, w.options())
		if _, last := docs[layout.Bundle(slug, sequence+1)]; !last {
			break // the last one leaves no gap
		}
		if err != nil || got.Report.Outcome != Clean {
			t.Errorf("record %d: %s, %v, %v", sequence, got.Report.Outcome, foundIn(got.Report), err)
		}
	}
}
