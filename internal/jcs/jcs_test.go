package jcs

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

type sample struct {
	A int    `json:"a"`
	B string `json:"b,omitempty"`
	C []byte `json:"c,omitempty"`
}

func TestMarshalSortsMembers(t *testing.T) {
	got, err := Marshal(map[string]int{"b": 1, "a": 2})
	if err != nil || string(got) != `{"a":2,"b":1}` {
		t.Fatalf("Marshal = %s, %v", got, err)
	}
}

func TestUnmarshalAcceptsOneEncoding(t *testing.T) {
	good := `{"a":1,"b":"<é>","c":"AAE="}`
	var s sample
	if err := Unmarshal([]byte(good), &s); err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string]string{
		"order":            `{"b":"<é>","a":1,"c":"AAE="}`,
		"space":            `{"a":1, "b":"<é>","c":"AAE="}`,
		"escape":           `{"a":1,"b":"\u003cé>","c":"AAE="}`,
		"trailing bits":    `{"a":1,"b":"<é>","c":"AAF="}`[:24] + `AAF="}`,
		"base64 with CR":   `{"a":1,"b":"<é>","c":"AA\rE="}`,
		"unknown member":   `{"a":1,"b":"<é>","c":"AAE=","d":1}`,
		"repeated member":  `{"a":1,"a":1,"b":"<é>","c":"AAE="}`,
		"other case":       `{"A":1,"b":"<é>","c":"AAE="}`,
		"number spelling":  `{"a":1.0,"b":"<é>","c":"AAE="}`,
		"trailing newline": good + "\n",
		"second value":     good + good,
		"garbage after":    good + "x",
	} {
		var s sample
		if err := Unmarshal([]byte(bad), &s); err == nil {
			t.Errorf("%s: accepted %s", name, bad)
		}
	}
	if err := Unmarshal([]byte(`{"a":1, "b":"x"}`), &s); !errors.Is(err, ErrNotCanonical) {
		t.Errorf("space: %v, want ErrNotCanonical", err)
	}
}

func FuzzUnmarshal(f *testing.F) {
	f.Add([]byte(`{"a":1,"b":"x"}`))
	f.Add([]byte(`{"a":1,"c":"AAE="}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var s sample
		if Unmarshal(b, &s) != nil {
			return
		}
		again, err := Marshal(s)
		if err != nil || !bytes.Equal(again, b) {
			t.Fatalf("parsed %q, encodes as %q (%v)", b, again, err)
		}
	})
}

// TestWhere: who edits a file by hand is told the line.
func TestWhere(t *testing.T) {
	for in, want := range map[string]string{
		"{\n  \"é\": 1\n  \"b\": 2\n}": "line 3, character 3: parse JSON: invalid",
		"{\"b\": \"no number\"}":       "line 1, character 17: parse JSON: ",
		"{\"other\": 1}":               "parse JSON: json: unknown field",
		"{\"b\": 1":                    "parse JSON: unexpected EOF",
	} {
		var v struct {
			A int `json:"é"`
			B int `json:"b"`
		}
		err := Decode([]byte(in), &v)
		if err == nil {
			t.Fatalf("%s: no error", in)
		}
		if got := Where(err, []byte(in)) + err.Error(); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}
