package synthetic

import (
	"bytes"
	"strings"
	"testing"
)

// What the package comment says of the texts.
func TestTexts(t *testing.T) {
	c, again := New(1), New(1)
	words, distinct, arabic := 0, map[string]bool{}, 0
	const n = 600
	for i := range n {
		s := c.Text(i)
		if !bytes.Equal(s, again.Text(i)) {
			t.Fatalf("text %d is another one each time", i)
		}
		if distinct[string(s)] {
			t.Errorf("text %d is there twice", i)
		}
		distinct[string(s)] = true
		fields := strings.Fields(string(s))
		if len(fields) < 170 || len(fields) > 1100 {
			t.Errorf("text %d has %d words", i, len(fields))
		}
		words += len(fields)
		if bytes.ContainsRune(s, 'ا') {
			arabic++
		}
	}
	if mean := words / n; mean < 550 || mean > 650 {
		t.Errorf("%d words on average", mean)
	}
	if arabic < n/4 || arabic > 3*n/4 {
		t.Errorf("%d of %d texts have Arabic words", arabic, n)
	}
	first, second, other := strings.Fields(string(c.Text(0))), strings.Fields(string(c.Text(3))), strings.Fields(string(c.Text(4)))
	if a, b := shared(first, second), shared(first, other); a < len(first)*8/10 || b > len(first)/20 {
		t.Errorf("of %d words, versions share %d pairs and other texts %d", len(first), a, b)
	}
}

// shared counts the pairs of neighbouring words of a that b has.
func shared(a, b []string) int {
	have := map[string]bool{}
	for i := 1; i < len(b); i++ {
		have[b[i-1]+" "+b[i]] = true
	}
	n := 0
	for i := 1; i < len(a); i++ {
		if have[a[i-1]+" "+a[i]] {
			n++
		}
	}
	return n
}
