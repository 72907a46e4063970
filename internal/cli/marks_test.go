package cli

import (
	"bytes"
	"testing"

	"github.com/sijil/sijil/internal/match"
)

// TestMarks: signs stand on every line of what changed, with the space around it
// outside; nothing from a text steers the terminal; colour only adds.
func TestMarks(t *testing.T) {
	text := match.TextComparison{Status: match.TextChanged, Pieces: []match.Piece{
		{Kind: match.Common, Text: "Open\x1b[31m the"}, {Kind: match.Removed, Text: " seven"}, {Kind: match.Common, Text: " gates."},
		{Kind: match.Inserted, Text: "\n• One\u202e.\n\n• Two."}, {Kind: match.Common, Text: "\n"},
	}}
	for _, c := range []struct {
		colour bool
		want   string
	}{
		{false, "> \u2068Open\ufffd[31m the [-seven-] gates.\u2069\n> \u2068{+• One\ufffd.+}\u2069\n> \u2068{+• Two.+}\u2069\n"},
		{true, "> \u2068Open\ufffd[31m the \x1b[31m[-seven-]\x1b[0m gates.\u2069\n> \u2068\x1b[32m{+• One\ufffd.+}\x1b[0m\u2069\n> \u2068\x1b[32m{+• Two.+}\x1b[0m\u2069\n"},
	} {
		var out bytes.Buffer
		if (marks{w: &out, colour: c.colour}).text(text, "> "); out.String() != c.want {
			t.Errorf("colour %v: %q\nwant %q", c.colour, out.String(), c.want)
		}
	}
	var out bytes.Buffer
	if (Env{Stdout: &out, Getenv: func(string) string { return "" }}).marks().colour {
		t.Error("colour where there is no terminal")
	}
}

func TestListMarks(t *testing.T) {
	var out bytes.Buffer
	marks{w: &out}.list(match.ListComparison{
		Added: []match.ListedName{{Name: "Valley\x07 Radio"}}, Removed: []match.ListedName{{Withheld: true}}, Changed: []match.RenamedName{{Before: "a", After: "b"}},
	}, "")
	want := "{+“\u2068Valley\ufffd Radio\u2069”+}\n[-a name that is withheld-]\n[-“\u2068a\u2069”-] {+“\u2068b\u2069”+}\n"
	if out.String() != want {
		t.Errorf("%q\nwant %q", out.String(), want)
	}
}

func TestPublicationName(t *testing.T) {
	for in, want := range map[string][2]string{
		"river":                               {"river", ""},
		"https://sijil.example/p/river":       {"river", "https://sijil.example"},
		"http://127.0.0.1:8080/p/river/v/2":   {"river", "http://127.0.0.1:8080"},
		"https://sijil.example/p/river?x#top": {"river", "https://sijil.example"},
	} {
		if slug, server, err := publicationName(in); err != nil || slug != want[0] || server != want[1] {
			t.Errorf("%s: %q, %q, %v", in, slug, server, err)
		}
	}
	for _, in := range []string{"", "River", "https://sijil.example/river", "https://sijil.example/p/", "ftp://sijil.example/p/river", "/p/river", "https:///p/river", "a/b"} {
		if slug, server, err := publicationName(in); err == nil {
			t.Errorf("%q is read as %q at %q", in, slug, server)
		}
	}
}
