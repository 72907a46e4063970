package extract

import (
	"testing"

	"github.com/sijil/sijil/internal/extract/extracttest"
)

// wordRun is a run of a Word file with the given properties.
func wordRun(properties, text string) string {
	return "<w:r><w:rPr>" + properties + `</w:rPr><w:t xml:space="preserve">` + text + "</w:t></w:r>"
}

func word(body string) string { return string(extracttest.DOCXBody(body, "")) }

func TestDOCX(t *testing.T) {
	const style = `<w:style w:type="character" w:styleId="H"><w:rPr><w:vanish/></w:rPr></w:style>` +
		`<w:style w:type="paragraph" w:styleId="P"><w:rPr><w:vanish/></w:rPr></w:style><w:style w:type="paragraph" w:styleId="Q"><w:basedOn w:val="P"/></w:style>`
	styled := func(body string) string { return string(extracttest.DOCXBody(body, style)) }
	checkRules(t, []rule{
		{"deleted", word("<w:p>" + wordRun("", "a ") + `<w:del w:id="1"><w:r><w:delText>not</w:delText></w:r></w:del><w:ins w:id="2">` + wordRun("", "b") + "</w:ins></w:p>"), "a b", WarnDeleted},
		{"moved", word("<w:p><w:moveFrom>" + wordRun("", "x") + "</w:moveFrom><w:moveTo>" + wordRun("", "y") + "</w:moveTo></w:p>"), "y", WarnDeleted},
		{"end deleted", word("<w:p><w:pPr><w:rPr><w:del/></w:rPr></w:pPr>" + wordRun("", "a ") + "</w:p><w:p>" + wordRun("", "b") + "</w:p>"), "a b", ""},
		{"vanish", word("<w:p>" + wordRun("", "a") + wordRun("<w:vanish/>", " not") + wordRun(`<w:vanish w:val="0"/>`, " b") + "</w:p>"), "a b", WarnHidden},
		{"white", word("<w:p>" + wordRun("", "a") + wordRun(`<w:color w:val="FFFFFF"/>`, " not") + wordRun(`<w:color w:val="FFFFFF"/><w:shd w:fill="000000"/>`, " b") + "</w:p>"), "a b", WarnHidden},
		{"one point", word("<w:p>" + wordRun("", "a") + wordRun(`<w:sz w:val="2"/>`, " not") + "</w:p>"), "a", WarnHidden},
		{"style of a run", styled("<w:p>" + wordRun("", "a") + wordRun(`<w:rStyle w:val="H"/>`, " not") + "</w:p>"), "a", WarnHidden},
		{"style of a paragraph", styled(`<w:p><w:pPr><w:pStyle w:val="Q"/></w:pPr><w:r><w:t>not</w:t></w:r></w:p><w:p>` + wordRun("", "a") + "</w:p>"), "a", WarnHidden},
		{"two toggles", styled(`<w:p><w:pPr><w:pStyle w:val="P"/></w:pPr>` + wordRun(`<w:rStyle w:val="H"/>`, "a") + "</w:p>"), "a", ""},
		{"signs", word(`<w:p><w:r><w:t>a</w:t><w:tab/><w:t>b</w:t><w:br/><w:t>c</w:t><w:noBreakHyphen/><w:t>d</w:t><w:softHyphen/><w:t>e</w:t></w:r></w:p>`), "a b\nc\u2011d\u00ade", ""},
		{"field", word(`<w:p><w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText>PAGE</w:instrText></w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r>` +
			wordRun("", "7") + `<w:r><w:fldChar w:fldCharType="end"/></w:r><w:fldSimple w:instr="DATE">` + wordRun("", " May") + "</w:fldSimple></w:p>"), "7 May", ""},
		{"table", word("<w:tbl><w:tr><w:tc><w:p>" + wordRun("", "a") + "</w:p></w:tc><w:tc><w:p>" + wordRun("", "b") + "</w:p></w:tc></w:tr></w:tbl><w:p>" + wordRun("", "c") + "</w:p>"), "a\nb\n\nc", ""},
		{"box", word(`<w:p><w:r><mc:AlternateContent><mc:Choice Requires="wps"><w:drawing><wp:inline><a:graphic><wps:txbx><w:txbxContent><w:p>` + wordRun("", "box") +
			`</w:p></w:txbxContent></wps:txbx></a:graphic></wp:inline></w:drawing></mc:Choice><mc:Fallback><w:pict><v:textbox><w:txbxContent><w:p>` + wordRun("", "other") +
			"</w:p></w:txbxContent></v:textbox></w:pict></mc:Fallback></mc:AlternateContent></w:r>" + wordRun("", "words") + "</w:p>"), "words\n\nbox", ""},
		{"beside", string(extracttest.DOCXBody("<w:p>"+wordRun("", "a")+"</w:p>", "", extracttest.WordPart("comments", "comments", "<w:comment><w:p>"+wordRun("", "x")+"</w:p></w:comment>"))), "a", WarnComments},
		{"notes", string(extracttest.DOCXBody("<w:p>"+wordRun("", "a")+"</w:p>", "", extracttest.WordPart("header1", "hdr", "<w:p>"+wordRun("", "x")+"</w:p>"),
			extracttest.WordPart("footnotes", "footnotes", "<w:footnote/>"))), "a", WarnMargins},
		{"control", word("<w:sdt><w:sdtPr/><w:sdtContent><w:p>" + wordRun("", "a") + "</w:p></w:sdtContent></w:sdt>"), "a", ""},
	})
}

func TestODT(t *testing.T) {
	const styles = `<style:style style:name="H" style:family="text"><style:text-properties text:display="none"/></style:style>` +
		`<style:style style:name="W" style:family="text"><style:text-properties fo:color="#ffffff"/></style:style>`
	odt := func(body string) string { return string(extracttest.ODTBody(body, styles)) }
	checkRules(t, []rule{
		{"hidden", odt(`<text:p>a<text:span text:style-name="H"> not</text:span><text:span text:style-name="W"> nor</text:span> b</text:p>`), "a b", WarnHidden},
		{"signs", odt("<text:p>a<text:s text:c=\"3\"/>b<text:tab/>c<text:line-break/>d</text:p>"), "a b c\nd", ""},
		{"comments", odt("<text:p>a<office:annotation><text:p>x</text:p></office:annotation>b<text:note><text:note-body><text:p>y</text:p></text:note-body></text:note></text:p>"), "ab", WarnComments + " " + WarnMargins},
		{"changes", odt(`<text:tracked-changes><text:changed-region><text:deletion><text:p>not</text:p></text:deletion></text:changed-region></text:tracked-changes><text:p>a<text:change/></text:p>`), "a", WarnDeleted},
		{"hidden section", odt(`<text:section text:display="none"><text:p>not</text:p></text:section><text:p>a</text:p>`), "a", WarnHidden},
		{"table", odt("<table:table><table:table-row><table:table-cell><text:p>a</text:p></table:table-cell><table:table-cell><text:p>b</text:p></table:table-cell></table:table-row></table:table>"), "a\nb", ""},
		{"box", odt(`<text:p><draw:frame text:anchor-type="as-char"><draw:text-box><text:p>box</text:p></draw:text-box></draw:frame>words</text:p>`), "words\n\nbox", ""},
	})
}
