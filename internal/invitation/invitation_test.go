package invitation_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sijil/sijil/internal/invitation"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

var now = time.Date(2031, 5, 6, 7, 8, 9, 0, time.UTC)

func sample() invitation.Invitation {
	return invitation.Invitation{Publication: log.Sum([]byte("genesis")), Version: 2, Entry: entry(), Until: now.Add(time.Hour)}
}

func entry() string {
	d := log.Sum([]byte("entry"))
	return base64.RawURLEncoding.EncodeToString(d[:])
}

func newSigner(t testing.TB) *keys.Signer {
	t.Helper()
	s, err := keys.GenerateSigner(rand.Reader)
	check(t, err)
	return s
}

func TestInvitation(t *testing.T) {
	publisher, other := newSigner(t), newSigner(t)
	s, err := invitation.New(rand.Reader, publisher, sample())
	check(t, err)
	if len(s) > invitation.MaxSize {
		t.Errorf("%d characters", len(s))
	}
	got, err := invitation.Open(s, []*keys.PublicKey{other.Public(), publisher.Public()}, now)
	check(t, err)
	if diff := cmp.Diff(sample(), got); diff != "" {
		t.Errorf("opened (-want +got):\n%s", diff)
	}
	if got, err := invitation.Peek(s); err != nil || got != sample() {
		t.Errorf("Peek = %+v, %v", got, err)
	}
	again, err := invitation.New(rand.Reader, publisher, sample())
	check(t, err)
	one, err := invitation.Digest(again)
	check(t, err)
	two, err := invitation.Digest(s)
	check(t, err)
	if one == two {
		t.Error("two invitations are one")
	}
	for name, c := range map[string]struct {
		keys []*keys.PublicKey
		now  time.Time
		want error
	}{
		"nobody's":          {nil, now, invitation.ErrInvalid},
		"another key":       {[]*keys.PublicKey{other.Public()}, now, invitation.ErrInvalid},
		"its last hour":     {[]*keys.PublicKey{publisher.Public()}, now.Add(time.Hour - time.Second), nil},
		"too late":          {[]*keys.PublicKey{publisher.Public()}, now.Add(time.Hour), invitation.ErrExpired},
		"late, another key": {[]*keys.PublicKey{other.Public()}, now.Add(time.Hour), invitation.ErrInvalid},
	} {
		if _, err := invitation.Open(s, c.keys, c.now); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// TestWorkedExample: the bytes are those of the package comment.
func TestWorkedExample(t *testing.T) {
	publisher := newSigner(t)
	s, err := invitation.New(bytes.NewReader(append([]byte("8 random"), make([]byte, 200)...)), publisher, sample())
	check(t, err)
	b, err := base64.RawURLEncoding.DecodeString(s)
	check(t, err)
	genesis, e := log.Sum([]byte("genesis")), log.Sum([]byte("entry"))
	want := append([]byte{1}, genesis[:]...)
	want = append(want, 0, 0, 0, 2)
	want = append(want, e[:]...)
	want = binary.BigEndian.AppendUint64(want, uint64(now.Add(time.Hour).Unix()))
	want = append(want, "8 random"...)
	if !bytes.HasPrefix(b, want) {
		t.Fatalf("%x, want it to begin with %x", b, want)
	}
	sum := sha256.Sum256(append([]byte("sijil-invitation/v1\x00"), want...))
	if !ecdsa.VerifyASN1(publisher.Public().ECDSA(), sum[:], b[len(want):]) {
		t.Error("the signature is not over what the comment says")
	}
}

// TestAltered: no changed character is read as the same, or as another, invitation.
func TestAltered(t *testing.T) {
	publisher := newSigner(t)
	s, err := invitation.New(rand.Reader, publisher, sample())
	check(t, err)
	for i := range s {
		for _, c := range "A_z-=\n" {
			changed := s[:i] + string(c) + s[i+1:]
			if got, err := invitation.Open(changed, []*keys.PublicKey{publisher.Public()}, now); changed != s && (err == nil || got != (invitation.Invitation{})) {
				t.Errorf("character %d as %q: %+v, %v", i, c, got, err)
			}
		}
	}
	for name, changed := range map[string]string{"nothing": "", "cut": s[:len(s)-4], "longer": s + "AAAA", "far longer": s + strings.Repeat("A", invitation.MaxSize), "padded": s + "=", "a space": s + " ", "no signature": s[:114]} {
		if _, err := invitation.Open(changed, []*keys.PublicKey{publisher.Public()}, now); !errors.Is(err, invitation.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRefused(t *testing.T) {
	publisher := newSigner(t)
	for name, change := range map[string]func(*invitation.Invitation){
		"version 0": func(i *invitation.Invitation) { i.Version = 0 }, "version -1": func(i *invitation.Invitation) { i.Version = -1 },
		"no entry": func(i *invitation.Invitation) { i.Entry = "" }, "a name": func(i *invitation.Invitation) { i.Entry = "Union of Well Keepers" },
	} {
		i := sample()
		change(&i)
		if s, err := invitation.New(rand.Reader, publisher, i); s != "" || err == nil {
			t.Errorf("%s: %s, %v", name, s, err)
		}
	}
	if s, err := invitation.New(bytes.NewReader(nil), publisher, sample()); s != "" || err == nil {
		t.Errorf("without randomness: %s, %v", s, err)
	}
}

// FuzzParseInvitation: what is read is written in the one way, and only what the
// publisher signed opens.
func FuzzParseInvitation(f *testing.F) {
	publisher := newSigner(f)
	seed, err := invitation.New(rand.Reader, publisher, sample())
	check(f, err)
	if _, err := invitation.Peek(seed); err != nil {
		f.Fatalf("the seed does not parse: %v", err)
	}
	f.Add(seed)
	f.Add(seed[:120])
	f.Fuzz(func(t *testing.T, s string) {
		i, err := invitation.Peek(s)
		if err != nil {
			if !errors.Is(err, invitation.ErrInvalid) || i != (invitation.Invitation{}) {
				t.Fatalf("%+v, %v", i, err)
			}
			return
		}
		b, err := base64.RawURLEncoding.DecodeString(s)
		if err != nil || base64.RawURLEncoding.EncodeToString(b) != s || i.Version < 1 || len(i.Entry) != 43 {
			t.Fatalf("%q is read as %+v", s, i)
		}
		if _, err := invitation.Open(s, []*keys.PublicKey{publisher.Public()}, now); err == nil && s[:113] != seed[:113] {
			t.Fatalf("%q opens", s)
		}
	})
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
