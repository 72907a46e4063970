package text

import (
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

var update = flag.Bool("update", false, "write the table that web/ts/text reads")

// TestWebTable holds the browser's table of classes to this package's.
func TestWebTable(t *testing.T) {
	const number = 20 // beyond the classes: the browser has to tell letters from numbers
	class := func(r rune) class {
		c := classTable().of(r)
		if c == cWord && !unicode.Is(unicode.L, r) {
			return number
		}
		return c
	}
	var runs strings.Builder
	for r := rune(0); r <= unicode.MaxRune; {
		c, n := class(r), int64(1)
		for r+rune(n) <= unicode.MaxRune && class(r+rune(n)) == c {
			n++
		}
		runs.WriteByte('A' + byte(c))
		if n > 1 {
			runs.WriteString(strconv.FormatInt(n, 36))
		}
		r += rune(n)
	}
	want := "// Made by `go test ./internal/text -run TestWebTable -update`: the class of every code\n" +
		"// point in Unicode 15.0, as runs; class.ts reads them.\nexport const runs =\n  \"" + runs.String() + "\";\n"
	path := filepath.Join("..", "..", "web", "ts", "text", "table.ts")
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s is not this package's table: run with -update", path)
	}
}
