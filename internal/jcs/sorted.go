package jcs

import (
	"bytes"
	"unicode/utf8"
)

// sorted reports whether b, which encoding/json wrote, is certainly in RFC 8785 form
// already: members in order, integers that a double holds exactly, and of the escapes
// only those that both write alike. Structs whose fields stand in the order of their
// members come out that way, and need no second pass. False says nothing.
func sorted(b []byte) bool {
	if len(b) == 0 || b[0] != '{' && b[0] != '[' || !utf8.Valid(b) {
		return false
	}
	rest, ok := sortedValue(b, maxDepth)
	return ok && len(rest) == 0
}

const maxDepth = 64

// sortedValue reads a value, and returns what follows it.
func sortedValue(b []byte, depth int) (rest []byte, ok bool) {
	if len(b) == 0 || depth == 0 {
		return nil, false
	}
	switch c := b[0]; {
	case c == '{':
		return sortedMembers(b[1:], depth-1)
	case c == '[':
		return sortedElements(b[1:], depth-1)
	case c == '"':
		_, rest, ok = plainString(b)
		return rest, ok
	case c == '-' || c >= '0' && c <= '9':
		return integer(b)
	}
	for _, word := range []string{"true", "false", "null"} {
		if len(b) >= len(word) && string(b[:len(word)]) == word {
			return b[len(word):], true
		}
	}
	return nil, false
}

func sortedMembers(b []byte, depth int) (rest []byte, ok bool) {
	if len(b) > 0 && b[0] == '}' {
		return b[1:], true
	}
	var last []byte
	for first := true; ; first = false {
		name, rest, ok := plainString(b)
		if !ok || !first && bytes.Compare(name, last) <= 0 || len(rest) == 0 || rest[0] != ':' {
			return nil, false
		}
		if !plainName(name) {
			return nil, false // their order is that of UTF-16
		}
		last = name
		if b, ok = sortedValue(rest[1:], depth); !ok || len(b) == 0 {
			return nil, false
		}
		switch b[0] {
		case '}':
			return b[1:], true
		case ',':
			b = b[1:]
		default:
			return nil, false
		}
	}
}

func sortedElements(b []byte, depth int) (rest []byte, ok bool) {
	if len(b) > 0 && b[0] == ']' {
		return b[1:], true
	}
	for {
		if b, ok = sortedValue(b, depth); !ok || len(b) == 0 {
			return nil, false
		}
		switch b[0] {
		case ']':
			return b[1:], true
		case ',':
			b = b[1:]
		default:
			return nil, false
		}
	}
}

// plainString reads a string whose escapes are those of RFC 8785, and returns it as it
// is spelt.
func plainString(b []byte) (s, rest []byte, ok bool) {
	if len(b) == 0 || b[0] != '"' {
		return nil, nil, false
	}
	for i := 1; i < len(b); i++ {
		switch c := b[i]; {
		case c == '"':
			return b[1:i], b[i+1:], true
		case c < ' ':
			return nil, nil, false
		case c == '\\':
			if i++; i == len(b) {
				return nil, nil, false
			}
			switch b[i] {
			case '"', '\\', 'b', 'f', 'n', 'r', 't':
			default:
				return nil, nil, false
			}
		}
	}
	return nil, nil, false
}

// integer reads an integer of at most 15 digits, as RFC 8785 spells it.
func integer(b []byte) (rest []byte, ok bool) {
	i := 0
	if b[0] == '-' {
		i++
	}
	start := i
	for i < len(b) && b[i] >= '0' && b[i] <= '9' {
		i++
	}
	digits := i - start
	if digits == 0 || digits > 15 || b[start] == '0' && (digits > 1 || start > 0) {
		return nil, false
	}
	if i < len(b) && b[i] != ',' && b[i] != ']' && b[i] != '}' {
		return nil, false
	}
	return b[i:], true
}
