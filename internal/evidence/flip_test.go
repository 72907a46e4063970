package evidence_test

import (
	"context"
	"errors"
	"maps"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/keys"
)

// flip is one bit turned over in one document.
type flip struct {
	path string
	at   int
	mask byte
}

// flips returns some of the bits of every byte of every document; all eight of
// a byte where few is false.
func flips(docs map[string][]byte, few bool) []flip {
	var out []flip
	for _, p := range slices.Sorted(maps.Keys(docs)) {
		for at := range docs[p] {
			for bit := range 8 {
				// Bits 0, 5 and 7 change a letter, its case, and its being ASCII.
				if few && bit != []int{0, 5, 7}[at%3] {
					continue
				}
				out = append(out, flip{p, at, 1 << bit})
			}
		}
	}
	return out
}

// TestEveryFlip: whatever byte of whatever served document is changed, the
// reader is told the same, or is told which document is damaged.
func TestEveryFlip(t *testing.T) {
	w := newWorld(t)
	docs := w.served()
	want := viewOf(mustOpen(t, docs, w.options()))
	if len(want.Records) != 3 || len(want.Records[2].Texts) != 2 || len(want.Records[2].Names) != 3 || len(docs) != 11 {
		t.Fatalf("the publication is not the whole one: %d documents, %+v", len(docs), want)
	}
	all := flips(docs, true)
	if testing.Short() {
		all = slices.DeleteFunc(all, func(f flip) bool { return f.at%7 != 0 })
	}
	accepted := map[string]int{}
	var mu sync.Mutex
	each(all, func(f flip) {
		damaged := docs.Clone()
		damaged[f.path] = turned(docs[f.path], f)
		p, err := evidence.Open(context.Background(), damaged, w.options())
		var bad *evidence.DamagedError
		switch {
		case err == nil:
			if diff := cmp.Diff(want, viewOf(p)); diff != "" {
				t.Errorf("%+v: the reader is told something else (-true +told):\n%s", f, diff)
			}
			mu.Lock()
			accepted[f.path]++
			mu.Unlock()
		case !errors.As(err, &bad) || !strings.HasPrefix(f.path, bad.Path):
			t.Errorf("%+v: %v, want a DamagedError for the document", f, err)
		}
	})
	// What may change is the spare bits at the end of a signed note's base64.
	for p, n := range accepted {
		if note := path.Base(p) == "checkpoint" || path.Base(p) == "head" || strings.HasSuffix(p, ".bundle.json"); !note || n > 2 {
			t.Errorf("%s: %d changes of it were accepted", p, n)
		}
	}
	t.Logf("%d flips in %d documents, accepted with the same meaning: %v", len(all), len(docs), accepted)
}

// TestEveryFlipOfTrust: a changed trust file is refused, or pins something that
// the source cannot show, or means the same.
func TestEveryFlipOfTrust(t *testing.T) {
	w := newWorld(t)
	docs := w.served()
	want := viewOf(mustOpen(t, docs, w.options()))
	file, err := w.trust.Marshal()
	check(t, err)
	all := flips(map[string][]byte{"trust.json": file}, testing.Short())
	parsed, accepted := 0, 0
	var mu sync.Mutex
	each(all, func(f flip) {
		trust, err := keys.ParseTrust(turned(file, f))
		if err != nil {
			return
		}
		mu.Lock()
		parsed++
		mu.Unlock()
		o := w.options()
		o.Trust = trust
		if sameRoot(t, trust, w.trust) {
			o.Stock = w.stock
		} else {
			o.Stock = newStock(t, trust)
		}
		p, err := evidence.Open(context.Background(), docs, o)
		var bad *evidence.DamagedError
		switch {
		case err == nil:
			if diff := cmp.Diff(want, viewOf(p)); diff != "" {
				t.Errorf("%+v: the reader is told something else (-true +told):\n%s", f, diff)
			}
			mu.Lock()
			accepted++
			mu.Unlock()
		case !errors.As(err, &bad) && !errors.Is(err, evidence.ErrNotPinned):
			t.Errorf("%+v: %v, want a DamagedError or ErrNotPinned", f, err)
		}
	})
	if parsed == 0 {
		t.Error("no changed trust file was parsed: a digest with another digit is well-formed")
	}
	t.Logf("%d flips, %d parsed, %d accepted with the same meaning", len(all), parsed, accepted)
}

func sameRoot(t *testing.T, a, b *keys.Trust) bool {
	x, err := a.TrustedRootJSON()
	if err != nil {
		t.Error(err)
	}
	y, err := b.TrustedRootJSON()
	if err != nil {
		t.Error(err)
	}
	return string(x) == string(y)
}

func turned(b []byte, f flip) []byte {
	out := slices.Clone(b)
	out[f.at] ^= f.mask
	return out
}

// each calls do for every flip, on all processors.
func each(all []flip, do func(flip)) {
	jobs := make(chan flip)
	var group sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() {
			for f := range jobs {
				do(f)
			}
		})
	}
	for _, f := range all {
		jobs <- f
	}
	close(jobs)
	group.Wait()
}
