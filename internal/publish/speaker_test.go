package publish_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/internal/publish"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// knock asks the door for an entry about a record digest, signed by s anew each time.
func (x *river) knock(s *keys.Signer, digest log.Digest) (*log.LogEntry, error) {
	x.t.Helper()
	sig, err := s.SignDigest(rand.Reader, digest)
	must(x.t, err)
	b64 := base64.StdEncoding.EncodeToString
	return x.service.Append(context.Background(), fmt.Appendf(nil, `{"hashedRekordRequestV002":{"digest":%q,"signature":{"content":%q,"verifier":{"publicKey":{"rawBytes":%q},"keyDetails":"PKIX_ECDSA_P256_SHA_256"}}}}`,
		b64(digest[:]), b64(sig), b64(s.Public().SPKI())))
}

// given is a statement that the service gives out, and its record digest.
func (x *river) given(kind string, entry int, reason string) ([]byte, log.Digest) {
	x.t.Helper()
	language := ""
	if kind == statement.ClaimEndorsement {
		language = x.text.Language
	}
	b, err := x.service.ClaimStatement("river", 1, kind, x.entries[entry], language, reason)
	must(x.t, err)
	return b, log.Envelope{Payload: b, PayloadType: log.PayloadType}.Digest()
}

// TestDoorHearsSignatories: what an enrolled key signs at the door is a claim, and is
// recorded as one; what nobody could read is refused, and leaves no entry.
func TestDoorHearsSignatories(t *testing.T) {
	x := newRiver(t)
	x.door = publish.DoorOpen
	must(t, x.open())
	ours, stranger := logtest.NewSigner(t), logtest.NewSigner(t)
	bare := log.Sum([]byte("a file"))
	refused := func(what string, want error, s *keys.Signer, digest log.Digest) {
		t.Helper()
		size := x.ledger.log.Size()
		if _, err := x.knock(s, digest); !errors.Is(err, want) || x.ledger.log.Size() != size {
			t.Errorf("%s: %v, %d entries after %d", what, err, x.ledger.log.Size(), size)
		}
	}
	taken := func(what string, s *keys.Signer, digest log.Digest) *log.LogEntry {
		t.Helper()
		size := x.ledger.log.Size()
		e, err := x.knock(s, digest)
		if err != nil || e.LogIndex != size {
			t.Fatalf("%s: %+v %v", what, e, err)
		}
		return e
	}
	// Before a domain has named the key, it is a key like any other.
	_, early := x.given(statement.ClaimEndorsement, 0, "")
	taken("a bare signature of a key that nobody knows", ours, bare)
	_, err := x.enrol(0, ours)
	must(t, err)
	refused("a bare signature", publish.ErrSpeakerKey, ours, log.Sum([]byte("another file")))
	taken("a stranger's", stranger, log.Sum([]byte("another file")))

	// The statement is a claim as soon as it is signed, and handing it in changes nothing.
	e := taken("a statement", ours, early)
	x.want("signed listed listed")
	must(t, x.open())
	x.want("signed listed listed") // it is durable
	taken("another signature over what is served", ours, early)
	denial, digest := x.given(statement.ClaimDenial, 0, "Nobody asked us.")
	first := taken("a denial", ours, digest)
	x.want("denied listed listed")
	b := logtest.Sign(t, ours, denial)
	data, err := b.Marshal()
	must(t, err)
	if r, err := x.service.Claim(t.Context(), "river", data, ours.Public().SPKI(), ""); err != nil || r.Created || r.Index != first.LogIndex || e.LogIndex == r.Index {
		t.Errorf("handed in: %+v %v", r, err)
	}

	// It speaks for its own entry, and what is given out is remembered for an hour, until
	// the service ends.
	_, other := x.given(statement.ClaimEndorsement, 1, "")
	refused("another's entry", publish.ErrInvitation, ours, other)
	_, late := x.given(statement.ClaimWithdrawal, 0, "late")
	x.now = x.now.Add(time.Hour + time.Second)
	refused("an hour later", publish.ErrSpeakerKey, ours, late)
	_, lost := x.given(statement.ClaimWithdrawal, 0, "lost")
	must(t, x.open())
	refused("after the next start", publish.ErrSpeakerKey, ours, lost)

	// Of a withheld entry nothing is served, and its key is a key like any other.
	_, err = x.service.Submit(t.Context(), "river", x.redaction(0, x.payloads(0)), publish.Content{})
	must(t, err)
	taken("after its name was withheld", ours, log.Sum([]byte("a third file")))
}

// TestGivenOutIsBounded: whoever asks for many statements fills no memory, and the newest
// is known.
func TestGivenOutIsBounded(t *testing.T) {
	x := newRiver(t)
	x.door = publish.DoorOpen
	must(t, x.open())
	ours := logtest.NewSigner(t)
	_, err := x.enrol(0, ours)
	must(t, err)
	_, first := x.given(statement.ClaimWithdrawal, 0, "first")
	long := make([]byte, 1990)
	for i := range long {
		long[i] = 'x'
	}
	for i := range 16 << 20 / 2000 {
		x.given(statement.ClaimWithdrawal, 0, fmt.Sprintf("%s %d", long, i))
	}
	if _, err := x.knock(ours, first); !errors.Is(err, publish.ErrSpeakerKey) {
		t.Errorf("the oldest of 16 MiB: %v", err)
	}
	_, last := x.given(statement.ClaimWithdrawal, 0, "last")
	_, err = x.knock(ours, last)
	must(t, err)
	x.want("withdrawn listed listed")
}

// TestDoorWhileEnrolling: however a bare signature and the enrolment of its key race, it
// stands before the enrolment, or nowhere.
func TestDoorWhileEnrolling(t *testing.T) {
	x := newRiver(t)
	x.door = publish.DoorOpen
	must(t, x.open())
	ours := logtest.NewSigner(t)
	var wg sync.WaitGroup
	entries := make([]*log.LogEntry, 16)
	for i := range entries {
		wg.Go(func() {
			e, err := x.knock(ours, log.Sum([]byte{byte(i)}))
			if err != nil && !errors.Is(err, publish.ErrSpeakerKey) {
				t.Error(err)
			}
			entries[i] = e
		})
	}
	_, err := x.enrol(0, ours)
	wg.Wait()
	must(t, err)
	enrolled := int64(0)
	must(t, x.rows.Asides(t.Context(), publish.AsideSelection{Kind: publish.Enrolments}, func(a publish.Aside) error {
		enrolled = a.Index
		return nil
	}))
	for _, e := range entries {
		if e != nil && e.LogIndex > enrolled {
			t.Errorf("a bare signature stands at %d, after the enrolment at %d", e.LogIndex, enrolled)
		}
	}
}
