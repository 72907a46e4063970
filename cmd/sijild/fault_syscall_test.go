package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sijil/sijil/internal/publish"
	"github.com/sijil/sijil/internal/remote"
	"github.com/sijil/sijil/log/tile"
)

var faultSyscalls = flag.Int("fault-syscalls", 9, "how many of the file system calls of a publish fail, in turn; 0: each")

// TestFaultSyscalls has every system call on the data folder that a publish makes fail,
// one at a time: with EIO, with ENOSPC, and by the death of the process instead of the
// call. strace does it. Afterwards sijild check finds nothing, what was acknowledged is
// there, and the identical record is accepted.
func TestFaultSyscalls(t *testing.T) {
	failEach(t, newFault(t, "a file system call of a publish fails"), 8)
}

// TestFaultSyscallsTile does the same to the publish that completes tiles.
func TestFaultSyscallsTile(t *testing.T) {
	failEach(t, newFault(t, "a file system call of a publish that completes tiles fails"), tile.Width-1)
}

// failEach fails calls of a publish to a log of some entries.
func failEach(t *testing.T, f *fault, entries int) {
	if testing.Short() {
		t.Skip("takes seconds for each call")
	}
	k := newBreaker(t, f, entries)
	var all []failure
	positions := 0
	for c, n := range k.discover() {
		positions += n
		if *faultSyscalls > 0 {
			n = 1
		}
		for _, how := range []string{"error=EIO", "error=ENOSPC", "signal=KILL"} {
			for i := range n {
				all = append(all, failure{c, i + 1, how})
			}
		}
	}
	rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	if *faultSyscalls > 0 {
		all = all[:min(len(all), *faultSyscalls)]
	}
	hit, firsts, acknowledged := 0, 0, 0
	for i, x := range all {
		f.rounds.Add(1)
		reached, acked := k.round(x)
		if reached {
			hit++
		} else if x.n == 1 {
			firsts++
		}
		if acked {
			acknowledged++
		}
		if i%50 == 49 {
			t.Logf("%d of %d, %d reached, %s", i+1, len(all), hit, time.Since(f.began).Round(time.Second))
		}
	}
	f.note = fmt.Sprintf("%d calls × EIO, ENOSPC, kill; %d failures were reached, %d of the publishes were acknowledged all the same", positions, hit, acknowledged)
	// strace counts the calls of each thread, and the service moves between threads: a later
	// call may not be reached. A first one is, unless it was not made this time.
	if firsts > len(all)/3 {
		t.Errorf("%d of %d failures, each of a first call, were not reached", firsts, len(all))
	}
}

// fileCall is a system call on a file of the data folder, by their names.
type fileCall struct{ name, path string }

// failure is the n-th call that a thread makes, and how it fails.
type failure struct {
	fileCall
	n   int
	how string
}

// breaker breaks copies of one folder.
type breaker struct {
	t    *testing.T
	f    *fault
	from string // the folder as it is before each publish
	w    writer // as its publisher is then
	s    *running
	told *ledger // what was acknowledged until then
}

func newBreaker(t *testing.T, f *fault, entries int) *breaker {
	t.Helper()
	if _, err := exec.LookPath("strace"); err != nil {
		t.Skip("strace is not installed: no system call is made to fail")
	}
	data, key := newData(t)
	k := &breaker{t: t, f: f, from: data, s: &running{data: data, key: key, http: httpClient}, told: newLedger(t, f, key)}
	p := startProcess(t, data)
	k.s.url = p.url
	author, guest := newNewcomer(t, k.s, "river"), &knocker{g: newGuest(t), name: "guest"}
	for range 4 {
		check(t, author.send(t, p.url, httpClient, k.told))
	}
	for range entries - 4 {
		check(t, guest.send(t, p.url, httpClient, k.told))
	}
	p.stop(syscall.SIGTERM)
	k.w = *author.w
	return k
}

// copied makes a copy of the folder, and its publisher.
func (k *breaker) copied() (data string, w *writer) {
	k.t.Helper()
	data = filepath.Join(k.t.TempDir(), "data")
	copyFolder(k.t, data, k.from)
	own := k.w
	return data, &own
}

// call is a line of strace about a file: its name, and maybe that it did not end there.
var call = regexp.MustCompile(`^\d+ +([a-z0-9_]+)\(`)

// discover counts the calls of one publish on files of the folder.
func (k *breaker) discover() map[fileCall]int {
	k.t.Helper()
	data, w := k.copied()
	p := startProcess(k.t, data)
	trace := k.attach(p, "-y", "-e", "trace=%desc,%file")
	w.server = remote.New(p.url, httpClient)
	_, err := w.submit(k.t.Context(), w.sign(k.t, "Title\n\nText.\n"))
	check(k.t, err)
	lines := trace(false)
	p.stop(syscall.SIGTERM)
	calls, names := map[fileCall]int{}, map[string]int{}
	file := regexp.MustCompile(`[<"]` + regexp.QuoteMeta(data) + `(/[^>"]*)?[>"]`)
	for line := range bytes.Lines(lines) {
		m, at := call.FindSubmatch(line), file.FindSubmatch(line)
		if m == nil || at == nil {
			continue
		}
		calls[fileCall{string(m[1]), string(at[1])}]++
		names[string(m[1])]++
	}
	k.t.Logf("calls %v, %d of them of another kind or on another file", names, len(calls))
	if names["fsync"] < 5 || names["pwrite64"] < 5 {
		k.t.Fatalf("that is not a publish:\n%s", lines)
	}
	return calls
}

// attach has strace follow a process until the function it returns is called, which gives
// what it wrote. Of a process that died strace takes leave by itself, and hangs when it is
// interrupted while it does.
func (k *breaker) attach(p *process, options ...string) (end func(died bool) []byte) {
	k.t.Helper()
	out := filepath.Join(k.t.TempDir(), "trace")
	cmd := exec.Command("strace", append(options, "-f", "-o", out, "-p", fmt.Sprint(p.cmd.Process.Pid))...)
	said, err := cmd.StderrPipe()
	check(k.t, err)
	check(k.t, cmd.Start())
	var words []byte
	for buf := make([]byte, 4096); !bytes.Contains(words, []byte(" attached")); {
		n, err := said.Read(buf)
		if words = append(words, buf[:n]...); err != nil {
			_ = cmd.Wait() // what it said tells more
			k.t.Skipf("strace may not follow a process here: no system call is made to fail: %s", words)
		}
	}
	return func(died bool) []byte {
		if !died {
			_ = cmd.Process.Signal(os.Interrupt) // or it has ended
		}
		hangs := time.AfterFunc(20*time.Second, func() { _ = cmd.Process.Kill() })
		_ = cmd.Wait() // its status is the signal
		hangs.Stop()
		b, err := os.ReadFile(out)
		check(k.t, err)
		return b
	}
}

// round publishes while one call fails, and reports whether it did, and whether the
// publish was acknowledged.
func (k *breaker) round(x failure) (reached, acked bool) {
	k.t.Helper()
	data, w := k.copied()
	defer os.RemoveAll(data)
	p := startProcess(k.t, data)
	trace := k.attach(p, "-e", "trace="+x.name, "-e", fmt.Sprintf("inject=%s:%s:when=%d", x.name, x.how, x.n), "-P", filepath.Join(data, x.path))
	l := newLedger(k.t, k.f, k.s.key)
	l.index, l.trees = maps.Clone(k.told.index), maps.Clone(k.told.trees)
	a := &author{w: w, title: "Title"}
	h := &http.Client{Transport: &http.Transport{}, Timeout: 50 * time.Second}
	defer h.CloseIdleConnections()
	err := a.send(k.t, p.url, h, l)
	acked = err == nil
	var answer *remote.Problem
	lines := trace(err != nil && !errors.As(err, &answer))
	killed := x.how == "signal=KILL"
	reached = bytes.Contains(lines, []byte("(INJECTED)")) || killed && bytes.Contains(lines, []byte("killed by SIGKILL"))
	what := fmt.Sprintf("%s %d on %s %s", x.name, x.n, x.path, x.how)
	if !reached || !killed {
		k.goesOn(what, p, h, a, l)
	}
	p.stop(syscall.SIGKILL)
	if err != nil && !reached {
		k.t.Errorf("%s: %v, and nothing failed", what, err)
		k.f.wrong.Add(1)
	}
	k.f.sound(k.t, data)
	k.recovers(what, data, a, l)
	if k.t.Failed() {
		k.t.Logf("%s: %v\n%s\n%s", what, err, lines, p.out)
	}
	return reached, acked
}

// goesOn: after a call has failed, readers are served all the same, and the next publish
// gets an answer, which may be a refusal.
func (k *breaker) goesOn(what string, p *process, h *http.Client, a *author, l *ledger) {
	k.t.Helper()
	res, err := h.Get(p.url + "/checkpoint") //nolint:noctx // the client has a timeout
	if err == nil {
		err = res.Body.Close()
		if res.StatusCode != http.StatusOK {
			err = errors.Join(err, fmt.Errorf("answer %d", res.StatusCode))
		}
	}
	if err != nil {
		k.t.Errorf("%s: readers: %v", what, err)
		k.f.wrong.Add(1)
	}
	var answer *remote.Problem
	if err := a.send(k.t, p.url, h, l); err != nil && !errors.As(err, &answer) {
		k.t.Errorf("%s: the next publish: %v", what, err)
		k.f.wrong.Add(1)
	}
}

// recovers opens the folder again: the identical record is taken, and everything that
// was ever told holds.
func (k *breaker) recovers(what, data string, a *author, l *ledger) {
	k.t.Helper()
	var said strings.Builder
	s, err := open(k.t.Context(), serveOptions{data: data, noLimits: true, door: publish.DoorOpen}, slog.New(slog.NewTextHandler(&said, nil)))
	if err != nil {
		k.t.Fatalf("%s: the next start: %v", what, err)
	}
	h := httptest.NewServer(s.handler)
	defer func() {
		h.Close()
		check(k.t, s.Close())
	}()
	for range 2 { // what was not acknowledged, and one more
		if err := a.send(k.t, h.URL, httpClient, l); err != nil {
			k.t.Errorf("%s: after the next start: %v\n%s", what, err, &said)
			k.f.lost.Add(1)
		}
	}
	l.settle(h.URL)
}
