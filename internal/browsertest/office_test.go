package browsertest

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sijil/sijil/internal/extract/extracttest"
)

// office are Word and OpenDocument files of every rule and trick.
func office() map[string][]byte {
	files := map[string][]byte{}
	rules("docx ", extracttest.DOCXRules(), files)
	rules("odt ", extracttest.ODTRules(), files)
	for name, file := range extracttest.OfficeTricks() {
		files["trick "+name] = file
	}
	sample := []string{"A declaration", "We declare that l’eau est à nous: 1,000 boats <stay> & 18 sail.", "نحن الموقعين أدناه", "- First", "- Second", "Done 😀."}
	files["docx"], files["odt"] = extracttest.DOCX(sample), extracttest.ODT(sample)
	return files
}

// TestOffice: Word and OpenDocument files are read in the browser as in Go, what hides or
// covers words included.
func TestOffice(t *testing.T) {
	ctx := Load(t, "engine.ts", "extract")
	files := office()
	run := extracttest.WordRun
	for name, body := range map[string]string{
		"run in the style of two": run(`<w:rStyle w:val="B"/><w:sz w:val="+24"/>`, "a"),
		"sizes": run(`<w:sz w:val="8"/>`, "a") + run(`<w:sz w:val="x"/>`, "b") + run(`<w:sz w:val="99999999999999999999"/>`, "c") + run(`<w:sz w:val=""/>`, "d") +
			run(`<w:sz w:val="1_0"/>`, "e") + run(`<w:w w:val="10"/>`, "f") + run(`<w:position w:val="-40"/>`, "g") + run(`<w:position w:val="-99999999999999999999"/>`, "h"),
		"colours": run(`<w:color w:val="F0F0F0"/>`, "a") + run(`<w:color w:val="auto"/>`, "b") + run(`<w:color w:val="12345"/>`, "c") + run(`<w:highlight w:val="constructor"/>`, "d") +
			run(`<w:highlight w:val="yellow"/><w:color w:val="FFFF00"/>`, "e") + run(`<w:highlight w:val="black"/>`, "f") + run(`<w:shd w:fill="zzz"/><w:color w:val="FFFFFF"/>`, "g"),
		"signs":   `<w:r><w:sym w:char="F0B7"/><w:sym w:char="41"/><w:sym w:char="D800"/><w:sym w:char="12345"/><w:sym w:char="1F"/><w:sym w:char="-1"/><w:t> a</w:t></w:r>`,
		"blanks":  `<w:r><w:t> a&#160;</w:t><w:t xml:space="preserve"> b </w:t><w:t>&#x85;c&#xb;</w:t><w:cr/><w:ptab/><w:t>d</w:t><w:br/><w:br/><w:br/><w:t>e</w:t></w:r>`,
		"math":    `<m:oMath><m:r><m:t>x+y</m:t></m:r></m:oMath><n:f xmlns:n="a/math"><n:t>z</n:t></n:f><w:f xmlns:w="a/math"><w:t>q</w:t></w:f>`,
		"ruby":    `<w:r><w:ruby><w:rt><w:r><w:t>up</w:t></w:r></w:rt><w:rubyBase><w:r><w:t>base</w:t></w:r></w:rubyBase></w:ruby></w:r>`,
		"bdo":     `<w:bdo w:val="rtl">` + run("", "abc") + `</w:bdo><w:fldSimple w:dirty="true">` + run("", "1") + `</w:fldSimple>`,
		"frames":  `</w:p><w:p><w:pPr><w:framePr/></w:pPr>` + run("", "a") + `</w:p><w:p><w:pPr><w:spacing w:line="20" w:lineRule="exact"/></w:pPr>` + run("", "b") + `</w:p><w:p><w:pPr><w:ind w:left="9001"/></w:pPr>` + run("", "c"),
		"picture": `<w:r><w:pict><v:shape style="position:absolute"><v:imagedata/></v:shape></w:pict></w:r>` + run("", "a"),
		"table":   `</w:p><w:tbl><w:tblPr><w:tblStyle/><w:shd w:fill="000000"/></w:tblPr><w:tr><w:tc><w:tcPr><w:shd w:fill="FFFFFF"/></w:tcPr><w:p>` + run(`<w:color w:val="FEFEFE"/>`, "a") + `</w:p></w:tc></w:tr></w:tbl><w:tbl><w:tblPr><w:tblStyle/></w:tblPr><w:tr><w:tc><w:p>` + run(`<w:color w:val="FEFEFE"/>`, "b") + `</w:p></w:tc></w:tr></w:tbl><w:p>`,
		"altered": `</w:p><w:altChunk/><w:p>` + run("", "a"),
		"field":   `<w:r><w:fldChar w:fldCharType="end"/><w:fldChar w:fldCharType="separate"/><w:fldChar w:fldCharType="begin"/><w:fldChar w:fldCharType="begin"/><w:t>no</w:t><w:fldChar w:fldCharType="end"/><w:fldChar w:fldCharType="separate"/><w:t>yes</w:t></w:r>`,
	} {
		files["more "+name] = extracttest.DOCXBody("<w:p>"+body+"</w:p>", `<w:style w:styleId="A" w:type="character"><w:basedOn w:val="B"/><w:rPr><w:strike/></w:rPr></w:style><w:style w:styleId="B"><w:basedOn w:val="A"/></w:style>`)
	}
	for name, style := range map[string]string{
		"font-size": "2.7pt", "letter-spacing": "-0.1in", "text-position": "-95% 50%", "text-scale": "5%", "line-height": "20%", "margin-left": "-2cm", "color": "#fefefe",
		"background-color": "#000000", "text-transform": "uppercase", "text-line-through-type": "single", "text-indent": "1e5px", "display": "condition",
	} {
		for _, family := range []string{"paragraph", "text"} {
			files["odt "+family+" "+name] = extracttest.ODTBody(`<text:p text:style-name="S">a<text:span text:style-name="S">b</text:span></text:p>`,
				fmt.Sprintf(`<style:style style:name="S" style:parent-style-name="S" style:family="%s"><style:text-properties fo:%s="%s"/></style:style>`, family, name, style))
		}
	}
	compare(t, ctx, files)
}

// document is a Word file whose text is the given XML.
func document(body string) []byte {
	const relation = `<Relationships><Relationship Type="/officeDocument" Target="word/./x/../document.xml"/></Relationships>`
	return extracttest.Zip(extracttest.Part{Name: "[Content_Types].xml", Body: "<Types/>"}, extracttest.Part{Name: "_rels/.rels", Body: relation},
		extracttest.Part{Name: "word/document.xml", Body: body})
}

// TestXML: the browser's reader takes for well-formed what encoding/xml does, and reads the
// same of it.
func TestXML(t *testing.T) {
	ctx := Load(t, "engine.ts", "extract")
	files := map[string][]byte{}
	in := func(s string) string {
		return "<document><body><p><r><t>a " + s + " b</t></r></p></body></document>"
	}
	for _, s := range []string{
		"&amp;&lt;&gt;&quot;&apos;", "&#65;&#x41;&#x1F600;&#0065;", "&#xD800;", "&#0;", "&#x110000;", "&#99999999999999999999999;", "&#;", "&#x;", "&#X41;", "&# 65;", "&amp", "&", "&nbsp;", "&a", "&é;", "& ", "&&",
		"]]>", "]]&gt;", "]] >", "<![CDATA[x < & ]] ]]>", "<![CDATA[]]>", "<![CDATA[ ]]]]>", "<![CDATA[x]]", "<![cdata[x]]>", "<![", "<!-- c -->", "<!---->", "<!--->", "<!-- -- -->", "<!-- --->", "<!-", "<!-- é\xff -->", "<!--", "<!- ->",
		"<?pi data?>", "<?pi?>", "<??>", "<? pi?>", "<?pi", "<?xml version='1.0'?>", "<?xml version=\"1.1\"?>", "<?xml encoding='UTF-8'?>", "<?xml encoding='latin1'?>\xe9", "<?xml encoding=latin1?>", "<?xml encoding='",
		"<!DOCTYPE x>", "<!DOCTYPE x [<!ENTITY a 'b>'>]>", "<!DOCTYPE x '", "<!x <!-- > -->>", "<!x <y>>", "<!x \"<!--\">", "<!", "<!>", "<!'>",
		"<x/>", "<x />", "<x / >", "<x a='1'b=\"2\"/>", "<x a = '1' />", "<x a=1/>", "<x a/>", "<x a='<'/>", "<x a='>'/>", "<x a='&lt;\n\t\r\r\n'/>", "<x a='", "<x", "< x/>", "<x></x >", "<x></ x>", "<x></y>", "<a:x></b:x>", "<a:x></a:x>", "</x>", "<x></x y>",
		"<a:b:c/>", "<:a/>", "<a:/>", "<1a/>", "<-a/>", "<_a/>", "<é/>", "<x é='1'/>", "<日本/>", "<a·b/>", "<a\u00d7/>", "<x 1='1'/>", "<x\xff/>", "<a\U00010000/>",
		"\xff", "\xed\xa0\x80", "\ufffd", "\ufffe", "\x01", "\x00", "\x7f\u0080", "\r\n\r\n\r", "\t\v\f", "x\u2028y\u00a0z", "\ufeff", "é😀",
	} {
		files[fmt.Sprintf("in text %q", s)] = document(in(s))
	}
	plain := in("words")
	deep := func(n int) string { return strings.Repeat("<x>", n) + strings.Repeat("</x>", n) }
	for name, s := range map[string]string{
		"mark": "\ufeff" + plain, "text before": "x " + plain, "declaration behind a blank": " <?xml version='1.0'?>" + plain, "text behind": plain + " x", "rubbish behind": plain + "</x><&\xff", "second root": plain + plain,
		"latin": "<?xml version='1.0' encoding='ISO-8859-1'?>" + in("caf\xe9 \x93"), "arabic": "<?xml encoding='windows-1256'?>" + in("\xe4\xcd\xe4"), "shift": "<?xml encoding='Shift_JIS'?>" + in("\x93\xfa\x81"),
		"utf8": "<?xml encoding='utf8'?>" + in("\xff é"), "utf-16": "<?xml encoding='utf-16'?>" + plain, "unknown": "<?xml encoding='nobody'?>" + plain,
		"wide": "\xff\xfe<\x00d\x00", "empty": "", "blank": " \n", "comment": "<!-- -->", "text alone": "abc", "type": "<!DOCTYPE document>" + plain, "another root": "<documents/>", "no body": "<document/>", "open": "<document><body><p>",
		"depth 250": in(deep(250)), "depth 251": in(deep(251)), "depth 252": in(deep(252)), "depth 400": in(deep(400)), "odd attributes": `<document><body><p><pPr><ind xmlns:a="9999" left="1"/></pPr><r><rPr><sz xmlns:val="2" val="40"/></rPr><t>a</t></r></p></body></document>`,
	} {
		files[name] = document(s)
	}
	compare(t, ctx, files)
}

// TestArchive: archives that are unusual, damaged or lie are the same to both.
func TestArchive(t *testing.T) {
	ctx := Load(t, "engine.ts", "extract")
	var words strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&words, "word %d ", i)
	}
	word := extracttest.DOCXBody("<w:p>"+extracttest.WordRun("", words.String())+"</w:p>", "")
	entry := bytes.LastIndex(word[:bytes.LastIndex(word, []byte("word/document.xml"))], []byte("PK\x01\x02"))
	with := func(at int, n uint32) []byte {
		out := bytes.Clone(word)
		binary.LittleEndian.PutUint32(out[at:], n)
		return out
	}
	size := binary.LittleEndian.Uint32(word[entry+24:])
	unmarked := bytes.Clone(word) // no sum behind the parts
	unmarked[entry+8] &^= 8
	odt := func(doctype string) []byte {
		return extracttest.Zip(extracttest.Part{Name: "mimetype", Body: "application/vnd.oasis.opendocument.text"},
			extracttest.Part{Name: "content.xml", Body: doctype + `<office:document-content xmlns:office="o">&a;</office:document-content>`})
	}
	files := map[string][]byte{
		"less": with(entry+24, 1000), "one less": with(entry+24, size-1), "one more": with(entry+24, size+1), "far more": with(entry+24, size+100_000), "huge": with(entry+24, 0xfffffff0), "sum": with(entry+16, 7), "no sum": with(entry+16, 0),
		"packed less": with(entry+20, 10), "packed more": with(entry+20, binary.LittleEndian.Uint32(word[entry+20:])+5), "packed beyond": with(entry+20, 1<<24), "elsewhere": with(entry+42, 5), "beyond": with(entry+42, 1<<30),
		"unmarked": unmarked, "method": with(entry+8, 9<<16|8), "stored": with(entry+8, 8), "before": append([]byte("PK\x03\x04 and more "), word...), "behind": append(bytes.Clone(word), "more"...),
		"type": odt("<!DOCTYPE x>"), "entity": odt(""), "manifest": extracttest.ODTBody("<text:p>a</text:p>", "", extracttest.Part{Name: "/x.xml", Body: "a"}), "raw": raw(t), "wide": wide(word, entry, 24), "wide without a place": wide(word, entry, 16), "empty": []byte("PK\x03\x04"),
	}
	rng := rand.New(rand.NewPCG(7, 7))
	small := extracttest.DOCX([]string{"A declaration", "with few words"})
	for i := range 700 {
		out := bytes.Clone(small)
		for range 1 + rng.IntN(3) {
			out[rng.IntN(len(out))] = byte(rng.IntN(256))
		}
		if i%7 == 0 {
			out = out[:rng.IntN(len(out))]
		}
		if bytes.HasPrefix(out, []byte("PK\x03\x04")) {
			files[fmt.Sprintf("random %d", i)] = out
		}
	}
	for _, name := range []string{"raw", "wide", "before", "unmarked"} {
		if r := here(files[name]); r.Error != "" {
			t.Errorf("%s: %s", name, r.Error)
		}
	}
	compare(t, ctx, files)
}

// wide is an archive of which one entry of the directory has sizes and place in a field of
// Zip64, which is cut to n bytes.
func wide(file []byte, entry, n int) []byte {
	out := bytes.Clone(file)
	word := binary.LittleEndian
	field := word.AppendUint16(word.AppendUint16([]byte{9, 9, 0, 0}, 1), uint16(n))
	for _, at := range []int{24, 20, 42} {
		field = word.AppendUint64(field, uint64(word.Uint32(out[entry+at:])))
		word.PutUint32(out[entry+at:], 0xffffffff)
	}
	field = field[:8+n]
	name := int(word.Uint16(out[entry+28:]))
	word.PutUint16(out[entry+30:], uint16(len(field)))
	end := bytes.LastIndex(out, []byte("PK\x05\x06"))
	word.PutUint32(out[end+12:], word.Uint32(out[end+12:])+uint32(len(field)))
	return slices.Insert(out, entry+46+name, field...)
}

// raw is a Word file whose parts are stored, with their sums before them alone.
func raw(t *testing.T) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, body := range parts(t, extracttest.DOCX([]string{"words"})) {
		f, err := w.CreateRaw(&zip.FileHeader{Name: name, CRC32: crc32.ChecksumIEEE([]byte(body)), CompressedSize64: uint64(len(body)), UncompressedSize64: uint64(len(body))})
		if err == nil {
			_, err = io.WriteString(f, body)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func parts(t *testing.T, file []byte) map[string]string {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, f := range r.File {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		out[f.Name] = string(b)
	}
	return out
}

// TestOfficeRandom: files of the rules and tricks, with pieces of them left out, doubled
// and put in each other's place, are the same to both.
func TestOfficeRandom(t *testing.T) {
	ctx := Load(t, "engine.ts", "extract")
	rng := rand.New(rand.NewPCG(3, 3))
	var all []map[string]string
	var pieces []string
	files := office()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if !bytes.HasPrefix(files[name], []byte("PK")) {
			continue // a mail
		}
		p := parts(t, files[name])
		all = append(all, p)
		for _, part := range slices.Sorted(maps.Keys(p)) {
			pieces = append(pieces, strings.SplitAfter(p[part], ">")...)
		}
	}
	mutants := map[string][]byte{}
	for i := range 2000 {
		p := maps.Clone(all[rng.IntN(len(all))])
		names := slices.Sorted(maps.Keys(p))
		for range 1 + rng.IntN(2) {
			name := names[rng.IntN(len(names))]
			if _, ok := p["word/document.xml"]; ok && rng.IntN(2) > 0 {
				name = "word/document.xml"
			}
			list := strings.SplitAfter(p[name], ">")
			at := rng.IntN(len(list))
			switch rng.IntN(4) {
			case 0:
				list = slices.Delete(list, at, at+1)
			case 1:
				list = slices.Insert(list, at, list[rng.IntN(len(list))])
			case 2:
				list[at] = pieces[rng.IntN(len(pieces))]
			default: // a whole element, or words, so that what comes is mostly well-formed
				list[at] += []string{"<w:strike/>", "<w:p/>", "words", `<w:vanish w:val="0"/>`, "<w:tab/>", `<w:shd w:fill="000000"/>`, "<text:s/>", " ", "<w:r><w:t>b</w:t></w:r>", "<text:p>b</text:p>",
					`<w:x><w:t>b</w:t></w:x>`, `<x:t xmlns:x="urn:x" x:val="1" w:val="0">b</x:t>`, `<w:color w:themeColor="accent1" w:themeTint="7F" w:themeShade="10"/>`, `<w:rFonts w:cs="Evil" w:asciiTheme="minor"/>`, `<w:szCs w:val="8"/>`,
					`<mc:AlternateContent><mc:Choice><w:r><w:t>b</w:t></w:r></mc:Choice><mc:Fallback><w:r><w:t>c</w:t></w:r></mc:Fallback></mc:AlternateContent>`, `<w:instrText xml:space="preserve"> date </w:instrText>`, `<text:date text:fixed="true">b</text:date>`, `<text:number>b</text:number>`}[rng.IntN(19)]
			}
			p[name] = strings.Join(list, "")
		}
		var list []extracttest.Part
		for _, name := range names {
			list = append(list, extracttest.Part{Name: name, Body: p[name]})
		}
		mutants[fmt.Sprint(i)] = extracttest.Zip(list...)
	}
	compare(t, ctx, mutants)
}

// TestOfficeHostile: files that cost as much as they can are read alike, and soon: they
// take a second and a half of one core, and may have to share it.
func TestOfficeHostile(t *testing.T) {
	if testing.Short() {
		t.Skip("reads large files")
	}
	ctx := Load(t, "engine.ts", "extract")
	files := map[string][]byte{}
	for _, name := range []string{"word", "opendocument", "many runs", "wide XML"} {
		files[name] = extracttest.Hostile()[name]
	}
	soon(t, compare(t, ctx, files), 15*time.Second)
}
