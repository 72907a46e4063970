package files_test

import (
	"bytes"
	"errors"
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

// typefaces are named for each language, as what Tesseract makes of the same words depends
// on them, and a machine's own choice on what else it has.
var typefaces = map[string]string{"en": "18px 'DejaVu Sans'", "fr": "18px 'DejaVu Sans'", "ar": "18px 'Noto Naskh Arabic'"}

// pixels is how many of them a screen has for one of CSS: small Arabic needs a phone's.
var pixels = map[string]int{"en": 1, "fr": 1, "ar": 2}

// screenshot is what a reader sees of a page in a language.
func screenshot(t testing.TB, lang, page string) []byte {
	t.Helper()
	bin := program(t, "chromium", "chromium-browser", "google-chrome")
	dir := t.TempDir()
	write(t, filepath.Join(dir, "copy.html"), page)
	run(t, dir, bin, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", "--window-size=900,1100",
		fmt.Sprintf("--force-device-scale-factor=%d", pixels[lang]),
		"--user-data-dir="+filepath.Join(dir, "profile"), "--screenshot="+filepath.Join(dir, "copy.png"), filepath.Join(dir, "copy.html"))
	return slurp(t, filepath.Join(dir, "copy.png"))
}

// A screenshot is consistent at best; words that were changed in it are named.
func TestPictures(t *testing.T) {
	if testing.Short() {
		t.Skip("starts other programs")
	}
	program(t, "tesseract")
	d := example(t)
	x := d.index(t)
	for _, c := range []struct{ name, lang, from, to, verdict string }{
		{name: "English", lang: "en", verdict: match.Consistent},
		{name: "French", lang: "fr", verdict: match.Consistent},
		{name: "Arabic", lang: "ar", verdict: match.Consistent},
		{name: "a number", lang: "en", from: "four of the seven", to: "four of the nine", verdict: match.Altered},
		{name: "a negation", lang: "en", from: "by a third", to: "not by a third", verdict: match.Altered},
		{name: "a date", lang: "en", from: "March 4 and 5", to: "April 4 and 5", verdict: match.Altered},
		{name: "a French word", lang: "fr", from: "diminué", to: "augmenté", verdict: match.Altered},
		{name: "an Arabic word", lang: "ar", from: "مستقلة", to: "حكومية", verdict: match.Altered},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := string(d.Versions[0].Texts[c.lang])
			altered := strings.Replace(text, c.from, c.to, 1)
			if c.from != "" && altered == text {
				t.Fatalf("%q is not in the text", c.from)
			}
			got, err := reader().Read(t.Context(), screenshot(t, c.lang, styled(d.page(c.lang, altered, nil), "body{font:"+typefaces[c.lang]+",serif;width:820px}")))
			if err != nil {
				t.Fatal(err)
			}
			v := x.CheckCopy(got, "")
			if v.Verdict != c.verdict || v.ExitCode() == 0 {
				t.Errorf("%s\n%s", describe(v), got.Text)
			}
			if c.verdict == match.Altered && !slices.ContainsFunc(v.Changes, func(ch match.Change) bool { return overlaps(ch.Copy, c.to) }) {
				t.Errorf("no change names %q: %s", c.to, describe(v))
			}
		})
	}
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
