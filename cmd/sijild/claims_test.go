package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/sijil/sijil/internal/edition"
	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/internal/invitation"
	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/internal/remote"
	"github.com/sijil/sijil/internal/signatory"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/internal/text"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
	"github.com/sijil/sijil/log/client"
)

// electorate is a publication with many signatories, whose claims tests make by hand.
type electorate struct {
	t       testing.TB
	url     string
	key     *keys.LogKey
	signer  *keys.Signer // the publisher
	genesis log.Digest
	version statement.VersionName
	text    statement.ReadText
	entries signatory.Commitments
}

// newElectorate publishes version 1 of a publication with n entries.
func newElectorate(t testing.TB, url, data string, key *keys.LogKey, slug string, n int) *electorate {
	t.Helper()
	x := &electorate{t: t, url: url, key: key, signer: logtest.NewSigner(t)}
	payload, err := statement.Encode(&statement.Publication{Log: statement.NameOf(key), Slug: slug, Title: map[string]string{"en": slug}, Policy: statement.NewPolicy(1, x.signer.Public())})
	check(t, err)
	first := logtest.Sign(t, x.signer, payload)
	bundle, err := first.Marshal()
	check(t, err)
	token, err := newTokenFor(t.Context(), tokenOptions{data: data, slug: slug, expires: time.Hour, similar: true})
	check(t, err)
	server := remote.New(url, httpClient)
	_, err = server.Create(t.Context(), token, bundle)
	check(t, err)
	x.genesis = first.Envelope.Digest()

	file := []byte("Declaration of " + slug + "\n\nThe river is everybody's.\n")
	digests, err := edition.Digests("en", file)
	check(t, err)
	var list []signatory.Signatory
	for i := range n {
		list = append(list, signatory.Signatory{Name: fmt.Sprintf("Organisation %d", i), Kind: signatory.Organisation, Domain: electorDomain(i)})
	}
	disclosures, err := signatory.Reuse(nil, list, rand.Reader)
	check(t, err)
	x.entries, err = signatory.Commit(disclosures)
	check(t, err)
	v := &statement.Version{Canonical: text.Edition, Issued: "2026-01-02T03:04:05Z", Log: statement.NameOf(key), Publication: x.genesis, Previous: x.genesis, Sequence: 1, Version: 1,
		Reason: "First version.", Title: map[string]string{"en": slug}, Signatories: statement.Commitments{Commitments: x.entries}}
	v.SetTexts([]statement.Text{digests})
	signed := logtest.SignStatement(t, x.signer, v)
	bundle, err = signed.Marshal()
	check(t, err)
	_, err = server.Submit(t.Context(), slug, bundle, map[string][]byte{"en": file}, disclosures)
	check(t, err)
	x.version = statement.VersionName{Number: 1, Record: signed.Envelope.Digest()}
	x.text = statement.ReadText{Language: "en", SHA256: digests.File}
	return x
}

// electorDomain is the domain of an entry.
func electorDomain(entry int) string { return fmt.Sprintf("o%d.delta-watch.example", entry) }

// endorse signs an endorsement by an entry; n makes it another one.
func (x *electorate) endorse(s *keys.Signer, entry, n int) *log.Bundle {
	x.t.Helper()
	payload, err := statement.EncodeClaim(&statement.Endorsement{Text: x.text, About: statement.About{Entry: x.entries[entry], Issued: time.Unix(1_790_000_000+int64(n), 0).UTC().Format(time.RFC3339),
		Log: statement.NameOf(x.key), Publication: x.genesis, Version: x.version}})
	check(x.t, err)
	b, err := s.Sign(rand.Reader, payload)
	check(x.t, err)
	return b
}

func (x *electorate) invite(entry int) string {
	x.t.Helper()
	code, err := invitation.New(rand.Reader, x.signer, invitation.Invitation{Publication: x.genesis, Version: 1, Entry: x.entries[entry], Until: time.Now().Add(time.Hour)})
	check(x.t, err)
	return code
}

// TestClaimsKill9 kills the service in the middle of 50 endorsements. Every acknowledged
// one is there afterwards, at its index; whoever got no answer sends it again, with the
// invitation that may have been used by itself; nothing is there twice.
func TestClaimsKill9(t *testing.T) {
	const n = 50
	for _, after := range []int64{1, 25, 48} {
		t.Run(fmt.Sprintf("after %d", after), func(t *testing.T) {
			data, key := newData(t)
			p := startProcess(t, data)
			x := newElectorate(t, p.url, data, key, "river", n)
			type sent struct {
				bundle, spki []byte
				invited      string
				index        int64
				record       log.Digest
			}
			all := make([]sent, n)
			for i := range all {
				s := logtest.NewSigner(t)
				b := x.endorse(s, i, 0)
				data, err := b.Marshal()
				check(t, err)
				all[i] = sent{data, s.Public().SPKI(), x.invite(i), -1, b.Envelope.Digest()}
			}
			var acked atomic.Int64
			var wg sync.WaitGroup
			for i := range all {
				wg.Go(func() {
					r, err := remote.New(p.url, httpClient).Claim(background(), "river", all[i].bundle, all[i].spki, all[i].invited)
					if err != nil {
						return // killed before the answer
					}
					all[i].index = r.Index
					if acked.Add(1) == after {
						_ = p.cmd.Process.Kill()
					}
				})
			}
			wg.Wait()
			p.stop(syscall.SIGKILL)
			t.Logf("%d of %d were acknowledged before the kill", acked.Load(), n)

			p = startProcess(t, data)
			src, err := client.NewHTTP(p.url, httpClient)
			check(t, err)
			pinned, err := trustOf(t, key).Pin("river", x.genesis)
			check(t, err)
			listed := func() map[log.Digest]int64 {
				t.Helper()
				pub, err := evidence.Open(t.Context(), src, optionsFor(t, src, pinned, "river"))
				check(t, err)
				out := map[log.Digest]int64{}
				for _, a := range pub.Asides() {
					if _, twice := out[a.Digest()]; twice {
						t.Errorf("%s is listed twice", a.Digest())
					}
					out[a.Digest()] = a.Index
				}
				return out
			}
			have := listed()
			for i, s := range all {
				if at, ok := have[s.record]; s.index >= 0 && (!ok || at != s.index) {
					t.Errorf("endorsement %d was acknowledged at %d, and is at %d (%v)", i, s.index, at, ok)
				}
			}
			for i, s := range all {
				r, err := remote.New(p.url, httpClient).Claim(t.Context(), "river", s.bundle, s.spki, s.invited)
				if err != nil {
					t.Fatalf("endorsement %d again: %v", i, err)
				}
				if s.index >= 0 && (r.Created || r.Index != s.index) {
					t.Errorf("endorsement %d again: %+v, first at %d", i, r, s.index)
				}
			}
			if got := len(listed()); got != n {
				t.Errorf("%d are listed", got)
			}
			checkEntries(t, src, pinned, n+2)
		})
	}
}

// TestGuessing: whoever guesses invitations is told when to come back.
func TestGuessing(t *testing.T) {
	c := newCaller(t, serveOptions{}, slog.DiscardHandler)
	x := newElectorate(t, c.url, c.data, c.key, "river", 1)
	s := logtest.NewSigner(t)
	data, err := x.endorse(s, 0, 0).Marshal()
	check(t, err)
	guess := func(invited string) answer {
		body, err := json.Marshal(map[string]any{"bundle": json.RawMessage(data), "key": s.Public().SPKI(), "invitation": invited})
		check(t, err)
		return c.do("POST", "/api/v1/publications/river/claims", "application/json", body)
	}
	good := x.invite(0)
	for i := range 1000 {
		a := guess(good[:len(good)-8] + fmt.Sprintf("%08x", i))
		if a.status == http.StatusTooManyRequests {
			if i < 10 || a.header.Get("Retry-After") == "" {
				t.Errorf("after %d guesses, Retry-After %q", i, a.header.Get("Retry-After"))
			}
			expect(t, "reading", c.get("/api/v1/publications/river/versions/1/endorsements.json"), 200, "")
			return
		}
		expect(t, "a guess", a, 403, "invitation")
	}
	t.Error("a thousand guesses at once were all answered")
}

// TestClaimsAtOnce: 64 clients hand in an endorsement each, all at once and all twice, by
// keys that the domain named; each is listed once, and the log stands an audit.
func TestClaimsAtOnce(t *testing.T) {
	const n = 64
	e := newEnrolled(t, n)
	var wg sync.WaitGroup
	for i := range n {
		b, err := e.endorse(e.signers[i], i, 0).Marshal()
		check(t, err)
		for range 2 {
			wg.Go(func() {
				for {
					_, err := remote.New(e.url, e.s.http).Claim(context.Background(), "river", b, e.signers[i].Public().SPKI(), "")
					var p *remote.Problem
					if errors.As(err, &p) && p.Status == http.StatusServiceUnavailable {
						continue // the other one is on its way
					}
					if err != nil {
						t.Error(err)
					}
					return
				}
			})
		}
	}
	wg.Wait()
	if got := e.said(); !slices.Equal(got, []int{2 * n}) {
		t.Errorf("parts with %v lines, want %d enrolments and endorsements", got, 2*n)
	}
	home := t.TempDir()
	env := map[string]string{"HOME": home}
	if code, out, said := sijil(t, env, "trust", "init", e.url, "--out", home+"/trust.json", "--fingerprint", e.key.ID().String(), "--fingerprint", e.genesis.String()); code != 0 {
		t.Fatal(out, said)
	}
	if code, out, said := sijil(t, env, "audit", e.url, "--trust", home+"/trust.json"); code != 0 || !strings.Contains(out+said, "clean") {
		t.Errorf("audit: %d %s%s", code, out, said)
	}
}

// enrolled is an electorate whose keys the domain has named.
type enrolled struct {
	*electorate
	s       *running
	web     *orgs
	signers []*keys.Signer
}

// newEnrolled makes an electorate of n entries with a key each, and one more without.
func newEnrolled(t testing.TB, n int) *enrolled {
	t.Helper()
	var hosts []string
	for i := range n + 1 {
		hosts = append(hosts, electorDomain(i))
	}
	w := newOrgs(t, hosts...)
	return enrolAll(t, newRunning(t, serveOptions{noLimits: true, domainConfig: &w.config}, slog.DiscardHandler), w, n)
}

// enrolAll is newEnrolled at a service that looks at those domains.
func enrolAll(t testing.TB, s *running, w *orgs, n int) *enrolled {
	t.Helper()
	e := &enrolled{electorate: newElectorate(t, s.url, s.data, s.key, "river", n+1), s: s, web: w}
	for i := range n {
		e.signers = append(e.signers, logtest.NewSigner(t))
		e.enrol(i, e.signers[i])
	}
	return e
}

// enrol has the domain name a key for an entry.
func (e *enrolled) enrol(entry int, k *keys.Signer) {
	e.t.Helper()
	e.web.put(electorDomain(entry), fmt.Sprintf("sijil-key/v1 publication=%s entry=%s key=%s\n", e.genesis, e.entries[entry], k.Public().Digest()))
	got, err := remote.New(e.url, e.s.http).CheckDomain(e.t.Context(), "river", e.entries[entry], k.Public().SPKI())
	check(e.t, err)
	if len(got.Recorded) != 1 {
		e.t.Fatalf("entry %d: %+v", entry, got)
	}
}
