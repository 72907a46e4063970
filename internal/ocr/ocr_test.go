package ocr

import (
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The table that the program prints, and what becomes of it: doubtful are a word
// below the confidence, a wide gap, a sign alone, Arabic-Indic digits, and a Latin
// word among Arabic ones.
func TestTable(t *testing.T) {
	row := func(line, left, width int, conf, text string) string {
		return strings.Join([]string{"5", "1", "1", "1", strconv.Itoa(line), "1", strconv.Itoa(left), "10", strconv.Itoa(width), "20", conf, text}, "\t")
	}
	table := strings.Join([]string{
		"level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext",
		strings.Join([]string{"4", "1", "1", "1", "1", "0", "0", "0", "9", "9", "-1", ""}, "\t"),
		row(1, 0, 40, "96.5", "Open"), row(1, 50, 40, "60", "sevcn"), row(1, 200, 40, "95", "gates"), row(1, 250, 5, "95", "•"),
		row(2, 0, 40, "95", "نحن"), row(2, 50, 40, "95", "JS"), row(2, 100, 40, "95", "الماء"), row(2, 150, 40, "95", "٣٦٥"),
		row(3, 0, 40, "95", "of"), row(3, 50, 40, "95", "the"), row(3, 100, 40, "95", "dry"), row(3, 150, 40, "95", "river"),
		row(4, 0, 40, "95", "in"), row(4, 50, 40, "95", "the"), row(4, 100, 40, "95", "north"),
		"",
	}, "\n")
	words, err := parse([]byte(table))
	if err != nil {
		t.Fatal(err)
	}
	c, err := copyOf(words)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(c.Text), "Open sevcn gates •\nنحن JS الماء ٣٦٥\nof the dry river\nin the north\n"; got != want {
		t.Errorf("text %q, want %q", got, want)
	}
	var doubtful []string
	for _, s := range c.Doubtful {
		doubtful = append(doubtful, string(c.Text[s.At:s.End]))
	}
	if diff := cmp.Diff([]string{"sevcn", " ", "•", "JS", "٣٦٥"}, doubtful); diff != "" {
		t.Errorf("doubtful (-want +got):\n%s", diff)
	}
	for _, bad := range []string{"x\n5\tonly", "x\n" + strings.Replace(row(1, 0, 1, "95", "a"), "95", "high", 1)} {
		if _, err := parse([]byte(bad)); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}

func FuzzTable(f *testing.F) {
	f.Add("h\n5\t1\t1\t1\t1\t1\t0\t0\t5\t5\t95\tword")
	f.Fuzz(func(t *testing.T, s string) {
		words, err := parse([]byte(s))
		if err != nil {
			return
		}
		agree(words, words, 1)
		c, err := copyOf(words)
		if err != nil {
			return
		}
		for _, d := range c.Doubtful {
			if d.At < 0 || d.End > len(c.Text) || d.At > d.End {
				t.Fatalf("%q: span %v of %d bytes", s, d, len(c.Text))
			}
		}
	})
}
