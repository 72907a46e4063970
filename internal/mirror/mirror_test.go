package mirror_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/sijil/sijil/internal/endorsement"
	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/internal/mirror"
	"github.com/sijil/sijil/internal/sigstore"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
	"github.com/sijil/sijil/log/client"
)

// world is a log of some entries and one publication, as a service serves it.
type world struct {
	t   testing.TB
	log *logtest.Log
	pub *logtest.Publication
}

func newWorld(t testing.TB, entries int) *world {
	t.Helper()
	l := logtest.New(t, "https://sijil.example/")
	signer := logtest.NewSigner(t)
	genesis := l.Genesis("river", logtest.River()[0].Title(), signer)
	pub := &logtest.Publication{Log: l, Slug: "river", Signer: signer, Bundles: []*log.Bundle{genesis}, Indexes: []int64{l.Publish(genesis, signer.Public())}}
	pub.Add(logtest.River()[0])
	w := &world{t, l, pub}
	w.grow(entries)
	return w
}

func (w *world) grow(n int) {
	for range n {
		w.log.Append(fmt.Appendf(nil, "entry %d of somebody else", w.log.Size()))
	}
}

func (w *world) trust() *keys.Trust {
	w.t.Helper()
	trust, err := w.log.Trust().Pin("river", w.pub.Genesis())
	check(w.t, err)
	return trust
}

// served is all that the service serves.
func (w *world) served() source {
	w.t.Helper()
	size := w.log.Size()
	docs := w.pub.Documents(evidence.Layout{}, size)
	maps.Copy(docs, w.log.Tiles(size))
	b, err := w.trust().Marshal()
	check(w.t, err)
	docs[evidence.Layout{}.Trust()] = b
	return source{docs: docs}
}

// source serves documents, and fails after some.
type source struct {
	docs map[string][]byte
	left *atomic.Int64 // nil: never
}

var errCut = errors.New("the connection was cut")

// Fetch implements client.Fetcher.
func (s source) Fetch(_ context.Context, path string) ([]byte, error) {
	if s.left != nil && s.left.Add(-1) < 0 {
		return nil, errCut
	}
	b, ok := s.docs[path]
	if !ok {
		return nil, fmt.Errorf("%s: %w", path, fs.ErrNotExist)
	}
	return b, nil
}

func (w *world) update(dir string, src source, trust *keys.Trust) (*mirror.Report, error) {
	w.t.Helper()
	root, err := trust.TrustedRootJSON()
	check(w.t, err)
	stock, err := sigstore.New(root)
	check(w.t, err)
	return mirror.Update(w.t.Context(), mirror.Options{Source: src, Dir: dir, Trust: trust, Evidence: evidence.Options{Stock: stock,
		Consistent: func(ctx context.Context, old, new *log.Checkpoint) error {
			err := client.Consistency(ctx, src, tree(old), tree(new))
			if errors.Is(err, client.ErrInconsistent) {
				return evidence.ErrInconsistent
			}
			return err
		}}})
}

func tree(c *log.Checkpoint) client.Tree { return client.Tree{Size: uint64(c.Size()), Root: c.Root()} }

// whole requires that a folder's checkpoint is covered by what lies beside it.
func (w *world) whole(dir string) int64 {
	w.t.Helper()
	own := client.NewDir(dir)
	b, err := own.Fetch(w.t.Context(), "checkpoint")
	if errors.Is(err, fs.ErrNotExist) {
		return -1
	}
	check(w.t, err)
	c, err := log.OpenCheckpoint(b, w.log.Policy)
	check(w.t, err)
	n := uint64(0)
	check(w.t, client.Entries(w.t.Context(), own, tree(c), 0, uint64(c.Size()), func(uint64, []byte) error { n++; return nil }))
	if n != uint64(c.Size()) || c.Root() != tlog.Hash(w.log.Root(c.Size())) {
		w.t.Errorf("%d entries under a checkpoint of %d", n, c.Size())
	}
	return c.Size()
}

// Cut off after any number of documents, at the first copy and at the next one,
// a folder is what it was, and the next Update completes it.
func TestCutOff(t *testing.T) {
	w := newWorld(t, 300)
	first := w.served()
	w.pub.Add(logtest.River()[1])
	w.grow(300)
	second := w.served()
	dir := t.TempDir()
	for i, s := range []source{first, second} {
		before := w.whole(dir)
		cuts := 0
		for left := int64(0); ; left++ {
			s.left = new(atomic.Int64)
			s.left.Store(left)
			_, err := w.update(dir, s, w.log.Trust())
			if err == nil {
				break
			}
			if !errors.Is(err, errCut) {
				t.Fatalf("%d, cut after %d: %v", i, left, err)
			}
			if got := w.whole(dir); got != before {
				t.Fatalf("%d, cut after %d: the checkpoint moved from %d to %d", i, left, before, got)
			}
			cuts++
		}
		if want := map[int]int64{0: 302, 1: 603}[i]; w.whole(dir) != want || cuts < 10 {
			t.Errorf("%d: %d entries after %d cuts, want %d", i, w.whole(dir), cuts, want)
		}
	}
	// What the mirror holds convinces a reader.
	if _, err := w.update(t.TempDir(), source{docs: readAll(t, dir)}, w.trust()); err != nil {
		t.Errorf("a mirror of the mirror: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "tile/entries/001.p")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("partial bundles stay beside the full one: %v", err)
	}
}

// TestParts: what signatories said is copied in its parts, and a part that is no more, as a
// name was withheld, goes.
func TestParts(t *testing.T) {
	w := newWorld(t, 1)
	key, observer := logtest.NewSigner(t), logtest.NewSigner(t)
	w.pub.Observer = observer
	deny := func(entry int) {
		w.pub.Claim(key, &statement.Denial{About: w.pub.About(1, entry), Reason: fmt.Sprint("for reason ", w.log.Size())})
	}
	for range endorsement.PartRecords - 1 {
		deny(0)
	}
	deny(1)
	l, dir := evidence.Layout{}, t.TempDir()
	for want := 2; want > 0; want-- {
		_, err := w.update(dir, w.served(), w.log.Trust())
		check(t, err)
		for n := 1; n <= 3; n++ {
			if _, err := os.Stat(filepath.Join(dir, l.Endorsements("river", n))); errors.Is(err, fs.ErrNotExist) != (n > want) {
				t.Errorf("part %d of %d: %v", n, want, err)
			}
		}
		_, err = w.update(t.TempDir(), source{docs: readAll(t, dir)}, w.trust())
		check(t, err)
		last := len(w.pub.Asides) - 1
		w.pub.Redact(1, 1, w.pub.Asides[last].Bundle.Envelope.Digest())
		w.pub.Asides = w.pub.Asides[:last]
	}
}

func readAll(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	check(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		out[filepath.ToSlash(rel)], err = os.ReadFile(path)
		return err
	}))
	return out
}

// A lying source changes nothing that was copied, and is named.
func TestLyingSource(t *testing.T) {
	w := newWorld(t, 300)
	honest := w.served()
	for path := range honest.docs {
		if path == (evidence.Layout{}).Trust() {
			continue // a list of where to look, and nothing to believe
		}
		lie := source{docs: maps.Clone(honest.docs)}
		b := append([]byte(nil), lie.docs[path]...)
		b[len(b)/2] ^= 1
		lie.docs[path] = b
		dir := t.TempDir()
		_, err := w.update(dir, lie, w.log.Trust())
		if err == nil {
			t.Errorf("%s: copied with a flipped bit", path)
		}
		if w.whole(dir) != -1 {
			t.Errorf("%s: a checkpoint was written", path)
		}
	}
	// Another genesis for a slug that the mirror knows.
	dir := t.TempDir()
	if _, err := w.update(dir, honest, w.log.Trust()); err != nil {
		t.Fatal(err)
	}
	other := source{docs: maps.Clone(honest.docs)}
	pins, err := w.log.Trust().Pin("river", log.Sum([]byte("another")))
	check(t, err)
	other.docs[evidence.Layout{}.Trust()], err = pins.Marshal()
	check(t, err)
	var pin *keys.PinError
	if _, err := w.update(dir, other, w.log.Trust()); !errors.As(err, &pin) || pin.Slug != "river" {
		t.Errorf("another genesis: %v", err)
	}
	// A smaller tree, and another history.
	small := newWorld(t, 3)
	small.log.Key, small.log.Signer, small.log.Policy = w.log.Key, w.log.Signer, w.log.Policy
	back := source{docs: maps.Clone(honest.docs)}
	back.docs["checkpoint"] = w.log.Checkpoint(100)
	var bad *evidence.Misbehaviour
	if _, err := w.update(dir, back, w.log.Trust()); err == nil || errors.As(err, &bad) && bad.Rule != evidence.RuleRollback {
		t.Errorf("a smaller tree: %v", err)
	}
	if w.whole(dir) != 302 {
		t.Errorf("the folder moved to %d", w.whole(dir))
	}
}

// Handler shows the mirror's documents, and nothing else of the machine.
func TestHandler(t *testing.T) {
	w := newWorld(t, 300)
	dir := filepath.Join(t.TempDir(), "mirror")
	if _, err := w.update(dir, w.served(), w.log.Trust()); err != nil {
		t.Fatal(err)
	}
	check(t, os.WriteFile(filepath.Join(filepath.Dir(dir), "secret"), []byte("secret"), 0o644))
	check(t, os.Symlink("../secret", filepath.Join(dir, "tile", "link")))
	h, err := mirror.Handler(dir)
	check(t, err)
	for path, want := range map[string]struct {
		status int
		kind   string
	}{
		"/checkpoint":                      {200, "text/plain; charset=utf-8"},
		"/api/v2/checkpoint":               {200, "text/plain; charset=utf-8"},
		"/tile/0/000":                      {200, "application/octet-stream"},
		"/api/v2/tile/entries/000":         {200, "application/octet-stream"},
		"/api/v1/publications/river/head":  {200, "text/plain; charset=utf-8"},
		"/api/v1/trust.json":               {200, "application/json"},
		"/trusted_root.json":               {200, "application/json"},
		"/":                                {404, ""},
		"/tile":                            {404, ""},
		"/tile/":                           {404, ""},
		"/.sijil-mirror":                   {404, ""},
		"/../secret":                       {404, ""},
		"/%2e%2e/secret":                   {404, ""},
		"/tile/link":                       {404, ""},
		"/api/v1/publications/river/other": {404, ""},
	} {
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, httptest.NewRequest("GET", path, nil))
		if rec.Code != want.status || want.kind != "" && rec.Header().Get("Content-Type") != want.kind || strings.Contains(rec.Body.String(), "secret") {
			t.Errorf("%s: %d %s %.40q", path, rec.Code, rec.Header().Get("Content-Type"), rec.Body)
		}
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequest("POST", "/checkpoint", nil))
	if rec.Code != 405 {
		t.Errorf("POST: %d", rec.Code)
	}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
