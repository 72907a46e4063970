package main

import (
	"flag"
	"strings"
	"syscall"
	"testing"
)

var faultTwice = flag.Int("fault-twice", 5, "how often TestFaultTwo starts two processes on one folder")

// TestFaultTwo starts two services on one folder at the same time: one serves, the other
// ends and says why. The one that serves is killed, and the next two start.
func TestFaultTwo(t *testing.T) {
	f := newFault(t, "two processes on one folder")
	f.note = "started at the same time, the one that served killed"
	data, key := newData(t)
	l := newLedger(t, f, key)
	author := newNewcomer(t, &running{data: data, key: key, http: httpClient}, "river")
	for range *faultTwice {
		f.rounds.Add(1)
		a, b := spawn(t, data, nil), spawn(t, data, nil)
		serves, other := a, b
		aServes, bServes := a.ready(), b.ready()
		if bServes {
			serves, other = b, a
		}
		if aServes == bServes {
			t.Errorf("the one serves: %v, the other: %v", aServes, bServes)
			f.forked.Add(1)
			return
		}
		if other.cmd.ProcessState.ExitCode() != 1 || !strings.Contains(other.out.String(), "another sijild serves this data folder") {
			t.Errorf("the other ended: %v\n%s", other.err, other.out)
			f.wrong.Add(1)
		}
		check(t, author.send(t, serves.url, httpClient, l))
		serves.stop(syscall.SIGKILL)
	}
	f.sound(t, data)
	p := startProcess(t, data)
	l.settle(p.url)
}
