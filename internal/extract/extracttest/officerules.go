package extracttest

// WordRun is a run of a Word file with the given properties.
func WordRun(properties, text string) string {
	return "<w:r><w:rPr>" + properties + `</w:rPr><w:t xml:space="preserve">` + text + "</w:t></w:r>"
}

func word(body string) string { return string(DOCXBody(body, "")) }

// DOCXRules are what a Word file shows.
func DOCXRules() []Rule {
	const style = `<w:style w:type="character" w:styleId="H"><w:rPr><w:vanish/></w:rPr></w:style>` +
		`<w:style w:type="paragraph" w:styleId="P"><w:rPr><w:vanish/></w:rPr></w:style><w:style w:type="paragraph" w:styleId="Q"><w:basedOn w:val="P"/></w:style>`
	styled := func(body string) string { return string(DOCXBody(body, style)) }
	return []Rule{
		{"deleted", word("<w:p>" + WordRun("", "a ") + `<w:del w:id="1"><w:r><w:delText>not</w:delText></w:r></w:del><w:ins w:id="2">` + WordRun("", "b") + "</w:ins></w:p>"), "a b", warnDeleted},
		{"moved", word("<w:p><w:moveFrom>" + WordRun("", "x") + "</w:moveFrom><w:moveTo>" + WordRun("", "y") + "</w:moveTo></w:p>"), "y", warnDeleted},
		{"end deleted", word("<w:p><w:pPr><w:rPr><w:del/></w:rPr></w:pPr>" + WordRun("", "a ") + "</w:p><w:p>" + WordRun("", "b") + "</w:p>"), "a b", ""},
		{"vanish", word("<w:p>" + WordRun("", "a") + WordRun("<w:vanish/>", " not") + WordRun(`<w:vanish w:val="0"/>`, " b") + "</w:p>"), "a b", warnHidden},
		{"white", word("<w:p>" + WordRun("", "a") + WordRun(`<w:color w:val="FFFFFF"/>`, " not") + WordRun(`<w:color w:val="FFFFFF"/><w:shd w:fill="000000"/>`, " b") + "</w:p>"), "a b", warnHidden},
		{"one point", word("<w:p>" + WordRun("", "a") + WordRun(`<w:sz w:val="2"/>`, " not") + "</w:p>"), "a", warnHidden},
		{"style of a run", styled("<w:p>" + WordRun("", "a") + WordRun(`<w:rStyle w:val="H"/>`, " not") + "</w:p>"), "a", warnHidden},
		{"style of a paragraph", styled(`<w:p><w:pPr><w:pStyle w:val="Q"/></w:pPr><w:r><w:t>not</w:t></w:r></w:p><w:p>` + WordRun("", "a") + "</w:p>"), "a", warnHidden},
		{"two toggles", styled(`<w:p><w:pPr><w:pStyle w:val="P"/></w:pPr>` + WordRun(`<w:rStyle w:val="H"/>`, "a") + "</w:p>"), "a", ""},
		{"signs", word(`<w:p><w:r><w:t>a</w:t><w:tab/><w:t>b</w:t><w:br/><w:t>c</w:t><w:noBreakHyphen/><w:t>d</w:t><w:softHyphen/><w:t>e</w:t></w:r></w:p>`), "a b\nc\u2011d\u00ade", ""},
		{"field", word(`<w:p><w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText>REF x</w:instrText></w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r>` +
			WordRun("", "7") + `<w:r><w:fldChar w:fldCharType="end"/></w:r><w:fldSimple w:instr="REF y">` + WordRun("", " May") + "</w:fldSimple></w:p>"), "7 May", ""},
		{"table", word("<w:tbl><w:tr><w:tc><w:p>" + WordRun("", "a") + "</w:p></w:tc><w:tc><w:p>" + WordRun("", "b") + "</w:p></w:tc></w:tr></w:tbl><w:p>" + WordRun("", "c") + "</w:p>"), "a\nb\n\nc", ""},
		{"box", word(`<w:p><w:r><mc:AlternateContent><mc:Choice Requires="wps"><w:drawing><wp:inline><a:graphic><wps:txbx><w:txbxContent><w:p>` + WordRun("", "box") +
			`</w:p></w:txbxContent></wps:txbx></a:graphic></wp:inline></w:drawing></mc:Choice><mc:Fallback><w:pict><v:textbox><w:txbxContent><w:p>` + WordRun("", "box") +
			"</w:p></w:txbxContent></v:textbox></w:pict></mc:Fallback></mc:AlternateContent></w:r>" + WordRun("", "words") + "</w:p>"), "words\n\nbox", ""},
		{"beside", string(DOCXBody("<w:p>"+WordRun("", "a")+"</w:p>", "", WordPart("comments", "comments", "<w:comment><w:p>"+WordRun("", "x")+"</w:p></w:comment>"))), "a", warnComments},
		{"notes", string(DOCXBody("<w:p>"+WordRun("", "a")+"</w:p>", "", WordPart("header1", "hdr", "<w:p>"+WordRun("", "x")+"</w:p>"),
			WordPart("footnotes", "footnotes", "<w:footnote/>"))), "a", warnMargins},
		{"control", word("<w:sdt><w:sdtPr/><w:sdtContent><w:p>" + WordRun("", "a") + "</w:p></w:sdtContent></w:sdt>"), "a", ""},
	}
}

// ODTRules are what an OpenDocument text shows.
func ODTRules() []Rule {
	const styles = `<style:style style:name="H" style:family="text"><style:text-properties text:display="none"/></style:style>` +
		`<style:style style:name="W" style:family="text"><style:text-properties fo:color="#ffffff"/></style:style>`
	odt := func(body string) string { return string(ODTBody(body, styles)) }
	return []Rule{
		{"hidden", odt(`<text:p>a<text:span text:style-name="H"> not</text:span><text:span text:style-name="W"> nor</text:span> b</text:p>`), "a b", warnHidden},
		{"signs", odt("<text:p>a<text:s text:c=\"3\"/>b<text:tab/>c<text:line-break/>d</text:p>"), "a b c\nd", ""},
		{"comments", odt("<text:p>a<office:annotation><text:p>x</text:p></office:annotation>b<text:note><text:note-body><text:p>y</text:p></text:note-body></text:note></text:p>"), "ab", warnComments + " " + warnMargins},
		{"changes", odt(`<text:tracked-changes><text:changed-region><text:deletion><text:p>not</text:p></text:deletion></text:changed-region></text:tracked-changes><text:p>a<text:change/></text:p>`), "a", warnDeleted},
		{"hidden section", odt(`<text:section text:display="none"><text:p>not</text:p></text:section><text:p>a</text:p>`), "a", warnHidden},
		{"table", odt("<table:table><table:table-row><table:table-cell><text:p>a</text:p></table:table-cell><table:table-cell><text:p>b</text:p></table:table-cell></table:table-row></table:table>"), "a\nb", ""},
		{"box", odt(`<text:p><draw:frame text:anchor-type="as-char"><draw:text-box><text:p>box</text:p></draw:text-box></draw:frame>words</text:p>`), "words\n\nbox", ""},
	}
}
