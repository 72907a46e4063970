package ocr

import (
	"bytes"
	"image"
	"image/png"

	"golang.org/x/image/draw"

	"github.com/sijil/sijil/internal/extract"
)

// A program that reads pictures is sure of words that it misreads. Another size of the
// same picture makes other mistakes: what two readings do not agree on is doubtful,
// however sure each of them is.

const (
	// small is the height of words, in pixels, under which the second reading is of a
	// larger picture; above it, of a smaller one.
	small = 24
	// larger and smaller are those sizes, in parts of the picture's own.
	larger, smaller = 1.5, 0.75
	// maxScaled bounds what is decoded and scaled here, in pixels; the second reading
	// of a larger picture is one of the same size, in fewer languages.
	maxScaled = 12_000_000
)

// secondSize is how many times larger than the picture its second reading is to be.
func secondSize(words []*word, pixels int) float64 {
	switch {
	case pixels > maxScaled:
		return 1
	case medianHeight(words) >= small:
		return smaller
	case float64(pixels)*larger*larger > MaxPixels:
		return smaller
	}
	return larger
}

// scaled is the picture in shades of grey, k times as large.
func scaled(file []byte, k float64) ([]byte, error) {
	if k == 1 {
		return file, nil
	}
	from, _, err := image.Decode(bytes.NewReader(file))
	if err != nil {
		return nil, &extract.Error{Code: extract.CodeDamaged, Detail: "the picture is damaged", Hint: "ask for it again, or take a screenshot of it"}
	}
	r := from.Bounds()
	to := image.NewGray(image.Rect(0, 0, max(1, int(float64(r.Dx())*k)), max(1, int(float64(r.Dy())*k))))
	draw.CatmullRom.Scale(to, to.Bounds(), from, r, draw.Src, nil)
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&b, to); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// languagesOf are those that the words of a first reading call for: nearly all of one
// script, and the second need not look for the other.
func languagesOf(words []*word) []string {
	var confident []*word
	for _, w := range words {
		if w.conf >= sure {
			confident = append(confident, w)
		}
	}
	switch n := scriptOf(confident); {
	case 10*n > 7*len(confident):
		return []string{"ara"}
	case 10*n < -7*len(confident):
		return []string{"eng", "fra"}
	}
	return languages
}

// agree marks what a second reading of the same picture, k times as large, does not
// confirm: the words, and that one follows the other.
func agree(words, second []*word, k float64) {
	last := 0
	for i, w := range words {
		at := confirmed(w, words, second, k)
		if i > 0 && at == last && at >= 0 && second[at].text == w.text {
			at = -1 // one word, read twice
		}
		w.doubt = at < 0
		w.gap = i > 0 && (at < 0 || last < 0 || at != last && at != last+1)
		last = at
	}
}

// confirmed is the index of the word of the second reading that stands where w does and
// says the same, or -1. What one reading takes for one word the other may take for
// several; then it is that of the last of them.
func confirmed(w *word, words, second []*word, k float64) int {
	said, last := "", -1
	for i, v := range second {
		if v.text == w.text && v.near(w, 1/k) {
			return i
		}
		if v.within(w, 1/k) {
			said += v.text
			last = i
		}
	}
	if said == w.text {
		return last
	}
	for i, v := range second {
		if !w.within(v, k) {
			continue
		}
		said = ""
		for _, u := range words {
			if u.within(v, k) {
				said += u.text
			}
		}
		if said == v.text {
			return i
		}
	}
	return -1
}

// within reports whether the middle of w, k times as far from the corner, is in v.
func (w *word) within(v *word, k float64) bool {
	return w.off(v, k) <= 0 && w.level(v, k)
}

// near reports whether w, k times as far from the corner, is no more than its height away
// from v, in the same line: the program's boxes are not exact.
func (w *word) near(v *word, k float64) bool {
	return w.off(v, k) <= k*(float64(w.width)/2+float64(w.height)) && w.level(v, k)
}

// off is how far the middle of w is beside v, in pixels; not positive within it.
func (w *word) off(v *word, k float64) float64 {
	x := k * (float64(w.left) + float64(w.width)/2)
	return max(float64(v.left)-x, x-float64(v.left+v.width))
}

// level reports whether the middle of w is between the top and the bottom of v.
func (w *word) level(v *word, k float64) bool {
	y := k * (float64(w.top) + float64(w.height)/2)
	return y >= float64(v.top) && y <= float64(v.top+v.height)
}

// confidence is the mean of the words', of 100.
func confidence(words []*word) float64 {
	sum := 0.0
	for _, w := range words {
		sum += w.conf
	}
	return sum / float64(max(1, len(words)))
}
