package main

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// TestBadgeFigures prints what a page with a badge loads for it until it has a state, and
// holds the first script to its budget: it gives the state of an authentic page alone.
func TestBadgeFigures(t *testing.T) {
	c, authentic, altered := thousandWords(t)
	for _, name := range []string{"badge.js", "more.js", "engine.js", "difference.js", "ed25519.js"} {
		t.Logf("%s: %d bytes, gzip", name, packedSize(t, name))
	}
	if n := packedSize(t, "badge.js"); n >= 8000 {
		t.Errorf("the badge's first script is %d bytes", n)
	}
	e := newEmbedder(t, c.url)
	var received atomic.Int64
	var mu sync.Mutex
	addresses := map[network.RequestID]string{}
	var asked []string
	chromedp.ListenTarget(e.ctx, func(ev any) {
		mu.Lock()
		defer mu.Unlock()
		switch ev := ev.(type) {
		case *network.EventRequestWillBeSent:
			if path, ok := strings.CutPrefix(ev.Request.URL, c.url); ok && !strings.HasSuffix(path, ".svg") { // the picture is for pages without scripts
				addresses[ev.RequestID] = path
				asked = append(asked, path)
			}
		case *network.EventLoadingFinished:
			if addresses[ev.RequestID] != "" {
				received.Add(int64(ev.EncodedDataLength))
			}
		}
	})
	e.run(network.Enable())
	for _, x := range []struct{ text, state string }{{authentic, "authentic"}, {altered, "altered"}} {
		e.run(network.ClearBrowserCache())
		received.Store(0)
		mu.Lock()
		asked = nil
		mu.Unlock()
		e.article(x.text, "")
		if got := e.state("/"); got != x.state {
			t.Errorf("a page with the %s text: %s", x.state, got)
		}
		mu.Lock()
		t.Logf("badge: %d bytes in %d requests until %q, headers included: %v", received.Load(), len(asked), x.state, asked)
		if x.state == "authentic" && len(asked) != 2 {
			t.Errorf("the first state takes %v", asked)
		}
		mu.Unlock()
	}
}
