package extracttest

import (
	"fmt"
	"slices"
	"strings"
)

// The names that Word's and OpenDocument's parts are written in.
const (
	wordNames = `xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"` +
		` xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"` +
		` xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing"` +
		` xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"` +
		` xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture"` +
		` xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape"` +
		` xmlns:v="urn:schemas-microsoft-com:vml" xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"` +
		` xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"`
	openNames = `xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"` +
		` xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"` +
		` xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"` +
		` xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0"` +
		` xmlns:fo="urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0"` +
		` xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0"` +
		` xmlns:svg="urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0"` +
		` xmlns:dc="http://purl.org/dc/elements/1.1/"`
	declared = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"
)

// DOCX is a Word file.
func DOCX(paragraphs []string) []byte {
	var b strings.Builder
	for _, p := range paragraphs {
		words, isItem := item(p)
		b.WriteString("<w:p>")
		if isItem {
			b.WriteString(`<w:pPr><w:pStyle w:val="ListParagraph"/><w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr></w:pPr>`)
		}
		b.WriteString(`<w:r><w:t xml:space="preserve">` + Escape(words) + `</w:t></w:r></w:p>`)
	}
	return DOCXBody(b.String(), "")
}

// DOCXBody is a Word file with the given XML in w:body and in w:styles; further
// parts go behind it, their names from "word/" on.
func DOCXBody(body, styles string, more ...Part) []byte {
	parts := []Part{
		{"[Content_Types].xml", declared + `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">` +
			`<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
			`<Default Extension="xml" ContentType="application/xml"/>` +
			`<Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/>` +
			`<Override PartName="/word/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.styles+xml"/></Types>`},
		{"_rels/.rels", declared + `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">` +
			`<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>`},
		{"word/document.xml", declared + "<w:document " + wordNames + "><w:body>" + body +
			`<w:sectPr><w:pgSz w:w="11906" w:h="16838"/></w:sectPr></w:body></w:document>`},
		{"word/styles.xml", declared + "<w:styles " + wordNames + ">" + styles + "</w:styles>"},
	}
	relations := ""
	for i, kind := range []string{"styles", "numbering", "fontTable", "theme"} {
		if kind == "styles" || slices.ContainsFunc(more, func(p Part) bool { return p.Name == "word/"+kind+".xml" }) {
			relations += fmt.Sprintf(`<Relationship Id="rId%d" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/%s" Target="%[2]s.xml"/>`, i+1, kind)
		}
	}
	parts = append(parts, Part{"word/_rels/document.xml.rels", declared + `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">` + relations + `</Relationships>`})
	return Zip(append(parts, more...)...)
}

// DOCXBackground is a Word file whose pages have a colour.
func DOCXBackground(body, colour string) []byte {
	return Zip(Part{"[Content_Types].xml", "<Types/>"},
		Part{"_rels/.rels", `<Relationships><Relationship Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>`},
		WordPart("document", "document", `<w:background w:color="`+colour+`"/><w:body>`+body+"</w:body>"))
}

// WordPart is a further part for DOCXBody, such as WordPart("comments", …):
// its root has the part's name, as Word writes it.
func WordPart(name, root, body string) Part {
	return Part{"word/" + name + ".xml", declared + "<w:" + root + " " + wordNames + ">" + body + "</w:" + root + ">"}
}

// ODT is an OpenDocument text.
func ODT(paragraphs []string) []byte {
	var b strings.Builder
	inList := false
	for _, p := range paragraphs {
		words, isItem := item(p)
		if isItem != inList {
			b.WriteString(map[bool]string{true: `<text:list>`, false: `</text:list>`}[isItem])
		}
		inList = isItem
		paragraph := `<text:p text:style-name="Standard">` + Escape(words) + `</text:p>`
		if isItem {
			paragraph = "<text:list-item>" + paragraph + "</text:list-item>"
		}
		b.WriteString(paragraph)
	}
	if inList {
		b.WriteString("</text:list>")
	}
	return ODTBody(b.String(), "")
}

// ODTBody is an OpenDocument text with the given XML in office:text and in its
// automatic styles; further parts go behind it.
func ODTBody(body, styles string, more ...Part) []byte {
	const kind = "application/vnd.oasis.opendocument.text"
	parts := []Part{
		{"mimetype", kind},
		{"content.xml", declared + "<office:document-content " + openNames + `><office:automatic-styles>` + styles +
			"</office:automatic-styles><office:body><office:text>" + body + "</office:text></office:body></office:document-content>"},
		{"styles.xml", declared + "<office:document-styles " + openNames + "><office:styles>" +
			`<style:style style:name="Standard" style:family="paragraph"/></office:styles></office:document-styles>`},
		{"META-INF/manifest.xml", declared + `<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">` +
			`<manifest:file-entry manifest:full-path="/" manifest:media-type="` + kind + `"/></manifest:manifest>`},
	}
	return Zip(append(parts, more...)...)
}
