package extract

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sijil/sijil/internal/extract/extracttest"
)

var sample = []string{"A declaration of the harbour towns", "We, the towns on the coast, declare that l’eau est à nous: 1,000 boats <stay> & 18 sail.", "نحن الموقعين أدناه نعلن ما يلي", "- First demand", "- Second demand", "Done in the port, 3 March 2026."}

// shown is the sample as every form shows it: the items stand line by line.
const shown = "A declaration of the harbour towns\n\nWe, the towns on the coast, declare that l’eau est à nous: 1,000 boats <stay> & 18 sail.\n\n" +
	"نحن الموقعين أدناه نعلن ما يلي\n\nFirst demand\nSecond demand\n\nDone in the port, 3 March 2026."

func read(t *testing.T, file []byte) *Copy {
	t.Helper()
	c, err := new(Reader).Read(context.Background(), file)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func codes(c *Copy) string {
	var s []string
	for _, w := range c.Warnings {
		s = append(s, w.Code)
	}
	return strings.Join(s, " ")
}

func TestRoundTrip(t *testing.T) {
	for form, build := range map[Form]func([]string) []byte{HTML: extracttest.HTML, DOCX: extracttest.DOCX, ODT: extracttest.ODT} {
		c := read(t, build(sample))
		if diff := cmp.Diff(shown, string(c.Text)); diff != "" {
			t.Errorf("%s: %s", form, diff)
		}
		if c.Form != form || len(c.Warnings)+len(c.Doubts) > 0 {
			t.Errorf("%s read as %s: %v %v", form, c.Form, c.Warnings, c.Doubts)
		}
	}
	for form, build := range map[Form]func([]string) []byte{EML: extracttest.EML, Chat: extracttest.Chat} {
		c := read(t, build(sample))
		if diff := cmp.Diff(strings.Join(sample, "\n\n"), string(c.Text)); diff != "" {
			t.Errorf("%s: %s", form, diff)
		}
		if c.Form != form || len(c.Warnings)+len(c.Doubts) > 0 {
			t.Errorf("%s read as %s: %v %v", form, c.Form, c.Warnings, c.Doubts)
		}
	}
}

// A rule is a file, the text and the codes of the warnings that it gives.
type rule struct{ name, file, text, warnings string }

func checkRules(t *testing.T, rules []rule) {
	t.Helper()
	for _, r := range rules {
		c, err := new(Reader).Read(context.Background(), []byte(r.file))
		if err != nil {
			t.Errorf("%s: %v", r.name, err)
			continue
		}
		if diff := cmp.Diff(r.text, string(c.Text)); diff != "" {
			t.Errorf("%s: %s", r.name, diff)
		}
		if got := codes(c); got != r.warnings {
			t.Errorf("%s: warnings %q, want %q", r.name, got, r.warnings)
		}
		if len(c.Doubts) > 0 {
			t.Errorf("%s: doubts %v", r.name, c.Doubts)
		}
	}
}

func page(body string) string { return string(extracttest.Page("", body)) }

func styled1(css, body string) string {
	return string(extracttest.Page("<style>"+css+"</style>", body))
}

func TestHTML(t *testing.T) {
	checkRules(t, []rule{
		{"the example", page(`<p>Stop the <b>war</b>.<span style="display:none">Not now.</span></p>`), "Stop the war.", WarnHidden},
		{"blocks", page("<div>One</div><div>two</div><p>three<p>four"), "One\ntwo\n\nthree\n\nfour", ""},
		{"inline", page("<p>un<b>bro</b>ken <i> words </i> here"), "unbroken words here", ""},
		{"breaks", page("<p>one<br>two<br><br>three"), "one\ntwo\n\nthree", ""},
		{"pre", page("<pre>one\n  two\n\nthree</pre>"), "one\ntwo\n\nthree", ""},
		{"table", page("<table><tr><td>one<td>two<tr><td><p>three"), "one\ntwo\n\nthree", ""},
		{"list", page("<p>a<ol><li><p>one</p><li>two<ul><li>deep</ul></ol><p>b"), "a\n\none\ntwo\ndeep\n\nb", ""},
		{"sheet", styled1(".x{display:none}", `<p>a</p><p class=x>b`), "a", WarnHidden},
		{"shown again", styled1("span{display:inline !important}", `<p>a <span style="display:none">not</span>`), "a not", ""},
		{"heavier", styled1("#i{display:inline} .x{display:none}", `<p>a <span id=i class=x>not</span>`), "a not", ""},
		{"combinators", styled1("div > .x, h2 + p, ul ~ i{display:none}", `<div><span><b class=x>a</b></span></div><h2>b</h2><p>c</p>`), "a\n\nb", WarnHidden},
		{"negation", styled1("p:not(.k){visibility:hidden}", `<p class=k>a</p><p>b</p>`), "a", WarnHidden},
		{"hover is not yet", styled1("p:hover{display:none}", `<p>a`), "a", ""},
		{"escape", styled1(`.m\:x{d\69splay:none}`, `<p>a</p><p class="m:x">b`), "a", WarnHidden},
		{"visible in hidden", page(`<p style="visibility:hidden">a <b style="visibility:visible">b</b>`), "b", WarnHidden},
		{"white on navy", page(`<p style="background:navy;color:#fff">a`), "a", ""},
		{"head", string(extracttest.Page("<title>No</title>", "<p>a")), "a", ""},
		{"details", page("<details><summary>a</summary>b<p>c</p></details><details open><summary>d</summary>e</details>"), "a\nd\ne", WarnHidden},
		{"choice", page("<p>a <select><option>b<option selected>c</select> d"), "a c d", WarnHidden},
		{"quoted", page("<p>a <q>b</q>"), "a “b”", ""},
		{"outside", string(extracttest.Page(`<link rel=stylesheet href=x.css>`, "<style>@import 'y.css';</style><p>a")), "a", WarnStyles},
		{"script", page("<p>a<script>b</script>"), "a", WarnScripts},
		{"picture", page("<p>a<img alt=b>"), "a", WarnPictures},
		{"aria", page("<p>a<b aria-hidden=true>b</b>"), "ab", ""},
		{"legacy charset", "<html><meta charset=windows-1256><p>\xe4\xcd\xe4", "نحن", ""},
		{"UTF-16", "\xff\xfe<\x00h\x00t\x00m\x00l\x00>\x00<\x00p\x00>\x00a\x00", "a", ""},
		{"chrome", styled1(".h{position:fixed;top:0;left:0;width:100%} body{padding-top:60px} .m{position:relative} .m ul{position:absolute;left:-9999px} @media print{.no{display:block}}",
			`<div class=h>Menu</div><p>a`), "Menu\n\na", ""},
	})
}

func TestMarkdown(t *testing.T) {
	checkRules(t, []rule{
		{"marks", "# A title\n\n## Part\n\nWords in **bold**,\nnext line, a [link](https://example.org/x).\n\n- one\n- two\n\n1. three\n", "A title\n\nPart\n\nWords in bold,\nnext line, a link.\n\none\ntwo\n\nthree", ""},
		{"one sign is none", "# A title\n\nwords *here*\n", "# A title\n\nwords *here*\n", ""},
	})
	if c := read(t, []byte("# a\n\n# b\n\nwords <span style=\"display:none\">not</span> here")); len(c.Doubts) != 1 || c.Doubts[0].End != len(c.Text) {
		t.Errorf("hidden words in Markdown: %v", c.Doubts)
	}
}

func TestChat(t *testing.T) {
	const text = "First line\nsecond line\n\nNext: message"
	for name, file := range map[string]string{
		"Android":  "12/03/2026, 10:15 - Amal: First line\nsecond line\n12/03/2026, 10:16 - Bo left\n12/03/2026, 10:17 - Bo: Next: message\n",
		"iPhone":   "[12/03/2026, 10:15:03] Amal: First line\nsecond line\n\u200e[12/03/2026, 10:16:03] Bo: Next: message",
		"half day": "[3/12/26, 10:15:03\u202fAM] Amal: First line\r\nsecond line\r\n[3/12/26, 10:16:03\u202fPM] Bo: Next: message\r\n",
		"Arabic":   "\u200f١٢\u200f/٣\u200f/٢٠٢٦، ١٠:١٥ ص - أمل: First line\nsecond line\n١٢/٣/٢٠٢٦، ١٠:١٦ م - Bo: Next: message",
		"copied":   "[10:15, 12/03/2026] Amal: First line\nsecond line\n[10:16, 12/03/2026] Bo: Next: message",
		"German":   "12.03.26, 10:15 - Amal: First line\nsecond line\n12.03.26, 10:16 - Bo: Next: message",
	} {
		checkRules(t, []rule{{name, file, text, ""}})
	}
	checkRules(t, []rule{
		{"media", "12/03/2026, 10:15 - Amal: <Media omitted>\n12/03/2026, 10:15 - Amal: words", "words", WarnPictures},
		{"a date is no stamp", "12/03/2026 - the day: words", "12/03/2026 - the day: words", ""},
	})
}

func TestMail(t *testing.T) {
	mail := func(headers, body string) string { return string(extracttest.Mail(headers, body)) }
	alternative := func(plain, html string) string {
		return mail(extracttest.Multipart("alternative", "x", "Content-Type: text/plain\r\n\r\n"+plain, "Content-Type: text/html\r\n\r\n"+html))
	}
	inner, body := extracttest.Multipart("alternative", "y", "\r\nwords", "Content-Type: text/html\r\n\r\n<p>words")
	nested, outer := extracttest.Multipart("mixed", "x", inner+"\r\n"+body, "Content-Type: application/pdf\r\nContent-Disposition: attachment\r\n\r\nx",
		"Content-Type: message/rfc822\r\n\r\nSubject: a\r\n\r\nb", "Content-Type: text/plain\r\n\r\nfooter")
	checkRules(t, []rule{
		{"plain", mail("", "One\r\ntwo\r\n\r\n> quoted\r\n"), "One\ntwo\n\n> quoted", ""},
		{"base64", mail("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n", "2YbYrdmG\r\n"), "نحن", ""},
		{"charset", mail("Content-Type: text/plain; charset=windows-1256\r\n", "\xe4\xcd\xe4"), "نحن", ""},
		{"soft breaks", mail("Content-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n", "un=\r\nbroken=20here"), "unbroken here", ""},
		{"alternative", alternative("words *here*\r\n", "<p>words <b>here</b>"), "words here", ""},
		{"differ", alternative("nine words", "<p>ten words"), "ten words", WarnAlternative},
		{"nested", mail(nested, outer), "words\n\nfooter", WarnAttachments},
		{"mailbox", "From a@example.org Thu Mar 12\n" + mail("", "words"), "words", ""},
	})
}
