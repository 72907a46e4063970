package main

import (
	"bytes"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sijil/sijil/internal/audit"
	"github.com/sijil/sijil/internal/publish"
	"github.com/sijil/sijil/internal/remote"
	"github.com/sijil/sijil/internal/store"
	"github.com/sijil/sijil/internal/witness"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
	"github.com/sijil/sijil/log/client"
)

// TestBackupUnderLoad: copies are made while several publishers and strangers write.
// Each is sound, is restored, goes on where it ends, and audits clean.
func TestBackupUnderLoad(t *testing.T) {
	s := newRunning(t, serveOptions{noLimits: true, door: publish.DoorOpen}, slog.DiscardHandler)
	stop := make(chan struct{})
	var writing sync.WaitGroup
	ended := sync.OnceFunc(func() {
		close(stop)
		writing.Wait()
	})
	defer ended()
	loop := func(write func(n int)) {
		writing.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
					write(n)
				}
			}
		})
	}
	for i := range 4 {
		w := s.writer(t, i)
		loop(func(n int) { w.publish(t, fmt.Sprintf("Title\n\nWriter %d, text number %d.\n", i, n)) })
	}
	for i := range 2 {
		g := newGuest(t)
		loop(func(n int) {
			if _, err := enter(s.url, g.request(fmt.Sprintf("guest %d, message %d", i, n))); err != nil {
				t.Error(err)
			}
		})
	}
	loop(func(n int) { s.writer(t, 100+n) })
	dir := t.TempDir()
	var sizes []int64
	for i := range 4 {
		out := filepath.Join(dir, fmt.Sprintf("copy-%d", i))
		if i%2 == 1 {
			out += tarSuffix
		}
		got, err := backup(t.Context(), backupOptions{data: s.data, out: out, keys: i < 2})
		if err != nil {
			t.Fatal(err)
		}
		if got.damaged > 0 {
			t.Errorf("%s: %d files are damaged", out, got.damaged)
		}
		sizes = append(sizes, got.last.Size)
	}
	ended()
	t.Logf("copies of %d entries", sizes)
	if sizes[len(sizes)-1] <= sizes[0] {
		t.Error("nothing was written meanwhile")
	}
	for i, size := range sizes {
		from, to := filepath.Join(dir, fmt.Sprintf("copy-%d", i)), filepath.Join(dir, fmt.Sprintf("data-%d", i))
		if i%2 == 1 {
			from += tarSuffix
		} else {
			// The mark of a copy is in the database file itself, and looking changes nothing.
			if wal, err := filepath.Glob(filepath.Join(from, "*-wal")); err != nil || len(wal) > 0 {
				t.Errorf("%q, %v", wal, err)
			}
			check(t, checkCopy(t.Context(), from, filepath.Join(s.data, logKeyFile)))
		}
		o := restoreOptions{from: from, data: to}
		if i >= 2 {
			if _, err := restore(t.Context(), o); err == nil || !strings.Contains(err.Error(), "--log-key") {
				t.Errorf("a copy without keys: %v", err)
			}
			o.logKey, o.observerKey = filepath.Join(s.data, logKeyFile), filepath.Join(s.data, observerKeyFile)
		}
		last, err := restore(t.Context(), o)
		if err != nil || last.Size != size {
			t.Fatalf("restore: %d entries, want %d: %v", last.Size, size, err)
		}
		if _, err := restore(t.Context(), o); err == nil || !strings.Contains(err.Error(), "not empty") {
			t.Errorf("over a data folder: %v", err)
		}
		check(t, accept(t.Context(), to, size))
		goesOn(t, serveOptions{data: to, logKey: o.logKey, noLimits: true, door: publish.DoorOpen}, size)
	}
}

// goesOn serves a folder, audits it, and has it take an entry.
func goesOn(t *testing.T, o serveOptions, least int64) {
	t.Helper()
	s, err := open(t.Context(), o, slog.New(slog.DiscardHandler))
	check(t, err)
	defer func() { check(t, s.Close()) }()
	h := httptest.NewServer(s.handler)
	defer h.Close()
	shown(t, s, least)
	src, err := client.NewHTTP(h.URL, h.Client())
	check(t, err)
	b, err := src.Fetch(t.Context(), "api/v1/trust.json")
	check(t, err)
	trust, err := keys.ParseTrust(b)
	check(t, err)
	got, err := audit.Run(t.Context(), src, audit.Options{Trust: trust})
	check(t, err)
	if got.Report.Outcome != audit.Clean || got.Report.TreeSize < least {
		t.Errorf("audit: %+v", got.Report)
	}
	if _, err := enter(h.URL, newGuest(t).request("after "+o.data)); err != nil {
		t.Error(err)
	}
}

// shown waits until readers are shown so many entries.
func shown(t *testing.T, s *service, least int64) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); s.public.Checkpoint().Note == nil || s.public.Checkpoint().Size < least; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("readers are shown %d entries, want %d", s.public.Checkpoint().Size, least)
		}
	}
}

// overseer is a witness that notes every tree it is asked to cosign.
type overseer struct {
	*httptest.Server
	line string
	mu   sync.Mutex
	seen map[int64]string // root by size
	fork bool
}

func newOverseer(t *testing.T, key *keys.LogKey) *overseer {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "north")
	vkey, err := witness.Create(dir, "north.example")
	check(t, err)
	f, err := witness.OpenFolder(dir, false)
	check(t, err)
	_, err = f.Follow(key.String())
	check(t, err)
	f, err = witness.OpenFolder(dir, true)
	check(t, err)
	h, err := witness.NewServer(f, slog.New(slog.DiscardHandler))
	check(t, err)
	o := &overseer{seen: map[int64]string{}}
	policy := keys.NewPolicy(key)
	o.Server = httptest.NewServer(watch(h, func(body []byte) {
		_, text, _ := bytes.Cut(body, []byte("\n\n"))
		c, err := log.OpenCheckpoint(text, policy)
		if err != nil {
			t.Errorf("asked to cosign: %v", err)
			return
		}
		o.mu.Lock()
		defer o.mu.Unlock()
		if root, ok := o.seen[c.Size()]; ok && root != c.Root().String() {
			o.fork = true
		}
		o.seen[c.Size()] = c.Root().String()
	}))
	t.Cleanup(func() {
		o.Close()
		f.Close()
	})
	o.line = fmt.Sprintf("witness north %s %s\nquorum north\n", vkey, o.URL)
	return o
}

var faultAges = flag.Int("fault-ages", 20, "how many copies TestOldCopyNeverSigns brings back")

// TestOldCopyNeverSigns: of a log that a witness follows, copies of random ages
// are brought back, by restore and by hand. None signs anything, whatever the
// operator says, and each says why; the newest goes on.
func TestOldCopyNeverSigns(t *testing.T) {
	f := newFault(t, "an old copy of the folder is brought back")
	data, key := newData(t)
	o := newOverseer(t, key)
	policy := filepath.Join(t.TempDir(), "policy")
	check(t, os.WriteFile(policy, []byte(o.line), 0o644))
	_, err := setPolicy(t.Context(), data, "", policy)
	check(t, err)
	ages := *faultAges
	n := 3 * ages
	at := rand.Perm(n)[:ages]
	age := map[int]bool{n: true}
	for _, i := range at {
		age[i] = true
	}
	dir := t.TempDir()
	options := serveOptions{data: data, noLimits: true, door: publish.DoorOpen}
	s, err := open(t.Context(), options, slog.New(slog.DiscardHandler))
	check(t, err)
	h := httptest.NewServer(s.handler)
	for i := range n + 1 {
		if age[i] {
			_, err := backup(t.Context(), backupOptions{data: data, out: filepath.Join(dir, fmt.Sprint(i)), keys: true})
			check(t, err)
		}
		if i < n {
			_, err := enter(h.URL, newGuest(t).request(fmt.Sprint(i)))
			check(t, err)
		}
	}
	shown(t, s, int64(n)) // the witness has seen the end
	h.Close()
	check(t, s.Close())
	for _, i := range at {
		f.rounds.Add(1)
		to := filepath.Join(dir, fmt.Sprintf("data-%d", i))
		last, err := restore(t.Context(), restoreOptions{from: filepath.Join(dir, fmt.Sprint(i)), data: to})
		check(t, err)
		options.data = to
		if why := refused(t, options, last); !errors.Is(why, errRestored) {
			t.Errorf("age %d: %v", i, why)
		}
		if accept(t.Context(), to, last.Size+1) == nil {
			t.Errorf("age %d: accepts what it does not hold", i)
		}
		check(t, accept(t.Context(), to, last.Size))
		var behind *witness.BehindError
		if why := refused(t, options, last); !errors.As(why, &behind) || behind.Size != int64(n) || behind.Have != last.Size {
			t.Errorf("age %d, accepted: %v", i, why)
		}
		// By hand: a copy of the folder, without the mark.
		rows, err := store.Open(t.Context(), to)
		check(t, err)
		check(t, errors.Join(rows.DropSettings(t.Context(), settingCopied, settingAccepted), rows.Close()))
		if why := refused(t, options, last); !errors.As(why, &behind) {
			t.Errorf("age %d, by hand: %v", i, why)
		}
	}
	to := filepath.Join(dir, "newest")
	last, err := restore(t.Context(), restoreOptions{from: filepath.Join(dir, fmt.Sprint(n)), data: to})
	check(t, err)
	check(t, accept(t.Context(), to, last.Size))
	options.data = to
	goesOn(t, options, int64(n))
	goesOn(t, options, int64(n)+1) // and needs no word any more
	f.note = "by restore, restored and accepted, and by hand; none signed"
	if o.fork {
		t.Error("the witness was shown a fork")
		f.forked.Add(1)
	}
}

// TestRestoredWithoutWitness: a witness that does not answer keeps a restored copy
// from going on, and no other folder.
func TestRestoredWithoutWitness(t *testing.T) {
	data, key := newData(t)
	o := newOverseer(t, key)
	policy := filepath.Join(t.TempDir(), "policy")
	check(t, os.WriteFile(policy, []byte(o.line), 0o644))
	_, err := setPolicy(t.Context(), data, "", policy)
	check(t, err)
	options := serveOptions{data: data, noLimits: true, door: publish.DoorOpen}
	goesOn(t, options, 0)
	out, to := filepath.Join(t.TempDir(), "copy.tar"), filepath.Join(t.TempDir(), "data")
	_, err = backup(t.Context(), backupOptions{data: data, out: out, keys: true})
	check(t, err)
	last, err := restore(t.Context(), restoreOptions{from: out, data: to})
	check(t, err)
	check(t, accept(t.Context(), to, last.Size))
	o.Close()
	if why := refused(t, serveOptions{data: to}, last); !errors.Is(why, errSilent) {
		t.Errorf("restored, and the witness is gone: %v", why)
	}
	s, err := open(t.Context(), options, slog.New(slog.DiscardHandler))
	check(t, err)
	check(t, s.Close())
}

// refused opens a folder, which must not work, and returns the reason; nothing was
// signed, and the operator is told why and what to do.
func refused(t *testing.T, o serveOptions, last publish.Checkpoint) error {
	t.Helper()
	s, why := open(t.Context(), o, slog.New(slog.DiscardHandler))
	if why == nil {
		s.Close()
		t.Fatalf("%s is served", o.data)
	}
	if hint := hintFor(why); !strings.Contains(hint, "nothing was signed") && !strings.Contains(hint, "Nothing was signed") {
		t.Errorf("%v: the hint is %q", why, hint)
	}
	rows, err := store.Open(t.Context(), o.data)
	check(t, err)
	defer rows.Close()
	now, err := rows.LastCheckpoint(t.Context())
	check(t, err)
	if !bytes.Equal(now.Note, last.Note) {
		t.Errorf("%s: a checkpoint was signed:\n%s", o.data, now.Note)
	}
	return why
}

// TestSpoiltCopy: a copy that is not what was written is not restored, and one that
// would not be sound is not kept.
func TestSpoiltCopy(t *testing.T) {
	s := newRunning(t, serveOptions{noLimits: true, door: publish.DoorOpen}, slog.DiscardHandler)
	w := s.writer(t, 0)
	for i := range 3 {
		w.publish(t, fmt.Sprintf("Title\n\nText number %d.\n", i))
	}
	dir := t.TempDir()
	good := filepath.Join(dir, "good")
	_, err := backup(t.Context(), backupOptions{data: s.data, out: good, keys: true})
	check(t, err)
	if _, err := backup(t.Context(), backupOptions{data: s.data, out: good}); err == nil {
		t.Error("a copy was overwritten")
	}
	list, err := filesBelow(good)
	check(t, err)
	for _, name := range append(list, "more", "trillian/more") {
		bad := filepath.Join(dir, "bad")
		check(t, os.RemoveAll(bad))
		check(t, os.Mkdir(bad, 0o700))
		check(t, copyTree(t.Context(), good, bad))
		b, err := os.ReadFile(filepath.Join(bad, name))
		if errors.Is(err, os.ErrNotExist) {
			b, err = []byte{0}, nil
		}
		check(t, err)
		if len(b) == 0 {
			continue
		}
		b[len(b)/2] ^= 1
		check(t, os.WriteFile(filepath.Join(bad, name), b, 0o600))
		if _, err := restore(t.Context(), restoreOptions{from: bad, data: filepath.Join(dir, "data")}); err == nil {
			t.Errorf("%s is another, and it was restored", name)
		}
	}
	left, err := filepath.Glob(filepath.Join(dir, "data*"))
	check(t, err)
	if len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
	// The service's own tiles are damaged: the copy's are not, and it says so.
	tiles, err := filepath.Glob(filepath.Join(s.data, tilesDir, "edge", "*"))
	check(t, err)
	for _, name := range tiles {
		check(t, os.WriteFile(name, []byte("zap"), 0o644))
	}
	_, err = backup(t.Context(), backupOptions{data: s.data, out: filepath.Join(dir, "again"), keys: true})
	check(t, err)
	// A text in our rows is not the one that was signed: no such copy is kept.
	check(t, alter(filepath.Join(s.data, rowsFile), `UPDATE text SET body = x'00'`))
	out := filepath.Join(dir, "unsound")
	if _, err := backup(t.Context(), backupOptions{data: s.data, out: out, keys: true}); err == nil || !strings.Contains(err.Error(), "not sound") {
		t.Errorf("unsound: %v", err)
	}
	if left, _ := filepath.Glob(out + "*"); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

// watch calls see with the body of every request to h.
func watch(h http.Handler, see func(body []byte)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			see(body)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		h.ServeHTTP(w, r)
	})
}

// alter changes a database behind everybody's back.
func alter(file, statement string) error {
	db, err := sql.Open("sqlite", file)
	if err != nil {
		return err
	}
	_, err = db.Exec(statement)
	return errors.Join(err, db.Close())
}

// TestBackupOfSightings: what the service saw is checked in a copy too that has no keys.
func TestBackupOfSightings(t *testing.T) {
	e := newEnrolled(t, 2)
	claimed, err := e.endorse(e.signers[0], 0, 0).Marshal()
	check(t, err)
	_, err = remote.New(e.url, e.s.http).Claim(t.Context(), "river", claimed, e.signers[0].Public().SPKI(), "")
	check(t, err)
	for _, withKeys := range []bool{true, false} {
		_, err := backup(t.Context(), backupOptions{data: e.s.data, out: filepath.Join(t.TempDir(), "copy"), keys: withKeys})
		check(t, err)
	}
}
