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
	axe := newAxe(t)
	c, _, editions := rivers(t)
	p := newPerson(t, c.url)
	look := func(name string) {
		t.Helper()
		axe.look(p, name)
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
			}
			for name, copied := range copies {
				p.paste(lang+"/", copied)
				look(fmt.Sprintf("%s in %s, %d pixels, %s", name, lang, screen.width, screen.scheme))
			}
		}
	}
}

// axe is axe-core, in a page.
type axe string

func newAxe(t *testing.T) axe {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "web", "node_modules", "axe-core", "axe.min.js"))
	if os.IsNotExist(err) {
		t.Skip("axe-core is not there: make web/node_modules")
	}
	check(t, err)
	return axe(b)
}

// look holds the page that is open against axe's rules, and to the width of the screen.
func (a axe) look(p *person, name string) {
	p.t.Helper()
	var found struct {
		Passes     []any
		Violations []struct {
			ID, Help string
			Nodes    []struct{ HTML string }
		}
	}
	var wide bool
	p.run(chromedp.Evaluate(string(a)+";void 0", nil), chromedp.Evaluate(`axe.run(document)`, &found, browsertest.Await),
		chromedp.Evaluate(`document.documentElement.scrollWidth > innerWidth`, &wide))
	if len(found.Passes) < 15 {
		p.t.Errorf("%s: axe looked at %d rules only", name, len(found.Passes))
	}
	for _, v := range found.Violations {
		p.t.Errorf("%s: %s (%s): %d places, such as %s", name, v.Help, v.ID, len(v.Nodes), v.Nodes[0].HTML)
	}
	if wide {
		p.t.Errorf("%s is wider than the screen", name)
	}
}

// visits are the pages that signatories and their readers see, by a name: an address, or
// what is pressed there. In turns others ask for a code for a mail, of which nobody gets
// many.
func (c *campaign) visits(links map[string]string, turn int) map[string][2]string {
	of := func(name string) string { return strings.TrimPrefix(links[name], c.s.url) }
	return map[string][2]string{
		"invitation": {of("Women of the Port")}, "invitation-denial": {of("Women of the Port") + "?say=denial&text=fr"}, "invitation-domain": {of("Women of the Port"), "#way-domain form button"},
		"invitation-nothing": {of("River School") + "?say=withdrawal", "#way-domain form button"}, "invitation-mail": {of([]string{"Women of the Port", "River School"}[turn%2]), "#way-mail form button"}, "invitation-used": {of("Salt Union")},
		"invitation-withheld": {of("Amina Saleh")}, "invitation-invalid": {"/i/x"}, "signatories": {"/p/river"}, "signatories-version": {"/p/river/v/1"}, "signatories-history": {"/p/river/history"},
	}
}

// open opens one of them in a language.
func (p *person) open(lang string, visit [2]string) {
	p.t.Helper()
	p.run(chromedp.Navigate(p.url + lang + visit[0]))
	if visit[1] != "" {
		p.run(chromedp.Click(visit[1]), chromedp.WaitReady("main > ul.inline > li > a"))
	}
}

// TestInvitedAccessible: the same for the pages of the invited, and for those that show
// every state of a signatory.
func TestInvitedAccessible(t *testing.T) {
	axe := newAxe(t)
	c := newCampaign(t)
	links := c.invite("invitations.csv")
	c.speak(links)
	c.web.put("river-school.example", "")
	p := newPerson(t, c.s.url)
	for turn, screen := range []struct {
		width  int64
		scheme string
	}{{320, "light"}, {1280, "dark"}} {
		p.run(chromedp.EmulateViewport(screen.width, 800), emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: screen.scheme}}))
		for _, lang := range []string{"/en", "/fr", "/ar"} {
			for name, visit := range c.visits(links, turn) {
				p.open(lang, visit)
				axe.look(p, fmt.Sprintf("%s%s, %d pixels, %s", lang, name, screen.width, screen.scheme))
			}
		}
	}
}
