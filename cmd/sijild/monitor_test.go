package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/mail"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/internal/monitor"
	"github.com/sijil/sijil/internal/smtp"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/internal/webhook"
)

// front stands between the monitor and a service, and can keep back what it says.
type front struct {
	url string

	mu      sync.Mutex
	down    bool
	instead map[string][]byte // by path
}

func newFront(t *testing.T, to string) *front {
	t.Helper()
	u, err := url.Parse(to)
	check(t, err)
	f := &front{instead: map[string][]byte{}}
	proxy := httputil.NewSingleHostReverseProxy(u)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		down, b := f.down, f.instead[r.URL.Path]
		f.mu.Unlock()
		switch {
		case down:
			w.WriteHeader(http.StatusServiceUnavailable)
		case b != nil:
			_, _ = w.Write(b)
		default:
			proxy.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(s.Close)
	f.url = s.URL
	return f
}

func (f *front) change(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

// desk is where events come in, by webhook and by mail.
type desk struct {
	t       *testing.T
	hook    string
	key     string // the file
	relay   string
	mu      sync.Mutex
	refuses bool
	posted  []monitor.Event
	mails   []string
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	const secret = "a key of the desk's own"
	d := &desk{t: t, key: filepath.Join(t.TempDir(), "hook.key")}
	check(t, os.WriteFile(d.key, []byte(secret+"\n"), 0o600))
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		var e monitor.Event
		if err != nil || r.Header.Get("Sijil-Signature") != webhook.Sign([]byte(secret), b) || json.Unmarshal(b, &e) != nil || e.ID != r.Header.Get("Sijil-Event") {
			t.Errorf("%v %s", r.Header, b)
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.refuses {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		d.posted = append(d.posted, e)
	}))
	t.Cleanup(s.Close)
	d.hook = s.URL + "/hook"
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	d.relay = l.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- smtp.Serve(ctx, l, smtp.Config{Domain: "mx.ngo.example", PerMinute: 1000, Accept: func(to string) bool { return to == "office@ngo.example" },
			Deliver: func(_ context.Context, raw []byte) error {
				d.mu.Lock()
				defer d.mu.Unlock()
				d.mails = append(d.mails, string(raw))
				return nil
			}})
	}()
	t.Cleanup(func() {
		cancel()
		check(t, <-done)
	})
	return d
}

// monitored runs `sijil monitor --once` and requires its exit status and events, in this
// order, as "type" or "type known".
func (c *campaign) monitored(exit int, want string, args ...string) []monitor.Event {
	c.t.Helper()
	args = append([]string{"monitor", "--once", "--trust", c.trust}, args...)
	code, out, said := sijil(c.t, c.env, args...)
	var events []monitor.Event
	var got []string
	for l := range strings.Lines(out) {
		var e monitor.Event
		check(c.t, json.Unmarshal([]byte(l), &e))
		events = append(events, e)
		got = append(got, strings.TrimSpace(string(e.Type)+" "+e.Known))
	}
	if code != exit || strings.Join(got, ", ") != want {
		c.t.Fatalf("exit status %d, want %d; told %s\nwant %s\n%s%s", code, exit, strings.Join(got, ", "), want, out, said)
	}
	return events
}

// TestMonitor is the story of four organisations again, as somebody sees it who follows
// the service: by lines, a webhook that fails and then works, and mail.
func TestMonitor(t *testing.T) {
	c := newCampaign(t)
	f, d := newFront(t, c.s.url), newDesk(t)
	direct := []string{"--server", c.s.url, "--trust", c.trust}
	at := func(args ...string) { t.Helper(); c.run(0, append(args, direct...)...) }
	told := func(exit int, want string) []monitor.Event {
		t.Helper()
		return c.monitored(exit, want, "--server", f.url, "--watch", "port women", "--watch", "Women of the Port", "--webhook", d.hook, "--webhook-key", d.key,
			"--mail-to", "office@ngo.example", "--mail-from", "sijil@ngo.example", "--smtp", d.relay)
	}
	first := c.fetch("/checkpoint")
	if e := told(0, "named, following"); e[0].Names[0].Name != "Women of the Port" || e[1].TreeSize != 2 {
		t.Errorf("%+v", e)
	}
	told(0, "")

	// Delta Watch signs; it counts when its domain names the key.
	c.sign(0, "office", "invite", "river", "--out", c.file("invitations.csv"))
	c.run(0, "keygen", "--out", c.file("delta"), "--passphrase-env", "PASSPHRASE")
	said := c.sign(0, "delta", "endorse", "river", "--entry", "Delta Watch", "--language", "en", "--yes", "--invitation", c.link("Delta Watch"))
	if e := told(0, "endorsement listed")[0]; e.Name != "Delta Watch" || e.Means != "key" || e.Version != 1 || e.Position != 1 {
		t.Errorf("%+v", e)
	}
	c.web.put("delta-watch.example", lineOf(t, said, "key")+"\n")
	at("confirm", "river", "--entry", "1")
	if e := told(0, "enrolment signed")[0]; e.Name != "Delta Watch" || e.Domain != "delta-watch.example" {
		t.Errorf("%+v", e)
	}

	// River School's domain speaks and falls silent; the women of the port deny, while the
	// webhook fails.
	school := lineOf(t, c.run(0, append([]string{"confirm", "river", "--entry", "2"}, direct...)...), "endorsement")
	c.web.put("river-school.example", school)
	at("confirm", "river", "--entry", "2")
	told(0, "endorsement confirmed-domain")
	d.mu.Lock()
	d.refuses = true
	d.mu.Unlock()
	c.web.put("river-school.example", "")
	at("confirm", "river", "--entry", "2")
	women := strings.Replace(lineOf(t, c.run(0, append([]string{"confirm", "river", "--entry", "4"}, direct...)...), "endorsement"), "sijil-endorsement", "sijil-denial", 1)
	c.web.put("port-women.example", women)
	at("confirm", "river", "--entry", "4")
	e := told(3, "silent confirmed-domain, denial denied")
	if e[0].Name != "River School" || e[1].Name != "Women of the Port" || e[1].Watched != "Women of the Port" {
		t.Errorf("%+v", e)
	}
	told(3, "")
	d.mu.Lock()
	d.refuses = false
	d.mu.Unlock()

	// A withdrawal, a name withheld, a retraction.
	c.sign(0, "delta", "endorse", "river", "--entry", "Delta Watch", "--withdraw", "--reason", "A demand was dropped.", "--yes")
	if e := told(0, "withdrawal withdrawn")[0]; e.Reason != "A demand was dropped." || e.ByPublisher {
		t.Errorf("%+v", e)
	}
	c.sign(0, "office", "withhold", "river", "--entry", "Amina Saleh", "--yes")
	told(0, "redaction")
	c.sign(0, "office", "retract", "river", "--version", "1", "--reason", "An error.", "--yes")
	told(0, "retraction")

	// The service is away, and back.
	f.change(func() { f.down = true })
	told(3, "unreachable")
	told(3, "")
	f.change(func() { f.down = false })
	told(0, "reachable")

	// It goes backwards: proof, and exit status 4, as often as it is asked.
	f.change(func() { f.instead["/checkpoint"] = first })
	bad := told(4, "misbehaviour")[0]
	told(4, "")
	if bad.Rule != "rollback" {
		t.Errorf("%+v", bad)
	}
	if said := c.run(1, "proof", bad.File); !strings.Contains(said, "order") {
		t.Error(said) // of a rollback, who saw it knows the order
	}

	d.check()
}

// fetch is what the service serves.
func (c *campaign) fetch(path string) []byte {
	c.t.Helper()
	res, err := c.http.Get(c.s.url + path)
	check(c.t, err)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	check(c.t, err)
	return b
}

// check requires that webhook and mail had the same events, each once and in order.
func (d *desk) check() {
	d.t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.posted) != 13 || len(d.posted) != len(d.mails) {
		d.t.Errorf("%d events by webhook, %d by mail", len(d.posted), len(d.mails))
	}
	seen := map[string]bool{}
	for i, e := range d.posted {
		if seen[e.ID] {
			d.t.Errorf("twice: %s", e.Summary)
		}
		seen[e.ID] = true
		m, err := mail.ReadMessage(strings.NewReader(d.mails[i]))
		check(d.t, err)
		if id := m.Header.Get("Message-Id"); id != "<"+strings.TrimPrefix(e.ID, "sha256:")+"@ngo.example>" {
			d.t.Errorf("mail %d is %s", i, id)
		}
	}
}

// link is the invitation of a list entry.
func (c *campaign) link(name string) string {
	c.t.Helper()
	b, err := os.ReadFile(c.file("invitations.csv"))
	check(c.t, err)
	for row := range strings.Lines(string(b)) {
		if f := strings.Split(strings.TrimSpace(row), ","); len(f) == 4 && f[1] == name {
			return f[3]
		}
	}
	c.t.Fatalf("nobody invited %s", name)
	return ""
}

// TestMonitorProposal: what waits for signatures is told once, with the watched names in
// its list, and then that it was published.
func TestMonitorProposal(t *testing.T) {
	c := newCaller(t, serveOptions{noLimits: true}, slog.DiscardHandler)
	p, second := newPublication(t, c.key, "river"), logtest.NewSigner(t)
	editions, genesis := logtest.River(), p.genesis.Envelope.Digest()
	expect(t, "create", c.create(c.token("river"), encode(t, p.genesis)), 201, "")
	first := p.next(t, editions[0])
	expect(t, "version 1", c.submit("river", first), 201, "")
	p.accepted(t, first)
	home := t.TempDir()
	w := &campaign{t: t, trust: filepath.Join(home, "trust.json"), env: map[string]string{"HOME": home}}
	w.run(0, "trust", "init", c.url, "--out", w.trust, "--fingerprint", c.key.ID().String(), "--fingerprint", genesis.String())
	told := func(want string) []monitor.Event {
		t.Helper()
		return w.monitored(0, want, "--server", c.url, "--watch", "tide tables society")
	}
	told("following")

	policy := submission{bundle: encode(t, logtest.SignStatement(t, p.signer, &statement.PolicyChange{Issued: "2031-05-06T07:08:09Z", Log: p.name, Publication: genesis,
		Previous: p.previous, Sequence: 2, Reason: "Two of two sign.", Policy: statement.NewPolicy(2, p.signer.Public(), second.Public())}))}
	expect(t, "the policy", c.cosign("river", policy.bundle), 201, "")
	p.accepted(t, policy)
	if e := told("policy")[0]; len(e.KeysIn) != 1 || e.KeysIn[0] != second.Public().Digest() || *e.Threshold != (monitor.Change{Before: 1, After: 2}) {
		t.Errorf("%+v", e)
	}
	v, disclosures := editions[1].Version(t, p.name, genesis, p.previous, 3, first.disclosures)
	v.Version = 2
	proposal := submission{encode(t, logtest.SignStatement(t, p.signer, v)), editions[1].Texts, disclosures}
	expect(t, "a proposal", c.submit("river", proposal), 201, "")
	e := told("proposal")[0]
	if e.Have != 1 || e.Want != 2 || e.Kind != "version" || e.Version != 2 || e.Watched != "tide tables society" || e.Names[0].Name != "Tide Table Society" || e.Names[0].How != "resembles" {
		t.Errorf("%+v", e)
	}
	told("")
	expect(t, "the second signature", c.cosign("river", cosign(t, second, proposal)), 201, "")
	told("version, named")
}

// TestMonitorRefuses: what is used wrongly is told before anything is asked.
func TestMonitorRefuses(t *testing.T) {
	home := t.TempDir()
	trust, open, short := filepath.Join(home, "trust.json"), filepath.Join(home, "open.key"), filepath.Join(home, "short.key")
	l := logtest.New(t, "http://127.0.0.1:1")
	b, err := l.Trust().Marshal()
	check(t, err)
	for path, data := range map[string][]byte{trust: b, open: bytes.Repeat([]byte("k"), 32), short: []byte("short")} {
		check(t, os.WriteFile(path, data, 0o600))
	}
	check(t, os.Chmod(open, 0o644))
	env := map[string]string{"HOME": home}
	for _, c := range []struct{ args, says string }{
		{"--webhook http://127.0.0.1:1/", "webhook-key"},
		{"--webhook http://127.0.0.1:1/ --webhook-key " + open, "can be read by others"},
		{"--webhook http://127.0.0.1:1/ --webhook-key " + short, "want 16 or more"},
		{"--webhook ftp://127.0.0.1/ --webhook-key " + short, "webhook"},
		{"--mail-to a@b.example", "mail-from"},
		{"--mail-to a@b.example --mail-from b@b.example --smtp nowhere", "--smtp"},
		{"--mail-to a@b.example --mail-from b@b.example --smtp a.example:25 --smtp-tls maybe", "--smtp-tls"},
		{"--watch …", "no word"},
		{"--interval -1s", "--interval"},
		{"--trust " + trust, "one log"},
		{"--server http://127.0.0.1:1 --server http://127.0.0.1:2", "2 times"},
	} {
		code, out, said := sijil(t, env, append([]string{"monitor", "--once", "--trust", trust}, strings.Fields(c.args)...)...)
		if code != 2 || out != "" || !strings.Contains(said, c.says) {
			t.Errorf("%s: exit status %d\n%s%s", c.args, code, out, said)
		}
	}
	// A service that nobody can reach is told, and is no reason to stop.
	code, out, said := sijil(t, env, "monitor", "--once", "--trust", trust)
	if code != 3 || !strings.Contains(out, `"type":"unreachable"`) {
		t.Errorf("exit status %d\n%s%s", code, out, said)
	}
}
