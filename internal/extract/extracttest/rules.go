package extracttest

// The codes of warnings, as package extract has them.
const (
	warnStyles   = "styles-not-read"
	warnScripts  = "scripts-not-run"
	warnHidden   = "hidden-left-out"
	warnDeleted  = "deleted-left-out"
	warnComments = "comments-left-out"
	warnMargins  = "margins-left-out"
	warnPictures = "pictures-not-read"
)

// A Rule is a file, the text and the codes of the warnings that it gives.
type Rule struct{ Name, File, Text, Warnings string }

func page(body string) string { return string(Page("", body)) }

func styled1(css, body string) string { return string(Page("<style>"+css+"</style>", body)) }

// HTMLRules are what a page shows.
func HTMLRules() []Rule {
	return []Rule{
		{"the example", page(`<p>Stop the <b>war</b>.<span style="display:none">Not now.</span></p>`), "Stop the war.", warnHidden},
		{"blocks", page("<div>One</div><div>two</div><p>three<p>four"), "One\ntwo\n\nthree\n\nfour", ""},
		{"inline", page("<p>un<b>bro</b>ken <i> words </i> here"), "unbroken words here", ""},
		{"breaks", page("<p>one<br>two<br><br>three"), "one\ntwo\n\nthree", ""},
		{"pre", page("<pre>one\n  two\n\nthree</pre>"), "one\ntwo\n\nthree", ""},
		{"table", page("<table><tr><td>one<td>two<tr><td><p>three"), "one\ntwo\n\nthree", ""},
		{"list", page("<p>a<ol><li><p>one</p><li>two<ul><li>deep</ul></ol><p>b"), "a\n\none\ntwo\ndeep\n\nb", ""},
		{"sheet", styled1(".x{display:none}", `<p>a</p><p class=x>b`), "a", warnHidden},
		{"shown again", styled1("span{display:inline !important}", `<p>a <span style="display:none">not</span>`), "a not", ""},
		{"heavier", styled1("#i{display:inline} .x{display:none}", `<p>a <span id=i class=x>not</span>`), "a not", ""},
		{"combinators", styled1("div > .x, h2 + p, ul ~ i{display:none}", `<div><span><b class=x>a</b></span></div><h2>b</h2><p>c</p>`), "a\n\nb", warnHidden},
		{"negation", styled1("p:not(.k){visibility:hidden}", `<p class=k>a</p><p>b</p>`), "a", warnHidden},
		{"hover is not yet", styled1("p:hover{display:none}", `<p>a`), "a", ""},
		{"escape", styled1(`.m\:x{d\69splay:none}`, `<p>a</p><p class="m:x">b`), "a", warnHidden},
		{"visible in hidden", page(`<p style="visibility:hidden">a <b style="visibility:visible">b</b>`), "b", warnHidden},
		{"white on navy", page(`<p style="background:navy;color:#fff">a`), "a", ""},
		{"head", string(Page("<title>No</title>", "<p>a")), "a", ""},
		{"details", page("<details><summary>a</summary>b<p>c</p></details><details open><summary>d</summary>e</details>"), "a\nd\ne", warnHidden},
		{"choice", page("<p>a <select><option>b<option selected>c</select> d"), "a c d", warnHidden},
		{"quoted", page("<p>a <q>b</q>"), "a “b”", ""},
		{"outside", string(Page(`<link rel=stylesheet href=x.css>`, "<style>@import 'y.css';</style><p>a")), "a", warnStyles},
		{"script", page("<p>a<script>b</script>"), "a", warnScripts},
		{"picture", page("<p>a<img>"), "a", warnPictures},
		{"smaller", styled1("i{font-size:smaller}b{font-size:larger}", "<p>a<small>b</small><sup>c</sup><i>d</i><b>e</b>"), "abcde", ""},
		{"sheet in a template", page("<template><style>p{display:none}</style></template><p>a"), "a", ""},
		{"aria", page("<p>a<b aria-hidden=true>b</b>"), "ab", ""},
		{"legacy charset", "<html><meta charset=windows-1256><p>\xe4\xcd\xe4", "نحن", ""},
		{"UTF-16", "\xff\xfe<\x00h\x00t\x00m\x00l\x00>\x00<\x00p\x00>\x00a\x00", "a", ""},
		{"chrome", styled1(".h{position:fixed;top:0;left:0;width:100%} body{padding-top:60px} .m{position:relative} .m ul{position:absolute;left:-9999px} @media print{.no{display:block}}",
			`<div class=h>Menu</div><p>a`), "Menu\n\na", ""},
	}
}

// MarkdownRules are what a Markdown text is shown as.
func MarkdownRules() []Rule {
	return []Rule{
		{"marks", "# A title\n\n## Part\n\nWords in **bold**,\nnext line, a [link](https://example.org/x).\n\n- one\n- two\n\n1. three\n", "A title\n\nPart\n\nWords in bold,\nnext line, a link.\n\none\ntwo\n\nthree", ""},
		{"one sign is none", "# A title\n\nwords *here*\n", "# A title\n\nwords *here*\n", ""},
	}
}

// ChatRules are what chats say, as phones export them.
func ChatRules() []Rule {
	const text = "First line\nsecond line\n\nNext: message"
	out := []Rule{
		{"media", "12/03/2026, 10:15 - Amal: <Media omitted>\n12/03/2026, 10:15 - Amal: words", "words", warnPictures},
		{"a date is no stamp", "12/03/2026 - the day: words", "12/03/2026 - the day: words", ""},
	}
	for name, file := range map[string]string{
		"Android":  "12/03/2026, 10:15 - Amal: First line\nsecond line\n12/03/2026, 10:16 - Bo left\n12/03/2026, 10:17 - Bo: Next: message\n",
		"iPhone":   "[12/03/2026, 10:15:03] Amal: First line\nsecond line\n\u200e[12/03/2026, 10:16:03] Bo: Next: message",
		"half day": "[3/12/26, 10:15:03\u202fAM] Amal: First line\r\nsecond line\r\n[3/12/26, 10:16:03\u202fPM] Bo: Next: message\r\n",
		"Arabic":   "\u200f١٢\u200f/٣\u200f/٢٠٢٦، ١٠:١٥ ص - أمل: First line\nsecond line\n١٢/٣/٢٠٢٦، ١٠:١٦ م - Bo: Next: message",
		"copied":   "[10:15, 12/03/2026] Amal: First line\nsecond line\n[10:16, 12/03/2026] Bo: Next: message",
		"German":   "12.03.26, 10:15 - Amal: First line\nsecond line\n12.03.26, 10:16 - Bo: Next: message",
	} {
		out = append(out, Rule{name, file, text, ""})
	}
	return out
}
