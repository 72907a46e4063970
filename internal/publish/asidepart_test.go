package publish_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/sijil/sijil/internal/endorsement"
	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/internal/publish"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/log"
)

// parts reads the parts of the document, the last one included, and checks that there is
// none beyond.
func (x *river) parts(s *publish.Service, v publish.View, most int) (out [][]byte) {
	x.t.Helper()
	for n := 1; ; n++ {
		b, err := s.Endorsements(x.t.Context(), v, "river", n)
		if errors.Is(err, publish.ErrUnknown) {
			break
		}
		must(x.t, err)
		out = append(out, b)
	}
	for i, b := range out {
		switch lines := bytes.Count(b, []byte("\n")); {
		case i < len(out)-1 && lines != most:
			x.t.Errorf("part %d of %d has %d lines, want %d", i+1, len(out), lines, most)
		case i == len(out)-1 && lines >= most:
			x.t.Errorf("the last part, %d, has %d lines of %d", i+1, lines, most)
		}
	}
	return out
}

// sayMuch has the first two organisations say something by turns, n records in all, two of
// them enrolments.
func (x *river) sayMuch(n int) {
	x.t.Helper()
	s := logtest.NewSigner(x.t)
	for i := range n {
		if i < 2 {
			_, err := x.enrol(i, logtest.NewSigner(x.t))
			must(x.t, err)
			continue
		}
		about := x.about(i % 2)
		_, err := x.claim(s, &statement.Denial{About: about, Reason: fmt.Sprint("for reason ", i)}, x.invite(i%2, nil))
		must(x.t, err)
	}
}

// TestEndorsementParts: however many records a part has, parts hold the same lines in the
// order of the log, in both views, also where records come in, and close up where some go.
func TestEndorsementParts(t *testing.T) {
	x := newRiver(t)
	x.service.PartRecords(2)
	if got := x.parts(x.service, publish.Public, 2); len(got) != 1 || len(got[0]) != 0 {
		t.Errorf("nobody has said anything: %q", got)
	}
	const all = 7
	x.sayMuch(all)
	x.service.PartRecords(1000)
	whole := x.parts(x.service, publish.Public, 1000)[0]
	for most := 1; most <= all+1; most++ {
		x.service.PartRecords(most)
		for range 2 { // the second time, they are kept
			for _, v := range []publish.View{publish.Public, publish.Latest} {
				got := x.parts(x.service, v, most)
				if len(got) != all/most+1 || !bytes.Equal(bytes.Join(got, nil), whole) {
					t.Errorf("parts of %d: %d, with %d bytes, want %d", most, len(got), len(bytes.Join(got, nil)), len(whole))
				}
			}
		}
	}
	x.service.PartRecords(2)
	before := len(x.parts(x.service, publish.Public, 2))
	x.sayOne("one more")
	if got := x.parts(x.service, publish.Public, 2); len(got) != before+1 || len(got[len(got)-1]) != 0 {
		t.Errorf("%d parts after %d, the last with %d bytes", len(got), before, len(got[len(got)-1]))
	}
	// What is about the second organisation goes.
	gone := x.payloads(1)
	_, err := x.service.Submit(t.Context(), "river", x.redaction(1, gone), publish.Content{})
	must(t, err)
	left := all + 1 - len(gone)
	got := x.parts(x.service, publish.Public, 2)
	if n := bytes.Count(bytes.Join(got, nil), []byte("\n")); len(gone) < 3 || n != left || len(got) != left/2+1 {
		t.Errorf("%d records in %d parts are left, want %d", n, len(got), left)
	}
}

func (x *river) sayOne(reason string) {
	x.t.Helper()
	_, err := x.claim(logtest.NewSigner(x.t), &statement.Denial{About: x.about(0), Reason: reason}, x.invite(0, nil))
	must(x.t, err)
}

// TestPartsOfWithheld: what the store still has of a withheld entry is in no part, and the
// rest closes up.
func TestPartsOfWithheld(t *testing.T) {
	x := newRiver(t)
	x.sayMuch(7)
	x.wrap = func(s publish.Store) publish.Store { return &dying{s, 1} }
	must(t, x.open())
	gone := x.payloads(1)
	if _, err := x.service.Submit(t.Context(), "river", x.redaction(1, gone), publish.Content{}); !errors.Is(err, errLost) {
		t.Fatal(err)
	}
	if x.stored(1) != len(gone)+1 {
		t.Fatal("the store holds nothing of it: the test would prove nothing")
	}
	x.service.PartRecords(2)
	if got := x.parts(x.service, publish.Public, 2); bytes.Count(bytes.Join(got, nil), []byte("\n")) != 7-len(gone) {
		t.Errorf("%d parts", len(got))
	}
}

// counting counts the parts that are read.
type counting struct {
	publish.Store
	parts atomic.Int64
}

func (c *counting) Asides(ctx context.Context, which publish.AsideSelection, yield func(publish.Aside) error) error {
	if which.To > 0 {
		c.parts.Add(1)
	}
	return c.Store.Asides(ctx, which, yield)
}

// TestPartOnce: many who ask for the same part have it read once, and whoever leaves does
// not wait.
func TestPartOnce(t *testing.T) {
	x := newRiver(t)
	x.sayMuch(7)
	store := &counting{}
	x.wrap = func(s publish.Store) publish.Store {
		store.Store = s
		return store
	}
	must(t, x.open())
	store.parts.Store(0)
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if _, err := x.service.Endorsements(context.Background(), publish.Public, "river", 1); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := store.parts.Load(); n != 1 {
		t.Errorf("read %d times", n)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	x.sayOne("one more")
	if _, err := x.service.Endorsements(gone, publish.Public, "river", 1); !errors.Is(err, context.Canceled) {
		t.Errorf("of somebody who has left: %v", err)
	}
}

// meddling is a store that others write to: before it gives the records of a part, another
// process does something.
type meddling struct {
	publish.Store
	before func()
	more   []int64 // places of records that it does not have
}

func (m *meddling) Asides(ctx context.Context, which publish.AsideSelection, yield func(publish.Aside) error) error {
	if which.To > 0 && m.before != nil {
		m.before()
	}
	return m.Store.Asides(ctx, which, yield)
}

func (m *meddling) AsidePlaces(ctx context.Context, genesis log.Digest, yield func(int64)) error {
	for _, index := range m.more {
		yield(index)
	}
	return m.Store.AsidePlaces(ctx, genesis, yield)
}

// TestPartsWhileOthersWrite: a service that has not heard yet of what another process wrote
// serves whole parts all the same, and none where that does not come to an end.
func TestPartsWhileOthersWrite(t *testing.T) {
	x := newRiver(t)
	x.sayMuch(5)
	m := &meddling{}
	x.wrap = func(s publish.Store) publish.Store { m.Store = s; return m }
	must(t, x.open())
	x.service.PartRecords(2)
	if got := x.parts(x.service, publish.Public, 2); len(got) != 3 {
		t.Fatalf("%d parts", len(got))
	}
	x.ledger.log.Append([]byte("an entry of somebody else")) // nothing that was kept is of this tree
	looks := 0
	m.before = func() {
		if looks++; looks <= 2 {
			must(t, x.rows.Withhold(context.Background(), x.a.digest, x.entries[looks-1], "none", nil))
		}
	}
	if got := x.parts(x.service, publish.Public, 2); looks != 2 || len(got) != 1 || len(got[0]) != 0 {
		t.Errorf("after %d looks %d parts: %.60q", looks, len(got), got)
	}
	m.more = []int64{0, 1}
	x.ledger.log.Append([]byte("and another"))
	if b, err := x.service.Endorsements(t.Context(), publish.Public, "river", 1); !errors.Is(err, publish.ErrMoving) {
		t.Errorf("records that the store does not give: %q, %v", b, err)
	}
}

// passkeys make assertions of any size.
type passkeys struct{ size int }

func (passkeys) Register(_, response []byte) ([]byte, error) { return response, nil }

func (k passkeys) Assert(_, _, _ []byte) (statement.Passkey, error) {
	return statement.Passkey{AuthenticatorData: make([]byte, k.size), ClientDataJSON: []byte("{}"), Signature: []byte("x")}, nil
}

func (passkeys) Again(*statement.Passkey) error { return nil }

// TestLargeRecords: a record that could make a part too large for those who read it is not
// taken; the longest reason is.
func TestLargeRecords(t *testing.T) {
	x := newRiver(t)
	long := strings.Repeat("\U0001F30A", 2000)
	_, err := x.claim(logtest.NewSigner(t), &statement.Denial{About: x.about(0), Reason: long}, x.invite(0, nil))
	must(t, err)
	const mebibyte = 1 << 20
	doc := x.parts(x.service, publish.Public, endorsement.PartRecords)[0]
	if len(doc) < 10_000 || len(doc)*endorsement.PartRecords > 16*mebibyte {
		t.Errorf("a line has %d bytes", len(doc))
	}
	payload, err := statement.EncodeClaim(&statement.Denial{About: x.about(0), Reason: long})
	must(t, err)
	for size, taken := range map[int]bool{1000: true, 16_000: false} {
		x.service.Passkeys = passkeys{size}
		_, _, err = x.service.ClaimByPasskey(t.Context(), "river", publish.PasskeyClaim{Payload: payload, Registration: logtest.NewSigner(t).Public().SPKI(), Invitation: x.invite(0, nil)})
		var invalid *publish.InvalidError
		if taken && err != nil || !taken && (!errors.As(err, &invalid) || !strings.Contains(err.Error(), "24576")) {
			t.Errorf("an assertion of %d bytes: %v", size, err)
		}
	}
	if doc := x.parts(x.service, publish.Public, endorsement.PartRecords)[0]; len(doc) > 3*16*mebibyte/endorsement.PartRecords || bytes.Count(doc, []byte("\n")) != 2 {
		t.Errorf("%d records in %d bytes", bytes.Count(doc, []byte("\n")), len(doc))
	}
}
