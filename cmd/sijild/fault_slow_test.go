package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var faultIdle = flag.Int("fault-idle", 500, "how many connections TestFaultSlow keeps open")

// TestFaultSlow keeps thousands of connections open: some say nothing, some send a byte now
// and then, some ask and do not read the answer, some vanish in the middle. Others are
// answered meanwhile, and those who never finish their question are let go.
func TestFaultSlow(t *testing.T) {
	f := newFault(t, "slow and vanishing clients")
	k := newSoak(t, f)
	address := strings.TrimPrefix(k.s.url, "http://")
	before := k.vitals()
	var crowd sync.WaitGroup
	var open, dropped atomic.Int64
	end := make(chan struct{})
	kinds := []func(net.Conn, <-chan struct{}) bool{idle, slowHead, slowBody, notReading, vanishing}
	for i := range *faultIdle {
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatalf("connection %d: %v", i, err)
		}
		open.Add(1)
		crowd.Go(func() {
			defer c.Close()
			if kinds[i%len(kinds)](c, end) {
				dropped.Add(1)
			}
		})
	}
	// As long as a request's head may take, and a little more.
	worst := time.Duration(0)
	for began := time.Now(); time.Since(began) < 12*time.Second; {
		for _, ask := range []func() error{
			func() error { return k.verify(k.genuine, "identical") },
			func() error { return k.read("/checkpoint") },
			func() error { return k.request(7) }, // a writer
		} {
			at := time.Now()
			if err := ask(); err != nil {
				t.Errorf("after %s: %v", time.Since(at), err)
				f.wrong.Add(1)
			}
			f.rounds.Add(1)
			worst = max(worst, time.Since(at))
		}
	}
	during := k.vitals()
	for deadline := time.Now().Add(time.Minute); int(dropped.Load()) < *faultIdle/len(kinds) && time.Now().Before(deadline); {
		check(t, k.read("/checkpoint"))
	}
	close(end)
	crowd.Wait()
	f.note = fmt.Sprintf("%d connections; the slowest answer to others took %.0f ms; resident %.0f MiB before, %.0f MiB with them; %d were let go", open.Load(), ms(worst), before.resident/(1<<20), during.resident/(1<<20), dropped.Load())
	if int(dropped.Load()) < *faultIdle/len(kinds) {
		t.Errorf("only %d of the connections were let go", dropped.Load())
		f.wrong.Add(1)
	}
	// Nothing is kept of them.
	for deadline := time.Now().Add(time.Minute); ; {
		now := k.vitals()
		if now.goroutines <= before.goroutines+50 {
			break
		}
		if time.Now().After(deadline) {
			t.Errorf("%d goroutines, before %d", now.goroutines, before.goroutines)
			f.wrong.Add(1)
			break
		}
	}
	k.ledger.settle(k.s.url)
}

// idle asks one thing, and keeps the connection.
func idle(c net.Conn, end <-chan struct{}) bool {
	_, _ = io.WriteString(c, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
	<-end
	return false
}

// slowHead never comes to the end of its head.
func slowHead(c net.Conn, end <-chan struct{}) bool {
	return dribble(c, end, "GET /checkpoint HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
}

// slowBody never comes to the end of its body.
func slowBody(c net.Conn, end <-chan struct{}) bool {
	return dribble(c, end, "POST /api/v1/verify HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: 10000\r\n\r\n")
}

// dribble sends a beginning, and then a byte twice a second until it is let go.
func dribble(c net.Conn, end <-chan struct{}, beginning string) (letGo bool) {
	_, err := io.WriteString(c, beginning)
	for tick := time.NewTicker(500 * time.Millisecond); err == nil; {
		select {
		case <-end:
			return false
		case <-tick.C:
		}
		_ = c.SetReadDeadline(time.Now().Add(time.Millisecond))
		if _, err = c.Read(make([]byte, 512)); errors.Is(err, os.ErrDeadlineExceeded) { // nothing was said, it still listens
			_, err = c.Write([]byte("x"))
		}
	}
	return true
}

// notReading asks for much, and reads nothing.
func notReading(c net.Conn, end <-chan struct{}) bool {
	_ = c.SetWriteDeadline(time.Now().Add(time.Second))
	_, _ = io.WriteString(c, strings.Repeat("GET /verifier.html HTTP/1.1\r\nHost: localhost\r\n\r\n", 20))
	<-end
	return false
}

// vanishing is gone in the middle of a question.
func vanishing(c net.Conn, _ <-chan struct{}) bool {
	_, _ = io.WriteString(c, "POST /api/v2/log/entries HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500\r\n\r\n{")
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	return false
}
