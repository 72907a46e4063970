package endorsement_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/sijil/sijil/internal/chain"
	"github.com/sijil/sijil/internal/endorsement"
	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

func sign(t *testing.T, s *keys.Signer, c statement.Claim) *log.Bundle {
	t.Helper()
	b, err := statement.EncodeClaim(c)
	check(t, err)
	return logtest.Sign(t, s, b)
}

// TestVerifyClaim: what a claim speaks of has to be there, and its signature to hold.
func TestVerifyClaim(t *testing.T) {
	s := newStory(t)
	c, other := s.chain(), s.log.Publication("lake", s.pub.Signer, logtest.River()...)
	good := func() *statement.Endorsement {
		return &statement.Endorsement{About: s.pub.About(2, 0), Text: s.pub.Text(2, "en")}
	}
	r, err := endorsement.VerifyClaim(sign(t, s.one, good()), s.one.Public(), c)
	check(t, err)
	if r.Entry() != s.pub.Entry(2, 0) || r.Claim.Kind() != endorses || r.Sighting != nil || r.Key.Digest() != s.one.Public().Digest() {
		t.Errorf("%+v", r)
	}
	foreign := func(err error) bool { var f *chain.ForeignError; return errors.As(err, &f) }
	says := func(want string) func(error) bool {
		return func(err error) bool { return strings.Contains(err.Error(), want) }
	}
	for name, x := range map[string]struct {
		change func(*statement.Endorsement)
		want   func(error) bool
	}{
		"another log":             {func(e *statement.Endorsement) { e.Log.Origin = "other.example" }, foreign},
		"another publication":     {func(e *statement.Endorsement) { e.Publication = other.Genesis() }, foreign},
		"a version to come":       {func(e *statement.Endorsement) { e.Version.Number = 6 }, says("there is no version 6")},
		"another version's":       {func(e *statement.Endorsement) { e.Version.Number = 1 }, says("there is no version 1 with the record")},
		"an entry of before":      {func(e *statement.Endorsement) { e.Entry = s.pub.Entry(1, 2) }, func(err error) bool { return errors.Is(err, endorsement.ErrNoEntry) }},
		"a text of before":        {func(e *statement.Endorsement) { e.Text = s.pub.Text(1, "en") }, says("version 2 has no such text en")},
		"a text in another name":  {func(e *statement.Endorsement) { e.Text.Language = "ar" }, says("version 2 has no such text ar")},
		"a language of nobody's":  {func(e *statement.Endorsement) { e.Text.Language = "fr" }, says("version 2 has no such text fr")},
		"the record of a lake":    {func(e *statement.Endorsement) { e.Version = other.VersionName(2) }, says("there is no version 2 with the record")},
		"the record of a genesis": {func(e *statement.Endorsement) { e.Version.Record = other.Genesis() }, says("there is no version 2 with the record")},
	} {
		e := good()
		x.change(e)
		if r, err := endorsement.VerifyClaim(sign(t, s.one, e), s.one.Public(), c); r != nil || err == nil || !x.want(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	b := sign(t, s.one, good())
	if _, err := endorsement.VerifyClaim(b, s.two.Public(), c); !errors.Is(err, endorsement.ErrSigner) {
		t.Errorf("another key: %v", err)
	}
	b.Envelope.Signatures[0].Sig = sign(t, s.two, good()).Envelope.Signatures[0].Sig
	if _, err := endorsement.VerifyClaim(b, s.one.Public(), c); !errors.Is(err, endorsement.ErrSigner) {
		t.Errorf("another's signature: %v", err)
	}
	if _, err := endorsement.VerifyClaim(s.pub.Bundles[1], s.pub.Signer.Public(), c); err == nil || !strings.Contains(err.Error(), "want an endorsement") {
		t.Errorf("a record of the chain: %v", err)
	}
}

func TestVerifySighting(t *testing.T) {
	s := newStory(t)
	c, observer := s.chain(), s.stranger
	see := func(what statement.Sighting, passkeys endorsement.PasskeyVerifier) (*endorsement.Record, error) {
		b, err := statement.EncodeSighting(what)
		check(t, err)
		return endorsement.VerifySighting(logtest.Sign(t, observer, b), observer.Public(), c, passkeys)
	}
	o := s.observation(byDomain, endorses, 2, 0)
	r, err := see(o, nil)
	check(t, err)
	if r.Entry() != o.Entry || r.Claim != nil || r.Sighting.(*statement.Observation).Claim != endorses {
		t.Errorf("%+v", r)
	}
	read := s.pub.Text(2, "ar")
	o.Text = &read
	if _, err := see(o, nil); err != nil {
		t.Errorf("a text that was read: %v", err)
	}
	read = s.pub.Text(1, "ar")
	if _, err := see(o, nil); err == nil || !strings.Contains(err.Error(), "version 2 has no such text ar") {
		t.Errorf("a text of before: %v", err)
	}
	o = s.observation(byDomain, endorses, 2, 0)
	o.Entry = s.pub.Entry(1, 2)
	if _, err := see(o, nil); !errors.Is(err, endorsement.ErrNoEntry) {
		t.Errorf("an entry of before: %v", err)
	}
	o = s.observation(byDomain, endorses, 2, 0)
	o.Version.Record = s.pub.VersionName(3).Record
	if _, err := see(o, nil); err == nil || !strings.Contains(err.Error(), "there is no version 2") {
		t.Errorf("another record: %v", err)
	}
	var foreign *chain.ForeignError
	e := &statement.Enrolment{Sighted: s.pub.Sighted(1, 2, "wells.example"), Key: s.one.Public().SPKI(), Seen: seen(byMail)}
	if _, err := see(e, nil); err != nil {
		t.Errorf("an enrolment for an entry of an earlier version: %v", err)
	}
	e.Publication = log.Sum(nil)
	if _, err := see(e, nil); !errors.As(err, &foreign) {
		t.Errorf("another publication: %v", err)
	}
	e.Publication, e.Entry = s.pub.Genesis(), s.log.Publication("lake", s.pub.Signer, logtest.River()...).Entry(1, 0)
	if _, err := see(e, nil); !errors.Is(err, endorsement.ErrNoEntry) {
		t.Errorf("another list's entry: %v", err)
	}
	p := s.assertion(s.one, endorses, 1, 0)
	if _, err := see(p, nil); err == nil || !strings.Contains(err.Error(), "cannot be verified here") {
		t.Errorf("a passkey that nobody verifies: %v", err)
	}
	bad := errors.New("not signed")
	if _, err := see(p, func(*statement.Passkey) error { return bad }); !errors.Is(err, bad) {
		t.Errorf("a passkey that does not verify: %v", err)
	}
	if _, err := see(p, func(k *statement.Passkey) error { return nil }); err != nil {
		t.Errorf("a passkey: %v", err)
	}
	if _, err := endorsement.VerifySighting(sign(t, observer, s.claimed(endorses, 1, 0)), observer.Public(), c, nil); err == nil || !strings.Contains(err.Error(), "want an enrolment or an observation") {
		t.Errorf("a claim: %v", err)
	}
}
