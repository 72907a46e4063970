package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/sijil/sijil/internal/browsertest"
)

// TestAccessible: axe-core finds nothing on any page in three languages, in both colour
// schemes, for a phone and a desktop, and in every verdict.
func TestAccessible(t *testing.T) {
	axe, err := os.ReadFile(filepath.Join("..", "..", "web", "node_modules", "axe-core", "axe.min.js"))
	if os.IsNotExist(err) {
		t.Skip("axe-core is not there: make web/node_modules")
	}
	check(t, err)
	c, _, editions := rivers(t)
	p := newPerson(t, c.url)
	look := func(name string) {
		t.Helper()
		var found struct {
			Passes     []any
			Violations []struct {
				ID, Help string
				Nodes    []struct{ HTML string }
			}
		}
		p.run(chromedp.Evaluate(string(axe)+";void 0", nil),
			chromedp.Evaluate(`axe.run(document)`, &found, browsertest.Await))
		if len(found.Passes) < 15 {
			t.Errorf("%s: axe looked at %d rules only", name, len(found.Passes))
		}
		for _, v := range found.Violations {
			t.Errorf("%s: %s (%s): %d places, such as %s", name, v.Help, v.ID, len(v.Nodes), v.Nodes[0].HTML)
		}
	}
	latest := editions[1].Texts["en"]
	copies := map[string]string{
		"identical": latest, "authentic": strings.ReplaceAll(latest, " ", "  "), "excerpt": "The river belongs to all who drink from it.",
		"altered": strings.Replace(latest, "the gates", "not the gates", 1) + "\n• Union of Well Keepers\n• Dam Builders Federation\n",
		"unknown": "The weather is fine today, and will be tomorrow as well.", "unchecked": " ",
	}
	for _, screen := range []struct {
		width  int64
		scheme string
	}{{320, "light"}, {1280, "dark"}} {
		p.run(chromedp.EmulateViewport(screen.width, 800), emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: screen.scheme}}))
		for _, lang := range []string{"/en", "/fr", "/ar"} {
			for _, path := range []string{"/", "/p/river", "/p/river/v/1", "/p/river/history", "/p/river/compare/1/2", "/p/river/chain", "/p/river/embed",
				"/p/river/v/1/print/ar", "/log", "/log/entries/1", "/check?publication=river", "/p/nowhere"} {
				p.run(chromedp.Navigate(p.url + lang + path))
				look(fmt.Sprintf("%s%s, %d pixels, %s", lang, path, screen.width, screen.scheme))
				var wide bool
				p.run(chromedp.Evaluate(`document.documentElement.scrollWidth > innerWidth`, &wide))
				if wide {
					t.Errorf("%s%s is wider than %d pixels", lang, path, screen.width)
				}
			}
			for name, copied := range copies {
				p.paste(lang+"/", copied)
				look(fmt.Sprintf("%s in %s, %d pixels, %s", name, lang, screen.width, screen.scheme))
			}
		}
	}
}
