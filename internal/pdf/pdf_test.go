package pdf

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sijil/sijil/internal/extract"
)

// engine is compiled once for all tests, or read from where the tool keeps it.
var engine = sync.OnceValues(func() (*Engine, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return nil, err
	}
	dir = filepath.Join(dir, "sijil", "pdf")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return New(context.Background(), Options{CacheDir: dir, Workers: 2, Time: 30 * time.Second})
})

func readFile(t testing.TB, file []byte) (*extract.Copy, error) {
	t.Helper()
	e, err := engine()
	if err != nil {
		t.Fatal(err)
	}
	return e.Read(context.Background(), file)
}

// write makes a PDF by hand: one page for each content stream, in Helvetica.
// extra are objects from number 10 on; page is added to each page's dictionary.
func write(contents []string, page string, extra ...string) []byte {
	var b bytes.Buffer
	offsets := map[int]int{}
	object := func(n int, body string) {
		offsets[n] = b.Len()
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", n, body)
	}
	b.WriteString("%PDF-1.7\n")
	object(1, "<</Type/Catalog/Pages 2 0 R>>")
	var kids strings.Builder
	first := 10 + len(extra)
	for i := range contents {
		fmt.Fprintf(&kids, "%d 0 R ", first+2*i)
	}
	object(2, fmt.Sprintf("<</Type/Pages/Kids[%s]/Count %d>>", kids.String(), len(contents)))
	object(3, "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>")
	for i, e := range extra {
		object(10+i, e)
	}
	for i, c := range contents {
		object(first+2*i, fmt.Sprintf("<</Type/Page/Parent 2 0 R/MediaBox[0 0 500 700]/Resources<</Font<</F 3 0 R>>/XObject<</I 10 0 R>>/ExtGState<</G<</ca 0>>>>>>/Contents %d 0 R %s>>", first+2*i+1, page))
		object(first+2*i+1, fmt.Sprintf("<</Length %d>>stream\n%s\nendstream", len(c), c))
	}
	at := b.Len()
	last := first + 2*len(contents)
	fmt.Fprintf(&b, "xref\n0 1\n0000000000 65535 f \n")
	for n := 1; n < last; n++ {
		if o, ok := offsets[n]; ok {
			fmt.Fprintf(&b, "%d 1\n%010d 00000 n \n", n, o)
		}
	}
	fmt.Fprintf(&b, "trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n", last, at)
	return b.Bytes()
}

// picture is a grey image of one pixel.
const picture = "<</Type/XObject/Subtype/Image/Width 1/Height 1/ColorSpace/DeviceGray/BitsPerComponent 8/Length 1>>stream\n\x99\nendstream"

// show is a line of text at a height.
func show(y int, s string) string { return fmt.Sprintf("BT /F 12 Tf 50 %d Td (%s) Tj ET\n", y, s) }

const gates = "Open the seven gates of the valley at once."

// The example of the package comment, and every other way to show a reader
// something else than what the file says.
func TestShown(t *testing.T) {
	for _, c := range []struct {
		name, content, page string
		want                string // the text
		warning             string // its code
		doubt               string // the words in doubt, "" for none
	}{
		{name: "plain", content: show(600, gates), want: gates},
		{name: "white word", content: show(600, "Open the seven gates.") + "1 g " + show(580, "not"), want: "Open the seven gates.", warning: extract.WarnHidden},
		{name: "white on white between words", content: "BT /F 12 Tf 50 600 Td (Open the ) Tj 1 g (not ) Tj 0 g (seven gates.) Tj ET", want: "Open the seven gates.", warning: extract.WarnHidden},
		{name: "transparent", content: show(600, gates) + "/G gs " + show(580, "not"), want: gates, warning: extract.WarnHidden},
		{name: "invisible mode", content: show(600, gates) + "BT 3 Tr /F 12 Tf 50 580 Td (not) Tj ET", want: gates, warning: extract.WarnHidden},
		{name: "tiny", content: show(600, gates) + "BT /F 1 Tf 50 580 Td (not) Tj ET", want: gates, warning: extract.WarnHidden},
		{name: "off the page", content: show(600, gates) + show(900, "not"), want: gates, warning: extract.WarnHidden},
		{name: "outside the crop box", content: show(600, gates) + show(50, "not"), page: "/CropBox[0 100 500 700]", want: gates, warning: extract.WarnHidden},
		{name: "under a white box", content: show(600, gates) + show(580, "not") + "1 g 40 570 100 30 re f", want: gates, warning: extract.WarnHidden},
		{name: "pale", content: show(600, gates) + "0.95 g " + show(580, "not"), want: gates, warning: extract.WarnHidden},
		{name: "white on black", content: "0 g 40 590 400 30 re f 1 g " + show(600, gates), want: gates},
		{name: "picture over a word", content: show(600, gates) + "q 30 0 0 14 105 598 cm /I Do Q", want: gates, doubt: "seven", warning: extract.WarnPictures},
		{name: "picture between words", content: show(600, "Open the       gates.") + "q 16 0 0 10 106 600 cm /I Do Q", want: "Open the gates.", doubt: "ga", warning: extract.WarnPictures},
		{name: "struck out", content: show(600, gates) + "1 w 103 604 m 135 604 l S", want: gates, doubt: "seven"},
		{name: "underlined", content: show(600, gates) + "1 w 103 598 m 135 598 l S", want: gates},
		{name: "marked with colour", content: "1 1 0 rg 103 596 33 14 re f 0 g " + show(600, gates), want: gates},
		{name: "two words at one place", content: show(600, gates) + "BT /F 12 Tf 105 600 Td (NINE) Tj ET", want: "", doubt: "N"},
		{name: "bold by two strokes", content: show(600, gates) + "BT /F 12 Tf 50.3 600 Td (" + gates + ") Tj ET", want: gates},
		{name: "picture of the page over a text layer", content: "q 500 0 0 700 0 0 cm /I Do Q BT 3 Tr /F 12 Tf 50 600 Td (" + gates + ") Tj ET", want: ""},
		{name: "text layer over a lively picture", content: "0 g 50 595 390 14 re f 1 g 60 590 3 20 re f 90 590 3 20 re f BT 3 Tr /F 12 Tf 50 600 Td (Open) Tj ET", want: "Open", doubt: "Open"},
		{name: "a note over a word", content: show(600, gates), page: "/Annots[<</Type/Annot/Subtype/FreeText/Rect[103 596 136 612]/Contents(not)/DA(/F 12 Tf)>>]", want: gates, doubt: "seven"},
		{name: "a link over a word", content: show(600, gates), page: "/Annots[<</Type/Annot/Subtype/Link/Rect[103 596 136 612]>>]", want: gates},
		{name: "turned page", content: "BT /F 12 Tf 0 1 -1 0 100 50 Tm (" + gates + ") Tj ET", page: "/Rotate 90", want: gates},
		{name: "word up the side", content: show(600, gates) + "BT /F 12 Tf 0 1 -1 0 30 300 Tm (DRAFT) Tj ET", want: gates, warning: extract.WarnMargins},
	} {
		got, err := readFile(t, write([]string{c.content}, c.page, picture))
		var e *extract.Error
		if errors.As(err, &e) && c.want == "" && e.Code == extract.CodeNoText {
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if s := strings.TrimSpace(string(got.Text)); c.want != "" && s != c.want {
			t.Errorf("%s: read %q, want %q", c.name, s, c.want)
		}
		var codes []string
		for _, w := range got.Warnings {
			codes = append(codes, w.Code)
		}
		if s := strings.Join(codes, " "); s != c.warning {
			t.Errorf("%s: warnings %q, want %q", c.name, s, c.warning)
		}
		doubt := ""
		for _, d := range got.Doubts {
			doubt += string(got.Text[d.At:d.End])
		}
		if (doubt == "") != (c.doubt == "") || !strings.Contains(doubt, c.doubt) {
			t.Errorf("%s: doubts %q %v, want %q", c.name, doubt, got.Doubts, c.doubt)
		}
	}
}

// flood is a page of n characters.
func flood(n int) string {
	var b strings.Builder
	for i := 0; i*250 < n; i++ {
		fmt.Fprintf(&b, "BT /F 3 Tf 5 %.1f Td (%d %s) Tj ET\n", 690-2.5*float64(i), i, strings.Repeat("abcdefghi ", 25))
	}
	return b.String()
}

func TestMargins(t *testing.T) {
	var pages []string
	for i := range 3 {
		pages = append(pages, show(680, "Bulletin of the valley")+show(600, fmt.Sprintf("Line %c of the text.", 'a'+i))+show(300, "Second line.")+
			fmt.Sprintf("BT /F 12 Tf 240 20 Td (%d / 3) Tj ET", i+1))
	}
	got, err := readFile(t, write(pages, "", picture))
	if err != nil {
		t.Fatal(err)
	}
	want := "Line a of the text.\nSecond line.\nLine b of the text.\nSecond line.\nLine c of the text.\nSecond line.\n"
	if string(got.Text) != want {
		t.Errorf("read %q", got.Text)
	}
}

func TestBadFiles(t *testing.T) {
	whole := write([]string{show(600, gates)}, "", picture)
	claimed := bytes.Replace(whole, []byte("/Count 1"), []byte("/Count 1000000"), 1)
	for _, c := range []struct {
		name string
		file []byte
		code string // "" where what is left may be read
	}{
		{"only a header", []byte("%PDF-1.7\n"), extract.CodeDamaged},
		{"noise", append([]byte("%PDF-1.7\n"), bytes.Repeat([]byte("<<[("), 100_000)...), extract.CodeDamaged},
		{"cut in two", whole[:len(whole)/3], extract.CodeDamaged},
		{"a million pages claimed", claimed, extract.CodePages},
		{"no text", write([]string{"0 g 10 10 100 100 re f"}, "", picture), extract.CodeNoText},
		{"a huge page", bytes.Replace(whole, []byte("[0 0 500 700]"), []byte("[0 0 9e9 9e9]"), 1), ""},
		{"nested forms", write([]string{"/I Do"}, "", "<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</I 10 0 R>>>>/Length 5>>stream\n/I Do\nendstream"), ""},
		{"too much text", write([]string{flood(maxGlyphs / 2), flood(maxGlyphs / 2), flood(maxGlyphs / 2)}, "", picture), extract.CodeTooLarge},
		{"endless drawing", write([]string{show(600, gates) + strings.Repeat("0 0 m 500 700 l S\n", 400_000)}, "", picture), extract.CodeTooSlow},
	} {
		start := time.Now()
		_, err := readFile(t, c.file)
		t.Logf("%s: %v", c.name, time.Since(start))
		var e *extract.Error
		if err != nil && (!errors.As(err, &e) || e.Hint == "") {
			t.Errorf("%s: %v is no error for people", c.name, err)
		}
		if c.code != "" && (e == nil || e.Code != c.code) {
			t.Errorf("%s: %v, want %s", c.name, err, c.code)
		}
	}
	// The engine still reads what is whole.
	if c, err := readFile(t, whole); err != nil || strings.TrimSpace(string(c.Text)) != gates {
		t.Errorf("afterwards: %v, %v", c, err)
	}
}

// A file is given up when its reader stops waiting.
func TestCancelled(t *testing.T) {
	e, err := engine()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = e.Read(ctx, write([]string{show(600, gates)}, "", picture))
	var x *extract.Error
	if !errors.As(err, &x) || x.Code != extract.CodeTooSlow {
		t.Errorf("got %v", err)
	}
}
