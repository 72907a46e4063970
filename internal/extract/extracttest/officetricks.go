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
		"default style":     DOCXBody(fill("<w:p><w:r><w:t>AUTHENTIC</w:t></w:r></w:p>"), `<w:style w:type="paragraph" w:default="1" w:styleId="N"><w:rPr><w:vanish/></w:rPr></w:style>`),
		"foreign words":     wordOf(`<w:p><w:r><x:t xmlns:x="urn:x">AUTHENTIC</x:t></w:r></w:p>` + shown),
		"foreign value":     wordOf(p(WordRun(`<w:vanish xmlns:x="urn:x" x:val="0"/>`, "AUTHENTIC")) + shown),
		"other alternative": wordOf(`<w:p><mc:AlternateContent><mc:Choice Requires="none">` + WordRun("", "AUTHENTIC") + `</mc:Choice><mc:Fallback>` + WordRun("", "ALTERED") + `</mc:Fallback></mc:AlternateContent></w:p>`),
		"date":              wordOf(`<w:p><w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText>DATE \@ "'ALTERED'"</w:instrText></w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r>` + WordRun("", "AUTHENTIC") + `<w:r><w:fldChar w:fldCharType="end"/></w:r></w:p>`),
		"simple date":       wordOf(`<w:p><w:fldSimple w:instr="DATE">` + WordRun("", "AUTHENTIC") + `</w:fldSimple></w:p>`),
		"button":            wordOf(`<w:p><w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText>MACROBUTTON x It is false that</w:instrText></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r>` + WordRun("", "AUTHENTIC") + `</w:p>`),
		"page number":       wordOf(p(WordRun("", "AUTHENTIC") + `<w:r><w:pgNum/></w:r>`)),
		"small Arabic":      wordOf(p(WordRun(`<w:cs/><w:sz w:val="24"/><w:szCs w:val="2"/>`, "AUTHENTIC")) + shown),
		"effect":            wordOf(p(WordRun(`<w14:textFill xmlns:w14="http://schemas.microsoft.com/office/word/2010/wordml"><w14:noFill/></w14:textFill>`, "AUTHENTIC")) + shown),
		"low row":           wordOf(`<w:tbl><w:tr><w:trPr><w:trHeight w:val="20" w:hRule="exact"/></w:trPr><w:tc>` + p(WordRun("", "AUTHENTIC")) + `</w:tc></w:tr></w:tbl>` + shown),
		"tinted":            wordOf(p(WordRun(`<w:color w:val="000000" w:themeColor="text1" w:themeTint="00"/>`, "AUTHENTIC")) + shown),
		"theme": DOCXBody(fill(p(WordRun(`<w:color w:val="000000" w:themeColor="accent1"/>`, "AUTHENTIC"))+shown), "",
			WordPart("theme", "theme", `<a:themeElements><a:clrScheme><a:accent1><a:srgbClr val="FFFFFF"/></a:accent1></a:clrScheme></a:themeElements>`)),
		"Arabic font": DOCXBody(fill(p(WordRun(`<w:rFonts w:ascii="Arial" w:cs="Evil"/>`, "AUTHENTIC"))+shown), "", WordPart("fontTable", "fonts", `<w:font w:name="Evil"><w:embedRegular/></w:font>`)),
		"numbering of a style": DOCXBody(fill(`<w:p><w:pPr><w:pStyle w:val="L"/></w:pPr>`+WordRun("", "AUTHENTIC")+"</w:p>"), `<w:style w:type="paragraph" w:styleId="L"><w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr></w:style>`,
			WordPart("numbering", "numbering", `<w:abstractNum w:abstractNumId="0"><w:lvl><w:lvlText w:val="It is false that"/></w:lvl></w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>`)),
		"lines of a style": DOCXBody(fill(`<w:p><w:pPr><w:pStyle w:val="L"/></w:pPr>`+WordRun("", "AUTHENTIC")+"</w:p>"+shown), `<w:style w:type="paragraph" w:styleId="L"><w:pPr><w:spacing w:line="1" w:lineRule="exact"/></w:pPr></w:style>`),
		"another relation": Zip(Part{Name: "[Content_Types].xml", Body: "<Types/>"},
			Part{Name: "_rels/.rels", Body: `<Relationships><Relationship Type="http://example.org/officeDocument" Target="word/document.xml"/><Relationship Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/shown.xml"/></Relationships>`},
			WordPart("shown", "document", "<w:body>"+fill(shown)+"</w:body>"), WordPart("document", "document", "<w:body>"+fill(p(WordRun("", "AUTHENTIC")))+"</w:body>")),
		"page colour":           DOCXBackground(fill(p(WordRun(`<w:color w:val="FFFFFF"/>`, "AUTHENTIC"))+shown), "000000"),
		"odt small Arabic":      ODTBody(fill(`<text:p><text:span text:style-name="H">AUTHENTIC</text:span></text:p><text:p>ALTERED</text:p>`), `<style:style style:name="H" style:family="text"><style:text-properties style:font-size-complex="1pt"/></style:style>`),
		"odt clear":             ODTBody(fill(`<text:p><text:span text:style-name="H">AUTHENTIC</text:span></text:p><text:p>ALTERED</text:p>`), `<style:style style:name="H" style:family="text"><style:text-properties style:opacity="0%"/></style:style>`),
		"odt on condition":      ODTBody(fill(`<text:p><text:span text:style-name="H">AUTHENTIC</text:span></text:p><text:p>ALTERED</text:p>`), `<style:style style:name="H" style:family="text"><style:text-properties text:display="condition" text:condition="ooow:1==1"/></style:style>`),
		"odt number":            ODTBody(fill(`<text:p><text:number>AUTHENTIC</text:number>ALTERED</text:p>`), ""),
		"odt date":              ODTBody(fill(`<text:p><text:date>AUTHENTIC</text:date></text:p>`), ""),
		"odt variable":          ODTBody(fill(`<text:p><text:variable-set text:display="none">AUTHENTIC</text:variable-set>ALTERED</text:p>`), ""),
		"odt condition shown":   ODTBody(fill(`<text:p><text:hidden-text text:string-value="It is false that" text:is-hidden="false"/>AUTHENTIC</text:p>`), ""),
		"odt marker of an item": ODTBody(fill(`<text:list><text:list-item text:style-override="W"><text:p>AUTHENTIC</text:p></text:list-item></text:list>`), `<text:list-style style:name="W"><text:list-level-style-number text:level="1" style:num-suffix=" It is false that"/></text:list-style>`),
		"odt low row":           ODTBody(fill(`<table:table><table:table-row table:style-name="R"><table:table-cell><text:p>AUTHENTIC</text:p></table:table-cell></table:table-row></table:table><text:p>ALTERED</text:p>`), `<style:style style:name="R" style:family="table-row"><style:table-row-properties style:row-height="0.01cm"/></style:style>`),
		"odt two styles":        ODTBody(fill(`<text:p><text:span text:style-name="H">AUTHENTIC</text:span></text:p><text:p>ALTERED</text:p>`), `<style:style style:name="H" style:family="text"><style:text-properties text:display="none"/></style:style><style:style style:name="H" style:family="text"/>`),
		"mail related":          Mail("Content-Type: multipart/related; boundary=b\r\n", fill("--b\r\nContent-Type: text/html\r\n\r\n<p>ALTERED</p>\r\n--b\r\nContent-Type: text/plain\r\nContent-ID: <x>\r\n\r\nAUTHENTIC\r\n--b--\r\n")),
		"mail plain words":      Mail("Content-Type: multipart/alternative; boundary=b\r\n", fill("--b\r\nContent-Type: text/plain\r\n\r\nALTERED\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>AUTHENTIC</p>\r\n--b--\r\n")),
		"mail one word more":    Mail("Content-Type: multipart/alternative; boundary=b\r\n", fill("--b\r\nContent-Type: text/plain\r\n\r\nWords\r\n\r\nIt is false that\r\n\r\nAUTHENTIC\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>Words<p>AUTHENTIC</p>\r\n--b--\r\n")),
		"mail AMP":              Mail("Content-Type: multipart/alternative; boundary=b\r\n", fill("--b\r\nContent-Type: text/x-amp-html\r\n\r\n<html amp4email><p>ALTERED</p>\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>AUTHENTIC</p>\r\n--b--\r\n")),
		"odt foreign":           ODTBody(fill(`<x:p xmlns:x="urn:x">AUTHENTIC</x:p><text:p>ALTERED</text:p>`), ""),
		"odt other style":       ODTBody(fill(`<text:p table:style-name="Standard" text:style-name="H">AUTHENTIC</text:p><text:p>ALTERED</text:p>`), `<style:style style:name="H" style:family="paragraph"><style:text-properties text:display="none"/></style:style>`),
		"odt hidden":            ODTBody(fill(`<text:p><text:span text:style-name="H">AUTHENTIC</text:span></text:p><text:p>ALTERED</text:p>`), `<style:style style:name="H" style:family="text"><style:text-properties text:display="none"/></style:style>`),
		"odt paragraph":         ODTBody(fill(`<text:p text:style-name="H">AUTHENTIC</text:p><text:p>ALTERED</text:p>`), `<style:style style:name="H" style:family="paragraph"><style:text-properties fo:font-size="1pt"/></style:style>`),
		"odt condition":         ODTBody(fill(`<text:p><text:hidden-paragraph text:is-hidden="true"/>AUTHENTIC</text:p><text:p>ALTERED</text:p>`), ""),
		"odt over": ODTBody(fill(`<text:p><draw:frame draw:style-name="G" text:anchor-type="paragraph"><draw:text-box><text:p>ALTERED</text:p></draw:text-box></draw:frame>AUTHENTIC</text:p>`),
			`<style:style style:name="G" style:family="graphic"><style:graphic-properties style:wrap="run-through" style:run-through="foreground"/></style:style>`),
	}
}
