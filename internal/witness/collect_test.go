package witness

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	cosignature "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"

	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

const twoOfThree = "group three 2 north south west\nquorum three\n"

// Three witnesses, of which two are needed: one lies, one is down and comes back.
func TestThreeWitnesses(t *testing.T) {
	l := newLog(t, 20)
	north, south, west := newSite(t, "north", l), newSite(t, "south", l), newSite(t, "west", l)
	// South cosigns, with its own key, another tree than the one it is asked for.
	lie := south.server
	south.http.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		other := newLog(t, 3)
		n, err := note.Open(other.Checkpoint(3), other.Policy)
		check(t, err)
		signed, err := note.Sign(&note.Note{Text: n.Text}, lie.signer)
		check(t, err)
		w.Write(signed[len(n.Text)+1:])
	})
	west.http.Close()
	c := collector(t, l, twoOfThree, north, south, west)
	_, err := c.Collect(t.Context(), l.Checkpoint(5))
	var failed *FailedError
	var quorum *keys.QuorumError
	if !errors.As(err, &failed) || !errors.As(err, &quorum) {
		t.Fatalf("%v", err)
	}
	if strings.Join(quorum.Have, " ") != "north" || strings.Join(quorum.Missing, " ") != "south west" {
		t.Errorf("have %q, missing %q", quorum.Have, quorum.Missing)
	}
	for _, want := range []string{"cosigned by north; not by south, west", "south: its answer does not hold its cosignature", "west: it cannot be reached"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v: want %q in it", err, want)
		}
	}
	// West is back, at another port: the operator's policy says where.
	west.restart()
	c2 := collector(t, l, twoOfThree, north, south, west)
	b, err := c2.Collect(t.Context(), l.Checkpoint(9))
	check(t, err)
	cp, err := log.OpenCheckpoint(b, c2.Policy)
	check(t, err)
	if cp.Size() != 9 || cp.Witnesses() != 2 || time.Since(cp.Cosigned()) > time.Minute {
		t.Errorf("size %d, %d witnesses, at %v", cp.Size(), cp.Witnesses(), cp.Cosigned())
	}
	states := c2.States()
	if states[0].Size != 9 || states[0].Err != nil || states[1].Err == nil || states[2].Size != 9 || states[2].Seen.IsZero() {
		t.Errorf("%+v", states)
	}
	// The note is one that stock tools read: the log's line first.
	lines := strings.Split(strings.TrimSuffix(string(b), "\n"), "\n")
	if len(lines) != 7 || !strings.HasPrefix(lines[4], "— sijil.example ") || !strings.HasPrefix(lines[5], "— north.example ") {
		t.Errorf("%q", lines)
	}
}

// A witness that holds another size says so and is asked from there; the next
// time it is asked rightly at once; an unchanged tree is cosigned again.
func TestSizes(t *testing.T) {
	l := newLog(t, 20)
	s := newSite(t, "north", l)
	s.post(ask(t, l, 0, 7))
	asked := 0
	next := s.http.Config.Handler
	s.http.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { asked++; next.ServeHTTP(w, r) })
	c := collector(t, l, "quorum north\n", s)
	for i, x := range []struct{ size, asked int64 }{{9, 2}, {20, 3}, {20, 4}} {
		b, err := c.Collect(t.Context(), l.Checkpoint(x.size))
		if err != nil || int64(asked) != x.asked {
			t.Errorf("%d: %v, asked %d times, want %d", i, err, asked, x.asked)
		}
		if _, err := log.OpenCheckpoint(b, c.Policy); err != nil {
			t.Errorf("%d: %v", i, err)
		}
	}
}

// Whatever a witness answers, it is named, and the quorum of the others stands.
func TestBadAnswers(t *testing.T) {
	l := newLog(t, 9)
	for what, x := range map[string]struct {
		answer func(w http.ResponseWriter, r *http.Request)
		says   string
	}{
		"nothing":          {func(http.ResponseWriter, *http.Request) {}, "empty"},
		"garbage":          {func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "\x00\xff garbage\n") }, "malformed"},
		"a stranger's key": {func(w http.ResponseWriter, _ *http.Request) { w.Write(cosigned(t, l, 9, "south.example")) }, "not in the policy"},
		"too much":         {func(w http.ResponseWriter, _ *http.Request) { w.Write(make([]byte, maxAnswer+1)) }, "over 65536 bytes"},
		"the log's line":   {func(w http.ResponseWriter, _ *http.Request) { w.Write(l.Checkpoint(9)) }, "does not hold its cosignature"},
		"a redirect":       {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) }, "302"},
		"400":              {status(400), "answers 400"},
		"403":              {status(403), "does not know the log's key"},
		"404":              {status(404), "does not follow this log"},
		"409 without type": {status(409), "another one of the same size"},
		"409 larger":       {size("1000"), "restored from an older copy"},
		"409 for ever":     {size("3"), "it holds a tree of 3 entries"},
		"409 no number":    {size("many"), "without a size"},
		"422":              {status(422), "consistency proof"},
		"500":              {status(500), "answers 500"},
		"breaks off": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			io.WriteString(w, "— ")
		}, "broke off"},
		"silence": {func(_ http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body) // only then the server sees the client go
			<-r.Context().Done()
		}, "cannot be reached"},
	} {
		t.Run(what, func(t *testing.T) {
			north, south := newSite(t, "north", l), newSite(t, "south", l)
			south.http.Config.Handler = http.HandlerFunc(x.answer)
			c := collector(t, l, "quorum north\n", north, south)
			c.Timeout = 300 * time.Millisecond
			b, err := c.Collect(t.Context(), l.Checkpoint(9))
			check(t, err)
			if cp, err := log.OpenCheckpoint(b, c.Policy); err != nil || cp.Witnesses() != 1 {
				t.Errorf("%v", err)
			}
			// Alone it reaches no quorum, and is named.
			c = collector(t, l, "quorum south\n", south)
			c.Timeout = 300 * time.Millisecond
			if _, err := c.Collect(t.Context(), l.Checkpoint(9)); err == nil || !strings.Contains(err.Error(), "south: ") || !strings.Contains(err.Error(), x.says) {
				t.Errorf("%v, want %q", err, x.says)
			}
		})
	}
}

func status(code int) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

func size(body string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", sizeType)
		w.WriteHeader(409)
		io.WriteString(w, body+"\n")
	}
}

// cosigned is the line of a new witness over a tree.
func cosigned(t testing.TB, l *logtest.Log, at int64, name string) []byte {
	t.Helper()
	skey, _, err := note.GenerateKey(rand.Reader, name)
	check(t, err)
	return line(t, l, at, skey)
}

func line(t testing.TB, l *logtest.Log, at int64, skey string) []byte {
	t.Helper()
	signer, err := cosignature.NewSignerForCosignatureV1(skey)
	check(t, err)
	n, err := note.Open(l.Checkpoint(at), l.Policy)
	check(t, err)
	signed, err := note.Sign(&note.Note{Text: n.Text}, signer)
	check(t, err)
	return signed[len(n.Text)+1:]
}

// A cosignature of ML-DSA-44 counts like one of Ed25519.
func TestMLDSA(t *testing.T) {
	l := newLog(t, 9)
	skey, vkey, err := cosignature.GenerateMLDSAKey("later.example")
	check(t, err)
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write(line(t, l, 9, skey)) }))
	defer h.Close()
	north := newSite(t, "north", l)
	p, err := keys.ParsePolicy(fmt.Sprintf("log %s\n%switness later %s %s\ngroup both all north later\nquorum both\n", l.Key, north.line(), vkey, h.URL))
	check(t, err)
	c := NewCollector(Config{Policy: p, Clock: time.Now})
	b, err := c.Collect(t.Context(), l.Checkpoint(9))
	check(t, err)
	if cp, err := log.OpenCheckpoint(b, p); err != nil || cp.Witnesses() != 2 || cp.Cosigned().IsZero() {
		t.Errorf("%v", err)
	}
}

// Two services with one key show one witness two histories: it cosigns one.
func TestSplitView(t *testing.T) {
	l := newLog(t, 9)
	fork := logtest.New(t, "https://sijil.example")
	fork.Key, fork.Signer, fork.Policy = l.Key, l.Signer, l.Policy
	grow(fork, 4)
	fork.Append([]byte("another history"))
	grow(fork, 6)
	s := newSite(t, "north", l)
	honest, forked := collector(t, l, "quorum north\n", s), collector(t, fork, "quorum north\n", s)
	_, err := honest.Collect(t.Context(), l.Checkpoint(7))
	check(t, err)
	for size, says := range map[int64]string{7: "another one of the same size", 9: "consistency proof", 5: "restored from an older copy"} {
		if b, err := forked.Collect(t.Context(), fork.Checkpoint(size)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("size %d: cosigned %q, %v", size, b, err)
		}
	}
	if proofs, err := os.ReadDir(s.dir + "/" + proofsDir); err != nil || len(proofs) != 1 {
		t.Errorf("%d proofs, %v", len(proofs), err)
	}
	_, err = honest.Collect(t.Context(), l.Checkpoint(9))
	check(t, err)
}

// The caller gives up.
func TestCollectCancelled(t *testing.T) {
	l := newLog(t, 9)
	s := newSite(t, "north", l)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := collector(t, l, "quorum north\n", s).Collect(ctx, l.Checkpoint(9)); err == nil {
		t.Error("no error")
	}
	other := newLog(t, 9)
	if _, err := collector(t, l, "quorum north\n", s).Collect(t.Context(), other.Checkpoint(9)); err == nil {
		t.Error("another log's checkpoint was taken to the witnesses")
	}
}
