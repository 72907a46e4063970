package endorsement_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sijil/sijil/internal/chain"
	"github.com/sijil/sijil/internal/endorsement"
	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/internal/signatory"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/internal/text"
)

const (
	endorses  = statement.ClaimEndorsement
	withdraws = statement.ClaimWithdrawal
	denies    = statement.ClaimDenial
	absence   = statement.ClaimAbsence
	byDomain  = statement.MeansDomain
	byMail    = statement.MeansMail
)

// TestRules: each rule of the package comment. want is how the first entry of versions 1,
// 2, … is known, as far as it is given; "?" after it: a key that nobody has confirmed
// spoke too.
func TestRules(t *testing.T) {
	const wells, springs = "wells.example", "springs.example"
	for name, c := range map[string]struct {
		happens func(s *story)
		want    string
	}{
		"nobody says anything": {func(*story) {}, "listed listed listed listed listed"},

		// 1. Keys.
		"enrolled alone":        {func(s *story) { s.enrol(0, s.one, wells, 0) }, "listed"},
		"claim, then enrolment": {func(s *story) { s.claim(s.one, endorses, 1, 0); s.enrol(0, s.one, wells, 0) }, "signed"},
		"enrolment, then claim": {func(s *story) { s.enrol(0, s.one, wells, 0); s.claim(s.one, endorses, 1, 0) }, "signed"},
		"enrolled for another":  {func(s *story) { s.enrol(1, s.one, wells, 0); s.claim(s.one, endorses, 1, 0) }, "listed?"},
		"one key of two entries": {func(s *story) {
			s.enrol(1, s.one, wells, 0)
			s.enrol(0, s.one, wells, 1)
			s.claim(s.one, endorses, 1, 0)
		}, "signed"},
		"a key of another domain": {func(s *story) {
			s.enrol(1, s.one, springs, 0)
			s.enrol(0, s.one, wells, 1)
			s.claim(s.one, endorses, 1, 0)
		}, "listed?"},
		"a second key, named once": {func(s *story) {
			s.enrol(0, s.one, wells, 0)
			s.enrol(0, s.two, wells, 100)
			s.claim(s.two, endorses, 1, 0)
		}, "listed?"},
		"a second key, named again too early": {func(s *story) {
			s.enrol(0, s.one, wells, 0)
			s.enrol(0, s.two, wells, 100)
			s.enrol(0, s.two, wells, 171)
			s.claim(s.two, endorses, 1, 0)
		}, "listed?"},
		"a second key, named again": {func(s *story) {
			s.enrol(0, s.one, wells, 0)
			s.enrol(0, s.two, wells, 100)
			s.enrol(0, s.two, wells, 172)
			s.claim(s.two, endorses, 1, 0)
		}, "signed"},
		"a second key, too early and then again": {func(s *story) {
			s.enrol(0, s.one, wells, 0)
			s.enrol(0, s.two, wells, 100)
			s.enrol(0, s.two, wells, 150)
			s.enrol(0, s.two, wells, 172)
			s.claim(s.two, endorses, 1, 0)
		}, "signed"},
		"the first key is named in between": {func(s *story) {
			s.enrol(0, s.one, wells, 0)
			s.enrol(0, s.two, wells, 100)
			s.enrol(0, s.one, wells, 120)
			s.enrol(0, s.two, wells, 172)
			s.claim(s.two, endorses, 1, 0)
		}, "listed?"},
		"a third key waits for itself": {func(s *story) {
			s.enrol(0, s.one, wells, 0)
			s.enrol(0, s.two, wells, 100)
			s.enrol(0, s.stranger, wells, 172)
			s.claim(s.stranger, endorses, 1, 0)
		}, "listed?"},

		// 2. Claims.
		"a stranger":        {func(s *story) { s.claim(s.stranger, endorses, 1, 0) }, "listed?"},
		"a stranger denies": {func(s *story) { s.claim(s.stranger, denies, 1, 0) }, "listed?"},
		"a stranger after the signatory": {func(s *story) {
			s.enrol(0, s.one, wells, 0)
			s.claim(s.one, endorses, 1, 0)
			s.claim(s.stranger, withdraws, 1, 0)
		}, "signed?"},
		"the first key, before it ended": {func(s *story) { s.renewed(func() { s.claim(s.one, endorses, 1, 0) }, func() {}) }, "signed"},
		"the first key, after it ended":  {func(s *story) { s.renewed(func() {}, func() { s.claim(s.one, endorses, 1, 0) }) }, "listed?"},
		"the ended key cannot withdraw": {func(s *story) {
			s.renewed(func() { s.claim(s.one, endorses, 1, 0) }, func() { s.claim(s.one, withdraws, 1, 0) })
		}, "signed?"},
		"the second key withdraws what the first signed": {func(s *story) {
			s.renewed(func() { s.claim(s.one, endorses, 1, 0) }, func() { s.claim(s.two, withdraws, 1, 0) })
		}, "withdrawn withdrawn"},
		"the first key, in force again": {func(s *story) {
			s.renewed(func() {}, func() {
				s.enrol(0, s.one, wells, 300)
				s.enrol(0, s.one, wells, 400)
				s.claim(s.one, endorses, 1, 0)
			})
		}, "signed"},

		// 3. What the service saw.
		"a domain": {func(s *story) { s.sees(byDomain, endorses, 1, 0) }, "confirmed-domain listed"},
		"a mail":   {func(s *story) { s.sees(byMail, endorses, 1, 0) }, "confirmed-mail listed"},
		"a mail, then the domain, then the key": {func(s *story) {
			s.sees(byMail, endorses, 1, 0)
			s.sees(byDomain, endorses, 1, 0)
			s.enrol(0, s.one, wells, 0)
			s.claim(s.one, endorses, 2, 0)
		}, "confirmed-mail signed signed signed signed"},
		"a domain that falls silent":  {func(s *story) { s.sees(byDomain, endorses, 1, 0); s.sees(byDomain, absence, 1, 0) }, "confirmed-domain"},
		"silence alone":               {func(s *story) { s.sees(byDomain, absence, 1, 0) }, "listed"},
		"a domain withdraws":          {func(s *story) { s.sees(byDomain, endorses, 1, 0); s.sees(byDomain, withdraws, 1, 0) }, "withdrawn"},
		"a domain denies":             {func(s *story) { s.sees(byDomain, denies, 1, 0) }, "denied"},
		"a passkey without enrolment": {func(s *story) { s.passkey(s.one, endorses, 1, 0) }, "listed?"},
		"a passkey, enrolled":         {func(s *story) { s.passkey(s.one, endorses, 1, 0); s.enrol(0, s.one, wells, 0) }, "signed"},
		"a passkey denies":            {func(s *story) { s.enrol(0, s.one, wells, 0); s.passkey(s.one, denies, 1, 0) }, "denied"},
		"a passkey of a stranger denies": {func(s *story) {
			s.sees(byDomain, endorses, 1, 0)
			s.passkey(s.stranger, denies, 1, 0)
		}, "confirmed-domain?"},

		// 4. The last word.
		"withdrawn, then endorsed": {func(s *story) { s.sees(byDomain, withdraws, 1, 0); s.sees(byMail, endorses, 1, 0) }, "confirmed-mail"},
		"denied, then withdrawn":   {func(s *story) { s.sees(byDomain, denies, 1, 0); s.sees(byDomain, withdraws, 1, 0) }, "withdrawn"},
		"a mail ends what a key signed": {func(s *story) {
			s.enrol(0, s.one, wells, 0)
			s.claim(s.one, endorses, 1, 0)
			s.sees(byMail, withdraws, 1, 0)
		}, "withdrawn"},
		"what was ended does not come back": {func(s *story) {
			s.enrol(0, s.one, wells, 0)
			s.claim(s.one, endorses, 1, 0)
			s.sees(byMail, withdraws, 1, 0)
			s.sees(byDomain, endorses, 1, 0)
		}, "confirmed-domain"},
		"another entry":                   {func(s *story) { s.sees(byDomain, denies, 1, 1) }, "listed"},
		"a withdrawal is of all versions": {func(s *story) { s.sees(byDomain, endorses, 2, 0); s.sees(byDomain, withdraws, 1, 0) }, "withdrawn withdrawn withdrawn withdrawn withdrawn"},
		"the publisher withdraws":         {func(s *story) { s.sees(byDomain, endorses, 1, 0); s.claim(s.pub.Signer, withdraws, 1, 0) }, "withdrawn"},
		"the publisher endorses":          {func(s *story) { s.claim(s.pub.Signer, endorses, 1, 0) }, "listed?"},
		"the publisher denies":            {func(s *story) { s.claim(s.pub.Signer, denies, 1, 0) }, "listed?"},
		"the publisher of before":         {func(s *story) { s.replaced(func() {}, func() { s.claim(s.one, withdraws, 1, 0) }) }, "listed?"},
		"the publisher to be":             {func(s *story) { s.replaced(func() { s.claim(s.two, withdraws, 1, 0) }, func() {}) }, "listed?"},
		"the publisher of then":           {func(s *story) { s.replaced(func() { s.claim(s.one, withdraws, 1, 0) }, func() {}) }, "withdrawn"},
		"the publisher of now":            {func(s *story) { s.replaced(func() {}, func() { s.claim(s.two, withdraws, 1, 0) }) }, "withdrawn"},

		// 5. Other versions.
		"all texts are the same":        {func(s *story) { s.sees(byDomain, endorses, 2, 0) }, "listed confirmed-domain confirmed-domain listed listed"},
		"from the later version":        {func(s *story) { s.sees(byDomain, endorses, 3, 0) }, "listed confirmed-domain confirmed-domain listed listed"},
		"from the one with fewer texts": {func(s *story) { s.sees(byDomain, endorses, 5, 0) }, "listed listed listed listed confirmed-domain"},
		"the English text is the same": {func(s *story) {
			s.enrol(0, s.one, wells, 0)
			s.claim(s.one, endorses, 2, 0)
		}, "listed signed signed signed signed"},
		"the Arabic text is another": {func(s *story) {
			s.enrol(0, s.one, wells, 0)
			s.pub.Claim(s.one, &statement.Endorsement{About: s.pub.About(2, 0), Text: s.pub.Text(2, "ar")})
		}, "listed signed signed listed listed"},
		"each its own": {func(s *story) {
			s.enrol(0, s.one, wells, 0)
			s.claim(s.one, endorses, 1, 0)
			s.sees(byMail, endorses, 4, 0)
		}, "signed listed listed confirmed-mail listed"},

		"withheld": {func(s *story) {
			s.sees(byDomain, endorses, 1, 0)
			s.sees(byDomain, denies, 1, 0)
			s.pub.Redact(1, 0)
		}, "withheld withheld withheld"},
		"withheld, and seen afterwards": {func(s *story) { s.pub.Redact(1, 0); s.sees(byDomain, endorses, 1, 0) }, "withheld"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStory(t)
			c.happens(s)
			b := s.book()
			var got []string
			for n := range strings.Fields(c.want) {
				st := b.Version(n + 1)[0]
				word := string(st.Known)
				if st.Unconfirmed {
					word += "?"
				}
				got = append(got, word)
			}
			if strings.Join(got, " ") != c.want {
				t.Errorf("got %q, want %q", strings.Join(got, " "), c.want)
			}
		})
	}
}

// renewed has the second key take the first one's place between before and after.
func (s *story) renewed(before, after func()) {
	s.enrol(0, s.one, "wells.example", 0)
	s.enrol(0, s.two, "wells.example", 100)
	before()
	s.enrol(0, s.two, "wells.example", 200)
	after()
}

// replaced has key two take the place of key one as the publisher's between before and
// after.
func (s *story) replaced(before, after func()) {
	s.pub.ChangePolicy(1, s.one)
	before()
	s.pub.ChangePolicy(1, s.two)
	after()
}

// TestWays: what stands behind a standing, and what ended it.
func TestWays(t *testing.T) {
	s := newStory(t)
	s.enrol(0, s.one, "wells.example", 0)
	s.claim(s.one, endorses, 1, 0)
	s.passkey(s.one, endorses, 1, 0)
	s.sees(byDomain, endorses, 1, 0)
	s.sees(byDomain, absence, 1, 0)
	s.sees(byMail, endorses, 2, 0)
	s.pub.Claim(s.pub.Signer, &statement.Withdrawal{About: s.pub.About(1, 1), Reason: "On its board's request."})
	b := s.book()
	list := b.Version(1)
	first := list[0]
	var means []string
	for _, w := range first.Ways {
		means = append(means, w.Means)
		if w.Version != 1 || w.Gone != (w.Means == byDomain) || w.Domain != "wells.example" || w.Weak {
			t.Errorf("way %+v", w)
		}
	}
	if diff := cmp.Diff([]string{"key", "passkey", "domain"}, means, leftOf); diff != "" {
		t.Errorf("means (-want +got):\n%s", diff)
	}
	if first.Independent() != 2 || first.Domain != "wells.example" || first.Left != nil || first.Entry != s.pub.Entry(1, 0) {
		t.Errorf("%d independent, %+v", first.Independent(), first)
	}
	left := s.pub.Asides[len(s.pub.Asides)-1]
	want := &endorsement.Left{Kind: withdraws, Record: left.Bundle.Envelope.Digest(), Index: left.Index, Issued: list[1].Left.Issued, Reason: "On its board's request.", Publisher: true}
	if diff := cmp.Diff(want, list[1].Left, leftOf); diff != "" {
		t.Errorf("left (-want +got):\n%s", diff)
	}
	counts := map[endorsement.Known]int{endorsement.Signed: 1, endorsement.Withdrawn: 1, endorsement.Listed: 1}
	if diff := cmp.Diff(counts, endorsement.Count(list), leftOf); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
	if b.Version(0) != nil || b.Version(6) != nil {
		t.Error("a version that there is not")
	}
	// A second endorsement by the same means takes the first one's place.
	s.sees(byDomain, endorses, 1, 0)
	if w := s.book().Version(1)[0].Ways; len(w) != 3 || w[2].Means != byDomain || w[2].Gone {
		t.Errorf("seen again: %+v", w)
	}
}

// TestKeys: whose a key is, and which wait.
func TestKeys(t *testing.T) {
	s := newStory(t)
	entry := s.pub.Entry(1, 0)
	if _, _, ok := s.book().Key(entry); ok {
		t.Error("a key of nobody")
	}
	s.enrol(0, s.one, "wells.example", 0)
	s.enrol(0, s.two, "wells.example", 100)
	b := s.book()
	if key, domain, ok := b.Key(entry); !ok || key != s.one.Public().Digest() || domain != "wells.example" {
		t.Errorf("key %s of %s, %v", key, domain, ok)
	}
	if at, ok := b.Waiting(entry)[s.two.Public().Digest()]; !ok || !at.Equal(logtest.Start.Add(100*time.Hour)) {
		t.Errorf("waiting since %s, %v", at, ok)
	}
	s.enrol(0, s.two, "wells.example", 172)
	b = s.book()
	if key, _, _ := b.Key(entry); key != s.two.Public().Digest() || len(b.Waiting(entry)) != 0 {
		t.Errorf("key %s, %d waiting", key, len(b.Waiting(entry)))
	}
	if b.Waiting(s.pub.Entry(1, 2)) != nil {
		t.Error("a key waits for an entry of which nothing was said")
	}
}

// TestCanonicalFormIsNoText: an endorsement of texts that are the same to the byte stands
// where the records name other editions of the canonical form.
func TestCanonicalFormIsNoText(t *testing.T) {
	l, signer, e := logtest.New(t, "https://sijil.example/"), logtest.NewSigner(t), logtest.River()[0]
	c, g, err := chain.Start(l.Genesis(slug, e.Title(), signer))
	check(t, err)
	var before []signatory.Disclosure
	previous := g.Digest()
	for n, edition := range []string{text.Edition0, text.Edition} {
		var v *statement.Version
		v, before = e.Version(t, c.Log(), c.Genesis(), previous, n+1, before)
		v.Canonical = edition
		texts := v.Texts()
		for i := range texts {
			texts[i].Canonical[0] = byte(n)
		}
		v.SetTexts(texts)
		r, err := c.Next(logtest.SignStatement(t, signer, v))
		check(t, err)
		c.Advance(r)
		previous = r.Digest()
	}
	how := seen(byDomain)
	payload, err := statement.EncodeSighting(&statement.Observation{
		Sighted: statement.Sighted{Domain: "wells.example", Entry: c.Statement(1).Signatories.Commitments[0], Issued: "2026-02-03T04:05:06Z", Log: c.Log(), Publication: c.Genesis()},
		Claim:   endorses, Seen: &how, Version: statement.VersionName{Number: 1, Record: c.VersionRecord(1)},
	})
	check(t, err)
	observer := logtest.NewSigner(t)
	r, err := endorsement.VerifySighting(logtest.Sign(t, observer, payload), observer.Public(), c, nil)
	check(t, err)
	b := endorsement.Read(c, nil, []endorsement.Logged{{Record: r, Index: 3}})
	if got := b.Version(2)[0].Known; got != endorsement.ConfirmedDomain {
		t.Errorf("version 2: %s", got)
	}
}
