package domain

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sijil/sijil/log"
)

const commitment = "Km4TS1-jyo9ASqrNGsaP8tWN7u30i0K0p1H_i3XMsYY"

func line(k Kind) Line {
	l := Line{Kind: k, Publication: log.Sum([]byte("genesis")), Entry: commitment}
	if k == Key {
		l.Key = log.Sum([]byte("key"))
		return l
	}
	l.Version, l.Record = 2, log.Sum([]byte("record"))
	return l
}

var kinds = []Kind{Endorsement, Withdrawal, Denial, Key}

// The syntax, written out once.
func TestLineText(t *testing.T) {
	h := strings.Repeat("ab", 32)
	for _, text := range []string{
		"sijil-endorsement/v1 publication=sha256:" + h + " version=12 record=sha256:" + h + " entry=" + commitment,
		"sijil-withdrawal/v1 publication=sha256:" + h + " version=1 record=sha256:" + h + " entry=" + commitment,
		"sijil-denial/v1 publication=sha256:" + h + " version=999999999 record=sha256:" + h + " entry=" + commitment,
		"sijil-key/v1 publication=sha256:" + h + " entry=" + commitment + " key=sha256:" + h,
	} {
		l, err := ParseLine(text)
		if err != nil || l.String() != text {
			t.Errorf("%s: %+v, %v", text, l, err)
		}
	}
}

func TestLineRoundTrip(t *testing.T) {
	for _, k := range kinds {
		got, err := ParseLine(line(k).String())
		if err != nil || got != line(k) {
			t.Errorf("%s: %+v, %v", k, got, err)
		}
	}
}

// Lines that look like ours and are none.
var lookAlikes = func() map[string]string {
	good := line(Endorsement).String()
	replace := func(from, to string) string { return strings.Replace(good, from, to, 1) }
	return map[string]string{
		"empty":             "",
		"CR":                good + "\r",
		"LF":                good + "\n",
		"a byte order mark": "\ufeff" + good,
		"space before":      " " + good,
		"space after":       good + " ",
		"two spaces":        replace(" version", "  version"),
		"a tab":             replace(" version", "\tversion"),
		"no-break space":    replace(" version", "\u00a0version"),
		"zero width":        replace("version", "ver\u200bsion"),
		"Cyrillic":          replace("sijil-e", "sijil-\u0435"),
		"capitals":          replace("sijil", "Sijil"),
		"no prefix":         replace("sijil-", ""),
		"another edition":   replace("/v1", "/v2"),
		"no edition":        replace("/v1", ""),
		"another kind":      replace("endorsement", "praise"),
		"version zero":      replace("version=2", "version=0"),
		"a leading zero":    replace("version=2", "version=02"),
		"a sign":            replace("version=2", "version=+2"),
		"a large version":   replace("version=2", "version=1000000000"),
		"Arabic digits":     replace("version=2", "version=٢"),
		"no version":        replace(" version=2", ""),
		"version twice":     replace("version=2", "version=2 version=2"),
		"another order":     replace("version=2 record="+line(Endorsement).Record.String(), "record="+line(Endorsement).Record.String()+" version=2"),
		"capital hex":       replace(line(Endorsement).Record.Hex(), strings.ToUpper(line(Endorsement).Record.Hex())),
		"no digest":         replace(line(Endorsement).Record.Hex(), strings.Repeat("0", 64)),
		"no algorithm":      replace("record=sha256:", "record="),
		"padding":           good + "=",
		"altered last bits": strings.TrimSuffix(good, "Y") + "Z",
		"a short entry":     strings.TrimSuffix(good, "Y"),
		"one more member":   good + " key=" + line(Key).Key.String(),
		"a comment":         good + " # we do",
		"quotes":            `"` + good + `"`,
		"too long":          good + strings.Repeat("a", 100),
		"a key's members":   strings.Replace(line(Key).String(), "sijil-key", "sijil-denial", 1),
	}
}()

func TestLookAlikes(t *testing.T) {
	for name, text := range lookAlikes {
		l, err := ParseLine(text)
		if err == nil || l != (Line{}) {
			t.Errorf("%s: %+v, %v", name, l, err)
		}
	}
	s, err := read([]string{lookAlikes["Cyrillic"], line(Key).String(), "# a comment", lookAlikes["padding"]})
	want := []string{
		"line 1: not sijil-endorsement/v1, sijil-withdrawal/v1, sijil-denial/v1 or sijil-key/v1",
		"line 4: entry: not a commitment, 43 characters of base64url",
	}
	if err != nil || len(s.lines) != 1 || !cmp.Equal(s.faults, want) {
		t.Errorf("%+v, %v", s, err)
	}
}

// A file's line ends and mark are an editor's; what it says twice counts once.
func TestTexts(t *testing.T) {
	a, b := line(Endorsement), line(Key)
	for name, file := range map[string]string{
		"LF":            a.String() + "\n" + b.String() + "\n",
		"CR LF":         a.String() + "\r\n" + b.String() + "\r\n",
		"no end":        a.String() + "\n" + b.String(),
		"a mark":        "\ufeff" + a.String() + "\n" + b.String(),
		"twice":         a.String() + "\n" + b.String() + "\n" + a.String(),
		"among others":  "# what we say\n\n" + a.String() + "\nuser-agent: *\n" + b.String(),
		"wrong between": a.String() + "\n" + lookAlikes["capitals"] + "\n" + b.String(),
	} {
		s, err := read(texts([]byte(file)))
		if err != nil || !cmp.Equal(s.lines, []Line{a, b}) {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
	}
	for name, file := range map[string]string{"CR": a.String() + "\r" + b.String(), "a mark inside": "\n\ufeff" + a.String(), "CR twice": a.String() + "\r\r\n"} {
		if s, err := read(texts([]byte(file))); err != nil || len(s.lines) != 0 {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
	}
}

func TestTooManyLines(t *testing.T) {
	var all []string
	for i := range maxLines + 1 {
		l := line(Denial)
		l.Version = i + 1
		all = append(all, l.String(), "sijil-wrong")
	}
	if s, err := read(all[:2*maxLines]); err != nil || len(s.lines) != maxLines || len(s.faults) != maxFaults {
		t.Errorf("%d lines, %d faults, %v", len(s.lines), len(s.faults), err)
	}
	if _, err := read(all); err == nil {
		t.Error("more lines than there may be")
	}
}

// What parses is what is written of it, and no error repeats its input.
func FuzzParseLine(f *testing.F) {
	for _, k := range kinds {
		f.Add(line(k).String())
	}
	for _, s := range lookAlikes {
		f.Add(s)
	}
	if _, err := ParseLine(line(Key).String()); err != nil {
		f.Fatalf("the seeds are not there: %v", err)
	}
	f.Fuzz(func(t *testing.T, s string) {
		l, err := ParseLine(s)
		if err == nil && l.String() != s {
			t.Fatalf("%q is read as %q", s, l)
		}
		if err != nil && (l != Line{} || len(err.Error()) > 200) {
			t.Fatalf("%q: %+v, %v", s, l, err)
		}
		if _, err := read(texts([]byte(s))); err != nil && strings.Count(s, "\n") < maxLines {
			t.Fatal(err)
		}
	})
}
