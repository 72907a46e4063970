package extract

import (
	"context"
	"slices"
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

func checkRules(t *testing.T, rules []extracttest.Rule) {
	t.Helper()
	for _, r := range rules {
		c, err := new(Reader).Read(context.Background(), []byte(r.File))
		if err != nil {
			t.Errorf("%s: %v", r.Name, err)
			continue
		}
		if diff := cmp.Diff(r.Text, string(c.Text)); diff != "" {
			t.Errorf("%s: %s", r.Name, diff)
		}
		if got := codes(c); got != r.Warnings {
			t.Errorf("%s: warnings %q, want %q", r.Name, got, r.Warnings)
		}
		if len(c.Doubts) > 0 {
			t.Errorf("%s: doubts %v", r.Name, c.Doubts)
		}
	}
}

func TestHTML(t *testing.T) {
	checkRules(t, extracttest.HTMLRules())
}

func TestMarkdown(t *testing.T) {
	checkRules(t, extracttest.MarkdownRules())
	if c := read(t, []byte("# a\n\n# b\n\nwords <span style=\"display:none\">not</span> here")); len(c.Doubts) != 1 || c.Doubts[0].End != len(c.Text) {
		t.Errorf("hidden words in Markdown: %v", c.Doubts)
	}
}

func TestChat(t *testing.T) { checkRules(t, extracttest.ChatRules()) }

// What only the plain rendering of a mail has puts in doubt what stands beside it there,
// and no more.
func TestMailAlternatives(t *testing.T) {
	file := extracttest.Mail(extracttest.Multipart("alternative", "x",
		"Content-Type: text/plain\r\n\r\nNews\r\n\r\nOne two.\r\n\r\nThree\r\nfour.\r\n\r\nFive.\r\n\r\nnot\r\n\r\nSix seven.\r\n\r\nLeave: https://example.org\r\n",
		"Content-Type: text/html\r\n\r\n<h1>Our news</h1><p>One two.<p>Three four.<p>Five.<p>Six seven.<p><a href=x>Leave</a>"))
	c := read(t, file)
	var got []string
	for _, d := range c.Doubts {
		got = append(got, string(c.Text[d.At:d.End]))
	}
	if !slices.ContainsFunc(c.Warnings, func(w Warning) bool { return w.Code == WarnAlternative }) {
		t.Errorf("warnings %v", c.Warnings)
	}
	if want := []string{"Our news", "Five.\n\nSix seven."}; !slices.Equal(got, want) {
		t.Errorf("in doubt: %q, want %q", got, want)
	}
}

func TestMail(t *testing.T) {
	mail := func(headers, body string) string { return string(extracttest.Mail(headers, body)) }
	alternative := func(plain, html string) string {
		return mail(extracttest.Multipart("alternative", "x", "Content-Type: text/plain\r\n\r\n"+plain, "Content-Type: text/html\r\n\r\n"+html))
	}
	inner, body := extracttest.Multipart("alternative", "y", "\r\nwords", "Content-Type: text/html\r\n\r\n<p>words")
	nested, outer := extracttest.Multipart("mixed", "x", inner+"\r\n"+body, "Content-Type: application/pdf\r\nContent-Disposition: attachment\r\n\r\nx",
		"Content-Type: message/rfc822\r\n\r\nSubject: a\r\n\r\nb", "Content-Type: text/plain\r\n\r\nfooter")
	for _, r := range []struct{ Name, File, Text, Warnings string }{
		{"plain", mail("", "One\r\ntwo\r\n\r\n> quoted\r\n"), "One\ntwo\n\n> quoted", ""},
		{"base64", mail("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n", "2YbYrdmG\r\n"), "نحن", ""},
		{"charset", mail("Content-Type: text/plain; charset=windows-1256\r\n", "\xe4\xcd\xe4"), "نحن", ""},
		{"soft breaks", mail("Content-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n", "un=\r\nbroken=20here"), "unbroken here", ""},
		{"alternative", alternative("words *here*\r\n", "<p>words <b>here</b>"), "words here", ""},
		{"nested", mail(nested, outer), "words\n\nfooter", WarnAttachments},
		{"mailbox", "From a@example.org Thu Mar 12\n" + mail("", "words"), "words", ""},
	} {
		checkRules(t, []extracttest.Rule{extracttest.Rule(r)})
	}
}
