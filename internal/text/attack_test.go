package text

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// Every attack that we know of, and what comes of it. Package match runs the same
// list against a published text.
func TestAttacks(t *testing.T) {
	var attacks []struct {
		Name, Honest, Attack, Outcome, Code, Tolerance string
		Warnings                                       []string
	}
	readVectors(t, Edition, "attacks.json", &attacks)
	if len(attacks) < 60 {
		t.Fatalf("%d attacks: the file is not whole", len(attacks))
	}
	for _, a := range attacks {
		honest := canonical(t, Edition, a.Honest)
		f, err := Parse([]byte(a.Attack))
		var e *InputError
		if errors.As(err, &e) || a.Outcome == "refused" {
			if e == nil || e.Code != a.Code || a.Outcome != "refused" {
				t.Errorf("%s: %v, want %s %s", a.Name, err, a.Outcome, a.Code)
			}
			continue
		}
		outcome := "same"
		if f.canon != honest {
			outcome = "different"
		}
		if outcome != a.Outcome {
			t.Errorf("%s: %s, want %s: %+q and %+q", a.Name, outcome, a.Outcome, honest, f.canon)
		}
		codes := []string{}
		for _, w := range f.Warnings {
			codes = append(codes, w.Code)
		}
		if diff := cmp.Diff(a.Warnings, codes); diff != "" {
			t.Errorf("%s: warnings (-want +got):\n%s", a.Name, diff)
		}
	}
}

// A wrapVector is a text and what it is when it is wrapped.
type wrapVector struct {
	Name   string        `json:"name"`
	Text   string        `json:"text"`
	Widths []wrapOutcome `json:"widths"`
}

type wrapOutcome struct {
	Width     int    `json:"width"`
	File      string `json:"file"`      // SHA-256 of the wrapped text
	Canonical string `json:"canonical"` // and of its canonical form
}

// wrap breaks each line of s at its spaces, as late as its width in code points
// allows; a longer word stands alone.
func wrap(s string, width int) string {
	var out strings.Builder
	for line := range strings.Lines(s) {
		at := 0
		for i, w := range strings.Split(strings.TrimSuffix(line, "\n"), " ") {
			n := utf8.RuneCountInString(w)
			switch {
			case i == 0:
			case at+1+n > width:
				out.WriteByte('\n')
				at = 0
			default:
				out.WriteByte(' ')
				at++
			}
			out.WriteString(w)
			at += n
		}
		out.WriteByte('\n')
	}
	return out.String()
}

// Wrapping loses nothing, at whatever width: the example declaration, and a text
// with bullets, numbers and dashes that come to stand at line starts.
func TestWrap(t *testing.T) {
	texts := []wrapVector{{Name: "signs inside lines", Text: strings.TrimSpace(strings.Repeat("Lamps • ropes 18- ladders - nets > 5 (a) and * stars, Libya 3. Adala – 1,000 lamps · no more. ", 3)) + "\n"}}
	for _, lang := range []string{"ar", "en", "fr"} {
		b, err := os.ReadFile(filepath.Join("..", "..", "example", "declaration."+lang+".txt"))
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, wrapVector{Name: "example declaration, " + lang, Text: string(b)})
	}
	for i := range texts {
		want := canonical(t, Edition, texts[i].Text)
		for width := 20; width <= 120; width++ {
			wrapped := wrap(texts[i].Text, width)
			if got := canonical(t, Edition, wrapped); got != want {
				t.Errorf("%s, width %d: %q, want %q", texts[i].Name, width, got, want)
			}
			sum, _, err := Digest([]byte(wrapped))
			if err != nil {
				t.Fatal(err)
			}
			file := sha256.Sum256([]byte(wrapped))
			texts[i].Widths = append(texts[i].Widths, wrapOutcome{width, hex.EncodeToString(file[:]), hex.EncodeToString(sum[:])})
		}
	}
	if os.Getenv("UPDATE_VECTORS") != "" {
		b, err := json.MarshalIndent(texts, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(vectorFile(Edition, "wrap.json"), append(b, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var vectors []wrapVector
	readVectors(t, Edition, "wrap.json", &vectors)
	if diff := cmp.Diff(vectors, texts); diff != "" {
		t.Errorf("wrap.json (-want +got):\n%s", diff)
	}
}
