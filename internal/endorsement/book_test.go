package endorsement_test

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/sijil/sijil/internal/chain"
	"github.com/sijil/sijil/internal/endorsement"
	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// TestAddedAsRead: a book to which records were added, in whatever order they came, is
// the book that is read from all of them.
func TestAddedAsRead(t *testing.T) {
	l := logtest.New(t, "https://log.example")
	signer, observer := logtest.NewSigner(t), logtest.NewSigner(t)
	pub := l.Publication("river", signer, logtest.River()[0])
	c, _, err := chain.Start(pub.Bundles[0])
	check(t, err)
	next, err := c.Next(pub.Bundles[1])
	check(t, err)
	c.Advance(next)
	policies := []endorsement.Policy{{Keys: c.Keys()}}
	signers := []*keys.Signer{logtest.NewSigner(t), logtest.NewSigner(t), logtest.NewSigner(t)}
	entries := c.Statement(1).Signatories.Commitments
	name := statement.NameOf(l.Key)
	version := statement.VersionName{Number: 1, Record: c.VersionRecord(1)}
	text := c.Statement(1).Texts()[0]
	rng := rand.New(rand.NewPCG(3, 4))
	var enrolments, rest []endorsement.Logged
	index := int64(2)
	see := func(s statement.Sighting) endorsement.Logged {
		payload, err := statement.EncodeSighting(s)
		check(t, err)
		r, err := endorsement.VerifySighting(logtest.Sign(t, observer, payload), observer.Public(), c, nil)
		check(t, err)
		index++
		return endorsement.Logged{Record: r, Index: index}
	}
	seen := statement.Seen{Means: statement.MeansDomain, Via: "dns", Document: log.Sum(nil)}
	at := func(n int) string { return logtest.Start.Add(time.Duration(n) * time.Hour).UTC().Format(time.RFC3339) }
	for i, e := range entries {
		enrolments = append(enrolments, see(&statement.Enrolment{Sighted: statement.Sighted{Domain: "o.example", Entry: e, Issued: at(i), Log: name, Publication: c.Genesis()}, Key: signers[i].Public().SPKI(), Seen: seen}))
	}
	for n := range 60 {
		entry := rng.IntN(len(entries))
		about := statement.About{Entry: entries[entry], Issued: at(n), Log: name, Publication: c.Genesis(), Version: version}
		s := signers[rng.IntN(len(signers))] // often another entry's
		kinds := []string{statement.ClaimEndorsement, statement.ClaimWithdrawal, statement.ClaimDenial}
		kind := kinds[rng.IntN(3)]
		if rng.IntN(3) == 0 {
			rest = append(rest, see(&statement.Observation{Sighted: statement.Sighted{Domain: "o.example", Entry: entries[entry], Issued: at(n), Log: name, Publication: c.Genesis()}, Claim: kind, Seen: &seen, Version: version}))
			continue
		}
		claim, err := statement.NewClaim(kind, about, statement.ReadText{Language: text.Language, SHA256: text.File}, "")
		check(t, err)
		payload, err := statement.EncodeClaim(claim)
		check(t, err)
		r, err := endorsement.VerifyClaim(logtest.Sign(t, s, payload), s.Public(), c)
		check(t, err)
		index++
		rest = append(rest, endorsement.Logged{Record: r, Index: index})
	}
	want := endorsement.Read(c, policies, slices.Concat(enrolments, rest)).Version(1)
	anew := 0
	for range 200 {
		book := endorsement.Read(c, policies, enrolments)
		there := map[string][]endorsement.Logged{}
		for _, i := range rng.Perm(len(rest)) {
			r := rest[i]
			list := append(there[r.Entry()], r)
			slices.SortFunc(list, func(a, b endorsement.Logged) int { return cmp.Compare(a.Index, b.Index) })
			there[r.Entry()] = list
			if !book.Add(r) {
				anew++
				book.Again(r.Entry(), list)
			}
		}
		if diff := gocmp.Diff(want, book.Version(1), gocmp.AllowUnexported(endorsement.Left{})); diff != "" {
			t.Fatalf("read, and added:\n%s", diff)
		}
	}
	if anew == 0 {
		t.Error("nothing came late")
	}
	if endorsement.Read(c, policies, nil).Add(enrolments[0]) {
		t.Error("an enrolment can be added")
	}
}
