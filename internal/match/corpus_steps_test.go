package match

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// run does one step and notes what it took and put. A step that changes nothing is
// a mistake in the recipe.
func (p *page) run(s step) error {
	before := *p
	before.lines, before.list = slices.Clone(p.lines), slices.Clone(p.list)
	p.took, p.put = append(p.took, ""), append(p.put, "")
	if look, ok := looks[s.Do]; ok {
		before.ready = false
		was := before.render()
		if p.ready {
			was = p.whole
		}
		p.whole = look(p.render(), s)
		if p.whole == was {
			return fmt.Errorf("%s changes nothing", s.Do)
		}
		return nil
	}
	if p.ready {
		return fmt.Errorf("%s follows a step on the whole copy", s.Do)
	}
	f, ok := edits[s.Do]
	if !ok {
		return fmt.Errorf("no step is called %q", s.Do)
	}
	if err := f(p, s); err != nil {
		return fmt.Errorf("%s: %w", s.Do, err)
	}
	if p.place == before.place && slices.Equal(p.lines, before.lines) && slices.Equal(p.list, before.list) {
		return fmt.Errorf("%s changes nothing", s.Do)
	}
	return nil
}

func (p *page) note(took, put string) {
	n := len(p.took) - 1
	p.took[n], p.put[n] = oneLine(took), oneLine(put)
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// part returns the lines that a step is about.
func (p *page) part(in string) *[]string {
	switch in {
	case "list":
		return &p.list
	case "place":
		return &[]string{p.place}
	}
	return &p.lines
}

// at returns the index of line n, from 1 or, from the end, from -1.
func at1(lines []string, n int) (int, error) {
	var full []int
	for i, l := range lines {
		if strings.TrimSpace(l) != "" {
			full = append(full, i)
		}
	}
	if n < 0 {
		n += len(full) + 1
	}
	if n < 1 || n > len(full) {
		return 0, fmt.Errorf("line %d of %d", n, len(full))
	}
	return full[n-1], nil
}

var wordAt = regexp.MustCompile(`\S+`)

// target returns where in which line the step applies: at what it finds, at its
// words without the signs around them, or the line.
func (s step) target(lines []string) (line, from, to int, err error) {
	if s.Find != "" {
		for i, l := range lines {
			if s.Line != 0 {
				if k, err := at1(lines, s.Line); err != nil || k != i {
					continue
				}
			}
			if k := strings.Index(l, s.Find); k >= 0 {
				return i, k, k + len(s.Find), nil
			}
		}
		return 0, 0, 0, fmt.Errorf("%q is not there", s.Find)
	}
	i, err := at1(lines, s.Line)
	if err != nil || s.Word == 0 {
		return i, 0, len(lines[i]), err
	}
	words := wordAt.FindAllStringIndex(lines[i], -1)
	w, n := s.Word, max(1, s.Count)
	if w < 0 {
		w += len(words) + 1
	}
	if w < 1 || w+n-1 > len(words) {
		return 0, 0, 0, fmt.Errorf("word %d of %d", s.Word, len(words))
	}
	from, to = words[w-1][0], words[w+n-2][1]
	sign := func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) }
	from += len(lines[i][from:to]) - len(strings.TrimLeftFunc(lines[i][from:to], sign))
	to = from + len(strings.TrimRightFunc(lines[i][from:to], sign))
	return i, from, to, nil
}

// onTarget makes a step of a function from the words at the target to others.
func onTarget(f func(old string, s step) string) func(*page, step) error {
	return func(p *page, s step) error {
		lines := *p.part(s.In)
		i, from, to, err := s.target(lines)
		if err != nil {
			return err
		}
		old := lines[i][from:to]
		put := f(old, s)
		p.note(old, put)
		lines[i] = lines[i][:from] + put + lines[i][to:]
		if put == "" { // and one of the spaces round it
			lines[i] = strings.TrimSpace(lines[i][:from]) + strings.TrimRight(lines[i][from:], " ")
		}
		if s.In == "place" {
			p.place = lines[0]
		}
		return nil
	}
}

// onLines makes a step of a function that edits the lines.
func onLines(f func(p *page, lines []string, i int, s step) ([]string, error)) func(*page, step) error {
	return func(p *page, s step) error {
		part := p.part(s.In)
		i, err := at1(*part, s.Line)
		if err != nil {
			return err
		}
		lines, err := f(p, *part, i, s)
		*part = lines
		return err
	}
}

var edits = map[string]func(*page, step) error{
	"replace": onTarget(func(_ string, s step) string { return s.With }),
	"delete":  onTarget(func(string, step) string { return "" }),
	"before":  onTarget(func(old string, s step) string { return s.With + old }),
	"after":   onTarget(func(old string, s step) string { return old + s.With }),
	"double":  onTarget(func(old string, s step) string { return old + " " + old }),
	"upper":   onTarget(func(old string, _ step) string { return strings.ToUpper(old) }),
	"lower":   onTarget(func(old string, _ step) string { return strings.ToLower(old) }),
	"title": onTarget(func(old string, _ step) string {
		r := []rune(old)
		return string(unicode.ToUpper(r[0])) + string(r[1:])
	}),
	"turn": onTarget(func(old string, _ step) string { // the words in the opposite order
		w := strings.Fields(old)
		slices.Reverse(w)
		return strings.Join(w, " ")
	}),
	"drop-line": onLines(func(p *page, l []string, i int, s step) ([]string, error) {
		j := i
		if s.To != 0 {
			j, _ = at1(l, s.To)
		}
		p.note(strings.Join(l[i:j+1], " "), "")
		return slices.Delete(l, i, j+1), nil
	}),
	"double-line": onLines(func(p *page, l []string, i int, _ step) ([]string, error) {
		p.note("", l[i])
		return slices.Insert(l, i, l[i], ""), nil
	}),
	"double-item": onLines(func(p *page, l []string, i int, _ step) ([]string, error) {
		p.note("", l[i])
		return slices.Insert(l, i, l[i]), nil
	}),
	"move-line": onLines(func(p *page, l []string, i int, s step) ([]string, error) {
		moved := l[i]
		p.note(moved, moved)
		l = slices.Delete(l, i, i+1)
		j, err := at1(l, s.To)
		if err != nil { // after the last line
			return append(l, moved), nil
		}
		return slices.Insert(l, j, moved), nil
	}),
	"swap-lines": onLines(func(p *page, l []string, i int, s step) ([]string, error) {
		j, err := at1(l, s.To)
		if err == nil {
			p.note(l[i], l[j])
			l[i], l[j] = l[j], l[i]
		}
		return l, err
	}),
	"add-line-before":      addLine(0, false),
	"add-line-after":       addLine(1, false),
	"add-paragraph-before": addLine(0, true),
	"add-paragraph-after":  addLine(1, true),
	"join-next": onLines(func(_ *page, l []string, i int, s step) ([]string, error) {
		j := i + 1
		for j < len(l) && l[j] == "" {
			j++
		}
		if j == len(l) {
			return l, fmt.Errorf("line %d is the last", s.Line)
		}
		l[i] += s.With + l[j]
		return slices.Delete(l, i+1, j+1), nil
	}),
	"keep-lines": onLines(func(p *page, l []string, i int, s step) ([]string, error) {
		j, err := at1(l, s.To)
		if err != nil {
			return l, err
		}
		p.note("", strings.Join(l[i:j+1], " "))
		return l[i : j+1], nil
	}),
	"keep-words": func(p *page, s step) error {
		i, from, to, err := s.target(p.lines)
		if err == nil {
			p.lines = []string{s.With + p.lines[i][from:to]}
			p.note("", p.lines[0])
		}
		return err
	},
	"drop-place": func(p *page, _ step) error { p.note(p.place, ""); p.place = ""; return nil },
	"drop-list":  func(p *page, _ step) error { p.list = nil; return nil },
	"reverse-list": func(p *page, _ step) error {
		slices.Reverse(p.list)
		return nil
	},
	"sort-list": func(p *page, _ step) error { slices.Sort(p.list); return nil },
}

func addLine(after int, blank bool) func(*page, step) error {
	return onLines(func(p *page, l []string, i int, s step) ([]string, error) {
		p.note("", s.With)
		add := []string{s.With}
		if blank {
			add = []string{s.With, ""}
			if after == 1 {
				add = []string{"", s.With}
			}
		}
		return slices.Insert(l, i+after, add...), nil
	})
}
