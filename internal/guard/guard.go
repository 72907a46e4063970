// Package guard makes the connections of this service to where somebody else wants it
// to connect. Every address is judged when the connection is made, after the name was
// resolved, for every connection anew: an answer of the DNS that changes, a redirect,
// and an odd way to write 127.0.0.1 end there. The judge is code.dny.dev/ssrf: the
// special-purpose registries of IANA, and of IPv6 global unicast alone
// (docs/decisions/0011-fetch.md).
package guard

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"

	"code.dny.dev/ssrf"
)

// ErrRefused: the address is not one that this service connects to.
var ErrRefused = errors.New("the address is not a public one")

// Control judges an address that is about to be connected to, host and port; it is
// what net.Dialer.Control takes. Safe for concurrent use.
type Control = func(network, address string, c syscall.RawConn) error

// Public allows public addresses, and the ports 80 and 443.
func Public() Control { return ssrf.New().Safe }

// Anything lets every address pass: for an intranet.
func Anything(string, string, syscall.RawConn) error { return nil }

// Address reports ErrRefused of an address that is not a public one.
func Address(ip netip.Addr) error {
	if err := ssrf.New().SafeAddr(ip); err != nil {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return nil
}

// Transport changes t, nil for a new one, so that it connects only where control
// allows, without a proxy, and each time anew: a connection that was judged is not used
// for what somebody else asks for. A refused address is ErrRefused. The resolver looks
// names up, nil for that of the system; timeout bounds one connecting.
func Transport(t *http.Transport, resolver *net.Resolver, control Control, timeout time.Duration) *http.Transport {
	dialer := &net.Dialer{Timeout: timeout, Resolver: resolver, Control: func(network, address string, c syscall.RawConn) error {
		if err := control(network, address, c); err != nil {
			return fmt.Errorf("%w: %w", ErrRefused, err)
		}
		return nil
	}}
	if t == nil {
		t = &http.Transport{}
	}
	t.Proxy, t.DialContext, t.DialTLSContext = nil, dialer.DialContext, nil
	t.DisableKeepAlives, t.MaxResponseHeaderBytes, t.ForceAttemptHTTP2 = true, 64<<10, false
	return t
}
