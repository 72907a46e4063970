package smtp

import (
	"net"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// maxRates bounds the memory for rates; past it the older half is forgotten.
const maxRates = 20_000

// guard counts connections, mails and deliveries.
type guard struct {
	c *Config

	mu      sync.Mutex // guards what follows
	open    map[*conn]struct{}
	each    map[netip.Prefix]int // connections
	young   map[netip.Prefix]*rate.Limiter
	elderly map[netip.Prefix]*rate.Limiter
	closed  bool

	deliveries sync.WaitGroup
}

func newGuard(c *Config) *guard {
	return &guard{c: c, open: map[*conn]struct{}{}, each: map[netip.Prefix]int{}, young: map[netip.Prefix]*rate.Limiter{}}
}

// enter counts a connection in, unless there are too many.
func (g *guard) enter(n net.Conn) (*conn, bool) {
	c := &conn{Conn: n, guard: g, from: network(n.RemoteAddr()), end: time.Now().Add(lifetime)}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed || len(g.open) >= g.c.MaxConnections || g.each[c.from] >= max(1, g.c.MaxConnections/4) {
		return nil, false
	}
	g.open[c] = struct{}{}
	g.each[c.from]++
	return c, true
}

func (g *guard) leave(c *conn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, ok := g.open[c]; !ok {
		return
	}
	delete(g.open, c)
	if g.each[c.from]--; g.each[c.from] == 0 {
		delete(g.each, c.from)
	}
}

// mail takes one mail from an address's rate.
func (g *guard) mail(a net.Addr) bool {
	from := network(a)
	g.mu.Lock()
	defer g.mu.Unlock()
	l, ok := g.young[from]
	if !ok {
		if len(g.young) >= maxRates/2 {
			g.elderly, g.young = g.young, map[netip.Prefix]*rate.Limiter{}
		}
		if l, ok = g.elderly[from]; !ok {
			l = rate.NewLimiter(rate.Limit(float64(g.c.PerMinute)/60), g.c.PerMinute)
		}
		g.young[from] = l
	}
	return l.Allow()
}

// begin counts a delivery in, unless the server has stopped; end counts it out.
func (g *guard) begin() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return false
	}
	g.deliveries.Add(1)
	return true
}

func (g *guard) end() { g.deliveries.Done() }

// close ends every connection, and waits for the deliveries.
func (g *guard) close() {
	g.mu.Lock()
	g.closed = true
	var list []*conn
	for c := range g.open {
		list = append(list, c)
	}
	g.mu.Unlock()
	g.deliveries.Wait() // so that their senders get their answers
	for _, c := range list {
		_ = c.Close()
	}
}

// network is the part of an address that one client is taken to hold.
func network(a net.Addr) netip.Prefix {
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.Prefix{}
	}
	ip := tcp.AddrPort().Addr().Unmap().WithZone("")
	bits := 32
	if ip.Is6() {
		bits = 64
	}
	p, err := ip.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return p
}

// listener lets connections in past the guard.
type listener struct {
	net.Listener
	guard *guard
}

func (l *listener) Accept() (net.Conn, error) {
	for {
		n, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if c, ok := l.guard.enter(n); ok {
			return c, nil
		}
		// A fresh connection's buffer takes this at once; the deadline is for none that
		// does.
		_ = n.SetWriteDeadline(time.Now().Add(time.Second))
		_, _ = n.Write([]byte("421 4.4.5 too many connections: try again later\r\n"))
		_ = n.Close()
	}
}

// conn is a connection with an end: no deadline is later.
type conn struct {
	net.Conn
	guard *guard
	from  netip.Prefix
	end   time.Time
}

func (c *conn) clip(t time.Time) time.Time {
	if t.IsZero() || t.After(c.end) {
		return c.end
	}
	return t
}

func (c *conn) SetDeadline(t time.Time) error      { return c.Conn.SetDeadline(c.clip(t)) }
func (c *conn) SetReadDeadline(t time.Time) error  { return c.Conn.SetReadDeadline(c.clip(t)) }
func (c *conn) SetWriteDeadline(t time.Time) error { return c.Conn.SetWriteDeadline(c.clip(t)) }

func (c *conn) Close() error {
	c.guard.leave(c)
	return c.Conn.Close()
}
