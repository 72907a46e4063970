package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/sijil/sijil/internal/browsertest"
)

// TestScreenshots writes every page in every language as a picture into the folder SIJIL_SCREENSHOTS:
// `make screenshots`.
func TestScreenshots(t *testing.T) {
	if os.Getenv("SIJIL_SCREENSHOTS") == "" {
		t.Skip("SIJIL_SCREENSHOTS names no folder: run `make screenshots`")
	}
	c, _, editions := rivers(t)
	latest := editions[1].Texts["en"]
	copies := map[string]string{
		"authentic": strings.ReplaceAll(latest, " ", "  "),
		"altered":   strings.Replace(strings.Replace(latest, "nine", "seven", 1), "the gates", "not the gates", 1) + "\n• Union of Well Keepers\n• Dam Builders Federation\n",
		"arabic":    strings.Replace(editions[1].Texts["ar"], "تسعة", "سبعة", 1),
		"excerpt":   "The river belongs to all who drink from it.",
		"unknown":   "The weather is fine today, and will be tomorrow as well.",
	}
	paths := map[string]string{"home": "/", "publication": "/p/river", "version": "/p/river/v/1", "history": "/p/river/history", "compare": "/p/river/compare/1/2", "chain": "/p/river/chain",
		"embed": "/p/river/embed", "print": "/p/river/v/2/print/ar", "log": "/log", "entry": "/log/entries/1", "check": "/check?publication=river", "missing": "/p/nowhere"}
	onScreens(t, c.url, func(p *person, _ int, shot func(name string)) {
		for _, lang := range []string{"en", "fr", "ar"} {
			for name, path := range paths {
				p.run(chromedp.Navigate(p.url + "/" + lang + path))
				shot(name + "-" + lang)
			}
			for name, copied := range copies {
				p.paste("/"+lang+"/", copied)
				shot("verdict-" + name + "-" + lang)
			}
		}
	})
}

// onScreens opens a browser for a phone, for a desktop, and for a phone in the dark; shot
// takes a picture of the page that is open there.
func onScreens(t *testing.T, address string, look func(p *person, turn int, shot func(name string))) {
	dir := os.Getenv("SIJIL_SCREENSHOTS")
	check(t, os.MkdirAll(dir, 0o755))
	for turn, screen := range []struct {
		name   string
		width  int64
		scheme string
	}{{"phone", 360, "light"}, {"desktop", 1280, "light"}, {"dark", 360, "dark"}} {
		t.Run(screen.name, func(t *testing.T) {
			p := newPerson(t, address)
			p.run(chromedp.EmulateViewport(screen.width, 800), emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: screen.scheme}}))
			look(p, turn, func(name string) {
				// The screen is as long as the page: what is beyond it may not be drawn yet.
				var long int64
				var png []byte
				p.run(chromedp.Evaluate(`document.documentElement.scrollHeight`, &long))
				p.run(chromedp.EmulateViewport(screen.width, long), chromedp.Evaluate(`Promise.all([...document.images].map((i) => { i.loading = "eager"; return i.decode(); })).then(() => 0)`, nil, browsertest.Await), chromedp.CaptureScreenshot(&png), chromedp.EmulateViewport(screen.width, 800))
				check(t, os.WriteFile(filepath.Join(dir, name+"-"+screen.name+".png"), png, 0o644))
			})
		})
	}
}

// TestInvitedScreenshots does the same for the pages of the invited, and for those that
// show every state of a signatory.
func TestInvitedScreenshots(t *testing.T) {
	if os.Getenv("SIJIL_SCREENSHOTS") == "" {
		t.Skip("SIJIL_SCREENSHOTS names no folder: run `make screenshots`")
	}
	c := newCampaign(t)
	links := c.invite("invitations.csv")
	c.speak(links)
	c.web.put("river-school.example", "")
	onScreens(t, c.s.url, func(p *person, turn int, shot func(name string)) {
		for _, lang := range []string{"en", "fr", "ar"} {
			for name, visit := range c.visits(links, turn) {
				p.open("/"+lang, visit)
				shot(name + "-" + lang)
			}
		}
	})
}
