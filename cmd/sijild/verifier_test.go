package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/sijil/sijil/internal/extract/extracttest"
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
