package publisher_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sijil/sijil/internal/chain"
	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/internal/publisher"
	"github.com/sijil/sijil/internal/remote"
	"github.com/sijil/sijil/log"
)

// TestStory: two versions, and then nothing new.
func TestStory(t *testing.T) {
	d := newDesk(t)
	first, err := d.publish(input(1))
	must(t, err)
	if diff := cmp.Diff([]string{"create", "submit"}, d.server.calls); diff != "" {
		t.Error(diff)
	}
	if pin, ok := d.trust.Genesis("river"); !ok || pin != first.Genesis || first.Version != 1 || first.Index != 1 {
		t.Errorf("pinned %s, result %+v", pin, first)
	}
	second, err := d.publish(input(2))
	must(t, err)
	if second.Genesis != first.Genesis || second.Version != 2 || second.Index != 2 || d.waiting() != "" {
		t.Errorf("result %+v, waiting: %s", second, d.waiting())
	}
	records := second.Publication.Records()
	if len(records) != 3 || records[1].Digest() != first.Record || records[2].Digest() != second.Record {
		t.Errorf("%d records", len(records))
	}
	// Names that stay keep their commitments.
	a, b := records[1].Edition.List().Commitments(), records[2].Edition.List().Commitments()
	if a[0] != b[0] || a[1] != b[1] || a[2] == b[2] {
		t.Errorf("commitments %v, then %v", a, b)
	}
	in := input(2)
	in.Reason = "Nothing but another reason."
	if _, err := d.publish(in); !errors.Is(err, publisher.ErrUnchanged) || d.ledger.log.Size() != 3 || d.waiting() != "" {
		t.Errorf("nothing new: %v", err)
	}
	in.Place = "Elsewhere"
	in.Reason = input(1).Reason
	if _, err := d.publish(in); !errors.Is(err, publisher.ErrReason) || d.ledger.log.Size() != 3 || d.waiting() != "" {
		t.Errorf("the first version's reason: %v", err)
	}
	in.Reason = "Another place."
	if r, err := d.publish(in); err != nil || r.Version != 3 {
		t.Errorf("another place: %v", err)
	}
}

// TestNetworkFails: wherever it fails, the same command again finishes what was
// begun, and nothing is signed, logged or created twice.
func TestNetworkFails(t *testing.T) {
	busy := &remote.Problem{Status: 429, Title: "too many requests"}
	down := &remote.Problem{Status: 503, Title: "short of space"}
	for _, call := range []string{"create", "submit"} {
		for _, arrived := range []bool{false, true} {
			for _, cause := range []error{errNetwork, busy, down} {
				d := newDesk(t)
				d.failing(call, arrived, cause)
				if _, err := d.publish(input(1)); !errors.Is(err, cause) {
					t.Fatalf("%s: %v", call, err)
				}
				want := map[string]string{"create": "genesis.json", "submit": "version.json"}[call]
				if d.waiting() != want {
					t.Errorf("%s, arrived %v, %v: waiting: %q", call, arrived, cause, d.waiting())
				}
				kept, err := d.outbox.Get(want)
				must(t, err)
				// Still failing: it stays, as it was signed.
				if _, err := d.publish(input(1)); !errors.Is(err, cause) {
					t.Fatalf("%s again: %v", call, err)
				}
				if again, err := d.outbox.Get(want); err != nil || string(again) != string(kept) {
					t.Errorf("%s: the outbox holds another record now", call)
				}
				d.online()
				r, err := d.publish(input(1))
				if err != nil || r.Version != 1 || r.Index != 1 || d.ledger.log.Size() != 2 || d.waiting() != "" {
					t.Errorf("%s, arrived %v, %v: %+v, %v; %d entries, waiting: %q", call, arrived, cause, r, err, d.ledger.log.Size(), d.waiting())
				}
			}
		}
	}
}

// TestReadBackFails: an accepted record that cannot be read back is not called
// published, and is delivered by the next run.
func TestReadBackFails(t *testing.T) {
	d := newDesk(t)
	d.failing("api/v1/latest/publications/river/records/1.bundle.json", false, errNetwork)
	if _, err := d.publish(input(1)); !errors.Is(err, errNetwork) || !strings.Contains(err.Error(), "was accepted") {
		t.Errorf("%v", err)
	}
	if d.waiting() != "version.json" {
		t.Errorf("waiting: %q", d.waiting())
	}
	d.online()
	if r, err := d.publish(input(1)); err != nil || r.Version != 1 || d.ledger.log.Size() != 2 || d.waiting() != "" {
		t.Errorf("%+v, %v", r, err)
	}
}

// TestAcceptedIsNotPublished: a service that says yes and does nothing is found
// out: its word is not enough.
func TestAcceptedIsNotPublished(t *testing.T) {
	d := newDesk(t)
	_, err := d.publish(input(1))
	must(t, err)
	d.server.fail = func(call string, arrived bool) error {
		if call == "submit" && !arrived {
			return errSwallow
		}
		return nil
	}
	_, err = d.publish(input(2))
	if err == nil || !strings.Contains(err.Error(), "does not show it") || d.waiting() != "version.json" {
		t.Errorf("%v, waiting: %q", err, d.waiting())
	}
	d.online()
	if r, err := d.publish(input(2)); err != nil || r.Version != 2 || d.waiting() != "" {
		t.Errorf("%+v, %v", r, err)
	}
	if s, err := d.server.uses.Publication("river"); err != nil || s.Sequence != 2 {
		t.Errorf("%+v, %v", s, err)
	}
}

// TestRefusedForGood: what the service refuses is taken out, so that the next
// run can do better.
func TestRefusedForGood(t *testing.T) {
	d := newDesk(t)
	d.failing("create", false, &remote.Problem{Status: 403, Title: "the token is not valid"})
	if _, err := d.publish(input(1)); err == nil || d.waiting() != "" {
		t.Errorf("create: %v, waiting: %q", err, d.waiting())
	}
	if _, ok := d.trust.Genesis("river"); ok {
		t.Error("a publication that was refused is pinned")
	}
	d.online()
	_, err := d.publish(input(1))
	must(t, err)
	for _, code := range []int{400, 403, 409, 413, 422} {
		d.failing("submit", false, &remote.Problem{Status: code})
		if _, err := d.publish(input(2)); err == nil || d.waiting() != "" {
			t.Errorf("%d: %v, waiting: %q", code, err, d.waiting())
		}
	}
	d.online()
	if r, err := d.publish(input(2)); err != nil || r.Version != 2 {
		t.Errorf("%+v, %v", r, err)
	}
}

// TestStolenPlace: a colleague with the same key publishes between signing and
// sending; the record in the outbox can no longer stand, and is dropped.
func TestStolenPlace(t *testing.T) {
	d := newDesk(t)
	_, err := d.publish(input(1))
	must(t, err)
	d.failing("submit", false, errNetwork)
	if _, err := d.publish(input(2)); !errors.Is(err, errNetwork) {
		t.Fatal(err)
	}
	d.online()
	colleague := *d
	colleague.outbox = publisher.FolderOutbox(filepath.Join(t.TempDir(), "outbox"))
	other := input(2)
	other.Place = "Elsewhere"
	_, err = colleague.publish(other)
	must(t, err)
	var problem *remote.Problem
	if _, err := d.publish(input(2)); !errors.As(err, &problem) || problem.Status != 409 || d.waiting() != "" {
		t.Errorf("%v, waiting: %q", err, d.waiting())
	}
	if r, err := d.publish(input(2)); err != nil || r.Version != 3 {
		t.Errorf("%+v, %v", r, err)
	}
}

// TestNothingSignedOnDoubt: on a chain that does not verify, or with a key that
// may not, nothing is signed and nothing is sent.
func TestNothingSignedOnDoubt(t *testing.T) {
	d := newDesk(t)
	_, err := d.publish(input(1))
	must(t, err)
	signer := d.signer
	d.signer = logtest.NewSigner(t)
	if _, err := d.publish(input(2)); !errors.Is(err, chain.ErrUnauthorised) || len(d.server.calls) != 0 || d.waiting() != "" {
		t.Errorf("another key: %v, calls %v, waiting: %q", err, d.server.calls, d.waiting())
	}
	d.signer = signer
	d.failing("api/v1/publications/river/versions/1/text.ar.txt", false, errNetwork)
	if _, err := d.publish(input(2)); !errors.Is(err, errNetwork) || len(d.server.calls) != 0 || d.waiting() != "" {
		t.Errorf("a chain that cannot be read: %v, calls %v, waiting: %q", err, d.server.calls, d.waiting())
	}
	d.online()
	kept := d.trust
	if d.trust, err = d.ledger.log.Trust().Pin("river", log.Sum([]byte("another genesis"))); err != nil {
		t.Fatal(err)
	}
	var damaged *evidence.DamagedError
	if _, err := d.publish(input(2)); !errors.As(err, &damaged) || len(d.server.calls) != 0 || d.waiting() != "" {
		t.Errorf("another genesis: %v, calls %v, waiting: %q", err, d.server.calls, d.waiting())
	}
	d.trust = kept
	in := input(2)
	in.Texts["en"] = []byte("\xff")
	if _, err := d.publish(in); err == nil || len(d.server.calls) != 0 || d.waiting() != "" {
		t.Errorf("a text that is none: %v", err)
	}
}

// TestRenamedDraft: a genesis whose answer was lost is never pinned under another
// slug.
func TestRenamedDraft(t *testing.T) {
	d := newDesk(t)
	d.failing("create", true, errNetwork)
	if _, err := d.publish(input(1)); !errors.Is(err, errNetwork) {
		t.Fatal(err)
	}
	d.online()
	in := input(1)
	in.Slug = "lake"
	if _, err := d.publish(in); err == nil || !strings.Contains(err.Error(), `is not the genesis of "lake"`) {
		t.Errorf("%v", err)
	}
	if n, _ := d.trust.Slugs(); n != 0 || len(d.server.calls) != 0 || d.waiting() != "genesis.json" {
		t.Errorf("%d pins, calls %v, waiting: %q", n, d.server.calls, d.waiting())
	}
	if _, err := d.publish(input(1)); err != nil {
		t.Errorf("under its own name: %v", err)
	}
}

func TestDamagedOutbox(t *testing.T) {
	d := newDesk(t)
	for _, name := range []string{"genesis.json", "version.json"} {
		must(t, d.outbox.Put(name, []byte(`{"bundle":{}}`)))
		if _, err := d.publish(input(1)); err == nil || !strings.Contains(err.Error(), "outbox: "+name) || len(d.server.calls) != 0 {
			t.Errorf("%s: %v, calls %v", name, err, d.server.calls)
		}
		must(t, d.outbox.Drop(name))
		if name == "genesis.json" {
			_, err := d.publish(input(1))
			must(t, err)
		}
	}
}

func TestFolderOutbox(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "outbox")
	f := publisher.FolderOutbox(dir)
	if b, err := f.Get("version.json"); b != nil || err != nil {
		t.Errorf("nothing yet: %q, %v", b, err)
	}
	must(t, f.Drop("version.json"))
	must(t, f.Put("version.json", []byte("one")))
	must(t, f.Put("version.json", []byte("two")))
	must(t, f.Put("genesis.json", []byte("three")))
	if b, err := f.Get("version.json"); string(b) != "two" || err != nil {
		t.Errorf("%q, %v", b, err)
	}
	list, err := os.ReadDir(dir)
	must(t, err)
	if len(list) != 2 {
		t.Errorf("the folder holds %v", list)
	}
	for _, e := range list {
		info, err := e.Info()
		must(t, err)
		if info.Mode() != 0o600 {
			t.Errorf("%s has mode %v", e.Name(), info.Mode())
		}
	}
	must(t, f.Drop("version.json"))
	if b, err := f.Get("genesis.json"); string(b) != "three" || err != nil {
		t.Errorf("the other: %q, %v", b, err)
	}
	must(t, f.Drop("genesis.json"))
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("an empty outbox stays: %v", err)
	}
	must(t, os.WriteFile(dir, nil, 0o600))
	if err := f.Put("version.json", []byte("x")); err == nil || !strings.HasPrefix(err.Error(), "outbox: ") {
		t.Errorf("a file for a folder: %v", err)
	}
}
