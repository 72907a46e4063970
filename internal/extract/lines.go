package extract

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxText bounds the text of a copy, in bytes: 5 MiB, what package text takes.
const maxText = 5 << 20

// maxDoubts bounds how many doubts are told apart; beyond it the last one covers
// everything from there on.
const maxDoubts = 1000

// Line ends that are owed before the next words.
const (
	sameLine  = 0
	nextLine  = 1
	emptyLine = 2
)

// lines gathers what a reader sees. Line ends and blanks are owed rather than
// written, so that none stands at the beginning or the end and none is doubled.
type lines struct {
	buf      []byte
	owed     int  // line ends before the next words
	blank    bool // a blank before the next words on the same line
	tooLarge bool
	cover    string // why all of it is in doubt
	doubts   []Doubt
	tallies  []tally
}

// A tally counts what was left out for one reason.
type tally struct {
	code      string
	at, count int
}

// mark is where the next words will be, at the earliest.
func (l *lines) mark() int { return len(l.buf) }

// end owes n line ends; it takes none back that is owed already.
func (l *lines) end(n int) {
	if n == sameLine {
		return
	}
	l.owed = max(l.owed, n)
	l.blank = false
}

// lineEnd is a line end that the file asks for: two of them make an empty line.
func (l *lines) lineEnd() {
	l.owed = min(l.owed+1, emptyLine)
	l.blank = false
}

// words writes text in which white space collapses.
func (l *lines) words(s string) {
	for len(s) > 0 {
		i := strings.IndexAny(s, " \t\n\r\f")
		if i != 0 {
			if i < 0 {
				i = len(s)
			}
			l.write(s[:i])
			s = s[i:]
			continue
		}
		l.blank = true
		s = s[1:]
	}
}

// kept writes text whose white space and line ends are kept.
func (l *lines) kept(s string) {
	for line := range strings.SplitAfterSeq(s, "\n") {
		words := strings.TrimRight(line, "\r\n")
		body := strings.TrimLeft(words, " \t")
		if body != "" {
			if l.owed == sameLine && len(body) < len(words) {
				l.blank = true
			}
			l.write(strings.TrimRight(body, " \t"))
			l.blank = strings.TrimRight(body, " \t") != body
		} else if words != "" {
			l.blank = true
		}
		if strings.HasSuffix(line, "\n") {
			l.lineEnd()
		}
	}
}

// write puts down what is owed, and then words that are not empty.
func (l *lines) write(s string) {
	if len(l.buf)+len(s)+emptyLine > maxText {
		l.tooLarge = true
		return
	}
	if len(l.buf) > 0 {
		switch {
		case l.owed > 0:
			l.buf = append(l.buf, "\n\n"[:l.owed]...)
		case l.blank:
			l.buf = append(l.buf, ' ')
		}
	}
	l.owed, l.blank = sameLine, false
	if !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
		s = strings.ReplaceAll(strings.ToValidUTF8(s, "\ufffd"), "\x00", "\ufffd")
	}
	l.buf = append(l.buf, s...)
}

// doubt doubts what was written since the mark, if anything was.
func (l *lines) doubt(from int, detail string) { l.doubtSpan(from, len(l.buf), detail) }

// doubtSpan doubts a range; white space at its ends is no part of a passage.
func (l *lines) doubtSpan(at, end int, detail string) {
	for at < end && isBlank(l.buf[at]) {
		at++
	}
	for at < end && isBlank(l.buf[end-1]) {
		end--
	}
	if at >= end {
		return
	}
	if n := len(l.doubts); n > 0 {
		last := &l.doubts[n-1]
		joins := last.Detail == detail && at >= last.At && len(bytes.TrimSpace(l.buf[min(last.End, at):at])) == 0
		if joins || n == maxDoubts {
			last.At, last.End = min(last.At, at), max(last.End, end)
			return
		}
	}
	l.doubts = append(l.doubts, Doubt{Span{at, end}, detail})
}

// isBlank tells white space that lines writes itself.
func isBlank(c byte) bool { return c == ' ' || c == '\n' }

// leave counts something that was left out here.
func (l *lines) leave(code string, count int) {
	if count == 0 {
		return
	}
	for i := range l.tallies {
		if l.tallies[i].code == code {
			l.tallies[i].count += count
			return
		}
	}
	l.tallies = append(l.tallies, tally{code, len(l.buf), count})
}

// add puts another text behind this one.
func (l *lines) add(o *lines, owed int) {
	l.tooLarge = l.tooLarge || o.tooLarge
	l.cover = cmp.Or(l.cover, o.cover)
	for _, t := range o.tallies {
		l.leave(t.code, t.count)
	}
	if len(o.buf) == 0 {
		return
	}
	l.end(owed)
	before := len(l.buf)
	l.write(string(o.buf))
	if shift := len(l.buf) - before - len(o.buf); shift >= 0 {
		for _, d := range o.doubts {
			l.doubtSpan(before+shift+d.At, before+shift+d.End, d.Detail)
		}
	}
}

// details are what a warning says of the number of things that it counts.
var details = map[string]string{
	WarnStyles:      "style sheets outside the file: %d",
	WarnScripts:     "programs in the page that were not run: %d",
	WarnHidden:      "passages that a reader does not see: %d",
	WarnDeleted:     "deleted passages: %d",
	WarnComments:    "comments: %d",
	WarnMargins:     "headers, footers and notes: %d",
	WarnAttachments: "attached files: %d",
	WarnAlternative: "the plain words of the mail differ from those that are shown: %d",
	WarnPictures:    "pictures and embedded things: %d",
}

// copy is the text with its warnings, or an error when it is too large or empty.
func (l *lines) copy(form Form) (*Copy, error) {
	if l.tooLarge {
		return nil, tooLarge("the text in it is larger than 5 MiB")
	}
	if len(l.buf) == 0 {
		return nil, &Error{CodeNoText, form.Name() + " in which no words are shown", form.Advice()}
	}
	if l.cover != "" {
		l.doubts = []Doubt{{Span{0, len(l.buf)}, l.cover}}
	}
	c := &Copy{Form: form, Text: l.buf, Doubts: l.doubts}
	for _, t := range l.tallies {
		c.Warnings = append(c.Warnings, Warning{t.code, t.at, fmt.Sprintf(details[t.code], t.count)})
	}
	slices.SortStableFunc(c.Warnings, func(a, b Warning) int {
		return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Code, b.Code))
	})
	slices.SortStableFunc(c.Doubts, func(a, b Doubt) int { return cmp.Compare(a.At, b.At) })
	return c, nil
}

const alone = "check the declaration alone, without what surrounds it"

func tooLarge(detail string) *Error { return &Error{CodeTooLarge, detail, alone} }

func tooDeep() *Error { return &Error{CodeTooDeep, "its parts are nested too deep", alone} }

func damaged(detail string) *Error {
	return &Error{CodeDamaged, detail, "ask whoever sent the file for another copy, or copy the text out of it and check that"}
}
