package cli

import (
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/sijil/sijil/internal/match"
)

// marks writes differences: always with signs, and in colour where a person
// looks at a terminal and has not asked for none.
type marks struct {
	w      io.Writer
	colour bool
}

// marks honours https://no-color.org.
func (e Env) marks() marks {
	f, ok := e.Stdout.(*os.File)
	return marks{w: e.Stdout, colour: ok && term.IsTerminal(int(f.Fd())) && e.Getenv("NO_COLOR") == ""}
}

// contextWords is how many words are shown on each side of a change.
const contextWords = 8

// text writes the excerpts of one language's text, with the lines as they are
// published.
func (m marks) text(t match.TextComparison, indent string) {
	for i, e := range match.Excerpts(t.Pieces, contextWords) {
		if i > 0 {
			fmt.Fprintln(m.w)
		}
		var s strings.Builder
		for _, p := range e {
			s.WriteString(m.piece(p))
		}
		for line := range strings.SplitSeq(strings.Trim(s.String(), "\n"), "\n") {
			if strings.TrimSpace(line) != "" {
				// The isolate keeps an Arabic line from reordering what is around it.
				fmt.Fprintf(m.w, "%s\u2068%s\u2069\n", indent, strings.TrimRight(line, " "))
			}
		}
	}
}

// piece marks each line of a piece by itself, with the space around it outside.
func (m marks) piece(p match.Piece) string {
	lines := strings.Split(p.Text, "\n")
	for i, line := range lines {
		body := strings.TrimSpace(line)
		if p.Kind == match.Common || body == "" {
			lines[i] = plain(line)
			continue
		}
		at := strings.Index(line, body)
		lines[i] = line[:at] + m.sign(p.Kind, plain(body)) + line[at+len(body):]
	}
	return strings.Join(lines, "\n")
}

func (m marks) sign(k match.PieceKind, s string) string {
	from, to, code := "{+", "+}", "\x1b[32m"
	if k == match.Removed {
		from, to, code = "[-", "-]", "\x1b[31m"
	}
	if s = from + s + to; !m.colour {
		return s
	}
	return code + s + "\x1b[0m"
}

// list writes how the signatory list differs.
func (m marks) list(l match.ListComparison, indent string) {
	name := func(n match.ListedName) string {
		if n.Withheld {
			return "a name that is withheld"
		}
		return quote(n.Name)
	}
	for _, n := range l.Added {
		fmt.Fprintf(m.w, "%s%s\n", indent, m.sign(match.Inserted, name(n)))
	}
	for _, n := range l.Removed {
		fmt.Fprintf(m.w, "%s%s\n", indent, m.sign(match.Removed, name(n)))
	}
	for _, n := range l.Changed {
		fmt.Fprintf(m.w, "%s%s %s\n", indent, m.sign(match.Removed, quote(n.Before)), m.sign(match.Inserted, quote(n.After)))
	}
}

// textWords says how a text differs, in one line.
func textWords(t match.TextComparison) string {
	switch t.Status {
	case match.TextIdentical:
		return "identical"
	case match.TextSame:
		return "the same text; only its presentation differs"
	case match.TextAdded:
		return fmt.Sprintf("new in this language (%s)", count(t.Added, "word"))
	case match.TextRemoved:
		return fmt.Sprintf("no longer in this language (%s)", count(t.Removed, "word"))
	}
	return fmt.Sprintf("%s added, %d removed", count(t.Added, "word"), t.Removed)
}

// listWords says how the list differs, in one line.
func listWords(l match.ListComparison) string {
	s := "the same names"
	if !l.Unchanged() {
		s = fmt.Sprintf("%d added, %d removed, %d changed", len(l.Added), len(l.Removed), len(l.Changed))
	}
	if l.Reordered {
		s += ", in another order"
	}
	return fmt.Sprintf("%s (%d, before %d)", s, l.After, l.Before)
}
