package files

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"unicode/utf8"

	"github.com/chromedp/chromedp"

	"github.com/sijil/sijil/internal/browsertest"
	"github.com/sijil/sijil/internal/extract"
	"github.com/sijil/sijil/internal/extract/extracttest"
	"github.com/sijil/sijil/internal/match"
)

// TestBrowser: the browser tells forms as this program does, reads texts and chats as it
// does, and looks copies up by the same fingerprints.
func TestBrowser(t *testing.T) {
	page := browsertest.LoadPage(t, "engine.ts", "engine")
	var copies [][]byte
	for _, s := range pieces() {
		copies = append(copies, []byte(s))
	}
	rng := rand.New(rand.NewPCG(5, 5))
	for range 3000 {
		copies = append(copies, randomFile(rng))
	}
	var got []struct {
		Form, Text, Error string
		Warnings          []extract.Warning
		Fingerprints      []uint32
	}
	forms := map[string]int{}
	for batch := range slices.Chunk(copies, 500) {
		page.Do(t, chromedp.Evaluate(fmt.Sprintf(`Promise.all(%s.map(async b => {
			const file = Uint8Array.from(atob(b), c => c.charCodeAt(0));
			let fingerprints = null;
			try { fingerprints = engine.fingerprints(file) } catch {}
			try {
				const r = await engine.read(file, async () => engine.office);
				if (!r.copy) return {form: r.form, fingerprints};
				const text = btoa(Array.from(r.copy.text, c => String.fromCharCode(c)).join(""));
				return {form: r.copy.form, text, warnings: r.copy.warnings.map(w => ({Code: w.code, At: w.at, Detail: w.detail})), fingerprints};
			} catch (e) { return {form: "", error: e.code, fingerprints} }
		}))`, browsertest.JSON(t, batch)), &got, browsertest.Await))
		for i, c := range batch {
			form := string(extract.FormOf(c))
			forms[form]++
			g := got[i]
			want, have := form, g.Form
			if form == "archive" || form == "rtf" { // nobody reads them
				want, have = form+" true", fmt.Sprintf("%s %v", form, g.Error != "")
			}
			// Another test holds what is read of pages.
			if form == "html" {
				want, have = "", ""
			}
			// A chat that is not UTF-8 is left to the service.
			if form == "text" || form == "docx" || form == "odt" || form == "chat" && utf8.Valid(c) {
				read, err := (&extract.Reader{}).Read(t.Context(), c)
				want, have = fmt.Sprint(err != nil), fmt.Sprint(g.Error != "")
				if err == nil {
					want = fmt.Sprintf("%s %q %v", form, read.Text, read.Warnings)
					have = fmt.Sprintf("%s %q %v", g.Form, unbase64(t, g.Text), g.Warnings)
				}
			}
			if want != have {
				t.Errorf("%q:\nGo      %s\nbrowser %s", c, want, have)
			}
			fps, err := match.Fingerprints(c)
			if err == nil && !slices.Equal(fps, g.Fingerprints) {
				t.Errorf("%q: fingerprints %x, browser %x", c, fps, g.Fingerprints)
			}
		}
	}
	for _, form := range []string{"text", "html", "eml", "chat", "markdown", "docx", "odt", "archive", "pdf", "rtf", "picture"} {
		if forms[form] < 20 {
			t.Errorf("%d copies are %s", forms[form], form)
		}
	}
}

// pieces are what copies of every form begin with, and what could be taken for them.
func pieces() []string {
	paragraphs := []string{"Call for water", "Open the seven gates, and close none of them before the rain.", "- the first demand", "- the second one"}
	return []string{
		"Open the seven gates.\n", "", " ", "\x00", "\ufeffOpen the gates", "\xff\xfeO\x00p\x00e\x00n\x00", "\xfe\xff\x00O\x00p\x00e\x00n", "\xff\xfe",
		"%PDF-1.7\n", "{\\rtf1 a}", "\x89PNG\r\n\x1a\n", "GIF89a", "II*\x00", "RIFF....WEBPVP8 ", "\x1f\x8b", "Rar!\x1a\x07", "PK\x05\x06",
		"<!doctype html><p>x", "  <HTML>", "<!-- a --> <body>", "<!-- never closed", "<p>only a paragraph", "<?xml version='1.0'?>", "a <html>",
		"From: a@b\nTo: c@d\nMessage-ID: <x>\n\ntext", "From a@b Mon\nReceived: x\nSubject: y\n\nz", "Note: this\nis text", "Subject: x\nDate: y\n\nz", "Received: x\n folded: y\nFrom: z\n\n",
		"# Title\n\n## Other\n", "# One sign only\n", "[a](https://b)", "**strong** and **more**", "a ** b", "```\ncode\n```\n", "__x__ [b](c)",
		"12/01/2026, 10:11 - Aisha: Open the gates.\n12/01/2026, 10:12 - Omar: <Media omitted>\n", "[12/01/2026, 10:11:12] Aisha: Open\nthe gates.\n\nAll of them.\n[12/01/2026, 10:12:01] Omar: yes",
		"\u200f[١٢\u200f/٠١\u200f/٢٠٢٦، ١٠:١١:١٢ م] عائشة: افتحوا البوابات\n", "12.01.26, 10:11 - Messages are encrypted\n12.01.26, 10:12 - A: x <This message was edited>",
		"12/01/2026, 10:11 - no sender\n", "[10:11, 12/01/2026] Aisha: x", "12/01/2026 a meeting: we met\n", "1/2/26, 9:05 p. m. - A: \u200eimage omitted\n1/2/26, 9:06 p.m. - B:\n",
		string(extracttest.HTML(paragraphs)), string(extracttest.DOCX(paragraphs)), string(extracttest.ODT(paragraphs)), string(extracttest.EML(paragraphs)), string(extracttest.Chat(paragraphs)),
		"Résumé of the ﬁrst Ωμέγας ΟΔΟΣ: İstanbul ǅ 2ⅷ عَلِم the gates of all seven dams in the valley of the river that no one has crossed since the year 1950.",
	}
}

func randomFile(rng *rand.Rand) []byte {
	all := pieces()
	s := all[rng.IntN(len(all))]
	for range rng.IntN(3) {
		s += all[rng.IntN(len(all))]
	}
	b := []byte(s)
	for range rng.IntN(3) {
		if len(b) > 0 {
			b[rng.IntN(len(b))] = byte(rng.IntN(256))
		}
	}
	return b
}

func unbase64(t *testing.T, s string) []byte {
	t.Helper()
	var b []byte
	decode(t, `"`+s+`"`, &b)
	return b
}

func decode(t *testing.T, s string, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(s), v); err != nil {
		t.Fatal(err)
	}
}
