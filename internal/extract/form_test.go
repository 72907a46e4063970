package extract

import "testing"

func TestFormOf(t *testing.T) {
	for b, want := range map[string]Form{
		"":                                    Text,
		"A declaration\n\nwith words":         Text,
		"  <3 is no tag":                      Text,
		"< html is none":                      Text,
		"From: a@example.org\n\nHello":        Text,
		"<p>a fragment that somebody pasted":  Text,
		"%PDF-1.7\n%âãÏÓ":                     PDF,
		" %PDF-1.7":                           Text,
		"PK\x03\x04\x14\x00":                  Archive,
		"PK is short for something":           Text,
		"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":    Archive,
		`{\rtf1\ansi`:                         RTF,
		"\x89PNG\r\n\x1a\n":                   Picture,
		"\xff\xd8\xff\xe0":                    Picture,
		"GIF89a":                              Picture,
		"RIFF....WEBPVP8 ":                    Picture,
		"RIFF and no more":                    Text,
		"<!DOCTYPE HTML>":                     HTML,
		"\ufeff\n  <html lang=\"en\">":        HTML,
		"<!-- saved --><!-- twice -->\n<HTML": HTML,
		"<!-- no end":                         HTML,
		"<!-- a comment --> and words":        Text,
		"<?xml version=\"1.0\"?>":             HTML,
	} {
		got := FormOf([]byte(b))
		if got != want {
			t.Errorf("%q is %s, want %s", b, got, want)
		}
		if (got.Advice() == "") != (got == Text) || got.Name() == "" {
			t.Errorf("%s: %q, %q", got, got.Name(), got.Advice())
		}
	}
}

// Nothing panics, and a text with a line before it that says so stays a text.
func FuzzFormOf(f *testing.F) {
	f.Add([]byte("<!-- <html"))
	f.Add([]byte("%PDF-"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if FormOf(b).Name() == "" {
			t.Error("a form without a name")
		}
		if got := FormOf(append([]byte("A title\n"), b...)); got != Text && got != Markdown {
			t.Errorf("behind a title: %s", got)
		}
	})
}
