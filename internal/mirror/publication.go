package mirror

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"

	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log/client"
)

// tries bounds how often a publication is read again because it grew meanwhile.
const tries = 5

// publications copies every publication that the service lists, and then what
// the folder's trust file says of them.
func (m *mirror) publications(ctx context.Context) error {
	pins, err := m.pins(ctx)
	if err != nil {
		return err
	}
	given, err := m.given(ctx)
	if err != nil {
		return err
	}
	if pins, err = pins.PinAll(given.Publications()); err != nil {
		return err
	}
	for slug := range given.Publications() {
		m.slugs = append(m.slugs, slug)
	}
	slices.Sort(m.slugs)
	for _, slug := range m.slugs {
		if err := m.publication(ctx, pins, slug); err != nil {
			return fmt.Errorf("publication %q: %w", slug, err)
		}
	}
	b, err := pins.Marshal()
	if err != nil {
		return err
	}
	if err := m.w.put(evidence.Layout{}.Trust(), b); err != nil {
		return err
	}
	if b, err = pins.TrustedRootJSON(); err != nil {
		return err
	}
	return m.w.put(evidence.Layout{}.TrustedRoot(), b)
}

// pins are those of the trust file and those of the folder.
func (m *mirror) pins(ctx context.Context) (*keys.Trust, error) {
	b, err := m.own.Fetch(ctx, evidence.Layout{}.Trust())
	if errors.Is(err, fs.ErrNotExist) {
		return m.Trust, nil
	}
	if err != nil {
		return nil, err
	}
	own, err := keys.ParseTrust(b)
	if err != nil {
		return nil, fmt.Errorf("%s in %s: %w", evidence.Layout{}.Trust(), m.Dir, err)
	}
	return m.Trust.PinAll(own.Publications())
}

// given is the service's own list: where to look, nothing to believe.
func (m *mirror) given(ctx context.Context) (*keys.Trust, error) {
	path := evidence.Layout{}.Trust()
	b, err := m.Source.Fetch(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	given, err := keys.ParseTrust(b)
	if err != nil {
		return nil, &evidence.DamagedError{Path: path, Err: err}
	}
	if given.Policy().Log().ID() != m.Trust.Policy().Log().ID() {
		return nil, &evidence.DamagedError{Path: path, Err: errors.New("is about another log")}
	}
	return given, nil
}

// publication verifies a publication and writes what that took, the head last.
func (m *mirror) publication(ctx context.Context, pins *keys.Trust, slug string) error {
	var docs map[string][]byte
	var pub *evidence.Publication
	for try := range tries {
		// What is named by a digest and verified anyway is not fetched twice;
		// should the folder's copy be damaged, the next try takes the service's.
		r := &recorder{own: m.own, src: m.Source, docs: map[string][]byte{}, fresh: try > 0}
		o := m.Evidence
		o.Trust, o.Slug = pins, slug
		var err error
		pub, err = evidence.Open(ctx, r, o)
		var damaged *evidence.DamagedError
		if errors.As(err, &damaged) && try == 0 {
			continue
		}
		if err != nil {
			return err
		}
		if docs = r.docs; pub.Fresh() {
			break
		}
	}
	head := evidence.Layout{}.Head(slug)
	if err := m.parts(pub, docs); err != nil {
		return err
	}
	for path, b := range docs {
		if path == head || path == "checkpoint" {
			continue
		}
		if err := m.w.put(path, b); err != nil {
			return err
		}
	}
	batches, err := m.roll(ctx, pub)
	if err != nil {
		return err
	}
	if err := m.note(pub, batches); err != nil {
		return err
	}
	return m.w.put(head, docs[head])
}

// lasting are the paths whose documents do not change, or not in what they prove.
var lasting = regexp.MustCompile(`/(text\.[^/]+\.txt|records/[0-9]+\.bundle\.json)$`)

// recorder is a source that keeps what was read through it.
type recorder struct {
	own   *client.Dir
	src   client.Fetcher
	docs  map[string][]byte
	fresh bool
}

// Fetch implements evidence.Source.
func (r *recorder) Fetch(ctx context.Context, path string) ([]byte, error) {
	var b []byte
	err := fs.ErrNotExist
	if !r.fresh && lasting.MatchString(path) {
		b, err = r.own.Fetch(ctx, path)
	}
	if err != nil {
		b, err = r.src.Fetch(ctx, path)
	}
	if err == nil {
		r.docs[path] = b
	}
	return b, err
}
