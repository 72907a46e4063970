// Package metrics counts what an operator watches, for Prometheus. Nothing in it
// names a client, a copy, a publication or a path: a request is known by its
// class alone, such as tile or verify.
//
//	sijil_requests_total{class,code}    answers
//	sijil_request_seconds{class}        how long they took
//	sijil_log_entries{view}             tree sizes, latest and public
//	sijil_quorum_missing                1 while readers are not shown the latest tree for want of witnesses
//	sijil_quorum_cosigned_seconds       when the quorum of the public tree was reached, Unix time; 0 for none
//	sijil_witness_up{witness}           whether the last try to have a checkpoint cosigned succeeded
//	sijil_witness_entries{witness}      the tree that a witness holds
//	sijil_publications, sijil_records   how many readers can find
//	sijil_accepting                     whether records are accepted
//	sijil_leader                        in a cluster: 1 while this front end leads
//	sijil_elections_total               in a cluster: how often it became the leader since it started
package metrics

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Snapshot is how things stand when somebody asks.
type Snapshot struct {
	Latest, Public        int64
	QuorumMissing         bool
	Cosigned              time.Time
	Witnesses             []Witness
	Publications, Records int
	Accepting             bool
	FrontEnd              *FrontEnd // nil: the service is in no cluster
}

// FrontEnd is the part that this process has in a cluster.
type FrontEnd struct {
	Leads     bool
	Elections int64 // how often it became the leader
}

// Witness is one witness's state.
type Witness struct {
	Name    string
	Up      bool
	Entries int64
}

// Metrics counts requests and shows snapshots.
type Metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	classes  map[string]class
}

// class is one class's metrics, looked up once.
type class struct {
	seconds prometheus.Observer
	ok      prometheus.Counter
}

// classNames are all that classOf returns.
var classNames = []string{"door", "publish", "endorse", "verify", "tile", "checkpoint", "read", "health", "page"}

// New returns metrics that call snapshot each time they are read.
func New(snapshot func() Snapshot) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "sijil_requests_total", Help: "Answers, by class of request and status."}, []string{"class", "code"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "sijil_request_seconds", Help: "How long answers took, by class of request.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 5, 30}}, []string{"class"}),
	}
	m.classes = map[string]class{}
	for _, name := range classNames {
		m.classes[name] = class{m.seconds.WithLabelValues(name), m.requests.WithLabelValues(name, "200")}
	}
	m.registry.MustRegister(m.requests, m.seconds, state(snapshot), collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Handler serves the metrics. It belongs on an address that only the operator
// reaches.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// Begin is told of each request that goes through, by its class and method; it returns
// the context of what is done for it, and is told the status at the end.
type Begin func(ctx context.Context, class, method string) (context.Context, func(status int))

// Watch counts the requests that go through. begin is optional.
func (m *Metrics) Watch(next http.Handler, begin Begin) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := classOf(r)
		s := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		start := time.Now()
		if begin != nil {
			ctx, end := begin(r.Context(), name, r.Method)
			r = r.WithContext(ctx)
			defer func() { end(s.status) }()
		}
		defer func() {
			c := m.classes[name]
			c.seconds.Observe(time.Since(start).Seconds())
			if s.status == http.StatusOK {
				c.ok.Inc()
			} else {
				m.requests.WithLabelValues(name, strconv.Itoa(s.status)).Inc()
			}
		}()
		next.ServeHTTP(s, r)
	})
}

// classOf names a request without saying what it is about.
func classOf(r *http.Request) string {
	path := strings.TrimPrefix(r.URL.Path, "/api/v2")
	post := r.Method == http.MethodPost
	switch {
	case post && strings.HasPrefix(path, "/log/entries"):
		return "door"
	case post && (endorses(path) || strings.Contains(path, "/i/")):
		return "endorse"
	case post && (strings.HasPrefix(path, "/api/v1/publications") || path == "/api/v1/releases"):
		return "publish"
	case post:
		return "verify"
	case strings.HasPrefix(path, "/tile/"):
		return "tile"
	case path == "/checkpoint" || strings.HasPrefix(path, "/api/v1/latest/"):
		return "checkpoint"
	case strings.HasPrefix(path, "/api/"):
		return "read"
	case path == "/healthz" || path == "/readyz":
		return "health"
	}
	return "page"
}

// endorses reports whether a request is a signatory's.
func endorses(path string) bool {
	for _, end := range []string{"/claims", "/passkey-claims", "/mail-codes", "/domain-checks"} {
		if strings.HasPrefix(path, "/api/v1/publications/") && strings.HasSuffix(path, end) {
			return true
		}
	}
	return false
}

// statusWriter remembers the status.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (s *statusWriter) WriteHeader(code int) {
	s.status = code
	s.ResponseWriter.WriteHeader(code)
}

// Unwrap lets http.ResponseController through.
func (s *statusWriter) Unwrap() http.ResponseWriter { return s.ResponseWriter }
