package main

import (
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/sijil/sijil/internal/logtest"
)

// TestPageFigures prints what the page costs, and holds its budgets: `make bench-web`.
func TestPageFigures(t *testing.T) {
	if os.Getenv("SIJIL_FIGURES") == "" {
		t.Skip("run `make bench-web`")
	}
	c := newCaller(t, serveOptions{noLimits: true}, slog.DiscardHandler)
	p := newPublication(t, c.key, "river")
	expect(t, "create", c.create(c.token("river"), encode(t, p.genesis)), 201, "")
	e := logtest.River()[1]
	var long strings.Builder
	long.WriteString("River Declaration\n\n")
	for i := range 125 { // eight words each
		fmt.Fprintf(&long, "Sentence %d asks for water, gates and bridges.\n", i)
	}
	e.Texts = map[string]string{"en": long.String()}
	s := p.next(t, e)
	expect(t, "version", c.submit("river", s), 201, "")
	copied := strings.Replace(long.String(), "Sentence 60 asks", "Sentence 60 begs", 1)

	who := newPerson(t, c.url)
	var bytes, requests atomic.Int64
	chromedp.ListenTarget(who.ctx, func(e any) {
		switch e := e.(type) {
		case *network.EventLoadingFinished:
			bytes.Add(int64(e.EncodedDataLength))
		case *network.EventRequestWillBeSent:
			requests.Add(1)
		}
	})
	who.run(chromedp.Navigate(c.url+"/"), chromedp.WaitReady("#answer"))
	home, asked := bytes.Load(), requests.Load()
	verdict := func() time.Duration {
		who.run(chromedp.SetValue("#text", copied, chromedp.ByQuery), chromedp.Evaluate(`document.getElementById("answer").replaceChildren()`, nil))
		start := time.Now()
		who.run(chromedp.Click("form.check button[type=submit]", chromedp.ByQuery), chromedp.WaitVisible("#word"))
		return time.Since(start)
	}
	verdict()
	all := bytes.Load()
	warm := verdict()
	for range 4 {
		warm = min(warm, verdict())
	}
	// A slow phone: 1.6 Mb/s, 150 ms, a processor of a quarter.
	who.run(network.ClearBrowserCache(), network.EmulateNetworkConditions(false, 150, 200_000, 96_000), emulation.SetCPUThrottlingRate(4), chromedp.Navigate("about:blank"))
	start := time.Now()
	who.run(chromedp.Navigate(c.url+"/"), chromedp.WaitReady("#answer"))
	shown := time.Since(start)
	cold := shown + verdict()
	t.Logf("first page: %d bytes in %d requests; with a verdict %d bytes", home, asked, all)
	t.Logf("verdict on 1,000 words: %v with everything at hand (a fetch of each document included); cold on a slow phone %v, of which %v the page", warm, cold, shown)
	if home > 60_000 || asked > 9 {
		t.Errorf("the first page takes %d bytes in %d requests", home, asked)
	}
	if cold > 3*time.Second {
		t.Errorf("a cold verdict on a slow phone takes %v", cold)
	}
}
