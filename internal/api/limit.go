package api

import (
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Limits bound what strangers may cost.
type Limits struct {
	Write  Limit // creating publications and submitting records
	Verify Limit // checking copies, through the API or the page
	Door   Limit // entries through the Rekor v2 API
	Domain Limit // looks at organisations' domains
}

// Limit bounds one class of requests. The zero value bounds nothing.
type Limit struct {
	// Rate is how many requests a second one address (IPv4) or network (IPv6,
	// /64) may make in the long run; Burst how many at once. Optional: 0 is no
	// limit.
	Rate  float64
	Burst int
	// Concurrent is how many requests of the class run at one time, for all
	// clients together. Optional: 0 is no limit.
	Concurrent int
}

// DefaultLimits suit a service that is read by many and written by few.
func DefaultLimits() Limits {
	return Limits{
		Write:  Limit{Rate: 5, Burst: 50, Concurrent: 64},
		Verify: Limit{Rate: 20, Burst: 100, Concurrent: 64},
		Door:   Limit{Rate: 5, Burst: 100, Concurrent: 256},
		Domain: Limit{Rate: 0.2, Burst: 10, Concurrent: 4},
	}
}

// NoLimits bounds nothing: for a service behind a proxy that limits, and for
// benchmarks.
func NoLimits() Limits { return Limits{} }

// maxClients bounds the memory for rates; past it the oldest half is forgotten.
const maxClients = 20_000

// gate applies a Limit.
type gate struct {
	limit Limit
	clock func() time.Time
	slots chan struct{}

	mu      sync.Mutex // guards young and elderly
	young   map[netip.Prefix]*rate.Limiter
	elderly map[netip.Prefix]*rate.Limiter
}

func newGate(l Limit, clock func() time.Time) *gate {
	g := &gate{limit: l, clock: clock, young: map[netip.Prefix]*rate.Limiter{}}
	if l.Concurrent > 0 {
		g.slots = make(chan struct{}, l.Concurrent)
	}
	return g
}

// wrap answers 429 to a client that asks too often, and 503 when too many
// requests of the class are running, both with Retry-After.
func (g *gate) wrap(a *api, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if wait, ok := g.admit(r.RemoteAddr); !ok {
			w.Header().Set("Retry-After", strconv.Itoa(int(wait/time.Second)+1))
			a.fail(w, r, &requestError{http.StatusTooManyRequests, "rate", "too many requests from this address: try again later"})
			return
		}
		if g.slots != nil {
			select {
			case g.slots <- struct{}{}:
				defer func() { <-g.slots }()
			default:
				w.Header().Set("Retry-After", "1")
				a.fail(w, r, &requestError{http.StatusServiceUnavailable, "busy", "the service is busy: try again in a moment"})
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// admit takes one request from the client's bucket, or says how long to wait.
func (g *gate) admit(remote string) (time.Duration, bool) {
	if g.limit.Rate <= 0 {
		return 0, true
	}
	now := g.clock()
	l := g.limiter(network(remote))
	reservation := l.ReserveN(now, 1)
	if wait := reservation.DelayFrom(now); wait > 0 {
		reservation.CancelAt(now)
		return wait, false
	}
	return 0, true
}

func (g *gate) limiter(client netip.Prefix) *rate.Limiter {
	g.mu.Lock()
	defer g.mu.Unlock()
	if l, ok := g.young[client]; ok {
		return l
	}
	if len(g.young) >= maxClients/2 {
		g.elderly, g.young = g.young, make(map[netip.Prefix]*rate.Limiter)
	}
	l, ok := g.elderly[client]
	if !ok {
		l = rate.NewLimiter(rate.Limit(g.limit.Rate), g.limit.Burst)
	}
	g.young[client] = l
	return l
}

// network is the part of an address that one client is taken to hold.
func network(remote string) netip.Prefix {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		return netip.Prefix{}
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Prefix{}
	}
	addr = addr.Unmap().WithZone("")
	bits := 32
	if addr.Is6() {
		bits = 64
	}
	p, err := addr.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return p
}
