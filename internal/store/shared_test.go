package store

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/sijil/sijil/internal/publish"
	"github.com/sijil/sijil/log"
)

// testTwoProcesses: the operator's token command writes while the service does.
func testTwoProcesses(t *testing.T, at place) {
	service := at.create(t)
	operator := at.open(t)
	var wg sync.WaitGroup
	for i := range 40 {
		slug := fmt.Sprint("slug-", i)
		withToken(t, operator, slug)
		wg.Go(func() {
			if err := service.Reserve(context.Background(), genesis(slug)); err != nil {
				t.Errorf("%s: %v", slug, err)
			}
		})
	}
	wg.Wait()
	slugs, err := operator.Slugs(t.Context())
	must(t, err)
	if len(slugs) != 40 {
		t.Errorf("the operator sees %d publications", len(slugs))
	}
}

// testTokens: of a token the folder keeps its digest, and what it is for.
func testTokens(t *testing.T, at place) {
	s := at.create(t)
	digest := log.Sum([]byte("token"))
	if _, err := s.Token(t.Context(), digest); !errors.Is(err, publish.ErrToken) {
		t.Errorf("a token nobody made: %v", err)
	}
	want := publish.Token{Slug: "river", Expires: now.Add(time.Hour), AllowSimilar: true}
	must(t, s.AddToken(t.Context(), digest, want))
	got, err := s.Token(t.Context(), digest)
	must(t, err)
	if got.Slug != want.Slug || !got.Expires.Equal(want.Expires) || got.Used || !got.AllowSimilar {
		t.Errorf("%+v, want %+v", got, want)
	}
	if err := s.AddToken(t.Context(), digest, publish.Token{Slug: "lake"}); err == nil {
		t.Error("a token was replaced")
	}
	g := genesis("river")
	g.Token = &digest
	must(t, s.Reserve(t.Context(), g))
	if got, err = s.Token(t.Context(), digest); err != nil || !got.Used {
		t.Errorf("after its use: %+v, %v", got, err)
	}
}

// testOneTokenManyUsers: of many who use one token at once, one does.
func testOneTokenManyUsers(t *testing.T, at place) {
	s := at.create(t)
	withToken(t, s, "river")
	errs := make([]error, 30)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			g := genesis("river")
			g.Record = log.Sum(fmt.Appendf(nil, "genesis %d", i))
			g.Genesis = g.Record
			errs[i] = s.Reserve(context.Background(), g)
		})
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		} else if !errors.Is(err, publish.ErrToken) {
			t.Error(err)
		}
	}
	if won != 1 {
		t.Errorf("%d used the token", won)
	}
}

// testOrphans: a record without its publication, or a settlement without its
// record, is refused and leaves nothing.
func testOrphans(t *testing.T, at place) {
	s := at.create(t)
	orphan := publish.Reservation{Record: log.Sum([]byte("v1")), Genesis: log.Sum([]byte("nowhere")), Sequence: 1, Slug: "nowhere", Bundle: []byte("{}")}
	if err := s.Reserve(t.Context(), orphan); err == nil {
		t.Error("reserved in a publication that is not there")
	}
	if err := s.Settle(t.Context(), publish.Settlement{Record: orphan.Record, Genesis: orphan.Genesis}); err == nil {
		t.Error("settled a record that is not there")
	}
	must(t, s.Records(t.Context(), func(r publish.Stored) error { return fmt.Errorf("%s is there", r.Record) }))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	withToken(t, s, "river")
	if err := s.Reserve(ctx, genesis("river")); !errors.Is(err, context.Canceled) {
		t.Errorf("a caller who is gone: %v", err)
	}
}

func testSettings(t *testing.T, at place) {
	s := at.create(t)
	if _, err := s.Setting(t.Context(), "origin"); !errors.Is(err, ErrNotFound) {
		t.Errorf("before: %v", err)
	}
	must(t, s.PutSettings(t.Context(), map[string]string{"origin": "sijil.example", "tree": "7"}))
	if err := s.PutSettings(t.Context(), map[string]string{"origin": "other.example", "more": "x"}); err == nil {
		t.Error("a setting was replaced")
	}
	if _, err := s.Setting(t.Context(), "more"); !errors.Is(err, ErrNotFound) {
		t.Errorf("half of the settings were written: %v", err)
	}
	must(t, s.Close())
	if v, err := at.open(t).Setting(t.Context(), "origin"); err != nil || v != "sijil.example" {
		t.Errorf("after: %q, %v", v, err)
	}
}

// testCheckpointRivals: of many who replace one checkpoint at once, one does.
func testCheckpointRivals(t *testing.T, at place) {
	s := at.create(t)
	last := publish.Checkpoint{}
	for size := int64(1); size <= 20; size++ {
		errs := make([]error, 8)
		next := make([]publish.Checkpoint, len(errs))
		var wg sync.WaitGroup
		for i := range errs {
			next[i] = publish.Checkpoint{Size: size, Root: [32]byte{byte(i)}, Note: fmt.Appendf(nil, "%d by %d", size, i)}
			wg.Go(func() { errs[i] = s.SwapCheckpoint(context.Background(), last, next[i]) })
		}
		wg.Wait()
		won := -1
		for i, err := range errs {
			if err == nil && won >= 0 || err != nil && !errors.Is(err, ErrConflict) {
				t.Fatalf("size %d: %v", size, errs)
			}
			if err == nil {
				won = i
			}
		}
		got, err := s.LastCheckpoint(t.Context())
		must(t, err)
		if won < 0 || string(got.Note) != string(next[won].Note) || got.Root != next[won].Root {
			t.Fatalf("size %d: %q is stored", size, got.Note)
		}
		last = got
	}
}
