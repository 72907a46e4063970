package main

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/sijil/sijil/internal/browsertest"
)

// TestArabicPages: somebody reads the history in Arabic, from right to left and with Latin
// digits, has two versions compared, and sees what differs without its colour. Nothing that
// is on a page moves once it is there.
func TestArabicPages(t *testing.T) {
	c, _, _ := rivers(t)
	p := newPerson(t, c.url)
	still := func(name string) {
		t.Helper()
		var shifted float64
		p.run(chromedp.Evaluate(`new Promise((done) => {
			let n = 0;
			new PerformanceObserver((l) => { for (const e of l.getEntries()) if (!e.hadRecentInput) n += e.value; }).observe({ type: "layout-shift", buffered: true });
			requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => done(n))));
		})`, &shifted, browsertest.Await))
		if shifted > 0 {
			t.Errorf("%s moves by %g", name, shifted)
		}
	}
	p.run(chromedp.EmulateViewport(320, 700))
	for _, path := range []string{"/ar/", "/ar/p/river", "/ar/log", "/ar/p/river/embed"} {
		p.run(chromedp.Navigate(c.url+path), chromedp.WaitReady("footer"))
		if path != "/ar/p/river/embed" { // where the badge takes the place of a picture
			still(path)
		}
	}
	var heading, said, direction string
	var start bool
	p.run(chromedp.Navigate(c.url+"/ar/p/river/history"), chromedp.Text("main", &said), chromedp.Evaluate(`getComputedStyle(document.body).direction`, &direction),
		chromedp.Evaluate(`document.querySelector("h1 .title").getBoundingClientRect().right > innerWidth / 2`, &start))
	still("the history")
	if direction != "rtl" || !start || strings.ContainsAny(said, "٠١٢٣٤٥٦٧٨٩") || !strings.Contains(said, "2026") {
		t.Errorf("direction %s, begins at the right %v:\n%s", direction, start, said)
	}
	var signs []string
	p.run(chromedp.Click(`main form button`), chromedp.WaitReady("main .versus del"), chromedp.Text("h1", &heading),
		chromedp.Evaluate(`["del", "ins"].map((n) => { const e = document.querySelector(".versus " + n); return getComputedStyle(e, "::before").content + e.textContent + getComputedStyle(e).textDecorationLine; })`, &signs))
	still("the comparison")
	if len(signs) != 2 || !strings.Contains(signs[0], "−") || !strings.Contains(signs[0], "line-through") || !strings.Contains(signs[1], "+") || !strings.Contains(signs[1], "underline") {
		t.Errorf("what differs is marked %q", signs)
	}
}
