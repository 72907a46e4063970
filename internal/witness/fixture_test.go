package witness

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/keys"
)

// site is a witness that runs.
type site struct {
	t      testing.TB
	name   string
	dir    string
	vkey   string
	folder *Folder
	server *Server
	http   *httptest.Server
}

// newSite runs a witness that follows the given logs.
func newSite(t testing.TB, name string, logs ...*logtest.Log) *site {
	t.Helper()
	s := &site{t: t, name: name, dir: filepath.Join(t.TempDir(), name)}
	var err error
	s.vkey, err = Create(s.dir, name+".example")
	check(t, err)
	f, err := OpenFolder(s.dir, false)
	check(t, err)
	for _, l := range logs {
		_, err := f.Follow(l.Key.String())
		check(t, err)
	}
	s.start()
	t.Cleanup(func() {
		s.http.Close()
		s.folder.Close()
	})
	return s
}

// start opens the folder and serves it.
func (s *site) start() {
	s.t.Helper()
	var err error
	s.folder, err = OpenFolder(s.dir, true)
	check(s.t, err)
	s.server, err = NewServer(s.folder, slog.New(slog.DiscardHandler))
	check(s.t, err)
	s.http = httptest.NewServer(s.server)
}

// restart ends the process, so to speak, and starts it again.
func (s *site) restart() {
	s.t.Helper()
	s.http.Close()
	check(s.t, s.folder.Close())
	s.start()
}

// post sends a request body and returns the answer.
func (s *site) post(body []byte) (status int, contentType, answer string) {
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodPost, "/add-checkpoint", strings.NewReader(string(body)))
	s.server.ServeHTTP(w, r)
	return w.Code, w.Header().Get("Content-Type"), w.Body.String()
}

// line is the site's line of a policy.
func (s *site) line() string { return fmt.Sprintf("witness %s %s %s\n", s.name, s.vkey, s.http.URL) }

func newLog(t testing.TB, entries int) *logtest.Log {
	t.Helper()
	l := logtest.New(t, "https://sijil.example")
	grow(l, entries)
	return l
}

func grow(l *logtest.Log, entries int) {
	for range entries {
		l.Append(fmt.Appendf(nil, "entry %d", l.Size()))
	}
}

func prove(t testing.TB, l *logtest.Log, old, new int64) tlog.TreeProof {
	t.Helper()
	p, err := tlog.ProveTree(new, old, l)
	check(t, err)
	return p
}

// ask is the request that takes a witness from one size to another.
func ask(t testing.TB, l *logtest.Log, old, new int64) []byte {
	t.Helper()
	r := request{old: old, checkpoint: l.Checkpoint(new)}
	if old > 0 && old < new {
		r.proof = prove(t, l, old, new)
	}
	return r.marshal()
}

// collector asks the given sites by a policy that ends with rules.
func collector(t testing.TB, l *logtest.Log, rules string, sites ...*site) *Collector {
	t.Helper()
	text := "log " + l.Key.String() + "\n"
	for _, s := range sites {
		text += s.line()
	}
	p, err := keys.ParsePolicy(text + rules)
	check(t, err)
	return NewCollector(Config{Policy: p, Clock: time.Now, Grace: 5 * time.Second, Timeout: 5 * time.Second,
		Prove: func(old, new int64) (tlog.TreeProof, error) { return tlog.ProveTree(new, old, l) }})
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
