package ocr

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// line places the words of a text as a picture k times as large would have them: each
// letter 10 pixels wide, 20 high.
func line(text string, k int) (words []*word) {
	x := 0
	for _, s := range strings.Fields(text) {
		n := 10 * len([]rune(s))
		words = append(words, &word{left: k * x, top: k * 10, width: k * n, height: k * 20, conf: 95, text: s})
		x += n + 10
	}
	return words
}

// doubts are the words that a second reading does not confirm, and those that it does not
// confirm to follow the one before, with "+".
func doubts(words []*word) (out []string) {
	for _, w := range words {
		if w.doubt {
			out = append(out, w.text)
		} else if w.gap {
			out = append(out, "+"+w.text)
		}
	}
	return out
}

func TestAgree(t *testing.T) {
	const text = "Open the seven gates of the river"
	for _, c := range []struct {
		name, first, second string
		want                []string
	}{
		{"the same", text, text, nil},
		{"another word", "Open the seven gates", "Open the nerve gates", []string{"seven", "+gates"}},
		{"a space overlooked", "Openthe seven gates", "Open the seven gates", nil},
		{"a space too many", "Open the se ven gates", "Open the seven gates", nil},
		{"another's word overlooked", "Open the gates", "Open the all gates", []string{"+gates"}},
		{"a sign added", "Open the gates.", "Open the gates", []string{"gates."}},
	} {
		words := line(c.first, 1)
		agree(words, line(c.second, 2), 2)
		if diff := cmp.Diff(c.want, doubts(words)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
		words = line(c.first, 2)
		agree(words, line(c.second, 1), 0.5)
		if diff := cmp.Diff(c.want, doubts(words)); diff != "" {
			t.Errorf("%s, of a smaller picture (-want +got):\n%s", c.name, diff)
		}
	}
}

// A word that one reading has twice at one place, and a word that the other has between.
func TestAgreeOnNumber(t *testing.T) {
	words := line("to to the sea", 1)
	second := line("to the sea", 1)
	for i, x := range []int{15, 60, 100} {
		second[i].left = x
	}
	agree(words, second, 1)
	if got := doubts(words); len(got) == 0 || got[0] != "to" && got[0] != "+to" {
		t.Errorf("a word read twice: doubtful are %q", got)
	}
	words = line("by a third", 1)
	second = line("by not a third", 1)
	second[1].left, second[1].width = 21, 4 // between "by" and "a"
	second[2].left, second[3].left = words[1].left, words[2].left
	agree(words, second, 1)
	if diff := cmp.Diff([]string{"+a"}, doubts(words)); diff != "" {
		t.Errorf("a word between (-want +got):\n%s", diff)
	}
}

// Room for a line between two is doubtful, an ordinary distance is not; of a reading that
// is doubtful in a third of its words every word is.
func TestRoom(t *testing.T) {
	at := func(line, top int, conf float64, text string) *word {
		return &word{line: line, top: top, left: 10, width: 10 * len(text), height: 20, conf: conf, text: text}
	}
	beside := at(1, 0, 95, "two")
	beside.left = 20 // most of it where "one" stands
	for _, c := range []struct {
		name  string
		words []*word
		want  []string
	}{
		{"over each other", []*word{at(1, 0, 95, "one"), beside, at(2, 28, 95, "three"), at(3, 56, 95, "four"), at(4, 84, 95, "five"), at(5, 112, 95, "six")}, []string{"one", "two"}},
		{"lines", []*word{at(1, 0, 95, "one"), at(2, 28, 95, "two")}, nil},
		{"room", []*word{at(1, 0, 95, "one"), at(2, 60, 95, "two")}, []string{"\n"}},
		{"upwards", []*word{at(1, 60, 95, "one"), at(2, 0, 95, "two")}, []string{"\n"}},
		{"poor", []*word{at(1, 0, 95, "one"), at(2, 28, 50, "two")}, []string{"one\ntwo"}},
	} {
		got, err := copyOf(c.words)
		if err != nil {
			t.Fatal(err)
		}
		var doubtful []string
		for _, s := range got.Doubtful {
			doubtful = append(doubtful, string(got.Text[s.At:s.End]))
		}
		if diff := cmp.Diff(c.want, doubtful); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

// The second reading is of another size, in the languages of the script; a picture too
// large to scale is read in its own.
func TestSecond(t *testing.T) {
	arabic, mixed := line("نحن السكان والصيادين والمزارعين والجمعيات في منتدى الدلتا هنا and", 1), line("نحن السكان the river", 1)
	if got := languagesOf(arabic); len(got) != 1 || got[0] != "ara" {
		t.Errorf("Arabic words are read again in %v", got)
	}
	if got := languagesOf(line("Open the seven gates", 1)); len(got) != 2 {
		t.Errorf("Latin words are read again in %v", got)
	}
	if got := languagesOf(mixed); len(got) != 3 {
		t.Errorf("mixed words are read again in %v", got)
	}
	for _, c := range []struct {
		words  []*word
		pixels int
		want   float64
	}{{arabic, 1_000_000, 1.5}, {line("Open", 2), 1_000_000, 0.75}, {arabic, 11_500_000, 0.75}, {arabic, 20_000_000, 1}} {
		if got := secondSize(c.words, c.pixels); got != c.want {
			t.Errorf("of %d pixels and words %d high: %g times, want %g", c.pixels, c.words[0].height, got, c.want)
		}
	}
	m := image.NewRGBA(image.Rect(0, 0, 40, 20))
	m.Set(3, 3, color.White)
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	larger, err := scaled(b.Bytes(), 1.5)
	if err != nil {
		t.Fatal(err)
	}
	if head, err := png.DecodeConfig(bytes.NewReader(larger)); err != nil || head.Width != 60 || head.Height != 30 {
		t.Errorf("half as large again: %d×%d, %v", head.Width, head.Height, err)
	}
	if _, err := scaled(b.Bytes()[:40], 1.5); err == nil {
		t.Error("a picture that is cut off was scaled")
	}
}
