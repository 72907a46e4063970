package draft

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Every document either is refused or becomes a draft that has all its letters
// and digits in their order and none besides, and that survives its folder.
func FuzzFromDocument(f *testing.F) {
	for _, doc := range example(f, "en", "fr", "ar") {
		f.Add(doc.Bytes)
	}
	if b, err := os.ReadFile(declaration); err == nil {
		f.Add(b)
	}
	f.Add([]byte("A title\n\n•\n\n• 1Aa 2- 3Bbb\nSigned by\n- \n-- x\nx\n"))
	f.Add([]byte("T\n\nFait à X, le 1er mars 2026\n\nc\n\n* [email protected]\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		d, r, err := FromDocument([]Document{{Language: "en", Name: "d", Bytes: b}}, Options{Slug: "river"})
		if err != nil {
			return
		}
		_ = r.String()
		in, err := normalText(b)
		if err != nil {
			t.Fatalf("drafted, but as a text: %v", err)
		}
		got := d.Header.ListHeading["en"] + strings.Join(names(d), "") + d.Header.PlaceDate["en"] + d.Texts["en"]
		if want, have := countLetters(in), countLetters(got); !cmp.Equal(want, have) {
			t.Fatalf("letters were lost or added: %s", cmp.Diff(want, have))
		}
		again := throughFiles(t, d)
		if diff := cmp.Diff(d, again, sameDraft...); diff != "" {
			t.Fatalf("written and opened: %s", diff)
		}
	})
}

// throughFiles encodes what Write writes and reads it as Open does, without the
// disk.
func throughFiles(t *testing.T, d *Draft) *Draft {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	out := &Draft{Texts: map[string]string{}}
	b, err := encodeYAML(headerComment, d.Header)
	must(err)
	out.Header, err = parseHeader(b)
	must(err)
	b, err = encodeYAML(signatoriesComment, list{Entries: d.Entries, Removed: d.Removed})
	must(err)
	l, err := parseList(b)
	must(err)
	out.Entries, out.Removed = l.Entries, l.Removed
	for lang, content := range d.Texts {
		out.Texts[lang], err = normalText([]byte(content))
		must(err)
	}
	must(out.carryOut())
	out.examine()
	return out
}

// countLetters counts letters; digits of list numbers may go.
func countLetters(s string) map[string]int {
	out := map[string]int{}
	for _, w := range words(s) {
		for _, r := range w {
			if r < '0' || r > '9' && r < 0x660 || r > 0x6f9 || r > 0x669 && r < 0x6f0 {
				out[string(r)]++
			}
		}
	}
	return out
}

func FuzzParseList(f *testing.F) {
	d, _, err := FromDocument(example(f, "en"), Options{Slug: "river"})
	if err != nil {
		f.Fatal(err)
	}
	b, err := encodeYAML(signatoriesComment, list{Entries: d.Entries})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte("entries:\n  - {id: 1, name: \"\\u0085\", kind: person}\nremoved: ~\n"))
	f.Fuzz(func(t *testing.T, in []byte) {
		l, err := parseList(in)
		if err != nil {
			return
		}
		out, err := encodeYAML(signatoriesComment, l)
		if err != nil {
			t.Fatal(err)
		}
		again, err := parseList(out)
		if err != nil {
			t.Fatalf("%v in %s", err, out)
		}
		if diff := cmp.Diff(l, again, sameDraft...); diff != "" {
			t.Fatalf("encoded and parsed: %s", diff)
		}
	})
}

func FuzzParseHeader(f *testing.F) {
	d, _, err := FromDocument(example(f, "en", "ar"), Options{Slug: "river"})
	if err != nil {
		f.Fatal(err)
	}
	b, err := encodeYAML(headerComment, d.Header)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add(bytes.Replace(b, []byte("2026"), []byte("2027"), -1))
	f.Fuzz(func(t *testing.T, in []byte) {
		h, err := parseHeader(in)
		if err != nil {
			return
		}
		out, err := encodeYAML(headerComment, h)
		if err != nil {
			t.Fatal(err)
		}
		again, err := parseHeader(out)
		if err != nil {
			t.Fatalf("%v in %s", err, out)
		}
		if diff := cmp.Diff(h, again, sameDraft...); diff != "" {
			t.Fatalf("encoded and parsed: %s", diff)
		}
	})
}
