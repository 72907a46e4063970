package statement_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/sijil/sijil/internal/browsertest"
)

// lenient are the refused vectors that the browser reads: it does not check again the
// form of words that a publisher signed (docs/decisions/0010-browser.md).
var lenient = []string{
	"slug in capitals", "title not in NFC", "title with an override", "title with a line feed", "version: text without title", "version: empty date",
	"version: empty place-date", "retraction, no reason", "retraction, reason of two lines", "claim: reason of two lines", "claim: reason not in NFC", "claim: language in capitals",
}

// TestBrowserVectors: the browser reads what is read here, as the same statement of the
// chain, and refuses what is refused here.
func TestBrowserVectors(t *testing.T) {
	v := readVectors(t)
	page := browsertest.LoadPage(t, "statement/statement.ts", "statement")
	read := func(payload string) (got struct{ Type, Error string }) {
		page.Do(t, chromedp.Evaluate(fmt.Sprintf(`statement.parseStatement(new TextEncoder().encode(%s)).then(s => ({Type: s.type}), e => ({Error: String(e.message)}))`,
			browsertest.JSON(t, payload)), &got, browsertest.Await))
		return got
	}
	for want, payload := range map[string]string{"publication": v.Genesis, "version": v.Version, "retraction": v.Retraction, "policy": v.Policy, "redaction": v.Redaction} {
		if got := read(payload); got.Type != want {
			t.Errorf("%s is read as %q: %s", want, got.Type, got.Error)
		}
	}
	for _, r := range v.Refused {
		if got := read(r.Payload); (got.Type != "") != slices.Contains(lenient, r.Name) {
			t.Errorf("%s: read as %q, refused with %q", r.Name, got.Type, got.Error)
		}
	}
}

// TestBrowserAsides: the same of what belongs to no chain.
func TestBrowserAsides(t *testing.T) {
	v := readAsideVectors(t)
	for file, c := range map[string]struct {
		parse, of string
		good, bad map[string]string
	}{"claim": {"parseClaim", "c.kind", v.Claims, v.Sightings}, "observer": {"parseSighting", "c.claim ?? c.type", v.Sightings, v.Claims}} {
		page := browsertest.LoadPage(t, "statement/"+file+".ts", "statement")
		read := func(payload string) (got struct{ Type, Error string }) {
			page.Do(t, chromedp.Evaluate(fmt.Sprintf(`statement.%s(new TextEncoder().encode(%s)).then(c => ({Type: %s}), e => ({Error: String(e.message)}))`,
				c.parse, browsertest.JSON(t, payload), c.of), &got, browsertest.Await))
			return got
		}
		for name, payload := range c.good {
			if got := read(payload); got.Type == "" || !strings.HasPrefix(name, got.Type) {
				t.Errorf("%s is read as %q: %s", name, got.Type, got.Error)
			}
		}
		for name, payload := range c.bad {
			if got := read(payload); got.Type != "" {
				t.Errorf("%s: %s reads %s", c.parse, name, got.Type)
			}
		}
		for _, r := range v.Refused {
			if got := read(r.Payload); (got.Type != "") != (file == "claim" && slices.Contains(lenient, r.Name)) {
				t.Errorf("%s: %s: read as %q, refused with %q", c.parse, r.Name, got.Type, got.Error)
			}
		}
	}
}
