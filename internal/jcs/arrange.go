package jcs

import (
	"bytes"
	"slices"
	"unicode/utf8"
)

// arrange puts the members of b, which encoding/json wrote, into the order of RFC 8785,
// where nothing else is to be done: what sorted says of values holds here too. False says
// nothing.
func arrange(b []byte) ([]byte, bool) {
	if len(b) == 0 || b[0] != '{' && b[0] != '[' || !utf8.Valid(b) {
		return nil, false
	}
	out, rest, ok := arrangeValue(make([]byte, 0, len(b)), b, maxDepth)
	return out, ok && len(rest) == 0
}

// arrangeValue appends a value, and returns what follows it.
func arrangeValue(out, b []byte, depth int) (_, rest []byte, ok bool) {
	switch {
	case len(b) == 0 || depth == 0:
		return nil, nil, false
	case b[0] == '{':
		return arrangeMembers(out, b[1:], depth-1)
	case b[0] == '[':
		return arrangeElements(append(out, '['), b[1:], depth-1)
	}
	if rest, ok = sortedValue(b, depth); !ok {
		return nil, nil, false
	}
	return append(out, b[:len(b)-len(rest)]...), rest, true
}

// member is a member of an object, as it is spelt.
type member struct{ name, value []byte }

func arrangeMembers(out, b []byte, depth int) (_, rest []byte, ok bool) {
	if len(b) > 0 && b[0] == '}' {
		return append(out, "{}"...), b[1:], true
	}
	list := make([]member, 0, 8)
	for {
		name, rest, ok := plainString(b)
		if !ok || len(rest) == 0 || rest[0] != ':' || !plainName(name) {
			return nil, nil, false
		}
		value, rest, ok := arrangeValue(nil, rest[1:], depth)
		if !ok || len(rest) == 0 || rest[0] != ',' && rest[0] != '}' {
			return nil, nil, false
		}
		list = append(list, member{name, value})
		if b = rest[1:]; rest[0] == '}' {
			break
		}
	}
	slices.SortFunc(list, func(x, y member) int { return bytes.Compare(x.name, y.name) })
	for i, m := range list {
		if i > 0 && bytes.Equal(m.name, list[i-1].name) {
			return nil, nil, false
		}
		out = append(out, "{,"[min(i, 1)], '"')
		out = append(append(append(out, m.name...), `":`...), m.value...)
	}
	return append(out, '}'), b, true
}

func arrangeElements(out, b []byte, depth int) (_, rest []byte, ok bool) {
	if len(b) > 0 && b[0] == ']' {
		return append(out, ']'), b[1:], true
	}
	for {
		if out, rest, ok = arrangeValue(out, b, depth); !ok || len(rest) == 0 || rest[0] != ',' && rest[0] != ']' {
			return nil, nil, false
		}
		out = append(out, rest[0])
		if b = rest[1:]; rest[0] == ']' {
			return out, b, true
		}
	}
}

// plainName: the order of such names is that of their bytes.
func plainName(name []byte) bool {
	for _, c := range name {
		if c >= utf8.RuneSelf || c == '\\' {
			return false
		}
	}
	return true
}
