package mirror

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/log"
	"github.com/sijil/sijil/log/tile"
)

// others are the records under publisher keys that stand in no chain: proposals that wait
// for signatures above all. The entries name them by digest alone, and an audit asks for
// each.
type others struct {
	keys  map[log.Digest]string // slug of a publication by the digest of each key it ever had
	known map[log.Digest]bool   // records that are copied with their publication
}

// note notes the keys of a publication, and the records that its documents hold. What its
// redactions name goes from the folder.
func (m *mirror) note(pub *evidence.Publication, batches []evidence.Batch) error {
	for _, r := range pub.Records() {
		m.others.known[r.Digest()] = true
		var policy statement.Policy
		switch s := r.Statement.(type) {
		case *statement.Publication:
			policy = s.Policy
		case *statement.PolicyChange:
			policy = s.Policy
		case *statement.Redaction:
			for _, d := range s.Payloads {
				m.others.known[d] = true
				if err := m.w.remove(evidence.Layout{}.Record(pub.Slug(), d)); err != nil {
					return err
				}
			}
		}
		for _, spki := range policy.Keys {
			m.others.keys[log.Sum(spki)] = pub.Slug()
		}
	}
	for _, a := range pub.Asides() {
		m.others.known[a.Digest()] = true
	}
	for _, b := range batches {
		m.others.known[b.Digest()] = true
	}
	return nil
}

// payloads copies the records that an entry bundle of the log names, and that belong to
// those. One that the service does not serve is left out: an audit says so.
func (m *mirror) payloads(ctx context.Context, bundle []byte) error {
	if len(m.others.keys) == 0 {
		return nil
	}
	for len(bundle) > 0 {
		list, rest, err := tile.CutBundle(bundle, 1)
		if err != nil {
			return err
		}
		bundle = rest
		e, err := log.ParseEntry(list[0])
		if err != nil {
			continue // an audit says what is wrong with it
		}
		slug, ok := m.others.keys[log.Sum(e.Key)]
		if !ok || m.others.known[e.Digest] {
			continue
		}
		m.others.known[e.Digest] = true
		if err := m.payload(ctx, evidence.Layout{}.Record(slug, e.Digest), e.Digest); err != nil {
			return err
		}
	}
	return nil
}

func (m *mirror) payload(ctx context.Context, path string, record log.Digest) error {
	if _, err := m.own.Fetch(ctx, path); err == nil {
		return nil
	}
	data, err := m.Source.Fetch(ctx, path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	b, err := log.ParseBundle(data)
	if err == nil && b.Envelope.Digest() != record {
		err = errors.New("is another record")
	}
	if err != nil {
		return &evidence.DamagedError{Path: path, Err: err}
	}
	return m.w.put(path, data)
}
