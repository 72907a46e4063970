package main

import (
	"bytes"
	"context"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/sijil/sijil/internal/extract/extracttest"
	"github.com/sijil/sijil/internal/logtest"
)

// TestPortableVerifier: one file, opened from the disk, checks copies against the service
// and against an evidence pack, and believes nothing of another log.
func TestPortableVerifier(t *testing.T) {
	c, _, editions := rivers(t)
	saved := c.plain("/verifier.html")
	if !bytes.Equal(saved, c.plain("/fr/verifier.html")) {
		t.Error("the verifier depends on who asks for it")
	}
	// The service names itself localhost; the test reaches it at a port.
	saved = bytes.ReplaceAll(saved, []byte("http://localhost"), []byte(c.url))
	dir := t.TempDir()
	file, pack, foreign := filepath.Join(dir, "verifier.html"), filepath.Join(dir, "pack.zip"), filepath.Join(dir, "foreign.zip")
	check(t, os.WriteFile(file, saved, 0o644))
	check(t, os.WriteFile(pack, c.plain("/p/river/evidence.zip"), 0o644))
	other, _, _ := rivers(t)
	check(t, os.WriteFile(foreign, other.plain("/p/river/evidence.zip"), 0o644))
	if !bytes.Equal(c.plain("/p/river/evidence.zip"), c.plain("/p/river/evidence.zip")) {
		t.Error("equal evidence gives different packs")
	}

	p := newPerson(t, c.url)
	latest := editions[1].Texts["en"]
	verify := func(copied, pack string) (word, said string) {
		t.Helper()
		p.run(chromedp.Navigate("file://"+file), chromedp.WaitVisible("#text"), chromedp.SetValue("#text", copied, chromedp.ByQuery))
		if pack != "" {
			p.run(chromedp.SetUploadFiles("#pack", []string{pack}, chromedp.ByQuery))
		}
		p.run(chromedp.Click("button[type=submit]", chromedp.ByQuery))
		return p.answer()
	}
	for name, x := range map[string]struct{ copied, pack, word, says string }{
		"identical":              {latest, "", "Identical", "Yes, this is the latest version."},
		"altered":                {strings.Replace(latest, " the ", " not the ", 1), "", "Altered", "Negation"},
		"with a pack":            {latest, pack, "Identical", "No network was needed"},
		"altered, with a pack":   {strings.Replace(latest, "nine", "six", 1), pack, "Altered", "six"},
		"unknown, with a pack":   {"The weather is fine today, and will be tomorrow as well.", pack, "Unchecked", "not a fresh view"},
		"a pack of another log":  {latest, foreign, "Unchecked", "of another log"},
		"a pack that is no pack": {latest, file, "Unchecked", "does not verify"},
	} {
		word, said := verify(x.copied, x.pack)
		if word != x.word || !strings.Contains(said, x.says) || strings.Contains(said, "file://") || !strings.Contains(said, "sijil trust init "+c.url) {
			t.Errorf("%s: %s\n%s", name, word, said)
		}
	}
	word := filepath.Join(dir, "copy.docx")
	check(t, os.WriteFile(word, extracttest.DOCX(strings.Split(strings.TrimSpace(latest), "\n")), 0o644))
	p.run(chromedp.Navigate("file://"+file), chromedp.WaitVisible("#text"), chromedp.SetUploadFiles("#file", []string{word}, chromedp.ByQuery),
		chromedp.Click("button[type=submit]", chromedp.ByQuery))
	if word, said := p.answer(); word != "Authentic" {
		t.Errorf("a Word file: %s\n%s", word, said)
	}
	for _, r := range p.requests() {
		_, address, _ := strings.Cut(r, " ")
		if !strings.HasPrefix(address, c.url+"/") && !strings.HasPrefix(address, "file://"+file) || !strings.HasPrefix(r, "GET ") {
			t.Errorf("the verifier asked %s", r)
		}
	}
}

// TestPortableRemembers: a file that saw the log grow refuses an older state of it, and
// another publication under the same name; one for which nothing is kept says so.
func TestPortableRemembers(t *testing.T) {
	c := newCaller(t, serveOptions{noLimits: true}, slog.DiscardHandler)
	pub := newPublication(t, c.key, "river")
	expect(t, "create", c.create(c.token("river"), encode(t, pub.genesis)), 201, "")
	editions := logtest.River()
	var mu sync.Mutex
	before := map[string][]byte{} // the service's answers while it had one version
	lying := false
	server := tampering(t, c.url, func(path string, b []byte) []byte {
		mu.Lock()
		defer mu.Unlock()
		if old, ok := before[path]; lying && ok {
			return old
		}
		if _, ok := before[path]; !ok && !strings.Contains(path, "/2") {
			before[path] = b
		}
		return b
	})
	file := filepath.Join(t.TempDir(), "verifier.html")
	check(t, os.WriteFile(file, bytes.ReplaceAll(c.plain("/verifier.html"), []byte("http://localhost"), []byte(server.URL)), 0o644))
	verify := func(p *person, copied string) (word, said string) {
		t.Helper()
		p.run(chromedp.Navigate("file://"+file), chromedp.WaitVisible("#text"), chromedp.SetValue("#text", copied, chromedp.ByQuery), chromedp.Click("button[type=submit]", chromedp.ByQuery))
		return p.answer()
	}
	first := pub.next(t, editions[0])
	expect(t, "version 1", c.submit("river", first), 201, "")
	pub.accepted(t, first)
	p := newPerson(t, server.URL)
	if word, said := verify(p, editions[0].Texts["en"]); word != "Identical" || strings.Contains(said, "keeps nothing") {
		t.Fatalf("%s\n%s", word, said)
	}
	mu.Lock()
	seen := maps.Clone(before)
	mu.Unlock()
	expect(t, "version 2", c.submit("river", pub.next(t, editions[1])), 201, "")
	if word, said := verify(p, editions[1].Texts["en"]); word != "Identical" || !strings.Contains(said, "the latest version") {
		t.Fatalf("%s\n%s", word, said)
	}
	mu.Lock()
	before, lying = seen, true
	mu.Unlock()
	if word, said := verify(p, editions[0].Texts["en"]); word != "Unchecked" || !strings.Contains(said, "contradicts what it signed before") || !strings.Contains(said, "rollback") {
		t.Errorf("an older state: %s\n%s", word, said)
	}
	p.run(chromedp.Evaluate(`{const k = Object.keys(localStorage).find((k) => k.endsWith(":genesis")); localStorage.setItem(k, localStorage.getItem(k).replace(/[0-9a-f]{64}/, "0".repeat(64)));
		for (const k of Object.keys(localStorage)) if (k.endsWith(":memory")) localStorage.removeItem(k)}`, nil))
	if word, said := verify(p, editions[0].Texts["en"]); word != "Unchecked" || !strings.Contains(said, "contradicts what it signed before") {
		t.Errorf("another genesis: %s\n%s", word, said)
	}

	forgetful := newPerson(t, server.URL)
	forgetful.run(chromedp.ActionFunc(func(ctx context.Context) error {
		_, err := page.AddScriptToEvaluateOnNewDocument(`Object.defineProperty(window, "localStorage", { get() { throw new DOMException("denied", "SecurityError"); } })`).Do(ctx)
		return err
	}))
	if word, said := verify(forgetful, editions[0].Texts["en"]); word != "Identical" || !strings.Contains(said, "This browser keeps nothing for this file") {
		t.Errorf("without storage: %s\n%s", word, said)
	}
}
