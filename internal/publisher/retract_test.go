package publisher_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/sijil/sijil/internal/chain"
	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/internal/publisher"
	"github.com/sijil/sijil/internal/statement"
)

// published is a desk with two versions.
func published(t *testing.T) *desk {
	t.Helper()
	d := newDesk(t)
	for n := 1; n <= 2; n++ {
		_, err := d.publish(input(n))
		must(t, err)
	}
	return d
}

// TestRetractStory: a version, what follows it, and the end.
func TestRetractStory(t *testing.T) {
	d := published(t)
	r, err := d.retract(2, "A demand was missing.")
	must(t, err)
	if r.Version != 2 || r.Index != 3 || d.waiting() != "" {
		t.Errorf("%+v, waiting: %q", r, d.waiting())
	}
	records := r.Publication.Records()
	s, ok := records[3].Statement.(*statement.Retraction)
	if !ok || s.Version.Number != 2 || s.Version.Record != records[2].Digest() || s.Reason != "A demand was missing." || records[3].Digest() != r.Record {
		t.Errorf("the record says %+v", records[3].Statement)
	}
	// The same text again is a new version: the one that said it was withdrawn.
	third, err := d.publish(input(2))
	must(t, err)
	if third.Version != 3 || third.Index != 4 {
		t.Errorf("%+v", third)
	}
	if _, err := d.publish(input(2)); !errors.Is(err, publisher.ErrUnchanged) {
		t.Errorf("and again: %v", err)
	}
	end, err := d.retract(0, "All of it.")
	must(t, err)
	if end.Version != 0 || end.Index != 5 {
		t.Errorf("%+v", end)
	}
	if _, gone := end.Publication.Retraction(3); !gone {
		t.Error("version 3 stands")
	}
	if _, err := d.publish(input(1)); !errors.Is(err, publisher.ErrRetracted) || d.waiting() != "" || d.ledger.log.Size() != 6 {
		t.Errorf("after the end: %v, waiting: %q", err, d.waiting())
	}
}

// TestNotRetractable: nothing is signed for what cannot be withdrawn.
func TestNotRetractable(t *testing.T) {
	d := published(t)
	_, err := d.retract(1, "Withdrawn.")
	must(t, err)
	for version, says := range map[int]string{3: "there is no version 3", 1: "version 1 was retracted on 2026-01-02"} {
		var never *publisher.NotRetractableError
		if _, err := d.retract(version, "x"); !errors.As(err, &never) || never.Version != version || !strings.Contains(err.Error(), says) {
			t.Errorf("version %d: %v", version, err)
		}
	}
	if _, err := d.retract(2, ""); err == nil || !strings.Contains(err.Error(), "reason: empty") {
		t.Errorf("no reason: %v", err)
	}
	owner := d.signer
	d.signer = logtest.NewSigner(t)
	if _, err := d.retract(2, "x"); !errors.Is(err, chain.ErrUnauthorised) {
		t.Errorf("a stranger: %v", err)
	}
	d.signer = owner
	if len(d.server.calls) != 0 || d.waiting() != "" || d.ledger.log.Size() != 4 {
		t.Errorf("calls %v, waiting: %q, %d entries", d.server.calls, d.waiting(), d.ledger.log.Size())
	}
	_, err = d.retract(0, "All.")
	must(t, err)
	for _, version := range []int{0, 2} {
		if _, err := d.retract(version, "x"); err == nil || !strings.Contains(err.Error(), "the publication was retracted on") {
			t.Errorf("%d after the end: %v", version, err)
		}
	}
}

// TestRetractNetworkFails: wherever it fails, the same command again finishes it,
// with the same record.
func TestRetractNetworkFails(t *testing.T) {
	for _, arrived := range []bool{false, true} {
		d := published(t)
		d.failing("submit", arrived, errNetwork)
		if _, err := d.retract(1, "Withdrawn."); !errors.Is(err, errNetwork) || d.waiting() != "retraction.json" {
			t.Fatalf("arrived %v: %v, waiting: %q", arrived, err, d.waiting())
		}
		kept, err := d.outbox.Get("retraction.json")
		must(t, err)
		if _, err := d.retract(1, "Withdrawn, again."); !errors.Is(err, errNetwork) {
			t.Fatal(err)
		}
		if again, err := d.outbox.Get("retraction.json"); err != nil || string(again) != string(kept) {
			t.Error("the outbox holds another record now")
		}
		d.online()
		r, err := d.retract(1, "Withdrawn, once more.")
		must(t, err)
		if s := r.Publication.Records()[3].Statement.(*statement.Retraction); s.Reason != "Withdrawn." || r.Version != 1 || d.ledger.log.Size() != 4 || d.waiting() != "" {
			t.Errorf("arrived %v: %+v; %d entries, waiting: %q", arrived, s, d.ledger.log.Size(), d.waiting())
		}
	}
}

// TestWaitingRetractionGoesFirst: one that waits is delivered before another is
// signed onto it, and one that lost its place is refused and dropped.
func TestWaitingRetractionGoesFirst(t *testing.T) {
	d := published(t)
	d.failing("submit", false, errNetwork)
	if _, err := d.retract(1, "One."); !errors.Is(err, errNetwork) {
		t.Fatal(err)
	}
	d.online()
	r, err := d.retract(2, "Two.")
	must(t, err)
	if r.Version != 2 || r.Index != 4 || d.waiting() != "" {
		t.Errorf("%+v, waiting: %q", r, d.waiting())
	}
	if _, gone := r.Publication.Retraction(1); !gone {
		t.Error("version 1 stands")
	}

	d = published(t)
	d.failing("submit", false, errNetwork)
	if _, err := d.retract(1, "One."); !errors.Is(err, errNetwork) {
		t.Fatal(err)
	}
	d.online()
	in := input(1)
	in.Reason = "Two bridges fewer."
	_, err = d.publish(in) // version 3 takes its place
	must(t, err)
	if _, err := d.retract(1, "One."); err == nil || !strings.Contains(err.Error(), "409") || d.waiting() != "" {
		t.Errorf("%v, waiting: %q", err, d.waiting())
	}
	if r, err := d.retract(1, "One."); err != nil || r.Index != 4 {
		t.Errorf("%+v, %v", r, err)
	}
}

// TestRetractAcceptedIsNotDone: a service that says yes and does nothing is found
// out.
func TestRetractAcceptedIsNotDone(t *testing.T) {
	d := published(t)
	d.server.fail = func(call string, arrived bool) error {
		if call == "submit" && !arrived {
			return errSwallow
		}
		return nil
	}
	if _, err := d.retract(1, "Withdrawn."); err == nil || !strings.Contains(err.Error(), "does not show it") || d.waiting() != "retraction.json" {
		t.Errorf("%v, waiting: %q", err, d.waiting())
	}
}
