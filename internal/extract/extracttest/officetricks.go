package extracttest

import "strings"

// Anchored is a drawing with a box in front of the words.
var Anchored = `<w:drawing><wp:anchor behindDoc="0"><wp:positionV relativeFrom="paragraph"><wp:posOffset>0</wp:posOffset></wp:positionV><wp:wrapNone/>` +
	`<a:graphic><wps:txbx><w:txbxContent><w:p>` + WordRun("", Altered) + `</w:p></w:txbxContent></wps:txbx></a:graphic></wp:anchor></w:drawing>`

// OfficeTricks are files of which a reader sees the altered sentence, or none.
func OfficeTricks() map[string][]byte {
	wordOf := func(body string) []byte { return DOCXBody(fill(body), "") }
	p := func(runs string) string { return "<w:p>" + runs + "</w:p>" }
	shown := p(WordRun("", "ALTERED"))
	return map[string][]byte{
		"vanish":          wordOf(p(WordRun("<w:vanish/>", "AUTHENTIC")) + shown),
		"white":           wordOf(p(WordRun(`<w:color w:val="FFFFFF"/>`, "AUTHENTIC")) + shown),
		"nearly white":    wordOf(p(WordRun(`<w:color w:val="FDFDFD"/>`, "AUTHENTIC")) + shown),
		"theme white":     wordOf(p(WordRun(`<w:color w:val="auto" w:themeColor="background1"/>`, "AUTHENTIC")) + shown),
		"shaded":          wordOf(p(WordRun(`<w:shd w:val="clear" w:fill="000000"/><w:color w:val="000000"/>`, "AUTHENTIC")) + shown),
		"one point":       wordOf(p(WordRun(`<w:sz w:val="2"/>`, "AUTHENTIC")) + shown),
		"narrow":          wordOf(p(WordRun(`<w:w w:val="1"/>`, "AUTHENTIC")) + shown),
		"tight":           wordOf(p(WordRun(`<w:spacing w:val="-400"/>`, "AUTHENTIC")) + shown),
		"struck":          wordOf(p(WordRun("<w:strike/>", "AUTHENTIC")) + shown),
		"deleted":         wordOf(p("<w:del><w:r><w:t>AUTHENTIC</w:t></w:r></w:del>") + shown),
		"instruction":     wordOf(p(`<w:r><w:fldChar w:fldCharType="begin"/></w:r>` + WordRun("", "AUTHENTIC") + `<w:r><w:fldChar w:fldCharType="separate"/></w:r>` + WordRun("", "ALTERED") + `<w:r><w:fldChar w:fldCharType="end"/></w:r>`)),
		"no end of field": wordOf(shown + p(`<w:r><w:fldChar w:fldCharType="begin"/></w:r>`+WordRun("", "AUTHENTIC"))),
		"bound":           wordOf(`<w:sdt><w:sdtPr><w:dataBinding/></w:sdtPr><w:sdtContent>` + p(WordRun("", "AUTHENTIC")) + "</w:sdtContent></w:sdt>"),
		"drawing over":    wordOf("<w:p><w:r>" + Anchored + "</w:r>" + WordRun("", "AUTHENTIC") + "</w:p>"),
		"drawing far":     wordOf("<w:p><w:r>" + strings.Replace(Anchored, `"paragraph"`, `"page"`, 1) + "</w:r></w:p>" + p(WordRun("", "AUTHENTIC"))),
		"other text": Zip(Part{Name: "[Content_Types].xml", Body: "<Types/>"},
			Part{Name: "_rels/.rels", Body: `<Relationships><Relationship Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/shown.xml"/></Relationships>`},
			WordPart("shown", "document", "<w:body>"+fill(shown)+"</w:body>"), WordPart("document", "document", "<w:body>"+fill(p(WordRun("", "AUTHENTIC")))+"</w:body>")),
		"numbering": DOCXBody(fill(`<w:p><w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr>`+WordRun("", "AUTHENTIC")+"</w:p>"), "",
			WordPart("numbering", "numbering", `<w:abstractNum w:abstractNumId="0"><w:lvl><w:lvlText w:val="It is false that"/></w:lvl></w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>`)),
		"default style": DOCXBody(fill("<w:p><w:r><w:t>AUTHENTIC</w:t></w:r></w:p>"), `<w:style w:type="paragraph" w:default="1" w:styleId="N"><w:rPr><w:vanish/></w:rPr></w:style>`),
		"odt hidden":    ODTBody(fill(`<text:p><text:span text:style-name="H">AUTHENTIC</text:span></text:p><text:p>ALTERED</text:p>`), `<style:style style:name="H" style:family="text"><style:text-properties text:display="none"/></style:style>`),
		"odt paragraph": ODTBody(fill(`<text:p text:style-name="H">AUTHENTIC</text:p><text:p>ALTERED</text:p>`), `<style:style style:name="H" style:family="paragraph"><style:text-properties fo:font-size="1pt"/></style:style>`),
		"odt condition": ODTBody(fill(`<text:p><text:hidden-paragraph text:is-hidden="true"/>AUTHENTIC</text:p><text:p>ALTERED</text:p>`), ""),
		"odt over": ODTBody(fill(`<text:p><draw:frame draw:style-name="G" text:anchor-type="paragraph"><draw:text-box><text:p>ALTERED</text:p></draw:text-box></draw:frame>AUTHENTIC</text:p>`),
			`<style:style style:name="G" style:family="graphic"><style:graphic-properties style:wrap="run-through" style:run-through="foreground"/></style:style>`),
	}
}
