package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/internal/publish"
	"github.com/sijil/sijil/internal/remote"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
	"github.com/sijil/sijil/log/client"
)

// guest is somebody with a key who writes through the door.
type guest struct {
	t    testing.TB
	key  *ecdsa.PrivateKey
	spki []byte
}

func newGuest(t testing.TB) *guest {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	spki, err := x509.MarshalPKIXPublicKey(&k.PublicKey)
	check(t, err)
	return &guest{t, k, spki}
}

// request signs a message and returns the request body.
func (g *guest) request(message string) []byte {
	g.t.Helper()
	digest := sha256.Sum256([]byte(message))
	sig, err := ecdsa.SignASN1(rand.Reader, g.key, digest[:])
	check(g.t, err)
	return requestOf(digest[:], sig, g.spki, "PKIX_ECDSA_P256_SHA_256")
}

func requestOf(digest, sig, spki []byte, details string) []byte {
	b := base64.StdEncoding.EncodeToString
	return fmt.Appendf(nil, `{"hashedRekordRequestV002":{"digest":%q,"signature":{"content":%q,"verifier":{"publicKey":{"rawBytes":%q},"keyDetails":%q}}}}`,
		b(digest), b(sig), b(spki), details)
}

// pem writes the public key to a file.
func (g *guest) pem() string {
	g.t.Helper()
	k, err := keys.ParsePublicKey(g.spki)
	check(g.t, err)
	path := filepath.Join(g.t.TempDir(), "guest.pub")
	check(g.t, os.WriteFile(path, k.PEM(), 0o644))
	return path
}

func (c *caller) knock(body []byte) answer {
	c.t.Helper()
	return c.do("POST", "/api/v2/log/entries", "application/json", body)
}

// TestDoor: what the door takes is in the log, proved; what it refuses is not.
func TestDoor(t *testing.T) {
	var said bytes.Buffer
	c := newCaller(t, serveOptions{noLimits: true, door: publish.DoorOpen}, slog.NewTextHandler(&said, nil))
	g := newGuest(t)
	body := g.request("hello")
	first := c.knock(body)
	expect(t, "an entry", first, 201, "")
	var e log.LogEntry
	check(t, json.Unmarshal(first.body, &e))
	cp, err := log.OpenCheckpoint([]byte(e.InclusionProof.Checkpoint.Envelope), keys.NewPolicy(c.key))
	check(t, err)
	check(t, log.CheckInclusion(e.InclusionProof.Hashes, cp, e.LogIndex, e.CanonicalizedBody))
	entry, err := log.ParseEntry(e.CanonicalizedBody)
	check(t, err)
	if entry.Digest != log.Sum([]byte("hello")) || !bytes.Equal(entry.Key, g.spki) || entry.Verify() != nil {
		t.Errorf("%+v", entry)
	}
	expect(t, "another", c.knock(g.request("more")), 201, "")
	again := c.knock(body)
	expect(t, "the first again", again, 201, "")
	var e2 log.LogEntry
	check(t, json.Unmarshal(again.body, &e2))
	if e2.LogIndex != e.LogIndex {
		t.Errorf("the same entry again has index %d, first %d", e2.LogIndex, e.LogIndex)
	}
	before := c.get("/api/v1/latest/checkpoint").body
	doorRefusals(t, c, g)
	if after := c.get("/api/v1/latest/checkpoint").body; !bytes.Equal(before, after) {
		t.Error("something that was refused is in the log")
	}
	expect(t, "signing config", c.get("/signing_config.json"), 200, "")
	if strings.Contains(said.String(), "127.0.0.1") {
		t.Errorf("the service said: %s", said.String())
	}
}

func doorRefusals(t *testing.T, c *caller, g *guest) {
	digest := sha256.Sum256([]byte("x"))
	sig, err := ecdsa.SignASN1(rand.Reader, g.key, digest[:])
	check(t, err)
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	check(t, err)
	other, err := x509.MarshalPKIXPublicKey(&p384.PublicKey)
	check(t, err)
	edPub, _, err := ed25519.GenerateKey(rand.Reader)
	check(t, err)
	ed, err := x509.MarshalPKIXPublicKey(edPub)
	check(t, err)
	const p256 = "PKIX_ECDSA_P256_SHA_256"
	y := log.Sum([]byte("y"))
	good := string(requestOf(digest[:], sig, g.spki, p256))
	for what, x := range map[string]struct {
		body   string
		status int
		says   string
	}{
		"nothing":                {"", 400, ""},
		"no JSON":                {"hello", 400, "parse JSON"},
		"an empty object":        {"{}", 400, "want hashedRekordRequestV002"},
		"an unknown member":      {strings.Replace(good, `{"hashed`, `{"x":1,"hashed`, 1), 400, "unknown field"},
		"two values":             {good + good, 400, "more than one value"},
		"DSSE":                   {`{"dsseRequestV002":{}}`, 400, "no longer of Rekor v2"},
		"a short digest":         {string(requestOf(digest[:31], sig, g.spki, p256)), 400, "digest of 31 bytes"},
		"a long digest":          {string(requestOf(append(digest[:], 0), sig, g.spki, p256)), 400, "digest of 33 bytes"},
		"no digest":              {string(requestOf(make([]byte, 32), sig, g.spki, p256)), 400, "no digest"},
		"another key type":       {string(requestOf(digest[:], sig, other, "PKIX_ECDSA_P384_SHA_384")), 400, "takes PKIX_ECDSA_P256_SHA_256 only"},
		"another curve":          {string(requestOf(digest[:], sig, other, p256)), 400, "not ECDSA P-256"},
		"Ed25519":                {string(requestOf(digest[:], sig, ed, p256)), 400, "not ECDSA P-256"},
		"no key":                 {string(requestOf(digest[:], sig, nil, p256)), 400, "SubjectPublicKeyInfo"},
		"a byte after the key":   {string(requestOf(digest[:], sig, append(g.spki[:len(g.spki):len(g.spki)], 0), p256)), 400, ""},
		"no signature":           {string(requestOf(digest[:], nil, g.spki, p256)), 400, "no signature"},
		"a signature of another": {string(requestOf(y[:], sig, g.spki, p256)), 400, "does not verify"},
		"a byte after it":        {string(requestOf(digest[:], append(sig[:len(sig):len(sig)], 0), g.spki, p256)), 400, ""},
		"a long signature":       {string(requestOf(digest[:], make([]byte, 5000), g.spki, p256)), 400, "at most 72"},
		"a certificate":          {strings.Replace(good, `"publicKey":{`, `"x509Certificate":{"rawBytes":"AA=="},"publicKey":{`, 1), 400, "public keys only"},
		"too large":              {good + strings.Repeat(" ", log.MaxRequest), 413, "too large"},
	} {
		a := c.knock([]byte(x.body))
		expect(t, what, a, x.status, "")
		if !strings.Contains(string(a.body), x.says) {
			t.Errorf("%s: %s, want %q", what, a.body, x.says)
		}
	}
	expect(t, "no JSON by its type", c.do("POST", "/api/v2/log/entries", "text/plain", []byte(good)), 415, "content-type")
	expect(t, "GET", c.get("/api/v2/log/entries"), 405, "method")
}

// TestDoorKeys: off, listed, open; and no key is both a publisher's and a guest's.
func TestDoorKeys(t *testing.T) {
	c := newCaller(t, serveOptions{noLimits: true}, slog.DiscardHandler)
	g := newGuest(t)
	expect(t, "off", c.knock(g.request("x")), 403, "door")
	expect(t, "off, its config", c.get("/signing_config.json"), 404, "not-found")

	c = newCaller(t, serveOptions{noLimits: true, door: publish.DoorListed}, slog.DiscardHandler)
	stranger := newGuest(t)
	_, err := listDoorKey(t.Context(), c.data, g.pem(), "Well Keepers", true)
	check(t, err)
	expect(t, "listed", c.knock(g.request("x")), 201, "")
	expect(t, "not listed", c.knock(stranger.request("x")), 403, "door")

	// A publisher's key at the door, whatever the operator lists.
	p := newPublication(t, c.key, "river")
	expect(t, "create", c.create(c.token("river"), encode(t, p.genesis)), 201, "")
	spki := p.signer.Public().SPKI()
	publisher := &guest{t: t, spki: spki}
	if _, err := listDoorKey(t.Context(), c.data, publisher.pem(), "", true); err == nil || !strings.Contains(err.Error(), `publication "river"`) {
		t.Errorf("listing a publisher's key: %v", err)
	}
	first := p.next(t, logtest.River()[0])
	b, err := log.ParseBundle(first.bundle)
	check(t, err)
	digest := b.Envelope.Digest()
	expect(t, "a publisher's key", c.knock(requestOf(digest[:], b.Signature(), spki, "PKIX_ECDSA_P256_SHA_256")), 403, "publisher-key")

	// A guest's key in a publication.
	signer, err := keys.NewSigner(g.key)
	check(t, err)
	lake := newPublicationOf(t, c.key, "lake", signer)
	expect(t, "a guest publishes", c.create(c.token("lake"), encode(t, lake.genesis)), 403, "publisher-key")
	var out bytes.Buffer
	check(t, showDoorKeys(t.Context(), c.data, &out))
	if want := fmt.Sprintf("%s  allowed, has written  Well Keepers\n", log.Sum(g.spki)); out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
	_, err = listDoorKey(t.Context(), c.data, g.pem(), "", false)
	check(t, err)
	for c.knock(g.request("later")).status == 201 { // the list is remembered for a second
	}
	expect(t, "no longer listed", c.knock(g.request("y")), 403, "door")
}

// TestDoorLimits: who knocks too often is told when to come back, whatever the
// requests were, and readers are not.
func TestDoorLimits(t *testing.T) {
	c := newCaller(t, serveOptions{door: publish.DoorOpen}, slog.DiscardHandler)
	for range 1000 {
		a := c.knock([]byte("{}"))
		if a.status == 400 {
			continue
		}
		expect(t, "too often", a, 429, "rate")
		if a.header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
		expect(t, "reading", c.get("/signing_config.json"), 200, "")
		return
	}
	t.Error("a thousand requests at once were all answered")
}

// TestDoorRace: one key at the door and in a genesis at the same time is one or
// the other.
func TestDoorRace(t *testing.T) {
	c := newCaller(t, serveOptions{noLimits: true, door: publish.DoorOpen}, slog.DiscardHandler)
	for round := range 10 {
		g := newGuest(t)
		signer, err := keys.NewSigner(g.key)
		check(t, err)
		slug := fmt.Sprintf("river-%s", strings.Repeat("x", round+1))
		p := newPublicationOf(t, c.key, slug, signer)
		token, entry := c.token(slug), g.request("x")
		var created, knocked answer
		plain := *c
		plain.http = c.running.http // the contract is not for two at once
		var wg sync.WaitGroup
		wg.Go(func() { created = plain.create(token, encode(t, p.genesis)) })
		wg.Go(func() { knocked = plain.knock(entry) })
		wg.Wait()
		if (created.status == 201) == (knocked.status == 201) {
			t.Errorf("genesis %d, door %d", created.status, knocked.status)
		}
	}
}

// TestDoorSame: one entry sent many times at once has one index.
func TestDoorSame(t *testing.T) {
	c := newCaller(t, serveOptions{noLimits: true, door: publish.DoorOpen}, slog.DiscardHandler)
	c.http = c.running.http
	body := newGuest(t).request("x")
	var mu sync.Mutex
	indices := map[int64]bool{}
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			a := c.knock(body)
			var e log.LogEntry
			if a.status != 201 || json.Unmarshal(a.body, &e) != nil {
				t.Errorf("%d %s", a.status, a.body)
				return
			}
			mu.Lock()
			indices[e.LogIndex] = true
			mu.Unlock()
		})
	}
	wg.Wait()
	if len(indices) != 1 {
		t.Errorf("%d indices", len(indices))
	}
}

// TestDoorKill9 kills the service while entries come through the door. Every
// acknowledged entry is at its index afterwards; whoever got no answer sends the
// entry again, and nothing is there twice.
func TestDoorKill9(t *testing.T) {
	const n = 100
	data, key := newData(t)
	g := newGuest(t)
	bodies := make([][]byte, n)
	for i := range bodies {
		bodies[i] = g.request(fmt.Sprint("message ", i))
	}
	p := startProcess(t, data)
	indices := make([]int64, n)
	var acked atomic.Int64
	var wg sync.WaitGroup
	for i, body := range bodies {
		indices[i] = -1
		wg.Go(func() {
			if e, err := enter(p.url, body); err == nil {
				indices[i] = e.LogIndex
				if acked.Add(1) == n/2 {
					_ = p.cmd.Process.Kill()
				}
			}
		})
	}
	wg.Wait()
	p.stop(syscall.SIGKILL)
	t.Logf("%d of %d were acknowledged before the kill", acked.Load(), n)

	p = startProcess(t, data)
	for i, body := range bodies {
		e, err := enter(p.url, body)
		check(t, err)
		if indices[i] >= 0 && e.LogIndex != indices[i] {
			t.Errorf("entry %d was acknowledged at %d, and is at %d", i, indices[i], e.LogIndex)
		}
	}
	src, err := client.NewHTTP(p.url, httpClient)
	check(t, err)
	checkEntries(t, src, trustOf(t, key), n)
}

func enter(url string, body []byte) (*log.LogEntry, error) {
	return enterWith(background(), httpClient, url, body)
}

// enterWith returns a *remote.Problem for an answer that is none of the door's good ones.
func enterWith(ctx context.Context, h *http.Client, url string, body []byte) (*log.LogEntry, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/api/v2/log/entries", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	res, err := h.Do(r)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusCreated {
		b, err := io.ReadAll(res.Body)
		return nil, errors.Join(&remote.Problem{Status: res.StatusCode, Title: "the door", Detail: string(b)}, err)
	}
	e := new(log.LogEntry)
	return e, json.NewDecoder(res.Body).Decode(e)
}
