package extracttest

import (
	"fmt"
	"strings"
)

// numbered repeats a format with a number that does not compress well.
func numbered(format string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i*2654435761)
	}
	return b.String()
}

// Hostile are files of which each byte costs as much as it can.
func Hostile() map[string][]byte {
	page := func(unit string, n int) []byte { return []byte("<html>" + strings.Repeat(unit, n/len(unit))) }
	var rules strings.Builder
	for range 15_000 {
		rules.WriteString(".a .a .a .a~.a{color:red}")
	}
	paragraph := `<w:p><w:r><w:rPr><w:color w:val="FF0000"/></w:rPr><w:t>%x</w:t></w:r></w:p>`
	chat := []byte(strings.Repeat("12/03/2026, 10:15 - A: b\n", maxFile/25))
	return map[string][]byte{
		"text":       page("a <b>b</b> ", 4<<20),
		"comments":   page("<!---->", maxHTML-9),
		"attributes": page("<p a b c d e f g h>", maxHTML-9),
		"tables":     page("<table><tr><td>a</table>", maxHTML-9),
		"misnested":  page("<a><div></a></div>", maxHTML-9),
		"rules":      Page("<style>"+rules.String()+"</style>", strings.Repeat("<p class=a>a", 20_000)),
		"attribute rules": Page("<style>"+numbered("[data-x%x^='abcdefgh'] [title*='zz'] p{color:red}", 15_000)+"</style>",
			strings.Repeat("<div title='"+strings.Repeat("z", 200)+"' data-x=ab><p>a b c</div>", 5000)),
		"classes":       Page("<style>.a{color:red}</style>", "<p class='"+strings.Repeat("a ", 1<<20)+"'>a"),
		"doubts":        page("<s>a</s> b ", 4<<20),
		"placed":        page("<p style='position:absolute'>a", 4<<20),
		"sheet":         Page("<style>"+strings.Repeat("{}a:b;", 800_000)+"</style>", "a"),
		"word":          DOCXBody(numbered(paragraph, 400_000), ""),
		"opendocument":  ODTBody(numbered("<text:p>%x<text:span>b</text:span></text:p>", 400_000), ""),
		"chat":          chat,
		"brackets":      []byte("# a\n# b\n" + strings.Repeat("[", maxMarkdown-8)),
		"emphasis":      []byte("# a\n# b\n" + strings.Repeat("*a _b ", maxMarkdown/6-8)),
		"quotes":        []byte("# a\n# b\n" + strings.Repeat(">", maxMarkdown-8)),
		"links":         []byte("[a](http://b) " + strings.Repeat("[a](", maxMarkdown/4-8)),
		"ticks":         []byte("# a\n# b\n" + strings.Repeat("`a``", maxMarkdown/4-8)),
		"deep list":     []byte("# a\n# b\n" + strings.Repeat("- ", maxMarkdown/2-8)),
		"many runs":     DOCXBody("<w:p>"+numbered(`<w:r><w:rPr><w:strike/></w:rPr><w:t>%x</w:t></w:r>`, 150_000)+"</w:p>", ""),
		"wide XML":      DOCXBody("<w:p "+numbered(`a%x="" `, 400_000)+"/>", ""),
		"mail parts":    mailOf(maxMailParts * 2),
		"mail boundary": Mail("Content-Type: multipart/mixed; boundary=x\r\n", strings.Repeat("--y\r\n", maxFile/6)),
	}
}

func mailOf(parts int) []byte {
	list := make([]string, parts)
	for i := range list {
		list[i] = "Content-Type: text/html\r\n\r\n<p>" + strings.Repeat("words ", 500)
	}
	return Mail(Multipart("mixed", "x", list...))
}
