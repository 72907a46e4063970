package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// without makes a browser one whose Web Crypto has no Ed25519.
func (p *person) without() {
	p.t.Helper()
	p.run(chromedp.ActionFunc(func(ctx context.Context) error {
		_, err := page.AddScriptToEvaluateOnNewDocument(`{
			const keys = SubtleCrypto.prototype.importKey;
			SubtleCrypto.prototype.importKey = function (format, data, algorithm, ...rest) {
				if ((algorithm.name ?? algorithm) === "Ed25519") return Promise.reject(new DOMException("Unrecognized name.", "NotSupportedError"));
				return keys.call(this, format, data, algorithm, ...rest);
			}; }`).Do(ctx)
		return err
	}))
}

// fetched reports whether the browser asked for the script that does without.
func (p *person) fetched() bool {
	return strings.Contains(strings.Join(p.requests(), " "), "/static/ed25519.")
}

// flipping changes one letter within the last signature of a note.
func flipping(suffix string) func(string, []byte) []byte {
	return func(path string, b []byte) []byte {
		if !strings.HasSuffix(path, suffix) {
			return b
		}
		at := bytes.LastIndex(b, []byte("— ")) + len("— localhost ") + 30
		b[at] = map[bool]byte{true: 'B', false: 'A'}[b[at] == 'A']
		return b
	}
}

// spoiled is the script as somebody would change it: it finds every signature good.
func spoiled(path string, b []byte) []byte {
	if strings.HasPrefix(path, "/static/ed25519.") {
		return []byte("export const verify = async () => true;")
	}
	return b
}

// TestPageWithoutEd25519: a browser without Ed25519 comes to the same verdicts, with a
// script held to its digest; another script in its place does not run.
func TestPageWithoutEd25519(t *testing.T) {
	c, _, editions := rivers(t)
	latest := editions[1].Texts["en"]
	altered := strings.Replace(latest, " the ", " not the ", 1)
	own := newPerson(t, c.url)
	if word, said := own.paste("/", latest); word != "Identical" || own.fetched() {
		t.Errorf("a browser with Ed25519: %s, fetched what does without: %v\n%s", word, own.fetched(), said)
	}
	var lie atomic.Value
	lie.Store(func(_ string, b []byte) []byte { return b })
	server := tampering(t, c.url, func(path string, b []byte) []byte { return lie.Load().(func(string, []byte) []byte)(path, b) })
	for name, x := range map[string]struct {
		lie  func(string, []byte) []byte
		copy string
		word string
	}{
		"identical":            {nil, latest, "Identical"},
		"altered":              {nil, altered, "Altered"},
		"a checkpoint's":       {flipping("/checkpoint"), latest, "Unchecked"},
		"a head's":             {flipping("/head"), latest, "Unchecked"},
		"a bundle's":           {replacing(".bundle.json", `"sig":"ME`, `"sig":"MF`), latest, "Unchecked"},
		"another script":       {spoiled, latest, "Unchecked"},
		"another, an old head": {func(p string, b []byte) []byte { return spoiled(p, flipping("/head")(p, b)) }, latest, "Unchecked"},
		"no script": {func(p string, b []byte) []byte {
			if strings.HasPrefix(p, "/static/ed25519.") {
				return nil
			}
			return b
		}, latest, "Unchecked"},
	} {
		if x.lie == nil {
			x.lie = func(_ string, b []byte) []byte { return b }
		}
		lie.Store(x.lie)
		p := newPerson(t, server.URL) // whose worker kept nothing yet
		p.without()
		word, said := p.paste("/", x.copy)
		if word != x.word || !p.fetched() {
			t.Errorf("%s: %s, fetched %v\n%s", name, word, p.fetched(), said)
		}
	}
}

// TestBadgeWithoutEd25519: the same on pages of other sites, under their strictest policy.
func TestBadgeWithoutEd25519(t *testing.T) {
	c, _, editions := rivers(t)
	latest := editions[1].Texts["en"]
	var lie atomic.Value
	lie.Store(func(_ string, b []byte) []byte { return b })
	server := tampering(t, c.url, func(path string, b []byte) []byte { return lie.Load().(func(string, []byte) []byte)(path, b) })
	e := newEmbedder(t, server.URL)
	e.without()
	for _, x := range []struct {
		lie        func(string, []byte) []byte
		text, want string
	}{
		{func(_ string, b []byte) []byte { return b }, latest, "authentic"},
		{func(_ string, b []byte) []byte { return b }, strings.Replace(latest, " the ", " not the ", 1), "altered"},
		{flipping("/head"), latest, "unchecked"},
		{spoiled, latest, "unchecked"},
	} {
		lie.Store(x.lie)
		e.article(x.text, "")
		if got := e.state("/"); got != x.want || !e.fetched() {
			t.Errorf("%s, want %s; fetched %v", got, x.want, e.fetched())
		}
	}
}

// TestPortableWithoutEd25519: the portable verifier holds the script in itself.
func TestPortableWithoutEd25519(t *testing.T) {
	c, _, editions := rivers(t)
	latest := editions[1].Texts["en"]
	var lie atomic.Value
	lie.Store(func(_ string, b []byte) []byte { return b })
	server := tampering(t, c.url, func(path string, b []byte) []byte { return lie.Load().(func(string, []byte) []byte)(path, b) })
	file := filepath.Join(t.TempDir(), "verifier.html")
	check(t, os.WriteFile(file, bytes.ReplaceAll(c.plain("/verifier.html"), []byte("http://localhost"), []byte(server.URL)), 0o644))
	p := newPerson(t, server.URL)
	p.without()
	for _, x := range []struct {
		lie        func(string, []byte) []byte
		copy, word string
	}{
		{func(_ string, b []byte) []byte { return b }, latest, "Identical"},
		{func(_ string, b []byte) []byte { return b }, strings.Replace(latest, " the ", " not the ", 1), "Altered"},
		{flipping("/head"), latest, "Unchecked"},
		{flipping("/checkpoint"), latest, "Unchecked"},
	} {
		lie.Store(x.lie)
		p.run(chromedp.Navigate("file://"+file), chromedp.WaitVisible("#text"), chromedp.SetValue("#text", x.copy, chromedp.ByQuery), chromedp.Click("button[type=submit]", chromedp.ByQuery))
		if word, said := p.answer(); word != x.word || p.fetched() {
			t.Errorf("%s, want %s; fetched %v\n%s", word, x.word, p.fetched(), said)
		}
	}
}
