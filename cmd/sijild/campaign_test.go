package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	stdlog "log"

	"filippo.io/age"
	"github.com/sijil/sijil/internal/domain"
	"github.com/sijil/sijil/internal/domain/domaintest"
	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/internal/publish"
	"github.com/sijil/sijil/internal/publisher"
	"github.com/sijil/sijil/internal/remote"
	"github.com/sijil/sijil/internal/signatory"
	"github.com/sijil/sijil/internal/smtp"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log/client"
)

// orgs is the organisations' own web servers and their names, on the loopback: one
// server for all hosts, which says by host what somebody has put there.
type orgs struct {
	names  *domaintest.Names
	config domain.Config

	mu    sync.Mutex
	files map[string]string // by host
}

func newOrgs(t testing.TB, hosts ...string) *orgs {
	t.Helper()
	w := &orgs{names: &domaintest.Names{A: map[string][][4]byte{}, TXT: map[string][][]string{}}, files: map[string]string{}}
	ca := domaintest.NewAuthority(t)
	leaves := map[string]tls.Certificate{}
	for _, h := range hosts {
		w.names.A[h] = [][4]byte{{127, 0, 0, 1}}
		leaves[h] = ca.Certify(t, h, time.Now().Add(time.Hour))
	}
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		host, _, _ := net.SplitHostPort(r.Host)
		w.mu.Lock()
		body, ok := w.files[host]
		w.mu.Unlock()
		if !ok || r.URL.Path != "/.well-known/sijil.txt" {
			http.NotFound(out, r)
			return
		}
		out.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(out, body)
	}))
	s.TLS = &tls.Config{GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		leaf, ok := leaves[hello.ServerName]
		if !ok {
			return nil, errors.New("no such host")
		}
		return &leaf, nil
	}}
	s.Config.ErrorLog = stdlog.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	address := s.Listener.Addr().String()
	_, port, err := net.SplitHostPort(address)
	check(t, err)
	r := w.names.Serve(t)
	w.config = domain.Config{Resolver: r, Hosts: r, RootCAs: ca.Pool(), Port: port, Control: func(_, to string, _ syscall.RawConn) error {
		if to != address {
			return fmt.Errorf("%s is not the test's own server", to)
		}
		return nil
	}}
	return w
}

// put is what an organisation does: it writes its file.
func (w *orgs) put(host, body string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if body == "" {
		delete(w.files, host)
		return
	}
	w.files[host] = body
}

// campaign is a publication with its publisher, and the tool as everybody runs it.
type campaign struct {
	t     *testing.T
	s     *running
	web   *orgs
	home  string
	trust string
	mail  string // where the service speaks SMTP
	http  *http.Client
	told  chan string // mails that the service sends
	env   map[string]string
	text  map[string]string
	list  []signatory.Signatory
}

func newCampaign(t *testing.T) *campaign {
	t.Helper()
	w := newOrgs(t, "delta-watch.example", "river-school.example", "salt-union.example", "port-women.example")
	o := serveOptions{noLimits: true, domainConfig: &w.config, door: publish.DoorListed, mail: mailOptions{listen: "127.0.0.1:0", to: "endorse@sijil.example", retention: time.Hour, perMinute: 1000}}
	identity, err := age.GenerateX25519Identity()
	check(t, err)
	o.mail.recipients = filepath.Join(t.TempDir(), "recipients")
	check(t, os.WriteFile(o.mail.recipients, []byte(identity.Recipient().String()+"\n"), 0o600))
	o.mail.resolver = w.config.Resolver
	var mail string
	o.mail.listener = func(address string) (net.Listener, error) {
		l, err := net.Listen("tcp", address)
		if err == nil {
			mail = l.Addr().String()
		}
		return l, err
	}
	told := make(chan string, 8)
	relay, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	done, stopped := make(chan struct{}), make(chan struct{})
	ctx, stop := context.WithCancel(context.Background())
	go func() {
		defer close(stopped)
		_ = smtp.Serve(ctx, relay, smtp.Config{Domain: "relay.example", Accept: func(string) bool { return true }, Deliver: func(_ context.Context, raw []byte) error {
			select {
			case told <- string(raw):
			case <-done:
			}
			return nil
		}})
	}()
	t.Cleanup(func() { close(done); stop(); <-stopped })
	o.mail.relay.Addr, o.mail.relayTLS = relay.Addr().String(), "none"
	s := newRunningHere(t, o, slog.DiscardHandler)
	c := &campaign{t: t, s: s, mail: mail, told: told, http: &http.Client{}, web: w, home: t.TempDir(), env: map[string]string{"PASSPHRASE": "correct horse"},
		text: map[string]string{"en": "Declaration of the Delta\n\nWe ask that the river be shared.\n\nNo well is to be closed.\n", "fr": "Déclaration du Delta\n\nNous demandons le partage du fleuve.\n\nAucun puits ne doit être fermé.\n"},
		list: []signatory.Signatory{
			{Name: "Delta Watch", Kind: "organisation", Domain: "delta-watch.example"},
			{Name: "River School", Kind: "organisation", Domain: "river-school.example"},
			{Name: "Salt Union", Kind: "organisation", Domain: "salt-union.example"},
			{Name: "Women of the Port", Kind: "organisation", Domain: "port-women.example"},
			{Name: "Amina Saleh", Kind: "person", Role: "librarian of Oued Zarg"},
		}}
	c.env["HOME"], c.trust = c.home, c.file("trust.json")
	check(t, os.WriteFile(c.file("identity"), []byte(identity.String()+"\n"), 0o600))
	c.run(0, "trust", "init", s.url, "--out", c.trust, "--fingerprint", s.key.ID().String())
	c.run(0, "keygen", "--out", c.file("office"), "--passphrase-env", "PASSPHRASE")
	token, err := newTokenFor(t.Context(), tokenOptions{data: s.data, slug: "river", expires: time.Hour})
	check(t, err)
	c.publish(token, "First version.")
	return c
}

func (c *campaign) file(name string) string { return filepath.Join(c.home, name) }

// run runs the tool and wants an exit status; it returns what it printed.
func (c *campaign) run(want int, args ...string) string {
	c.t.Helper()
	code, out, said := sijilOver(c.t, c.http, c.env, args...)
	if code != want {
		c.t.Fatalf("sijil %s: exit status %d, want %d\n%s%s", strings.Join(args, " "), code, want, out, said)
	}
	return out + said
}

// at is a command for the campaign's service.
func (c *campaign) at(args ...string) []string {
	return append(args, "--server", c.s.url, "--trust", c.trust)
}

// sign runs a command that signs, with the key's name.
func (c *campaign) sign(want int, key string, args ...string) string {
	c.t.Helper()
	return c.run(want, append(c.at(args...), "--key", c.file(key)+".key", "--passphrase-env", "PASSPHRASE")...)
}

func (c *campaign) signer(name string) *keys.Signer {
	c.t.Helper()
	b, err := os.ReadFile(c.file(name) + ".key")
	check(c.t, err)
	s, err := keys.DecryptSigner(b, []byte(c.env["PASSPHRASE"]))
	check(c.t, err)
	return s
}

// publish publishes the campaign's text and list as they are.
func (c *campaign) publish(token, reason string) *publisher.Result {
	c.t.Helper()
	b, err := os.ReadFile(c.trust)
	check(c.t, err)
	trust, err := keys.ParseTrust(b)
	check(c.t, err)
	src, err := client.NewHTTP(c.s.url, http.DefaultClient)
	check(c.t, err)
	p := &publisher.Publisher{Server: remote.New(c.s.url, http.DefaultClient), Source: src, Signer: c.signer("office"), Clock: time.Now, Rand: rand.Reader,
		Open: evidence.Options{Trust: trust}, Outbox: publisher.FolderOutbox(c.file("outbox")),
		SaveTrust: func(t *keys.Trust) error {
			b, err := t.Marshal()
			if err != nil {
				return err
			}
			return os.WriteFile(c.trust, b, 0o600)
		}}
	in := publisher.Input{Slug: "river", Title: map[string]string{"en": "Declaration of the Delta", "fr": "Déclaration du Delta"}, Texts: map[string][]byte{}, Reason: reason, Signatories: c.list}
	for lang, s := range c.text {
		in.Texts[lang] = []byte(s)
	}
	got, err := p.Publish(c.t.Context(), in, token)
	check(c.t, err)
	return got
}

// shared makes two of three keys sign, and replaces one of them.
func (c *campaign) shared() {
	c.t.Helper()
	for _, name := range []string{"second", "third", "fourth"} {
		c.run(0, "keygen", "--out", c.file(name), "--passphrase-env", "PASSPHRASE")
	}
	c.sign(0, "office", "policy", "river", "--add", c.file("second")+".pub", "--add", c.file("third")+".pub", "--threshold", "2", "--reason", "Two of three sign.")
	said := c.sign(0, "office", "policy", "river", "--add", c.file("fourth")+".pub", "--remove", c.file("second")+".pub", "--reason", "A laptop was lost.")
	if said := c.sign(1, "fourth", "cosign", "river", "--record", recordOf(c.t, said), "--yes"); !strings.Contains(said, "not one of the publication") {
		c.t.Errorf("a key signs for itself: %s", said)
	}
	c.cosign("second", recordOf(c.t, said))
	if said := c.sign(1, "second", "retract", "river", "--version", "1", "--reason", "x", "--yes"); !strings.Contains(said, "not one of the publication") {
		c.t.Errorf("a key that was replaced signs: %s", said)
	}
}

// recordOf is the record that the tool names.
func recordOf(t *testing.T, said string) string {
	t.Helper()
	for l := range strings.Lines(said) {
		if r, ok := strings.CutPrefix(l, "record:"); ok {
			return strings.TrimSpace(r)
		}
	}
	t.Fatalf("no record in:\n%s", said)
	return ""
}

// cosign completes a record that waits.
func (c *campaign) cosign(key, record string) {
	c.t.Helper()
	if said := c.sign(0, key, "cosign", "river", "--record", record, "--yes"); !strings.Contains(said, "complete") {
		c.t.Fatal(said)
	}
}

// standings is what `sijil endorsements --json` says, by name.
func (c *campaign) standings(version string, more ...string) map[string]standing {
	c.t.Helper()
	args := append([]string{"endorsements", "river", "--json", "--version", version, "--trust", c.trust}, more...)
	if len(more) == 0 {
		args = append(args, "--server", c.s.url)
	}
	var got struct{ Entries []standing }
	out := c.run(0, args...)
	check(c.t, json.Unmarshal([]byte(out), &got))
	by := map[string]standing{}
	for _, e := range got.Entries {
		by[e.Name] = e
	}
	return by
}

type standing struct {
	Name, Known, Domain string
	Entry               string
	Unconfirmed         bool
	Independent         int
	Ways                []struct {
		Means   string
		Version int
		Gone    bool
	}
	Left *struct {
		Kind, Reason string
		Publisher    bool
	}
}

// known is how everybody is known, in a line.
func (c *campaign) known(version string, more ...string) string {
	c.t.Helper()
	by := c.standings(version, more...)
	var out []string
	for _, s := range c.list {
		out = append(out, by[s.Name].Known)
	}
	return strings.Join(out, " ")
}

func (c *campaign) want(version, want string) {
	c.t.Helper()
	if got := c.known(version); got != want {
		c.t.Fatalf("version %s: %s\nwant %s", version, got, want)
	}
}

// lineOf takes a line for a domain out of what the tool said.
func lineOf(t *testing.T, said, kind string) string {
	t.Helper()
	for l := range strings.Lines(said) {
		if l = strings.TrimSpace(l); strings.HasPrefix(l, "sijil-"+kind+"/v1 ") {
			return l
		}
	}
	t.Fatalf("no line for a domain in:\n%s", said)
	return ""
}

// disclosure is the disclosure of a name, as the service serves it.
func (c *campaign) disclosure(name string) string {
	c.t.Helper()
	res, err := http.Get(c.s.url + "/api/v1/publications/river/versions/2/signatories.json")
	check(c.t, err)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	check(c.t, err)
	l, err := signatory.Parse(b)
	check(c.t, err)
	for i, e := range l.Entries() {
		if e.Signatory.Name == name {
			return string(l.Disclosures()[i])
		}
	}
	c.t.Fatalf("no %s in the list", name)
	return ""
}

// holds looks for words in every file below a folder.
func holds(t *testing.T, dir string, words ...string) (where string, found bool) {
	t.Helper()
	check(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, w := range words {
			if strings.Contains(string(b), w) {
				where, found = path, true
			}
		}
		return nil
	}))
	return where, found
}
