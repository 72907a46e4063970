package cli

import (
	"strings"
	"testing"

	"github.com/sijil/sijil/internal/extract"
)

// TestPlaces: lines and characters are counted as a person counts them; of a file that was
// read in two ways the byte is named.
func TestPlaces(t *testing.T) {
	text := "Appel\nl’été, سد\n"
	for _, c := range []struct {
		copied *extract.Copy
		at     string
		want   string
	}{
		{&extract.Copy{Form: extract.Text, Text: []byte(text)}, "Appel", "line 1, character 1"},
		{&extract.Copy{Form: extract.Text, Text: []byte(text)}, "\nl", "line 1, character 6"},
		{&extract.Copy{Form: extract.Text, Text: []byte(text)}, "سد", "line 2, character 8"},
		{&extract.Copy{Form: extract.Picture, Text: []byte(text)}, "été", "line 2, character 3 of its text"},
		{&extract.Copy{Form: extract.Text, Text: []byte(text), File: []byte(text)}, "été", "byte 10"},
		{nil, "l", "byte 4"},
	} {
		if got := placesIn(c.copied)(strings.Index(text, c.at)); got != c.want {
			t.Errorf("%q: %s, want %s", c.at, got, c.want)
		}
	}
	if got := placesIn(&extract.Copy{Form: extract.Text, Text: []byte(text)})(len(text) + 5); got != "line 3, character 1" {
		t.Errorf("beyond the end: %s", got)
	}
}
