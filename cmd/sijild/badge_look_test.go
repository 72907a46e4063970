package main

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// opened lets a test look into the badge, whose shadow root is closed, and notes the page's
// layout shifts and when the badge said what.
const opened = `{
	const attach = Element.prototype.attachShadow;
	Element.prototype.attachShadow = function () { return attach.call(this, { mode: "open" }); };
	window.times = {};
	window.shifted = 0;
	document.addEventListener("sijil", (e) => (times[e.detail] = performance.now()), true);
	new PerformanceObserver((l) => { for (const e of l.getEntries()) if (!e.hadRecentInput) shifted += e.value; }).observe({ type: "layout-shift", buffered: true });
}`

func (e *embedder) open() {
	e.t.Helper()
	e.run(chromedp.ActionFunc(func(ctx context.Context) error {
		_, err := page.AddScriptToEvaluateOnNewDocument(opened).Do(ctx)
		return err
	}))
}

// TestBadgeAccessible: axe-core finds nothing in the badge, in every state it may have on a
// page, in three languages, sizes and both colour schemes; it stands still while it decides.
func TestBadgeAccessible(t *testing.T) {
	axe := newAxe(t)
	c, _, editions := rivers(t)
	e := newEmbedder(t, c.url)
	e.open()
	latest := editions[1].Texts["en"]
	states := map[string]string{
		"authentic": latest, "superseded": editions[0].Texts["en"], "altered": strings.Replace(latest, " the ", " not the ", 1),
		"excerpt": "The river belongs to all who drink from it. We count nine bridges.", "unknown": "The weather is fine today, and will be tomorrow as well, they say.",
		"unchecked": latest,
	}
	for i, look := range []struct {
		width        int64
		scheme, size string
	}{{320, "light", "large"}, {1280, "dark", "medium"}, {320, "dark", "small"}} {
		e.run(chromedp.EmulateViewport(look.width, 800), emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: look.scheme}}))
		lang := []string{"ar", "fr", "en"}[i]
		for state, text := range states {
			more := ""
			if state == "unchecked" {
				more = `<style>article p{text-transform:uppercase}</style>`
			}
			e.article(text, more)
			body := strings.Replace(e.page.Load().(string), "<html lang=\"en\"><title>", fmt.Sprintf(`<html lang=%q dir="auto"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark"><title>`, lang), 1)
			body = strings.NewReplacer(`<sijil-badge `, fmt.Sprintf(`<sijil-badge size=%q `, look.size), ` lang="en">`, ">", "<body>", "<body><main><h1>A site</h1>", "<footer>", "</main><footer>").Replace(body)
			e.page.Store(body)
			if got := e.state("/"); got != state {
				t.Errorf("%s, want %s", got, state)
			}
			name := fmt.Sprintf("%s, %+v", state, look)
			axe.look(e.person, name)
			var shifted float64
			var tall bool
			e.run(chromedp.Evaluate(`window.shifted`, &shifted), chromedp.Evaluate(`document.querySelector("sijil-badge").shadowRoot.querySelector("a").getBoundingClientRect().height >= 44`, &tall))
			// The picture for pages without scripts gives way to the badge.
			if shifted > 0.02 && state != "altered" || !tall {
				t.Errorf("%s: the page shifts by %g, tall enough to press: %v", name, shifted, tall)
			}
		}
	}
}

// TestBadgeUnreachable: a service that answers nothing more, or is gone, leaves the badge
// unchecked, and does not keep its reader waiting.
func TestBadgeUnreachable(t *testing.T) {
	c, _, editions := rivers(t)
	const gone = 404
	var mode atomic.Int32
	stop := make(chan struct{})
	server := tampering(t, c.url, func(path string, b []byte) []byte {
		now := mode.Load()
		if now == 0 || strings.HasPrefix(path, "/static/") || strings.HasSuffix(path, ".svg") {
			return b
		}
		if now == hang {
			<-stop
		}
		return nil
	})
	defer close(stop)
	e := newEmbedder(t, server.URL)
	e.open()
	e.article(editions[1].Texts["en"], "")
	for _, m := range []int32{gone, hang} {
		mode.Store(m)
		if got := e.state("/"); got != "unchecked" {
			t.Errorf("%d: %s", m, got)
		}
		var took float64 // milliseconds
		e.run(chromedp.Evaluate(`times.unchecked - times.checking`, &took))
		// It gives up after 9.3 seconds; on a busy machine its clock rings late.
		if limit := 15 * time.Second; took > float64(limit.Milliseconds()) {
			t.Errorf("%d: decided after %g ms", m, took)
		}
	}
}
