package monitor

import (
	"encoding/json"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// format is what docs/formats/monitor.md says of events.
type format struct {
	common, members []string
	types           map[Type][]string // members beside the common ones; with ? behind those that may be absent
	order           []Type
}

var readFormat = sync.OnceValues(func() (*format, error) {
	b, err := os.ReadFile("../../docs/formats/monitor.md")
	if err != nil {
		return nil, err
	}
	f := &format{types: map[Type][]string{}}
	name := regexp.MustCompile("`([a-z_]+\\??)`")
	section := ""
	for l := range strings.Lines(string(b)) {
		if h, ok := strings.CutPrefix(l, "## "); ok {
			section = strings.TrimSpace(h)
		}
		cells := strings.Split(strings.Trim(strings.TrimSpace(l), "|"), "|")
		if !strings.HasPrefix(l, "| `") {
			continue
		}
		switch section {
		case "Common members":
			for _, m := range name.FindAllStringSubmatch(cells[0], -1) {
				f.common = append(f.common, m[1])
			}
		case "Types":
			of := Type(name.FindStringSubmatch(cells[0])[1])
			f.order = append(f.order, of)
			f.types[of] = []string{}
			for _, m := range name.FindAllStringSubmatch(cells[2], -1) {
				f.types[of] = append(f.types[of], m[1])
			}
		case "Members":
			for _, m := range name.FindAllStringSubmatch(cells[0], -1) {
				f.members = append(f.members, m[1])
			}
		}
	}
	return f, nil
})

// TestFormat holds docs/formats/monitor.md, the types and the members of an event
// together.
func TestFormat(t *testing.T) {
	f, err := readFormat()
	check(t, err)
	if !slices.Equal(f.order, Types()) {
		t.Errorf("the page has the types\n%v, the program\n%v", f.order, Types())
	}
	var have []string
	e := reflect.TypeFor[Event]()
	for i := range e.NumField() {
		tag, _, _ := strings.Cut(e.Field(i).Tag.Get("json"), ",")
		have = append(have, tag)
	}
	page := append(slices.Clone(f.common), f.members...)
	slices.Sort(have)
	slices.Sort(page)
	if !slices.Equal(have, page) {
		t.Errorf("the page has the members\n%v, an event\n%v", page, have)
	}
	for of, members := range f.types {
		for _, m := range members {
			if !slices.Contains(f.members, strings.TrimSuffix(m, "?")) {
				t.Errorf("%s has the member %s, which the page does not explain", of, m)
			}
		}
	}
}

// holds requires of an event that it has the members that the page says, and one
// encoding.
func holds(t *testing.T, e Event) {
	t.Helper()
	f, err := readFormat()
	check(t, err)
	b, err := e.JSON()
	check(t, err)
	var members map[string]json.RawMessage
	check(t, json.Unmarshal(b, &members))
	for _, m := range append(slices.Clone(f.common), f.types[e.Type]...) {
		name, optional := strings.CutSuffix(m, "?")
		if _, ok := members[name]; !ok && !optional {
			t.Errorf("%s has no member %s: %s", e.Type, name, b)
		}
		delete(members, name)
	}
	for m := range members {
		t.Errorf("%s has a member %s, which the page does not name: %s", e.Type, m, b)
	}
	if strings.Contains(string(b), "\n") || e.Summary == "" || line(e.Summary) != strings.Map(plainIsolates, e.Summary) {
		t.Errorf("%s: the summary is not one plain line: %q", e.Type, e.Summary)
	}
}

// plainIsolates takes the isolates that quote adds for what line would make of them.
func plainIsolates(r rune) rune {
	if r == 0x2068 || r == 0x2069 {
		return 0xfffd
	}
	return r
}
