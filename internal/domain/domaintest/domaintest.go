// Package domaintest is the neighbourhood of an organisation for tests: a server of the
// DNS and an authority that certifies hosts, both on the loopback.
package domaintest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// Names is a server of the DNS on the loopback. The answers to one question come one
// after the other, the last for ever; a name without any is NXDOMAIN.
type Names struct {
	mu   sync.Mutex
	A    map[string][][4]byte
	TXT  map[string][][]string // one record: its strings
	Fail dnsmessage.RCode
	Seen []string // the questions
}

// Change is how a test changes what is served.
func (n *Names) Change(f func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	f()
}

func (n *Names) answer(m *dnsmessage.Message) {
	n.mu.Lock()
	defer n.mu.Unlock()
	q := m.Questions[0]
	name := strings.TrimSuffix(q.Name.String(), ".")
	n.Seen = append(n.Seen, name)
	m.Response, m.Authoritative, m.Additionals, m.RCode = true, true, nil, n.Fail
	head := dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class}
	switch a, txt := n.A[name], n.TXT[name]; {
	case n.Fail != 0:
	case q.Type == dnsmessage.TypeA && len(a) > 0:
		m.Answers = []dnsmessage.Resource{{Header: head, Body: &dnsmessage.AResource{A: a[0]}}}
		if len(a) > 1 {
			n.A[name] = a[1:]
		}
	case q.Type == dnsmessage.TypeTXT:
		for _, r := range txt {
			m.Answers = append(m.Answers, dnsmessage.Resource{Header: head, Body: &dnsmessage.TXTResource{TXT: r}})
		}
	}
	if len(m.Answers) == 0 && len(n.A[name]) == 0 && m.RCode == 0 {
		m.RCode = dnsmessage.RCodeNameError
	}
}

// Serve answers until the test ends, and returns a resolver that asks here.
func (n *Names) Serve(t testing.TB) *net.Resolver {
	t.Helper()
	conn, err := (&net.ListenConfig{}).ListenPacket(t.Context(), "udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	go func() {
		b := make([]byte, 1500)
		for {
			size, from, err := conn.ReadFrom(b)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(b[:size]) != nil {
				continue
			}
			n.answer(&m)
			if out, err := m.Pack(); err == nil {
				_, _ = conn.WriteTo(out, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp4", conn.LocalAddr().String())
	}}
}

// Authority certifies hosts.
type Authority struct {
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

// NewAuthority makes one, valid for an hour.
func NewAuthority(t testing.TB) *Authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	if c, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	return &Authority{key, c}
}

// Pool holds the authority alone.
func (a *Authority) Pool() *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(a.cert)
	return p
}

// Certify returns a host's certificate.
func (a *Authority) Certify(t testing.TB, host string, until time.Time) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(2), DNSNames: []string{host}, NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: until}
	der, err := x509.CreateCertificate(rand.Reader, c, a.cert, &key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}
