package main

import (
	"flag"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"
)

var clusterFaults = flag.Int("cluster-faults", 2, "how often each part of a cluster fails in TestClusterPaused, TestClusterLogServer and TestClusterLogSigner")

// TestClusterPaused stops the process that leads, until another one leads, and lets it go
// on in whatever it was doing. It must sign nothing more, and follow as the others do.
func TestClusterPaused(t *testing.T) {
	f := newFault(t, "the leader of a cluster is stopped (SIGSTOP) until another one leads, and goes on")
	r := newRig(t)
	fronts := []*process{r.frontEnd(), r.frontEnd(), r.frontEnd()}
	r.leader(fronts)
	l := newLoad(r, f, 4, fronts)
	end := l.begin()
	var away time.Duration
	fenced := 0
	for range *clusterFaults {
		if l.more(20); t.Failed() {
			break
		}
		f.rounds.Add(1)
		old := r.leader(fronts)
		others := []*process{fronts[(old+1)%3], fronts[(old+2)%3]}
		begun := time.Now()
		check(t, fronts[old].cmd.Process.Signal(syscall.SIGSTOP))
		r.leader(others)
		away = max(away, time.Since(begun))
		l.more(20)
		check(t, fronts[old].cmd.Process.Signal(syscall.SIGCONT))
		wait(t, "the old leader to find that it does not lead", func() bool { return !fronts[old].leads() })
		if strings.Contains(lastLine(fronts[old].out.String(), "does not lead any more"), "went on from one of") {
			fenced++ // else it found the lock lost before it tried
		}
		l.more(20)
		wait(t, "metrics of which one says that it leads", func() bool {
			leaders := 0.0
			for _, p := range fronts {
				leaders += p.numbers()["sijil_leader"]
			}
			return leaders == 1
		})
	}
	end()
	l.finish(fronts)
	f.note = fmt.Sprintf("%s; another one led after %v at most; %d times the old one was turned away by the checkpoint, else by the lock", l.said(), away.Round(100*time.Millisecond), fenced)
}

// lastLine is the last line of a text that holds words.
func lastLine(text, words string) (last string) {
	for line := range strings.Lines(text) {
		if strings.Contains(line, words) {
			last = line
		}
	}
	return last
}

// TestClusterLogServer kills Trillian's server under load, and starts it again once
// clients were refused.
func TestClusterLogServer(t *testing.T) {
	f := newFault(t, "trillian_log_server is killed (SIGKILL), and started again")
	testEngine(t, f, func(r *rig) *engine { return r.server }, func(l *load) {
		refused := l.again.Load() + 3
		wait(t, "refused records", func() bool { return l.again.Load() >= refused })
	})
}

// TestClusterLogSigner kills Trillian's signer under load, and starts it again once
// everybody waits for it.
func TestClusterLogSigner(t *testing.T) {
	f := newFault(t, "trillian_log_signer is killed (SIGKILL), and started again")
	testEngine(t, f, func(r *rig) *engine { return r.signer }, func(l *load) { l.still(time.Second) })
}

func testEngine(t *testing.T, f *fault, which func(*rig) *engine, noticed func(*load)) {
	r := newRig(t)
	fronts := []*process{r.frontEnd(), r.frontEnd(), r.frontEnd()}
	r.leader(fronts)
	l := newLoad(r, f, 4, fronts)
	end := l.begin()
	var away time.Duration
	for range *clusterFaults {
		if l.more(20); t.Failed() {
			break
		}
		f.rounds.Add(1)
		which(r).kill()
		noticed(l)
		begun := time.Now()
		check(t, which(r).start())
		l.more(1)
		away = max(away, time.Since(begun))
		l.more(20)
	}
	end()
	l.finish(fronts)
	f.note = fmt.Sprintf("%s; the first acknowledgement came %v after the start at most", l.said(), away.Round(100*time.Millisecond))
}
