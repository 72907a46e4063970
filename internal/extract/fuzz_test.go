package extract

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sijil/sijil/internal/extract/extracttest"
)

// checkAny reads a file, whatever it is: it never panics, answers with a copy that
// keeps its promises or an *Error, and answers the same again.
func checkAny(t *testing.T, file []byte) {
	t.Helper()
	c, err := new(Reader).Read(context.Background(), file)
	again, errAgain := new(Reader).Read(context.Background(), file)
	if err != nil {
		var known *Error
		if !errors.As(err, &known) || known.Code == "" || known.Hint == "" {
			t.Errorf("an error of no kind: %v", err)
		}
		if errAgain == nil {
			t.Error("an error the first time alone")
		}
		return
	}
	if diff := cmp.Diff(c, again); diff != "" {
		t.Errorf("read twice: %s", diff)
	}
	checkCopy(t, c)
}

func FuzzHTML(f *testing.F) {
	for _, trick := range extracttest.PageTricks() {
		f.Add(trick[0], trick[1])
	}
	f.Fuzz(func(t *testing.T, css, body string) {
		checkAny(t, extracttest.Page("<style>"+css+"</style>", body))
	})
}

// A style never makes words plainly visible that an attribute hides for good.
func FuzzHidden(f *testing.F) {
	for _, trick := range extracttest.PageTricks() {
		f.Add(trick[0])
	}
	f.Fuzz(func(t *testing.T, css string) {
		file := extracttest.Page("<style>"+css+"</style>", "<p>a</p><template>"+extracttest.Authentic+"</template>")
		if c, err := new(Reader).Read(context.Background(), file); err == nil && plainly(c) {
			t.Errorf("%q shows what is in a template", css)
		}
	})
}

func FuzzDOCX(f *testing.F) {
	f.Add("<w:p>"+extracttest.WordRun("<w:vanish/>", "a")+"</w:p>", `<w:style w:styleId="a"><w:basedOn w:val="a"/></w:style>`)
	f.Add("<w:p><w:r>"+extracttest.Anchored+`<w:fldChar w:fldCharType="end"/></w:r></w:p>`, "")
	f.Fuzz(func(t *testing.T, body, styles string) { checkAny(t, extracttest.DOCXBody(body, styles)) })
}

func FuzzODT(f *testing.F) {
	f.Add("<text:p>a<text:s/><draw:frame><draw:text-box><text:p>b</text:p></draw:text-box></draw:frame></text:p>", `<style:style style:name="a" style:parent-style-name="a"/>`)
	f.Add("<text:list><text:list-item><text:p>a</text:p></text:list-item></text:list>", "")
	f.Fuzz(func(t *testing.T, body, styles string) { checkAny(t, extracttest.ODTBody(body, styles)) })
}

func FuzzMail(f *testing.F) {
	h, b := extracttest.Multipart("alternative", "x", "\r\na", "Content-Type: text/html\r\n\r\n<p>b")
	f.Add(h, b)
	f.Add("Content-Transfer-Encoding: base64\r\n", "YQ==")
	f.Add("Content-Type: text/plain; charset=utf-7\r\n", "a")
	f.Fuzz(func(t *testing.T, headers, body string) { checkAny(t, extracttest.Mail(headers, body)) })
}

// What a chat's messages say comes out, whatever they are.
func FuzzChat(f *testing.F) {
	f.Add([]byte("12/03/2026, 10:15 - A: a\nb"))
	f.Add([]byte("[12/03/2026, 10:15:03\u202fAM] A: <attached: x>"))
	f.Fuzz(func(t *testing.T, b []byte) {
		checkAny(t, b)
		checkAny(t, slices.Concat([]byte("12/03/2026, 10:15 - A: a\n"), b))
	})
}

func FuzzMarkdown(f *testing.F) {
	f.Add("a <b>c</b>\n> - d\n\n    e")
	f.Add("| a | b |\n|---|---|\n| c | d |")
	f.Fuzz(func(t *testing.T, s string) { checkAny(t, []byte("# a\n\n# b\n\n"+s)) })
}

func FuzzFile(f *testing.F) {
	for _, build := range []func([]string) []byte{extracttest.HTML, extracttest.DOCX, extracttest.ODT, extracttest.EML, extracttest.Chat} {
		f.Add(build(sample))
	}
	f.Add([]byte("\xfe\xff\x00<\x00h"))
	f.Fuzz(func(t *testing.T, file []byte) { checkAny(t, file) })
}
