package main

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/sijil/sijil/internal/remote"
	"github.com/sijil/sijil/log/client"
)

var faultKills = flag.Int("fault-kills", 30, "how often TestFaultKill kills the service")

const (
	// killsPerLog is how often one log is killed before it is audited and another begins.
	killsPerLog = 250
	// publishes is how long the clients publish, at most, before the kill. One kill in three
	// comes while the service starts.
	publishes = 100 * time.Millisecond
)

// TestFaultKill kills the service with SIGKILL, again and again, at random moments of its
// start and of publishing; each time the next process finds the same folder, and the
// clients go on. Whoever had no answer sends the identical request again.
func TestFaultKill(t *testing.T) {
	f := newFault(t, "`kill -9` at a random moment")
	var starting, publishing, probed int64
	for left := *faultKills; left > 0; {
		n := min(left, killsPerLog)
		k := newKiller(t, f)
		for range n {
			k.round()
		}
		k.end()
		left -= n
		starting, publishing, probed = starting+k.starting, publishing+k.publishing, probed+k.ledger.probed
		t.Logf("%d rounds, %d acknowledged, %s", f.rounds.Load(), probed, time.Since(f.began).Round(time.Second))
	}
	f.note = fmt.Sprintf("%d while it started, %d while five clients published; %d acknowledgements", starting, publishing, probed)
}

// killer is one log, its clients, and how often its service was killed.
type killer struct {
	t       *testing.T
	f       *fault
	s       *running
	ledger  *ledger
	all     []scribe
	typical time.Duration // from the start of a process until it served

	starting, publishing int64
}

func newKiller(t *testing.T, f *fault) *killer {
	t.Helper()
	data, key := newData(t)
	k := &killer{t: t, f: f, s: &running{data: data, key: key, http: httpClient}, ledger: newLedger(t, f, key), typical: 300 * time.Millisecond}
	for i := range 2 {
		k.all = append(k.all, newNewcomer(t, k.s, fmt.Sprintf("author-%d", i)))
	}
	for i := range 3 {
		k.all = append(k.all, &knocker{g: newGuest(t), name: fmt.Sprint("guest ", i)})
	}
	return k
}

// round starts the service, and kills it while it starts, or soon after.
func (k *killer) round() {
	k.t.Helper()
	k.f.rounds.Add(1)
	began := time.Now()
	// It lives for less than a second: collecting garbage would be most of its work.
	p := spawn(k.t, k.s.data, []string{"GOGC=off"})
	kill := func() { _ = p.cmd.Process.Kill() }
	if rand.IntN(3) == 0 {
		defer time.AfterFunc(rand.N(k.typical), kill).Stop()
	}
	if !p.ready() {
		k.died(p)
		k.starting++
		return
	}
	defer time.AfterFunc(rand.N(publishes), kill).Stop()
	k.typical = (7*k.typical + time.Since(began)) / 8
	k.publishing++
	if src, err := client.NewHTTP(p.url, httpClient); err == nil {
		if note, err := src.Fetch(k.t.Context(), "api/v1/latest/checkpoint"); err == nil {
			k.ledger.tree(note)
		}
	}
	h := &http.Client{Transport: &http.Transport{}, Timeout: 30 * time.Second}
	defer h.CloseIdleConnections()
	var writing sync.WaitGroup
	for _, s := range k.all {
		writing.Go(func() {
			for {
				err := s.send(k.t, p.url, h, k.ledger)
				var answer *remote.Problem
				if errors.As(err, &answer) {
					k.t.Errorf("%v", err)
					k.f.wrong.Add(1)
				}
				if err != nil {
					return
				}
			}
		})
	}
	writing.Wait()
	k.died(p)
}

// died requires that the process ended by the signal, and by nothing of its own.
func (k *killer) died(p *process) {
	k.t.Helper()
	<-p.done
	if s, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || s.Signal() != syscall.SIGKILL {
		k.t.Fatalf("sijild ended: %v\n%s", p.err, p.out)
	}
}

// end checks the folder as the last kill left it; then has everybody send what is due,
// and holds all that was ever told against the log.
func (k *killer) end() {
	k.t.Helper()
	k.f.sound(k.t, k.s.data)
	p := startProcess(k.t, k.s.data)
	for _, s := range k.all {
		if err := s.send(k.t, p.url, httpClient, k.ledger); err != nil {
			k.t.Errorf("after the last kill: %v", err)
			k.f.wrong.Add(1)
		}
	}
	k.ledger.settle(p.url)
	p.stop(syscall.SIGTERM)
	k.f.sound(k.t, k.s.data)
	check(k.t, os.RemoveAll(k.s.data))
}
