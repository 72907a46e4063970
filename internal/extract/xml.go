package extract

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"

	"golang.org/x/net/html/charset"
)

// What one part of a document may hold.
const (
	maxXMLDepth  = 256
	maxXMLTokens = 2_000_000
)

// An xmlReader goes through XML within bounds. Declarations of types and entities
// are refused: no word processor writes any, and what they stand for is text that
// is not there.
type xmlReader struct {
	d      *xml.Decoder
	depth  int
	tokens int
}

func newXML(part []byte) *xmlReader {
	d := xml.NewDecoder(bytes.NewReader(part))
	d.CharsetReader = charset.NewReaderLabel
	return &xmlReader{d: d}
}

// next is the next token; io.EOF stands behind the last.
func (x *xmlReader) next() (xml.Token, error) {
	t, err := x.d.Token()
	if errors.Is(err, io.EOF) {
		return nil, io.EOF
	}
	if err != nil {
		return nil, damaged("a part of it is not well-formed XML")
	}
	if x.tokens++; x.tokens > maxXMLTokens {
		return nil, tooLarge("more parts than are read")
	}
	switch s := t.(type) {
	case xml.StartElement:
		if x.depth++; x.depth > maxXMLDepth {
			return nil, tooDeep()
		}
		if foreign(s.Name) {
			s.Name.Local = "foreign"
			t = s
		}
	case xml.EndElement:
		x.depth--
	case xml.Directive:
		return nil, damaged("it declares a document type")
	}
	return t, nil
}

// root returns the first element.
func (x *xmlReader) root() (xml.StartElement, error) {
	for {
		t, err := x.next()
		if errors.Is(err, io.EOF) {
			return xml.StartElement{}, damaged("a part of it is empty")
		}
		if err != nil {
			return xml.StartElement{}, err
		}
		if s, ok := t.(xml.StartElement); ok {
			return s, nil
		}
	}
}

// inside calls child for each element inside the one whose beginning was read
// last, and chars for the text between them (nil: none wanted). child has to read
// up to the end of its element.
func (x *xmlReader) inside(child func(xml.StartElement) error, chars func(string)) error {
	for {
		t, err := x.next()
		if errors.Is(err, io.EOF) {
			return damaged("a part of it ends too early")
		}
		if err != nil {
			return err
		}
		switch t := t.(type) {
		case xml.StartElement:
			if err := child(t); err != nil {
				return err
			}
		case xml.CharData:
			if chars != nil {
				chars(string(t))
			}
		case xml.EndElement:
			return nil
		}
	}
}

// skip reads to the end of the element, and tells whether there is text in it.
func (x *xmlReader) skip() (bool, error) {
	var text bool
	see := func(s string) { text = text || strings.TrimSpace(s) != "" }
	depth := 1
	for depth > 0 {
		t, err := x.next()
		if errors.Is(err, io.EOF) {
			return text, damaged("a part of it ends too early")
		}
		if err != nil {
			return text, err
		}
		switch t := t.(type) {
		case xml.StartElement:
			depth++
		case xml.EndElement:
			depth--
		case xml.CharData:
			see(string(t))
		}
	}
	return text, nil
}

// vocabularies are the beginnings of the names of the languages that documents and their
// packages are written in. Programs pass over what is in others.
var vocabularies = []string{
	"http://schemas.openxmlformats.org/", "http://purl.oclc.org/ooxml/", "http://schemas.microsoft.com/", "urn:schemas-microsoft-com:",
	"urn:oasis:names:tc:opendocument:", "urn:org:documentfoundation:", "http://purl.org/dc/", "http://www.w3.org/",
}

// wordSpaces are the names of Word's own language, as most files have it and as the
// strict form of the standard does; what is called as in it elsewhere is none of it.
var wordSpaces = set("http://schemas.openxmlformats.org/wordprocessingml/2006/main http://purl.oclc.org/ooxml/wordprocessingml/main")

// wordOwn are the names in Word's language by which text is told.
var wordOwn = set("p r t tbl tr tc sdt sdtContent customXml smartTag ins moveTo del moveFrom hyperlink bdo fldSimple fldChar instrText delText " +
	"rPr pPr vanish strike dstrike caps sz szCs highlight rFonts rStyle pStyle numPr txbxContent body document")

// foreign tells an element of which a program that shows the document knows nothing.
func foreign(name xml.Name) bool {
	if wordSpaces[name.Space] || name.Space == "" {
		return false
	}
	if !slices.ContainsFunc(vocabularies, func(v string) bool { return strings.HasPrefix(name.Space, v) }) {
		return true
	}
	office := strings.HasPrefix(name.Space, "http://") && !strings.HasSuffix(name.Space, "/math")
	return office && wordOwn[name.Local]
}

// attr is an attribute by its local name, empty when there is none: one in the language
// of the element goes before others, which those of Word's have not.
func attr(e xml.StartElement, local string) string {
	for _, a := range e.Attr {
		if a.Name.Local == local && (a.Name.Space == e.Name.Space || a.Name.Space == "" && !wordSpaces[e.Name.Space]) {
			return a.Value
		}
	}
	for _, a := range e.Attr {
		if a.Name.Local == local && !foreign(xml.Name{Space: a.Name.Space}) && (!wordSpaces[e.Name.Space] || a.Name.Space == xmlSpace) {
			return a.Value
		}
	}
	return ""
}

const xmlSpace = "http://www.w3.org/XML/1998/namespace"
