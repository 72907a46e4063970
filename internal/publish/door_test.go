package publish_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/internal/publish"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// guest is somebody with a key at the door.
type guest struct {
	private *ecdsa.PrivateKey
	public  *keys.PublicKey
	author  *author // who would publish with the same key
}

func (w *world) guest(slug string) guest {
	w.t.Helper()
	private, err := ecdsa.GenerateKey(logtest.NewSigner(w.t).Public().ECDSA().Curve, rand.Reader)
	must(w.t, err)
	signer, err := keys.NewSigner(private)
	must(w.t, err)
	b := w.ledger.log.Genesis(slug, logtest.River()[0].Title(), signer)
	data, err := b.Marshal()
	must(w.t, err)
	return guest{private, signer.Public(), &author{slug: slug, signer: signer, genesis: data, digest: b.Envelope.Digest()}}
}

// request signs one message and asks for an entry about another, which is the
// same one for an honest guest.
func (g guest) request(t *testing.T, signed, claimed string) []byte {
	t.Helper()
	d := log.Sum([]byte(signed))
	sig, err := ecdsa.SignASN1(rand.Reader, g.private, d[:])
	must(t, err)
	d = log.Sum([]byte(claimed))
	b64 := base64.StdEncoding.EncodeToString
	return fmt.Appendf(nil, `{"hashedRekordRequestV002":{"digest":%q,"signature":{"content":%q,"verifier":{"publicKey":{"rawBytes":%q},"keyDetails":"PKIX_ECDSA_P256_SHA_256"}}}}`,
		b64(d[:]), b64(sig), b64(g.public.SPKI()))
}

// wrote reports which keys the store knows as the door's.
func (w *world) wrote(g guest) bool {
	w.t.Helper()
	found := false
	must(w.t, w.rows.DoorKeys(w.t.Context(), func(k log.Digest) { found = found || k == g.public.Digest() }))
	return found
}

// TestDoorKeyIsMarkedFirst: wherever the service dies between taking a request
// and answering it, the key that wrote, or may have, is the door's for ever, and
// no publication can have it. What was refused leaves no mark.
func TestDoorKeyIsMarkedFirst(t *testing.T) {
	w := newWorld(t)
	w.door = publish.DoorOpen
	must(t, w.open())
	for name, fail := range map[string]func(on bool){
		"before the log": func(on bool) { w.ledger.refuse = on },
		"after the log":  func(on bool) { w.ledger.lose = on },
	} {
		g := w.guest("lake-" + strings.ReplaceAll(name, " ", "-"))
		body := g.request(t, "hello", "hello")
		if _, err := w.service.Append(t.Context(), g.request(t, "hello", "other")); kind(err) == "" || w.wrote(g) {
			t.Errorf("%s: a signature over something else: %v, marked %v", name, err, w.wrote(g))
		}
		fail(true)
		if _, err := w.service.Append(t.Context(), body); !errors.Is(err, errDown) {
			t.Fatalf("%s: %v", name, err)
		}
		fail(false)
		if !w.wrote(g) {
			t.Errorf("%s: the key is not marked", name)
		}
		size := w.ledger.log.Size()
		must(t, w.open())
		if _, err := w.service.Create(t.Context(), w.token(g.author.slug, true), g.author.genesis); !errors.Is(err, publish.ErrPublisherKey) {
			t.Errorf("%s: a publication with the key: %v", name, err)
		}
		if w.ledger.log.Size() != size {
			t.Errorf("%s: the genesis is in the log", name)
		}
		e, err := w.service.Append(t.Context(), body)
		must(t, err)
		again, err := w.service.Append(t.Context(), body)
		must(t, err)
		if e.LogIndex != again.LogIndex || w.ledger.log.Size() != e.LogIndex+1 {
			t.Errorf("%s: at %d and at %d of %d", name, e.LogIndex, again.LogIndex, w.ledger.log.Size())
		}
	}
}

// TestDoorRefusesPublishers: for as long as the log lasts, over restarts, and
// while the genesis is still on its way.
func TestDoorRefusesPublishers(t *testing.T) {
	w := newWorld(t)
	w.door = publish.DoorOpen
	must(t, w.open())
	g := w.guest("river")
	body := g.request(t, "hello", "hello")
	refused := func(when string) {
		t.Helper()
		size := w.ledger.log.Size()
		_, err := w.service.Append(t.Context(), body)
		if !errors.Is(err, publish.ErrPublisherKey) || !strings.Contains(err.Error(), "record API") {
			t.Errorf("%s: %v", when, err)
		}
		if w.wrote(g) || w.ledger.log.Size() != size {
			t.Errorf("%s: something was kept", when)
		}
	}
	w.ledger.refuse = true
	if _, err := w.service.Create(t.Context(), w.token("river", true), g.author.genesis); !errors.Is(err, errDown) {
		t.Fatal(err)
	}
	refused("the genesis waits")
	w.ledger.refuse = false
	must(t, w.open())
	refused("after a restart")
	must(t, w.rows.ListDoorKey(t.Context(), g.public.Digest(), "", true))
	w.door = publish.DoorListed
	must(t, w.open())
	refused("listed all the same")
}

// TestDoorListedKeyCannotPublish: a key that the operator has listed is the
// door's before it writes; taken off the list in time it is nobody's.
func TestDoorListedKeyCannotPublish(t *testing.T) {
	w := newWorld(t)
	w.door = publish.DoorListed
	must(t, w.open())
	g := w.guest("lake")
	token := w.token("lake", true)
	must(t, w.rows.ListDoorKey(t.Context(), g.public.Digest(), "Well Keepers", true))
	if _, err := w.service.Create(t.Context(), token, g.author.genesis); !errors.Is(err, publish.ErrPublisherKey) {
		t.Errorf("a listed key: %v", err)
	}
	must(t, w.rows.ListDoorKey(t.Context(), g.public.Digest(), "", false))
	if _, err := w.service.Create(t.Context(), token, g.author.genesis); err != nil {
		t.Errorf("listed no longer: %v", err)
	}
}

// TestDoorListIsRemembered: what the operator changes holds within a second.
func TestDoorListIsRemembered(t *testing.T) {
	w := newWorld(t)
	w.door = publish.DoorListed
	must(t, w.open())
	g := w.guest("lake")
	knock := func(n int) error {
		m := fmt.Sprint("message ", n)
		_, err := w.service.Append(t.Context(), g.request(t, m, m))
		return err
	}
	if err := knock(0); !errors.Is(err, publish.ErrDoor) {
		t.Fatalf("not listed: %v", err)
	}
	must(t, w.rows.ListDoorKey(t.Context(), g.public.Digest(), "", true))
	must(t, knock(1)) // a refusal is not remembered
	for when, later := range map[string]time.Duration{
		"a second after it was removed": time.Second,
		"with the clock set back":       -time.Hour, // which must not lengthen the second
	} {
		must(t, w.rows.ListDoorKey(t.Context(), g.public.Digest(), "", true))
		must(t, knock(2))
		must(t, w.rows.ListDoorKey(t.Context(), g.public.Digest(), "", false))
		w.now = w.now.Add(later)
		if err := knock(3); !errors.Is(err, publish.ErrDoor) {
			t.Errorf("%s: %v", when, err)
		}
	}
}

// TestDoorNoRoom: without room for a checkpoint nothing is taken and no key is
// marked.
func TestDoorNoRoom(t *testing.T) {
	w := newWorld(t)
	s, err := publish.Open(t.Context(), publish.Config{Log: w.ledger, Tree: full{w.ledger}, Public: w.ledger.Latest, Store: w.rows, Door: publish.DoorOpen, Signer: w.ledger.log.Signer,
		Trust: w.ledger.log.Trust(), Clock: func() time.Time { return w.now }, Logger: slog.New(slog.DiscardHandler)})
	must(t, err)
	g := w.guest("lake")
	if _, err := s.Append(context.Background(), g.request(t, "hello", "hello")); !errors.Is(err, publish.ErrFull) {
		t.Errorf("%v, want ErrFull", err)
	}
	if w.wrote(g) || w.ledger.log.Size() != 0 {
		t.Error("something was kept")
	}
}
