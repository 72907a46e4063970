package endorsement_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/sijil/sijil/internal/chain"
	"github.com/sijil/sijil/internal/endorsement"
	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

const slug = "river"

// story is a publication of which signatories speak. Its versions:
//
//	1  the first texts
//	2  other texts; the first two names of the list are the same entries
//	3  the texts of 2
//	4  the English text of 2, another Arabic one
//	5  the English text of 2, and no other
type story struct {
	t   *testing.T
	log *logtest.Log
	pub *logtest.Publication
	// The keys of two organisations, and one that nobody knows.
	one, two, stranger *keys.Signer
}

func newStory(t *testing.T) *story {
	t.Helper()
	l := logtest.New(t, "https://sijil.example/")
	r := logtest.River()
	again, arabic, alone := r[1], r[1], r[1]
	arabic.Texts = map[string]string{"en": r[1].Texts["en"], "ar": r[0].Texts["ar"]}
	alone.Texts = map[string]string{"en": r[1].Texts["en"]}
	s := &story{t: t, log: l, one: logtest.NewSigner(t), two: logtest.NewSigner(t), stranger: logtest.NewSigner(t)}
	s.pub = l.Publication(slug, logtest.NewSigner(t), r[0], r[1], again, arabic, alone)
	return s
}

// book is what a reader learns of everything, with proofs verified.
func (s *story) book() *endorsement.Book {
	s.t.Helper()
	trust, err := s.log.Trust().Pin(slug, s.pub.Genesis())
	check(s.t, err)
	p, err := evidence.Open(context.Background(), s.pub.Documents(evidence.Layout{}, s.log.Size()), evidence.Options{Trust: trust, Slug: slug})
	check(s.t, err)
	return p.Book()
}

// chain is the publication's.
func (s *story) chain() *chain.Chain {
	s.t.Helper()
	c, _, err := chain.Start(s.pub.Bundles[0])
	check(s.t, err)
	for _, b := range s.pub.Bundles[1:] {
		r, err := c.Next(b)
		check(s.t, err)
		c.Advance(r)
	}
	return c
}

// enrol says that a domain names a key for an entry, after so many hours.
func (s *story) enrol(entry int, k *keys.Signer, domain string, hours int) {
	at := s.pub.Sighted(1, entry, domain)
	at.Issued = logtest.Start.Add(time.Duration(hours) * time.Hour).Format(time.RFC3339)
	s.pub.See(&statement.Enrolment{Sighted: at, Key: k.Public().SPKI(), Seen: seen(statement.MeansDomain)})
}

func seen(means string) statement.Seen {
	if means == statement.MeansMail {
		return statement.Seen{Means: means, Document: log.Sum([]byte("mail")), Signer: "wells.example", Selector: "s1", KeyRecord: "v=DKIM1; p=AAAA"}
	}
	return statement.Seen{Means: means, Document: log.Sum([]byte("lines")), Via: "dns"}
}

// claimed is a claim of a kind; an endorsement's text is the English one.
func (s *story) claimed(kind string, version, entry int) statement.Claim {
	s.t.Helper()
	c, err := statement.NewClaim(kind, s.pub.About(version, entry), s.pub.Text(version, "en"), "")
	check(s.t, err)
	return c
}

func (s *story) claim(k *keys.Signer, kind string, version, entry int) {
	s.t.Helper()
	s.pub.Claim(k, s.claimed(kind, version, entry))
}

// sees says that a domain or a mail says something; which text was read is not known.
func (s *story) sees(means, kind string, version, entry int) {
	s.t.Helper()
	s.pub.See(s.observation(means, kind, version, entry))
}

func (s *story) observation(means, kind string, version, entry int) *statement.Observation {
	s.t.Helper()
	how := seen(means)
	return &statement.Observation{Sighted: s.pub.Sighted(version, entry, "wells.example"), Claim: kind, Seen: &how, Version: s.pub.VersionName(version)}
}

// passkey says that an assertion by a key was verified.
func (s *story) passkey(k *keys.Signer, kind string, version, entry int) {
	s.t.Helper()
	s.pub.See(s.assertion(k, kind, version, entry))
}

func (s *story) assertion(k *keys.Signer, kind string, version, entry int) *statement.Observation {
	s.t.Helper()
	c := s.claimed(kind, version, entry)
	payload, err := statement.EncodeClaim(c)
	check(s.t, err)
	o := &statement.Observation{Sighted: s.pub.Sighted(version, entry, ""), Claim: kind, Version: s.pub.VersionName(version),
		Passkey: &statement.Passkey{AuthenticatorData: []byte("data"), ClientDataJSON: []byte("{}"), Key: k.Public().SPKI(), Payload: payload, Signature: []byte("signature")}}
	if e, ok := c.(*statement.Endorsement); ok {
		o.Text = &e.Text
	}
	return o
}

// leftOf leaves out what a reader of the package does not see.
var leftOf = cmpopts.IgnoreUnexported(endorsement.Left{})

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
