package files_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"hash/crc32"
	"image"
	"image/jpeg"
	"image/png"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sijil/sijil/internal/extract"
	"github.com/sijil/sijil/internal/match"
)

// everyPicture checks each language in each look, and each change too.
var everyPicture = flag.Bool("every-picture", false, "screenshots in every typeface, size and form")

// A look is how a page is shown and caught: what a program makes of the same words depends
// on it.
type look struct {
	face    string  // of the letters
	size    int     // in CSS pixels
	width   int     // of the window, in CSS pixels
	pixels  float64 // of the screen, for one of CSS
	dark    bool
	quality int // of a JPEG, as messengers make them; 0 is a PNG
}

func (l look) String() string {
	form := "png"
	if l.quality > 0 {
		form = fmt.Sprintf("jpeg %d", l.quality)
	}
	if l.dark {
		form += " dark"
	}
	return fmt.Sprintf("%s %d px, %d wide at %g, %s", l.face, l.size, l.width, l.pixels, form)
}

// looks are for each script; the first two are in every run.
func looks(lang string) (out []look) {
	faces := []string{"DejaVu Sans", "Noto Serif", "Noto Sans", "DejaVu Serif"}
	if lang == "ar" {
		faces = []string{"Noto Naskh Arabic", "DejaVu Sans", "Noto Sans Arabic", "Amiri"}
	}
	out = append(out, look{faces[0], 18, 900, 1, false, 0}, look{faces[1], 16, 412, 2.6, true, 70})
	for i, f := range faces {
		for _, pixels := range []float64{1, 1.5, 2, 3} {
			out = append(out, look{f, 18, 900, pixels, false, 0})
		}
		out = append(out, look{f, 16, 412, 2.6, i%2 == 1, 0}, look{f, 18, 900, 1, false, 60}, look{f, 20, 900, 2, true, 50}, look{f, 14, 700, 2, false, 0})
	}
	return out
}

// screenshot is what a reader sees of a page.
func (l look) screenshot(t testing.TB, page string) []byte {
	t.Helper()
	bin := program(t, "chromium", "chromium-browser", "google-chrome")
	style := fmt.Sprintf("body{font:%dpx '%s',serif;max-width:820px}", l.size, l.face)
	if l.dark {
		style += "body{background:#111;color:#eee}"
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "copy.html"), styled(page, style))
	run(t, dir, bin, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
		fmt.Sprintf("--window-size=%d,%d", l.width, 1_000_000/l.width), fmt.Sprintf("--force-device-scale-factor=%g", l.pixels),
		"--user-data-dir="+filepath.Join(dir, "profile"), "--screenshot="+filepath.Join(dir, "copy.png"), filepath.Join(dir, "copy.html"))
	file := slurp(t, filepath.Join(dir, "copy.png"))
	if l.quality == 0 {
		return file
	}
	m, err := png.Decode(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: l.quality}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// A screenshot of the true text is consistent, in every look. Words that were changed are
// named: as a change, or, where the reading is poor, as doubtful. Never is a changed text
// more than consistent, and in the first look of a language a change is one.
func TestPictures(t *testing.T) {
	if testing.Short() {
		t.Skip("starts other programs")
	}
	program(t, "tesseract")
	d := example(t)
	x := d.index(t)
	right, doubted := 0, 0
	for _, c := range []struct{ name, lang, from, to string }{
		{name: "English", lang: "en"},
		{name: "French", lang: "fr"},
		{name: "Arabic", lang: "ar"},
		{name: "a number", lang: "en", from: "four of the seven", to: "four of the nine"},
		{name: "a negation", lang: "en", from: "by a third", to: "not by a third"},
		{name: "a date", lang: "en", from: "March 4 and 5", to: "April 4 and 5"},
		{name: "a French word", lang: "fr", from: "diminué", to: "augmenté"},
		{name: "an Arabic word", lang: "ar", from: "مستقلة", to: "حكومية"},
	} {
		text := string(d.Versions[0].Texts[c.lang])
		page := strings.Replace(text, c.from, c.to, 1)
		if c.from != "" && page == text {
			t.Fatalf("%q is not in the text", c.from)
		}
		shown := looks(c.lang)
		if !*everyPicture {
			shown = shown[:1]
			if c.from == "" {
				shown = looks(c.lang)[:2]
			}
		}
		for i, l := range shown {
			t.Run(c.name+", "+l.String(), func(t *testing.T) {
				got, err := reader().Read(t.Context(), l.screenshot(t, d.page(c.lang, page, nil)))
				if err != nil {
					t.Fatal(err)
				}
				v := x.CheckCopy(got, "")
				named := slices.ContainsFunc(v.Changes, func(ch match.Change) bool { return overlaps(ch.Copy, c.to) })
				switch {
				case c.from == "" && v.Verdict == match.Consistent, c.from != "" && v.Verdict == match.Altered && named:
					right++
				case c.from != "" && i > 0 && v.Verdict == match.Consistent && slices.ContainsFunc(v.Warnings, func(w match.Warning) bool { return w.Code == match.WarnDoubtful }):
					doubted++
				default:
					t.Errorf("%s\n%s", describe(v), got.Text)
				}
				if v.ExitCode() == 0 {
					t.Error("exit 0")
				}
			})
		}
	}
	t.Logf("%d right; of the changed ones %d more are doubtful", right, doubted)
}

func overlaps(a, b string) bool {
	for _, w := range strings.Fields(b) {
		if strings.Contains(a, w) {
			return true
		}
	}
	return false
}

// Pictures that are too large, damaged or empty are refused with a reason, and the
// next one is still read.
func TestBadPictures(t *testing.T) {
	program(t, "tesseract")
	blank := func(w, h int) []byte {
		m := image.NewGray(image.Rect(0, 0, w, h))
		for i := range m.Pix {
			m.Pix[i] = 0xff
		}
		var b bytes.Buffer
		if err := png.Encode(&b, m); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	huge := blank(8, 8)
	copy(huge[16:], []byte{0, 0, 0x75, 0x30, 0, 0, 0x75, 0x30}) // 30,000 × 30,000 claimed; the sum is wrong too
	var small bytes.Buffer
	if err := jpeg.Encode(&small, image.NewGray(image.Rect(0, 0, 40, 20)), nil); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		file []byte
		code []string
	}{
		{"30,000 × 30,000", fixSum(huge), []string{extract.CodeTooLarge}},
		{"a wrong sum", huge, []string{extract.CodeDamaged, extract.CodeTooLarge}},
		{"cut off", blank(300, 300)[:60], []string{extract.CodeDamaged, extract.CodeNoText}},
		{"blank", blank(300, 300), []string{extract.CodeNoText}},
		{"black", small.Bytes(), []string{extract.CodeNoText, extract.CodeDamaged}},
		{"a GIF", []byte("GIF89a\x01\x00\x01\x00"), []string{extract.CodeForm}},
	} {
		_, err := reader().Read(t.Context(), c.file)
		var e *extract.Error
		if !errors.As(err, &e) || !strings.Contains(strings.Join(c.code, " "), e.Code) || e.Hint == "" {
			t.Errorf("%s: %v, want %v", c.name, err, c.code)
		}
	}
}

// fixSum sets the checksum of a PNG's head.
func fixSum(file []byte) []byte {
	out := bytes.Clone(file)
	sum := crc32.ChecksumIEEE(out[12:29])
	copy(out[29:], []byte{byte(sum >> 24), byte(sum >> 16), byte(sum >> 8), byte(sum)})
	return out
}
