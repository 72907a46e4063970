package witness

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"github.com/sijil/sijil/internal/flock"
	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/keys"
)

// The statuses of C2SP tlog-witness, in the order in which a log meets them.
func TestServer(t *testing.T) {
	l := newLog(t, 20)
	fork := logtest.New(t, "https://sijil.example")
	fork.Key, fork.Signer, fork.Policy = l.Key, l.Signer, l.Policy
	for range 20 {
		fork.Append([]byte("another history"))
	}
	stranger, other := newLog(t, 3), logtest.New(t, "https://other.example")
	s := newSite(t, "north", l)
	spoil := func(b []byte, old, new string) []byte {
		return bytes.Replace(b, []byte(old), []byte(new), 1)
	}
	for _, x := range []struct {
		what   string
		body   []byte
		status int
		kind   string
		answer string
	}{
		{"nothing", nil, 400, "", ""},
		{"no empty line", []byte("old 0"), 400, "", ""},
		{"no old", spoil(ask(t, l, 0, 5), "old 0", "new 0"), 400, "", "first line"},
		{"a size with a zero before it", spoil(ask(t, l, 0, 5), "old 0", "old 00"), 400, "", "no number"},
		{"a negative size", spoil(ask(t, l, 0, 5), "old 0", "old -1"), 400, "", "no number"},
		{"a proof line that is none", spoil(ask(t, l, 0, 5), "old 0\n", "old 0\nAAAA\n"), 400, "", "no hash"},
		{"old beyond the checkpoint", ask(t, l, 9, 5), 400, "", "larger"},
		{"an origin it does not follow", ask(t, other, 0, 0), 404, "", ""},
		{"another key", ask(t, stranger, 0, 3), 403, "", ""},
		{"a flipped root", spoil(ask(t, l, 0, 5), "\n5\n", "\n6\n"), 403, "", ""},
		{"a wrong old at first", ask(t, l, 3, 5), 409, sizeType, "0\n"},
		{"the first", ask(t, l, 0, 5), 200, "", "— north.example "},
		{"the same again", ask(t, l, 5, 5), 200, "", "— north.example "},
		{"from the beginning again", ask(t, l, 0, 7), 409, sizeType, "5\n"},
		{"an older tree", ask(t, l, 3, 4), 409, sizeType, "5\n"},
		{"another tree of its size", ask(t, fork, 5, 5), 409, "", "another tree"},
		{"another history", ask(t, fork, 5, 9), 422, "", "proof"},
		{"no proof", request{old: 5, checkpoint: l.Checkpoint(9)}.marshal(), 422, "", "proof"},
		{"a proof too many", request{old: 5, checkpoint: l.Checkpoint(5), proof: prove(t, l, 3, 9)}.marshal(), 422, "", "proof"},
		{"the next", ask(t, l, 5, 20), 200, "", "— north.example "},
		{"a body that is too large", bytes.Repeat([]byte("x"), maxRequest+1), 400, "", ""},
	} {
		status, kind, answer := s.post(x.body)
		if x.kind == "" {
			x.kind = "text/plain; charset=utf-8"
		}
		if status != x.status || kind != x.kind || !strings.Contains(answer, x.answer) {
			t.Errorf("%s: %d %s %q, want %d %s %q", x.what, status, kind, answer, x.status, x.kind, x.answer)
		}
	}
	if got := s.folder.Logs(); len(got) != 1 || got[0] != (Followed{"sijil.example", 20}) {
		t.Errorf("%+v", got)
	}
	// The two trees of one size are kept, as notes that anybody can verify.
	proofs, err := os.ReadDir(filepath.Join(s.dir, proofsDir))
	check(t, err)
	if len(proofs) != 1 {
		t.Fatalf("%d proofs", len(proofs))
	}
	b, err := os.ReadFile(filepath.Join(s.dir, proofsDir, proofs[0].Name()))
	check(t, err)
	if want := string(l.Checkpoint(5)) + "\n" + string(fork.Checkpoint(5)); string(b) != want {
		t.Errorf("the proof is %q", b)
	}
}

// What a server answers is a cosignature that a policy counts.
func TestCosignature(t *testing.T) {
	l := newLog(t, 5)
	s := newSite(t, "north", l)
	_, _, line := s.post(ask(t, l, 0, 5))
	v, err := keys.ParseWitnessKey(s.vkey)
	check(t, err)
	n, err := note.Open(append(l.Checkpoint(5), line...), note.VerifierList(v))
	if err != nil || len(n.Sigs) != 1 {
		t.Errorf("%v", err)
	}
}

// The process dies between storing a tree and cosigning it, or before: it never
// cosigns another one afterwards.
func TestServerCrash(t *testing.T) {
	for _, step := range []string{"store", "sign"} {
		l := newLog(t, 9)
		s := newSite(t, "north", l)
		s.post(ask(t, l, 0, 3))
		died := errors.New("died")
		s.server.step = func(name string) error {
			if name == step {
				return died
			}
			return nil
		}
		if status, _, answer := s.post(ask(t, l, 3, 5)); status != 500 || strings.Contains(answer, "—") {
			t.Errorf("%s: %d %q", step, status, answer)
		}
		s.restart()
		held := map[string]int64{"store": 3, "sign": 5}[step]
		if got := s.folder.Logs()[0].Size; got != held {
			t.Errorf("%s: holds %d after the crash, want %d", step, got, held)
		}
		if status, _, _ := s.post(ask(t, l, held, 9)); status != 200 {
			t.Errorf("%s: goes on with %d", step, status)
		}
		if status, _, answer := s.post(ask(t, l, 3, 5)); status != 409 || answer != "9\n" {
			t.Errorf("%s: an older tree: %d %q", step, status, answer)
		}
	}
}

// Of many requests at once, each tree is cosigned in one line of trees.
func TestServerRace(t *testing.T) {
	l := newLog(t, 60)
	s := newSite(t, "north", l)
	s.post(ask(t, l, 0, 1))
	bodies := make([][]byte, 50)
	for i := range bodies {
		bodies[i] = ask(t, l, 1, int64(i+2))
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	cosigned := 0
	for _, body := range bodies {
		wg.Go(func() {
			status, _, _ := s.post(body)
			mu.Lock()
			defer mu.Unlock()
			switch status {
			case 200:
				cosigned++
			case 409:
			default:
				t.Errorf("status %d", status)
			}
		})
	}
	wg.Wait()
	if cosigned != 1 {
		t.Errorf("%d trees cosigned from one size", cosigned)
	}
}

func TestFolder(t *testing.T) {
	l := newLog(t, 5)
	s := newSite(t, "north", l)
	s.post(ask(t, l, 0, 5))
	if _, err := OpenFolder(s.dir, true); !errors.Is(err, flock.ErrLocked) {
		t.Errorf("a second process: %v", err)
	}
	if _, err := Create(s.dir, "again.example"); err == nil {
		t.Error("a second key")
	}
	if _, err := Create(t.TempDir(), "a name"); err == nil {
		t.Error("a name with a space")
	}
	if _, err := s.folder.Follow(newLog(t, 0).Key.String()); err == nil || !strings.Contains(err.Error(), "never changes its key") {
		t.Errorf("another key for an origin: %v", err)
	}
	if got, err := s.folder.Key(); err != nil || got != s.vkey {
		t.Errorf("key %q, %v", got, err)
	}
	// A damaged memory is not an empty one.
	last, err := filepath.Glob(filepath.Join(s.dir, logsDir, "*.last"))
	check(t, err)
	b, err := os.ReadFile(last[0])
	check(t, err)
	b[len(b)-4] ^= 1
	check(t, os.WriteFile(last[0], b, 0o644))
	if _, err := OpenFolder(s.dir, false); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("a flipped bit: %v", err)
	}
	check(t, os.Chmod(filepath.Join(s.dir, keyFile), 0o644))
	if _, err := OpenFolder(s.dir, false); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("a key that others can read: %v", err)
	}
}

// What parses writes again to the same bytes.
func FuzzRequest(f *testing.F) {
	l := newLog(f, 9)
	f.Add(ask(f, l, 0, 5))
	f.Add(ask(f, l, 3, 9))
	f.Add([]byte("old 1\n\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := parseRequest(b)
		if err == nil && !bytes.Equal(r.marshal(), b) {
			t.Errorf("%q writes as %q", b, r.marshal())
		}
	})
}
