package smtp

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// inbox is what a test server takes.
type inbox struct {
	addr string
	log  bytes.Buffer // read it after the server has stopped
	stop func()

	mu    sync.Mutex
	mails []string
	fail  error
	wait  chan struct{} // if set, deliveries wait for it
}

func (i *inbox) got() []string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return append([]string(nil), i.mails...)
}

func serve(t *testing.T, change func(*Config, *inbox)) *inbox {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	i := &inbox{addr: l.Addr().String()}
	c := Config{Domain: "mx.sijil.example", PerMinute: 1000, Accept: func(r string) bool { return strings.EqualFold(r, "endorse@sijil.example") }, Log: slog.New(slog.NewTextHandler(&i.log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	c.Deliver = func(_ context.Context, raw []byte) error {
		if i.wait != nil {
			<-i.wait
		}
		i.mu.Lock()
		defer i.mu.Unlock()
		if i.fail == nil {
			i.mails = append(i.mails, string(raw))
		}
		return i.fail
	}
	if change != nil {
		change(&c, i)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- Serve(ctx, l, c) }()
	i.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(i.stop)
	return i
}

// client speaks by hand.
type client struct {
	t *testing.T
	net.Conn
	r *bufio.Reader
}

func dial(t *testing.T, addr string) *client {
	t.Helper()
	n, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = n.Close() })
	if err := n.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return &client{t, n, bufio.NewReader(n)}
}

// answer reads one answer, of any number of lines.
func (c *client) answer() string {
	all := ""
	for {
		line, err := c.r.ReadString('\n')
		all += line
		if err != nil || len(line) > 3 && line[3] == ' ' {
			return all
		}
	}
}

// say sends lines and checks the code of each answer.
func (c *client) say(lines ...string) string {
	c.t.Helper()
	got := ""
	for n := 0; n < len(lines); n += 2 {
		if _, err := c.Write([]byte(lines[n])); err != nil {
			c.t.Fatal(err)
		}
		if got = c.answer(); !strings.HasPrefix(got, lines[n+1]) {
			c.t.Fatalf("%.60q: %q, want %s", lines[n], got, lines[n+1])
		}
	}
	return got
}

const (
	hello = "EHLO a.example\r\n"
	from  = "MAIL FROM:<amal@example.org>\r\n"
	to    = "RCPT TO:<endorse@sijil.example>\r\n"
	data  = "DATA\r\n"
)

func TestTake(t *testing.T) {
	i := serve(t, nil)
	c := dial(t, i.addr)
	got := c.say("", "220 mx.sijil.example", hello, "250", "VRFY endorse\r\n", "252", from, "250", "RCPT TO:<other@elsewhere.example>\r\n", "550", "RCPT TO:<ENDORSE@sijil.example>\r\n", "250",
		data, "354", "Subject: a\r\n\r\n..dot\r\nsecret line\r\n.\r\n", "250", "AUTH PLAIN AAAA\r\n", "5", "STARTTLS\r\n", "5",
		// The same connection again, in chunks.
		from, "250", to, "250", "BDAT 7\r\nS: b\r\n\r", "250", "BDAT 5 LAST\r\n\nab\r\n", "250", "QUIT\r\n", "221")
	_ = got
	if m := i.got(); len(m) != 2 || m[0] != "Subject: a\r\n\r\n.dot\r\nsecret line\r\n" || m[1] != "S: b\r\n\r\nab\r\n" {
		t.Errorf("%q", m)
	}
	i.stop()
	for _, word := range []string{"example", "secret", "127.0.0.1", "amal"} {
		if strings.Contains(i.log.String(), word) {
			t.Errorf("the log holds %q: %s", word, i.log.String())
		}
	}
	if !strings.Contains(i.log.String(), "a mail was taken") {
		t.Errorf("log: %s", i.log.String())
	}
}

// What Deliver answers, and that its words are fit for the wire and no other's are sent.
func TestAnswers(t *testing.T) {
	for _, c := range []struct {
		err  error
		code string
		says string
	}{
		{&Refused{"it has no signature"}, "550 5.7.1", "it has no signature"},
		{fmt.Errorf("x: %w", &Refused{"a\r\n250 OK\x00 café " + strings.Repeat("b", 1000)}), "550 5.7.1", "a 250 OK caf bbb"},
		{errors.New("disk /secret is full"), "451 4.3.0", "try again later"},
	} {
		i := serve(t, func(_ *Config, i *inbox) { i.fail = c.err })
		k := dial(t, i.addr)
		got := k.say("", "220", hello, "250", from, "250", to, "250", data, "354", "a: b\r\n\r\nc\r\n.\r\n", c.code)
		if !strings.Contains(got, c.says) || strings.Contains(got, "secret") || strings.Count(got, "\n") != 1 || len(got) > 500 {
			t.Errorf("%q", got)
		}
		k.say("QUIT\r\n", "221")
		i.stop()
		if strings.Contains(i.log.String(), "secret") {
			t.Error(i.log.String())
		}
	}
	i := serve(t, func(c *Config, _ *inbox) {
		c.Deliver = func(context.Context, []byte) error { panic("secret") }
	})
	dial(t, i.addr).say("", "220", hello, "250", from, "250", to, "250", data, "354", "a: b\r\n\r\nc\r\n.\r\n", "421")
	i.stop()
	if strings.Contains(i.log.String(), "secret") || !strings.Contains(i.log.String(), "panicked") {
		t.Error(i.log.String())
	}
}

func TestLarge(t *testing.T) {
	i := serve(t, func(c *Config, _ *inbox) { c.MaxBytes = 10_000 })
	c := dial(t, i.addr)
	line := strings.Repeat("a", 98) + "\r\n"
	c.say("", "220", hello, "250", "MAIL FROM:<a@example.org> SIZE=10001\r\n", "552", from, "250", to, "250",
		data, "354", strings.Repeat(line, 200)+".\r\n", "552", from, "250", to, "250", "BDAT 20000 LAST\r\n"+strings.Repeat(line, 200), "552",
		from, "250", to, "250", data, "354", strings.Repeat(line, 99)+".\r\n", "250", "QUIT\r\n", "221")
	if n := len(i.got()); n != 1 {
		t.Errorf("%d mails", n)
	}
	// A line without an end.
	c = dial(t, i.addr)
	c.say("", "220", hello, "250", from, "250", to, "250", data, "354", strings.Repeat("a", 3000)+"\r\n.\r\n", "5")
}

func TestManyRecipients(t *testing.T) {
	i := serve(t, nil)
	c := dial(t, i.addr)
	c.say("", "220", hello, "250", from, "250")
	for range maxRefused - 1 {
		c.say("RCPT TO:<guess@sijil.example>\r\n", "550")
	}
	if _, err := c.Write([]byte("RCPT TO:<guess@sijil.example>\r\n")); err != nil {
		t.Fatal(err)
	}
	if got := c.answer(); got != "" {
		t.Errorf("%q: the connection is open", got)
	}
}

// A client that says nothing, in a line or in a mail, is let go, and nothing is delivered.
func TestSlow(t *testing.T) {
	i := serve(t, func(c *Config, _ *inbox) { c.Timeout = 100 * time.Millisecond })
	c := dial(t, i.addr)
	c.say("", "220", hello, "250", "", "421")
	c = dial(t, i.addr)
	c.say("", "220", hello, "250", from, "250", to, "250", data, "354", "Subject: half\r\n", "4")
	c = dial(t, i.addr)
	c.say("", "220", hello, "250", from, "250", to, "250", data, "354")
	_ = c.Close() // in the middle of it
	i.stop()
	if n := len(i.got()); n != 0 {
		t.Errorf("%d mails", n)
	}
}

func TestManyConnections(t *testing.T) {
	i := serve(t, func(c *Config, _ *inbox) { c.MaxConnections = 8 })
	var open []*client
	for range 2 { // a quarter, from one address
		c := dial(t, i.addr)
		c.say("", "220")
		open = append(open, c)
	}
	for range 20 {
		dial(t, i.addr).say("", "421")
	}
	open[0].say("QUIT\r\n", "221")
	// The place is free when the server has closed the connection too.
	if got := open[0].answer(); got != "" {
		t.Fatalf("%q", got)
	}
	for n := 0; ; n++ {
		c := dial(t, i.addr)
		if got := c.answer(); strings.HasPrefix(got, "220") {
			break
		} else if n > 1000 {
			t.Fatalf("%q", got)
		}
	}
}

func TestRate(t *testing.T) {
	i := serve(t, func(c *Config, _ *inbox) { c.PerMinute = 2 })
	c := dial(t, i.addr)
	c.say("", "220", hello, "250", from, "250", "RSET\r\n", "250", from, "250", "RSET\r\n", "250", from, "451")
	dial(t, i.addr).say("", "220", hello, "250", from, "451")
}

// Stopping waits for a delivery, and its sender gets the answer.
func TestStop(t *testing.T) {
	i := serve(t, func(_ *Config, i *inbox) { i.wait = make(chan struct{}) })
	c := dial(t, i.addr)
	c.say("", "220", hello, "250", from, "250", to, "250", data, "354")
	if _, err := c.Write([]byte("a: b\r\n\r\nc\r\n.\r\n")); err != nil {
		t.Fatal(err)
	}
	stopped := make(chan struct{})
	go func() { i.stop(); close(stopped) }()
	select {
	case <-stopped:
		t.Error("it did not wait")
	case <-time.After(50 * time.Millisecond):
	}
	close(i.wait)
	if got := c.answer(); !strings.HasPrefix(got, "250") {
		t.Errorf("%q", got)
	}
	_ = c.Close()
	<-stopped
	if len(i.got()) != 1 {
		t.Error("not delivered")
	}
}

func TestConfig(t *testing.T) {
	for _, c := range []Config{{}, {Domain: "a", Accept: func(string) bool { return true }}, {Domain: "a", Accept: func(string) bool { return true }, Deliver: func(context.Context, []byte) error { return nil }, MaxBytes: -1}} {
		l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		if err := Serve(t.Context(), l, c); err == nil {
			t.Errorf("%+v is accepted", c)
		}
	}
}

// certificate is one for 127.0.0.1, and what trusts it.
func certificate(t *testing.T) (*tls.Config, *x509.CertPool) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, c, c, k.Public(), k)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: k}}}, pool
}

const mail = "Subject: invitation\r\n\r\n.dot\r\nplease\r\n"

func TestSend(t *testing.T) {
	conf, roots := certificate(t)
	i := serve(t, func(c *Config, _ *inbox) { c.TLS = conf })
	for _, s := range []Server{{Addr: i.addr, Roots: roots}, {Addr: i.addr, TLS: None}} {
		if err := Send(t.Context(), s, "sijil@sijil.example", "endorse@sijil.example", []byte(mail)); err != nil {
			t.Error(err)
		}
	}
	if m := i.got(); len(m) != 2 || m[0] != mail || m[1] != mail {
		t.Errorf("%q", m)
	}
	plain := serve(t, nil)
	busy := serve(t, func(c *Config, _ *inbox) { c.PerMinute = 1 })
	_ = Send(t.Context(), Server{Addr: busy.addr, TLS: None}, "a@a.example", "endorse@sijil.example", []byte(mail))
	for name, c := range map[string]struct {
		s         Server
		to        string
		step      string
		temporary bool
	}{
		"another certificate":    {Server{Addr: i.addr}, "endorse@sijil.example", "tls", false},
		"no STARTTLS":            {Server{Addr: plain.addr, Roots: roots}, "endorse@sijil.example", "tls", false},
		"not TLS from the start": {Server{Addr: plain.addr, TLS: Implicit, Roots: roots}, "endorse@sijil.example", "tls", true},
		"no such recipient":      {Server{Addr: i.addr, Roots: roots}, "other@sijil.example", "recipient", false},
		"no AUTH":                {Server{Addr: i.addr, Roots: roots, Username: "u", Password: "p"}, "endorse@sijil.example", "auth", false},
		"too many":               {Server{Addr: busy.addr, TLS: None}, "endorse@sijil.example", "sender", true},
		"nobody there":           {Server{Addr: "127.0.0.1:1", TLS: None}, "endorse@sijil.example", "connect", true},
	} {
		err := Send(t.Context(), c.s, "a@a.example", c.to, []byte(mail))
		var e *SendError
		if !errors.As(err, &e) || e.Step != c.step || e.Temporary != c.temporary || strings.Contains(err.Error(), "sijil") {
			t.Errorf("%s: %v, %+v", name, err, e)
		}
	}
	for _, a := range []string{"", "a", "a@", "@b", "a@b>\r\nRCPT TO:<c@d", "a b@c", "a@b@c", "é@b.example"} {
		if err := Send(t.Context(), Server{Addr: i.addr, TLS: None}, "a@a.example", a, nil); err == nil {
			t.Errorf("%q is sent to", a)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Send(ctx, Server{Addr: i.addr, TLS: None}, "a@a.example", "endorse@sijil.example", nil); err == nil {
		t.Error("sent after the end")
	}
}

// Another machine is never spoken to in clear: the address is this machine's own on the
// network, if it has one.
func TestClearElsewhere(t *testing.T) {
	list, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range list {
		ip, ok := a.(*net.IPNet)
		if !ok || ip.IP.IsLoopback() || ip.IP.To4() == nil {
			continue
		}
		l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", net.JoinHostPort(ip.IP.String(), "0"))
		if err != nil {
			continue
		}
		defer func() { _ = l.Close() }()
		if err := Send(t.Context(), Server{Addr: l.Addr().String(), TLS: None}, "a@a.example", "b@b.example", nil); err == nil || !strings.Contains(err.Error(), "TLS") {
			t.Errorf("%v", err)
		}
		return
	}
	t.Skip("no address but loopback")
}
