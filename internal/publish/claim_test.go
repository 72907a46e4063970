package publish_test

import (
	"context"
	"crypto/rand"
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sijil/sijil/internal/chain"
	"github.com/sijil/sijil/internal/endorsement"
	"github.com/sijil/sijil/internal/invitation"
	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/internal/publish"
	"github.com/sijil/sijil/internal/signatory"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// domains is what organisations' domains say, by domain.
type domains struct {
	mu    sync.Mutex
	lines map[string][]publish.DomainLine
}

func (d *domains) Look(_ context.Context, domain string) ([]publish.DomainSaid, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return []publish.DomainSaid{{Via: "dns", Document: log.Sum([]byte(domain)), Lines: slices.Clone(d.lines[domain])}}, nil
}

func (d *domains) put(domain string, lines ...publish.DomainLine) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines[domain] = lines
}

// river is a publication with three organisations, each with a domain.
type river struct {
	*world
	a           *author
	said        *domains
	record      log.Digest // of version 1
	list        []signatory.Signatory
	disclosures []signatory.Disclosure
	entries     signatory.Commitments
	text        statement.Text
}

func newRiver(t *testing.T) *river { return newRiverOf(t, 3) }

func newRiverOf(t *testing.T, organisations int) *river {
	t.Helper()
	x := &river{world: newWorld(t), said: &domains{lines: map[string][]publish.DomainLine{}}}
	x.observer, x.domains = logtest.NewSigner(t), x.said
	must(t, x.open())
	x.a = x.create("river")
	for i := range organisations {
		x.list = append(x.list, signatory.Signatory{Name: fmt.Sprintf("Organisation %d", i), Kind: signatory.Organisation, Domain: fmt.Sprintf("o%d.example", i)})
	}
	x.record = x.version(x.list)
	return x
}

// version publishes the next version, with a list.
func (x *river) version(list []signatory.Signatory) log.Digest {
	x.t.Helper()
	data, c, digest := x.nextOf(list)
	_, err := x.service.Submit(x.t.Context(), x.a.slug, data, c)
	must(x.t, err)
	x.disclosures, x.a.previous, x.a.n = c.Disclosures, digest, x.a.n+1
	x.entries, err = signatory.Commit(c.Disclosures)
	must(x.t, err)
	return digest
}

func (x *river) nextOf(list []signatory.Signatory) ([]byte, publish.Content, log.Digest) {
	x.t.Helper()
	e := logtest.River()[x.a.n%2]
	v, _ := e.Version(x.t, statement.NameOf(x.ledger.log.Key), x.a.digest, x.a.previous, x.a.n+1, nil)
	d, err := signatory.Reuse(x.disclosures, list, rand.Reader)
	must(x.t, err)
	v.Signatories.Commitments, err = signatory.Commit(d)
	must(x.t, err)
	if x.a.n == 0 {
		x.text = v.Texts()[0]
	}
	b := logtest.SignStatement(x.t, x.a.signer, v)
	data, err := b.Marshal()
	must(x.t, err)
	return data, publish.Content{Texts: e.Files(), Disclosures: d}, b.Envelope.Digest()
}

// about is what every claim about version 1 and an entry says.
func (x *river) about(entry int) statement.About {
	return statement.About{Entry: x.entries[entry], Issued: x.now.UTC().Format(time.RFC3339), Log: statement.NameOf(x.ledger.log.Key), Publication: x.a.digest,
		Version: statement.VersionName{Number: 1, Record: x.record}}
}

func (x *river) endorsement(entry int, change func(*statement.Endorsement)) *statement.Endorsement {
	e := &statement.Endorsement{About: x.about(entry), Text: statement.ReadText{Language: x.text.Language, SHA256: x.text.File}}
	if change != nil {
		change(e)
	}
	return e
}

func (x *river) sign(s *keys.Signer, c statement.Claim) []byte {
	x.t.Helper()
	payload, err := statement.EncodeClaim(c)
	must(x.t, err)
	data, err := logtest.Sign(x.t, s, payload).Marshal()
	must(x.t, err)
	return data
}

func (x *river) invite(entry int, change func(*invitation.Invitation)) string {
	x.t.Helper()
	i := invitation.Invitation{Publication: x.a.digest, Version: 1, Entry: x.entries[entry], Until: x.now.Add(time.Hour)}
	if change != nil {
		change(&i)
	}
	s, err := invitation.New(rand.Reader, x.a.signer, i)
	must(x.t, err)
	return s
}

func (x *river) claim(s *keys.Signer, c statement.Claim, invited string) (*publish.Receipt, error) {
	x.t.Helper()
	return x.service.Claim(context.Background(), "river", x.sign(s, c), s.Public().SPKI(), invited)
}

// enrol has a domain name a key, and the service look.
func (x *river) enrol(entry int, s *keys.Signer) (*publish.DomainCheck, error) {
	x.t.Helper()
	x.said.put(x.list[entry].Domain, x.keyLine(entry, s))
	return x.service.CheckDomain(context.Background(), "river", x.entries[entry], s.Public().SPKI())
}

func (x *river) keyLine(entry int, s *keys.Signer) publish.DomainLine {
	return publish.DomainLine{Kind: "key", Publication: x.a.digest, Entry: x.entries[entry], Key: s.Public().Digest()}
}

func (x *river) line(kind string, entry int) publish.DomainLine {
	return publish.DomainLine{Kind: kind, Publication: x.a.digest, Version: 1, Record: x.record, Entry: x.entries[entry]}
}

// known is how the entries of version 1 are known.
func (x *river) known() string {
	x.t.Helper()
	list, err := x.service.Standings(x.t.Context(), "river", 1)
	must(x.t, err)
	var out []string
	for _, s := range list {
		out = append(out, string(s.Known))
	}
	return strings.Join(out, " ")
}

func (x *river) want(known string) {
	x.t.Helper()
	if got := x.known(); got != known {
		x.t.Errorf("%s, want %s", got, known)
	}
}

// TestClaimsRefused: each claim that must not count is refused for its own reason, and
// nothing is logged.
func TestClaimsRefused(t *testing.T) {
	x := newRiver(t)
	lake := x.create("lake")
	ours := logtest.NewSigner(t)
	_, err := x.enrol(0, ours)
	must(t, err)
	stranger := logtest.NewSigner(t)
	withdrawal := func(reason string) statement.Claim {
		return &statement.Withdrawal{About: x.about(0), Reason: reason}
	}
	for name, c := range map[string]struct {
		signer  *keys.Signer
		claim   statement.Claim
		invited string
		want    string
	}{
		"a version that does not exist": {ours, x.endorsement(0, func(e *statement.Endorsement) { e.Version.Number = 2 }), "", "there is no version 2"},
		"another record as the version": {ours, x.endorsement(0, func(e *statement.Endorsement) { e.Version.Record = log.Sum(nil) }), "", "there is no version 1 with the record"},
		"an entry that nobody lists":    {ours, x.endorsement(0, func(e *statement.Endorsement) { e.Entry = base64.RawURLEncoding.EncodeToString(make([]byte, 32)) }), "", "the version lists no such entry"},
		"another list entry":            {ours, x.endorsement(1, nil), "", "an invitation is needed"},
		"another publication":           {ours, x.endorsement(0, func(e *statement.Endorsement) { e.Publication = lake.digest }), "", "publication"},
		"another log":                   {ours, x.endorsement(0, func(e *statement.Endorsement) { e.Log.Origin = "other.example" }), "", "log"},
		"a text that it has not":        {ours, x.endorsement(0, func(e *statement.Endorsement) { e.Text.SHA256 = log.Sum(nil) }), "", "has no such text"},
		"a language that it has not":    {ours, x.endorsement(0, func(e *statement.Endorsement) { e.Text.Language = "fr" }), "", "has no such text fr"},
		"a publisher's endorsement":     {x.a.signer, x.endorsement(0, nil), "", "a publisher cannot speak for a signatory"},
		"a publisher's denial":          {x.a.signer, &statement.Denial{About: x.about(0), Reason: "x"}, "", "a publisher cannot speak for a signatory"},
		"a publisher's, invited":        {x.a.signer, x.endorsement(0, nil), x.invite(0, nil), "a publisher cannot speak for a signatory"},
		"a publisher's, with no reason": {x.a.signer, withdrawal(""), "", "on whose request"},
		"of another publication's":      {lake.signer, withdrawal("On request."), "", "not of this publication today"},
		"the observer key":              {x.observer, x.endorsement(0, nil), "", "it is the service's own"},
		"the observer's withdrawal":     {x.observer, withdrawal("x"), x.invite(0, nil), "it is the service's own"},
		"a stranger":                    {stranger, x.endorsement(0, nil), "", "an invitation is needed"},
		"a stranger's withdrawal":       {stranger, withdrawal("We never."), "", "an invitation is needed"},
		"expired":                       {stranger, x.endorsement(0, nil), x.invite(0, func(i *invitation.Invitation) { i.Until = x.now }), "the invitation has expired"},
		"invited for another entry":     {stranger, x.endorsement(0, nil), x.invite(1, nil), "for another list entry"},
		"invited by another":            {stranger, x.endorsement(0, nil), x.invite(0, func(i *invitation.Invitation) { i.Publication = lake.digest }), "for another list entry"},
		"a guess":                       {stranger, x.endorsement(0, nil), "AQ", "the invitation is not valid"},
	} {
		size, known := x.ledger.log.Size(), x.known()
		r, err := x.claim(c.signer, c.claim, c.invited)
		if r != nil || err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, %v, want …%s…", name, r, err, c.want)
		}
		if x.ledger.log.Size() != size || x.known() != known {
			t.Errorf("%s: something changed", name)
		}
	}
	// An invitation that another publication's publisher signed.
	forged, err := invitation.New(rand.Reader, lake.signer, invitation.Invitation{Publication: x.a.digest, Version: 1, Entry: x.entries[0], Until: x.now.Add(time.Hour)})
	must(t, err)
	if _, err := x.claim(stranger, x.endorsement(0, nil), forged); !errors.Is(err, invitation.ErrInvalid) {
		t.Errorf("signed by another publisher: %v", err)
	}
	// One signature, another's key; one payload, no signature of ours.
	data := x.sign(stranger, x.endorsement(0, nil))
	if _, err := x.service.Claim(x.t.Context(), "river", data, ours.Public().SPKI(), ""); !errors.Is(err, endorsement.ErrSigner) {
		t.Errorf("under another's key: %v", err)
	}
	if _, err := x.service.Claim(x.t.Context(), "lake", x.sign(ours, x.endorsement(0, nil)), ours.Public().SPKI(), ""); err == nil || !strings.Contains(err.Error(), "publication") {
		t.Errorf("replayed in another publication: %v", err)
	}
	// The publisher's withdrawal, with a reason, says that it is the publisher's.
	_, err = x.claim(ours, x.endorsement(0, nil), "")
	must(t, err)
	x.want("signed listed listed")
	_, err = x.claim(x.a.signer, withdrawal("On the request of 3 May, by letter."), "")
	must(t, err)
	x.want("withdrawn listed listed")
	list, err := x.service.Standings(x.t.Context(), "river", 1)
	must(t, err)
	if l := list[0].Left; l == nil || !l.Publisher || l.Reason == "" {
		t.Errorf("%+v", l)
	}
}

// TestReplay: the same bundle has its first index, before and after a restart.
func TestReplay(t *testing.T) {
	x := newRiver(t)
	s := logtest.NewSigner(t)
	data, code := x.sign(s, x.endorsement(0, nil)), x.invite(0, nil)
	first, err := x.service.Claim(x.t.Context(), "river", data, s.Public().SPKI(), code)
	must(t, err)
	for _, invited := range []string{code, "", "nonsense"} {
		r, err := x.service.Claim(x.t.Context(), "river", data, s.Public().SPKI(), invited)
		if err != nil || r.Created || r.Index != first.Index {
			t.Errorf("again: %+v, %v", r, err)
		}
		must(t, x.open())
	}
	// Another signature over the same has the place of the first.
	r, err := x.claim(s, x.endorsement(0, nil), "")
	if err != nil || r.Created || r.Index != first.Index {
		t.Errorf("signed again: %+v, %v", r, err)
	}
}

// TestInvitations: each lets one statement in, and no other text does.
func TestInvitations(t *testing.T) {
	x := newRiver(t)
	s := logtest.NewSigner(t)
	code := x.invite(0, nil)
	raw, err := base64.RawURLEncoding.DecodeString(code)
	must(t, err)
	const signed = 1 + 32 + 4 + 32 + 8 + 8
	for i := range raw {
		for _, bit := range []byte{1, 0x80} {
			bad := slices.Clone(raw)
			bad[i] ^= bit
			if _, err := x.claim(s, x.endorsement(0, nil), base64.RawURLEncoding.EncodeToString(bad)); err == nil {
				t.Fatalf("with byte %d of %d changed it lets a statement in", i, len(raw))
			}
		}
	}
	for i := range code {
		if _, err := x.claim(s, x.endorsement(0, nil), code[:i]+"~"+code[i+1:]); err == nil {
			t.Fatalf("with character %d changed it lets a statement in", i)
		}
	}
	if x.ledger.log.Size() != 2 {
		t.Fatalf("%d entries", x.ledger.log.Size())
	}
	_, err = x.claim(s, x.endorsement(0, nil), code)
	must(t, err)
	denial := &statement.Denial{About: x.about(0)}
	if _, err := x.claim(s, denial, code); !errors.Is(err, publish.ErrInvitationUsed) {
		t.Errorf("used twice: %v", err)
	}
	// The other signature that follows from the first: (r, n-s).
	var sig struct{ R, S *big.Int }
	_, err = asn1.Unmarshal(raw[signed:], &sig)
	must(t, err)
	sig.S.Sub(x.a.signer.Public().ECDSA().Params().N, sig.S)
	twin, err := asn1.Marshal(sig)
	must(t, err)
	if _, err := x.claim(s, denial, base64.RawURLEncoding.EncodeToString(slices.Concat(raw[:signed], twin))); !errors.Is(err, publish.ErrInvitationUsed) {
		t.Errorf("used again with the other signature: %v", err)
	}
	// Many at once: one gets in.
	code = x.invite(1, nil)
	var wg sync.WaitGroup
	var mu sync.Mutex
	in := 0
	for range 16 {
		key := logtest.NewSigner(t)
		data := x.sign(key, x.endorsement(1, nil))
		wg.Go(func() {
			_, err := x.service.Claim(context.Background(), "river", data, key.Public().SPKI(), code)
			if err == nil {
				mu.Lock()
				in++
				mu.Unlock()
			} else if !errors.Is(err, publish.ErrInvitationUsed) {
				t.Errorf("raced: %v", err)
			}
		})
	}
	wg.Wait()
	if in != 1 {
		t.Errorf("one invitation let %d in", in)
	}
}

// TestUnconfirmedCountsForNothing: whatever a key says that no domain has named.
func TestUnconfirmedCountsForNothing(t *testing.T) {
	x := newRiver(t)
	ours, theirs := logtest.NewSigner(t), logtest.NewSigner(t)
	_, err := x.enrol(0, ours)
	must(t, err)
	_, err = x.claim(ours, x.endorsement(0, nil), "")
	must(t, err)
	_, err = x.claim(theirs, &statement.Withdrawal{About: x.about(0), Reason: "We never."}, x.invite(0, nil))
	must(t, err)
	_, err = x.claim(theirs, &statement.Denial{About: x.about(0)}, x.invite(0, nil))
	must(t, err)
	x.want("signed listed listed")
	must(t, x.open())
	x.want("signed listed listed")
}

// TestDomains: what a domain may and may not bring about.
func TestDomains(t *testing.T) {
	x := newRiver(t)
	look := func(entry int) (*publish.DomainCheck, error) {
		return x.service.CheckDomain(x.t.Context(), "river", x.entries[entry], nil)
	}
	// Two things of one version: nothing is recorded.
	x.said.put("o0.example", x.line("endorsement", 0), x.line("withdrawal", 0))
	size := x.ledger.log.Size()
	if _, err := look(0); !errors.Is(err, publish.ErrAmbiguous) || x.ledger.log.Size() != size {
		t.Errorf("two things: %v", err)
	}
	// A record that is not the version's, and a version that is not: refused, and
	// what else the domain says is recorded.
	for _, change := range []func(*publish.DomainLine){func(l *publish.DomainLine) { l.Record = x.a.digest }, func(l *publish.DomainLine) { l.Version = 7 }} {
		wrong := x.line("endorsement", 0)
		wrong.Version = 2
		change(&wrong)
		x.said.put("o0.example", wrong, x.line("denial", 0))
		if _, err := look(0); err == nil || !strings.Contains(err.Error(), "is not that version's") {
			t.Errorf("a wrong record: %v", err)
		}
		x.want("denied listed listed")
	}
	// What it says of another's entry is not its to say.
	x.said.put("o1.example", x.line("denial", 2), x.line("endorsement", 1))
	_, err := look(1)
	must(t, err)
	x.want("denied confirmed-domain listed")
	// A key that is enrolled under one domain is never another's.
	key := logtest.NewSigner(t)
	_, err = x.enrol(1, key)
	must(t, err)
	size = x.ledger.log.Size()
	if _, err := x.enrol(2, key); !errors.Is(err, publish.ErrOtherDomain) || x.ledger.log.Size() != size {
		t.Errorf("enrolled for another domain: %v", err)
	}
	// Nor is a publisher's, or the service's.
	for name, s := range map[string]*keys.Signer{"a publisher's": x.a.signer, "the observer's": x.observer} {
		if _, err := x.enrol(2, s); !errors.Is(err, endorsement.ErrSigner) {
			t.Errorf("%s key is enrolled: %v", name, err)
		}
	}
	// Sixteen looks at once record one thing.
	x.said.put("o2.example", x.line("endorsement", 2))
	size = x.ledger.log.Size()
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			if _, err := x.service.CheckDomain(context.Background(), "river", x.entries[2], nil); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if x.ledger.log.Size() != size+1 {
		t.Errorf("%d records of one line", x.ledger.log.Size()-size)
	}
}

// TestSecondKeyWaits: a domain that names another key replaces the first one after 72
// hours, during which it still names it.
func TestSecondKeyWaits(t *testing.T) {
	x := newRiver(t)
	first, second := logtest.NewSigner(t), logtest.NewSigner(t)
	_, err := x.enrol(0, first)
	must(t, err)
	_, err = x.claim(first, x.endorsement(0, nil), "")
	must(t, err)
	for _, step := range []struct {
		after time.Duration
		logs  int64
		key   *keys.Signer
	}{
		{0, 1, first}, {time.Hour, 0, first}, {endorsement.RenewalWait - time.Hour - time.Second, 0, first}, {time.Second, 1, second}, {time.Hour, 0, second},
	} {
		x.now = x.now.Add(step.after)
		size := x.ledger.log.Size()
		_, err := x.enrol(0, second)
		must(t, err)
		if got := x.ledger.log.Size() - size; got != step.logs {
			t.Errorf("after %s more: %d records, want %d", step.after, got, step.logs)
		}
		must(t, x.open())
		for _, s := range []*keys.Signer{first, second} {
			_, err := x.claim(s, x.endorsement(0, func(e *statement.Endorsement) { e.Issued = x.now.Add(time.Second).UTC().Format(time.RFC3339) }), "")
			if s == step.key && err != nil || s != step.key && !errors.Is(err, publish.ErrInvitation) {
				t.Errorf("after %s more: %v", step.after, err)
			}
		}
	}
	// What the first one said while it was the entry's stands.
	x.want("signed listed listed")
	// A domain that goes back to the key in force ends the wait.
	third := logtest.NewSigner(t)
	_, err = x.enrol(0, third)
	must(t, err)
	_, err = x.enrol(0, second)
	must(t, err)
	x.now = x.now.Add(2 * endorsement.RenewalWait)
	_, err = x.enrol(0, third)
	must(t, err)
	if _, err := x.claim(third, x.endorsement(0, nil), ""); !errors.Is(err, publish.ErrInvitation) {
		t.Errorf("the wait was not begun anew: %v", err)
	}
}

// TestFlood: a key has a bounded say, and cannot use up anybody else's.
func TestFlood(t *testing.T) {
	x := newRiver(t)
	thief, real := logtest.NewSigner(t), logtest.NewSigner(t)
	_, err := x.enrol(0, thief)
	must(t, err)
	for i := 0; ; i++ {
		_, err := x.claim(thief, x.endorsement(0, func(e *statement.Endorsement) {
			e.Issued = x.now.Add(time.Duration(i) * time.Second).UTC().Format(time.RFC3339)
		}), "")
		if errors.Is(err, publish.ErrTooMany) {
			if i != 64 {
				t.Errorf("after %d", i)
			}
			break
		}
		must(t, err)
	}
	x.want("signed listed listed")
	// The domain's word still counts, its next key, and the publisher's withdrawal.
	x.said.put("o0.example", x.line("denial", 0))
	_, err = x.service.CheckDomain(x.t.Context(), "river", x.entries[0], nil)
	must(t, err)
	x.want("denied listed listed")
	for range 2 {
		_, err = x.enrol(0, real)
		must(t, err)
		x.now = x.now.Add(endorsement.RenewalWait)
	}
	_, err = x.claim(real, x.endorsement(0, nil), "")
	must(t, err)
	x.want("signed listed listed")
	_, err = x.claim(x.a.signer, &statement.Withdrawal{About: x.about(0), Reason: "By letter."}, "")
	must(t, err)
	x.want("withdrawn listed listed")
}

// TestManyAtOnce: 64 clients, each for an entry of its own, with the same bundle twice.
func TestManyAtOnce(t *testing.T) {
	const n = 64
	x := newRiverOf(t, n)
	var wg sync.WaitGroup
	indices := make([]int64, n)
	for i := range n {
		s := logtest.NewSigner(t)
		_, err := x.enrol(i, s)
		must(t, err)
		data := x.sign(s, x.endorsement(i, nil))
		for range 2 {
			wg.Go(func() {
				for {
					r, err := x.service.Claim(context.Background(), "river", data, s.Public().SPKI(), "")
					if errors.Is(err, publish.ErrBusy) {
						continue
					}
					if err != nil {
						t.Error(err)
					} else if r.Created {
						indices[i] = r.Index
					}
					return
				}
			})
		}
	}
	wg.Wait()
	slices.Sort(indices)
	if len(slices.Compact(indices)) != n || x.ledger.log.Size() != 2+2*n {
		t.Errorf("%d indices, %d entries", len(indices), x.ledger.log.Size())
	}
	all := strings.TrimSpace(strings.Repeat("signed ", n))
	x.want(all)
	must(t, x.open()) // read anew, not added to
	x.want(all)
}

// TestClaimInterrupted: a claim that the log did not answer for is taken in when it is
// sent again, or at the next start, at its first index.
func TestClaimInterrupted(t *testing.T) {
	for _, lose := range []bool{true, false} {
		for _, restart := range []bool{true, false} {
			x := newRiver(t)
			s := logtest.NewSigner(t)
			_, err := x.enrol(0, s)
			must(t, err)
			data := x.sign(s, x.endorsement(0, nil))
			x.ledger.lose, x.ledger.refuse = lose, !lose
			if _, err := x.service.Claim(x.t.Context(), "river", data, s.Public().SPKI(), ""); !errors.Is(err, errDown) {
				t.Fatal(err)
			}
			x.want("listed listed listed")
			x.ledger.lose, x.ledger.refuse = false, false
			if restart {
				must(t, x.open())
				x.want("signed listed listed")
			}
			r, err := x.service.Claim(x.t.Context(), "river", data, s.Public().SPKI(), "")
			if err != nil || r.Created == restart || r.Index != 3 || x.ledger.log.Size() != 4 {
				t.Errorf("lose %v, restart %v: %+v, %v, %d entries", lose, restart, r, err, x.ledger.log.Size())
			}
			x.want("signed listed listed")
		}
	}
}

// redaction signs the redaction of an entry as the next record, naming payloads.
func (x *river) redaction(entry int, payloads []log.Digest) []byte {
	x.t.Helper()
	p, err := x.service.Publication("river")
	must(x.t, err)
	data, err := logtest.SignStatement(x.t, x.a.signer, &statement.Redaction{Entry: x.entries[entry], Issued: x.now.UTC().Format(time.RFC3339), Log: statement.NameOf(x.ledger.log.Key),
		Payloads: payloads, Previous: p.Head, Publication: x.a.digest, Sequence: p.Sequence + 1}).Marshal()
	must(x.t, err)
	return data
}

func (x *river) payloads(entry int) []log.Digest {
	x.t.Helper()
	list, err := x.service.Payloads(x.t.Context(), "river", x.entries[entry])
	must(x.t, err)
	return list
}

// TestRedactions: what a redaction must name, and what comes at the same time.
func TestRedactions(t *testing.T) {
	x := newRiver(t)
	s := logtest.NewSigner(t)
	_, err := x.enrol(0, s)
	must(t, err)
	data := x.sign(s, x.endorsement(0, nil))
	_, err = x.service.Claim(x.t.Context(), "river", data, s.Public().SPKI(), "")
	must(t, err)
	all := x.payloads(0)
	if len(all) != 2 {
		t.Fatalf("%d payloads", len(all))
	}
	more := append(slices.Clone(all), log.Sum([]byte("x")))
	slices.SortFunc(more, func(a, b log.Digest) int { return slices.Compare(a[:], b[:]) })
	for name, list := range map[string][]log.Digest{"none": {}, "one of two": all[:1], "the other": all[1:], "one too many": more, "another": {all[0], log.Sum([]byte("\xff"))}} {
		slices.SortFunc(list, func(a, b log.Digest) int { return slices.Compare(a[:], b[:]) })
		var invalid *publish.InvalidError
		if _, err := x.service.Submit(x.t.Context(), "river", x.redaction(0, list), publish.Content{}); !errors.As(err, &invalid) || !strings.Contains(err.Error(), "ask again which they are") {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Two raced: one wins, the other is told the head.
	var wg sync.WaitGroup
	errs := make([]error, 2)
	for i, d := range [][]byte{x.redaction(0, all), x.redaction(1, x.payloads(1))} {
		wg.Go(func() { _, errs[i] = x.service.Submit(context.Background(), "river", d, publish.Content{}) })
	}
	wg.Wait()
	won := slices.Index(errs, nil)
	var conflict *chain.ConflictError
	if won < 0 || !errors.As(errs[1-won], &conflict) {
		t.Fatal(errs)
	}
	_, err = x.service.Submit(x.t.Context(), "river", x.redaction(1-won, x.payloads(1-won)), publish.Content{})
	must(t, err)
	x.want("withheld withheld listed")
	if _, err := x.service.Claim(x.t.Context(), "river", data, s.Public().SPKI(), ""); !errors.Is(err, endorsement.ErrNoEntry) {
		t.Errorf("a claim about what is withheld: %v", err)
	}
	if _, err := x.service.CheckDomain(x.t.Context(), "river", x.entries[0], nil); !errors.Is(err, endorsement.ErrNoEntry) {
		t.Errorf("a look for what is withheld: %v", err)
	}
}

// TestRedactionAgainstClaims: claims that race a redaction are named by it, or refused;
// none is in the log and named nowhere.
func TestRedactionAgainstClaims(t *testing.T) {
	for range 20 {
		x := newRiver(t)
		s := logtest.NewSigner(t)
		_, err := x.enrol(0, s)
		must(t, err)
		var wg sync.WaitGroup
		for i := range 8 {
			data := x.sign(s, x.endorsement(0, func(e *statement.Endorsement) {
				e.Issued = x.now.Add(time.Duration(i) * time.Second).UTC().Format(time.RFC3339)
			}))
			wg.Go(func() {
				if _, err := x.service.Claim(context.Background(), "river", data, s.Public().SPKI(), ""); err != nil && !errors.Is(err, endorsement.ErrNoEntry) && !errors.Is(err, publish.ErrInvitation) {
					t.Errorf("claim: %v", err)
				}
			})
		}
		var named []log.Digest
		for {
			named = x.payloads(0)
			_, err := x.service.Submit(x.t.Context(), "river", x.redaction(0, named), publish.Content{})
			var invalid *publish.InvalidError
			if err == nil {
				break
			}
			if !errors.As(err, &invalid) && !errors.Is(err, publish.ErrBusy) {
				t.Fatal(err)
			}
		}
		wg.Wait()
		// genesis, version and redaction, and what the redaction names.
		if got := x.ledger.log.Size(); got != int64(3+len(named)) {
			t.Fatalf("%d entries, and the redaction names %d", got, len(named))
		}
	}
}

// TestRedactionThatWaits: what is said about an entry while its redaction waits for the
// second signature is not deleted unnamed: the redaction has to be made anew.
func TestRedactionThatWaits(t *testing.T) {
	x := newRiver(t)
	s, second := logtest.NewSigner(t), logtest.NewSigner(t)
	_, err := x.enrol(0, s)
	must(t, err)
	p, err := x.service.Publication("river")
	must(t, err)
	change, err := logtest.SignStatement(t, x.a.signer, &statement.PolicyChange{Issued: x.now.UTC().Format(time.RFC3339), Log: statement.NameOf(x.ledger.log.Key),
		Policy: statement.NewPolicy(2, x.a.signer.Public(), second.Public()), Previous: p.Head, Publication: x.a.digest, Reason: "Two sign.", Sequence: p.Sequence + 1}).Marshal()
	must(t, err)
	_, err = x.service.Submit(x.t.Context(), "river", change, publish.Content{})
	must(t, err)
	cosign := func(data []byte) error {
		t.Helper()
		again, err := logtest.Sign(t, second, payload(t, data)).Marshal()
		must(t, err)
		_, err = x.service.Submit(x.t.Context(), "river", again, publish.Content{})
		return err
	}
	first := x.redaction(0, x.payloads(0))
	r, err := x.service.Submit(x.t.Context(), "river", first, publish.Content{})
	if err != nil || r.Have != 1 || r.Want != 2 {
		t.Fatalf("%+v, %v", r, err)
	}
	// It is still to be heard: one publisher key alone closes nothing.
	_, err = x.claim(s, &statement.Denial{About: x.about(0)}, "")
	must(t, err)
	size := x.ledger.log.Size()
	var invalid *publish.InvalidError
	if err := cosign(first); !errors.As(err, &invalid) || x.ledger.log.Size() != size {
		t.Fatalf("completed without naming the denial: %v", err)
	}
	x.want("denied listed listed")
	anew := x.redaction(0, x.payloads(0))
	_, err = x.service.Submit(x.t.Context(), "river", anew, publish.Content{})
	must(t, err)
	must(t, cosign(anew))
	x.want("withheld listed listed")
}

// TestNamesLeftOut: a version can leave out a name only if a redaction withholds it,
// and then it must.
func TestNamesLeftOut(t *testing.T) {
	x := newRiver(t)
	var invalid *publish.InvalidError
	data, c, _ := x.nextOf(x.list)
	full := slices.Clone(c.Disclosures)
	c.Disclosures[1] = ""
	if _, err := x.service.Submit(x.t.Context(), "river", data, c); !errors.As(err, &invalid) || !strings.Contains(err.Error(), "entry 2 is left out") {
		t.Fatalf("a name left out: %v", err)
	}
	_, err := x.service.Submit(x.t.Context(), "river", x.redaction(1, x.payloads(1)), publish.Content{})
	must(t, err)
	p, err := x.service.Publication("river")
	must(t, err)
	b, err := log.ParseBundle(data)
	must(t, err)
	st, err := statement.Parse(b.Envelope.Payload)
	must(t, err)
	v := st.(*statement.Version)
	v.Previous, v.Sequence = p.Head, p.Sequence+1
	b = logtest.SignStatement(t, x.a.signer, v)
	digest := b.Envelope.Digest()
	data, err = b.Marshal()
	must(t, err)
	c.Disclosures = full
	if _, err := x.service.Submit(x.t.Context(), "river", data, c); !errors.As(err, &invalid) || !strings.Contains(err.Error(), "entry 2 is withheld by a redaction") {
		t.Fatalf("a withheld name again: %v", err)
	}
	c.Disclosures = slices.Clone(full)
	c.Disclosures[1] = ""
	r, err := x.service.Submit(x.t.Context(), "river", data, c)
	if err != nil || r.Record != digest {
		t.Fatal(err)
	}
	must(t, x.open())
}

// dying is a store whose disk does not answer when a name is to be deleted.
type dying struct {
	publish.Store
	left int
}

func (d *dying) Withhold(ctx context.Context, genesis log.Digest, entry string, disclosure signatory.Disclosure, mails []log.Digest) error {
	if d.left--; d.left >= 0 {
		return errLost
	}
	return d.Store.Withhold(ctx, genesis, entry, disclosure, mails)
}

// TestWithholdInterrupted: a name that a crash kept between redaction and deletion is
// deleted by the next start, or by the publisher's next try; nobody is shown it
// meanwhile, not even by a service that only reads.
func TestWithholdInterrupted(t *testing.T) {
	for name, again := range map[string]func(x *river, data []byte){
		"restart": func(x *river, _ []byte) {
			x.wrap = nil
			must(x.t, x.open())
		},
		"sent again": func(x *river, data []byte) {
			r, err := x.service.Submit(x.t.Context(), "river", data, publish.Content{})
			if err != nil || r.Created {
				x.t.Fatalf("%+v, %v", r, err)
			}
		},
		"read only, then a restart": func(x *river, _ []byte) {
			x.wrap, x.readOnly = nil, true
			must(x.t, x.open())
			x.want("listed withheld listed")
			if b, err := x.service.Endorsements(x.t.Context(), publish.Public, "river", 1); err != nil || len(b) > 0 {
				x.t.Errorf("what is about it is served: %s, %v", b, err)
			}
			x.readOnly = false
			must(x.t, x.open())
		},
	} {
		t.Run(name, func(t *testing.T) {
			x := newRiver(t)
			s := logtest.NewSigner(t)
			_, err := x.enrol(1, s)
			must(t, err)
			x.wrap = func(s publish.Store) publish.Store { return &dying{s, 1} }
			must(t, x.open())
			data := x.redaction(1, x.payloads(1))
			if _, err := x.service.Submit(x.t.Context(), "river", data, publish.Content{}); !errors.Is(err, errLost) {
				t.Fatal(err)
			}
			x.want("listed withheld listed")
			if n := x.stored(1); n != 2 {
				t.Fatalf("the store holds %d of name and enrolment: the test would prove nothing", n)
			}
			again(x, data)
			x.want("listed withheld listed")
			if n := x.stored(1); n != 0 {
				t.Errorf("the store holds %d of name and enrolment", n)
			}
		})
	}
}

// stored counts what the store has of an entry: its disclosure, and records about it.
func (x *river) stored(entry int) (n int) {
	x.t.Helper()
	must(x.t, x.rows.Records(x.t.Context(), func(r publish.Stored) error {
		if slices.Contains(r.Content.Disclosures, x.disclosures[entry]) {
			n++
		}
		return nil
	}))
	must(x.t, x.rows.Asides(x.t.Context(), publish.AsideSelection{}, func(a publish.Aside) error {
		if a.Entry == x.entries[entry] {
			n++
		}
		return nil
	}))
	return n
}
