package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"log/slog"
	"math"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/sijil/sijil/internal/browsertest"
	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/web"
)

// thousandWords is a service with one publication, its text, and a copy with one word changed.
func thousandWords(t *testing.T) (c *caller, text, copied string) {
	t.Helper()
	c = newCaller(t, serveOptions{noLimits: true}, slog.DiscardHandler)
	p := newPublication(t, c.key, "river")
	expect(t, "create", c.create(c.token("river"), encode(t, p.genesis)), 201, "")
	e := logtest.River()[1]
	var long strings.Builder
	long.WriteString("River Declaration\n\n")
	for i := range 125 { // eight words each
		fmt.Fprintf(&long, "Sentence %d asks for water, gates and bridges.\n", i)
	}
	e.Texts = map[string]string{"en": long.String()}
	expect(t, "version", c.submit("river", p.next(t, e)), 201, "")
	return c, long.String(), strings.Replace(long.String(), "Sentence 60 asks", "Sentence 60 begs", 1)
}

// coldTries is how often a cold verdict is timed; busy is how long the yardstick takes, in
// milliseconds, where the machine has other things to do.
const (
	coldTries = 5
	busy      = 2000
)

// TestPageFigures prints what the page costs, and holds its budgets: `make bench-web`.
func TestPageFigures(t *testing.T) {
	if os.Getenv("SIJIL_FIGURES") == "" {
		t.Skip("run `make bench-web`")
	}
	c, _, copied := thousandWords(t)

	who := newPerson(t, c.url)
	var received, requests atomic.Int64
	chromedp.ListenTarget(who.ctx, func(e any) {
		switch e := e.(type) {
		case *network.EventLoadingFinished:
			received.Add(int64(e.EncodedDataLength))
		case *network.EventRequestWillBeSent:
			requests.Add(1)
		}
	})
	// Without the worker: what it keeps would hide what a first visit costs.
	who.run(network.SetBypassServiceWorker(true), chromedp.Navigate(c.url+"/"), chromedp.WaitReady("#answer"))
	home, asked := received.Load(), requests.Load()
	verdict := func() time.Duration { return who.timed(copied) }
	verdict()
	all := received.Load()
	warm := verdict()
	for range 4 {
		warm = min(warm, verdict())
	}
	// A slow phone: 1.6 Mb/s, 150 ms, a processor of a quarter.
	// The machine may be busy with something else: the least of some tries, beside the
	// yardstick, how long a fixed sum takes there.
	cold, shown, sum := time.Duration(math.MaxInt64), time.Duration(0), 0.0
	for range coldTries {
		who.run(network.ClearBrowserCache(), network.EmulateNetworkConditions(false, 150, 200_000, 96_000), emulation.SetCPUThrottlingRate(4), chromedp.Navigate("about:blank"))
		start := time.Now()
		who.run(chromedp.Navigate(c.url+"/"), chromedp.WaitReady("#answer"))
		page := time.Since(start)
		if all := page + verdict(); all < cold {
			cold, shown = all, page
		}
		var took float64
		who.run(chromedp.Evaluate(`{ const from = performance.now(); let s = 0; for (let i = 0; i < 5e7; i++) s = (s * 31 + i) | 0; performance.now() - from + (s & 0); }`, &took))
		sum += took / coldTries
	}
	t.Logf("a sum of 50 million numbers on the slow phone, mean: %.0f ms", sum)
	for _, name := range []string{"page.js", "form.js", "office.js", "badge.js", "more.js", "engine.js", "difference.js", "ed25519.js", "style.css"} {
		t.Logf("%s: %d bytes, gzip", name, packedSize(t, name))
	}
	t.Logf("first page: %d bytes in %d requests; with a verdict %d bytes", home, asked, all)
	t.Logf("verdict on 1,000 words: %v with everything at hand (a fetch of each document included); cold on a slow phone %v, of which %v the page", warm, cold, shown)
	if home > 60_000 || asked > 9 {
		t.Errorf("the first page takes %d bytes in %d requests", home, asked)
	}
	// Through the worker, which most visits go through.
	through := newPerson(t, c.url)
	through.run(network.SetCacheDisabled(false), chromedp.Navigate(c.url+"/"))
	through.installed()
	through.run(chromedp.Navigate(c.url+"/"), chromedp.WaitReady("#answer"))
	through.timed(copied)
	worker := through.timed(copied)
	for range 9 {
		worker = min(worker, through.timed(copied))
	}
	t.Logf("verdict on 1,000 words through the worker: %v", worker)
	l := newLine(t, c.url)
	other := newPerson(t, l.URL)
	other.run(network.SetBypassServiceWorker(true), chromedp.Navigate(l.URL+"/"), chromedp.WaitReady("#answer"), chromedp.Focus("#text", chromedp.ByQuery))
	if word, said := other.paste("/", copied); word != "Altered" {
		t.Fatal(said)
	}
	l.cut.Store(hang)
	never := other.timed(copied)
	word, _ := other.answer()
	t.Logf("evidence that never comes: %s after %v", word, never)
	if word != "Unchecked" || never > 10*time.Second {
		t.Error("a service that does not answer holds the reader for more than ten seconds")
	}
	if cold > 3*time.Second {
		if sum > busy {
			t.Logf("a cold verdict takes %v on a machine that is busy with something else: that says nothing of a phone", cold)
		} else {
			t.Errorf("a cold verdict on a slow phone takes %v", cold)
		}
	}
}

// timed is how long a verdict takes, from the click until it is drawn. The button is
// pressed by script: on a busy machine the page still moves while a mouse would aim.
func (p *person) timed(copied string) time.Duration {
	p.t.Helper()
	var ms float64
	p.run(chromedp.SetValue("#text", copied, chromedp.ByQuery), chromedp.Evaluate(`new Promise((done) => {
		const area = document.getElementById("answer");
		area.replaceChildren();
		const from = performance.now();
		new MutationObserver((_, o) => {
			if (!document.getElementById("word")) return;
			o.disconnect();
			requestAnimationFrame(() => done(performance.now() - from));
		}).observe(area, { childList: true, subtree: true });
		document.querySelector("form.check button[type=submit]").click();
	})`, &ms, browsertest.Await))
	return time.Duration(ms * float64(time.Millisecond))
}

// packedSize is what a script or style takes on its way.
func packedSize(t *testing.T, name string) int {
	t.Helper()
	body, err := web.Static().ReadFile("static/" + name)
	check(t, err)
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	check(t, err)
	_, err = z.Write(body)
	check(t, err)
	check(t, z.Close())
	return b.Len()
}
